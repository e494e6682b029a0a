"""Hands unlike those of samples/hand.py: what else people put into bubbles, and what else goes wrong.

In:  a CardPage (mm), a SideIntent, dpi, a numpy Generator.
Out: OtherSide: ink below and above correction fluid, the fluid itself, all uint8 (height_px, width_px), and the list of
marks with what each was meant as. Nothing here is shared with samples/fill.py but the strokes of writing, so that a
reader tuned on those hands is measured on habits that it has not seen. The same seed draws the same ink.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from samples.hand import Hand, HandMix, Mark, MarkKind, SideIntent, draw_hand
from samples.strokes import MM_PER_INCH, InkLayer, draw_strokes, join_ink
from samples.writing import write
from scanning.cards.template import Bubble, CardPage, Field


class Habit(StrEnum):
    """How this candidate marks a bubble."""

    FILL = "ballpoint fill"
    HATCH = "hatching"
    SCRIBBLE = "scribble"
    MARKER = "marker"
    FAINT = "hard pencil"
    DOT = "dot"
    TIGHT_RING = "ring inside"
    RING = "ring around"
    TWO_LINES = "two lines"
    SLASH = "slash"
    BIG_TICK = "large tick"
    BIG_CROSS = "large cross"
    SMUDGED = "soft pencil, smudged"


_HABITS: dict[Habit, float] = {
    Habit.FILL: 0.22, Habit.HATCH: 0.10, Habit.SCRIBBLE: 0.13, Habit.MARKER: 0.08, Habit.FAINT: 0.10, Habit.DOT: 0.06,
    Habit.TIGHT_RING: 0.03, Habit.RING: 0.03, Habit.TWO_LINES: 0.05, Habit.SLASH: 0.06, Habit.BIG_TICK: 0.05,
    Habit.BIG_CROSS: 0.03, Habit.SMUDGED: 0.06,
}  # fmt: skip
_LAPSE = 0.02  # of the marks are made as somebody else would
_SMEARED, _FLUID, _ROW, _OVERWRITTEN, _DIRT = 0.02, 0.008, 0.004, 0.004, 0.012  # per field


@dataclass(frozen=True, slots=True, eq=False)
class OtherHand:
    """One candidate. `width_mm` and `darkness` (0..1 of solid ink, as grey) are the tool's; `grain` its unevenness."""

    habit: Habit
    width_mm: float
    darkness: float
    grain: float
    aim_mm: float
    over_mm: float
    writing: Hand


@dataclass(frozen=True, slots=True, eq=False)
class OtherSide:
    """What was put on one side, in the order in which it lies on the paper: `under`, `fluid` (opacity), `over`."""

    under: InkLayer
    fluid: InkLayer
    over: InkLayer
    marks: tuple[Mark, ...]
    written: tuple[tuple[str, int], ...]


