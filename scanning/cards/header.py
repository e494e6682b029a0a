"""The head of a card: who the candidate is, the number grid, the barcode place, flags, notices, samples.

It is one piece as wide as its column. Number grid beside the rest where there is room, below it otherwise;
the notices go wherever the head becomes lowest.
"""

from dataclasses import replace

from models.geometry import RectMm
from models.paper import Paper
from models.words import FieldKind, NumberEntry
from scanning.cards import wording
from scanning.cards.bubbles import bubble_marks, centred, right_sample, row_field, wrong_samples
from scanning.cards.drawing import Box, Line, Mark, Slot, Text, digit_slot, wrapped
from scanning.cards.errors import NumberTooWide
from scanning.cards.measures import (
    BARCODE_HEIGHT_MM,
    BARCODE_WIDTH_MM,
    COMPACT,
    FRAME_LINE_MM,
    TYPICAL,
    BubbleSize,
)
from scanning.cards.piece import Piece, stacked, together
from scanning.cards.template import Barcode, Bubble, Field

GAP_MM = 2.0
PAD_MM = 2.0
IDENTITY_ROW_MM = 7.2
FLAG_ROW_MM = 6.0
DIGIT_PT = 12.0
NARROWEST_PANE_MM = 62.0  # the barcode place and a hair
SIDE_PANE_MM = 60.0  # flags and samples beside the barcode place


def header(paper: Paper, width_mm: float) -> Piece:
    """The head of the front. Raises NumberTooWide when the number grid is wider than the column."""
    number = paper.card.number
    has_objective = bool(paper.objective_items)
    grid = number_grid(paper.card.digits, width_mm) if number.has_bubbles else None
    if grid and number.has_barcode:
        grid = replace(grid, slots=())  # the barcode carries the number; the candidate fills the grid as a check
    grid_mm = grid.frames[0].width_mm if grid else 0.0
    pane_mm = width_mm - grid_mm - GAP_MM if grid else width_mm
    notices = wording.notices(number, has_objective)
    if grid is None:
        return stacked([_pane(paper, width_mm), _notices(notices, width_mm)], GAP_MM)
    if pane_mm < NARROWEST_PANE_MM:
        return stacked(
            [_pane(paper, width_mm), grid.moved((width_mm - grid_mm) / 2, 0.0), _notices(notices, width_mm)], GAP_MM
        )
    pane = _pane(paper, pane_mm)
    beside = grid.moved(width_mm - grid_mm, 0.0)
    tall = stacked([pane, _notices(notices, pane_mm)], GAP_MM)
    inside = together([tall, beside], max(tall.height_mm, beside.height_mm))
    upper = together([pane, beside], max(pane.height_mm, beside.height_mm))
    below = stacked([upper, _notices(notices, width_mm)], GAP_MM)
    return min(inside, below, key=lambda piece: piece.height_mm)


def back_identity(width_mm: float) -> Piece:
    """The printed barcode and number at the head of the back of a preprinted card."""
    return _preprinted_place(width_mm)


