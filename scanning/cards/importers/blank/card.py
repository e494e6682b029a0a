"""`kaiyue card import --image`: a picture or PDF of a blank printed card becomes a card file full of proposals.

In:  the path of an image, TIFF or PDF with the blank sides; BlankOptions. Out: BlankCard: the card, its document with
     every proposal marked as such, the pages with their pictures, and remarks on what is uncertain.
Raises BlankRefused when a side cannot be opened, NothingFound when there are no bubbles on any.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from models.errors import mark_text
from models.words import BubbleState, FieldKind, PageCode, ReadingStatus
from scanning.cards.files import card_document, with_hash
from scanning.cards.importers.blank.proposals import Numbering, ProposedPage, propose_page
from scanning.cards.importers.refusals import BlankRefused, NothingFound
from scanning.cards.importers.remarks import Remark
from scanning.cards.template import CardTemplate
from scanning.intake.unpack import SourcePage, unpack
from scanning.page.formats import HEAD_BYTES, Kind, kind_of
from scanning.page.image import Refusal, decode_page, open_picture
from scanning.read_page import ReadingOptions, read_page
from scanning.reading.result import FieldReading

MOST_SIDES = 8
_SANE_MM = (90.0, 650.0)  # a PDF page that claims another width was made by a program that knows no paper
NOTE = "全部为程序识别的建议，须由人核对确认。Everything here was proposed by a program; a person has to confirm it."


@dataclass(frozen=True, slots=True)
class BlankOptions:
    """`width_mm` is the sheet's width where the person knows it; otherwise the file's claim or a guess."""

    paper: str = "imported"
    width_mm: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BlankCard:
    """The card (with its hash), the document to write, and what was found on each side."""

    card: CardTemplate
    document: dict[str, Any]
    pages: tuple[ProposedPage, ...]
    remarks: tuple[Remark, ...]


def import_blank(path: Path, options: BlankOptions | None = None) -> BlankCard:
    """Look at every side of a blank card."""
    chosen = options or BlankOptions()
    pages: list[ProposedPage] = []
    remarks: list[Remark] = []
    numbering = Numbering()
    widths = _widths_mm(path)
    for at, source in enumerate(unpack(path)):
        if at == MOST_SIDES:
            text = mark_text("Only the first eight sides were looked at.")
            remarks.append(Remark(path.name, text, needs_person=True))
            break
        grey = _grey_of(source, path)
        width = chosen.width_mm or _width_of(widths, at, grey)
        proposed = propose_page(grey, _dpi_of(source), width, numbering)
        if proposed is None:
            text = mark_text("No bubbles were found on this side, so it was left out.")
            remarks.append(Remark(f"page-{at + 1}", text, needs_person=True))
            continue
        numbering = proposed.numbering
        pages.append(proposed)
        remarks += proposed.remarks
    if not pages:
        raise NothingFound(name=path.name)
    pages, checked = _checked(chosen.paper, pages)
    card = with_hash(CardTemplate(chosen.paper, 1, "", tuple(one.page for one in pages)))
    return BlankCard(card, _marked(card), tuple(pages), (*remarks, *checked))


def _grey_of(source: SourcePage, path: Path) -> NDArray[np.uint8]:
    if source.grey is not None:
        return source.grey
    image = Refusal(source.code or PageCode.UNREADABLE_FILE, source.detail)
    if source.data is not None:
        decoded = decode_page(source.data)
        if not isinstance(decoded, Refusal):
            return decoded.grey
        image = decoded
    raise BlankRefused(name=path.name, code=image.code.value, why=image.detail or image.code.value)


def _dpi_of(source: SourcePage) -> float | None:
    """What the picture's file claims."""
    if source.data is None:
        return None
    kind = kind_of(source.data[:HEAD_BYTES])
    if kind is None or kind in (Kind.PDF, Kind.ZIP):
        return None
    try:
        with open_picture(io.BytesIO(source.data), kind) as picture:
            claimed = picture.info.get("dpi")
            return float(claimed[0]) if claimed else None
    except Exception:  # noqa: BLE001 - a picture whose notes cannot be read claims nothing
        return None


