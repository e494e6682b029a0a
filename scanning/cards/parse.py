"""Turn the document of a card file into a CardTemplate, collecting every complaint with its place.

Where something is wrong a harmless value stands in, so that one pass finds everything; the caller must not
use the card when there are complaints.
"""

import base64
import math
from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

from models.errors import Complaint, Sentence, mark_text
from models.geometry import RectMm, SizeMm
from models.words import FieldKind
from scanning.cards.template import (
    Anchoring,
    Barcode,
    Bubble,
    CardPage,
    CardTemplate,
    Fiducial,
    Field,
    Region,
    TimingTrack,
)

FORMAT = "card/1"
LARGEST_PAGE_MM = 2000.0
EDGE_SLACK_MM = 0.5  # people round: a rectangle may end this far beyond the page
SHAPES = ("rect", "ring", "l")
STEPS = ("outline", "markers", "features")
T = TypeVar("T")


class CardReader:
    """Reads one document; `complaints` says what is wrong with it."""

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []

    def card(self, document: object) -> CardTemplate:
        """The whole card; its hash is left empty."""
        if not isinstance(document, dict):
            self._complain("", mark_text("the file must hold one JSON object."))
            return CardTemplate("", 1, "", ())
        if document.get("kaiyue") != FORMAT:
            self._complain("kaiyue", mark_text("must be “card/1”, not {value}."), value=_shown(document.get("kaiyue")))
            return CardTemplate("", 1, "", ())
        paper = self._text(document, "paper", "")
        version = self._whole(document, "version", "", least=1)
        pages = tuple(self._each(document, "pages", "", self._page))
        if not pages and not self.complaints:
            self._complain("pages", mark_text("must list at least one page."))
        self._unique([(f"pages[{n}].page", page.page) for n, page in enumerate(pages)])
        self._check_parts(pages)
        return CardTemplate(paper, version, "", pages)

    def _page(self, entry: dict[str, Any], place: str) -> CardPage:
        size = SizeMm(self._size(entry, "width_mm", place), self._size(entry, "height_mm", place))

        def rect_of(value: dict[str, Any], where: str) -> RectMm:
            rect = self._rect(value, where)
            beyond = not RectMm(0, 0, size.width_mm, size.height_mm).contains(rect, EDGE_SLACK_MM)
            if beyond and size.width_mm and size.height_mm:
                self._complain(where, mark_text("lies outside the page."))
            return rect

        def optional_rect(key: str) -> RectMm | None:
            value = entry.get(key)
            if value is None:
                return None
            if not isinstance(value, dict):
                self._complain(f"{place}.{key}", mark_text("must be an object."))
                return None
            if value.get("w_mm") == 0 and value.get("h_mm") == 0:
                return None  # a place that the card does not use
            return rect_of(value, f"{place}.{key}")

        def fiducial(value: dict[str, Any], where: str) -> Fiducial:
            shape = value.get("shape", "rect")
            if shape not in SHAPES:
                self._complain(f"{where}.shape", mark_text("must be one of {known}."), known=", ".join(SHAPES))
                shape = "rect"
            return Fiducial(self._text(value, "id", where), rect_of(value, where), shape)

        def field(value: dict[str, Any], where: str) -> Field:
            return self._field(value, where, rect_of)

        def barcode(value: dict[str, Any], where: str) -> Barcode:
            return Barcode(self._text(value, "id", where), self._text(value, "symbology", where), rect_of(value, where))

        def region(value: dict[str, Any], where: str) -> Region:
            part = self._whole(value, "part", where, least=1, missing=1)
            return Region(self._text(value, "id", where), part, rect_of(value, where))

        def track(value: dict[str, Any], where: str) -> TimingTrack:
            return TimingTrack(self._text(value, "id", where), tuple(self._each(value, "bars", where, rect_of)))

        page = CardPage(
            page=self._whole(entry, "page", place, least=1),
            size=size,
            fiducials=tuple(self._each(entry, "fiducials", place, fiducial, optional=True)),
            fields=tuple(self._each(entry, "fields", place, field, optional=True)),
            barcodes=tuple(self._each(entry, "barcodes", place, barcode, optional=True)),
            regions=tuple(self._each(entry, "regions", place, region, optional=True)),
            code=optional_rect("code"),
            code_payload=self._text(entry, "code_payload", place, missing=""),
            tracks=tuple(self._each(entry, "tracks", place, track, optional=True)),
            frames=tuple(self._each(entry, "frames", place, rect_of, optional=True)),
            identity_zones=tuple(self._each(entry, "identity_zones", place, rect_of, optional=True)),
            printed_number=optional_rect("printed_number"),
            anchoring=self._anchoring(entry.get("anchoring"), f"{place}.anchoring"),
            prints=tuple(self._each(entry, "prints", place, rect_of, optional=True)),
        )
        self._unique([(f"{place}.fields[{n}].id", field.id) for n, field in enumerate(page.fields)])
        self._unique([(f"{place}.barcodes[{n}].id", code.id) for n, code in enumerate(page.barcodes)])
        self._unique([(f"{place}.fiducials[{n}].id", mark.id) for n, mark in enumerate(page.fiducials)])
        return page

    def _field(self, value: dict[str, Any], place: str, rect_of: Callable[[dict[str, Any], str], RectMm]) -> Field:
        kind_text = value.get("kind")
        if kind_text in tuple(FieldKind):
            kind = FieldKind(kind_text)
        else:
            known = ", ".join(FieldKind)
            sentence = mark_text("is {value}, but must be one of {known}.")
            self._complain(f"{place}.kind", sentence, value=_shown(kind_text), known=known)
            kind = FieldKind.SINGLE

        def bubble(entry: dict[str, Any], where: str) -> Bubble:
            column = self._whole(entry, "column", where, least=0, missing=0)
            return Bubble(self._text(entry, "label", where), rect_of(entry, where), column)

        bubbles = tuple(self._each(value, "bubbles", place, bubble))
        if not bubbles:
            self._complain(f"{place}.bubbles", mark_text("must list at least one bubble."))
        least = max((bubble.column for bubble in bubbles), default=0) + 1
        columns = self._whole(value, "columns", place, least=1, missing=least)
        if columns < least:
            self._complain(f"{place}.columns", mark_text("is smaller than the columns that the bubbles name."))
        self._unique([(f"{place}.bubbles[{n}]", (bubble.column, bubble.label)) for n, bubble in enumerate(bubbles)])
        return Field(self._text(value, "id", place), kind, bubbles, columns)

    def _anchoring(self, value: object, place: str) -> Anchoring | None:
        if value is None:
            return None
        if not isinstance(value, dict):
            self._complain(place, mark_text("must be an object."))
            return None
        steps = value.get("steps")
        if not isinstance(steps, list) or any(step not in STEPS for step in steps):
            # An empty list says that the image itself is the page.
            self._complain(f"{place}.steps", mark_text("must list none or more of {known}."), known=", ".join(STEPS))
            return None
        return Anchoring(
            tuple(cast('list[Literal["outline", "markers", "features"]]', steps)),
            self._png(value, "marker_png", place, needed="markers" in steps),
            self._number(value, "marker_width_mm", place, missing=0.0),
            self._png(value, "reference_png", place, needed="features" in steps),
        )

    def _png(self, entry: dict[str, Any], key: str, place: str, *, needed: bool) -> str:
        """A picture in base64; empty where the steps do not need it."""
        text = self._text(entry, key, place, missing="")
        if not text and not needed:
            return ""
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError:
            data = b""
        if not data.startswith(b"\x89PNG\r\n"):
            self._complain(f"{place}.{key}", mark_text("must be a PNG picture in base64."))
        return text

    def _check_parts(self, pages: tuple[CardPage, ...]) -> None:
        """An answer that continues elsewhere has several regions with the same id, never with the same part."""
        self._unique(
            [
                (f"pages[{number}].regions[{place}].part", (region.id, region.part))
                for number, page in enumerate(pages)
                for place, region in enumerate(page.regions)
            ]
        )

    def _each(
        self,
        entry: dict[str, Any],
        key: str,
        place: str,
        read: Callable[[dict[str, Any], str], T],
        optional: bool = False,
    ) -> list[T]:
        where = f"{place}.{key}" if place else key
        values = entry.get(key)
        if values is None and optional:
            return []
        if not isinstance(values, list):
            self._complain(where, mark_text("must be a list."))
            return []
        result = []
        for number, value in enumerate(values):
            if isinstance(value, dict):
                result.append(read(value, f"{where}[{number}]"))
            else:
                self._complain(f"{where}[{number}]", mark_text("must be an object."))
        return result

    def _rect(self, entry: dict[str, Any], place: str) -> RectMm:
        values = [self._number(entry, key, place) for key in ("x_mm", "y_mm", "w_mm", "h_mm")]
        for key, value in zip(("w_mm", "h_mm"), values[2:], strict=True):
            if value <= 0 and isinstance(entry.get(key), int | float):
                self._complain(f"{place}.{key}", mark_text("must be greater than 0."))
        return RectMm(*values)

    def _size(self, entry: dict[str, Any], key: str, place: str) -> float:
        value = self._number(entry, key, place)
        if isinstance(entry.get(key), int | float) and not 0 < value <= LARGEST_PAGE_MM:
            self._complain(f"{place}.{key}", mark_text("must be between 0 and 2000 mm."))
            return 0.0
        return value

    def _number(self, entry: dict[str, Any], key: str, place: str, missing: float | None = None) -> float:
        value = entry.get(key, missing)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._complain(f"{place}.{key}", mark_text("must be a number."))
            return 0.0
        return float(value)

    def _whole(self, entry: dict[str, Any], key: str, place: str, least: int, missing: int | None = None) -> int:
        value = entry.get(key, missing)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            where = f"{place}.{key}" if place else key
            self._complain(where, mark_text("must be a whole number from {least}."), least=least)
            return least
        return value

    def _text(self, entry: dict[str, Any], key: str, place: str, missing: str | None = None) -> str:
        value = entry.get(key, missing)
        if not isinstance(value, str) or (missing is None and not value):
            self._complain(f"{place}.{key}" if place else key, mark_text("must be a text in quotes."))
            return ""
        return value

    def _unique(self, named: list[tuple[str, object]]) -> None:
        seen: set[object] = set()
        for place, name in named:
            if name in seen and name != "":
                self._complain(place, mark_text("appears twice."))
            seen.add(name)

    def _complain(self, place: str, sentence: str, **values: object) -> None:
        self.complaints.append(Complaint(place, Sentence(sentence, values)))


def _shown(value: object) -> str:
    return "“" + str(value) + "”" if value is not None else "—"
