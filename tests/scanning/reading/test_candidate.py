"""Whose sheet it is: bubbles, barcode and printed digits, alone and against each other."""

import numpy as np
import pytest
import zxingcpp

from models.geometry import RectMm
from models.words import FieldKind, ReadingStatus
from scanning.cards.template import Barcode, CardPage, CardTemplate
from scanning.read_page import ReadingOptions, read_page
from scanning.reading.candidate import vote
from scanning.reading.result import FieldReading
from tests.scanning.drawn_cards import PX, answer, drawn_card, print_page, scan, usual_answers

CARD = drawn_card()
FRONT = CARD.pages[0]


def bubbles(value: str, status=ReadingStatus.OK) -> FieldReading:
    return FieldReading("candidate", FieldKind.DIGITS, value, status, 0.8, (), () if status == "ok" else ("faint",))


@pytest.mark.parametrize(
    ("number", "codes", "printed", "value", "status", "reasons"),
    [
        ("12345670", (), "", "12345670", "ok", ()),
        ("12345670", ("12345670",), "", "12345670", "ok", ()),
        ("", ("12345670",), "", "12345670", "ok", ()),
        ("", (), "", "", "ok", ()),
        ("12345670", ("12345671",), "", "12345671", "doubtful", ("conflict",)),
        ("12345670", (), "12345671", "12345670", "doubtful", ("conflict",)),
        ("12345670", (), "1234567", "12345670", "ok", ()),  # OCR that lost a digit says nothing
        ("12-45670", ("12345670",), "", "12345670", "ok", ()),  # a forgotten column beside a sure code
        ("19-45670", ("12345670",), "", "12345670", "doubtful", ("conflict",)),
        ("", ("A1234567",), "", "A1234567", "doubtful", ("payload",)),
        ("", ("1234567",), "", "1234567", "doubtful", ("payload",)),
        ("", ("１２３４５６７０",), "", "１２３４５６７０", "doubtful", ("payload",)),
        ("12345670", ("12345670", "12345671"), "", "12345670", "doubtful", ("two_barcodes", "conflict")),
        ("-2345670", (), "", "-2345670", "ok", ()),
    ],
)
def test_the_vote(number, codes, printed, value, status, reasons) -> None:
    result = vote(bubbles(number), codes, printed, 8)
    assert (result.value, result.status.value, result.reasons) == (value, status, reasons)


def test_a_doubtful_bubble_number_is_settled_by_a_code_that_fits_it() -> None:
    doubtful = bubbles("12345?70", ReadingStatus.DOUBTFUL)
    assert vote(doubtful, ("12345670",), "", 8).status is ReadingStatus.OK
    assert vote(doubtful, ("92345670",), "", 8).status is ReadingStatus.DOUBTFUL
    alone = vote(doubtful, (), "", 8)
    assert (alone.value, alone.status.value, alone.reasons) == ("12345?70", "doubtful", ("faint",))


def test_a_barcode_place_that_cannot_be_read_is_doubtful_where_there_are_no_bubbles() -> None:
    result = vote(None, (), "", 8, expects_barcode=True)
    assert (result.value, result.status.value, result.reasons) == ("", "doubtful", ("unread",))


def sticker(text: str, width_mm=48.0):
    bars = np.asarray(
        zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128).to_image(scale=1, add_quiet_zones=False)
    )[0]
    width = round(width_mm * PX)
    line = np.repeat(bars, max(1, width // bars.size))
    return np.tile(line, (round(9 * PX), 1))


def stuck(text: str, number="", angle_deg=0.0):
    import cv2

    picture = answer(print_page(FRONT), FRONT, usual_answers(number or "--------"))
    bars = sticker(text)
    canvas = np.full((round(14 * PX), bars.shape[1] + round(8 * PX)), 255, np.uint8)
    top, left = (canvas.shape[0] - bars.shape[0]) // 2, (canvas.shape[1] - bars.shape[1]) // 2
    canvas[top : top + bars.shape[0], left : left + bars.shape[1]] = bars
    turn = cv2.getRotationMatrix2D((canvas.shape[1] / 2, canvas.shape[0] / 2), angle_deg, 1.0)
    canvas = cv2.warpAffine(canvas, turn, canvas.shape[::-1], borderValue=255)
    y, x = round(40.5 * PX), round(42 * PX)
    picture[y : y + canvas.shape[0], x : x + canvas.shape[1]] = canvas
    return picture


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("angle_deg", [0.0, 3.0, 180.0])
def test_a_sticker_is_read_however_page_and_sticker_are_turned(turn, angle_deg) -> None:
    reading = read_page(scan(stuck("12345670", angle_deg=angle_deg), turn=turn), CARD, ReadingOptions(crops=None))
    assert (reading.candidate.value, reading.candidate.status.value) == ("12345670", "ok")
    assert reading.candidate.margin == 1.0


def test_sticker_and_bubbles_that_differ_wait_for_a_person() -> None:
    reading = read_page(scan(stuck("12345670", number="12345671")), CARD, ReadingOptions(crops=None))
    assert reading.candidate.status is ReadingStatus.DOUBTFUL
    assert reading.candidate.reasons == ("conflict",)
    assert {voice.source: voice.text for voice in reading.candidate.voices} == {
        "barcode": "12345670",
        "bubbles": "12345671",
    }


def test_a_printed_number_is_read_where_nothing_else_speaks() -> None:
    import cv2

    place = RectMm(40, 60, 60, 10)
    page = CardPage(
        1,
        FRONT.size,
        FRONT.fiducials,
        FRONT.fields[1:],
        (Barcode("candidate", "code128", RectMm(40, 40, 60, 15)),),
        FRONT.regions,
        FRONT.code,
        FRONT.code_payload,
        (),
        FRONT.frames,
        printed_number=place,
    )
    card = CardTemplate("math", 1, CARD.hash, (page,))
    picture = print_page(page)
    cv2.putText(picture, "12345670", (round(44 * PX), round(67 * PX)), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 0, 3, cv2.LINE_AA)
    reading = read_page(scan(picture, turn=2), card, ReadingOptions(crops=None))
    if "no_ocr" in reading.warnings:
        pytest.fail("Tesseract is not installed: install the system package `tesseract-ocr`")
    assert reading.candidate.value == "12345670"
    assert reading.candidate.status is ReadingStatus.DOUBTFUL  # OCR alone never settles whose sheet it is