def _widths_mm(path: Path) -> list[tuple[float, float]]:
    """Width and height in mm of the pages of a PDF; empty for anything else."""
    with path.open("rb") as file:
        if kind_of(file.read(HEAD_BYTES)) is not Kind.PDF:
            return []
    try:
        document = pypdfium2.PdfDocument(path)
        try:
            sizes = [document.get_page_size(at) for at in range(min(len(document), MOST_SIDES))]
            return [(width / 72 * 25.4, height / 72 * 25.4) for width, height in sizes]
        finally:
            document.close()
    except pypdfium2.PdfiumError:
        return []


def _width_of(sizes: Sequence[tuple[float, float]], at: int, grey: NDArray[np.uint8]) -> float | None:
    """The width of a PDF's page, taken the way round in which its picture lies."""
    if at >= len(sizes):
        return None
    short, long = sorted(sizes[at])
    if not (_SANE_MM[0] <= short and long <= _SANE_MM[1]):
        return None
    return short if grey.shape[0] >= grey.shape[1] else long


def _checked(paper: str, pages: list[ProposedPage]) -> tuple[list[ProposedPage], list[Remark]]:
    """Read every blank side through its own proposals: what seems to be filled in is a printed example.

    Examples are left out and the items numbered anew.
    """
    remarks: list[Remark] = []
    kept = []
    last = 0
    for proposed in pages:
        page = proposed.page
        alone = CardTemplate(paper, 1, "", (page,))
        reading = read_page(proposed.grey, alone, ReadingOptions(crops=None, ocr="never"))
        if reading.code is not None:
            text = mark_text("The reader does not find this side on its own picture; look at the overlay.")
            remarks.append(Remark(f"page-{page.page}: {reading.code.value}", text, needs_person=True))
        examples = {one.id for one in reading.fields if _is_example(one)}
        if examples:
            text = mark_text("Bubbles with marks printed in them are examples and were left out.")
            remarks.append(Remark(f"page-{page.page}: {len(examples)}", text, needs_person=False))
        names: dict[str, str] = {}
        for one in page.fields:
            if one.id not in examples:
                is_item = one.kind in (FieldKind.SINGLE, FieldKind.JUDGE)
                last += is_item
                names[one.id] = f"item:{last}" if is_item else one.id
        for read in reading.fields:
            if read.id in names and (read.value or read.status is not ReadingStatus.OK):
                text = mark_text("This field looks filled in on the blank card; look at the overlay.")
                remarks.append(Remark(names[read.id], text, needs_person=True))
        fields = tuple(replace(one, id=names[one.id]) for one in page.fields if one.id in names)
        if any(one.kind is FieldKind.FLAG for one in fields):
            text = mark_text("Single bubbles were taken for flags; say what each means, or delete it.")
            remarks.append(Remark(f"page-{page.page}", text, needs_person=True))
        kept.append(replace(proposed, page=replace(page, fields=fields)))
    return kept, remarks


def _is_example(field: FieldReading) -> bool:
    """Whether half of a field's bubbles or more hold a mark on the blank card."""
    marked = sum(one.state is not BubbleState.EMPTY for one in field.bubbles)
    single = field.kind in (FieldKind.FLAG, FieldKind.SINGLE, FieldKind.JUDGE)
    return single and 2 * marked >= max(len(field.bubbles), 1) and marked > 0


def _marked(card: CardTemplate) -> dict[str, Any]:
    """The card's document with every proposal marked as one."""
    document = card_document(card)
    pages = document.pop("pages")
    document |= {"proposed": True, "note": NOTE, "pages": pages}
    for page in pages:
        for key in ("fiducials", "fields", "regions", "tracks"):
            for entry in page.get(key, ()):
                entry["proposed"] = True
    return document
