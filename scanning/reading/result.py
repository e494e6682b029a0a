"""What reading one page image yields: plain frozen values, cheap to send between processes.

A value is either `ok` or `doubtful` with the best guess; what was impossible to read has a PageCode and
no fields at all. Scoring never looks at a doubtful value before a person has confirmed it.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from models.words import BubbleState, FieldKind, PageCode, ReadingStatus


class BubbleReading(NamedTuple):
    """One bubble: its ink relative to this page's paper (0) and this page's black (1), and the decision.

    `margin` in 0..1 is the distance from the nearest other decision; 0 is on the fence. A page has hundreds of these,
    and a tuple is made five times as fast as a frozen dataclass.
    """

    label: str
    column: int
    ink: float
    state: BubbleState
    margin: float


class FieldReading(NamedTuple):
    """One field of the card. `value` is written as contracts.md 5 says; `margin` is its least certain bubble's.

    `reasons` are short fixed words for the reviewer: ``faint``, ``erased``, ``stray``, ``crossed``,
    ``uneven``, ``conflict`` …
    """

    id: str
    kind: FieldKind
    value: str
    status: ReadingStatus
    margin: float
    bubbles: tuple[BubbleReading, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Voice:
    """One opinion about the candidate number: from ``bubbles``, ``barcode`` or ``ocr``, with its certainty."""

    source: str
    text: str
    certain: bool


@dataclass(frozen=True, slots=True)
class CandidateReading:
    """The vote on the candidate number of one side; `present` is False where this side carries none."""

    present: bool
    value: str = ""
    status: ReadingStatus = ReadingStatus.DOUBTFUL
    margin: float = 0.0
    voices: tuple[Voice, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Crop:
    """The image of one response region as a marker sees it: identity zones masked, no metadata, grey JPEG.

    `ink` is the share of the region that carries writing; `overflow_mm2` is ink that runs on across the
    region's border.
    """

    region: str
    part: int
    jpeg: bytes
    width_px: int
    height_px: int
    ink: float
    overflow_mm2: float = 0.0


@dataclass(frozen=True, slots=True)
class PageReading:
    """Everything that was read on one page image.

    A refused page has a `code` and neither `side` nor fields. `overflow_mm2` is ink outside every region
    and field; `warnings` are fixed words that do not stop the reading (``one_bit``, ``low_resolution`` …).
    """

    side: int | None
    code: PageCode | None
    detail: str = ""
    residual_mm: float | None = None
    turned_deg: int = 0
    px_per_mm: float = 0.0
    fields: tuple[FieldReading, ...] = ()
    candidate: CandidateReading = field(default_factory=lambda: CandidateReading(present=False))
    crops: tuple[Crop, ...] = ()
    overflow_mm2: float = 0.0
    warnings: tuple[str, ...] = ()
    corners_px: tuple[tuple[float, float], ...] = ()


def margin_text(margin: float) -> str:
    """A margin as files show it: two decimals in 0..1."""
    return str(Decimal(str(min(max(margin, 0.0), 1.0))).quantize(Decimal("0.01")))
