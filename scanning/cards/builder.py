"""From a paper to its answer card.

In:  a checked Paper (models/paper.py) and what else stands on the card.
Out: a CardDesign: the template that reading uses and the drawings that printing uses, from the same numbers.

The head comes first, then all objective items, then the written items, choose-groups and essays in paper order;
what does not fit flows to the next column and side. The same paper always gives the same card, on every computer.
"""

from dataclasses import replace

from models.errors import Sentence, mark_text
from models.geometry import RectMm, SizeMm
from models.paper import Item, Paper
from models.words import FieldKind, ItemKind, NumberEntry
from scanning.cards import wording
from scanning.cards.answers import choose_piece, essay_rows, written_box
from scanning.cards.bubbles import centred
from scanning.cards.checks import require_sound
from scanning.cards.drawing import Box, CardDesign, Line, Mark, PageDrawing, Text, line_rect, text_rect
from scanning.cards.errors import CardDoesNotFit, NumberDigitsRefused, SidesRefused
from scanning.cards.files import design_hash, with_hash
from scanning.cards.flow import Column, fill_columns
from scanning.cards.header import back_identity, header
from scanning.cards.machine_code import code_marks, payload
from scanning.cards.objective import objective_block
from scanning.cards.piece import Block, Headed, Piece, Whole, stacked, together
from scanning.cards.sheet import Furniture, column_rects, furniture
from scanning.cards.template import CardPage, CardTemplate

UNUSED_MM = 30.0  # a foot of a column higher than this is marked as not to be written in


def build_card(paper: Paper, *, version: int = 1, exam_title: str = "") -> CardDesign:
    """Lay out the card of a paper.

    Raises CardDoesNotFit, BlockTooHigh, GridTooWide, NumberTooWide, OptionsTooWide, ColumnTooNarrow,
    SheetRefused, SidesRefused, NumberDigitsRefused, BoxTooLow: each says what to change.
    """
    spec = paper.card
    if spec.sides not in (1, 2):
        raise SidesRefused(sides=spec.sides)
    if not 1 <= spec.digits <= 20:
        raise NumberDigitsRefused(digits=spec.digits)
    size = SizeMm(spec.size.width_mm, spec.size.height_mm)
    rects = column_rects(size, spec.columns)
    try:
        columns = _flown(paper, rects, divide=False)
    except CardDoesNotFit as tight:
        try:
            columns = _flown(paper, rects, divide=True)
        except CardDoesNotFit:
            raise tight from None

    pages = []
    drawings = []
    for page in range(1, spec.sides + 1):
        common = furniture(size, rects, page=page, pages=spec.sides, title=paper.title, exam_title=exam_title)
        mine = [column for column in columns if column.page == page]
        contents = together([piece for column in mine for piece in column.pieces], 0.0)
        pages.append(_card_page(page, size, common, contents))
        empty_side = not any(column.pieces for column in mine)
        unused = [mark for column in mine for mark in _unused(column, empty_side=empty_side)]
        marks = (*common.marks, *contents.marks, *unused)
        drawings.append(PageDrawing(page, size, marks, contents.slots))
    return _signed(CardTemplate(paper.id, version, "", tuple(pages)), drawings)


def _flown(paper: Paper, rects: tuple[RectMm, ...], *, divide: bool) -> list[Column]:
    """All columns of the card, filled; `divide` lets high boxes go over to the next column."""
    spec = paper.card
    columns = [Column(page, rect) for page in range(1, spec.sides + 1) for rect in rects]
    if spec.number is NumberEntry.PREPRINTED and spec.sides == 2:
        columns[len(rects)].add(back_identity(rects[0].width_mm))
    fill_columns(columns, _blocks(paper, rects[0].width_mm, divide=divide), spec.sides)
    return columns


def _blocks(paper: Paper, width_mm: float, *, divide: bool) -> list[Block]:
    """The contents in the order in which they flow."""
    blocks: list[Block] = [Whole(Sentence(mark_text("the head of the card")), header(paper, width_mm))]
    if paper.objective_items:
        blocks.append(objective_block(paper.objective_items, width_mm))
    announced: set[str] = set()
    for place, item in enumerate(paper.subjective_items):
        block = _answer_block(item, width_mm, divide=divide)
        headings = []
        if place == 0:
            headings.append(Piece(5.2, (Text(0.0, 3.8, wording.SUBJECTIVE, 9.5, bold=True, max_width_mm=width_mm),)))
        if item.choose is not None and item.choose.group not in announced:
            announced.add(item.choose.group)
            members = [other for other in paper.items if other.choose and other.choose.group == item.choose.group]
            headings.append(choose_piece(item.choose.group, members, width_mm))
        blocks.append(Headed(stacked(headings), block) if headings else block)
    return blocks


