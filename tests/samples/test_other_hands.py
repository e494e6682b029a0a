"""The other hands and devices: known truth like the first ones, and nothing in common with them but the rule."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from samples.draw import SheetWish, plain_number
from samples.hand import MarkKind, SideIntent, Writing
from samples.other_draw import draw_other_side
from samples.other_hands import Habit, OtherHand, draw_mark, draw_other_hand, fill_other_side
from samples.other_plan import FileKind, plan_other_scan
from samples.other_scanner import scan_other_side
from samples.prints import decode_grey
from samples.scan_map import ScanMap
from samples.trial import Trial, profile_named, profile_names, trial_named
from samples.visible import measure_bubbles

NUMBER = "012345"
CHOICES = {"candidate": tuple(enumerate(NUMBER)), "item:1": ((0, "A"),), "item:9": ((0, "A"), (0, "C"))}
INTENT = SideIntent(CHOICES, (Writing("11", 1, "steps", 0.6),))
WISH = SheetWish(plain_number(NUMBER), barcode=NUMBER, identity=NUMBER)


def draw(card, seed):
    return draw_other_side(card, card.template.page(1), INTENT, WISH, seed=(seed,))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(small_card):
    first, again, other = draw(small_card, 5), draw(small_card, 5), draw(small_card, 6)
    assert first.data == again.data
    assert first.truth == again.truth
    assert first.data != other.data
    assert first.truth.troubles  # the hand and the device are named


def fixed(card, hand, seed, **changes):
    """One side by this hand through a plan without its rarer accidents, and the ink that is seen in each bubble."""
    page = card.template.page(1)
    filled = fill_other_side(page, INTENT, hand, card.dpi, np.random.default_rng(seed))
    calm = {"bleed": 0.0, "stain": 0.0, "copies": 0, "noise": 2.0, "moire": 0.0, "sharpen": (0.0, 1.0), "quality": 90}
    plan = replace(plan_other_scan(page.size, np.random.default_rng(seed)), **(calm | changes))
    scan = scan_other_side(card.side(1), filled, card.dpi, plan)
    return filled, scan, measure_bubbles(page, scan)


@pytest.mark.parametrize("file", ["jpeg", "colour jpeg", "png", "webp", "threshold", "dither"])
def test_what_nobody_touched_shows_no_ink_in_any_kind_of_file(small_card, file: FileKind):
    hand = draw_other_hand(np.random.default_rng(1))
    quiet = OtherHand(Habit.FILL, 0.6, 0.8, 0.1, 0.05, 0.0, hand.writing)
    for seed in (3, 8):
        filled, scan, visible = fixed(small_card, quiet, seed, file=file, gamma=1.0, contrast=1.0)
        touched = {(mark.field, mark.column, mark.label) for mark in filled.marks}
        soiled = {mark.field for mark in filled.marks if mark.kind is not MarkKind.CHOSEN}
        for key, ink in visible.items():
            if key not in touched and key[0] not in soiled:
                assert (ink or 0.0) < 0.04, (file, key, ink)
        chosen = [visible[m.field, m.column, m.label] for m in filled.marks if m.manner == Habit.FILL.value]
        assert np.median(chosen) > 0.35
        assert decode_grey(scan.data).shape == (scan.map.height_px, scan.map.width_px)


@pytest.mark.parametrize("habit", list(Habit))
def test_every_habit_leaves_its_mark_on_or_around_the_bubble(small_card, habit):
    hand = OtherHand(habit, 0.5, 0.8, 0.1, 0.05, 0.3, draw_other_hand(np.random.default_rng(1)).writing)
    ink = np.zeros(small_card.side(1).shape, dtype=np.uint8)
    rect = small_card.template.page(1).fields[3].bubbles[1].rect
    draw_mark(ink, rect, habit, hand, small_card.dpi, np.random.default_rng(2))
    rows, columns = np.nonzero(ink > 60)
    k = small_card.dpi / 25.4
    assert rows.size > 20
    assert abs(rows.mean() / k - rect.center.y_mm) < 1.0
    assert abs(columns.mean() / k - rect.center.x_mm) < 2.5


def test_crumpled_paper_has_a_known_map(small_card):
    """A cross printed at a known place is found where the map says."""
    page = small_card.template.page(1)
    seeds = (seed for seed in range(60) if plan_other_scan(page.size, np.random.default_rng(seed)).map.feed is not None)
    plan = plan_other_scan(page.size, np.random.default_rng(next(seeds)))
    assert isinstance(plan.map, ScanMap)
    white = np.full(small_card.side(1).shape, 255, dtype=np.uint8)
    places = np.array([[40.0, 60.0], [150.0, 100.0], [105.0, 240.0]])
    k = small_card.dpi / 25.4
    for x_mm, y_mm in places:
        cv2.circle(white, (round(x_mm * k * 16), round(y_mm * k * 16)), round(1.5 * k * 16), 0, -1, cv2.LINE_AA, 4)
    calm = replace(plan, file="png", noise=0.0, stain=0.0, creases=0.0, copies=0, motion=(0.0, 0.0), around=255)
    nothing = np.zeros_like(white)
    filled = fill_other_side(
        page, SideIntent({}), draw_other_hand(np.random.default_rng(1)), 200, np.random.default_rng(1)
    )
    scan = scan_other_side(white, replace(filled, under=nothing, fluid=nothing, over=nothing), small_card.dpi, calm)
    dark = (scan.seen < 128).astype(np.uint8)
    count, _, _, centers = cv2.connectedComponentsWithStats(dark)
    assert count == 4
    for wanted in plan.map.apply(places):
        assert np.hypot(*(centers[1:] + 0.5 - wanted).T).min() < 0.2 * plan.px_per_mm


def test_a_trial_is_found_again_by_its_name():
    for name in profile_names():
        trial = Trial("a4-20x4-8", 1, profile_named(name), 300_007)
        assert trial_named(trial.name) == trial
