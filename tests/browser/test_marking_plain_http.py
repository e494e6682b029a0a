"""Marking over plain HTTP at a name that the browser does not trust: nothing on the way needs a secure context."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import chromium
from tests.support.marking_screen import give, marks, open_screen, ready, settled, shown, sit_down

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAME = "exam.example"


@pytest.fixture(scope="module")
def distrusting() -> Iterator[Browser]:
    with chromium(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as found:
        yield found


def test_everything_of_the_marking_screen_works_without_a_secure_context(distrusting, server, data) -> None:
    url = f"http://{NAME}:{server.port}"
    page = sit_down(distrusting, server, data, url=url)
    assert page.evaluate(
        "[isSecureContext, 'serviceWorker' in navigator, 'locks' in navigator, crypto.subtle === undefined]"
    ) == [False, False, False, True]
    page.wait_for_timeout(800)
    given = [(give(page, "1", "Enter"), "1"), (give(page, "f"), "6")]
    settled(page)
    page.context.set_offline(True)
    given.append((give(page, "2", "Enter"), "2"))
    settled(page, "offline")
    page.context.set_offline(False)
    page.reload()
    ready(page)
    settled(page)
    assert sorted(marks(data)) == sorted(given)

    task = shown(page)  # drawing, keys, panel
    page.keyboard.press("v")
    page.keyboard.press("Shift+T")
    box = page.locator(".sheet:not(.ahead) .turned").bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 60)
    page.keyboard.press("r")
    page.wait_for_selector("#panel-body article")
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    ready(page, task)
    settled(page)
    given.append((task, "3"))

    second = open_screen(page.context, url, data, wait=False)
    second.wait_for_selector("#elsewhere[open]")
    second.click("#take-over")
    ready(second)
    given.append((give(second, "4", "Enter"), "4"))
    settled(second)
    assert sorted(marks(data)) == sorted(given)
    page.context.close()
