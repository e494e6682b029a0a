"""What the truth says agrees with the ink, and the rule of doubt is the published one."""

from dataclasses import replace

import numpy as np
import pytest

from models.words import FieldKind
from samples.draw import SheetWish, draw_side, plain_number
from samples.fill import fill_side
from samples.hand import FillStyle, HandMix, Mark, MarkKind, SideIntent, Slips, Writing, draw_hand
from samples.scan_plan import ScanProfile, plan_scan
from samples.scanner import scan_side
from samples.visible import SEEN, bubble_points, measure_bubbles, see_fields

NUMBER = "012345"
CHOICES = {
    "candidate": tuple(enumerate(NUMBER)),
    "item:1": ((0, "A"),),
    "item:2": ((0, "D"),),
    "item:9": ((0, "A"), (0, "C"), (0, "E")),
    "item:10": ((0, "T"),),
}
INTENT = SideIntent(CHOICES, (Writing("11", 1, "steps", 0.6),))
WISH = SheetWish(plain_number(NUMBER), barcode=NUMBER, identity=NUMBER)


def draw(card, profile=ScanProfile.CLEAN, seed=3, mix=HandMix.PLAIN):
    return draw_side(card, card.template.page(1), INTENT, WISH, mix=mix, profile=profile, seed=(seed,))


@pytest.mark.parametrize("profile", list(ScanProfile))
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(small_card, profile):
    first, again, other = (draw(small_card, profile, seed, HandMix.MIXED) for seed in (3, 3, 4))
    assert first.data == again.data
    assert first.truth == again.truth
    assert first.data != other.data


def test_values_are_what_was_meant(small_card):
    values = {seen.id: seen.value for seen in draw(small_card).truth.fields}
    assert values == {
        "candidate": NUMBER,
        "absent": "",
        "item:1": "A",
        "item:2": "D",
        **{f"item:{no}": "" for no in range(3, 9)},
        "item:9": "ACE",
        "item:10": "T",
    }


@pytest.mark.parametrize("profile", list(ScanProfile))
def test_a_scan_with_ink_shows_it_and_a_scan_without_ink_shows_none(small_card, profile):
    page = small_card.template.page(1)
    # Plain dark fills only, so that what must be seen and unseen is beyond argument.
    plain = replace(draw_hand(HandMix.PLAIN, np.random.default_rng(1)), slips=Slips(), style=FillStyle.DARK)
    filled = fill_side(page, INTENT, plain, small_card.dpi, np.random.default_rng(2))
    plan = replace(plan_scan(profile, page.size, np.random.default_rng(3)), covers=(), one_bit=False)
    printed = small_card.side(1)
    meant = {(mark.field, mark.column, mark.label) for mark in filled.marks if mark.kind is MarkKind.CHOSEN}
    assert len(meant) == len(NUMBER) + 6
    scan = scan_side(printed, filled.ink, small_card.dpi, plan, bubble_points(page))
    for key, ink in measure_bubbles(page, scan).items():
        assert ink is not None
        assert (ink > 0.35) if key in meant else (ink < 0.05), key
    empty = scan_side(printed, np.zeros_like(filled.ink), small_card.dpi, plan, bubble_points(page))
    assert max(ink or 0.0 for ink in measure_bubbles(page, empty).values()) < 0.02


def test_the_part_scan_of_the_bare_print_is_cut_from_the_whole(small_card):
    page = small_card.template.page(1)
    ink = np.zeros_like(small_card.side(1))
    for profile in ScanProfile:
        plan = plan_scan(profile, page.size, np.random.default_rng(8))
        part = scan_side(small_card.side(1), ink, small_card.dpi, plan, bubble_points(page))
        whole = scan_side(small_card.side(1), ink, small_card.dpi, plan)
        left, top = part.bare_at_px
        cut = whole.bare[top : top + part.bare.shape[0], left : left + part.bare.shape[1]]
        inner = (slice(8, -8), slice(8, -8))  # the blur at the edge of the part sees less
        assert np.abs(part.bare[inner].astype(int) - cut[inner]).max() <= 2


def see(card, marks, visible):
    """The fields of a side on which only these bubbles carry ink."""
    page = card.template.page(1)
    keys = [(field.id, bubble.column, bubble.label) for field in page.fields for bubble in field.bubbles]
    ink = {key: visible.get(key, 0.0) for key in keys}
    return {seen.id: seen for seen in see_fields(page, marks, ink)}


def mark(item, label, kind=MarkKind.CHOSEN, column=0):
    return Mark(item, column, label, kind, "")


@pytest.mark.parametrize(
    ("chosen", "other", "ambiguous"),
    [
        (0.60, 0.00, False),
        (SEEN, 0.00, False),
        (0.0799, 0.00, True),  # too faint to be sure of
        (0.60, 0.15, False),
        (0.60, 0.1501, True),  # residue that somebody might take for a second choice
        (0.375, 0.125, False),
        (0.375, 0.1251, True),  # above a third of the mark
        (None, 0.04, False),
        (None, 0.0401, True),
    ],
)
def test_doubt_begins_where_the_rule_says(small_card, chosen, other, ambiguous):
    marks = [] if chosen is None else [mark("item:1", "A")]
    visible = {("item:1", 0, "A"): chosen or 0.0, ("item:1", 0, "C"): other}
    seen = see(small_card, marks, visible)["item:1"]
    assert seen.ambiguous is ambiguous
    assert seen.value == ("A" if chosen else "")


@pytest.mark.parametrize(("fainter", "ambiguous"), [(0.20, False), (0.199, True)])
def test_two_marks_of_one_field_may_differ_threefold(small_card, fainter, ambiguous):
    marks = [mark("item:9", "A"), mark("item:9", "C")]
    seen = see(small_card, marks, {("item:9", 0, "A"): 0.60, ("item:9", 0, "C"): fainter})["item:9"]
    assert (seen.value, seen.ambiguous) == ("AC", ambiguous)


def test_crossed_out_and_covered_bubbles_are_always_ambiguous(small_card):
    marks = [mark("item:1", "A"), mark("item:1", "B", MarkKind.CANCELLED)]
    assert see(small_card, marks, {("item:1", 0, "A"): 0.6, ("item:1", 0, "B"): 0.9})["item:1"].ambiguous
    hidden = see(small_card, [mark("item:2", "A")], {("item:2", 0, "A"): 0.6, ("item:2", 0, "D"): None})
    assert hidden["item:2"].ambiguous
    assert not hidden["item:3"].ambiguous


def test_a_number_with_a_gap_and_a_double_column(small_card):
    pairs = [(0, "1"), (1, "2"), (3, "4"), (4, "5"), (4, "8"), (5, "6")]
    marks = [mark("candidate", label, column=column) for column, label in pairs]
    visible = {("candidate", column, label): 0.6 for column, label in pairs}
    seen = see(small_card, marks, visible)["candidate"]
    assert (seen.kind, seen.value) == (FieldKind.DIGITS, "12-4?6")
    assert seen.irregular
    assert seen.must_doubt
    assert seen.columns == ()
