"""A teacher at the marking screen: sitting down, waiting for responses, reading what the database holds."""

import time
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select

from models.records import Mark, MarkingTask, User
from tests.support.browser import Served, artefact
from tests.support.marking_data import MarkingData
from web.access.sessions import open_session

DWELL_MS = 280  # keys are ignored for 250 ms after a new image
PATIENCE_S = 25  # for a busy computer

# Counts what a page sends, from inside: requests that never reach a server count as well.
COUNT_REQUESTS = """
window.sent = [];
const plainFetch = window.fetch;
window.fetch = (path, options = {}) => {
  window.sent.push({ path: String(path), method: options.method || "GET", body: options.body || "" });
  return plainFetch(path, options);
};
"""


def let_in(context: BrowserContext, url: str, data: MarkingData, username: str = "m0") -> None:
    """A session of that person in this browser; passwords are checked elsewhere, because scrypt is slow on purpose."""
    with data.database.write() as session:
        user_id = session.scalars(select(User.id).where(User.username == username)).one()
        opened = open_session(session, user_id, 3600)
    context.add_cookies([{"name": "kaiyue_session", "value": opened.token, "url": url}])


def sit_down(
    browser: Browser,
    server: Served,
    data: MarkingData,
    group: str = "13",
    *,
    who: str = "m0",
    url: str = "",
    language: str = "zh",
    **context: Any,
) -> Page:
    """Open the marking screen; any error of its script fails the test."""
    base = url or server.url
    made = browser.new_context(**{"viewport": {"width": 1366, "height": 768}, **context})
    let_in(made, base, data, who)
    made.add_cookies([{"name": "kaiyue_language", "value": language, "url": base}])
    made.add_init_script(COUNT_REQUESTS)
    return open_screen(made, base, data, group)


def open_screen(context: BrowserContext, url: str, data: MarkingData, group: str = "13", *, wait: bool = True) -> Page:
    """The marking screen in another tab of a browser."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page: {error}"))
    page.goto(f"{url}/marking/{data.groups[group]}")
    if wait:
        ready(page)
    return page


def shown(page: Page) -> str:
    """The task on the screen, empty while there is none."""
    return str(page.evaluate("document.body.dataset.task || ''"))


def ready(page: Page, after: str | None = None) -> str:
    """Wait until another response than `after` is painted and takes keys."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = shown(page)
        if found not in ("", after):
            page.wait_for_timeout(DWELL_MS)
            return found
        page.wait_for_timeout(15)
    page.screenshot(path=artefact("stuck.png"))
    raise AssertionError("no response on the screen")


def give(page: Page, *keys: str) -> str:
    """Press keys that mark the response on the screen and wait for the next; answers the task that was marked."""
    task = shown(page)
    for key in keys:
        page.keyboard.press(key)
    ready(page, task)
    return task


def state(page: Page) -> str:
    return str(page.evaluate("document.getElementById('state').dataset.state"))


def settled(page: Page, wanted: str = "synced") -> None:
    """Wait until the dot in the corner says that everything is sent, or that it cannot be."""
    until = time.monotonic() + PATIENCE_S
    while state(page) != wanted and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert state(page) == wanted


def texts(page: Page) -> list[str]:
    """What stands in the score fields."""
    return page.locator("#parts .part-score").all_inner_texts()


def marks(data: MarkingData) -> list[tuple[str, str]]:
    """Every mark in the table as (task, points), in the order in which they were stored."""
    with data.database.read() as session:
        rows = session.execute(
            select(MarkingTask.code, Mark.points).join(Mark, Mark.task_id == MarkingTask.id).order_by(Mark.id)
        )
        return [(code, str(points)) for code, points in rows]
