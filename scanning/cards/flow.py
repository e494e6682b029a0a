"""Put blocks into columns: down a column, on to the next, over to the next side.

In:  blocks in reading order; the columns of all sides.
Out: the pieces of each column at their place on the side, and how far down each column is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.geometry import RectMm
from scanning.cards.errors import BlockTooHigh, CardDoesNotFit
from scanning.cards.measures import BLOCK_GAP_MM
from scanning.cards.piece import Block, Piece


@dataclass(slots=True)
class Column:
    """One column of one side while it is being filled."""

    page: int
    rect: RectMm
    pieces: list[Piece] = field(default_factory=list)
    used_mm: float = 0.0

    @property
    def room_mm(self) -> float:
        """The height still free below what stands there and its gap."""
        return self.rect.height_mm - self.used_mm - (BLOCK_GAP_MM if self.pieces else 0.0)

    def add(self, piece: Piece) -> None:
        """Put a piece below what stands there."""
        top_mm = self.used_mm + (BLOCK_GAP_MM if self.pieces else 0.0)
        self.pieces.append(piece.moved(self.rect.x_mm, self.rect.y_mm + top_mm))
        self.used_mm = top_mm + piece.height_mm


def fill_columns(columns: Sequence[Column], blocks: Sequence[Block], sides: int) -> None:
    """Let the blocks flow through the columns.

    Raises CardDoesNotFit when the columns end first, BlockTooHigh for what no empty column could hold.
    """
    place = 0
    for number, block in enumerate(blocks):
        rest: Block | None = block
        while rest is not None:
            if place >= len(columns):
                column_mm = columns[-1].rect.height_mm
                missing_mm = _height_of([rest, *blocks[number + 1 :]], column_mm)
                raise CardDoesNotFit(sides=sides, what=rest.name, missing_mm=round(missing_mm))
            column = columns[place]
            taken = rest.take(column.room_mm, column.rect.height_mm)
            if taken is None:
                if not column.pieces and rest.take(column.rect.height_mm, column.rect.height_mm) is None:
                    needed = rest.take(float("inf"), float("inf"))
                    raise BlockTooHigh(
                        what=rest.name,
                        needed_mm=round(needed.piece.height_mm) if needed else 0,
                        column_mm=round(column.rect.height_mm),
                    )
                place += 1
                continue
            column.add(taken.piece)
            rest = taken.rest


def _height_of(blocks: Sequence[Block], column_mm: float) -> float:
    """The height that blocks would take in one endless column; only for a message."""
    total_mm = 0.0
    for block in blocks:
        taken = block.take(float("inf"), column_mm)
        while taken is not None:
            total_mm += taken.piece.height_mm + BLOCK_GAP_MM
            taken = taken.rest.take(float("inf"), column_mm) if taken.rest else None
    return total_mm
