"""Bubbles on paper: their light outline and thin letter, rows of them, and the filled and misfilled samples."""

import math
from collections.abc import Sequence

from models.geometry import RectMm
from models.words import FieldKind
from scanning.cards.drawing import MM_PER_PT, Box, Line, Mark, Text
from scanning.cards.measures import BUBBLE_GREY, BUBBLE_LINE_MM, LETTER_GREY, TYPICAL, BubbleSize
from scanning.cards.template import Bubble, Field


def bubble_marks(rect: RectMm, letter: str) -> tuple[Mark, ...]:
    """The printed bubble: an outline and, inside, a letter small enough to stay off the outline."""
    outline = Box(rect, BUBBLE_LINE_MM, BUBBLE_GREY)
    if not letter:
        return (outline,)
    size_pt = min(6.0, rect.height_mm * 0.84 / MM_PER_PT)
    # The reader cannot learn a label that stands on the card once or twice, such as the item number of a choice:
    # it must not be darker than a single letter, whatever its length.
    return (outline, centred(rect, letter, size_pt / math.sqrt(len(letter)), LETTER_GREY))


def centred(rect: RectMm, text: str, size_pt: float, grey: float = 0.0, bold: bool = False) -> Text:
    """A text in the middle of a rectangle; capitals and Chinese stand about 0.36 em above their baseline's middle."""
    return Text(
        rect.center.x_mm,
        rect.center.y_mm + 0.36 * size_pt * MM_PER_PT,
        text,
        size_pt,
        "center",
        grey,
        bold,
        rect.width_mm - 0.5,
    )


def row_field(
    field_id: str, kind: FieldKind, labels: Sequence[str], *, x_mm: float, y_mm: float, size: BubbleSize
) -> tuple[Field, tuple[Mark, ...]]:
    """A field whose bubbles stand side by side, the first one with its top-left corner at (x_mm, y_mm)."""
    bubbles = tuple(
        Bubble(label, RectMm(x_mm + place * size.pitch_x_mm, y_mm, size.width_mm, size.height_mm))
        for place, label in enumerate(labels)
    )
    marks = tuple(mark for bubble in bubbles for mark in bubble_marks(bubble.rect, bubble.label))
    return Field(field_id, kind, bubbles), marks


def right_sample(x_mm: float, y_mm: float) -> tuple[Mark, ...]:
    """A bubble filled as it should be."""
    return (Box(RectMm(x_mm, y_mm, TYPICAL.width_mm, TYPICAL.height_mm), BUBBLE_LINE_MM, 0.0, 0.0),)


def wrong_samples(x_mm: float, y_mm: float) -> tuple[Mark, ...]:
    """Four bubbles filled as they should not be: ticked, crossed, dashed, half filled."""
    places = [
        RectMm(x_mm + place * TYPICAL.pitch_x_mm, y_mm, TYPICAL.width_mm, TYPICAL.height_mm) for place in range(4)
    ]
    tick, cross, dash, half = places
    return (
        *(Box(place, BUBBLE_LINE_MM, BUBBLE_GREY) for place in places),
        Line(tick.x_mm + 0.9, tick.y_mm + 1.2, tick.x_mm + 1.7, tick.bottom_mm - 0.4, 0.3),
        Line(tick.x_mm + 1.7, tick.bottom_mm - 0.4, tick.right_mm - 0.7, tick.y_mm + 0.4, 0.3),
        Line(cross.x_mm + 1.0, cross.y_mm + 0.4, cross.right_mm - 1.0, cross.bottom_mm - 0.4, 0.3),
        Line(cross.x_mm + 1.0, cross.bottom_mm - 0.4, cross.right_mm - 1.0, cross.y_mm + 0.4, 0.3),
        Line(dash.x_mm + 0.7, dash.center.y_mm, dash.right_mm - 0.7, dash.center.y_mm, 0.4),
        Box(RectMm(half.x_mm, half.y_mm, half.width_mm * 0.4, half.height_mm), fill=0.0),
    )
