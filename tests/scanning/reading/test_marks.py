"""What candidates do to bubbles, and what it is read as: on a whole page, from picture to value."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.geometry import RectMm
from models.words import FieldKind, ReadingStatus
from scanning.cards.template import Bubble, Field
from scanning.read_page import ReadingOptions, read_page
from tests.scanning.drawn_cards import (
    PX,
    answer,
    bubble_rect,
    cross,
    drawn_card,
    fill,
    print_page,
    scan,
    stroke,
    tick,
    usual_answers,
)

CARD = drawn_card()
FRONT = CARD.pages[0]
BLANK = print_page(FRONT)
NO_CROPS = ReadingOptions(crops=None)


def values(grey, card=CARD):
    reading = read_page(grey, card, NO_CROPS)
    assert reading.code is None, reading
    return {one.id: one.value for one in reading.fields}, {one.id: one for one in reading.fields}


def certain(fields) -> bool:
    return all(one.status is ReadingStatus.OK for one in fields.values())


def page(darkness=0.75, without=()):
    wanted = {key: "" if key in without else value for key, value in usual_answers().items()}
    return answer(BLANK.copy(), FRONT, wanted, darkness)


@pytest.mark.parametrize("how", [{}, {"noise": 9, "blur_px": 1.1}, {"white": 190, "black": 90}, {"turn": 2}])
def test_a_page_without_any_mark_reads_all_empty(how) -> None:
    read, fields = values(scan(BLANK, **how))
    assert set(read.values()) == {""}
    assert certain(fields)


@settings(deadline=None, derandomize=True, max_examples=8)
@given(
    angle=st.floats(-4, 4),
    scale_x=st.floats(0.95, 1.03),
    scale_y=st.floats(0.95, 1.03),
    turn=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_turn_skew_and_scale_never_change_a_choice(angle, scale_x, scale_y, turn, seed) -> None:
    grey = scan(page(), angle_deg=angle, scale=(scale_x, scale_y), turn=turn, pad_px=90, seed=seed)
    read, fields = values(grey)
    assert read == usual_answers()
    assert certain(fields)


@pytest.mark.parametrize("darkness", [0.9, 0.5, 0.3, 0.18])
def test_pale_pencil_reads_like_dark_pencil(darkness) -> None:
    read, fields = values(scan(page(darkness)))
    assert read == usual_answers()
    assert certain(fields)


@pytest.mark.parametrize("draw", [tick, cross])
def test_ticks_and_crosses_count_as_marks(draw) -> None:
    picture = BLANK.copy()
    for key, value in usual_answers().items():
        for column, label in enumerate(value):
            draw(picture, bubble_rect(FRONT, key, label, column if key == "candidate" else 0))
    read, fields = values(scan(picture))
    assert read == usual_answers()
    assert certain(fields)


@pytest.mark.parametrize("share", [(0.55, 1.0), (0.5, 0.6)])
def test_half_and_small_fills_count_as_marks(share) -> None:
    picture = BLANK.copy()
    for key, value in usual_answers().items():
        for column, label in enumerate(value):
            fill(picture, bubble_rect(FRONT, key, label, column if key == "candidate" else 0), share=share)
    assert values(scan(picture))[0] == usual_answers()


def test_most_items_answered_alike_do_not_teach_that_the_letter_is_dark() -> None:
    wanted = usual_answers("00000000") | {f"item:{i + 1}": "A" for i in range(30)}
    for darkness in (0.75, 0.22):
        read, _ = values(scan(answer(BLANK.copy(), FRONT, wanted, darkness)))
        assert read == wanted


def test_two_clear_marks_in_a_single_choice_are_both_read_and_certain() -> None:
    picture = page()
    fill(picture, bubble_rect(FRONT, "item:1", "C"))
    read, fields = values(scan(picture))
    assert read["item:1"] == "AC"
    assert fields["item:1"].status is ReadingStatus.OK


def test_a_strong_erasure_beside_a_mark_is_doubtful_and_the_mark_is_the_guess() -> None:
    picture = page()
    fill(picture, bubble_rect(FRONT, "item:1", "C"), darkness=0.3)
    read, fields = values(scan(picture))
    assert read["item:1"] == "A"
    assert fields["item:1"].status is ReadingStatus.DOUBTFUL
    assert fields["item:1"].reasons == ("erased",)
    assert fields["item:1"].margin == 0.0


def test_a_faint_rest_of_an_erasure_beside_a_mark_is_nothing() -> None:
    picture = page()
    fill(picture, bubble_rect(FRONT, "item:1", "C"), darkness=0.08)
    read, fields = values(scan(picture))
    assert read["item:1"] == "A"
    assert fields["item:1"].status is ReadingStatus.OK


def test_a_pale_mark_of_a_candidate_who_marks_darkly_is_doubtful() -> None:
    picture = page(without=("item:1",))
    fill(picture, bubble_rect(FRONT, "item:1", "A"), darkness=0.2)
    _, fields = values(scan(picture))
    assert fields["item:1"].status is ReadingStatus.DOUBTFUL
    assert fields["item:1"].reasons == ("faint",)


def test_a_tick_among_fills_counts_and_a_line_that_passes_through_is_doubtful() -> None:
    picture = page(without=("item:1", "item:2"))
    tick(picture, bubble_rect(FRONT, "item:1", "B"))
    place = bubble_rect(FRONT, "item:2", "D")
    stroke(picture, [(place.center.x_mm - 0.3, place.y_mm - 1.6), (place.center.x_mm + 0.3, place.bottom_mm + 1.6)])
    read, fields = values(scan(picture))
    assert read["item:1"] == "B"
    assert fields["item:1"].status is ReadingStatus.OK
    assert fields["item:2"].status is ReadingStatus.DOUBTFUL


def test_a_fill_that_was_crossed_out_is_doubtful() -> None:
    picture = page()
    place = bubble_rect(FRONT, "item:1", "C").grown(0.9)
    fill(picture, bubble_rect(FRONT, "item:1", "C"))
    stroke(picture, [(place.x_mm, place.y_mm), (place.right_mm, place.bottom_mm)])
    stroke(picture, [(place.right_mm, place.y_mm), (place.x_mm, place.bottom_mm)])
    _, fields = values(scan(picture))
    assert fields["item:1"].status is ReadingStatus.DOUBTFUL
    assert "crossed" in fields["item:1"].reasons


def test_a_shadow_over_half_the_page_changes_nothing() -> None:
    grey = scan(page(0.45)).astype(np.float32)
    light = np.clip(np.linspace(0.45, 1.1, grey.shape[1]), 0, 1)[None, :]
    read, fields = values((grey * light).astype(np.uint8))
    assert read == usual_answers()
    assert certain(fields)


def test_number_columns_show_blank_and_undecided() -> None:
    picture = answer(BLANK.copy(), FRONT, usual_answers("12-45670"))
    fill(picture, bubble_rect(FRONT, "candidate", "9", 7))  # a second digit in the last column
    read, fields = values(scan(picture))
    assert read["candidate"] == "12-4567?"
    assert fields["candidate"].status is ReadingStatus.DOUBTFUL
    blank_only = answer(BLANK.copy(), FRONT, usual_answers("-2345670"))
    assert values(scan(blank_only))[0]["candidate"] == "-2345670"


def test_flags_choices_and_judgements_are_written_as_the_contract_says() -> None:
    def row(name, kind, labels, y):
        return Field(name, kind, tuple(Bubble(b, RectMm(20 + 6 * i, y, 4, 2.5)) for i, b in enumerate(labels)))

    extra = (
        row("choose:选做", FieldKind.CHOOSE, ("20", "21"), 66),
        row("item:31", FieldKind.JUDGE, ("T", "F"), 71),
        row("item:32", FieldKind.MULTIPLE, tuple("ABCD"), 76),
    )
    changed = FRONT.__class__(
        **{name: getattr(FRONT, name) for name in FRONT.__slots__} | {"fields": (*FRONT.fields, *extra)}
    )
    card = CARD.__class__("math", 1, CARD.hash, (changed,))
    picture = answer(print_page(changed), changed, usual_answers())
    for name, label in (
        ("absent", "1"),
        ("choose:选做", "20"),
        ("choose:选做", "21"),
        ("item:31", "F"),
        ("item:32", "A"),
        ("item:32", "D"),
    ):
        fill(picture, bubble_rect(changed, name, label))
    read, fields = values(scan(picture), card)
    assert read["absent"] == "1"
    assert read["choose:选做"] == "20+21"
    assert read["item:31"] == "F"
    assert read["item:32"] == "AD"
    assert certain(fields)


def test_a_rest_of_ink_in_a_gap_of_the_number_makes_it_doubtful() -> None:
    picture = answer(BLANK.copy(), FRONT, usual_answers("12-45670"))
    fill(picture, bubble_rect(FRONT, "candidate", "3", 2), darkness=0.04)  # too pale to be a mark anywhere
    read, fields = values(scan(picture))
    assert read["candidate"] == "12?45670"
    assert fields["candidate"].status is ReadingStatus.DOUBTFUL
    assert fields["candidate"].reasons == ("faint",)


@pytest.mark.parametrize("slope_mm", [0.0, 0.3])
def test_a_streak_of_dust_over_an_empty_field_is_no_tick(slope_mm) -> None:
    picture = page(without=("item:12",))
    place = bubble_rect(FRONT, "item:12", "B")
    x, y = place.center.x_mm + 0.9, place.center.y_mm
    stroke(picture, [(x - slope_mm, y - 2.1), (x + slope_mm, y + 1.3)], width_mm=0.3)
    _, fields = values(scan(picture))
    assert fields["item:12"].status is ReadingStatus.DOUBTFUL


def test_a_streak_of_dust_is_no_tick_even_for_a_candidate_who_ticks() -> None:
    picture = BLANK.copy()
    answer(picture, FRONT, {"candidate": usual_answers()["candidate"]})
    for name, value in usual_answers().items():
        if name.startswith("item:") and value:
            tick(picture, bubble_rect(FRONT, name, value))
    x = bubble_rect(FRONT, "item:10", "C").center.x_mm + 1.0  # item 10 is blank
    stroke(picture, [(x, 137.2), (x, 143.0)], width_mm=0.35)
    read, fields = values(scan(picture))
    assert fields["item:10"].status is ReadingStatus.DOUBTFUL
    assert {key: read[key] for key in read if key != "item:10"} == {
        key: value for key, value in usual_answers().items() if key != "item:10"
    }


def with_pair(y_mm: float):
    """The card with two bubbles that stand alone, 40 mm from all others, close above the frame of a region."""
    pair = tuple(Bubble(label, RectMm(150 + 7 * i, y_mm, 4, 2.5)) for i, label in enumerate(("20", "21")))
    changed = replace(FRONT, fields=(*FRONT.fields, Field("choose:选做", FieldKind.CHOOSE, pair)))
    return replace(CARD, pages=(changed,)), changed


@pytest.mark.parametrize("share", [(1.0, 1.0), (0.5, 1.0), (1.1, 1.15)])
@pytest.mark.parametrize("label", ["20", "21"])
def test_two_bubbles_alone_beside_a_frame_are_certain(label, share) -> None:
    card, changed = with_pair(156.7)  # 0.8 mm above the frame at 160
    picture = answer(print_page(changed), changed, usual_answers())
    fill(picture, bubble_rect(changed, "choose:选做", label), share=share)
    read, fields = values(scan(picture), card)
    assert read["choose:选做"] == label
    assert fields["choose:选做"].status is ReadingStatus.OK


@pytest.mark.parametrize("moved_mm", [-3.5, -2.0, -1.2, 1.2, 2.0, 3.5])
def test_two_bubbles_alone_that_are_not_where_the_page_says_are_never_wrong(moved_mm) -> None:
    card, changed = with_pair(156.2)
    picture = answer(print_page(changed), changed, usual_answers())
    fill(picture, bubble_rect(changed, "choose:选做", "20"))
    part = (slice(round(154 * PX), round(159.4 * PX)), slice(round(140 * PX), round(175 * PX)))
    picture[part] = np.roll(picture[part], round(moved_mm * PX), axis=1)
    read, fields = values(scan(picture), card)
    assert read["choose:选做"] == "20" or fields["choose:选做"].status is ReadingStatus.DOUBTFUL


def test_ragged_ends_of_a_fill_are_no_cancellation() -> None:
    picture = page()
    place = bubble_rect(FRONT, "item:1", "C")
    fill(picture, place)
    left, right, middle = place.x_mm - 0.8, place.right_mm + 0.8, place.center
    for end, y_mm in ((left, -0.2), (left, -1.0), (right, -1.0), (right, 1.0)):  # the pencil runs on, here and there
        stroke(picture, [(middle.x_mm, middle.y_mm + y_mm), (end, middle.y_mm + y_mm)], width_mm=0.3)
    changed = replace(
        FRONT, fields=tuple(replace(f, kind=FieldKind.MULTIPLE) if f.id == "item:1" else f for f in FRONT.fields)
    )
    read, fields = values(scan(picture), replace(CARD, pages=(changed,)))
    assert read["item:1"] == "AC"
    assert fields["item:1"].status is ReadingStatus.OK


def test_ink_over_the_bubbles_of_one_field_leaves_the_others_alone() -> None:
    picture = page()
    place = bubble_rect(FRONT, "item:5", "A")
    left, top = round((place.x_mm - 2) * PX), round((place.y_mm - 0.8) * PX)
    picture[top : top + round(4 * PX), left : left + round(24 * PX)] = 60  # a coffee stain as dark as pencil
    read, fields = values(scan(picture))
    assert fields["item:5"].status is ReadingStatus.DOUBTFUL or read["item:5"] == "ABCD"
    others = {key: value for key, value in read.items() if key not in ("item:4", "item:5", "item:6")}
    assert others == {key: value for key, value in usual_answers().items() if key in others}


def ring(picture, rect, grow_mm, width_mm=0.4) -> None:
    """A pen drawn around a bubble."""
    around = rect.grown(grow_mm)
    angles = np.linspace(0, 2 * np.pi, 30)
    middle = around.center
    points = [
        (middle.x_mm + around.width_mm / 2 * float(np.cos(a)), middle.y_mm + around.height_mm / 2 * float(np.sin(a)))
        for a in angles
    ]
    stroke(picture, points, width_mm=width_mm)


@pytest.mark.parametrize("grow_mm", [0.5, 0.7, 0.9])
def test_a_bubble_that_was_drawn_around_is_doubtful_and_never_surely_empty(grow_mm) -> None:
    picture = page(without=("item:1",))
    ring(picture, bubble_rect(FRONT, "item:1", "B"), grow_mm)
    read, fields = values(scan(picture))
    assert fields["item:1"].status is ReadingStatus.DOUBTFUL
    assert "ringed" in fields["item:1"].reasons
    assert read["item:1"] == "B"  # the best guess, for a person to confirm
    others = {key: value for key, value in usual_answers().items() if key != "item:1"}
    assert {key: read[key] for key in others} == others


def test_a_stain_is_no_mark() -> None:
    stain_share = 0.18
    picture = page(0.3, without=("item:12",))  # of a candidate whose marks are hardly darker than the stain
    place = bubble_rect(FRONT, "item:12", "B").center
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]] / PX
    away = np.hypot(columns - place.x_mm, rows - place.y_mm)
    picture = (picture * (1 - stain_share / (1 + np.exp((away - 5) / 0.4)))).astype(np.uint8)
    _, fields = values(scan(picture))
    assert fields["item:12"].status is ReadingStatus.DOUBTFUL
    read, fields = values(scan((page(0.75) * (1 - stain_share / (1 + np.exp((away - 5) / 0.4)))).astype(np.uint8)))
    assert read["item:12"] == usual_answers()["item:12"]


@pytest.mark.parametrize("weak_first", [True, False])
def test_a_thin_cross_among_several_bold_ones_is_not_dropped_as_dirt(weak_first) -> None:
    changed = replace(
        FRONT, fields=tuple(replace(f, kind=FieldKind.MULTIPLE) if f.id == "item:1" else f for f in FRONT.fields)
    )
    picture = page(without=("item:1",))
    bold, thin = ("D", "A") if weak_first else ("A", "D")
    place = bubble_rect(FRONT, "item:1", bold)
    for _ in range(2):
        cross(picture, place)
    fill(picture, place, darkness=0.3)
    rect = bubble_rect(FRONT, "item:1", thin).grown(-0.3)
    stroke(picture, [(rect.x_mm, rect.y_mm), (rect.right_mm, rect.bottom_mm)], width_mm=0.2, darkness=0.8)
    stroke(picture, [(rect.right_mm, rect.y_mm), (rect.x_mm, rect.bottom_mm)], width_mm=0.2, darkness=0.8)
    read, fields = values(scan(picture), replace(CARD, pages=(changed,)))
    assert read["item:1"] == "AD" or fields["item:1"].status is ReadingStatus.DOUBTFUL


def test_a_thin_tick_beside_a_bold_mark_is_asked_about_where_several_are_allowed() -> None:
    changed = replace(
        FRONT, fields=tuple(replace(f, kind=FieldKind.MULTIPLE) if f.id == "item:1" else f for f in FRONT.fields)
    )
    picture = page(without=("item:1",))
    fill(picture, bubble_rect(FRONT, "item:1", "A"))
    rect = bubble_rect(FRONT, "item:1", "D").grown(-0.3)
    points = [(rect.x_mm, rect.center.y_mm), (rect.center.x_mm - 0.3, rect.bottom_mm), (rect.right_mm, rect.y_mm)]
    stroke(picture, points, width_mm=0.1, darkness=0.8)
    _, fields = values(scan(picture), replace(CARD, pages=(changed,)))
    assert fields["item:1"].status is ReadingStatus.DOUBTFUL
    read, fields = values(scan(picture))  # where one mark is expected, the bold one is it
    assert (read["item:1"], fields["item:1"].status) == ("A", ReadingStatus.OK)


def test_a_large_tick_whose_strokes_lie_mostly_beside_its_bubble_is_not_empty() -> None:
    picture = page(without=("item:1",))
    place = bubble_rect(FRONT, "item:1", "B")
    points = [(place.x_mm - 0.9, place.center.y_mm), (place.x_mm + 0.3, place.bottom_mm + 0.5)]
    stroke(picture, [*points, (place.right_mm + 1.2, place.y_mm - 1.4)], width_mm=0.25)
    read, fields = values(scan(picture))
    assert read["item:1"] == "B" or fields["item:1"].status is ReadingStatus.DOUBTFUL


def test_bold_letters_of_a_one_bit_scan_are_no_marks() -> None:
    wanted = {key: "" if key in ("item:3", "item:7") else value for key, value in usual_answers().items()}
    grey = scan(answer(BLANK.copy(), FRONT, wanted), noise=2, blur_px=0.8)
    one_bit = np.where(grey > 208, 255, 0).astype(np.uint8)  # so light that every grey edge turns black
    read, fields = values(one_bit)
    wrong = {key for key, one in fields.items() if one.status is ReadingStatus.OK and one.value != wanted[key]}
    assert not wrong
    assert read["item:3"] == ""
    assert sum(one.status is ReadingStatus.OK for one in fields.values()) > 28


def test_two_dust_lines_side_by_side_are_no_tick() -> None:
    picture = page(without=("item:12",))
    x = bubble_rect(FRONT, "item:12", "B").center.x_mm
    for at in (x - 0.8, x + 0.5):
        stroke(picture, [(at, 95.0), (at, 150.0)], width_mm=0.2)
    _, fields = values(scan(picture))
    assert fields["item:12"].status is ReadingStatus.DOUBTFUL


def test_bubbles_under_a_slip_of_paper_are_not_surely_empty() -> None:
    """Nothing printed shows there: the map is certain, but what was filled in is not."""
    picture = page()
    rects = [bubble_rect(FRONT, f"item:{no}", label) for no in (11, 12, 13, 14) for label in "ABCD"]
    left, top = min(r.x_mm for r in rects) - 1, min(r.y_mm for r in rects) - 1
    right, bottom = max(r.right_mm for r in rects) + 1, max(r.bottom_mm for r in rects) + 1
    picture[round(top * PX) : round(bottom * PX), round(left * PX) : round(right * PX)] = 250
    _, fields = values(scan(picture))
    for no in (11, 12, 13, 14):
        assert fields[f"item:{no}"].status is ReadingStatus.DOUBTFUL
        assert "unverified" in fields[f"item:{no}"].reasons
    assert fields["item:1"].status is ReadingStatus.OK


@pytest.mark.parametrize(("white", "wide_mm"), [(190, 1.0), (170, 1.0), (170, 0.3)])
def test_a_white_streak_beside_bubbles_does_not_make_them_look_dark(white, wide_mm) -> None:
    """A dirty scanner draws it down the whole page of grey paper: what is darker than it is not therefore ink."""
    wanted = {key: "" if key == "item:12" else value for key, value in usual_answers().items()}
    grey = scan(page(without=("item:12",)), white=white)
    left = bubble_rect(FRONT, "item:12", "B").x_mm - (0.0 if wide_mm > 0.5 else 0.7)
    streak = grey[:, round(left * PX) : round((left + wide_mm) * PX)]
    streak[:] = np.clip(streak.astype(int) + 250 - white, 0, 255)
    _, fields = values(grey)
    doubtful = {key for key, one in fields.items() if one.status is ReadingStatus.DOUBTFUL}
    assert {key: one.value for key, one in fields.items() if key not in doubtful} == {
        key: value for key, value in wanted.items() if key not in doubtful
    }
    assert len(doubtful) <= 3
    assert not [key for key in doubtful if wanted[key]]  # at most blanks right beside the streak


@pytest.mark.parametrize("share", [(0.25, 0.3), (0.9, 0.1)])
def test_a_touch_of_the_pen_on_a_sheet_that_nobody_filled_in_is_no_answer(share) -> None:
    """How this candidate marks is not known there; the same touch beside thirty marks is not asked about."""
    picture = BLANK.copy()
    fill(picture, bubble_rect(FRONT, "item:5", "C"), share=share)
    fill(picture, bubble_rect(FRONT, "item:9", "A"), share=share)
    _, fields = values(scan(picture))
    for one in fields.values():
        assert not one.value or one.status is ReadingStatus.DOUBTFUL
    picture = BLANK.copy()
    fill(picture, bubble_rect(FRONT, "item:5", "C"))
    tick(picture, bubble_rect(FRONT, "item:9", "A").grown(0.3))
    read, fields = values(scan(picture))
    assert (read["item:5"], fields["item:5"].status) == ("C", ReadingStatus.OK)  # one clear mark is one
    assert read["item:9"] == "A"


@pytest.mark.parametrize("rim_mm", [0.15, 0.3])
def test_a_fill_of_which_one_bit_left_only_the_rim_is_not_surely_empty(rim_mm) -> None:
    picture = page(without=("item:12",))
    grey = scan(picture, noise=1, blur_px=0.4)
    one_bit = np.where(grey > 100, 255, 0).astype(np.uint8)  # no outline of an empty bubble is left
    rect = bubble_rect(FRONT, "item:12", "B")
    left, top, right, bottom = (round(at * PX) for at in (rect.x_mm, rect.y_mm, rect.right_mm, rect.bottom_mm))
    wide = max(1, round(rim_mm * PX))
    rng = np.random.default_rng(3)
    for part in (
        one_bit[top : top + wide, left:right],
        one_bit[bottom - wide : bottom, left:right],
        one_bit[top:bottom, left : left + wide],
        one_bit[top:bottom, right - wide : right],
    ):
        part[rng.random(part.shape) < 0.6] = 0
    read, fields = values(one_bit)
    assert fields["item:12"].status is ReadingStatus.DOUBTFUL
    assert read["item:12"] == "B"  # the best guess
    assert {key: read[key] for key in ("item:1", "item:2")} == {"item:1": "A", "item:2": "B"}


def test_a_fill_of_which_one_bit_left_only_a_bolder_letter_is_not_surely_empty() -> None:
    picture = page(without=("item:12",))
    one_bit = np.where(scan(picture, noise=1, blur_px=0.4) > 190, 255, 0).astype(np.uint8)
    read, _ = values(one_bit)
    assert read["item:12"] == ""
    inside = bubble_rect(FRONT, "item:12", "B").grown(-0.4)
    left, top, right, bottom = (round(at * PX) for at in (inside.x_mm, inside.y_mm, inside.right_mm, inside.bottom_mm))
    letter = one_bit[top:bottom, left:right]
    letter[:] = cv2.erode(letter, np.ones((3, 3), np.uint8))
    read, fields = values(one_bit)
    assert fields["item:12"].status is ReadingStatus.DOUBTFUL
    assert read["item:12"] in ("", "B")