def draw_other_hand(rng: np.random.Generator) -> OtherHand:
    """One hand of the population."""
    habit = list(_HABITS)[int(rng.choice(len(_HABITS), p=list(_HABITS.values())))]
    width_mm, darkness, grain = float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.6, 1.0)), float(rng.uniform(0, 0.25))
    if habit is Habit.MARKER:
        width_mm, darkness, grain = float(rng.uniform(1.6, 2.8)), float(rng.uniform(0.75, 1.0)), 0.03
    elif habit is Habit.FAINT:
        width_mm, darkness = float(rng.uniform(0.4, 0.9)), float(rng.uniform(0.14, 0.32))
    elif habit is Habit.SMUDGED:
        width_mm, darkness = float(rng.uniform(0.7, 1.2)), float(rng.uniform(0.45, 0.85))
    elif rng.random() < 0.2:  # red and light blue ballpoint are half as dark as black in a grey scan
        darkness = float(rng.uniform(0.35, 0.6))
    return OtherHand(
        habit=habit,
        width_mm=width_mm,
        darkness=darkness,
        grain=grain,
        aim_mm=float(rng.uniform(0.05, 0.35)),
        over_mm=float(rng.choice([0.0, 0.0, 0.3, 0.6])),
        writing=draw_hand(HandMix.MIXED, rng),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Desk:
    under: InkLayer
    fluid: InkLayer
    over: InkLayer
    dpi: float
    hand: OtherHand
    rng: np.random.Generator


def fill_other_side(
    page: CardPage, intent: SideIntent, hand: OtherHand, dpi: float, rng: np.random.Generator
) -> OtherSide:
    """Draw everything that this hand puts on this side."""
    k = dpi / MM_PER_INCH
    shape = (round(page.size.height_mm * k), round(page.size.width_mm * k))
    under, fluid, over = (np.zeros(shape, dtype=np.uint8) for _ in range(3))
    desk = _Desk(under, fluid, over, dpi, hand, rng)
    marks: list[Mark] = []
    for card_field in page.fields:
        marks += _fill_field(desk, card_field, set(intent.choices.get(card_field.id, ())))
    rects = {(region.id, region.part): region.rect for region in page.regions}
    written = []
    for writing in intent.writings:
        rect = rects.get((writing.region, writing.part))
        if rect is not None and writing.amount > 0:
            draw_strokes(desk.over, write(rect, writing, hand.writing, rng), hand.writing.pen, dpi, rng)
            written.append((writing.region, writing.part))
    return OtherSide(desk.under, desk.fluid, desk.over, tuple(marks), tuple(written))


def _fill_field(desk: _Desk, card_field: Field, chosen: set[tuple[int, str]]) -> list[Mark]:
    rng = desk.rng
    marks: list[Mark] = []

    def note(bubble: Bubble, kind: MarkKind, manner: str) -> None:
        marks.append(Mark(card_field.id, bubble.column, bubble.label, kind, manner))

    others = []
    for bubble in card_field.bubbles:
        if (bubble.column, bubble.label) not in chosen:
            others.append(bubble)
            continue
        habit = desk.hand.habit
        if rng.random() < _LAPSE:
            habit = list(Habit)[int(rng.integers(len(Habit)))]
        draw_mark(desk.over, bubble.rect, habit, desk.hand, desk.dpi, rng)
        note(bubble, MarkKind.CHOSEN, habit.value)
    chance, which = rng.random(5), rng.integers(0, max(len(others), 1), 3)
    if not others:
        return marks
    if chosen and chance[0] < _SMEARED:
        bubble = others[int(which[0])]
        _erase(desk, bubble.rect)
        note(bubble, MarkKind.ERASED, "erased, smeared")
    elif chosen and chance[1] < _FLUID:
        bubble = others[int(which[1])]
        draw_mark(desk.under, bubble.rect, desk.hand.habit, desk.hand, desk.dpi, rng)
        _paint_fluid(desk, bubble.rect)
        note(bubble, MarkKind.ERASED, "fluid")
    if chance[2] < _ROW:
        column = card_field.bubbles[0].column
        row = [bubble.rect for bubble in card_field.bubbles if bubble.column == column]
        y_mm = float(np.mean([rect.center.y_mm for rect in row])) + rng.normal(0, 0.3)
        ends = np.array([[row[0].x_mm - 1.5, y_mm], [row[-1].right_mm + 1.5, y_mm + rng.normal(0, 0.6)]])
        _draw(desk.over, ends, 0.35, min(desk.hand.darkness, 0.8), desk.dpi, rng, desk.hand.grain)
        note(others[0], MarkKind.STRAY, "row crossed out")
    elif chosen and chance[3] < _OVERWRITTEN:
        bubble = others[int(which[2])]
        draw_mark(desk.over, bubble.rect, Habit.SCRIBBLE, desk.hand, desk.dpi, rng)
        draw_mark(desk.over, bubble.rect.grown(0.8), Habit.SCRIBBLE, desk.hand, desk.dpi, rng)
        note(bubble, MarkKind.CANCELLED, "scribbled over")
    if chance[4] < _DIRT:
        bubble = others[int(which[2])]
        note(bubble, MarkKind.STRAY, _soil(desk, bubble.rect))
    return marks


def draw_mark(ink: InkLayer, rect: RectMm, habit: Habit, hand: OtherHand, dpi: float, rng: np.random.Generator) -> None:
    """One mark as this habit makes it, in and around `rect`."""
    dx, dy = rng.normal(0, hand.aim_mm, 2)
    box = rect.moved(float(np.clip(dx, -0.7, 0.7)), float(np.clip(dy, -0.5, 0.5)))
    width, dark = hand.width_mm, float(np.clip(hand.darkness * (1 + rng.normal(0, 0.08)), 0.08, 1.0))
    over = hand.over_mm * rng.uniform(0, 1)

    def line(points: NDArray[np.float64], thick: float = width) -> None:
        _draw(ink, points, thick, dark, dpi, rng, hand.grain)

    if habit in (Habit.FILL, Habit.FAINT):
        line(_zigzag(box.grown(over - 0.15), width * 0.8, 0.0, rng))
    elif habit is Habit.HATCH:
        line(_zigzag(box.grown(over), width * rng.uniform(1.6, 2.4), float(rng.uniform(0.5, 1.2)), rng))
    elif habit is Habit.SCRIBBLE:
        line(_loops(box.grown(over), rng))
    elif habit is Habit.MARKER:
        y_mm = box.center.y_mm
        line(np.array([[box.x_mm + width / 3, y_mm], [box.right_mm - width / 3 + over, y_mm + rng.normal(0, 0.2)]]))
    elif habit is Habit.DOT:
        around = _oval(RectMm(box.center.x_mm - 0.3, box.center.y_mm - 0.25, 0.6, 0.5), rng, turns=1.5)
        line(around, max(width, 0.8))
    elif habit in (Habit.RING, Habit.TIGHT_RING):
        line(_oval(box.grown(0.7 if habit is Habit.RING else -0.35), rng, turns=1.1), min(width, 0.5))
    elif habit is Habit.TWO_LINES:
        for share in (0.33, 0.67):
            y_mm = box.y_mm + share * box.height_mm
            line(np.array([[box.x_mm + 0.3, y_mm], [box.right_mm - 0.3, y_mm + rng.normal(0, 0.15)]]))
    elif habit is Habit.SLASH:
        line(np.array([[box.x_mm, box.bottom_mm + over], [box.right_mm, box.y_mm - over]]))
    elif habit is Habit.BIG_TICK:
        big = box.grown(float(rng.uniform(0.3, 1.4)))
        middle = [big.x_mm + 0.35 * big.width_mm, big.bottom_mm]
        line(np.array([[big.x_mm, big.center.y_mm], middle, [big.right_mm, big.y_mm]]), min(width, 0.5))
    elif habit is Habit.BIG_CROSS:
        big = box.grown(float(rng.uniform(0.2, 1.0)))
        line(np.array([[big.x_mm, big.y_mm], [big.right_mm, big.bottom_mm]]), min(width, 0.5))
        line(np.array([[big.right_mm, big.y_mm], [big.x_mm, big.bottom_mm]]), min(width, 0.5))
    else:
        line(_zigzag(box.grown(over - 0.2), width * 0.7, 0.0, rng))
        _smear(ink, box, dark * float(rng.uniform(0.02, 0.07)), dpi, rng)


def _zigzag(box: RectMm, step_mm: float, lean: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """To and fro over a rectangle, level for lean 0, slanting for more; float64 (n, 2) in mm."""
    if lean:
        xs = np.arange(box.x_mm - lean / 2, box.right_mm + lean / 2, step_mm)
        low = np.column_stack([np.clip(xs - lean / 2, box.x_mm, box.right_mm), np.full(xs.size, box.bottom_mm)])
        high = np.column_stack([np.clip(xs + lean / 2, box.x_mm, box.right_mm), np.full(xs.size, box.y_mm)])
        points = np.stack([low, high], axis=1).reshape(-1, 2)
    else:
        ys = np.arange(box.y_mm + 0.15, max(box.bottom_mm - 0.1, box.y_mm + 0.3), max(step_mm, 0.2))
        left = np.column_stack([np.full(ys.size, box.x_mm + 0.2), ys])
        right = np.column_stack([np.full(ys.size, box.right_mm - 0.2), ys + step_mm / 2])
        points = np.stack([left, right], axis=1).reshape(-1, 2)
    return np.asarray(points + rng.normal(0, 0.12, points.shape), dtype=np.float64)


def _loops(box: RectMm, rng: np.random.Generator) -> NDArray[np.float64]:
    """A running spiral from left to right."""
    turns = float(rng.uniform(3.5, 7.0))
    angle = np.linspace(0, 2 * np.pi * turns, int(24 * turns))
    radius = box.height_mm * float(rng.uniform(0.32, 0.5))
    x_mm = np.linspace(box.x_mm + radius * 0.6, box.right_mm - radius * 0.6, angle.size) + radius * 0.7 * np.cos(angle)
    y_mm = box.center.y_mm + radius * np.sin(angle) * (1 + rng.normal(0, 0.08, angle.size))
    return np.column_stack([x_mm, y_mm])


def _oval(box: RectMm, rng: np.random.Generator, turns: float) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi * turns, 40) + rng.uniform(0, 6.28)
    wobble = 1 + 0.06 * np.sin(2 * angle + rng.uniform(0, 6.28))
    x_mm = box.center.x_mm + box.width_mm / 2 * wobble * np.cos(angle)
    return np.column_stack([x_mm, box.center.y_mm + box.height_mm / 2 * wobble * np.sin(angle)])


_TOOTH: NDArray[np.float32] = cv2.GaussianBlur(
    np.random.default_rng(77).normal(0.0, 2.2, (700, 700)).astype(np.float32), (0, 0), 0.8
)


def _draw(
    ink: InkLayer,
    points_mm: NDArray[np.float64],
    width_mm: float,
    darkness: float,
    dpi: float,
    rng: np.random.Generator,
    grain: float,
) -> None:
    """A line through points, float64 (n, 2) in mm; where it runs over itself it gets darker only for pencils."""
    k = dpi / MM_PER_INCH
    room = width_mm / 2 + 0.6
    left, top = np.floor((points_mm.min(axis=0) - room) * k).astype(int)
    right, bottom = np.ceil((points_mm.max(axis=0) + room) * k).astype(int)
    patch: InkLayer = np.zeros((max(bottom - top, 2), max(right - left, 2)), dtype=np.uint8)
    fixed = np.round((points_mm * k - [left, top] - 0.5) * 16).astype(np.int32)
    cv2.polylines(patch, [fixed], False, (255,), max(1, round(width_mm * k)), cv2.LINE_AA, 4)
    rows, columns = patch.shape
    row, column = int(rng.integers(0, 200)), int(rng.integers(0, 200))
    tooth = _TOOTH[row : row + rows, column : column + columns]
    shade = darkness * np.ones(patch.shape, dtype=np.float32)
    shade[: tooth.shape[0], : tooth.shape[1]] *= 1 + grain * tooth
    join_ink(ink, np.clip(patch * shade, 0, 255).astype(np.uint8), int(left), int(top))


def _smear(ink: InkLayer, box: RectMm, darkness: float, dpi: float, rng: np.random.Generator) -> None:
    """Graphite dragged sideways by a hand: soft, longer than the bubble, and over its neighbours."""
    k = dpi / MM_PER_INCH
    long_mm = float(rng.uniform(2.0, 7.0))
    room = 2.0
    shape = (round((box.height_mm + 2 * room) * k), round((box.width_mm + long_mm + 2 * room) * k))
    patch = np.zeros(shape, dtype=np.float32)
    patch[round(room * k) : -round(room * k), round(room * k) : -round(room * k)] = 255 * darkness
    patch = cv2.GaussianBlur(patch, (0, 0), sigmaX=0.8 * k, sigmaY=0.3 * k)
    left = box.x_mm - room - (long_mm if rng.random() < 0.5 else 0.0)
    join_ink(ink, np.clip(patch, 0, 255).astype(np.uint8), round(left * k), round((box.y_mm - room) * k))


def _erase(desk: _Desk, rect: RectMm) -> None:
    """What an eraser leaves: a paler mark, a smear along its stroke, and crumbs."""
    rng = desk.rng
    draw_mark(desk.over, rect, Habit.FILL, _paler(desk.hand, float(rng.uniform(0.02, 0.12))), desk.dpi, rng)
    _smear(desk.over, rect, float(rng.uniform(0.01, 0.05)), desk.dpi, rng)
    for _ in range(int(rng.integers(0, 3))):
        at = np.array([rect.center.x_mm, rect.center.y_mm]) + rng.normal(0, 2.0, 2)
        _draw(desk.over, np.stack([at, at + rng.normal(0, 0.3, 2)]), 0.25, 0.5, desk.dpi, rng, 0.0)


def _paler(hand: OtherHand, darkness: float) -> OtherHand:
    return OtherHand(Habit.FILL, 0.8, darkness, 0.3, hand.aim_mm, 0.0, hand.writing)


def _paint_fluid(desk: _Desk, rect: RectMm) -> None:
    """Correction fluid brushed over a bubble: nearly opaque, ragged, a little larger."""
    box = rect.grown(float(desk.rng.uniform(0.2, 0.7)))
    _draw(
        desk.fluid, _zigzag(box, 0.7, 0.0, desk.rng), 1.1, float(desk.rng.uniform(0.92, 1.0)), desk.dpi, desk.rng, 0.02
    )


def _soil(desk: _Desk, rect: RectMm) -> str:
    """A dot, a squiggle to try the pen, a note beside the bubbles, or a thumb's smear."""
    rng, at = desk.rng, np.array([rect.center.x_mm, rect.center.y_mm])
    kind = int(rng.integers(4))
    if kind == 0:
        place = at + rng.normal(0, [1.5, 1.0])
        _draw(desk.over, np.stack([place, place + 0.1]), float(rng.uniform(0.2, 0.5)), 0.8, desk.dpi, rng, 0.0)
        return "speck"
    if kind == 1:
        steps = np.cumsum(rng.normal(0, 0.9, (12, 2)), axis=0)
        _draw(desk.over, at + rng.normal(0, 2.5, 2) + steps, 0.3, 0.75, desk.dpi, rng, 0.1)
        return "squiggle"
    if kind == 2:
        place = at + np.array([rng.uniform(-3, 3), rng.choice([-2.0, 2.0])])
        angle = np.linspace(0, 5, 12)
        _draw(desk.over, place + 0.9 * np.column_stack([np.cos(angle), np.sin(angle)]), 0.25, 0.7, desk.dpi, rng, 0.0)
        return "note"
    _smear(desk.over, rect.grown(float(rng.uniform(0, 2))), float(rng.uniform(0.03, 0.1)), desk.dpi, rng)
    return "thumb"
