"""What is printed on one side, as plain values: texts, lines and boxes in mm, and where a candidate's own texts go.

The template (template.py) says what is *read* from a side, this says what is *printed* on it; the builder
makes both from the same numbers. Greys run from 0 (black) to 1 (paper). Nothing here knows a font: widths
are estimated, and the printer squeezes a text that is wider than its `max_width_mm`.
"""

from dataclasses import dataclass, replace
from typing import Literal

from models.geometry import RectMm, SizeMm
from scanning.cards.template import CardTemplate

MM_PER_PT = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `x_mm` is its left, middle or right, as `align` says."""

    x_mm: float
    baseline_mm: float
    text: str
    size_pt: float
    align: Literal["left", "center", "right"] = "left"
    grey: float = 0.0
    bold: bool = False
    max_width_mm: float | None = None

    def moved(self, dx_mm: float, dy_mm: float) -> "Text":
        """The text at another place."""
        return replace(self, x_mm=self.x_mm + dx_mm, baseline_mm=self.baseline_mm + dy_mm)


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; `dash_mm` is the length of dashes and gaps, 0 for a full line."""

    x1_mm: float
    y1_mm: float
    x2_mm: float
    y2_mm: float
    width_mm: float = 0.2
    grey: float = 0.0
    dash_mm: float = 0.0

    def moved(self, dx_mm: float, dy_mm: float) -> "Line":
        """The line at another place."""
        return replace(
            self, x1_mm=self.x1_mm + dx_mm, x2_mm=self.x2_mm + dx_mm, y1_mm=self.y1_mm + dy_mm, y2_mm=self.y2_mm + dy_mm
        )


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its outline is centred on `rect` (`line_mm` 0: none); `fill` is a grey, None for no filling."""

    rect: RectMm
    line_mm: float = 0.0
    grey: float = 0.0
    fill: float | None = None
    dash_mm: float = 0.0

    def moved(self, dx_mm: float, dy_mm: float) -> "Box":
        """The box at another place."""
        return replace(self, rect=self.rect.moved(dx_mm, dy_mm))


Mark = Text | Line | Box


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a candidate's own text is printed: `id` is name, number, school, class, seat, or a digit of the number."""

    id: str
    rect: RectMm
    size_pt: float = 10.0
    align: Literal["left", "center"] = "left"


def digit_slot(column: int) -> str:
    """The id of the box in which one digit of the number is written, counted from 0."""
    return f"digit:{column}"


@dataclass(frozen=True, slots=True)
class PageDrawing:
    """Everything printed on one side, in the order in which it is painted."""

    page: int
    size: SizeMm
    marks: tuple[Mark, ...]
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class CardDesign:
    """A card as the builder yields it: what is read from it and what is printed on it."""

    template: CardTemplate
    drawings: tuple[PageDrawing, ...]


def text_width_mm(text: str, size_pt: float) -> float:
    """Estimated width: a full em for Chinese, 0.56 em for the rest; the same on every computer, whatever its fonts."""
    ems = sum(1.0 if ord(character) > 0x2E7F else 0.56 for character in text)
    return ems * size_pt * MM_PER_PT


def text_rect(text: Text) -> RectMm:
    """Where a line of text stands, with room for every font: from a full em above its baseline to a third below."""
    em_mm = text.size_pt * MM_PER_PT
    width_mm = text_width_mm(text.text, text.size_pt)
    if text.max_width_mm is not None:
        width_mm = min(width_mm, text.max_width_mm)
    left_mm = text.x_mm - {"left": 0.0, "center": width_mm / 2, "right": width_mm}[text.align]
    return RectMm(left_mm, text.baseline_mm - em_mm, width_mm, em_mm * 4 / 3)


def line_rect(line: Line) -> RectMm:
    """The rectangle that a straight upright or level line covers."""
    left_mm, top_mm = min(line.x1_mm, line.x2_mm), min(line.y1_mm, line.y2_mm)
    width_mm, height_mm = abs(line.x2_mm - line.x1_mm), abs(line.y2_mm - line.y1_mm)
    return RectMm(left_mm, top_mm, width_mm, height_mm).grown(line.width_mm / 2)


def wrapped(text: str, size_pt: float, width_mm: float) -> list[str]:
    """Break a text into lines no wider than `width_mm`; closing punctuation never begins a line."""
    lines: list[str] = []
    line = ""
    for character in text:
        if line and text_width_mm(line + character, size_pt) > width_mm and character not in "，。；：！？、）》”,.;:)":
            lines.append(line)
            line = ""
        line += character
    return [*lines, line] if line else lines
