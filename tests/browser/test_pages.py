"""The pages in a real Chromium: an exam manager at work, in Chinese and English, on a wide and a narrow screen."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import artefact, chromium
from tests.support.office import PASSWORD, Office, build_office, open_office
from web.server import Server

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Office]]:
    """A served office and where it is."""
    folder = tmp_path_factory.mktemp("served")
    ids = build_office(folder / "built")
    office = open_office(folder / "built", folder / "数据", ids)
    server = Server(replace(office.kept, settings=replace(office.kept.settings, port=0, threads=8)))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.port}", office
    server.stop()
    thread.join(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with chromium() as found:
        yield found


class Watch:
    """What a browser complained about: refused styles and scripts, errors in them, failed requests."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", lambda answer: self.complaints.append(answer.url) if answer.status >= 500 else None)


def enter(browser: Browser, base: str, who: str, language: str, size: dict[str, int]) -> tuple[Page, Watch]:
    page = browser.new_page(viewport=size)
    watch = Watch(page)
    page.goto(base + "/")
    page.get_by_role("button", name="中文" if language == "zh" else "English").click()
    page.locator("input[name=username]").fill(who)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form.stack button").click()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")
    return page, watch


def shot(page: Page, name: str) -> None:
    page.screenshot(path=artefact(f"{name}.png"), full_page=True)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_manager_looks_around(
    browser: Browser, address: tuple[str, Office], language: str, size: dict[str, int]
) -> None:
    base, office = address
    page, watch = enter(browser, base, "manager", language, size)
    label = f"{language}-{'wide' if size is WIDE else 'narrow'}"
    for name, path in {
        "home": "/",
        "exams": "/exams",
        "exam": "/exams/a",
        "roster": "/exams/a/roster",
        "batches": "/exams/a/papers/math/batches",
        "batch": f"/batches/{office.ids['batch']}",
        "exceptions": "/exams/a/papers/math/exceptions",
        "exception": f"/exceptions/{office.ids['exception']}",
        "wall": "/exams/a/papers/math/doubtful",
        "page": f"/pages/{office.ids['page']}",
        "statistics": "/statistics/a/math",
        "status": "/status",
        "account": "/account",
        "missing": "/nothing-here",
    }.items():
        page.goto(base + path)
        shot(page, f"{name}-{label}")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{path} is {wider} px wider than the screen"
    assert [each for each in watch.complaints if "404" not in each] == []
    page.close()


def test_a_table_sorts_by_its_headings(browser: Browser, address: tuple[str, Office]) -> None:
    page, watch = enter(browser, address[0], "manager", "en", WIDE)
    page.goto(address[0] + "/statistics/a/math")
    table = page.locator("table", has_text="Correlation with the total")
    heading = table.get_by_role("button", name="Facility")
    heading.click()
    values = [float(text) for text in table.locator("tbody td:nth-child(4)").all_inner_texts()]
    assert values == sorted(values)
    heading.click()
    values = [float(text) for text in table.locator("tbody td:nth-child(4)").all_inner_texts()]
    assert values == sorted(values, reverse=True)
    assert watch.complaints == []
    page.close()


def test_a_preview_keeps_the_chosen_file(browser: Browser, address: tuple[str, Office], tmp_path: Path) -> None:
    page, watch = enter(browser, address[0], "manager", "en", WIDE)
    roster = tmp_path / "名册.csv"
    roster.write_text("candidate,name,school,class\n20260077,新生,东关中学,九1班\n", encoding="utf-8-sig")
    page.goto(address[0] + "/exams/a/roster")
    page.locator("input[type=file]").set_input_files(roster)
    page.get_by_role("button", name="Check only").click()
    expect(page.locator("#preview")).to_contain_text("Nothing has been changed yet")
    page.get_by_role("button", name="Take it in").click()
    expect(page.locator(".note.good")).to_contain_text("1 candidates added")
    assert watch.complaints == []
    page.close()


def test_scans_are_uploaded_with_their_progress(browser: Browser, address: tuple[str, Office], tmp_path: Path) -> None:
    page, watch = enter(browser, address[0], "scanner", "en", WIDE)
    files = [tmp_path / f"扫描 {number}.jpg" for number in (1, 2, 10)]
    for number, file in enumerate(files):
        file.write_bytes(b"no image at all %d" % number)
    page.goto(address[0] + "/exams/a/papers/math/batches")
    page.locator("input[name=name]").fill("第3考场")
    page.locator("input[name=files]").set_input_files(files)
    page.get_by_role("button", name="Upload and read").click()
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("link", name="Show the batch")).to_be_visible(timeout=60_000)
    expect(page.locator(".facts.big")).to_contain_text("3")
    page.get_by_role("link", name="Show the batch").click()
    expect(page.locator("h1")).to_contain_text("第3考场")
    assert watch.complaints == []
    page.close()


def test_the_wall_is_worked_with_the_keyboard(browser: Browser, address: tuple[str, Office]) -> None:
    page, watch = enter(browser, address[0], "scanner", "en", WIDE)
    page.goto(address[0] + "/exams/a/papers/math/doubtful")
    expect(page.locator("[data-answer]").first).to_be_focused()
    page.keyboard.type("c")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".note.good").first).to_contain_text("1 answers were decided")
    assert watch.complaints == []
    page.close()
