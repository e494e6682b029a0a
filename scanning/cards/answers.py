"""Where people write: boxes of written items, the bubbles of a choose-group, and the essay grid.

A box keeps the height that the paper asks for; one higher than a whole column continues in the next, and where
a card would otherwise not fit at all any high box may. The grid flows row by row. Regions carry the item's no
and count their parts from 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.errors import Sentence
from models.geometry import RectMm
from models.paper import EssayGrid, Item
from models.points import show_points
from models.words import FieldKind
from scanning.cards import wording
from scanning.cards.bubbles import row_field
from scanning.cards.drawing import Box, Line, Mark, Text, text_width_mm, wrapped
from scanning.cards.errors import BoxTooLow, GridTooWide
from scanning.cards.measures import FRAME_LINE_MM, GRID_GREY, TYPICAL, BubbleSize
from scanning.cards.piece import Piece, Taken, item_name
from scanning.cards.template import Bubble, Field, Region

LOWEST_BOX_MM = 8.0  # the heading needs this much
LEAST_ROOM_MM = 25.0  # a box is not begun in less
LEAST_DIVIDED_MM = 60.0  # a lower box always stays whole
LEAST_REST_MM = 12.0  # nor continued with less
PART_SPACING_MM = 4.4  # part labels nearer than this stand side by side instead
HEADING_PT = 9.0
PART_PT = 8.5
PARTS_TOP_MM = 5.4
ESSAY_HEADING_MM = 5.5
FEWEST_ROWS = 3
CHOOSE_PT = 8.0
CHOOSE_LINE_MM = 4.0
TICK_EVERY = 100


def default_height_mm(item: Item) -> float:
    """The height of a box whose paper names none: room for a line or two, and more with every point."""
    return min(max(18.0, 8.0 + 4.5 * float(item.points)), 120.0)


@dataclass(frozen=True, slots=True)
class WrittenBox:
    """A written item, or what is left of it from `done_mm` on; `divisible` where it may go over to the next column."""

    item: Item
    width_mm: float
    height_mm: float
    part: int = 1
    done_mm: float = 0.0
    divisible: bool = False

    @property
    def name(self) -> Sentence:
        """The item."""
        return item_name(self.item.no)

    def take(self, room_mm: float, column_mm: float) -> Taken | None:
        """All that is left; a part of it only where no column could hold all, or where it may be divided."""
        left_mm = self.height_mm - self.done_mm
        if left_mm <= room_mm + 1e-6:
            return Taken(self._piece(left_mm), None)
        keep_whole = self.height_mm <= column_mm + 1e-6 and not self.divisible
        if keep_whole or room_mm < LEAST_ROOM_MM:
            return None
        taken_mm = min(room_mm, left_mm - LEAST_REST_MM)
        rest = replace(self, part=self.part + 1, done_mm=self.done_mm + taken_mm)
        return Taken(self._piece(taken_mm), rest)

    def _piece(self, height_mm: float) -> Piece:
        frame = RectMm(0, 0, self.width_mm, height_mm)
        heading = wording.item_heading(self.item, continued=self.part > 1)
        marks: list[Mark] = [Box(frame, FRAME_LINE_MM), Text(2.0, 5.0, heading, HEADING_PT)]
        marks += self._part_labels(heading, height_mm)
        region = Region(self.item.no, self.part, frame)
        return Piece(height_mm, tuple(marks), regions=(region,), frames=(frame,))

    def _part_labels(self, heading: str, height_mm: float) -> list[Mark]:
        """The labels of the parts on this fragment.

        Below the heading the height is shared out by points; in a low box the labels stand behind it instead.
        """
        parts = self.item.parts
        if not parts:
            return []
        labels = [wording.part_label(part.no, show_points(part.points)) for part in parts]
        total = float(sum(part.points for part in parts)) or 1.0
        spare_mm = self.height_mm - PARTS_TOP_MM
        if min(spare_mm * float(part.points) / total for part in parts) < PART_SPACING_MM:
            if self.part > 1:
                return []
            left_mm = 2.0 + text_width_mm(heading, HEADING_PT) + 3.0
            step_mm = (self.width_mm - left_mm) / len(parts)
            return [
                Text(left_mm + place * step_mm, 5.0, label, PART_PT, max_width_mm=step_mm - 1.0)
                for place, label in enumerate(labels)
            ]
        marks: list[Mark] = []
        before = 0.0
        for part, label in zip(parts, labels, strict=True):
            y_mm = PARTS_TOP_MM + spare_mm * before / total - self.done_mm
            if 0.0 <= y_mm < height_mm:
                marks.append(Text(3.0, max(min(y_mm, height_mm - PART_SPACING_MM) + 4.2, 9.6), label, PART_PT))
            before += float(part.points)
        return marks


def written_box(item: Item, width_mm: float, *, divide: bool) -> WrittenBox:
    """The box of a written item; `divide` lets a high one go over to the next column.

    Raises BoxTooLow when not even its heading has room.
    """
    height_mm = item.height_mm if item.height_mm is not None else default_height_mm(item)
    if height_mm < LOWEST_BOX_MM:
        raise BoxTooLow(item=item.no, height_mm=f"{height_mm:g}", least_mm=f"{LOWEST_BOX_MM:g}")
    return WrittenBox(item, width_mm, height_mm, divisible=divide and height_mm >= LEAST_DIVIDED_MM)


def choose_piece(group: str, items: Sequence[Item], width_mm: float) -> Piece:
    """The notice and the number bubbles of a choose-group, above its first item."""
    choose = items[0].choose
    if choose is None:
        raise ValueError(f"item {items[0].no} belongs to no choose-group")
    nos = [item.no for item in items]
    notice = wording.choose_notice(nos, choose.take, choose.policy)
    widest_mm = max(text_width_mm(no, 6.0) for no in nos) + 1.0
    bubble_mm = max(TYPICAL.width_mm, widest_mm)
    size = BubbleSize(bubble_mm, TYPICAL.height_mm, max(7.0, bubble_mm + 2.5), TYPICAL.pitch_y_mm)
    notice_mm = text_width_mm(notice, CHOOSE_PT) + 3.0
    if notice_mm + len(nos) * size.pitch_x_mm <= width_mm:  # the bubbles stand behind the notice
        lines, left_mm, y_mm = [notice], notice_mm, 1.2
        marks: list[Mark] = []
    else:
        lines = wrapped(notice, CHOOSE_PT, width_mm)
        left_mm = text_width_mm(wording.CHOSEN, CHOOSE_PT) + 3.0
        y_mm = len(lines) * CHOOSE_LINE_MM + 1.0
        marks = [Text(0.0, y_mm + 2.2, wording.CHOSEN, CHOOSE_PT, bold=True)]
    marks += [Text(0.0, 3.2 + place * CHOOSE_LINE_MM, line, CHOOSE_PT) for place, line in enumerate(lines)]
    per_row = max(int((width_mm - left_mm - size.width_mm) // size.pitch_x_mm) + 1, 1)
    bubbles: list[Bubble] = []
    for first in range(0, len(nos), per_row):
        row = nos[first : first + per_row]
        field, drawn = row_field(f"choose:{group}", FieldKind.CHOOSE, row, x_mm=left_mm, y_mm=y_mm, size=size)
        bubbles += field.bubbles
        marks += drawn
        y_mm += size.pitch_y_mm
    whole = Field(f"choose:{group}", FieldKind.CHOOSE, tuple(bubbles))
    return Piece(y_mm - size.pitch_y_mm + size.height_mm + 1.4, tuple(marks), (whole,))


@dataclass(frozen=True, slots=True)
class EssayRows:
    """An essay grid, or its rows from `first_row` on."""

    item: Item
    grid: EssayGrid
    width_mm: float
    part: int = 1
    first_row: int = 0

    @property
    def name(self) -> Sentence:
        """The item."""
        return item_name(self.item.no)

    @property
    def row_mm(self) -> float:
        """One row of squares with the narrow strip below it, where the count of characters stands."""
        return self.grid.cell_mm + max(1.6, 0.2 * self.grid.cell_mm)

    def take(self, room_mm: float, column_mm: float) -> Taken | None:
        """As many rows as fit; never a stray row or two at the foot of a column."""
        left = self.grid.rows - self.first_row
        strip_mm = self.row_mm - self.grid.cell_mm
        endless = room_mm == float("inf")
        fitting = left if endless else int((room_mm - ESSAY_HEADING_MM - strip_mm + 1e-6) // self.row_mm)
        rows = min(left, fitting)
        if rows < min(FEWEST_ROWS, left):
            return None
        if 0 < left - rows < FEWEST_ROWS and rows - FEWEST_ROWS >= FEWEST_ROWS:
            rows = left - FEWEST_ROWS
        rest = replace(self, part=self.part + 1, first_row=self.first_row + rows) if rows < left else None
        return Taken(self._piece(rows), rest)

    def _piece(self, rows: int) -> Piece:
        cell_mm, columns = self.grid.cell_mm, self.grid.columns
        strip_mm = self.row_mm - cell_mm
        grid_mm = columns * cell_mm
        left_mm = (self.width_mm - grid_mm) / 2
        height_mm = ESSAY_HEADING_MM + strip_mm + rows * self.row_mm
        frame = RectMm(left_mm, ESSAY_HEADING_MM, grid_mm, height_mm - ESSAY_HEADING_MM)
        heading = wording.item_heading(self.item, continued=self.part > 1)
        marks: list[Mark] = [Text(left_mm, 4.0, heading, HEADING_PT)]
        for row in range(rows):
            top_mm = ESSAY_HEADING_MM + strip_mm + row * self.row_mm
            marks.append(Line(left_mm, top_mm, left_mm + grid_mm, top_mm, 0.15, GRID_GREY))
            marks.append(Line(left_mm, top_mm + cell_mm, left_mm + grid_mm, top_mm + cell_mm, 0.15, GRID_GREY))
            for column in range(1, columns):
                x_mm = left_mm + column * cell_mm
                marks.append(Line(x_mm, top_mm, x_mm, top_mm + cell_mm, 0.15, GRID_GREY))
            marks += self._ticks(self.first_row + row, left_mm, top_mm + cell_mm)
        marks.append(Box(frame, FRAME_LINE_MM))
        return Piece(height_mm, tuple(marks), regions=(Region(self.item.no, self.part, frame),), frames=(frame,))

    def _ticks(self, row: int, left_mm: float, y_mm: float) -> list[Mark]:
        """The count below the square in which every hundredth character stands."""
        columns, cell_mm = self.grid.columns, self.grid.cell_mm
        counts = range(-(-(row * columns + 1) // TICK_EVERY) * TICK_EVERY, (row + 1) * columns + 1, TICK_EVERY)
        return [
            Text(left_mm + (count - row * columns) * cell_mm - 0.3, y_mm + 1.35, f"{count}字", 4.5, "right", 0.25)
            for count in counts
        ]


def essay_rows(item: Item, grid: EssayGrid, width_mm: float) -> EssayRows:
    """The grid of an essay. Raises GridTooWide when it is wider than its column."""
    grid_mm = grid.columns * grid.cell_mm
    if grid_mm > width_mm + 1e-6:
        raise GridTooWide(
            item=item.no,
            columns=grid.columns,
            cell_mm=f"{grid.cell_mm:g}",
            grid_mm=f"{grid_mm:g}",
            column_mm=f"{width_mm:.1f}",
        )
    return EssayRows(item, grid, width_mm)
