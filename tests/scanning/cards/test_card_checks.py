"""The geometry checks find what they are for, each on a card spoilt in one way."""

from dataclasses import replace

import pytest

from models.geometry import RectMm
from scanning.cards.builder import build_card
from scanning.cards.checks import geometry_faults, require_sound
from scanning.cards.errors import CardGeometryWrong
from tests.scanning.cards.papers import contract_paper


@pytest.fixture(scope="module")
def card():
    return build_card(contract_paper()).template


def spoilt(card, **changes):
    return replace(card, pages=(replace(card.pages[0], **changes), *card.pages[1:]))


def moved_bubble(card, rect):
    field = card.pages[0].fields[0]
    bubbles = (replace(field.bubbles[0], rect=rect), *field.bubbles[1:])
    return spoilt(card, fields=(replace(field, bubbles=bubbles), *card.pages[0].fields[1:]))


def levels(card):
    return [(fault.level, str(fault.complaint)) for fault in geometry_faults(card)]


def test_a_built_card_has_no_fault(card):
    assert levels(card) == []
    require_sound(card)


def test_a_small_bubble_is_a_warning(card):
    first = card.pages[0].fields[0].bubbles[0].rect
    faults = levels(moved_bubble(card, RectMm(first.x_mm, first.y_mm, 2.9, 2.5)))
    assert [level for level, _text in faults] == ["warning"]
    assert "3 × 2 mm" in faults[0][1]


def test_a_gap_of_one_millimetre_is_enough_and_less_is_not(card):
    first, second = card.pages[0].fields[0].bubbles[:2]  # digits 0 and 1 of one column, 1 below 0
    gap_mm = second.rect.y_mm - first.rect.bottom_mm
    closer = first.rect.moved(0.0, gap_mm - 1.0)
    assert levels(moved_bubble(card, closer)) == []
    (fault,) = levels(moved_bubble(card, closer.moved(0.0, 0.05)))
    assert fault[0] == "warning"


def test_overlapping_bubbles_are_an_error(card):
    second = card.pages[0].fields[0].bubbles[1].rect
    assert "error" in [level for level, _text in levels(moved_bubble(card, second.moved(1.0, 0.0)))]


def test_a_region_over_the_number_grid_is_an_error(card):
    zone = card.pages[0].identity_zones[0]
    region = replace(card.pages[0].regions[0], rect=zone.grown(-1.0))
    faults = levels(spoilt(card, regions=(region,)))
    assert any(level == "error" and "identity zone" in text for level, text in faults)


def test_regions_that_share_an_area_are_an_error(card):
    first, second, *others = card.pages[0].regions
    faults = levels(spoilt(card, regions=(first, replace(second, rect=second.rect.moved(0.0, -5.0)), *others)))
    assert [level for level, _text in faults] == ["error"]


def test_a_fiducial_too_near_the_edge_is_a_warning(card):
    first, *others = card.pages[0].fiducials
    faults = levels(spoilt(card, fiducials=(replace(first, rect=first.rect.moved(-0.1, 0.0)), *others)))
    assert faults == [("warning", "page 1, fiducial tl: stands nearer than 8 mm to the edge.")]


def test_what_lies_outside_the_page_is_an_error(card):
    *others, last = card.pages[0].regions
    outside = replace(last, rect=RectMm(15.0, 290.0, 100.0, 10.0))
    assert ("error", "page 1, region 21 part 1: lies outside the page.") in levels(
        spoilt(card, regions=(*others, outside))
    )


def test_too_few_fiducials_are_a_warning(card):
    faults = levels(spoilt(card, fiducials=card.pages[0].fiducials[:3]))
    assert faults == [("warning", "page 1: has fewer than four fiducials.")]


def test_a_faulty_card_is_refused_with_its_places(card):
    with pytest.raises(CardGeometryWrong) as caught:
        require_sound(spoilt(card, fiducials=card.pages[0].fiducials[:3]))
    assert caught.value.code == "card.geometry"
    assert "fewer than four" in caught.value.text()
