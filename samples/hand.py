"""A seeded candidate: what is meant to be chosen and written, with which pencil, pen and habits.

These are the plain values; samples/fill.py and samples/writing.py turn them into ink. A hand is drawn from a
population (`HandMix`) by a numpy Generator. Knows nothing of scanners, files or points.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np

from models.paper import EssayGrid
from samples.strokes import Alphabet, InkLayer, Pen, make_alphabet


class FillStyle(StrEnum):
    """How a candidate usually marks a bubble."""

    DARK = "dark"
    PALE = "pale"
    SMALL = "small"
    HALF = "half"
    TICKED = "ticked"
    CROSSED = "crossed"
    DASHED = "dashed"


class MarkKind(StrEnum):
    """What a piece of ink near a bubble was meant as."""

    CHOSEN = "chosen"
    ERASED = "erased"
    CANCELLED = "cancelled"
    STRAY = "stray"


class HandMix(StrEnum):
    """Which population a hand is drawn from: careful dark fills, an ordinary class, or every habit at once."""

    PLAIN = "plain"
    ORDINARY = "ordinary"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Slips:
    """Rates per field of what goes wrong besides the answer itself; `other_style` is per chosen bubble."""

    erased: float = 0.0
    cancelled: float = 0.0
    stray: float = 0.0
    overshoot: float = 0.0
    other_style: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One candidate's hand. `darkness` is the pencil's, 0..1; `uneven` its spread from bubble to bubble."""

    style: FillStyle
    darkness: float
    uneven: float
    pencil_mm: float
    jitter_mm: float
    slips: Slips
    pen: Pen
    alphabet: Alphabet


_STYLES: dict[HandMix, dict[FillStyle, float]] = {
    HandMix.PLAIN: {FillStyle.DARK: 1.0},
    HandMix.ORDINARY: {FillStyle.DARK: 0.86, FillStyle.PALE: 0.07, FillStyle.SMALL: 0.05, FillStyle.HALF: 0.02},
    HandMix.MIXED: {
        FillStyle.DARK: 0.58,
        FillStyle.PALE: 0.14,
        FillStyle.SMALL: 0.09,
        FillStyle.HALF: 0.05,
        FillStyle.TICKED: 0.06,
        FillStyle.CROSSED: 0.05,
        FillStyle.DASHED: 0.03,
    },
}
_SLIPS: dict[HandMix, Slips] = {
    HandMix.PLAIN: Slips(erased=0.002, overshoot=0.02),
    HandMix.ORDINARY: Slips(erased=0.012, cancelled=0.0004, stray=0.003, overshoot=0.03, other_style=0.004),
    HandMix.MIXED: Slips(erased=0.03, cancelled=0.006, stray=0.015, overshoot=0.06, other_style=0.03),
}


def draw_hand(mix: HandMix, rng: np.random.Generator) -> Hand:
    """One hand from the population."""
    styles = _STYLES[mix]
    style = list(styles)[int(rng.choice(len(styles), p=list(styles.values())))]
    pale = style is FillStyle.PALE
    darkness = rng.uniform(0.22, 0.45) if pale else rng.uniform(0.66, 0.95)
    return Hand(
        style=style,
        darkness=float(darkness),
        uneven=float(rng.uniform(0.02, 0.05 if mix is HandMix.PLAIN else 0.12)),
        pencil_mm=float(rng.uniform(0.55, 1.0)),
        jitter_mm=float(rng.uniform(0.05, 0.15 if mix is HandMix.PLAIN else 0.28)),
        slips=_SLIPS[mix],
        pen=Pen(width_mm=float(rng.uniform(0.22, 0.36)), darkness=float(rng.uniform(0.75, 0.97))),
        alphabet=make_alphabet(rng),
    )


Manner = Literal["short", "steps", "text", "essay"]


@dataclass(frozen=True, slots=True)
class Writing:
    """What is written into one region: how much of it is used (0..1) and in which manner.

    `over_border` lets a line run out of the region; `grid` gives an essay its squares, `start_mm` the offset of
    the first square or line from the region's corner, `row_mm` the distance from one row of squares to the next.
    """

    region: str
    part: int
    manner: Manner
    amount: float
    over_border: bool = False
    grid: EssayGrid | None = None
    start_mm: tuple[float, float] = (4.0, 6.0)
    row_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class SideIntent:
    """What the candidate means to put on one side: (column, label) of each bubble per field, and the writing."""

    choices: Mapping[str, tuple[tuple[int, str], ...]]
    writings: tuple[Writing, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Ink put on one bubble on purpose or by mistake; `manner` is the fill style or the kind of slip."""

    field: str
    column: int
    label: str
    kind: MarkKind
    manner: str


@dataclass(frozen=True, slots=True, eq=False)
class FilledSide:
    """The ink of one side and what it was meant as; `written` are (region, part) that carry writing."""

    ink: InkLayer
    marks: tuple[Mark, ...]
    written: tuple[tuple[str, int], ...] = field(default=())
