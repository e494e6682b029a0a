"""From a picture of a blank card to a proposed page of a card: fields, boxes, marks, and what is uncertain.

In:  a grey picture of one side, uint8 (h, w); what its file and the person say about its size; where numbering goes on.
Out: ProposedPage. Everything in it is a proposal that a person has to confirm.
"""

import base64
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import mark_text
from models.geometry import RectMm
from models.words import FieldKind
from scanning.cards.importers.blank.blocks import Block, find_blocks
from scanning.cards.importers.blank.boxes import find_boxes, find_marks, in_reading_order
from scanning.cards.importers.blank.glyphs import (
    MOST_OPTIONS,
    Glyphs,
    begins_with_zero,
    glyphs_of,
    looks_like,
    repeats_every,
    runs_down,
)
from scanning.cards.importers.blank.outlines import Outline, dark_mask, find_bubble_outlines
from scanning.cards.importers.blank.sheet import PX_PER_MM, BlankSheet, lay_flat, rescaled, skew_of
from scanning.cards.importers.remarks import Remark
from scanning.cards.template import Anchoring, Bubble, CardPage, Fiducial, Field, Region, TimingTrack
from scanning.page.code import find_codes

_REFERENCE_SIDE_PX = 1_800  # as for reference pages of OMRChecker
_LEAST_WIDTH_MM = 2.4  # bubbles narrower than this on a guessed sheet: the sheet is larger than guessed
_DIGITS = "0123456789"
_LETTERS = "ABCDEFG"
_SAME_LETTER = 0.75


@dataclass(frozen=True, slots=True)
class Numbering:
    """Where ids go on from the page before."""

    page: int = 1
    items: int = 0
    grids: int = 0
    flags: int = 0
    boxes: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ProposedPage:
    """A page of a card as it was found; `grey` is the upright page at 8 px a mm that its places refer to."""

    page: CardPage
    grey: NDArray[np.uint8]
    remarks: tuple[Remark, ...]
    numbering: Numbering


@dataclass(slots=True)
class _Kinds:
    """Blocks sorted by what they are; `down` says for each whether its fields run down a column."""

    grids: list[tuple[Block, Glyphs, bool]] = field(default_factory=list)
    items: list[tuple[Block, Glyphs, bool]] = field(default_factory=list)
    flags: list[RectMm] = field(default_factory=list)


def propose_page(
    picture: NDArray[np.uint8], dpi: float | None, width_mm: float | None, after: Numbering | None = None
) -> ProposedPage | None:
    """Look at one side; None when no bubble was found on it."""
    numbering = after or Numbering()
    remarks: list[Remark] = []
    place = f"page-{numbering.page}"
    sheet = _upright(lay_flat(picture, dpi, width_mm))
    sheet, outlines = _at_right_size(sheet)
    mask = dark_mask(sheet.grey)
    found = find_blocks(outlines, mask)
    kinds = _sorted(sheet, list(found.blocks), list(found.alone), place, remarks)
    if not kinds.grids and not kinds.items:
        return None
    if sheet.guessed:
        text = mark_text("The size of the paper was guessed; give it with --width-mm if it is another.")
        remarks.append(Remark(place, text, needs_person=True))
    if found.left_over:
        text = mark_text("Some outlines of a bubble's size stand in no row or column and were left out.")
        remarks.append(Remark(f"{place}: {found.left_over}", text, needs_person=True))
    fields, numbering = _fields(kinds, numbering, place, remarks)
    bubbles = [bubble.rect for one in fields for bubble in one.bubbles]
    boxes = find_boxes(mask, sheet.size, bubbles, found.cells)
    marks = find_marks(sheet.grey, mask, sheet.size, bubbles, _codes(sheet.grey))
    regions = tuple(Region(f"region:{numbering.boxes + at}", 1, _exact(one)) for at, one in enumerate(boxes, start=1))
    page = CardPage(
        page=numbering.page,
        size=sheet.size,
        fiducials=tuple(Fiducial(f"mark:{at}", _exact(one)) for at, one in enumerate(marks.fiducials, start=1)),
        fields=tuple(fields),
        regions=regions,
        tracks=tuple(
            TimingTrack(f"track:{at}", tuple(_exact(one) for one in bars))
            for at, bars in enumerate(marks.tracks, start=1)
        ),
        anchoring=Anchoring(("features", "outline"), reference_png=_reference(sheet.grey)),
    )
    following = Numbering(
        numbering.page + 1, numbering.items, numbering.grids, numbering.flags, numbering.boxes + len(regions)
    )
    return ProposedPage(page, sheet.grey, tuple(remarks), following)


