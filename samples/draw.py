"""One candidate's sheet from answers to scanned sides: intent, ink, sticker, scan and truth.

In:  a CardPrint, the Paper, a Sitting, what the bubbles and the sticker are to say, HandMix, ScanProfile, a seed.
Out: per side the file's bytes and its PageTruth (without a file name, which the caller gives).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.paper import EssayGrid, Paper
from models.words import FieldKind, ItemKind
from samples.answers import Sitting, worth
from samples.fill import fill_side
from samples.hand import Hand, HandMix, Manner, Mark, SideIntent, Writing, draw_hand
from samples.prints import CardPrint, stick_barcode
from samples.scan_plan import ScanProfile, plan_scan
from samples.scanner import scan_side
from samples.strokes import DIGITS, InkLayer, draw_strokes, place_glyphs
from samples.truth import PageTruth, inked_bubbles
from samples.visible import BubbleKey, bubble_points, measure_bubbles, see_fields
from scanning.cards.drawing import Slot
from scanning.cards.template import CardPage, CardTemplate, Field, Region

Choices = Mapping[str, tuple[tuple[int, str], ...]]

_LINE_STRIP_MM = 1.8  # the builder leaves a fifth of a square, at least this, above each row of an essay grid


@dataclass(frozen=True, slots=True)
class SheetWish:
    """What a sheet is to carry. `number_columns` are the labels per column of the number grid (several: filled twice).

    `barcode` is the sticker's number, empty for none; `turned_deg` overrides the scanner's own chance.
    """

    number_columns: tuple[str, ...]
    barcode: str = ""
    absent_flag: bool = False
    turned_deg: int | None = None
    dpi: int | None = None
    identity: str = ""
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DrawnSide:
    """One scanned side: the file's bytes, its suffix, and the truth about it."""

    data: bytes
    suffix: str
    truth: PageTruth


def plain_number(number: str) -> tuple[str, ...]:
    """The wish of a number filled as it is."""
    return tuple(number)


def draw_sheet(
    card: CardPrint,
    paper: Paper,
    sitting: Sitting,
    wish: SheetWish,
    *,
    mix: HandMix,
    profile: ScanProfile,
    seed: tuple[int, ...],
) -> list[DrawnSide]:
    """All sides of one candidate's sheet, in page order; the same seed gives the same bytes."""
    hand = draw_hand(mix, np.random.default_rng([*seed, 0]))
    drawn = []
    for page in card.template.pages:
        rng = np.random.default_rng([*seed, page.page])
        choices = side_choices(page, sitting, wish)
        writings = () if sitting.absent else side_writings(card.template, page, paper, sitting, rng)
        drawn.append(_draw_side(card, page, hand, SideIntent(choices, writings), wish, profile, rng))
    return drawn


def draw_side(
    card: CardPrint,
    page: CardPage,
    intent: SideIntent,
    wish: SheetWish,
    *,
    mix: HandMix,
    profile: ScanProfile,
    seed: tuple[int, ...],
) -> DrawnSide:
    """One side with given choices and writing, for benchmarks that have no exam."""
    rng = np.random.default_rng([*seed, page.page])
    return _draw_side(card, page, draw_hand(mix, rng), intent, wish, profile, rng)


def _draw_side(
    card: CardPrint,
    page: CardPage,
    hand: Hand,
    intent: SideIntent,
    wish: SheetWish,
    profile: ScanProfile,
    rng: np.random.Generator,
) -> DrawnSide:
    filled = fill_side(page, intent, hand, card.dpi, rng)
    index = [one.page for one in card.template.pages].index(page.page)
    if card.slots:
        write_slots(filled.ink, card.slots[index], hand, card.dpi, rng)
        write_number(filled.ink, page, wish, hand, card.dpi, rng)
    printed = card.side(page.page)
    barcode = ""
    if wish.barcode:
        for place in page.barcodes:
            printed = stick_barcode(printed, place.rect, wish.barcode, card.dpi, rng)
            barcode = wish.barcode
    plan = plan_scan(profile, page.size, rng, dpi=wish.dpi, turned_deg=wish.turned_deg)
    scan = scan_side(printed, filled.ink, card.dpi, plan, bubble_points(page))
    visible = measure_bubbles(page, scan, plan.covers)
    truth = truth_of(card, page, wish, filled.marks, visible, written=filled.written, turned_deg=plan.turned_deg)
    return DrawnSide(scan.data, scan.suffix, replace(truth, barcode=barcode))


def truth_of(
    card: CardPrint,
    page: CardPage,
    wish: SheetWish,
    marks: Sequence[Mark],
    visible: Mapping[BubbleKey, float | None],
    *,
    written: tuple[tuple[str, int], ...],
    turned_deg: int,
) -> PageTruth:
    """The truth of one scanned side from what was meant and what can be seen; the barcode is left empty."""
    fields = see_fields(page, marks, visible)
    return PageTruth(
        file="",
        page=1,
        paper=card.template.paper,
        side=page.page,
        identity=wish.identity,
        number=next((seen.value for seen in fields if seen.kind is FieldKind.DIGITS), ""),
        turned_deg=turned_deg,
        troubles=wish.troubles,
        fields=tuple(fields),
        bubbles=inked_bubbles(marks, visible),
        written=written,
        n_bubbles=sum(len(one.bubbles) for one in page.fields),
    )


