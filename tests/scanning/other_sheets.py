"""More invented foreign sheets, of kinds that differ in everything: page, shape, direction, options, density.

In:  the name of a kind, a seed. Out: a Sheet as in foreign_sheets.py: template, blank and filled print, truth.
A template unit is about 0.21 mm on A4 upright. Nothing here shares code with the reader.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from tests.scanning.foreign_sheets import FINE, Sheet, Style, _anchor, _fill, _text


@dataclass(frozen=True)
class Blocks:
    """`count` fields of these options; `step` is the way from one option to the next, `line` to the next field."""

    prefix: str
    options: str
    count: int
    origin: tuple[float, float]
    step: tuple[float, float]
    line: tuple[float, float]


@dataclass(frozen=True)
class Kind:
    """How a sheet is printed: page and bubble in units, the shape, its grey, how the page is found, its blocks."""

    page: tuple[int, int]
    bubble: tuple[float, float]
    shape: str
    grey: int
    letters: bool
    anchor: str
    blocks: tuple[Blocks, ...]
    frames: bool = True


def _columns(prefix, options, count, per, origin, apart, step, line):
    """`count` fields in columns of `per`, `apart` units between columns."""
    return tuple(
        Blocks(prefix, options, min(per, count - start), (origin[0] + apart * (start // per), origin[1]), step, line)
        for start in range(0, count, per)
    )


def _bands(prefix, options, count, per, across, origin, apart, step, line):
    """Blocks of `per` fields side by side, `across` of them in a band, the next band below."""
    found = []
    for at, start in enumerate(range(0, count, per)):
        place = (origin[0] + apart[0] * (at % across), origin[1] + apart[1] * (at // across))
        found.append(Blocks(prefix, options, min(per, count - start), place, step, line))
    return tuple(found)


DIGITS = "0123456789"
KINDS = {
    "landscape ovals": Kind(
        (1400, 1000), (26, 15), "oval", 100, True, "outline",
        (*_columns("q", "ABCDE", 48, 16, (90, 400), 330, (36, 0), (0, 30)),
         Blocks("n", DIGITS, 8, (1060, 50), (0, 29), (36, 0))),
    ),
    "options below one another": Kind(
        (1000, 1400), (20, 13), "box", 110, True, "markers",
        (*_columns("q", "ABCD", 60, 20, (130, 560), 0, (0, 24), (38, 0))[:1],
         Blocks("q", "ABCD", 20, (130, 760), (0, 24), (38, 0)),
         Blocks("q", "ABCD", 20, (130, 960), (0, 24), (38, 0)),
         Blocks("n", DIGITS, 9, (520, 200), (0, 26), (34, 0))),
    ),
    "brackets": Kind(
        (1000, 1400), (26, 14), "bracket", 60, True, "outline",
        (*_bands("q", "ABCD", 60, 5, 4, (110, 620), (215, 170), (34, 0), (0, 26)),
         Blocks("n", DIGITS, 10, (540, 200), (0, 26), (38, 0))),
    ),
    "three options and true or false": Kind(
        (1000, 1400), (24, 16), "rounded", 90, True, "features",
        (*_columns("q", "ABC", 40, 20, (120, 560), 220, (40, 0), (0, 34)),
         Blocks("j", "TF", 15, (640, 560), (44, 0), (0, 34)),
         Blocks("n", DIGITS, 6, (600, 180), (0, 30), (40, 0))),
    ),
    "pale rings, seven options": Kind(
        (1000, 1400), (18, 18), "oval", 178, False, "outline",
        (*_columns("q", "ABCDEFG", 34, 17, (130, 600), 410, (34, 0), (0, 36)),
         Blocks("n", DIGITS, 8, (520, 170), (0, 34), (40, 0))),
    ),
    "numbers as answers": Kind(
        (1000, 1400), (17, 17), "oval", 90, True, "markers",
        (*(Blocks(f"d{i}", DIGITS, 3, (120 + 190 * (i % 4), 560 + 380 * (i // 4)), (0, 28), (32, 0)) for i in range(8)),
         Blocks("n", DIGITS, 7, (560, 180), (0, 28), (34, 0))),
    ),
    "crowded": Kind(
        (1000, 1400), (13, 13), "oval", 80, True, "none",
        (*_columns("q", "ABCD", 125, 25, (75, 540), 180, (24, 0), (0, 27)),
         Blocks("n", DIGITS, 10, (580, 180), (0, 27), (30, 0))),
    ),
}  # fmt: skip

# Two blocks that look the same when the page is turned round or mirrored, but for the letters in their bubbles.
SYMMETRIC = Kind(
    (700, 1000), (20, 20), "oval", 90, True, "outline",
    (Blocks("q", "ABCD", 12, (140, 345), (36, 0), (0, 30)), Blocks("q", "ABCD", 12, (432, 345), (36, 0), (0, 30))),
    frames=False,
)  # fmt: skip


def make_other_sheet(name: str, seed: int) -> Sheet:
    """The sheet of this kind; the seed moves blocks a little and fills it."""
    return draw_sheet(KINDS[name], np.random.default_rng([seed, len(name)]))


def draw_sheet(kind: Kind, rng: np.random.Generator) -> Sheet:
    """A sheet of any kind."""
    width, height = kind.page
    paper = np.full((int(height * FINE), int(width * FINE)), 250, np.uint8)
    values, blocks, numbers = [], {}, {}
    for at, block in enumerate(kind.blocks):
        x, y = (round(one + rng.integers(-3, 4)) for one in block.origin)
        down = block.step[1] > 0
        first = numbers.get(block.prefix, 0) + 1
        numbers[block.prefix] = first + block.count - 1
        labels = [f"{block.prefix}{'x' if block.prefix[-1].isdigit() else ''}{first + i}" for i in range(block.count)]
        gaps = (block.step[1], block.line[0]) if down else (block.step[0], block.line[1])
        blocks[f"block{at}"] = {
            "origin": [x, y],
            "bubblesGap": gaps[0],
            "labelsGap": gaps[1],
            "bubbleValues": list(block.options),
            "direction": "vertical" if down else "horizontal",
            "fieldLabels": labels,
        }
        for line, label in enumerate(labels):
            middle = np.array([x, y]) + np.array(kind.bubble) / 2 + line * np.array(block.line)
            for option, text in enumerate(block.options):
                place = middle + option * np.array(block.step)
                values.append((label, text, float(place[0]), float(place[1])))
                _draw(paper, kind, place, text)
            beside = middle - ((0.5 * (kind.bubble[0] + 26), 0) if not down else (0, kind.bubble[1] + 6))
            if not block.prefix.startswith(("n", "d")):
                _text(paper, label[1:], beside[0] - (8 if not down else 0), beside[1], 11, 60)
    _text(paper, "ANSWER SHEET", 0.4 * width, 80, 34, 30)
    if kind.frames:
        cv2.rectangle(
            paper,
            (int(50 * FINE), int(0.36 * height * FINE)),
            (int((width - 40) * FINE), int((height - 60) * FINE)),
            90,
            2,
        )
    template = {
        "pageDimensions": [width, height],
        "bubbleDimensions": list(kind.bubble),
        "fieldBlocks": blocks,
        "customLabels": {"Number": [f"n1..{numbers['n']}"]} if "n" in numbers else {},
        "preProcessors": [],
    }
    sheet = Sheet(template, paper, FINE)
    _anchor(sheet, Style(anchor=kind.anchor))
    sheet.blank = sheet.print.copy()
    _fill(sheet, values, kind.bubble, rng)
    return sheet


def _draw(paper, kind: Kind, middle, text: str) -> None:
    (x, y), (w, h) = middle * FINE, np.array(kind.bubble) * FINE / 2
    left, right, top, bottom = round(x - w), round(x + w), round(y - h), round(y + h)
    if kind.shape == "oval":
        cv2.ellipse(paper, (round(x), round(y)), (round(w), round(h)), 0, 0, 360, kind.grey, 2, cv2.LINE_AA)
    elif kind.shape == "box":
        cv2.rectangle(paper, (left, top), (right, bottom), kind.grey, 2)
    elif kind.shape == "rounded":
        corner = round(0.5 * h)
        for cx, cy, start in (
            (right - corner, bottom - corner, 0),
            (left + corner, bottom - corner, 90),
            (left + corner, top + corner, 180),
            (right - corner, top + corner, 270),
        ):
            cv2.ellipse(paper, (cx, cy), (corner, corner), start, 0, 90, kind.grey, 2, cv2.LINE_AA)
        for level in (top, bottom):
            cv2.line(paper, (left + corner, level), (right - corner, level), kind.grey, 2, cv2.LINE_AA)
        for side in (left, right):
            cv2.line(paper, (side, top + corner), (side, bottom - corner), kind.grey, 2, cv2.LINE_AA)
    elif kind.shape == "bracket":
        arm = round(0.3 * w)
        for side, inwards in ((left, arm), (right, -arm)):
            cv2.polylines(
                paper, [np.array([[side + inwards, top], [side, top], [side, bottom], [side + inwards, bottom]])],
                False, kind.grey, 2, cv2.LINE_AA,
            )  # fmt: skip
    if kind.letters:
        _text(paper, text, middle[0], middle[1], 0.62 * kind.bubble[1], kind.grey)
