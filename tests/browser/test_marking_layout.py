"""The marking screen for eyes and for assistive technology: nothing scrolls, everything has a name, axe is content."""

from importlib import resources
from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from models.records import Mark, MarkingTask
from tests.support.browser import artefact
from tests.support.marking_screen import give, ready, settled, shown, sit_down

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = [(1366, 768), (1024, 768), (1920, 1080)]


def axe() -> str:
    """The accessibility checker, as the package axe-playwright-python ships it."""
    path = resources.files("axe_playwright_python") / "axe.min.js"
    return Path(str(path)).read_text(encoding="utf-8")


def findings(page: Page) -> list[str]:
    """Serious and critical findings of axe on the page as it is now."""
    page.evaluate(axe())
    result = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]}"
        for one in result["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("group", ["13", "17"])
def test_everything_is_in_one_view(browser, server, data, group, language, size) -> None:
    page = sit_down(browser, server, data, group, language=language, viewport={"width": size[0], "height": size[1]})
    keys = ("4", "Enter") if group == "13" else ("3", "2", "9", "Enter")
    give(page, *keys)
    settled(page)
    page.screenshot(path=artefact(f"marking-{group}-{language}-{size[0]}.png"))
    over = page.evaluate(
        """() => [document.documentElement, document.querySelector(".side")].map(
          (one) => [one.scrollHeight - one.clientHeight, one.scrollWidth - one.clientWidth])"""
    )
    assert over == [[0, 0], [0, 0]]
    hidden = page.evaluate(
        """() => [...document.querySelectorAll(".side button, .bar-top button, .zoom button")]
          .filter((one) => one.offsetParent).map((one) => [one.getBoundingClientRect(), one.textContent])
          .filter(([box]) => box.bottom > innerHeight || box.right > innerWidth || box.height < 28)
          .map(([, text]) => text)"""
    )
    assert hidden == []
    page.keyboard.press("r")
    page.wait_for_selector("#panel-body article")
    page.screenshot(path=artefact(f"marking-{group}-{language}-{size[0]}-panel.png"))
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.context.close()


def test_axe_finds_nothing_serious_in_any_state(browser, server, data) -> None:
    page = sit_down(browser, server, data, "17")
    found = {"marking": findings(page)}
    page.keyboard.press("v")
    page.keyboard.press("r")
    page.wait_for_selector("#panel-body article")
    found["annotations and panel"] = findings(page)
    page.keyboard.press("n")
    found["problem"] = findings(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found["help"] = findings(page)
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    page.keyboard.press("m")
    page.wait_for_selector("#ask[open]")
    found["question"] = findings(page)
    assert {state: found[state] for state in found if found[state]} == {}
    page.context.close()


def test_a_live_region_says_what_was_saved(browser, server, data) -> None:
    page = sit_down(browser, server, data, language="en")
    task = give(page, "4", "Enter")
    settled(page)
    assert page.get_attribute("#live", "aria-live") == "polite"
    page.wait_for_function("document.getElementById('live').textContent !== ''")
    assert page.inner_text("#live") == f"Saved 4 of 6 for {task[:5]}, response 1."
    page.context.close()


def test_every_control_is_reached_with_tab_and_named(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    give(page, "4", "Enter")
    settled(page)
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => { const at = document.activeElement;
                const name = at.getAttribute("aria-label") || at.textContent || "";
                return [at.id || at.className || at.tagName, name.trim()]; }"""
            )
        )
        if reached[-1] == reached[0] and len(reached) > 1:
            break
    names = {found[0] for found in reached}
    wanted = {"help-open", "viewer", "annotate", "zoom-in", "full", "zero", "erase", "submit", "problem", "ask-leader"}
    assert wanted <= names
    assert [found for found in reached if found[0] != "BODY" and not found[1]] == []
    page.context.close()


def test_a_tablet_marks_with_the_pad_alone(browser, server, data) -> None:
    page = sit_down(browser, server, data, viewport={"width": 1024, "height": 768}, has_touch=True)
    task = shown(page)
    page.tap("#pad button:text-is('5')")
    page.tap("#submit")
    ready(page, task)
    settled(page)
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('#pad button, #submit')].map((one) => one.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 44
    page.context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_changed_mark_carries_its_reason_and_the_reason_fits_on_the_screen(browser, server, data, language) -> None:
    page = sit_down(browser, server, data, "17", language=language)
    assert page.locator("#why-box").is_hidden()
    task = give(page, "3", "2", "9", "Enter")
    settled(page)
    page.keyboard.press("Backspace")
    page.wait_for_selector("#why-box:not([hidden])")
    page.screenshot(path=artefact(f"marking-changed-{language}.png"))
    over = page.evaluate("document.querySelector('.side').scrollHeight - document.querySelector('.side').clientHeight")
    assert over <= 0
    page.focus("#why")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.id") != "why"
    give(page, "4", "2", "9", "Enter")
    settled(page)
    assert page.locator("#why-box").is_hidden()
    with data.database.read() as session:
        marks = session.scalars(select(Mark).join(MarkingTask).where(MarkingTask.code == task)).all()
    assert [(mark.revision, mark.reason) for mark in marks] == [(1, ""), (2, "overlooked")]
    page.context.close()
