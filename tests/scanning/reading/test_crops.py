"""What a marker gets to see: the region upright, nothing of the identity zone, no metadata; ink is measured."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.geometry import RectMm
from scanning.cards.template import CardTemplate
from scanning.read_page import read_page
from scanning.reading.crop_plan import CropOptions
from tests.scanning.drawn_cards import PX, drawn_card, print_page, scan, stroke

CARD = drawn_card()
FRONT = CARD.pages[0]


def crops_of(grey, card=CARD):
    reading = read_page(grey, card)
    assert reading.code is None, reading
    return {(crop.region, crop.part): crop for crop in reading.crops}, reading


def pixels(crop):
    return cv2.imdecode(np.frombuffer(crop.jpeg, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("angle_deg", [0.0, 0.8, 2.5])
def test_crops_are_upright_and_show_their_own_region(turn, angle_deg) -> None:
    picture = print_page(FRONT)
    left, top = round(20 * PX), round(165 * PX)
    picture[top : top + round(5 * PX), left : left + round(10 * PX)] = 0  # a black box in the upper left of region 31
    crops, _ = crops_of(scan(picture, turn=turn, angle_deg=angle_deg, pad_px=90))
    seen = pixels(crops["31", 1])
    assert seen.ndim == 2
    assert (seen.shape[1], seen.shape[0]) == (crops["31", 1].width_px, crops["31", 1].height_px)
    assert seen.shape[1] > 4 * seen.shape[0]
    dark = np.argwhere(seen[round(2 * PX) : -round(2 * PX), round(2 * PX) : round(20 * PX)] < 90).mean(axis=0)
    row, column = (dark / PX + 2).tolist()
    assert column == pytest.approx(10.0, abs=2.0 if 0 < angle_deg < 1 else 0.6)
    assert row == pytest.approx(7.5, abs=3.2 if 0 < angle_deg < 1 else 0.6)  # an upright box at 0.8° is 2.5 mm taller


@pytest.mark.parametrize("turn", [0, 3])
@pytest.mark.parametrize("angle_deg", [0.0, 0.9, -3.0])
def test_no_pixel_of_an_identity_zone_reaches_a_crop(turn, angle_deg) -> None:
    zone = RectMm(100, 195, 60, 12)  # over the border of both regions
    card = CardTemplate("math", 1, CARD.hash, (replace(FRONT, identity_zones=(zone,)), CARD.pages[1]))
    picture = print_page(FRONT)
    picture[round(195 * PX) : round(207 * PX), round(100 * PX) : round(160 * PX)] = 0
    crops, _ = crops_of(scan(picture, turn=turn, angle_deg=angle_deg, pad_px=90), card)
    for crop in crops.values():
        seen = pixels(crop)
        inside = seen[round(1.5 * PX) : -round(1.5 * PX), round(60 * PX) : -round(20 * PX)]
        if angle_deg:
            inside = inside[:, : round(60 * PX)]
        frame = cv2.erode((inside < 120).astype(np.uint8), np.ones((9, 9), np.uint8))  # the printed frame is thinner
        assert not frame.any()


def test_crops_carry_no_metadata() -> None:
    crops, _ = crops_of(scan(print_page(FRONT)))
    for crop in crops.values():
        for word in (b"Exif", b"http", b"Photoshop", b"ICC_PROFILE"):
            assert word not in crop.jpeg


def test_ink_is_measured_and_an_empty_region_has_none() -> None:
    picture = print_page(FRONT)
    empty, _ = crops_of(scan(picture))
    assert empty["31", 1].ink < 0.0005
    assert empty["31", 1].overflow_mm2 == 0.0
    for line in range(5):
        stroke(picture, [(25, 167 + 6 * line), (120, 168 + 6 * line)])
    written, _ = crops_of(scan(picture))
    # Five strokes, 5 px wide after the scanner's blur, and 95 mm long on 178.4 x 38.4 mm.
    assert written["31", 1].ink == pytest.approx(5 * 95 * 5 / PX / (178.4 * 38.4), rel=0.2)
    assert written["32", 1].ink < 0.0005


def test_writing_that_runs_over_the_border_is_measured() -> None:
    picture = print_page(FRONT)
    for x in (50, 60, 70):
        stroke(picture, [(x, 190), (x + 1, 203)])
    crops, reading = crops_of(scan(picture))
    assert crops["31", 1].overflow_mm2 > 0.5
    assert reading.overflow_mm2 >= crops["31", 1].overflow_mm2


def test_a_higher_quality_gives_larger_crops() -> None:
    from scanning.read_page import ReadingOptions

    grey = scan(print_page(FRONT))
    sizes = [
        sum(len(crop.jpeg) for crop in read_page(grey, CARD, ReadingOptions(crops=CropOptions(jpeg_quality=q))).crops)
        for q in (50, 80, 95)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