def _answer_block(item: Item, width_mm: float, *, divide: bool) -> Block:
    if item.kind is ItemKind.ESSAY and item.grid is not None:
        return essay_rows(item, item.grid, width_mm)
    return written_box(item, width_mm, divide=divide)


def _card_page(page: int, size: SizeMm, common: Furniture, contents: Piece) -> CardPage:
    return CardPage(
        page=page,
        size=size,
        fiducials=tuple(replace(mark, rect=_rounded(mark.rect)) for mark in common.fiducials),
        fields=tuple(
            replace(field, bubbles=tuple(replace(b, rect=_rounded(b.rect)) for b in field.bubbles))
            for field in sorted(contents.fields, key=lambda field: field.kind is not FieldKind.DIGITS)
        ),
        barcodes=tuple(replace(barcode, rect=_rounded(barcode.rect)) for barcode in contents.barcodes),
        regions=tuple(replace(region, rect=_rounded(region.rect)) for region in contents.regions),
        code=_rounded(common.code),
        tracks=tuple(replace(track, bars=tuple(_rounded(bar) for bar in track.bars)) for track in common.tracks),
        frames=tuple(_rounded(frame) for frame in contents.frames),
        identity_zones=tuple(_rounded(zone) for zone in contents.identity_zones),
        printed_number=_rounded(contents.printed_number) if contents.printed_number else None,
        prints=tuple(_rounded(words) for words in _prints_in_regions(contents)),
    )


def _prints_in_regions(contents: Piece) -> list[RectMm]:
    """Words and lines printed inside response regions: what is dark there was not written by the candidate.

    The short strokes of a grid that stand above each other are one line.
    """
    prints = [text_rect(mark) for mark in contents.marks if isinstance(mark, Text)]
    upright: dict[float, RectMm] = {}
    for mark in contents.marks:
        if isinstance(mark, Line):
            rect = line_rect(mark)
            known = upright.get(rect.x_mm) if mark.x1_mm == mark.x2_mm else None
            if known is not None and any(r.rect.contains(known) and r.rect.contains(rect) for r in contents.regions):
                top_mm = min(known.y_mm, rect.y_mm)
                rect = replace(rect, y_mm=top_mm, height_mm=max(known.bottom_mm, rect.bottom_mm) - top_mm)
                prints.remove(known)
            if mark.x1_mm == mark.x2_mm:
                upright[rect.x_mm] = rect
            prints.append(rect)
    return [rect for rect in prints if any(rect.overlaps(region.rect) for region in contents.regions)]


def _signed(template: CardTemplate, drawings: list[PageDrawing]) -> CardDesign:
    """Give every side its machine code and the card its hash, after the geometry was checked."""
    require_sound(template)
    design = design_hash(template)
    pages = []
    signed = []
    for page, drawing in zip(template.pages, drawings, strict=True):
        text = payload(template.paper, design, template.version, page.page)
        pages.append(replace(page, code_payload=text))
        marks: tuple[Mark, ...] = drawing.marks
        if page.code is not None:
            marks = (*marks, *code_marks(text, page.code))
        signed.append(replace(drawing, marks=marks))
    return CardDesign(with_hash(replace(template, pages=tuple(pages))), tuple(signed))


def _unused(column: Column, *, empty_side: bool) -> tuple[Mark, ...]:
    """Mark the empty foot of a column, so that nobody answers where nothing is cut."""
    room_mm = column.room_mm
    if room_mm < UNUSED_MM:
        return ()
    rect = RectMm(column.rect.x_mm, column.rect.bottom_mm - room_mm, column.rect.width_mm, room_mm).grown(-1.0)
    text = f"{wording.NO_QUESTIONS}，{wording.KEEP_EMPTY}" if empty_side else wording.KEEP_EMPTY
    return (Box(rect, 0.15, 0.6, dash_mm=1.5), centred(rect, text, 14, grey=0.6))


def _rounded(rect: RectMm) -> RectMm:
    """Whole thousandths, as the card file keeps them."""
    return RectMm(round(rect.x_mm, 3), round(rect.y_mm, 3), round(rect.width_mm, 3), round(rect.height_mm, 3))
