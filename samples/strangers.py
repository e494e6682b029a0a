"""Pages that are no side of the card they are read with: none of them may be read as one.

In:  which kind, the card, a Profile's seed. Out: DrawnSide whose truth has no side.
A delivery holds other cards, other versions, letters, forms of other offices with marks in their corners, blank pages.
"""

from dataclasses import replace
from enum import StrEnum

import cv2
import numpy as np

from models.geometry import RectMm, SizeMm
from samples.draw import DrawnSide
from samples.hand import HandMix, draw_hand
from samples.prints import Grey
from samples.scan_plan import ScanProfile, plan_scan
from samples.scanner import scan_side
from samples.strokes import MM_PER_INCH, draw_strokes
from samples.trouble import blank_page, picture
from samples.truth import PageTruth
from samples.writing import write_line

_A4 = SizeMm(210.0, 297.0)
_DPI = 200.0


class Stranger(StrEnum):
    """What the page is instead."""

    OTHER_CARD = "othercard"
    OTHER_VERSION = "otherversion"
    LETTER = "letter"
    FORM = "form"
    PICTURE = "picture"
    BLANK = "blank"


def no_side(drawn: DrawnSide, kind: Stranger) -> DrawnSide:
    """The same image, with the truth that it is no side of the card it is read with."""
    return replace(drawn, truth=PageTruth("", 1, "", None, troubles=(kind.value,)))


def draw_stranger(kind: Stranger, profile: ScanProfile, rng: np.random.Generator) -> DrawnSide:
    """A letter, a form of another office, a picture or a blank page, scanned. Raises KeyError for cards."""
    if kind is Stranger.BLANK:
        return no_side(DrawnSide(blank_page(rng), ".jpg", PageTruth("", 1, "", None)), kind)
    if kind is Stranger.PICTURE:
        return no_side(DrawnSide(picture(rng), ".jpg", PageTruth("", 1, "", None)), kind)
    page = {Stranger.LETTER: _letter, Stranger.FORM: _form}[kind](rng)
    hand = draw_hand(HandMix.MIXED, rng)
    ink = np.zeros(page.shape, dtype=np.uint8)
    for line in range(int(rng.integers(3, 20))):
        rect = RectMm(25.0, 60.0 + 9 * line, float(rng.uniform(20, 150)), 4.5)
        draw_strokes(ink, write_line(rect, hand, rng), hand.pen, _DPI, rng)
    scan = scan_side(page, ink, _DPI, plan_scan(profile, _A4, rng), np.empty((0, 2)))
    return no_side(DrawnSide(scan.data, scan.suffix, PageTruth("", 1, "", None)), kind)


def _paper() -> Grey:
    k = _DPI / MM_PER_INCH
    return np.full((round(_A4.height_mm * k), round(_A4.width_mm * k)), 255, dtype=np.uint8)


def _letter(rng: np.random.Generator) -> Grey:
    """Printed lines with a heading."""
    page = _paper()
    for line in range(int(rng.integers(15, 45))):
        words = "".join(chr(97 + int(letter)) if letter < 26 else " " for letter in rng.integers(0, 31, 60))
        cv2.putText(page, words, (170, 260 + 42 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (30,), 2, cv2.LINE_AA)
    return page


def _form(rng: np.random.Generator) -> Grey:
    """Another office's bubble sheet: squares in its corners, bars along its edges, rows of boxes or ovals, a frame."""
    page = _paper()
    k = _DPI / MM_PER_INCH

    def box(x: float, y: float, w: float, h: float, line: int = -1) -> None:
        cv2.rectangle(page, (round(x * k), round(y * k)), (round((x + w) * k), round((y + h) * k)), (20,), line)

    inset, side = float(rng.uniform(6, 14)), float(rng.uniform(3.5, 7))
    tall = side if rng.random() < 0.5 else 0.7 * side
    for x in (inset, _A4.width_mm - inset - side):
        for y in (inset, _A4.height_mm - inset - tall):
            box(x, y, side, tall)
    if rng.random() < 0.6:
        box(inset + side + 4, inset, 1.5 * side, tall)
    step = float(rng.uniform(5, 9))
    for at in range(4, int((_A4.height_mm - 40) / step)):
        if rng.random() < 0.97:
            box(inset, inset + step * at, 3.0, 1.5)
    left, top, pitch_x, pitch_y = rng.uniform(25, 40), rng.uniform(60, 110), rng.uniform(5, 7), rng.uniform(4, 6)
    for row in range(int(rng.integers(10, 35))):
        for column in range(int(rng.integers(12, 22))):
            x, y = left + column * pitch_x, top + row * pitch_y
            if rng.random() < 0.5:
                box(x, y, 4.0, 2.5, 1)
            else:
                center = (round((x + 2) * k), round((y + 1.25) * k))
                cv2.ellipse(page, center, (round(2 * k), round(1.25 * k)), 0, 0, 360, (60,), 1, cv2.LINE_AA)
            if rng.random() < 0.2:
                box(x + 0.3, y + 0.3, 3.4, 1.9)
    box(left - 5, top - 5, 150, 120, 2)
    return page
