"""Every key of the marking screen: the three maps, own keys, keys switched off, and keys that must do nothing."""

import pytest

from tests.support.browser import artefact
from tests.support.marking_screen import give, marks, ready, settled, shown, sit_down, texts

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def choose_map(page, name: str) -> None:
    page.click("#help-open")
    page.select_option("#habit-map", name)
    page.click("#help-close")


def send_key(page, key: str, **more) -> None:
    """A key event such as an input method makes; no keyboard of the test could."""
    page.evaluate(
        "([key, more]) => document.body.dispatchEvent(new KeyboardEvent('keydown', "
        "{ key, bubbles: true, cancelable: true, ...more }))",
        [key, more],
    )


def pad(page, digit: str) -> None:
    """A digit of the number pad with Num Lock on; the test's own keyboard has it off."""
    send_key(page, digit, code=f"Numpad{digit}")


def test_the_number_row_and_the_number_pad_type_the_same(browser, server, data) -> None:
    page = sit_down(browser, server, data, "14")
    given = [(give(page, "7", ".", "Enter"), "7.5"), (give(page, "NumpadMultiply"), "12")]
    task = shown(page)
    pad(page, "1")
    pad(page, "2")
    page.keyboard.press("NumpadEnter")
    ready(page, task)
    given.append((task, "12"))
    settled(page)
    assert marks(data) == given
    page.context.close()


def test_with_the_number_pad_alone_stray_digits_do_nothing(browser, server, data) -> None:
    page = sit_down(browser, server, data, "14")
    choose_map(page, "numpad")
    page.keyboard.press("7")
    assert texts(page) == ["–"]
    send_key(page, "End", code="Numpad1")  # Num Lock is off
    assert texts(page) == ["–"]
    assert "Num Lock" in page.locator("#notice").inner_text()
    pad(page, "7")
    task = give(page, "NumpadAdd", "Enter")
    settled(page)
    assert marks(data) == [(task, "7.5")]
    page.context.close()


def test_on_the_home_row_letters_are_digits_and_commands_take_shift(browser, server, data) -> None:
    page = sit_down(browser, server, data, "14")
    choose_map(page, "home")
    given = [(give(page, "s", "d", "Space"), "12")]  # A is 0, S is 1, D is 2
    given.append((give(page, ";", "Space"), "9"))
    given.append((give(page, "Shift+F"), "12"))
    page.keyboard.press("f")
    assert texts(page) == ["3"]
    page.keyboard.press("Escape")
    assert texts(page) == ["–"]
    page.keyboard.press("Shift+D")  # no command of this map, and no digit either
    assert texts(page) == ["–"]
    settled(page)
    assert marks(data) == given
    page.context.close()


def test_a_row_of_half_marks_is_one_key_each(browser, server, data) -> None:
    page = sit_down(browser, server, data, "14")
    page.click("#help-open")
    page.check("#habit-halves")
    page.click("#help-close")
    task = give(page, "r", "Enter")  # Q W E R are 0.5 1.5 2.5 3.5
    settled(page)
    assert marks(data) == [(task, "3.5")]
    page.keyboard.press("Shift+N")
    assert page.locator("#reasons").is_visible()
    page.context.close()


def test_a_key_can_be_changed_and_the_list_says_so(browser, server, data) -> None:
    page = sit_down(browser, server, data, "13")
    page.keyboard.press("?")
    row = page.locator("[data-command=full]")
    assert row.locator("kbd").all_inner_texts() == ["F", "*"]
    row.locator("button").click()
    page.keyboard.press("n")
    assert row.locator("kbd").all_inner_texts() == ["N"]
    assert page.locator("[data-command=problem] kbd").count() == 0
    assert "问题卷" in page.locator("#keys-said").inner_text()
    page.screenshot(path=artefact("marking-keys-changed.png"))
    page.keyboard.press("Escape")
    assert page.locator("#problem kbd").is_hidden()
    page.reload()  # it is kept
    ready(page)
    page.keyboard.press("f")
    assert texts(page) == ["–"]
    task = give(page, "n")
    settled(page)
    assert marks(data) == [(task, "6")]
    page.keyboard.press("?")
    page.click("#keys-reset")
    assert row.locator("kbd").all_inner_texts() == ["F", "*"]
    page.context.close()


def test_every_action_has_a_key_or_says_that_it_has_none(browser, server, data) -> None:
    page = sit_down(browser, server, data, "13", language="en")
    page.keyboard.press("?")
    rows = page.locator("#key-list tr")
    names = [rows.nth(number).locator("td").nth(1).inner_text() for number in range(rows.count())]
    assert len(names) == len(set(names)) > 40
    assert all(names)
    page.screenshot(path=artefact("marking-keys-en.png"))
    page.context.close()


def test_single_keys_can_all_be_switched_off(browser, server, data) -> None:
    page = sit_down(browser, server, data, "13")
    page.click("#help-open")
    page.uncheck("#habit-singles")
    page.click("#help-close")
    for key in ("5", "f", "n", "z", "v", "*", "-", "]"):
        page.keyboard.press(key)
    assert texts(page) == ["–"]
    assert page.locator("#reasons").is_hidden()
    page.focus("#parts button")
    page.keyboard.press("5")
    assert texts(page) == ["5"]
    page.keyboard.press("f")
    task = give(page, "Enter")
    settled(page)
    assert marks(data) == [(task, "5")]
    page.keyboard.press("4")  # the next response has the focus in its field
    assert texts(page) == ["4"]
    page.context.close()


