"""A marker marks ten responses with the keyboard alone, and the statistics page says so: numbers worked out by hand.

Twelve candidates have six points each from the two objective items. Two of them have been given the full six points
for the written one; the ten others get 4 5 6 3 2 4 5 6 1 3 from the keyboard, which is 39 together.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.api import Api
from tests.support.browser import artefact, chromium
from tests.support.small_exam import PASSWORD, build_small_exam
from web.server import Server

pytestmark = pytest.mark.browser

TYPED = "4563245613"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The exam behind the real server; a second marker has marked two of the twelve."""
    exam = build_small_exam(tmp_path_factory.mktemp("small") / "数据")
    server = Server(replace(exam.services, settings=replace(exam.services.settings, port=0, threads=8)))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        _mark_two(server.port, exam.group_id)
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join(30)


def _mark_two(port: int, group_id: int) -> None:
    api = Api(port)
    try:
        api.log_in("m2", PASSWORD)
        for item in api.post(f"/marking/groups/{group_id}/claim", {"want": 2})["items"]:
            score = {"key": f"key-{item['task']}", "version": item["version"], "total": "6", "holding": [], "want": 0}
            api.put(f"/marking/tasks/{item['task']}/score", score)
    finally:
        api.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def enter(browser: Browser, base: str, who: str) -> Page:
    """Log in with the keyboard."""
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page: {error}"))
    page.goto(f"{base}/login")
    expect(page.locator("[name=username]")).to_be_focused()
    page.keyboard.type(who)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{base}/")
    return page


def next_response(page: Page, after: str) -> str:
    """Wait until another response is on the screen and takes keys."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        shown = str(page.evaluate("document.body.dataset.task || ''"))
        if shown not in ("", after):
            page.wait_for_timeout(280)  # keys are ignored for 250 ms after a new image
            return shown
        page.wait_for_timeout(15)
    page.screenshot(path=artefact("stuck.png"))
    raise AssertionError("no response on the screen")


def figures(page: Page) -> dict[str, str]:
    """The figures at the head of the statistics page by their names."""
    names = page.locator("main dl.facts dt").all_inner_texts()
    return dict(zip(names, page.locator("main dl.facts dd").all_inner_texts(), strict=True))


def test_ten_marks_from_the_keyboard_change_the_statistics(browser: Browser, base: str) -> None:
    manager = enter(browser, base, "manager")
    manager.goto(f"{base}/statistics/small/math")
    manager.screenshot(path=artefact("statistics-before-marking.png"), full_page=True)
    before = figures(manager)
    assert (before["平均分"], before["最高分"], before["最低分"]) == ("12.00", "12", "12")
    expect(manager.locator("main")).to_contain_text("已出分 2 人")
    expect(manager.get_by_role("row", name="第3题")).to_contain_text("2 / 12")

    marker = enter(browser, base, "m1")
    marker.goto(f"{base}/marking")
    marker.locator("a.tile").focus()
    marker.keyboard.press("Enter")
    marker.wait_for_url("**/marking/*")
    shown = ""
    for number, digit in enumerate(TYPED):
        shown = next_response(marker, shown)
        if number == 1:
            marker.screenshot(path=artefact("marking-with-the-keyboard.png"))
        marker.keyboard.press(digit)
        marker.keyboard.press("Enter")
    expect(marker.locator("#state")).to_have_attribute("data-state", "synced", timeout=20_000)
    expect(marker.locator("#rest")).to_be_visible(timeout=20_000)
    marker.screenshot(path=artefact("marking-nothing-left.png"))

    manager.reload()
    manager.screenshot(path=artefact("statistics-after-marking.png"), full_page=True)
    after = figures(manager)
    # (2 x 12 + 10 x 6 + 39) / 12 = 123 / 12; the best have 6 + 6, the weakest 6 + 1
    assert (after["平均分"], after["最高分"], after["最低分"]) == ("10.25", "12", "7")
    expect(manager.locator("main")).to_contain_text("已出分 12 人")
    expect(manager.get_by_role("row", name="第3题")).to_contain_text("12 / 12")
    item = manager.locator("table", has_text="与总分相关").locator("tbody tr").nth(2)
    assert item.locator("th, td").all_inner_texts()[:4] == ["3", "填空或解答题", "6", "0.71"]  # 51 / 72
    manager.goto(f"{base}/exams/small")
    balance = manager.locator("#paper-math table").first.locator("tbody td").all_inner_texts()
    assert balance[:3] == ["12", "12", "0"]  # expected, fully scored, in marking
    manager.screenshot(path=artefact("exam-after-marking.png"), full_page=True)
