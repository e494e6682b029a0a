"""What cannot be laid out is refused with a code, and the sentence says what is too large for what."""

import pytest

from models.paper import CardSpec, PaperSize
from models.words import NumberEntry
from scanning.cards.builder import build_card
from scanning.cards.errors import (
    BlockTooHigh,
    BoxTooLow,
    CardDoesNotFit,
    CardRefused,
    ColumnTooNarrow,
    GridTooWide,
    NumberDigitsRefused,
    NumberTooWide,
    OptionsTooWide,
    SheetRefused,
    SidesRefused,
)
from tests.scanning.cards.papers import A3, A4, contract_paper, essay, objective, paper, written

A4_SPEC = CardSpec(A4, 2, 1, NumberEntry.BARCODE, 8)


def refusal(items, spec, wanted):
    with pytest.raises(wanted) as caught:
        build_card(paper(items, spec))
    assert isinstance(caught.value, CardRefused)
    assert caught.value.exit_code == 3
    return caught.value


def test_what_does_not_fit_on_the_sides_names_where_the_room_ended():
    with pytest.raises(CardDoesNotFit) as caught:
        build_card(contract_paper(sides=1))
    assert caught.value.code == "card.does_not_fit"
    assert "from item 22 on" in caught.value.text()


def test_a_grid_wider_than_its_column_is_refused_and_one_as_wide_is_not():
    # A column of A4 is 210 - 2 x 15 = 180 mm wide.
    assert build_card(paper([essay("1", 20, 10, 9.0)], A4_SPEC)).template.pages[0].regions[0].rect.width_mm == 180.0
    error = refusal([essay("1", 20, 10, 9.05)], A4_SPEC, GridTooWide)
    assert (error.code, error.details["grid_mm"]) == ("card.grid_too_wide", "181")


def test_a_number_wider_than_its_column_is_refused():
    # 20 digits need 20 x 4.4 + 4 = 92 mm even when compact; two columns of A4 are 87 mm wide each.
    error = refusal([objective("1")], CardSpec(A4, 2, 2, NumberEntry.BUBBLES, 20), NumberTooWide)
    assert error.code == "card.number_too_wide"


def test_more_options_than_a_column_holds_are_refused():
    error = refusal([objective("1", 24)], CardSpec(A4, 2, 2, NumberEntry.BARCODE, 8), OptionsTooWide)
    assert error.code == "card.options_too_wide"


def test_too_many_columns_are_refused():
    assert refusal([objective("1")], CardSpec(A4, 2, 3, NumberEntry.BARCODE, 8), ColumnTooNarrow).code == (
        "card.column_too_narrow"
    )


@pytest.mark.parametrize(("width_mm", "height_mm"), [(90.0, 297.0), (210.0, 601.0)])
def test_a_sheet_that_cannot_carry_a_card_is_refused(width_mm, height_mm):
    spec = CardSpec(PaperSize("custom", width_mm, height_mm), 1, 1, NumberEntry.BARCODE, 8)
    assert refusal([objective("1")], spec, SheetRefused).code == "card.sheet_size"


@pytest.mark.parametrize("sides", [0, 3])
def test_a_sheet_has_one_or_two_sides(sides):
    assert refusal([objective("1")], CardSpec(A4, sides, 1, NumberEntry.BARCODE, 8), SidesRefused).code == "card.sides"


@pytest.mark.parametrize("digits", [0, 21])
def test_a_number_has_one_to_twenty_digits(digits):
    spec = CardSpec(A3, 1, 1, NumberEntry.BUBBLES, digits)
    assert refusal([objective("1")], spec, NumberDigitsRefused).code == "card.digits"


def test_a_head_higher_than_its_column_is_refused():
    spec = CardSpec(PaperSize("custom", 210.0, 100.0), 2, 1, NumberEntry.BUBBLES_BARCODE, 8)
    error = refusal([objective("1")], spec, BlockTooHigh)
    assert error.code == "card.too_high"
    assert "the head of the card" in error.text()


def test_a_box_too_low_for_its_heading_is_refused():
    assert build_card(paper([written("1", 2, 8.0)], A4_SPEC))
    assert refusal([written("1", 2, 7.9)], A4_SPEC, BoxTooLow).code == "card.too_low"
