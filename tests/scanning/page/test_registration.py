"""Any turn, skew and scale gives the same side and the same place; a bad fit gives no reading at all."""

import cv2
import numpy as np
import pytest

from models.geometry import Homography, RectMm
from models.words import PageCode
from samples.layouts import layouts
from samples.prints import print_card
from scanning.cards.builder import build_card
from scanning.cards.fonts import find_fonts
from scanning.cards.machine_code import code_marks
from scanning.page.code import make_pattern, which_code
from scanning.page.fit import FittedMap
from scanning.page.image import Refusal
from scanning.page.print_fit import Found, Side
from scanning.page.probes import make_probes
from scanning.page.registration import register
from scanning.read_page import ReadingOptions, read_page
from tests.scanning.drawn_cards import PX, answer, drawn_card, print_page, scan, usual_answers

CODED = drawn_card()
PLAIN = drawn_card(coded=False, orient=False, framed=False, sides=1)


def look(card, grey) -> Found | Refusal:
    return register(grey, [Side(page, make_probes(page)) for page in card.pages])


def filled(card, page=1):
    own = card.page(page)
    framed = card is not PLAIN
    return answer(print_page(own, framed=framed), own, usual_answers())


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("page", [1, 2])
def test_each_side_is_found_in_all_four_orientations(turn, page) -> None:
    found = look(CODED, scan(filled(CODED, page), turn=turn, angle_deg=0.7, pad_px=20))
    assert isinstance(found, Found), found
    assert found.registration.page.page == page
    # np.rot90 turns against the clock: one quarter shows the card's x axis pointing up, 270° clockwise.
    assert found.registration.turned_deg == (360 - 90 * turn) % 360
    assert found.registration.skew_deg == pytest.approx(-0.7, abs=0.03)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_card_with_nothing_but_four_equal_marks_and_bubbles_is_found_the_right_way_round(turn) -> None:
    found = look(PLAIN, scan(filled(PLAIN), turn=turn))
    assert isinstance(found, Found), found
    assert found.registration.turned_deg == (360 - 90 * turn) % 360


@pytest.mark.parametrize(
    "how",
    [
        {"angle_deg": 3.0, "pad_px": 60},
        {"angle_deg": -8.0, "pad_px": 200},
        {"scale": (1.01, 0.985)},
        {"scale": (0.93, 0.93)},
        {"pad_px": 150, "border": 0},
        {"white": 200, "black": 110},
    ],
)
def test_the_map_says_where_a_place_of_the_card_really_is(how) -> None:
    grey = scan(filled(CODED), **how)
    found = look(CODED, grey)
    assert isinstance(found, Found), found
    pad, (sx, sy), angle = how.get("pad_px", 0), how.get("scale", (1, 1)), how.get("angle_deg", 0.0)
    page_px = np.array([210, 297]) * PX
    turned = cv2.getRotationMatrix2D((round(page_px[0]) / 2, round(page_px[1]) / 2), angle, 1.0)
    for x_mm, y_mm in ((30.0, 110.0), (165.0, 70.0), (20.0, 270.0), (190.0, 170.0)):
        # A place on the paper is (mm * px per mm - 0.5) in the coordinates of px middles.
        place = turned @ [x_mm * PX - 0.5, y_mm * PX - 0.5, 1.0]
        expected = place * (sx, sy) + pad
        got = found.registration.map.apply(np.array([[x_mm, y_mm]]))[0]
        assert np.abs(got - expected).max() < 0.2 * PX  # 0.2 mm
    assert found.registration.residual_mm < 0.2


@pytest.mark.parametrize("lost", ["tl", "tr", "bl", "br", "orient"])
def test_any_mark_may_be_missing(lost) -> None:
    picture = filled(CODED)
    rect = next(mark.rect for mark in CODED.pages[0].fiducials if mark.id == lost)
    paint(picture, rect.grown(2), 255)
    found = look(CODED, scan(picture, turn=2))
    assert isinstance(found, Found), found
    assert "mark_missing" in found.warnings
    assert found.registration.residual_mm < 0.3


def test_a_half_covered_mark_does_not_pull_the_map() -> None:
    picture = filled(CODED)
    paint(picture, RectMm(199, 285, 6, 6), 255)  # half of the lower right mark
    found = look(CODED, scan(picture))
    assert isinstance(found, Found), found
    corner = found.registration.map.apply(np.array([[190.0, 275.0]]))[0]
    assert np.abs(corner - (np.array([190.0, 275.0]) * PX - 0.5)).max() < 0.3 * PX


