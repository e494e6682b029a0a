"""The leader's pages in a real Chromium: plan, people and rule sheet, in both languages, on a desk and on a tablet."""

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import update

from marking.plan.scripts import draw_trial, set_trial
from models.blobs import FolderBlobs
from models.database import Database
from models.records import ExamRecord, PaperRecord
from models.words import ExamState, MarkingMode, PaperState, Role
from tests.browser.test_marking_layout import findings
from tests.support.browser import Served, artefact
from tests.support.marking_app import staffed
from tests.support.marking_data import MarkingData, add_user, make_marking_data, one_part
from tests.support.marking_screen import let_in
from tests.support.marking_work import AT, give, mark_next, take

pytestmark = pytest.mark.browser

SIZES = [(1366, 768), (820, 1180)]
STATES = [(PaperState.TRIAL_MARKING, ExamState.DRAFT), (PaperState.FORMAL_MARKING, ExamState.ROSTER_LOCKED)]


@pytest.fixture
def data(sqlite_database: Database, blobs: FolderBlobs) -> MarkingData:
    """Two groups, one of them double-marked; the only marker of a school, and somebody at work."""
    plans = (one_part("13", mode=MarkingMode.DOUBLE_THIRD, tolerance="1"), one_part("14", "12", "0.5"))
    made = make_marking_data(sqlite_database, *plans, candidates=8, blobs=blobs)
    made.seat("s0", school=0)
    staffed(made, markers=3, leaders=2)
    add_user(sqlite_database, "office", Role.EXAM_MANAGER, exam_id=made.exam_id)
    with sqlite_database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.TRIAL_MARKING))
    with sqlite_database.write() as session:
        draw_trial(session, made.group("13"), 2, actor_id=made.users["l0"], at=AT)
        set_trial(session, made.group("13"), opened=True, actor_id=made.users["l0"])
    for name, points in (("m0", "4"), ("m1", "5"), ("m2", "7")):
        for task in take(made, made.seat(name), want=9):
            give(made, made.seat(name), task, points)
    with sqlite_database.write() as session:
        set_trial(session, made.group("13"), opened=False, actor_id=made.users["l0"])
    mark_next(made, made.seat("m0"), "5")
    take(made, made.seat("m1"), want=2)
    return made


def open_page(browser: Browser, server: Served, data: MarkingData, who: str, path: str, language: str, size) -> Page:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    let_in(context, server.url, data, who)
    context.add_cookies([{"name": "kaiyue_language", "value": language, "url": server.url}])
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page: {error}"))
    page.on("console", lambda said: pytest.fail(f"the page: {said.text}") if said.type == "error" else None)
    page.goto(server.url + path)
    return page


def check(page: Page, name: str) -> None:
    page.screenshot(path=artefact(f"{name}.png"), full_page=True)
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{name} is {wider} px wider than the screen"
    assert findings(page) == []


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_fit_the_screen_and_axe_finds_nothing_serious(browser, server, data, language, size) -> None:
    group = data.groups["13"]
    for state, exam in STATES:
        with data.database.write() as session:
            session.execute(update(PaperRecord).values(state=state))
            session.execute(update(ExamRecord).values(state=exam))
        for path in ("plan", "people", "rules", "plan?tolerance=4", "scripts", f"people/{data.users['m0']}/marks"):
            page = open_page(browser, server, data, "l0", f"/marking/{group}/{path}", language, size)
            if path == "people":
                page.locator("table summary").nth(3).click()  # what can be done about one person
            check(page, f"leading-{path.replace('?', '-').replace('/', '-')}-{state.value}-{language}-{size[0]}")
            page.context.close()


def test_a_leader_signs_with_the_keyboard_alone(browser, server, data) -> None:
    page = open_page(browser, server, data, "l0", f"/marking/{data.groups['13']}/rules", "en", SIZES[0])
    assert "Nobody has signed this sheet yet" in page.inner_text("article")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith("Sign for"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".note.good")
    assert "老师l0" in page.inner_text("article")
    page.context.close()


def test_a_leader_pauses_somebody_with_the_keyboard_alone(browser, server, data) -> None:
    page = open_page(browser, server, data, "l0", f"/marking/{data.groups['13']}/people", "en", SIZES[1])
    page.locator("tr", has_text="老师m1").locator("summary").focus()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.type("a meeting")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".note.good")
    assert "2 responses went back to the queue" in page.inner_text(".note.good")
    assert "a meeting" in page.inner_text("tr:has-text('老师m1')")
    page.context.close()
