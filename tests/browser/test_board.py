"""The leader's board in a browser: it brings itself up to date, keeps a chosen order, suits axe and tablets."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select, update

from marking.quality.kept import BoardsKept
from models.columns import now
from models.records import MarkingTask
from models.words import TaskState
from samples.panel import PanelPlan
from tests.browser.test_marking_layout import findings
from tests.support.browser import artefact, served
from tests.support.marking_app import make_app, services_of
from tests.support.panel_data import PanelData, put_panel
from web.access.cookies import LANGUAGE, session_name
from web.access.sessions import open_session
from web.marking_desk import desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLAN = PanelPlan(markers=8, responses=200, seed_scripts=8, severe=1, severity=-2.0, lenient=0, careless=0, drifting=1,
                 drift=-4.0)  # fmt: skip
SIZES = [(1366, 768), (820, 1180)]


@pytest.fixture
def made(sqlite_database, blobs) -> PanelData:
    found = put_panel(sqlite_database, PLAN, share=0.9, blobs=blobs, began=now() - timedelta(seconds=1500))
    found.data.seat("l0", leads=True)
    return found


@pytest.fixture
def app(made, blobs, tmp_path):
    found = make_app(made.data.database, blobs, tmp_path)
    with found.app_context():
        desk().boards = BoardsKept(0.0, 0.0)  # nobody waits ten seconds in a test
    return found


def open_page(browser: Browser, url: str, app, made: PanelData, path: str, *, language="zh", size=SIZES[0]) -> Page:
    kept = services_of(app)
    with kept.database.write() as session:
        opened = open_session(session, made.data.users["l0"], 3600)
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.add_cookies(
        [{"name": name, "value": value, "url": url}
         for name, value in ((session_name(kept.settings), opened.token), (LANGUAGE, language))]
    )  # fmt: skip
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.goto(url + path)
    assert faults == []
    return page


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_board_marker_and_samples_fit_and_axe_finds_nothing_serious(browser, app, made, language, size) -> None:
    group_id = made.data.group().id
    paths = {"board": f"/marking/{group_id}/board", "marker": f"/marking/{group_id}/board/{made.users[1]}",
             "samples": f"/marking/{group_id}/samples"}  # fmt: skip
    with served(app) as server:
        for name, path in paths.items():
            page = open_page(browser, server.url, app, made, path, language=language, size=size)
            page.screenshot(path=artefact(f"leading-{name}-{language}-{size[0]}.png"), full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
            assert findings(page) == [], name
            if name == "samples":
                page.fill("input[name=count]", "3")
                page.click("form[action$='/samples/draw'] button")
                page.wait_for_selector(".sheet-view img")
                page.screenshot(path=artefact(f"leading-sample-{language}-{size[0]}.png"), full_page=True)
                assert findings(page) == []
            page.context.close()


def test_new_marks_appear_by_themselves_and_the_order_that_was_chosen_stays(browser, app, made) -> None:
    with served(app) as server:
        page = open_page(browser, server.url, app, made, f"/marking/{made.data.group().id}/board")
        facts = page.locator("#board .facts.big dd").first
        before = facts.inner_text()
        page.get_by_role("button", name="平均分").click()
        order = page.locator("section[aria-labelledby=board-work] tbody th").all_inner_texts()
        page.evaluate("document.activeElement.blur()")
        with made.data.database.write() as session:
            ids = session.scalars(
                select(MarkingTask.id).where(MarkingTask.state == TaskState.OPEN, MarkingTask.round < 3).limit(2)
            ).all()
            session.execute(
                update(MarkingTask)
                .where(MarkingTask.id.in_(ids))
                .values(state=TaskState.DONE, marker_id=made.users[4], points=6, done_at=now(), version=2)
            )
        page.evaluate("document.dispatchEvent(new Event('board:refresh'))")
        page.wait_for_function(
            "before => document.querySelector('#board .facts.big dd').innerText !== before", arg=before
        )
        means = page.locator("section[aria-labelledby=board-work] tbody tr td:nth-of-type(7)").all_inner_texts()
        assert [float(mean) for mean in means] == sorted(float(mean) for mean in means)
        assert (
            page.locator("section[aria-labelledby=board-work] [aria-sort=ascending]").inner_text().startswith("平均分")
        )
        assert sorted(order) == sorted(page.locator("section[aria-labelledby=board-work] tbody th").all_inner_texts())
        page.context.close()


def test_without_the_network_the_board_says_how_old_it_is(browser, app, made) -> None:
    with served(app) as server:
        page = open_page(browser, server.url, app, made, f"/marking/{made.data.group().id}/board")
        page.context.set_offline(True)
        page.evaluate("document.dispatchEvent(new Event('board:refresh'))")
        page.get_by_text("连接中断").wait_for()
        assert page.locator(".alerts li").count() >= 1  # the figures stay
        page.context.set_offline(False)
        page.evaluate("document.dispatchEvent(new Event('board:refresh'))")
        page.get_by_text("数据截至").wait_for()
        page.context.close()


def test_from_an_alert_to_the_marker_to_a_pause_with_the_keyboard(browser, app, made) -> None:
    with served(app) as server:
        page = open_page(browser, server.url, app, made, f"/marking/{made.data.group().id}/board")
        page.locator(".alerts li a").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/board/*")
        page.locator("input[name=reason]").focus()
        page.keyboard.type("先一起看标准卷")
        page.keyboard.press("Enter")
        page.wait_for_url("**/people")
        assert "暂停" in page.locator("main").inner_text()
        page.goto(f"{server.url}/marking/{made.data.group().id}/board")
        assert page.locator("section[aria-labelledby=board-work] .chip.warn").count() == 1
        page.context.close()
