"""Read how a paper's card is to be printed, and the variants of an A/B paper."""

from marking.setup.items import ItemsRead
from marking.setup.sections import Section
from models.errors import mark_text
from models.paper import CardSpec, Item, PaperSize, Variant
from models.words import NumberEntry

DEFAULT_DIGITS = 8
# short side, long side in mm, and the usual number of columns; several columns lie across the long side
_SIZES = {"A4": (210.0, 297.0, 1), "A3": (297.0, 420.0, 3), "8K": (260.0, 368.0, 2)}


def read_card(section: Section, digits: int) -> CardSpec:
    """The card section; A4, one column, two sides, bubbles and a barcode where nothing is said."""
    size, usual_columns = _size(section)
    columns = section.whole("columns", usual_columns, 1, 6) or usual_columns
    sides = section.whole("sides", 2, 1, 2) or 2
    number = section.word("number", NumberEntry, NumberEntry.BUBBLES_BARCODE) or NumberEntry.BUBBLES_BARCODE
    section.finish()
    if size.name in ("A3", "8K"):
        short, long, _columns = _SIZES[size.name]
        size = PaperSize(size.name, long, short) if columns > 1 else PaperSize(size.name, short, long)
    return CardSpec(size, sides, columns, number, digits)


def _size(section: Section) -> tuple[PaperSize, int]:
    if isinstance(section.get("size"), dict):
        inner = section.section("size")
        width, height = inner.length_mm("width_mm"), inner.length_mm("height_mm")
        inner.finish()
        return PaperSize("custom", width, height), 1
    name = section.text("size", "A4").upper().replace("Ｋ", "K")
    if name not in _SIZES:
        section.complain("size", mark_text("{value} is not A4, A3, 8K or {{width_mm: …, height_mm: …}}."), value=name)
        name = "A4"
    short, long, columns = _SIZES[name]
    return PaperSize(name, short, long), columns


def read_digits(section: Section) -> int:
    """The digits of a candidate number; 8 where nothing is said."""
    if not section.has("candidate_number"):
        return DEFAULT_DIGITS
    inner = section.section("candidate_number")
    digits = inner.whole("digits", DEFAULT_DIGITS, 1, 20) or DEFAULT_DIGITS
    inner.finish()
    return digits


def read_variants(section: Section, read: ItemsRead) -> tuple[Variant, ...]:
    """The variants of an A/B paper; none when there is only one.

    `order` says which item of variant A stands at a printed number. What it leaves out stays in its place,
    and a chain that is not closed is closed: where 1 prints 7 and nothing is said of 7, 7 prints 1.
    """
    if not section.values:
        return ()
    items = {item.no: item for item in read.items}
    unread = read.named - items.keys()
    variants: list[Variant] = []
    for name in section.values:
        section.known[name] = None
        inner = section.section(name)
        order = _order(inner.section("order"), items, unread) if inner.has("order") else {}
        inner.finish()
        if len(name) != 1 or not "A" <= name <= "Z":
            section.complain(
                name, mark_text("{value} is not a letter from A, as it is printed on the card."), value=name
            )
            continue
        if name == "A" and any(printed != stands for printed, stands in order.items()):
            inner.complain(
                "order", mark_text("variant A is the order that the others are compared with: leave it empty.")
            )
        variants.append(Variant(name, tuple(order.items())))
    if not any(variant.id == "A" for variant in variants):
        section.desk.complain(section.place, mark_text("needs a variant A, whose numbers are the ids of the items."))
    return tuple(sorted(variants, key=lambda variant: variant.id))


def _order(section: Section, items: dict[str, Item], unread: set[str]) -> dict[str, str]:
    stated: dict[str, str] = {}
    for printed in section.values:
        stands = section.text(printed)
        section.known[printed] = None
        if printed in unread or stands in unread:
            continue
        if printed not in items:
            section.complain(printed, mark_text("there is no item {no}."), no=printed)
        elif stands not in items:
            section.complain(printed, mark_text("there is no item {no}."), no=stands)
        elif stands in stated.values():
            section.complain(printed, mark_text("{value} is given twice."), value=stands)
        else:
            stated[printed] = stands
    closing: dict[str, str] = {}
    for start in stated:
        if start in stated.values():
            continue
        end = start
        while end in stated:
            end = stated[end]
        closing[end] = start
    order = {printed: stated.get(printed, closing.get(printed, printed)) for printed in items}
    for printed, stands in order.items():
        ours, theirs = items[printed], items[stands]
        if (ours.kind, ours.labels) != (theirs.kind, theirs.labels):
            section.complain(
                printed,
                mark_text("item {stands} cannot stand at number {printed}: kind and options must be the same."),
                stands=stands,
                printed=printed,
            )
    return {printed: stands for printed, stands in order.items() if printed != stands}
