"""Pieces of a side, and how they flow: blocks give pieces, columns take them.

A piece is laid out against its own top-left corner and moved to its place; a block hands out pieces that fit
the height still left in a column, so that whatever does not fit flows to the next column or side.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from models.errors import Sentence, mark_text
from models.geometry import RectMm
from scanning.cards.drawing import Mark, Slot
from scanning.cards.template import Barcode, Bubble, Field, Region


@dataclass(frozen=True, slots=True)
class Piece:
    """Something printed and read together, relative to its own top-left corner."""

    height_mm: float
    marks: tuple[Mark, ...] = ()
    fields: tuple[Field, ...] = ()
    regions: tuple[Region, ...] = ()
    frames: tuple[RectMm, ...] = ()
    barcodes: tuple[Barcode, ...] = ()
    identity_zones: tuple[RectMm, ...] = ()
    slots: tuple[Slot, ...] = ()
    printed_number: RectMm | None = None

    def moved(self, dx_mm: float, dy_mm: float) -> "Piece":
        """The piece at another place; its height stays."""

        def at(rect: RectMm) -> RectMm:
            return rect.moved(dx_mm, dy_mm)

        return Piece(
            self.height_mm,
            tuple(mark.moved(dx_mm, dy_mm) for mark in self.marks),
            tuple(moved_field(field, dx_mm, dy_mm) for field in self.fields),
            tuple(replace(region, rect=at(region.rect)) for region in self.regions),
            tuple(at(rect) for rect in self.frames),
            tuple(replace(barcode, rect=at(barcode.rect)) for barcode in self.barcodes),
            tuple(at(rect) for rect in self.identity_zones),
            tuple(replace(slot, rect=at(slot.rect)) for slot in self.slots),
            at(self.printed_number) if self.printed_number else None,
        )


def moved_field(field: Field, dx_mm: float, dy_mm: float) -> Field:
    """The field with its bubbles at another place."""
    bubbles = tuple(Bubble(b.label, b.rect.moved(dx_mm, dy_mm), b.column) for b in field.bubbles)
    return replace(field, bubbles=bubbles)


def together(pieces: Iterable[Piece], height_mm: float) -> Piece:
    """Pieces that already stand in one frame, as one piece of the given height."""
    parts = list(pieces)
    return Piece(
        height_mm,
        tuple(mark for part in parts for mark in part.marks),
        tuple(field for part in parts for field in part.fields),
        tuple(region for part in parts for region in part.regions),
        tuple(frame for part in parts for frame in part.frames),
        tuple(barcode for part in parts for barcode in part.barcodes),
        tuple(zone for part in parts for zone in part.identity_zones),
        tuple(slot for part in parts for slot in part.slots),
        next((part.printed_number for part in parts if part.printed_number), None),
    )


def stacked(pieces: Iterable[Piece], gap_mm: float = 0.0) -> Piece:
    """Pieces one below the other."""
    y_mm = 0.0
    placed: list[Piece] = []
    for piece in pieces:
        if placed:
            y_mm += gap_mm
        placed.append(piece.moved(0.0, y_mm))
        y_mm += piece.height_mm
    return together(placed, y_mm)


def item_name(no: str) -> Sentence:
    """What messages call an item."""
    return Sentence(mark_text("item {no}"), {"no": no})


@dataclass(frozen=True, slots=True)
class Taken:
    """What a block put into the room that was left, and what of it remains for the next column."""

    piece: Piece
    rest: "Block | None"


class Block(Protocol):
    """A part of the card that flows. `name` says in messages what it is (an item's no, the header …)."""

    @property
    def name(self) -> Sentence:
        """What this is, for messages."""

    def take(self, room_mm: float, column_mm: float) -> Taken | None:
        """What fits into `room_mm` of a column that is `column_mm` high; None: nothing, try the next column."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A block that is never split."""

    name: Sentence
    piece: Piece

    def take(self, room_mm: float, column_mm: float) -> Taken | None:
        """All of it or nothing."""
        return Taken(self.piece, None) if self.piece.height_mm <= room_mm + 1e-6 else None


@dataclass(frozen=True, slots=True)
class Headed:
    """A heading that never stands alone at the foot of a column."""

    heading: Piece
    block: Block

    @property
    def name(self) -> Sentence:
        """The name of what it heads."""
        return self.block.name

    def take(self, room_mm: float, column_mm: float) -> Taken | None:
        """The heading with at least the beginning of its block."""
        taken = self.block.take(room_mm - self.heading.height_mm, column_mm - self.heading.height_mm)
        return taken and Taken(stacked([self.heading, taken.piece]), taken.rest)