def side_choices(page: CardPage, sitting: Sitting, wish: SheetWish) -> Choices:
    """What the candidate means to fill in on one side."""
    choices: dict[str, tuple[tuple[int, str], ...]] = {}
    for card_field in page.fields:
        if card_field.kind is FieldKind.DIGITS:
            pairs = enumerate(wish.number_columns)
            choices[card_field.id] = tuple((column, label) for column, labels in pairs for label in labels)
        elif card_field.kind is FieldKind.FLAG:
            if wish.absent_flag and card_field.id == "absent":
                choices[card_field.id] = ((0, card_field.bubbles[0].label),)
        elif not sitting.absent:
            choices[card_field.id] = _answer(card_field, sitting)
    return choices


def _answer(card_field: Field, sitting: Sitting) -> tuple[tuple[int, str], ...]:
    _, _, name = card_field.id.partition(":")
    labels = sitting.taken.get(name, ()) if card_field.kind is FieldKind.CHOOSE else tuple(sitting.labels.get(name, ""))
    return tuple((0, label) for label in labels)


def side_writings(
    template: CardTemplate, page: CardPage, paper: Paper, sitting: Sitting, rng: np.random.Generator
) -> tuple[Writing, ...]:
    """What the candidate writes into the regions of one side: the better the answer, the more of it."""
    items = {item.no: item for item in paper.items}
    writings: list[Writing] = []
    for region in page.regions:
        item = items.get(region.id)
        if item is None or region.id in sitting.blank:
            continue
        share = float(worth(sitting, item) / item.points)
        effort = float(np.clip(0.25 + 0.6 * share + rng.normal(0, 0.08), 0.12, 1.0))
        if item.kind is ItemKind.ESSAY and item.grid is not None:
            writings.append(_essay(template, region, item.grid, share))
            continue
        manner: Manner = "steps"
        if region.rect.height_mm < 20:
            manner = "short"
        elif item.points <= 8 and rng.random() < 0.5:
            manner = "text"
        over = bool(rng.random() < 0.03)
        writings.append(
            Writing(
                region.id, region.part, manner, effort, over, start_mm=(18.0, 3.5) if manner == "short" else (12.0, 8.5)
            )
        )
    return tuple(writings)


def _essay(template: CardTemplate, region: Region, grid: EssayGrid, share: float) -> Writing:
    """One part of an essay: every part fills up before the next is begun."""
    strip_mm = max(_LINE_STRIP_MM, 0.2 * grid.cell_mm)
    row_mm = grid.cell_mm + strip_mm

    def rows_of(one: Region) -> int:
        return int((one.rect.height_mm - strip_mm + 0.01) / row_mm)

    parts = [one for page in template.pages for one in page.regions if one.id == region.id]
    rows_before = sum(rows_of(one) for one in parts if one.part < region.part)
    rows_meant = round(grid.rows * min(1.0, 0.35 + 0.65 * share))
    rows = min(max(rows_meant - rows_before, 0), rows_of(region))
    amount = rows / max(rows_of(region), 1)
    return Writing(region.id, region.part, "essay", amount, grid=grid, start_mm=(0.0, strip_mm), row_mm=row_mm)


def write_slots(ink: InkLayer, slots: tuple[Slot, ...], hand: Hand, dpi: float, rng: np.random.Generator) -> None:
    """Name, school and class by hand: invented characters, as many as such a text has."""
    for slot in slots:
        n_glyphs = {"name": 3, "school": 6, "class": 3, "seat": 2}.get(slot.id, 0)
        size = min(slot.rect.height_mm * 0.75, slot.rect.width_mm / max(n_glyphs, 1) * 0.8, 4.5)
        boxes = np.array(
            [
                [slot.rect.x_mm + 1 + at * size * 1.1, slot.rect.bottom_mm - size - 0.8, size, size]
                for at in range(n_glyphs)
            ]
        )
        characters = hand.alphabet.characters
        glyphs = [characters[int(which)] for which in rng.integers(0, len(characters), n_glyphs)]
        if glyphs:
            draw_strokes(ink, place_glyphs(glyphs, boxes, hand.alphabet, rng), hand.pen, dpi, rng)


def write_number(
    ink: InkLayer, page: CardPage, wish: SheetWish, hand: Hand, dpi: float, rng: np.random.Generator
) -> None:
    """The candidate number by hand in the squares above its bubbles."""
    for card_field in page.fields:
        if card_field.kind is not FieldKind.DIGITS:
            continue
        first = {bubble.column: bubble.rect for bubble in reversed(card_field.bubbles)}
        digits = [(first[at], labels[0]) for at, labels in enumerate(wish.number_columns) if labels and at in first]
        boxes = np.array([[rect.x_mm + 0.8, rect.y_mm - 7.6, 2.4, 4.4] for rect, _ in digits])
        if digits:
            glyphs = [DIGITS[label] for _, label in digits]
            draw_strokes(ink, place_glyphs(glyphs, boxes, hand.alphabet, rng), hand.pen, dpi, rng)