def test_the_side_is_found_without_its_code_by_what_is_printed_on_it() -> None:
    for page in (1, 2):
        picture = filled(CODED, page)
        paint(picture, CODED.page(page).code.grown(1), 120)
        found = look(CODED, scan(picture, turn=1))
        assert isinstance(found, Found), found
        assert found.registration.page.page == page
        assert "code_unread" in found.warnings


def test_paper_that_was_stretched_in_the_feed_is_followed() -> None:
    grey = scan(filled(CODED))
    rows = np.arange(grey.shape[0], dtype=np.float32)
    bend = 4.0 * np.sin(rows / grey.shape[0] * 2 * np.pi)  # half a millimetre up and down, not at the corners
    columns = np.arange(grey.shape[1], dtype=np.float32)
    xs, ys = np.meshgrid(columns, rows + bend.astype(np.float32))
    bent = cv2.remap(grey, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    found = look(CODED, bent)
    assert isinstance(found, Found), found
    for y_mm in (75.0, 120.0, 222.0):
        got = found.registration.map.apply(np.array([[60.0, y_mm]]))[0][1]
        wanted = y_mm * PX - 0.5
        true_row = next(r for r in range(grey.shape[0]) if r + bend[r] >= wanted)
        assert abs(got - true_row) < 0.25 * PX


@pytest.mark.parametrize("torn_mm", [0.8, 1.5, 3.0])
def test_a_torn_page_is_refused_or_its_fields_are_doubtful_but_never_silently_wrong(torn_mm) -> None:
    grey = scan(filled(CODED))
    half = round(122 * PX)  # through the items: above it stays, below it moves
    grey[half:, :] = np.roll(grey[half:, :], round(torn_mm * PX), axis=1)
    reading = read_page(grey, CODED, ReadingOptions(crops=None))
    wrong = [one.id for one in reading.fields if one.status == "ok" and one.value != usual_answers()[one.id]]
    assert not wrong
    if torn_mm == 3.0:
        assert reading.code is PageCode.POOR_FIT or any("unverified" in one.reasons for one in reading.fields)


PITCH_X, PITCH_Y = 5.5, 4.4  # of the drawn card's bubbles


@pytest.mark.parametrize("card", [CODED, PLAIN], ids=["coded", "plain"])
@pytest.mark.parametrize("pitches", [-2, -1, 1, 2])
@pytest.mark.parametrize("torn_at_mm", [40, 80, 105, 120])
def test_a_tear_of_whole_bubble_pitches_never_slips_into_the_next_column(card, pitches, torn_at_mm) -> None:
    grey = scan(filled(card))
    below = round(torn_at_mm * PX)
    grey[below:] = np.roll(grey[below:], round(pitches * PITCH_X * PX), axis=1)
    assert silently_wrong(grey, card) == []


@pytest.mark.parametrize("pitches", [-1, 1])
@pytest.mark.parametrize("torn_at_mm", [30, 100, 140, 180])
def test_a_tear_along_the_page_never_slips_into_the_next_row(pitches, torn_at_mm) -> None:
    grey = scan(filled(CODED))
    right = round(torn_at_mm * PX)
    grey[:, right:] = np.roll(grey[:, right:], round(pitches * PITCH_Y * PX), axis=0)
    assert silently_wrong(grey, CODED) == []


@pytest.mark.parametrize("folded_at_mm", [80, 105, 120])
def test_two_rows_folded_away_are_noticed(folded_at_mm) -> None:
    grey = scan(filled(CODED))
    below, away = round(folded_at_mm * PX), round(2 * PITCH_Y * PX)
    short = np.vstack([grey[:below], grey[below + away :], np.full((away, grey.shape[1]), 242, np.uint8)])
    assert silently_wrong(short, CODED) == []


def silently_wrong(grey, card) -> list[str]:
    reading = read_page(grey, card, ReadingOptions(crops=None))
    return [one.id for one in reading.fields if one.status == "ok" and one.value != usual_answers()[one.id]]


def test_another_papers_card_is_refused_as_wrong_card() -> None:
    found = look(CODED, scan(filled(drawn_card(paper="english")), turn=1))
    assert isinstance(found, Refusal)
    assert found.code is PageCode.WRONG_CARD


def test_another_version_is_refused_as_wrong_version() -> None:
    found = look(CODED, scan(filled(drawn_card(version=2))))
    assert isinstance(found, Refusal)
    assert found.code is PageCode.WRONG_VERSION


def test_a_foreign_page_is_unregistered_and_an_empty_one_blank() -> None:
    rng = np.random.default_rng(3)
    letter = np.full((2339, 1654), 245, dtype=np.uint8)
    for line in range(40):
        cv2.putText(letter, "".join(rng.choice(list("abcdefgh "), 60)), (150, 200 + 45 * line), 0, 0.8, 40, 2)
    refused = look(CODED, letter)
    assert isinstance(refused, Refusal)
    assert refused.code is PageCode.UNREGISTERED
    blank = look(CODED, np.clip(rng.normal(244, 3, (2339, 1654)), 0, 255).astype(np.uint8))
    assert isinstance(blank, Refusal)
    assert blank.code is PageCode.BLANK_PAGE


def paint(picture, rect: RectMm, grey: int) -> None:
    picture[
        max(0, round(rect.y_mm * PX)) : round(rect.bottom_mm * PX),
        max(0, round(rect.x_mm * PX)) : round(rect.right_mm * PX),
    ] = grey


def test_the_eye_of_a_machine_code_is_not_taken_for_the_mark_beside_it_on_a_tilted_photo(printed) -> None:
    height, width = printed.side(1).shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    seen = 0
    for far in (0.93, 0.95, 0.97):  # the far edge of the page is so much shorter than the near one
        shift = (1 - far) * width / 2
        tilted = corners + np.array([[shift, 0], [-shift, 0], [0, 0], [0, 0]], dtype=np.float32)
        matrix = cv2.getPerspectiveTransform(corners, tilted * 0.62 + 40)
        photo = cv2.warpPerspective(printed.side(1), matrix, (1180, 1600), borderValue=70)
        found = register(photo, sides_of(printed.template))
        assert isinstance(found, Found), (far, found)
        assert found.registration.residual_mm < 0.3
        seen += "mark_missing" not in found.warnings
    assert seen == 3


@pytest.mark.parametrize("kept", [("orient",), ("tr", "br"), ("bl",), ()])
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_page_with_too_few_marks_is_found_along_its_tracks_from_the_machine_code(printed, kept, turn) -> None:
    picture = printed.side(1).copy()
    page = printed.template.pages[0]
    for mark in page.fiducials:
        if mark.id not in kept:
            paint(picture, mark.rect.grown(1.0), 255)
    grey = np.ascontiguousarray(np.rot90(cv2.GaussianBlur(picture, (0, 0), 0.7), turn))
    found = register(grey, sides_of(printed.template))
    assert isinstance(found, Found), found
    assert found.registration.turned_deg == (360 - 90 * turn) % 360
    straight = np.array([[30.0, 110.0], [165.0, 70.0], [190.0, 270.0]])
    got = found.registration.map.apply(straight)
    height, width = picture.shape
    x, y = (straight * PX - 0.5).T
    wanted = {0: (x, y), 1: (y, width - 1 - x), 2: (width - 1 - x, height - 1 - y)}[turn]
    assert np.abs(got - np.column_stack(wanted)).max() < 0.25 * PX


@pytest.mark.parametrize(("cut_mm", "by_mm", "is_refused"), [(75, 8, True), (94, -8, True), (150, 8, False)])
def test_tracks_that_were_cut_off_from_their_code_do_not_lead_into_another_row(
    printed, cut_mm, by_mm, is_refused
) -> None:
    page = printed.template.pages[0]
    picture = printed.side(1).copy()
    for mark in page.fiducials:
        paint(picture, mark.rect.grown(1.0), 255)
    half = round(cut_mm * PX)
    picture[half:] = np.roll(picture[half:], round(by_mm * PX), axis=1)  # the lower part slipped by one bar
    found = register(picture, sides_of(printed.template))
    assert isinstance(found, Refusal) is is_refused
    if isinstance(found, Found):  # all bubbles lie above the cut, and the bars below it did not pull them along
        centers = [bubble.rect.center for field in page.fields for bubble in field.bubbles]
        place = np.array([[one.x_mm, one.y_mm] for one in centers])
        assert np.abs(found.registration.map.apply(place) - (place * PX - 0.5)).max() < 0.2 * PX


def test_a_side_without_its_code_is_told_by_what_it_alone_has(two_sided) -> None:
    """The back has tracks and marks only, which the front has as well: it must not be taken for every front."""
    for page in two_sided.template.pages:
        picture = two_sided.side(page.page).copy()
        paint(picture, page.code.grown(1.0), 255)
        for mode in ("grey", "one bit"):
            # One bit loses the pale outlines of bubbles: what is left is frames against nothing.
            grey = picture if mode == "grey" else np.where(picture > 110, 255, 0).astype(np.uint8)
            found = register(grey, sides_of(two_sided.template))
            if isinstance(found, Found):
                assert found.registration.page.page == page.page, mode
                assert "code_unread" in found.warnings
            else:
                assert found.code is PageCode.UNREGISTERED
    front = two_sided.side(1).copy()
    paint(front, two_sided.template.pages[0].code.grown(1.0), 255)
    assert isinstance(register(front, sides_of(two_sided.template)), Found)


@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("lost", ["upper half", "left half", "smeared"])
def test_a_side_is_told_by_what_is_left_of_its_code(two_sided, page, lost) -> None:
    """An empty back has nothing of its own, and on paper of its grey a front's frames are found by chance."""
    own = two_sided.template.page(page)
    picture = two_sided.side(page).copy()
    code = own.code
    half = {
        "upper half": RectMm(code.x_mm, code.y_mm, code.width_mm, code.height_mm / 2),
        "left half": RectMm(code.x_mm, code.y_mm, code.width_mm / 2, code.height_mm),
    }
    if lost in half:
        paint(picture, half[lost], 255)
    else:
        left, top, right, bottom = (round(edge * PX) for edge in (code.x_mm, code.y_mm, code.right_mm, code.bottom_mm))
        picture[top:bottom, left:right] = cv2.blur(picture[top:bottom, left:right], (9, 9))
    sides = [Side(one, make_probes(one), make_pattern(one)) for one in two_sided.template.pages]
    found = register(picture, sides)
    assert isinstance(found, Found), found
    assert found.registration.page.page == page


@pytest.mark.parametrize("spread", [3, 5])
def test_another_version_whose_code_cannot_be_read_is_not_read_as_this_one(printed, spread) -> None:
    """All else is printed as on this card; toner has blotted the code."""
    other = with_version(printed.template, 2)
    for payload, is_mine in ((printed.template.pages[0].code_payload, True), (other, False)):
        picture = printed.side(1).copy()
        place = printed.template.pages[0].code
        paint(picture, place, 255)
        for module in code_marks(payload, place):
            paint(picture, module.rect, 0)
        left, top, right, bottom = (
            round(edge * PX) for edge in (place.x_mm, place.y_mm, place.right_mm, place.bottom_mm)
        )
        code = picture[top:bottom, left:right]
        code[:] = cv2.erode(code, np.ones((spread, spread), np.uint8))
        code[:, : round(3 * PX)] = 0  # a smear over two of its eyes: no reader finds it
        sides = [Side(one, make_probes(one), make_pattern(one)) for one in printed.template.pages]
        assert isinstance(register(picture, sides), Found) is is_mine


def with_version(card, version) -> str:
    head, _, side = card.pages[0].code_payload.rpartition(":")
    return f"{head.rpartition(':')[0]}:{version}:{side}"


def test_no_side_is_told_by_a_code_that_is_gone(two_sided) -> None:
    patterns = [make_pattern(page) for page in two_sided.template.pages]
    upright = FittedMap.plain(Homography(np.array([[PX, 0, -0.5], [0, PX, -0.5], [0, 0, 1.0]])))
    picture = two_sided.side(1).copy()
    assert which_code(picture, upright, patterns) == 0
    assert which_code(two_sided.side(2), upright, patterns) == 1
    assert which_code(two_sided.side(2), upright, patterns[:1]) is None  # alone it differs from nothing
    for seed in range(20):
        grain = np.random.default_rng(seed).normal(240, 6, picture.shape[:2])
        assert which_code(np.clip(grain, 0, 255).astype(np.uint8)[: round(60 * PX)], upright, patterns) is None


def sides_of(card) -> list[Side]:
    return [Side(page, make_probes(page)) for page in card.pages]


@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirror_image_is_refused_although_its_code_can_be_read(axis) -> None:
    # Three of four marks stand where a mirrored page has them, and readers of machine codes take mirrored ones.
    printed = print_card(build_card(layouts(("a4-20x4-8",))["a4-20x4-8"]), find_fonts())
    mirrored = np.ascontiguousarray(np.flip(printed.sides[0], axis=axis))
    reading = read_page(mirrored, printed.template, ReadingOptions(crops=None, ocr="never"))
    assert reading.code is PageCode.POOR_FIT
    assert reading.fields == ()