def _upright(sheet: BlankSheet) -> BlankSheet:
    """The sheet turned until its rows of bubbles are level."""
    for _ in range(2):
        rects = [one.rect for one in find_bubble_outlines(sheet.grey)]
        centers = np.array([[one.center.x_mm, one.center.y_mm] for one in rects], dtype=np.float64).reshape(-1, 2)
        width = float(np.median([one.width_mm for one in rects])) if rects else 0.0
        skew = skew_of(centers, width)
        if abs(skew) < 0.05:
            break
        sheet = sheet.turned(skew)
    return sheet


def _at_right_size(sheet: BlankSheet) -> tuple[BlankSheet, list[Outline]]:
    """The sheet, taken to be A3 where bubbles would be smaller than any printed on A4; and its outlines."""
    outlines = find_bubble_outlines(sheet.grey)
    if sheet.guessed and outlines and sheet.size.width_mm < 300:
        widths = sorted(one.rect.width_mm for one in outlines)
        if widths[len(widths) // 2] < _LEAST_WIDTH_MM:
            sheet = rescaled(sheet, 2**0.5)
            outlines = find_bubble_outlines(sheet.grey)
    return sheet, outlines


def _sorted(sheet: BlankSheet, blocks: list[Block], alone: list[RectMm], place: str, remarks: list[Remark]) -> _Kinds:
    """Say of every block what it is: a grid of digits, items, or bubbles of their own."""
    kinds = _Kinds(flags=list(alone))
    for whole in blocks:
        glyphs = glyphs_of(sheet.grey, whole)
        step = repeats_every(glyphs)
        parts = whole.split(range(step, whole.columns, step)) if step else [whole]
        for block in parts:
            own = glyphs_of(sheet.grey, block)
            down, certain = _direction(block, own)
            options = block.rows if down else block.columns
            where = _where(place, block.box())
            if block.filled_in:
                text = mark_text("Some bubbles of this block were not seen clearly and stand where its grid says.")
                remarks.append(Remark(f"{where}: {len(block.filled_in)}", text, needs_person=True))
            if not certain:
                text = mark_text("Whether the fields of this block run along its rows or down its columns was guessed.")
                remarks.append(Remark(where, text, needs_person=True))
            if options == 10:
                kinds.grids.append((block, own, down))
            elif 2 <= options <= MOST_OPTIONS:
                kinds.items.append((block, own, down))
            else:
                text = mark_text("This block has a number of options that no item has, and was left out.")
                remarks.append(Remark(f"{where}: {options}", text, needs_person=True))
    return kinds


def _where(place: str, box: RectMm) -> str:
    return f"{place}, {box.x_mm:.0f} mm, {box.y_mm:.0f} mm"


def _direction(block: Block, glyphs: Glyphs) -> tuple[bool, bool]:
    """Whether fields run down the columns, and whether that is certain."""
    said = runs_down(glyphs)
    if said is not None:
        return said, True
    if block.rows == 1 or block.columns == 1:
        return block.columns == 1 and block.rows > 1, True
    if block.rows == 10 and block.columns > MOST_OPTIONS:
        return True, True
    if block.columns == 10 and block.rows > MOST_OPTIONS:
        return False, False
    if block.rows == 10 and block.columns != 4:
        return True, False
    return block.columns > MOST_OPTIONS, block.columns <= 5 and block.rows > MOST_OPTIONS and block.rows != 10


def _fields(kinds: _Kinds, numbering: Numbering, place: str, remarks: list[Remark]) -> tuple[list[Field], Numbering]:
    fields: list[Field] = []
    grids = sorted(kinds.grids, key=lambda one: -_digits_of(one[0], one[2]))
    number = numbering.grids
    for block, glyphs, down in grids:
        number += 1
        name = "candidate" if number == 1 else f"digits:{number}"
        zero_first = begins_with_zero(glyphs, down)
        labels = _DIGITS if zero_first is not False else _DIGITS[1:] + "0"
        if zero_first is None:
            text = mark_text("The digits of this grid were taken to run from 0 to 9.")
            remarks.append(Remark(name, text, needs_person=True))
        bubbles = tuple(
            Bubble(labels[row if down else column], _exact(rect), column if down else row)
            for row, column, rect in block.places()
        )
        fields.append(Field(name, FieldKind.DIGITS, bubbles, _digits_of(block, down)))
    if len(grids) > 1:
        text = mark_text("There are several grids of digits; the largest is taken for the candidate number.")
        remarks.append(Remark(place, text, needs_person=True))
    items, last = _items(kinds, numbering.items, place, remarks)
    fields += items
    flags = numbering.flags
    for rect in in_reading_order(kinds.flags):
        flags += 1
        fields.append(Field(f"flag:{flags}", FieldKind.FLAG, (Bubble("1", _exact(rect)),)))
    return fields, Numbering(numbering.page, last, number, flags, numbering.boxes)


def _digits_of(block: Block, down: bool) -> int:
    return block.columns if down else block.rows


def _items(kinds: _Kinds, last: int, place: str, remarks: list[Remark]) -> tuple[list[Field], int]:
    """Items in reading order: blocks by bands, inside a block along its rows or columns."""
    boxes = {id(one[0]): one[0].box() for one in kinds.items}
    order = in_reading_order(list(boxes.values()))
    if any((block.rows if down else block.columns) == 2 for block, _, down in kinds.items):
        text = mark_text("Items with two options were taken for true and false, unless their first letter is an A.")
        remarks.append(Remark(place, text, needs_person=True))
    rank = {id(box): at for at, box in enumerate(order)}
    blocks = sorted(kinds.items, key=lambda one: rank[id(boxes[id(one[0])])])
    lettered = [one[1] for one in kinds.items if not one[1].empty and not one[2] and one[0].columns > 2]
    fields: list[Field] = []
    for block, glyphs, down in blocks:
        lines: dict[int, list[tuple[int, RectMm]]] = {}
        for row, column, rect in block.places():
            line, option = (column, row) if down else (row, column)
            lines.setdefault(line, []).append((option, rect))
        for line in sorted(lines):
            last += 1
            options = sorted(lines[line], key=lambda one: one[0])
            is_pair = len(options) == 2
            begins_with_a = is_pair and any(looks_like(glyphs, other) > _SAME_LETTER for other in lettered)
            judge = is_pair and not begins_with_a
            labels = "TF" if judge else _LETTERS
            kind = FieldKind.JUDGE if judge else FieldKind.SINGLE
            bubbles = tuple(Bubble(labels[option], _exact(rect)) for option, rect in options)
            fields.append(Field(f"item:{last}", kind, bubbles))
    return fields, last


def _codes(grey: NDArray[np.uint8]) -> list[RectMm]:
    """Where machine codes stand: their squares are no corner marks."""
    rects = []
    for code in find_codes(grey):
        (left, top), (right, bottom) = code.corners_px.min(axis=0) / PX_PER_MM, code.corners_px.max(axis=0) / PX_PER_MM
        rects.append(RectMm(float(left), float(top), float(right - left), float(bottom - top)).grown(1.0))
    return rects


def _exact(rect: RectMm) -> RectMm:
    """Lengths as fine as the card file keeps them."""
    return RectMm(*(round(one, 3) for one in (rect.x_mm, rect.y_mm, rect.width_mm, rect.height_mm)))


def _reference(grey: NDArray[np.uint8]) -> str:
    scale = _REFERENCE_SIDE_PX / max(grey.shape)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    return base64.b64encode(cv2.imencode(".png", small)[1].tobytes()).decode("ascii")