def number_grid(digits: int, width_mm: float) -> Piece:
    """Boxes to write the number in and, below each, ten bubbles; each box is a slot. Raises NumberTooWide."""
    size = TYPICAL if _grid_width_mm(digits, TYPICAL) <= width_mm else COMPACT
    grid_mm = _grid_width_mm(digits, size)
    if grid_mm > width_mm:
        raise NumberTooWide(digits=digits, needed_mm=f"{grid_mm:.0f}", column_mm=f"{width_mm:.0f}")
    title_mm, write_mm = 5.5, 7.6
    first_y_mm = title_mm + write_mm + 0.8
    marks: list[Mark] = [
        centred(RectMm(0, 0, grid_mm, title_mm), wording.NUMBER_TITLE, 9, bold=True),
        Line(0, title_mm, grid_mm, title_mm, 0.25),
    ]
    bubbles = []
    left_mm = PAD_MM + (size.pitch_x_mm - size.width_mm) / 2
    slots = []
    for column in range(digits):
        box = RectMm(PAD_MM + column * size.pitch_x_mm, title_mm + 0.9, size.pitch_x_mm, write_mm - 1.8)
        marks.append(Box(box, 0.25))
        slots.append(Slot(digit_slot(column), box, DIGIT_PT, "center"))
        for digit in range(10):
            rect = RectMm(
                left_mm + column * size.pitch_x_mm,
                first_y_mm + digit * size.pitch_y_mm,
                size.width_mm,
                size.height_mm,
            )
            bubbles.append(Bubble(str(digit), rect, column))
            marks += bubble_marks(rect, str(digit))
    height_mm = first_y_mm + 9 * size.pitch_y_mm + size.height_mm + 1.6
    frame = RectMm(0, 0, grid_mm, height_mm)
    marks.append(Box(frame, FRAME_LINE_MM))
    field = Field("candidate", FieldKind.DIGITS, tuple(bubbles), digits)
    return Piece(height_mm, tuple(marks), (field,), frames=(frame,), identity_zones=(frame,), slots=tuple(slots))


def _grid_width_mm(digits: int, size: BubbleSize) -> float:
    return digits * size.pitch_x_mm + 2 * PAD_MM


def _pane(paper: Paper, width_mm: float) -> Piece:
    """Identity lines, barcode place, flags and samples."""
    rows = [_absent(), *([_variant(paper)] if paper.variants else []), _samples()]
    number = paper.card.number
    identity = _identity(width_mm)
    if not number.has_barcode:
        return stacked([identity, _side_by_side(rows, width_mm)], GAP_MM)
    place = _preprinted_place(BARCODE_WIDTH_MM + 2) if number is NumberEntry.PREPRINTED else _barcode_place()
    if width_mm >= NARROWEST_PANE_MM + GAP_MM + SIDE_PANE_MM:
        side = stacked(rows, 1.5).moved(NARROWEST_PANE_MM + GAP_MM, 1.0)
        return stacked([identity, together([place, side], max(place.height_mm, side.height_mm + 1.0))], 1.5)
    return stacked([identity, place, stacked(rows, 0.5)], 1.0)


