"""The drawing of an answer card in mm, shared by printer and reader: one set of plain values.

All lengths are mm, origin at the top-left corner of the printed page, y down (contracts.md 4). The card is
data: whatever reads, cuts or overlays a page takes this and nothing else about the paper.
"""

from dataclasses import dataclass
from typing import Literal

from models.geometry import RectMm, SizeMm
from models.words import FieldKind


@dataclass(frozen=True, slots=True)
class Fiducial:
    """A mark that ties the card to an image: a filled black rectangle unless `shape` says otherwise."""

    id: str
    rect: RectMm
    shape: Literal["rect", "ring", "l"] = "rect"


@dataclass(frozen=True, slots=True)
class TimingTrack:
    """A row or column of small black bars that give each bubble row its place, in reading order."""

    id: str
    bars: tuple[RectMm, ...]


@dataclass(frozen=True, slots=True)
class Bubble:
    """One place to fill in. `column` counts the characters of a digits or joined field from 0."""

    label: str
    rect: RectMm
    column: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """Bubbles that together answer one thing: the candidate number, a flag, an item, a choice."""

    id: str
    kind: FieldKind
    bubbles: tuple[Bubble, ...]
    columns: int = 1


@dataclass(frozen=True, slots=True)
class Barcode:
    """Where a candidate barcode is printed or stuck."""

    id: str
    symbology: str
    rect: RectMm


@dataclass(frozen=True, slots=True)
class Region:
    """A response region: the rectangle that is cut for item `id`; a continued answer has several parts from 1."""

    id: str
    part: int
    rect: RectMm


@dataclass(frozen=True, slots=True)
class Anchoring:
    """How an imported card without our fiducials is found on an image (OMRChecker's pre-processors in our terms).

    `outline`: the sheet's edge or printed frame is the page rectangle. `markers`: the image under
    `marker_png` (base64 PNG, grey) stands at the four corners, `marker_width_mm` wide. `features`: the
    reference page under `reference_png` is matched by its features. Steps are tried in order, each inside
    what the one before found.
    """

    steps: tuple[Literal["outline", "markers", "features"], ...]
    marker_png: str = ""
    marker_width_mm: float = 0.0
    reference_png: str = ""


@dataclass(frozen=True, slots=True)
class CardPage:
    """One printed side. `code` is where its machine code stands and `code_payload` what it says.

    `frames` are the printed outlines of answer boxes (line centres), further evidence for registration. `prints` are
    printed words and lines inside regions (headings, part labels, the grid): their ink is not the candidate's.
    """

    page: int
    size: SizeMm
    fiducials: tuple[Fiducial, ...]
    fields: tuple[Field, ...]
    barcodes: tuple[Barcode, ...] = ()
    regions: tuple[Region, ...] = ()
    code: RectMm | None = None
    code_payload: str = ""
    tracks: tuple[TimingTrack, ...] = ()
    frames: tuple[RectMm, ...] = ()
    identity_zones: tuple[RectMm, ...] = ()
    printed_number: RectMm | None = None
    anchoring: Anchoring | None = None
    prints: tuple[RectMm, ...] = ()


@dataclass(frozen=True, slots=True)
class CardTemplate:
    """All printed sides of one version of one paper's card.

    `hash` is the SHA-256 of the canonical card file without its own hash (files.py); it names the design.
    """

    paper: str
    version: int
    hash: str
    pages: tuple[CardPage, ...]

    def page(self, number: int) -> CardPage:
        """The side with this page number. Raises KeyError when the card has none."""
        for page in self.pages:
            if page.page == number:
                return page
        raise KeyError(number)
