"""Two sheets in one picture are refused by name: a readings file has one page for each image."""

import numpy as np
import pytest

from models.words import PageCode
from scanning.read_page import ReadingOptions, read_page
from tests.scanning.drawn_cards import answer, drawn_card, print_page, scan, usual_answers

CARD = drawn_card()
OTHER = drawn_card(paper="history")
OPTIONS = ReadingOptions(crops=None, ocr="never")


def sheet(number: str, card=CARD, side=1, **how):
    page = card.page(side)
    return scan(answer(print_page(page), page, usual_answers(number)), seed=int(number[-2:]), **how)


def together(*pictures, gap=40, around=255, stacked=False):
    """The pictures beside one another, or one below the other, on one large glass."""
    long = max(one.shape[stacked] for one in pictures)
    parts = []
    for one in pictures:
        room = long - one.shape[stacked]
        margin = ((0, 0), (0, room)) if stacked else ((0, room), (0, 0))
        parts.append(np.pad(one, margin, constant_values=around))
        parts.append(np.full((gap, long) if stacked else (long, gap), around, np.uint8))
    return np.concatenate(parts[:-1], axis=0 if stacked else 1)


def code_of(picture, card=CARD):
    return read_page(picture, card, OPTIONS).code


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("around", [0, 120, 255])
@pytest.mark.parametrize(
    "second",
    [
        lambda: sheet("87654321"),
        lambda: sheet("87654321", angle_deg=3.0),
        lambda: sheet("87654321", turn=2),
        lambda: sheet("12345670", side=2),
        lambda: sheet("87654321", OTHER),
    ],
)
def test_a_second_sheet_is_never_passed_over(second, around, stacked) -> None:
    picture = together(sheet("12345678"), second(), around=around, stacked=stacked)
    assert code_of(picture) is PageCode.SEVERAL_SHEETS
    assert code_of(np.ascontiguousarray(np.rot90(picture))) is PageCode.SEVERAL_SHEETS


def test_a_second_sheet_without_a_machine_code_is_seen_by_its_marks() -> None:
    card = drawn_card(coded=False)
    picture = together(sheet("12345678", card), sheet("87654321", card))
    assert code_of(picture, card) is not None


@pytest.mark.parametrize("around", [0, 120, 255])
def test_one_sheet_on_a_large_glass_is_read(around) -> None:
    alone = sheet("12345678")
    beside = np.full_like(alone, around)
    reading = read_page(together(alone, beside, around=around), CARD, OPTIONS)
    assert reading.code is None
    assert reading.candidate.value == "12345678"


def test_print_of_another_kind_beside_the_sheet_does_no_harm() -> None:
    beside = np.full((1500, 1200), 235, np.uint8)
    beside[200:1400:40, 150:1000] = 60  # a page of text, a keyboard, a table with a pattern
    reading = read_page(together(sheet("12345678"), beside, around=120), CARD, OPTIONS)
    assert reading.code is None
    assert reading.candidate.value == "12345678"