def _side_by_side(rows: list[Piece], width_mm: float) -> Piece:
    """Short rows in as many columns as the width allows."""
    per_line = max(int(width_mm // SIDE_PANE_MM), 1)
    lines = []
    for first in range(0, len(rows), per_line):
        placed = [
            row.moved(place * width_mm / per_line, 0.0) for place, row in enumerate(rows[first : first + per_line])
        ]
        lines.append(together(placed, FLAG_ROW_MM))
    return stacked(lines, 0.5)


def _identity(width_mm: float) -> Piece:
    """Lines for name, school, class and seat; two on a row where there is room."""
    names = list(wording.IDENTITY_LABELS)
    per_row = 2 if width_mm >= 110.0 else 1
    cell_mm = width_mm / per_row
    marks: list[Mark] = []
    slots = []
    for place, name in enumerate(names):
        x_mm = (place % per_row) * cell_mm
        y_mm = (place // per_row) * IDENTITY_ROW_MM
        marks.append(Text(x_mm, y_mm + 5.2, wording.IDENTITY_LABELS[name], 9.5))
        line = RectMm(x_mm + 15.0, y_mm + 1.0, cell_mm - 18.0, 5.2)
        marks.append(Line(line.x_mm, line.bottom_mm, line.right_mm, line.bottom_mm, 0.25))
        slots.append(Slot(name, line))
    height_mm = -(-len(names) // per_row) * IDENTITY_ROW_MM
    zone = RectMm(0, 0, width_mm, height_mm)
    return Piece(height_mm, tuple(marks), identity_zones=(zone,), slots=tuple(slots))


def _barcode_place() -> Piece:
    """The place for a barcode sticker; nothing is printed inside it."""
    rect = RectMm(1.0, 4.2, BARCODE_WIDTH_MM, BARCODE_HEIGHT_MM)
    marks: tuple[Mark, ...] = (
        Text(rect.center.x_mm, 3.0, wording.BARCODE_PLACE, 7, "center", max_width_mm=rect.width_mm),
        Box(rect, 0.2, 0.3, dash_mm=1.2),
    )
    return Piece(
        rect.bottom_mm + 0.2,
        marks,
        barcodes=(Barcode("candidate", "code128", rect),),
        identity_zones=(rect,),
    )


def _preprinted_place(width_mm: float) -> Piece:
    """Where barcode and number are printed, with the number apart so that it can be read as text."""
    frame = RectMm(0.0, 0.0, min(width_mm, BARCODE_WIDTH_MM + 2.0), 25.0)
    barcode = RectMm(1.0, 1.0, BARCODE_WIDTH_MM, 15.5)
    printed = RectMm(14.0, 17.5, BARCODE_WIDTH_MM - 13.0, 6.5)
    marks: tuple[Mark, ...] = (
        Box(frame, FRAME_LINE_MM),
        Text(2.0, 22.3, wording.PRINTED_NUMBER, 9),
    )
    return Piece(
        frame.height_mm,
        marks,
        frames=(frame,),
        barcodes=(Barcode("candidate", "code128", barcode),),
        identity_zones=(frame,),
        slots=(Slot("number", printed, 14.0, "center"),),
        printed_number=printed,
    )


def _absent() -> Piece:
    field, marks = row_field("absent", FieldKind.FLAG, ("",), x_mm=14.5, y_mm=1.7, size=TYPICAL)
    flag = Field(field.id, field.kind, (Bubble("1", field.bubbles[0].rect),))
    texts = (
        Text(0.0, 4.1, wording.ABSENT, 8.5),
        Text(20.5, 4.1, wording.ABSENT_HINT, 7.5, max_width_mm=SIDE_PANE_MM - 21),
    )
    return Piece(FLAG_ROW_MM, (*texts, *marks), (flag,))


def _variant(paper: Paper) -> Piece:
    labels = tuple(variant.id for variant in paper.variants)
    field, marks = row_field("variant", FieldKind.VARIANT, labels, x_mm=14.5, y_mm=1.7, size=TYPICAL)
    return Piece(FLAG_ROW_MM, (Text(0.0, 4.1, wording.VARIANT, 8.5), *marks), (field,))


def _samples() -> Piece:
    marks = (
        Text(0.0, 4.1, wording.RIGHT_FILL, 8.5),
        *right_sample(14.5, 1.7),
        Text(22.0, 4.1, wording.WRONG_FILL, 8.5),
        *wrong_samples(36.5, 1.7),
    )
    return Piece(FLAG_ROW_MM, marks)


def _notices(texts: list[str], width_mm: float) -> Piece:
    """The notices in a thin box, title upright at the left."""
    size_pt, line_mm, title_mm = 7.2, 3.4, 7.0
    lines = [line for text in texts for line in wrapped(text, size_pt, width_mm - title_mm - 2 * PAD_MM)]
    height_mm = max(len(lines) * line_mm + 2.2, 17.5)
    first_mm = (height_mm - len(lines) * line_mm) / 2 + 2.6
    marks: list[Mark] = [
        Text(title_mm + PAD_MM, first_mm + place * line_mm, line, size_pt) for place, line in enumerate(lines)
    ]
    step_mm = 3.9
    top_mm = height_mm / 2 - 1.5 * step_mm + 1.2
    marks += [
        Text(title_mm / 2, top_mm + place * step_mm, character, 9, "center", bold=True)
        for place, character in enumerate(wording.NOTICES)
    ]
    marks += [Line(title_mm, 0, title_mm, height_mm, 0.2), Box(RectMm(0, 0, width_mm, height_mm), 0.2)]
    return Piece(height_mm, tuple(marks))
