"""Draw what one candidate puts on one side: bubbles filled well or badly, slips, and the writing.

In:  a CardPage (mm), a SideIntent, a Hand, dpi, a numpy Generator.
Out: FilledSide: an ink layer, uint8 (height_px, width_px), 0 = bare print, 255 = solid ink, and the list of marks
     with what each was meant as. The same seed draws the same ink, pixel for pixel.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from samples.hand import FilledSide, FillStyle, Hand, Mark, MarkKind, SideIntent
from samples.strokes import CROSS, MM_PER_INCH, TICK, Glyph, InkLayer, Pen, draw_strokes, join_ink, place_glyphs
from samples.writing import write
from scanning.cards.template import Bubble, CardPage, Field


@dataclass(frozen=True, slots=True, eq=False)
class _Desk:
    """Who draws on which layer: what every stroke needs."""

    ink: InkLayer
    dpi: float
    hand: Hand
    rng: np.random.Generator


def fill_side(page: CardPage, intent: SideIntent, hand: Hand, dpi: float, rng: np.random.Generator) -> FilledSide:
    """Draw everything that this hand puts on this side."""
    px_per_mm = dpi / MM_PER_INCH
    shape = (round(page.size.height_mm * px_per_mm), round(page.size.width_mm * px_per_mm))
    ink: InkLayer = np.zeros(shape, dtype=np.uint8)
    marks: list[Mark] = []
    desk = _Desk(ink, dpi, hand, rng)
    for card_field in page.fields:
        marks += _fill_field(desk, card_field, set(intent.choices.get(card_field.id, ())))
    rects = {(region.id, region.part): region.rect for region in page.regions}
    written: list[tuple[str, int]] = []
    for writing in intent.writings:
        rect = rects.get((writing.region, writing.part))
        if rect is not None and writing.amount > 0:
            draw_strokes(ink, write(rect, writing, hand, rng), hand.pen, dpi, rng)
            written.append((writing.region, writing.part))
    return FilledSide(ink=ink, marks=tuple(marks), written=tuple(written))


def _fill_field(desk: _Desk, card_field: Field, chosen: set[tuple[int, str]]) -> list[Mark]:
    hand, rng = desk.hand, desk.rng
    marks: list[Mark] = []

    def note(bubble: Bubble, kind: MarkKind, manner: str) -> None:
        marks.append(Mark(card_field.id, bubble.column, bubble.label, kind, manner))

    slips = hand.slips
    others = [bubble for bubble in card_field.bubbles if (bubble.column, bubble.label) not in chosen]
    for bubble in card_field.bubbles:
        if (bubble.column, bubble.label) in chosen:
            style = hand.style
            if rng.random() < slips.other_style:
                style = list(FillStyle)[int(rng.integers(len(FillStyle)))]
            over_mm = rng.uniform(0.4, 1.3) if rng.random() < slips.overshoot else 0.0
            _mark_bubble(desk, bubble.rect, style, over_mm)
            note(bubble, MarkKind.CHOSEN, style.value)
    slip, which = rng.random(3), rng.integers(0, max(len(others), 1), 3)
    if not others:
        return marks
    if chosen and slip[0] < slips.erased:
        bubble = others[int(which[0])]
        _draw_fill(desk, bubble.rect, rng.uniform(0.03, 0.14), smear=True)
        note(bubble, MarkKind.ERASED, "erased")
    if chosen and slip[1] < slips.cancelled:
        bubble = others[int(which[1])]
        _mark_bubble(desk, bubble.rect, FillStyle.DARK)
        _draw_glyph(desk, CROSS, bubble.rect.grown(0.9))
        note(bubble, MarkKind.CANCELLED, "cancelled")
    if slip[2] < slips.stray:
        bubble = others[int(which[2])]
        note(bubble, MarkKind.STRAY, _draw_stray(desk, bubble.rect))
    return marks


def _mark_bubble(desk: _Desk, rect: RectMm, style: FillStyle, over_mm: float = 0.0) -> None:
    hand, rng = desk.hand, desk.rng
    darkness = float(np.clip(hand.darkness * (1 + rng.normal(0, hand.uneven)), 0.15, 1.0))
    width, height = rect.width_mm, rect.height_mm
    if style in (FillStyle.TICKED, FillStyle.CROSSED):
        glyph = TICK if style is FillStyle.TICKED else CROSS
        _draw_glyph(desk, glyph, rect.grown(rng.uniform(-0.1, 0.7)))
        return
    if style is FillStyle.DASHED:
        rect = RectMm(rect.x_mm, rect.y_mm + height * 0.38, width, height * 0.24)
    elif style is FillStyle.SMALL:
        share = rng.uniform(0.5, 0.68)
        rect = RectMm(
            rect.x_mm + width * (1 - share) / 2, rect.y_mm + height * (1 - share) / 2, width * share, height * share
        )
    elif style is FillStyle.HALF:
        rect = RectMm(rect.x_mm + (width / 2 if rng.random() < 0.5 else 0.0), rect.y_mm, width / 2, height)
    if over_mm:  # the pencil runs on past the outline, to the left or to the right
        left = rng.random() < 0.5
        rect = RectMm(rect.x_mm - (over_mm if left else 0.0), rect.y_mm, rect.width_mm + over_mm, rect.height_mm)
    dx_mm, dy_mm = rng.normal(0, hand.jitter_mm, 2)
    _draw_fill(desk, rect.moved(float(dx_mm), float(dy_mm)), darkness)


_GRAIN: NDArray[np.float32] = (
    np.random.default_rng(20).normal(0.0, 1.0, (512, 512)).astype(np.float32)  # one sheet of paper tooth for all
)


def _draw_fill(desk: _Desk, rect: RectMm, darkness: float, smear: bool = False) -> None:
    """Rub the pencil to and fro over a rectangle; `smear` leaves the soft grey patch that an eraser leaves."""
    hand, rng = desk.hand, desk.rng
    px_per_mm = desk.dpi / MM_PER_INCH
    room_mm = 1.0
    left_px = round((rect.x_mm - room_mm) * px_per_mm)
    top_px = round((rect.y_mm - room_mm) * px_per_mm)
    shape = (
        max(4, round((rect.height_mm + 2 * room_mm) * px_per_mm)),
        max(4, round((rect.width_mm + 2 * room_mm) * px_per_mm)),
    )
    patch: InkLayer = np.zeros(shape, dtype=np.uint8)
    pencil_mm = min(hand.pencil_mm, rect.height_mm)
    n_rows = max(2, round(rect.height_mm / (pencil_mm * 0.75)))
    rows_mm = np.linspace(pencil_mm * 0.35, max(rect.height_mm - pencil_mm * 0.35, pencil_mm * 0.4), n_rows)
    ends = np.empty((2 * n_rows, 2))
    ends[0::2, 0] = pencil_mm * 0.3 + rng.normal(0, 0.15, n_rows)
    ends[1::2, 0] = rect.width_mm - pencil_mm * 0.3 + rng.normal(0, 0.15, n_rows)
    ends[0::2, 1] = rows_mm + rng.normal(0, 0.08, n_rows)
    ends[1::2, 1] = rows_mm + rng.normal(0, 0.12, n_rows)
    points = np.round(((ends + room_mm) * px_per_mm - 0.5) * 16).astype(np.int32)
    cv2.polylines(patch, [points], False, (255,), max(1, round(pencil_mm * px_per_mm)), cv2.LINE_AA, 4)
    if smear:
        patch = cv2.GaussianBlur(patch, (0, 0), 0.35 * px_per_mm).astype(np.uint8)
    row, column = rng.integers(0, 512 - shape[0]), rng.integers(0, 512 - shape[1])
    grain = _GRAIN[row : row + shape[0], column : column + shape[1]]
    shaded = patch.astype(np.float32) * (darkness * (1.0 + 0.16 * grain))
    join_ink(desk.ink, np.clip(shaded, 0, 255).astype(np.uint8), left_px, top_px)


def _draw_glyph(desk: _Desk, glyph: Glyph, rect: RectMm) -> None:
    hand, rng = desk.hand, desk.rng
    box = np.array([[rect.x_mm, rect.y_mm, rect.width_mm, rect.height_mm]])
    draw_strokes(desk.ink, place_glyphs([glyph], box, hand.alphabet, rng), hand.pen, desk.dpi, rng)


def _draw_stray(desk: _Desk, rect: RectMm) -> str:
    """A dot, or a thin line that starts elsewhere and passes over the bubble."""
    rng = desk.rng
    center = rect.center
    if rng.random() < 0.5:
        x_mm, y_mm = center.x_mm + rng.uniform(-1.5, 1.5), center.y_mm + rng.uniform(-1.0, 1.0)
        curve = [[x_mm, y_mm], [x_mm + 0.1, y_mm], [x_mm + 0.2, y_mm + 0.1]]
        manner = "dot"
    else:
        dx_mm, dy_mm = rng.uniform(4, 15), rng.uniform(-6, 6)
        x_mm, y_mm = center.x_mm + rng.uniform(-1, 1), center.y_mm + rng.uniform(-0.8, 0.8)
        curve = [[x_mm - dx_mm, y_mm - dy_mm], [x_mm, y_mm], [x_mm + dx_mm, y_mm + dy_mm]]
        manner = "line"
    pen = Pen(width_mm=float(rng.uniform(0.2, 0.35)), darkness=float(rng.uniform(0.4, 0.9)), pressure=0.0)
    draw_strokes(desk.ink, np.array([curve]), pen, desk.dpi, rng)
    return manner
