"""Geometry checks on a card: what printing and reading depend on, as complaints with their places.

Used on every card that the builder makes, and on stored or imported ones. An *error* makes reading wrong, so
such a card is refused; a *warning* only makes it less certain (imported cards often have small bubbles).
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from models.errors import Complaint, Complaints, Sentence, mark_text
from models.geometry import RectMm
from scanning.cards.errors import CardGeometryWrong
from scanning.cards.measures import INSET_MM
from scanning.cards.template import CardPage, CardTemplate

LEAST_WIDTH_MM = 3.0
LEAST_HEIGHT_MM = 2.0
LEAST_GAP_MM = 1.0
SLACK_MM = 1e-3  # the thousandths to which lengths are rounded


@dataclass(frozen=True, slots=True)
class GeometryFault:
    """One rule that a card breaks."""

    level: Literal["error", "warning"]
    complaint: Complaint


def geometry_faults(card: CardTemplate) -> list[GeometryFault]:
    """Everything wrong with the geometry of a card, page by page."""
    faults: list[GeometryFault] = []
    for page in card.pages:
        faults += _Page(page).faults()
    return faults


def require_sound(card: CardTemplate) -> None:
    """Raise CardGeometryWrong unless the card keeps every rule, warnings included: our own cards do."""
    faults = geometry_faults(card)
    if faults:
        raise CardGeometryWrong(complaints=Complaints(fault.complaint for fault in faults[:10]))


class _Page:
    """The checks of one side."""

    def __init__(self, page: CardPage) -> None:
        self.page = page
        self.found: list[GeometryFault] = []

    def faults(self) -> list[GeometryFault]:
        self._inside()
        self._fiducials()
        self._bubbles()
        self._apart()
        return self.found

    def _add(self, level: Literal["error", "warning"], place: str, sentence: str, **values: object) -> None:
        where = f"page {self.page.page}" + (f", {place}" if place else "")
        self.found.append(GeometryFault(level, Complaint(where, Sentence(sentence, values))))

    def _named(self) -> dict[str, RectMm]:
        """Everything that stands on the side by a name for messages."""
        page = self.page
        named = {f"fiducial {mark.id}": mark.rect for mark in page.fiducials}
        named |= {f"bar {n} of track {track.id}": bar for track in page.tracks for n, bar in enumerate(track.bars)}
        named |= {
            f"bubble {bubble.label} (column {bubble.column}) of {field.id}": bubble.rect
            for field in page.fields
            for bubble in field.bubbles
        }
        named |= {f"barcode {barcode.id}": barcode.rect for barcode in page.barcodes}
        named |= {f"region {region.id} part {region.part}": region.rect for region in page.regions}
        if page.code is not None:
            named["machine code"] = page.code
        if page.printed_number is not None:
            named["printed number"] = page.printed_number
        return named

    def _inside(self) -> None:
        sheet = RectMm(0, 0, self.page.size.width_mm, self.page.size.height_mm)
        for name, rect in self._named().items():
            if not sheet.contains(rect, SLACK_MM):
                self._add("error", name, mark_text("lies outside the page."))

    def _fiducials(self) -> None:
        inner = RectMm(0, 0, self.page.size.width_mm, self.page.size.height_mm).grown(-INSET_MM)
        for mark in self.page.fiducials:
            if not inner.contains(mark.rect, SLACK_MM):
                self._add("warning", f"fiducial {mark.id}", mark_text("stands nearer than 8 mm to the edge."))
        if self.page.anchoring is None and len(self.page.fiducials) < 4:
            self._add("warning", "", mark_text("has fewer than four fiducials."))

    def _bubbles(self) -> None:
        bubbles = [
            (f"bubble {bubble.label} of {field.id}", bubble.rect)
            for field in self.page.fields
            for bubble in field.bubbles
        ]
        for name, rect in bubbles:
            if rect.width_mm < LEAST_WIDTH_MM - SLACK_MM or rect.height_mm < LEAST_HEIGHT_MM - SLACK_MM:
                self._add("warning", name, mark_text("is smaller than 3 × 2 mm."))
        # Sorted by x, only neighbours that could touch are compared: a card has hundreds of bubbles.
        bubbles.sort(key=lambda named: named[1].x_mm)
        for place, (name, rect) in enumerate(bubbles):
            for other_name, other in bubbles[place + 1 :]:
                if other.x_mm >= rect.right_mm + LEAST_GAP_MM - SLACK_MM:
                    break
                if rect.overlaps(other):
                    self._add("error", name, mark_text("overlaps {other}."), other=other_name)
                elif rect.grown(LEAST_GAP_MM - SLACK_MM).overlaps(other):
                    self._add("warning", name, mark_text("has less than 1 mm to {other}."), other=other_name)

    def _apart(self) -> None:
        """Regions show a marker nothing of the identity and share nothing with what is read."""
        regions = [(f"region {region.id} part {region.part}", region.rect) for region in self.page.regions]
        for (name, rect), (other_name, other) in combinations(regions, 2):
            if rect.grown(-SLACK_MM).overlaps(other):
                self._add("error", name, mark_text("overlaps {other}."), other=other_name)
        others = [(name, rect) for name, rect in self._named().items() if not name.startswith("region ")]
        others += [("an identity zone", zone) for zone in self.page.identity_zones]
        for name, rect in regions:
            for other_name, other in others:
                if rect.grown(-SLACK_MM).overlaps(other):
                    self._add("error", name, mark_text("overlaps {other}."), other=other_name)
        standing = [(name, rect) for name, rect in others if name.startswith(("fiducial", "bar ", "machine"))]
        reading = [(name, rect) for name, rect in others if name.startswith(("bubble", "barcode", "printed"))]
        for name, rect in reading:
            for other_name, other in standing:
                if rect.overlaps(other):
                    self._add("error", name, mark_text("overlaps {other}."), other=other_name)