def test_an_input_method_gives_no_scores(browser, server, data) -> None:
    page = sit_down(browser, server, data, "13")
    send_key(page, "Process", keyCode=229, code="Digit5")
    send_key(page, "5", isComposing=True)
    send_key(page, "5", keyCode=229)
    assert texts(page) == ["–"]
    assert "输入法" in page.locator("#notice").inner_text()
    send_key(page, "３")  # a full-width digit is what it says
    assert texts(page) == ["3"]
    session = page.context.new_cdp_session(page)
    session.send("Input.insertText", {"text": "55"})  # pasted, or committed by an input method: nobody typed it
    page.evaluate(
        "() => document.body.dispatchEvent("
        "new ClipboardEvent('paste', { bubbles: true, clipboardData: new DataTransfer() }))"
    )
    assert texts(page) == ["3"]
    page.context.close()


def test_keys_in_a_text_field_stay_there(browser, server, data) -> None:
    page = sit_down(browser, server, data, "13")
    first = shown(page)
    page.keyboard.press("m")
    page.wait_for_selector("#ask[open]")
    page.keyboard.type("5 分还是 6 分? nzf")
    assert texts(page) == ["–"]
    page.screenshot(path=artefact("marking-ask.png"))
    page.keyboard.press("Enter")
    ready(page, first)
    settled(page)
    assert marks(data) == []
    page.context.close()


def test_wheel_and_double_clicks_change_no_score(browser, server, data) -> None:
    page = sit_down(browser, server, data, "13")
    first = shown(page)
    page.keyboard.press("4")
    page.hover("#parts button")
    page.mouse.wheel(0, 400)
    page.hover("#pad button")
    page.mouse.wheel(0, -400)
    assert texts(page) == ["4"]
    page.dblclick("#submit")  # the second click falls on the next response, which is too new for it
    ready(page, first)
    assert texts(page) == ["–"]
    settled(page)
    assert marks(data) == [(first, "4")]
    second = shown(page)
    page.dblclick("#problem")  # opens the reasons, and shuts nothing that was not asked for
    page.wait_for_timeout(200)
    assert shown(page) == second
    page.context.close()


def test_a_doubt_is_answered_by_a_second_key_but_not_by_a_bounce(browser, server, data) -> None:
    page = sit_down(browser, server, data, "13")
    first = shown(page)
    page.keyboard.press("3")
    page.keyboard.press("z")  # replaces what was typed
    assert page.locator("#gate").inner_text() != ""
    page.evaluate("document.getElementById('submit').click(); document.getElementById('submit').click()")
    page.wait_for_timeout(50)
    assert shown(page) == first
    page.wait_for_timeout(200)
    page.keyboard.press("Enter")
    ready(page, first)
    settled(page)
    assert marks(data) == [(first, "0")]
    page.context.close()


def test_keystrokes_one_at_once_two_with_enter_and_one_more_than_parts(browser, server, data) -> None:
    page = sit_down(browser, server, data, "17")
    task = give(page, "3", "2", "9", "Enter")  # three parts
    settled(page)
    assert marks(data) == [(task, "14")]
    page.context.close()
    page = sit_down(browser, server, data, "13")
    page.evaluate("window.strokes = 0; addEventListener('keydown', () => { window.strokes += 1; })")
    page.click("#help-open")
    page.check("#habit-instant")
    page.click("#help-close")
    for _ in range(3):
        give(page, "4")
    assert page.evaluate("window.strokes") == 3
    settled(page)
    assert len(marks(data)) == 4
    page.context.close()


def test_where_one_digit_submits_a_doubt_waits_for_the_same_key_again(browser, server, data) -> None:
    page = sit_down(browser, server, data, "13")
    page.click("#help-open")
    page.check("#habit-instant")
    page.click("#help-close")
    give(page, "4")
    second = shown(page)
    page.keyboard.press("0")  # in less than a second
    page.wait_for_timeout(250)
    assert shown(page) == second
    page.keyboard.press("0")
    ready(page, second)
    settled(page)
    assert [points for _task, points in marks(data)] == ["4", "0"]
    page.context.close()


def test_tab_goes_through_the_parts_and_then_on(browser, server, data) -> None:
    page = sit_down(browser, server, data, "17")
    active = "() => [...document.querySelectorAll('#parts .part')].findIndex((one) => one.classList.contains('active'))"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(active) == 2
    page.keyboard.press("Tab")  # the last part: from here on the page's own order
    assert page.evaluate(active) == 2
    assert page.evaluate("document.activeElement !== document.body")
    page.context.close()


@pytest.mark.parametrize("key", ["r", "g"])
def test_mark_scheme_and_model_answer_open_beside_the_answer(browser, server, data, key: str) -> None:
    page = sit_down(browser, server, data, "17")
    page.keyboard.press(key)
    page.wait_for_selector("#panel-body article, #panel-body p")
    page.wait_for_timeout(300)
    if key == "r":
        assert "(3)：12 分，给分步长 1" in page.locator("#panel-body").inner_text()
    page.screenshot(path=artefact(f"marking-panel-{key}.png"))
    give(page, "1", "1", "1", "Enter")
    assert page.locator("#panel").is_visible()  # it stays open from response to response
    page.keyboard.press(key)
    assert page.locator("#panel").is_hidden()
    page.context.close()
