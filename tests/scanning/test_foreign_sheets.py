"""Invented foreign sheets, photographed and scanned: read by the shared reader, never silently wrong."""

import cv2
import numpy as np
import pytest

from models.words import PageCode, ReadingStatus
from scanning.cards.importers.omrchecker import import_omrchecker
from scanning.page.anchoring import register_anchored
from scanning.page.image import Refusal
from scanning.read_page import ReadingOptions, read_bytes
from tests.scanning.foreign_sheets import Sheet, Style, make_sheet, photograph, scan, template_bytes

STYLES = {
    "rings, paper": Style("ring", letters=True, grey=110, anchor="outline"),
    "boxes, markers": Style("box", letters=True, grey=120, anchor="markers"),
    "bare letters, markers": Style("letter", letters=True, grey=110, anchor="markers"),
    "bold rings, reference": Style("ring", letters=True, grey=70, anchor="features"),
    "empty rings, whole image": Style("ring", letters=False, grey=140, anchor="none"),
}


def card_of(sheet: Sheet):
    return import_omrchecker(template_bytes(sheet), lambda path, _place: sheet.images[path]).card


def read(sheet: Sheet, data: bytes):
    return read_bytes(data, card_of(sheet), ReadingOptions(crops=None, ocr="never"))


def silent_errors(sheet: Sheet, reading) -> dict[str, tuple[str, str]]:
    sure = {field.id: field.value for field in reading.fields if field.status is ReadingStatus.OK}
    return {name: (true, sure[name]) for name, true in sheet.truth.items() if sure.get(name, true) != true}


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize(("seed", "bubble_px"), [(11, 9), (12, 16)])
def test_photos_of_every_style_are_read(name, seed, bubble_px):
    style = STYLES[name]
    sheet = make_sheet(seed, style, items=20)
    data = scan(sheet, seed, bubble_px) if style.anchor == "none" else photograph(sheet, seed, bubble_px)
    reading = read(sheet, data)
    assert reading.code is None
    assert silent_errors(sheet, reading) == {}
    doubtful = [field.id for field in reading.fields if field.status is ReadingStatus.DOUBTFUL]
    assert len(doubtful) <= 1, doubtful


@pytest.mark.parametrize("turned", [1, 2])
def test_a_turned_photo_is_read_as_well(turned):
    sheet = make_sheet(21, STYLES["rings, paper"], items=20)
    reading = read(sheet, photograph(sheet, 21, 12, turned=turned))
    assert reading.turned_deg == 90 * turned
    assert silent_errors(sheet, reading) == {}


def test_the_fit_is_exact_to_a_fifth_of_a_bubble():
    sheet = make_sheet(31, STYLES["bold rings, reference"], items=20)
    image = cv2.imdecode(np.frombuffer(scan(sheet, 31, 16), np.uint8), cv2.IMREAD_GRAYSCALE)
    found = register_anchored(image, card_of(sheet).pages[0])
    assert not isinstance(found, Refusal)
    size_mm = found.page.fields[0].bubbles[0].rect.width_mm
    assert found.residual_mm < 0.2 * size_mm
    assert found.unseen is not None
    assert not found.unseen.any()


@pytest.mark.parametrize("kept", [0.8, 0.87])
def test_a_photo_cut_off_below_never_slips_a_row(kept):
    # The outline of what is left is stretched to the whole page: rows land up to three rows off at first.
    for seed in (300, 305):
        sheet = make_sheet(seed, STYLES["rings, paper"], items=20)
        whole = cv2.imdecode(np.frombuffer(photograph(sheet, seed, 11), np.uint8), cv2.IMREAD_GRAYSCALE)
        cut = whole[: int(kept * whole.shape[0])]
        reading = read(sheet, cv2.imencode(".jpg", cut)[1].tobytes())
        assert silent_errors(sheet, reading) == {}


def test_bubbles_that_are_covered_are_doubtful_not_empty():
    sheet = make_sheet(41, STYLES["rings, paper"], items=20)
    image = cv2.imdecode(np.frombuffer(scan(sheet, 41, 14), np.uint8), cv2.IMREAD_GRAYSCALE)
    found = register_anchored(image, card_of(sheet).pages[0])
    assert not isinstance(found, Refusal)
    row = next(field for field in found.page.fields if field.id == "q5")
    corners = np.concatenate([found.map.apply(bubble.rect.grown(1).corners()) for bubble in row.bubbles]).astype(int)
    cv2.rectangle(image, tuple(corners.min(axis=0).tolist()), tuple(corners.max(axis=0).tolist()), 245, -1)
    reading = read(sheet, cv2.imencode(".png", image)[1].tobytes())
    covered = next(field for field in reading.fields if field.id == "q5")
    assert covered.status is ReadingStatus.DOUBTFUL
    assert "unverified" in covered.reasons
    assert silent_errors(sheet, reading) == {}


def test_what_is_not_this_sheet_is_refused():
    sheet = make_sheet(51, STYLES["rings, paper"], items=20)
    rng = np.random.default_rng(5)
    pictures = {
        "blank paper": np.full((1200, 900), 235, np.uint8),
        "grain": rng.integers(0, 255, (600, 500)).astype(np.uint8),
        "another sheet": cv2.imdecode(
            np.frombuffer(photograph(make_sheet(52, STYLES["boxes, markers"], items=40), 52, 12), np.uint8),
            cv2.IMREAD_GRAYSCALE,
        ),
    }
    page = card_of(sheet).pages[0]
    assert {name: register_anchored(image, page) for name, image in pictures.items()} == {
        "blank paper": Refusal(PageCode.UNREGISTERED),
        "grain": Refusal(PageCode.UNREGISTERED),
        "another sheet": Refusal(PageCode.POOR_FIT),
    }
