"""The objective block: items in groups of five, groups side by side in bands, bands down the column.

Items stay in paper order; a group holds items of one kind with the same number of options.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from models.errors import Sentence, mark_text
from models.geometry import RectMm
from models.paper import Item
from models.words import FieldKind, ItemKind
from scanning.cards import wording
from scanning.cards.bubbles import row_field
from scanning.cards.drawing import Box, Mark, Text, text_width_mm
from scanning.cards.errors import OptionsTooWide
from scanning.cards.measures import COMPACT, FRAME_LINE_MM, GROUP_ITEMS, TYPICAL, BubbleSize
from scanning.cards.piece import Block, Piece, Taken, stacked, together

PAD_MM = 2.5
GROUP_GAP_MM = 5.0
BAND_GAP_MM = 2.6
TITLE_MM = 5.2
NUMBER_PT = 8.0
KINDS = {
    ItemKind.SINGLE: FieldKind.SINGLE,
    ItemKind.MULTIPLE: FieldKind.MULTIPLE,
    ItemKind.JUDGE: FieldKind.JUDGE,
}


@dataclass(frozen=True, slots=True)
class Bands:
    """What is left of the objective block: its bands from `first` on, in a frame as wide as the column."""

    bands: tuple[Piece, ...]
    width_mm: float
    heading: str

    @property
    def name(self) -> Sentence:
        """What messages call it."""
        return Sentence(mark_text("the block of objective items"))

    def take(self, room_mm: float, column_mm: float) -> Taken | None:
        """As many bands as fit, in one frame."""
        used_mm = TITLE_MM + PAD_MM
        count = 0
        for band in self.bands:
            more_mm = band.height_mm + (BAND_GAP_MM if count else 0.0)
            if used_mm + more_mm > room_mm + 1e-6:
                break
            used_mm += more_mm
            count += 1
        if not count:
            return None
        inner = stacked(self.bands[:count], BAND_GAP_MM).moved(PAD_MM, TITLE_MM)
        frame = RectMm(0, 0, self.width_mm, used_mm)
        marks: tuple[Mark, ...] = (
            Box(frame, FRAME_LINE_MM),
            Text(PAD_MM, 3.9, self.heading, 8.5, bold=True, max_width_mm=self.width_mm - 2 * PAD_MM),
        )
        piece = together([Piece(used_mm, marks, frames=(frame,)), inner], used_mm)
        rest = Bands(self.bands[count:], self.width_mm, self.heading) if count < len(self.bands) else None
        return Taken(piece, rest)


def objective_block(items: Sequence[Item], width_mm: float) -> Block:
    """All objective items. Raises OptionsTooWide when an item's options do not fit into the column."""
    number_mm = max(text_width_mm(item.no, NUMBER_PT) for item in items) + 1.8
    kinds = {item.kind for item in items}
    groups = []
    for (kind, _labels), run in groupby(items, key=lambda item: (item.kind, item.labels)):
        members = list(run)
        size = _size_for(members[0], number_mm, width_mm - 2 * PAD_MM)
        for first in range(0, len(members), GROUP_ITEMS):
            heading = wording.KIND_HEADINGS[kind] if first == 0 else ""
            members_here = members[first : first + GROUP_ITEMS]
            groups.append(_group(members_here, number_mm, size, heading, has_headings=len(kinds) > 1))
    bands: list[Piece] = []
    line: list[Piece] = []
    x_mm = 0.0
    for group, group_mm in groups:
        if line and x_mm + group_mm > width_mm - 2 * PAD_MM + 1e-6:
            bands.append(together(line, max(piece.height_mm for piece in line)))
            line, x_mm = [], 0.0
        line.append(group.moved(x_mm, 0.0))
        x_mm += group_mm + GROUP_GAP_MM
    bands.append(together(line, max(piece.height_mm for piece in line)))
    return Bands(tuple(bands), width_mm, wording.shared_objective_heading(kinds))


def _size_for(item: Item, number_mm: float, room_mm: float) -> BubbleSize:
    count = len(item.labels)
    for size in (TYPICAL, COMPACT):
        needed_mm = number_mm + (count - 1) * size.pitch_x_mm + size.width_mm
        if needed_mm <= room_mm:
            return size
    raise OptionsTooWide(item=item.no, options=count, needed_mm=f"{needed_mm:.0f}", column_mm=f"{room_mm:.0f}")


def _group(
    items: Sequence[Item], number_mm: float, size: BubbleSize, heading: str, *, has_headings: bool
) -> tuple[Piece, float]:
    """Up to five items below each other, and the width they take."""
    top_mm = 3.8 if has_headings else 0.6
    marks: list[Mark] = [Text(0.0, 2.6, heading, 7)] if has_headings and heading else []
    fields = []
    for row, item in enumerate(items):
        y_mm = top_mm + row * size.pitch_y_mm
        marks.append(Text(number_mm - 1.4, y_mm + size.height_mm / 2 + 1.0, item.no, NUMBER_PT, "right"))
        field, drawn = row_field(f"item:{item.no}", KINDS[item.kind], item.labels, x_mm=number_mm, y_mm=y_mm, size=size)
        fields.append(field)
        marks += drawn
    height_mm = top_mm + (len(items) - 1) * size.pitch_y_mm + size.height_mm
    width_mm = number_mm + (len(items[0].labels) - 1) * size.pitch_x_mm + size.width_mm
    heading_mm = text_width_mm(heading, 7) if has_headings else 0.0
    return Piece(height_mm, tuple(marks), tuple(fields)), max(width_mm, heading_mm)
