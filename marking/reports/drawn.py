"""Draw a marker's annotations on the image of a response: the one place on the server that does.

In:  a Pillow image of the crop; checked annotations (marking/rounds/annotations.py); the position of the crop among the
     images of its response; a font file for words. Out: a new RGB image. Lengths are px of the crop, y points down.

web/static/marking/figures.js draws the same shapes on the screen; a test holds the two within one px of each other.
Change both or none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

COLOUR = (208, 2, 27)

_BASELINE = 0.86  # of the size, from the top of a character's cell
_LINE = 1.25  # from one line of text to the next
_WIDE_FROM = 0x2E80  # Chinese characters and their punctuation take a whole cell
_NARROW = 0.56
_FINER = 4  # drawn so many times larger and made small again, for smooth edges
_MARGIN_PX = 3

_TICK = ((-0.5, 0.05), (-0.15, 0.45), (0.55, -0.5))
_SIGNS: Mapping[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "tick": (_TICK,),
    "half": (_TICK, ((0.0, -0.4), (0.45, 0.05))),
    "cross": (((-0.4, -0.4), (0.4, 0.4)), ((0.4, -0.4), (-0.4, 0.4))),
}

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Cell:
    """One character with the left end of its baseline."""

    character: str
    x_px: float
    baseline_px: float


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of one annotation: lines `stroke_px` wide with round ends, characters `size_px` high."""

    strokes: tuple[tuple[Point, ...], ...]
    cells: tuple[Cell, ...]
    size_px: float
    stroke_px: float


def shapes(annotation: Mapping[str, Any], width_px: float, height_px: float) -> Shapes:
    """What one annotation looks like on a crop of this size."""
    size = max(8.0, min(0.04 * width_px, 0.25 * height_px))
    strokes: tuple[tuple[Point, ...], ...] = ()
    cells: tuple[Cell, ...] = ()
    at = annotation.get("at", (0, 0))
    x, y = at[0] * width_px, at[1] * height_px
    kind = annotation["kind"]
    if kind in _SIGNS:
        strokes = tuple(tuple((x + dx * size, y + dy * size) for dx, dy in line) for line in _SIGNS[kind])
    elif "line" in annotation:
        strokes = (tuple((px * width_px, py * height_px) for px, py in annotation["line"]),)
    elif "box" in annotation:
        left, top, across, down = annotation["box"]
        strokes = (_frame(left * width_px, top * height_px, across * width_px, down * height_px),)
    elif kind == "text":
        cells = tuple(_cells(annotation["text"], x, y, size, width_px))
    elif kind == "stamp":
        text = stamp_text(annotation["part"], annotation["value"])
        across = sum(_advance(character) * size for character in text)
        left = max(0.2 * size, min(x - across / 2, width_px - across - 0.2 * size))
        cells = tuple(_cells(text, left, y - size / 2, size, float("inf")))
        strokes = (_frame(left - 0.2 * size, y - 0.62 * size, across + 0.4 * size, 1.24 * size),)
    return Shapes(strokes, cells, size, max(2.0, 0.1 * size))


def stamp_text(part: str, value: str) -> str:
    """What a stamp says: the part in brackets where there is one, and its points; ``(1) 3`` for ``16(1)``."""
    opening = part.rfind("(")
    return f"{part[opening:]} {value}" if opening >= 0 and part.find(")", opening) == len(part) - 1 else value


def draw_annotations(
    image: Image.Image, annotations: Sequence[Mapping[str, Any]], *, position: int = 0, font: Path | None = None
) -> Image.Image:
    """The image with everything that was drawn on it."""
    drawn = image.convert("RGB")
    for annotation in annotations:
        if annotation["image"] == position:
            shape = shapes(annotation, drawn.width, drawn.height)
            for line in shape.strokes:
                _draw_line(drawn, line, shape.stroke_px)
            for cell in shape.cells:
                _draw_cell(drawn, cell, shape.size_px, font)
    return drawn


def _frame(left: float, top: float, across: float, down: float) -> tuple[Point, ...]:
    right, bottom = left + across, top + down
    return ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))


def _advance(character: str) -> float:
    return 1.0 if ord(character) >= _WIDE_FROM else _NARROW


def _cells(text: str, left: float, top: float, size: float, width_px: float) -> Iterator[Cell]:
    """Characters beginning at (left, top) and turning the line at the edge."""
    x, y = left, top
    for character in text:
        step = _advance(character) * size
        if x + step > width_px and x > left:
            x, y = left, y + _LINE * size
        if character != " ":
            yield Cell(character, x, y + _BASELINE * size)
        x += step


def _draw_line(image: Image.Image, line: Sequence[Point], stroke_px: float) -> None:
    left = int(min(x for x, _y in line) - stroke_px) - _MARGIN_PX
    top = int(min(y for _x, y in line) - stroke_px) - _MARGIN_PX
    right = int(max(x for x, _y in line) + stroke_px) + _MARGIN_PX
    bottom = int(max(y for _x, y in line) + stroke_px) + _MARGIN_PX
    mask = Image.new("L", ((right - left) * _FINER, (bottom - top) * _FINER))
    pen = ImageDraw.Draw(mask)
    # a Pillow pixel is named by its corner, and its middle lies half a px further
    points = [((x - left) * _FINER - 0.5, (y - top) * _FINER - 0.5) for x, y in line]
    width = round(stroke_px * _FINER)
    pen.line(points, fill=255, width=width)
    for x, y in points:  # round ends and corners
        pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    _paste(image, mask.reduce(_FINER), left, top)


def _draw_cell(image: Image.Image, cell: Cell, size_px: float, font: Path | None) -> None:
    left, top = int(cell.x_px) - _MARGIN_PX, int(cell.baseline_px - 1.2 * size_px) - _MARGIN_PX
    side = int(1.8 * size_px) + 2 * _MARGIN_PX
    mask = Image.new("L", (side * _FINER, side * _FINER))
    place = ((cell.x_px - left) * _FINER, (cell.baseline_px - top) * _FINER)
    ImageDraw.Draw(mask).text(place, cell.character, fill=255, font=_font(font, size_px * _FINER), anchor="ls")
    _paste(image, mask.reduce(_FINER), left, top)


def _font(font: Path | None, size_px: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if font is None:
        return ImageFont.load_default(size_px)
    return ImageFont.truetype(font, size_px)


def _paste(image: Image.Image, mask: Image.Image, left: int, top: int) -> None:
    image.paste(COLOUR, (left, top), mask)
