"""Read one page: image + card + options -> PageReading. Pure: no files, no database, no clock.

In:  uint8 (height, width) page image in any of the four orientations; a CardTemplate; ReadingOptions.
Out: PageReading with side, fields, candidate number and crops, or with a PageCode and nothing else.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.errors import mark_text
from models.geometry import RectMm
from models.words import BubbleState, FieldKind, PageCode
from scanning.cards.template import CardPage, CardTemplate
from scanning.page.code import make_pattern
from scanning.page.fit import Registration
from scanning.page.grain import without_dots
from scanning.page.image import ImageLimits, Refusal, decode_page
from scanning.page.print_fit import FitOptions, Found, Side
from scanning.page.probes import make_probes, measure
from scanning.page.registration import register
from scanning.page.several import rest_of, sheets_by_code
from scanning.reading.barcode import read_barcode
from scanning.reading.bubbles import BubbleOptions, decide
from scanning.reading.candidate import vote
from scanning.reading.choices import FieldPlan, group_numbers, plan_fields, read_fields
from scanning.reading.crop_plan import CropOptions, CropPlan, plan_crops
from scanning.reading.crops import cut_regions
from scanning.reading.foreign_print import expected_foreign_blank
from scanning.reading.ink import BubbleGrid, BubbleInk, make_grid, measure_ink
from scanning.reading.result import CandidateReading, Crop, FieldReading, PageReading

CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """Every threshold of reading, each with its reason where it is defined."""

    limits: ImageLimits = field(default_factory=ImageLimits)
    fit: FitOptions = field(default_factory=FitOptions)
    bubbles: BubbleOptions = field(default_factory=BubbleOptions)
    crops: CropOptions | None = field(default_factory=CropOptions)  # None: no crops are cut
    ocr: Literal["when_needed", "never"] = "when_needed"  # 0.2 s a call: only where other voices leave a question
    patch_seen: float = 0.4  # a patch whose print is mostly not found may be read through a wrong place
    letter_seen: float = 0.4  # of the letter's usual blackness: a bubble under another sheet of paper shows none
    letter_gone: float = 0.25  # less than this of every letter of a choice: a pale copy still shows half


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSide:
    """Arrays of one side that do not depend on the image."""

    side: Side
    grid: BubbleGrid
    plan: FieldPlan
    groups: NDArray[np.intp]
    several: NDArray[np.bool_]
    corners_mm: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedCard:
    """A card with everything that is computed once per worker."""

    card: CardTemplate
    sides: tuple[PreparedSide, ...]
    digits: int | None


_CACHE: OrderedDict[int, PreparedCard] = OrderedDict()
_CACHED_CARDS = 8  # papers scanned side by side on one station; each takes about a megabyte


def prepare(card: CardTemplate) -> PreparedCard:
    """The prepared arrays of a card, remembered for the cards used last in this process."""
    known = _CACHE.get(id(card))
    if known is not None and known.card is card:
        _CACHE.move_to_end(id(card))
        return known
    sides = tuple(_prepare_side(page) for page in card.pages)
    prepared = PreparedCard(card, sides, _number_length(card))
    _CACHE[id(card)] = prepared
    while len(_CACHE) > _CACHED_CARDS:
        _CACHE.popitem(last=False)
    return prepared


def _prepare_side(page: CardPage) -> PreparedSide:
    plural = (FieldKind.MULTIPLE, FieldKind.CHOOSE)
    several = np.array([field.kind in plural for field in page.fields for _ in field.bubbles], dtype=np.bool_)
    return PreparedSide(
        Side(page, make_probes(page), make_pattern(page)),
        make_grid(page),
        plan_fields(page),
        group_numbers(page),
        several,
        RectMm(0, 0, page.size.width_mm, page.size.height_mm).corners(),
    )


@lru_cache(maxsize=2 * _CACHED_CARDS)
def _crop_plan(side: PreparedSide, options: CropOptions) -> CropPlan:
    """What cutting needs to know of a side; a side is told from others by being itself."""
    return plan_crops(side.side.page, options)


def read_bytes(data: bytes, card: CardTemplate, options: ReadingOptions | None = None) -> PageReading:
    """Decode and read one encoded page image. Never raises for bad input."""
    options = options or ReadingOptions()
    image = decode_page(data, options.limits)
    if isinstance(image, Refusal):
        return PageReading(side=None, code=image.code, detail=image.detail)
    return read_page(image.grey, card, options, image.warnings)


def read_page(
    image: NDArray[np.uint8],
    card: CardTemplate,
    options: ReadingOptions | None = None,
    warnings: tuple[str, ...] = (),
) -> PageReading:
    """Read one decoded page. `warnings` are what decoding already noticed."""
    return read_and_locate(image, card, options, warnings)[0]


def read_and_locate(
    image: NDArray[np.uint8],
    card: CardTemplate,
    options: ReadingOptions | None = None,
    warnings: tuple[str, ...] = (),
) -> tuple[PageReading, Registration | None]:
    """As `read_page`, with the registration for whoever draws on the page; None when it was refused."""
    options = options or ReadingOptions()
    prepared = prepare(card)
    seen = without_dots(image, max(max(page.size.width_mm, page.size.height_mm) for page in card.pages))
    found = _register(seen, prepared, options)
    if isinstance(found, Found) and _shows_another(seen, found.registration, prepared, options):
        found = _several()
    if isinstance(found, Refusal):
        return PageReading(side=None, code=found.code, detail=found.detail, warnings=warnings), None
    registration = found.registration
    page = registration.page
    side = next(one for one in prepared.sides if one.side.page is page)
    expected = expected_foreign_blank if page.anchoring is not None else None
    ink = measure_ink(seen, registration.map, side.grid, found.black, expected)
    decisions = decide(ink, side.groups, options.bubbles, side.several)
    unseen = np.zeros(side.groups.size, dtype=np.bool_)
    held = unseen
    if found.outlines_show:
        patch = side.side.probes.bubble_patch
        unseen, held = found.patches_seen[patch] < options.patch_seen, found.patches_held[patch]
    unverified = _unverified(ink, decisions.state, side.groups, unseen, held, options)
    if registration.unseen is not None:  # a foreign card: its registration looked at every bubble's print
        unverified |= registration.unseen
    fields = read_fields(side.plan, ink, decisions, unverified)
    candidate, more_warnings = _candidate(image, registration, fields, prepared.digits, options)
    crops: tuple[Crop, ...] = ()
    if options.crops is not None:
        crops = cut_regions(image, registration, _crop_plan(side, options.crops), options.crops)
    corners = np.round(registration.map.apply(side.corners_mm), 1).tolist()
    reading = PageReading(
        side=page.page,
        code=None,
        residual_mm=round(registration.residual_mm, 4),
        turned_deg=registration.turned_deg,
        px_per_mm=round(registration.px_per_mm, 4),
        fields=fields,
        candidate=candidate,
        crops=crops,
        overflow_mm2=round(sum(crop.overflow_mm2 for crop in crops), 2),
        warnings=(*warnings, *found.warnings, *more_warnings),
        corners_px=tuple((x, y) for x, y in corners),
    )
    return reading, registration


def _unverified(
    ink: BubbleInk,
    state: tuple[BubbleState, ...],
    groups: NDArray[np.intp],
    unseen: NDArray[np.bool_],
    held: NDArray[np.bool_],
    options: ReadingOptions,
) -> NDArray[np.bool_]:
    """Which bubbles may not be where the map says, or not be there at all, (n,).

    `unseen` are those of patches with hardly an outline. Ink hides outlines: where print on all sides holds their
    place, a letter or ink on it shows that they are there. A choice without a mark and without any of its letters
    lies under another sheet of paper; a flag stands alone, and nothing needs to be printed in it.
    """
    marked = np.array([one is not BubbleState.EMPTY for one in state], dtype=np.bool_)
    empty = (np.bincount(groups, marked, minlength=1) == 0) & (np.bincount(groups, minlength=1) > 1)
    blank = empty[groups]
    asked = np.flatnonzero(blank | (unseen & held))
    if not asked.size:
        return unseen
    shown = np.full(groups.size, np.nan)
    shown[asked] = ink.look.letter_shown(asked)
    gone = np.bincount(groups, blank & ~(shown < options.letter_gone), minlength=1) == 0
    covered = blank & gone[groups]
    return np.asarray(covered | (unseen & ~(held & (shown >= options.letter_seen))), dtype=np.bool_)


def _register(image: NDArray[np.uint8], prepared: PreparedCard, options: ReadingOptions) -> Found | Refusal:
    """Our own cards by their marks, imported ones as their anchoring says; the side that fits best."""
    own = [one.side for one in prepared.sides if one.side.page.anchoring is None]
    found: Found | Refusal = Refusal(PageCode.UNREGISTERED, mark_text("the card has no side to look for"))
    if own:
        found = register(image, own, options.fit)
        if isinstance(found, Refusal) and found.code is not PageCode.BLANK_PAGE and sheets_by_code(image) > 1:
            return _several()
        if isinstance(found, Found) or len(own) == len(prepared.sides):
            return found
    imported = [one.side for one in prepared.sides if one.side.page.anchoring is not None]
    results = [_register_imported(image, side) for side in imported]
    fitting = [one for one in results if isinstance(one, Found)]
    if fitting:
        return min(fitting, key=lambda one: one.registration.residual_mm)
    return next((one for one in results if isinstance(one, Refusal)), found)


def _several() -> Refusal:
    return Refusal(PageCode.SEVERAL_SHEETS, mark_text("there are several sheets in one picture"))


def _shows_another(
    image: NDArray[np.uint8], registration: Registration, prepared: PreparedCard, options: ReadingOptions
) -> bool:
    """Whether there is a second sheet beside the one that was found."""
    rest = rest_of(image, registration)
    if rest is None:
        return False
    if registration.page.anchoring is None and sheets_by_code(rest):
        return True
    own = [one.side for one in prepared.sides if one.side.page.anchoring is None]
    if own and isinstance(register(rest, own, options.fit), Found):
        return True
    imported = [one.side for one in prepared.sides if one.side.page.anchoring is not None]
    return any(isinstance(_register_imported(rest, side), Found) for side in imported)


def _register_imported(image: NDArray[np.uint8], side: Side) -> Found | Refusal:
    """An imported card by its outline, markers or features; its darkest print stands in for the black of marks."""
    from scanning.page.anchoring import register_anchored

    registration = register_anchored(image, side.page)
    if isinstance(registration, Refusal):
        return registration
    edges = measure(image, registration.map, side.probes)
    sample = image[::8, ::8].ravel()
    black = float(np.partition(sample, sample.size // 200)[sample.size // 200])
    nothing = np.zeros(edges.seen.size, dtype=np.bool_)
    # Anchoring has judged every bubble itself.
    return Found(registration, black, edges.seen, nothing, outlines_show=False)


def _number_length(card: CardTemplate) -> int | None:
    """How many digits a candidate number has, where any side says so."""
    for page in card.pages:
        for one in page.fields:
            if one.id == CANDIDATE and one.kind is FieldKind.DIGITS:
                return max(one.columns, 1 + max((bubble.column for bubble in one.bubbles), default=0))
    return None


def _candidate(
    image: NDArray[np.uint8],
    registration: Registration,
    fields: tuple[FieldReading, ...],
    digits: int | None,
    options: ReadingOptions,
) -> tuple[CandidateReading, tuple[str, ...]]:
    """The vote on the candidate number of this side, and warnings (``no_ocr``)."""
    page = registration.page
    bubbles = next((one for one in fields if one.id == CANDIDATE and one.kind is FieldKind.DIGITS), None)
    places = [one for one in page.barcodes if one.id == CANDIDATE and not one.rect.is_empty]
    if bubbles is None and not places and page.printed_number is None:
        return CandidateReading(present=False), ()
    texts = [text for place in places for text in read_barcode(image, registration.map, place)]
    reading = vote(bubbles, texts, "", digits, expects_barcode=bool(places))
    needed = reading.status.value != "ok" or not reading.value
    if page.printed_number is None or options.ocr == "never" or not needed:
        return reading, ()
    from scanning.reading.ocr import OcrMissing, read_printed_number

    try:
        printed = read_printed_number(image, registration.map, page.printed_number, registration.turned_deg)
    except OcrMissing:
        return reading, ("no_ocr",)
    return vote(bubbles, texts, printed, digits, expects_barcode=bool(places)), ()
