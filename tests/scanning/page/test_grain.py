"""Dithered scans are read as the grey that they stand for; plain ones are not touched."""

import numpy as np
import pytest
from PIL import Image

from models.words import ReadingStatus
from scanning.page.grain import without_dots
from scanning.read_page import ReadingOptions, read_page
from tests.scanning.drawn_cards import answer, drawn_card, print_page, scan, usual_answers

CARD = drawn_card()


def dithered(grey):
    return np.where(np.asarray(Image.fromarray(grey).convert("1")), 255, 0).astype(np.uint8)


def page(darkness):
    return answer(print_page(CARD.pages[0]), CARD.pages[0], usual_answers(), darkness)


@pytest.mark.parametrize("white", [245, 225, 200])
@pytest.mark.parametrize("darkness", [0.75, 0.35])
def test_a_dithered_page_reads_like_the_grey_one(white, darkness) -> None:
    reading = read_page(dithered(scan(page(darkness), white=white)), CARD, ReadingOptions(crops=None))
    assert reading.code is None, reading
    assert {one.id: one.value for one in reading.fields} == usual_answers()
    assert all(one.status is ReadingStatus.OK for one in reading.fields)


def test_a_dithered_page_without_marks_is_empty() -> None:
    reading = read_page(dithered(scan(print_page(CARD.pages[0]), white=210)), CARD, ReadingOptions(crops=None))
    assert reading.code is None, reading
    assert {one.value for one in reading.fields} == {""}


@pytest.mark.parametrize("how", [{}, {"noise": 8}, {"white": 190, "black": 90}])
def test_a_page_without_dots_is_left_as_it_is(how) -> None:
    grey = scan(page(0.75), **how)
    assert without_dots(grey, 297) is grey
    one_bit = np.where(grey > 140, 255, 0).astype(np.uint8)
    assert without_dots(one_bit, 297) is one_bit
