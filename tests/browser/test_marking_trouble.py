"""What goes wrong around a marker loses no mark and doubles none: compared with the table each time."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route
from sqlalchemy import select, update

from models.columns import now
from models.records import AuditEvent, GroupRecord, LoginSession, Mark, MarkingTask
from models.words import AuditVerb, ProblemReason, TaskState
from tests.support.browser import artefact
from tests.support.marking_app import PASSWORD, log_in
from tests.support.marking_screen import give, let_in, marks, open_screen, ready, settled, shown, sit_down, texts

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_answer_that_gets_lost_stores_the_mark_once(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    reached = []

    def lose(route: Route) -> None:
        reached.append(route.fetch().status)  # the server has it; the screen never hears of it
        route.abort()

    page.route("**/score", lose, times=2)
    task = give(page, "4", "Enter")
    settled(page, "offline")
    settled(page)
    assert reached == [200, 200]
    assert marks(data) == [(task, "4")]
    page.context.close()


def test_a_mark_sent_eight_times_at_once_is_stored_once(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    task = give(page, "5", "Enter")
    settled(page)
    answers = page.evaluate(
        """async () => {
          const mark = window.sent.find((one) => one.method === "PUT");
          const { csrf_token: token } = JSON.parse(document.getElementById("marking-config").textContent);
          const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
          const send = () => fetch(mark.path, { method: "PUT", headers, body: mark.body }).then((one) => one.status);
          return Promise.all(Array.from({ length: 8 }, send));
        }"""
    )
    assert answers == [200] * 8
    assert marks(data) == [(task, "5")]
    page.context.close()


def test_the_network_goes_in_the_middle_and_the_screen_waits_calmly(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    page.wait_for_timeout(800)
    given = [(give(page, "1", "Enter"), "1")]
    settled(page)
    page.context.set_offline(True)
    for points in ("2", "3", "4", "5"):
        given.append((give(page, points, "Enter"), points))
    given.append((shown(page), "6"))
    page.keyboard.press("6")
    page.keyboard.press("Enter")
    page.wait_for_selector("#rest:not([hidden])")  # five wait: no more until the server has them
    assert "网络" in page.locator("#rest-title").inner_text()
    page.screenshot(path=artefact("marking-five-waiting.png"))
    assert marks(data) == given[:1]
    page.context.set_offline(False)
    settled(page)
    ready(page)
    assert marks(data) == given
    page.context.close()


def test_a_second_tab_takes_over_and_sends_what_the_first_could_not(browser, server, data) -> None:
    first = sit_down(browser, server, data)
    given = [(give(first, "1", "Enter"), "1")]
    settled(first)
    first.route("**/score", lambda route: route.abort())
    given.append((give(first, "2", "Enter"), "2"))
    settled(first, "offline")
    second = open_screen(first.context, server.url, data, wait=False)
    second.wait_for_selector("#elsewhere[open]")
    second.screenshot(path=artefact("marking-elsewhere.png"))
    assert shown(first) != ""  # nothing happens before the person says so
    second.click("#take-over")
    ready(second)
    first.wait_for_selector("#here-again:not([hidden])")
    first.screenshot(path=artefact("marking-stopped.png"))
    first.keyboard.press("6")
    first.keyboard.press("Enter")
    given.append((give(second, "3", "Enter"), "3"))
    settled(second)
    assert sorted(marks(data)) == sorted(given)
    first.unroute("**/score")
    first.click("#here-again")  # and back, without another question
    ready(first)
    second.wait_for_selector("#here-again:not([hidden])")
    given.append((give(first, "4", "Enter"), "4"))
    settled(first)
    assert sorted(marks(data)) == sorted(given)
    first.context.close()


def test_a_reload_asks_nothing(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    page.reload()
    ready(page)
    assert page.locator("#elsewhere[open]").count() == 0
    task = give(page, "4", "Enter")
    settled(page)
    assert marks(data) == [(task, "4")]
    page.context.close()


def test_another_computer_takes_over_and_the_first_hands_in_and_stops(browser, server, data) -> None:
    here = sit_down(browser, server, data)
    there = browser.new_context(viewport={"width": 1366, "height": 768})
    let_in(there, server.url, data)
    page = open_screen(there, server.url, data, wait=False)
    page.wait_for_selector("#elsewhere[open]")
    page.click("#take-over")
    ready(page)
    task = shown(here)
    here.keyboard.press("5")
    here.keyboard.press("Enter")  # it cannot know yet: what is given counts, and then it stops
    here.wait_for_selector("#here-again:not([hidden])")
    assert marks(data) == [(task, "5")]
    for points in ("1", "2"):
        current = shown(page)
        page.keyboard.press(points)
        page.keyboard.press("Enter")
        ready(page, current)
    settled(page)
    stored = marks(data)
    assert len(stored) == len({task for task, _points in stored}) >= 2
    here.context.close()
    there.close()


def test_a_lost_lease_greys_the_score_and_offers_it_to_the_leader(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    task = shown(page)
    _let_others_take(server, data, "13")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    page.wait_for_selector("#strip .late")
    page.screenshot(path=artefact("marking-late.png"))
    assert marks(data) == []
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/late")):
        page.click("#strip .late")
    page.wait_for_selector("#strip .told")
    leader = log_in(server.app, "l0")
    (note,) = leader("GET", f"/groups/{data.groups['13']}/late").json["late"]
    assert (note["task"], note["points"]) == (task, "4")
    assert marks(data) == []
    page.context.close()


def test_a_laptop_that_slept_learns_what_it_lost(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    task = shown(page)
    _let_others_take(server, data, "13")
    page.keyboard.press("4")
    page.evaluate("Date.now = ((real) => () => real() + 3600000)(Date.now)")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#strip .late")
    assert shown(page) != task
    assert marks(data) == []
    page.context.close()


def _let_others_take(server, data, group: str) -> None:
    """The leases of the group run out, and another marker claims everything."""
    with data.database.write() as session:
        session.execute(
            update(MarkingTask)
            .where(MarkingTask.state == TaskState.LEASED)
            .values(lease_until=now() - timedelta(minutes=5))
        )
    other = log_in(server.app, "m1")
    for _ in range(3):
        other("POST", f"/groups/{data.groups[group]}/claim", {"want": 16, "holding": []})


def test_a_withdrawn_response_is_said_and_skipped(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    task = shown(page)
    with data.database.write() as session:
        session.execute(update(MarkingTask).where(MarkingTask.code == task).values(state=TaskState.WITHDRAWN))
    given = [give(page, "4", "Enter") and (shown(page), "5")]
    page.wait_for_selector("#strip .refused")
    give(page, "5", "Enter")
    settled(page)
    assert marks(data) == given
    page.context.close()


def test_a_paused_group_keeps_the_mark_until_it_goes_on(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    with data.database.write() as session:
        session.execute(update(GroupRecord).values(paused=True))
    task = give(page, "4", "Enter")
    page.wait_for_timeout(600)
    assert marks(data) == []
    assert page.locator("#strip .waiting").count() == 1
    with data.database.write() as session:
        session.execute(update(GroupRecord).values(paused=False))
    page.evaluate("window.dispatchEvent(new Event('online'))")  # or after a quarter of a minute
    settled(page)
    assert marks(data) == [(task, "4")]
    page.context.close()


def test_a_session_that_ends_in_the_middle_loses_nothing(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    page.wait_for_timeout(800)
    given = [(give(page, "1", "Enter"), "1")]
    settled(page)
    with data.database.write() as session:
        session.execute(update(LoginSession).values(ended_at=LoginSession.created_at))
    given.append((shown(page), "2"))
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#login[open]")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    page.wait_for_selector("#login-error:not(:empty)")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    settled(page)
    ready(page)
    given.append((give(page, "3", "Enter"), "3"))
    settled(page)
    assert marks(data) == given
    page.context.close()


def test_a_broken_image_goes_to_the_leader_and_the_next_is_shown(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    broken = []

    def spoil(route: Route) -> None:
        broken.append(route.request.url)
        route.fulfill(status=200, content_type="image/jpeg", body=b"\xff\xd8\xff no image at all")

    page.route("**/api/v1/images/*", spoil, times=1)
    for number in range(8):
        give(page, str(1 + number % 3), "Enter")
    settled(page)
    assert len(broken) == 1
    with data.database.read() as session:
        (problem,) = session.scalars(select(MarkingTask).where(MarkingTask.problem.is_not(None))).all()
        assert (problem.state, problem.problem) == (TaskState.PROBLEM, ProblemReason.BLURRED)
    assert len(marks(data)) == 8
    page.context.close()


@pytest.fixture
def forgetful(browser, server, data) -> Iterator[Page]:
    """A browser that keeps nothing: no IndexedDB, and a full local storage."""
    context = browser.new_context()
    let_in(context, server.url, data)
    context.add_init_script(
        "Object.defineProperty(window, 'indexedDB', { value: undefined });"
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
    )
    yield open_screen(context, server.url, data)
    context.close()


def test_where_nothing_can_be_kept_every_mark_waits_for_the_server(forgetful, data) -> None:
    page = forgetful
    given = [(give(page, "1", "Enter"), "1"), (give(page, "2", "Enter"), "2")]
    assert marks(data) == given  # not only on its way: stored before the next response came
    page.context.set_offline(True)
    task = shown(page)
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert shown(page) == task
    page.context.set_offline(False)
    ready(page, task)
    assert marks(data) == [*given, (task, "3")]


def test_ask_the_leader_and_propose_an_exemplar(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    asked = shown(page)
    page.keyboard.press("m")
    page.wait_for_selector("#ask[open]")
    page.keyboard.type("单位写错扣不扣?")
    page.keyboard.press("Enter")
    ready(page, asked)
    proposed = shown(page)
    page.keyboard.press("y")
    assert page.get_attribute("#exemplar", "aria-pressed") == "true"
    give(page, "6", "Enter")
    settled(page)
    assert marks(data) == [(proposed, "6")]
    with data.database.read() as session:
        (task,) = session.scalars(select(MarkingTask).where(MarkingTask.problem.is_not(None))).all()
        assert (task.code, task.problem, task.note) == (asked, ProblemReason.OTHER, "请教： 单位写错扣不扣?")
        named = session.scalars(select(AuditEvent.object).where(AuditEvent.verb == AuditVerb.EXEMPLAR_NAMED)).all()
        assert named == [f"task:{proposed}"]
    page.context.close()


def test_the_last_ten_are_opened_again_one_by_one(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    given = [give(page, points, "Enter") for points in ("1", "2", "3")]
    settled(page)
    waiting = shown(page)
    page.keyboard.press("Control+z")
    assert ready(page, waiting) == given[2]
    assert texts(page) == ["3"]
    page.keyboard.press("Control+z")
    assert ready(page, given[2]) == given[1]
    assert texts(page) == ["2"]
    give(page, "6", "Enter")
    settled(page)
    with data.database.read() as session:
        rows = session.execute(
            select(MarkingTask.code, Mark.points, Mark.revision)
            .join(Mark, Mark.task_id == MarkingTask.id)
            .order_by(Mark.id)
        ).all()
    assert [(code, str(points), revision) for code, points, revision in rows] == [
        (given[0], "1", 1), (given[1], "2", 1), (given[2], "3", 1), (given[1], "6", 2),
    ]  # fmt: skip
    page.context.close()
