"""How much ink each bubble of a page carries, beyond what is printed there.

In:  uint8 page image, the fitted map, the bubbles of a side prepared once, the grey of this page's black print.
Out: BubbleInk: per bubble the mean excess darkness, its strongest strokes, its spread, and strokes that run out.
0 is this page's paper, 1 this page's black. Paper is taken beside each bubble, so shadows and tinted paper do not
count. What a bubble looks like when empty is learnt from this page: of all bubbles with the same letter most are
empty, and no letter may look much darker than the others do.
Nothing depends on px: a bubble is sampled at the same relative places whether it is 12 or 60 px wide.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scanning.cards.template import CardPage
from scanning.page.fit import FittedMap
from scanning.page.probes import sample
from scanning.reading.shapes import (
    AROUND,
    EDGE,
    GRID_X,
    GRID_Y,
    LETTER,
    OUTLINE,
    STRONG,
    Look,
    find_lines,
    is_print_only,
    is_ringed,
    is_soft,
    leaving_corners,
    runs_through,
    stands_out,
)

INSET_SHARE = 0.14  # of the shorter side: the printed outline and its blur stay outside
RING_SHARE = 0.20  # of the shorter side: half a millimetre out, midway to the next bubble
EDGE_SHARE = 0.06  # to both sides of the outline: 0.15 mm, within its blur
ALIKE_FROM = 12  # so many bubbles of one size show what their outlines look like
LEARN_FROM = 6  # fewer bubbles with one letter say nothing certain about the letter
LEARN_QUANTILE = 0.30  # a letter may be filled in two thirds of its places and is still learnt as empty
LETTER_SPREAD = 0.06  # letters differ in blackness by less than this; beyond it the "letter" is ink
LETTER_BOLD = 0.6  # or by this share of their blackness: toner, copies and one-bit scans make letters bold
FACE_WHITE = GRID_X * GRID_Y * 2 // 5  # of all places in order of darkness
FACE_LEAST = 0.04  # is white here
LETTER_SLACK = 1.25  # places that are hidden by print count less, which makes the others count more
LETTER_MOST = 0.35  # a printed letter covers no more; a whole page darker than that is ink or a bad scan
BRIGHTER = 1.1  # paper does not change by more from one bubble to the next but one
PRINT_MOST = 0.3  # more ink than this is no letter, however bold
PEAK_FROM = 0.012  # less ink than this is no mark, however it is spread
_BLOCK = 256  # bubbles mapped at once: BLAS starts threads for larger products, and they cost more than they bring
_REACH = 4  # twice as many neighbours vouch for the paper at a bubble
_TOGETHER_MM = 30.0  # they do when all of them stand so near


ExpectedBlank = Callable[
    [NDArray[np.float32], NDArray[np.float32], NDArray[np.intp], NDArray[np.float64]], NDArray[np.float32]
]


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Letters that stand in the same number of bubbles: `letters` (l,), and `members` (l, c), the bubbles of each."""

    letters: NDArray[np.intp]
    members: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class BubbleGrid:
    """Prepared once per side, for n bubbles in card order.

    `sizes` are the bubbles of each size, with the places that are sampled in them, float32 (3, m + r + e): ones, and mm
    to the right of the middle and down from it; the m = GRID_Y * GRID_X inside first, then the r around it, then the e
    on its outline.
    `corners_mm` (3n, 2) are the middles `center_mm` (n, 2), then places 1 mm to the right of them, then 1 mm below.
    `letter` (n,) numbers bubbles of the same label and size; `alike` lists the letters that occur often enough to learn
    from. `beside` (n, 9) are each bubble and its nearest neighbours, `together` (n,) whether these are near enough.
    """

    sizes: tuple[tuple[NDArray[np.intp], NDArray[np.float32]], ...]
    corners_mm: NDArray[np.float64]
    center_mm: NDArray[np.float64]
    letter: NDArray[np.intp]
    alike: tuple[Alike, ...]
    beside: NDArray[np.intp]
    together: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class BubbleInk:
    """Ink of n bubbles, all float64 (n,).

    `ink` mean excess darkness over the printed blank, about -0.05..1; `peak` the darkness of the darkest tenth and
    `cover` the share of places clearly inked, both 0 where there is next to no ink; `crossing` how many separate
    strokes leave through the surround, and `corners` towards how many of the four corners. Bool (n,) are `through`,
    whether they are two on opposite sides of a straight line; `dust`, whether the ink is lines as dust on the glass
    draws them; `ringed`, whether there is ink on all four sides; `soft`, whether what darkens it darkens its surround
    as much: a stain, a smear; `print_only`, whether all that is dark lies on or in the printed letter; `drawn_over`,
    whether outline or letter are darker than those of other bubbles, whatever else is seen. `unsure` is how
    much of the ink may be print, where this page shows a letter too seldom to know it. `noise` is the spread of `ink`
    among this page's empty bubbles; `look` answers whether letters are there.
    """

    ink: NDArray[np.float64]
    peak: NDArray[np.float64]
    cover: NDArray[np.float64]
    crossing: NDArray[np.float64]
    through: NDArray[np.bool_]
    dust: NDArray[np.bool_]
    corners: NDArray[np.float64]
    ringed: NDArray[np.bool_]
    soft: NDArray[np.bool_]
    print_only: NDArray[np.bool_]
    drawn_over: NDArray[np.bool_]
    unsure: NDArray[np.float64]
    noise: float
    look: Look


def make_grid(page: CardPage) -> BubbleGrid:
    """The sampling places of one side."""
    bubbles = [bubble for field in page.fields for bubble in field.bubbles]
    n = len(bubbles)
    center = np.array([[b.rect.center.x_mm, b.rect.center.y_mm] for b in bubbles]).reshape(-1, 2)
    by_size: dict[tuple[float, float], list[int]] = {}
    for at, bubble in enumerate(bubbles):
        by_size.setdefault((bubble.rect.width_mm, bubble.rect.height_mm), []).append(at)
    names: dict[tuple[str, int, int], int] = {}
    letter = np.array(
        [
            names.setdefault((b.label, round(10 * b.rect.width_mm), round(10 * b.rect.height_mm)), len(names))
            for b in bubbles
        ],
        dtype=np.intp,
    )
    away = np.hypot(*(center[:, None, :] - center[None, :, :]).transpose(2, 0, 1))
    beside = np.argsort(away, axis=1, kind="stable")[:, : 2 * _REACH + 1]
    apart = away[np.arange(n)[:, None], beside].max(axis=1, initial=0.0)
    return BubbleGrid(
        tuple((np.array(rows), _places_mm(*size)) for size, rows in by_size.items()),
        np.concatenate([center, center + np.array([1.0, 0.0]), center + np.array([0.0, 1.0])]),
        center,
        letter,
        _alike(letter),
        beside,
        (apart < _TOGETHER_MM) & (beside.shape[1] == 2 * _REACH + 1),
    )


def _places_mm(width_mm: float, height_mm: float) -> NDArray[np.float32]:
    """The places sampled in, around and on a bubble of this size, float32 (3, m + r + e): ones, to the right, down."""
    half, short = np.array([width_mm / 2, height_mm / 2]), min(width_mm, height_mm)
    unit_x = (np.arange(GRID_X) + 0.5) / GRID_X * 2 - 1
    unit_y = (np.arange(GRID_Y) + 0.5) / GRID_Y * 2 - 1
    inner = np.stack(np.meshgrid(unit_x, unit_y), axis=-1).reshape(-1, 2) * (half - INSET_SHARE * short)
    ring = _ring_unit(AROUND) * (half + RING_SHARE * short)
    edge = [_ring_unit(EDGE // 2) * (half + share * short) for share in (-EDGE_SHARE, EDGE_SHARE)]
    places = np.concatenate([inner, ring, *edge])
    return np.stack([np.ones(len(places)), places[:, 0], places[:, 1]]).astype(np.float32)


def _alike(letter: NDArray[np.intp]) -> tuple[Alike, ...]:
    counts = np.bincount(letter)
    often = sorted({int(count) for count in counts if count >= LEARN_FROM})
    alike = []
    for count in often:
        letters = np.flatnonzero(counts == count)
        members = np.stack([np.flatnonzero(letter == one) for one in letters])
        alike.append(Alike(letters, members))
    return tuple(alike)


def _ring_unit(count: int) -> NDArray[np.float64]:
    """So many places around the unit square, float64 (count, 2), clockwise from the top left."""
    side = np.linspace(-1, 1, count // 4, endpoint=False)
    one = np.ones_like(side)
    return np.concatenate(
        [
            np.column_stack([side, -one]),
            np.column_stack([one, side]),
            np.column_stack([-side, one]),
            np.column_stack([-one, -side]),
        ]
    )


def measure_ink(
    grey: NDArray[np.uint8],
    fitted: FittedMap,
    grid: BubbleGrid,
    black: float,
    expected: ExpectedBlank | None = None,
) -> BubbleInk:
    """Sample every bubble and subtract what is printed. `black` is the grey of solid print on this page, 0..255.

    `expected` says what empty bubbles look like from darkness inside (n, m) and around (n, r), letters and
    centres; without it the letters of our own cards are learnt.
    """
    n = grid.letter.size
    if n == 0:
        none, no = np.empty(0), np.empty(0, dtype=np.bool_)
        flat = np.empty((0, GRID_X * GRID_Y), dtype=np.float32)
        return BubbleInk(
            none, none, none, none, no, no, none, no, no, no, no, none, 0.0, Look(flat, flat, none.astype(np.intp))
        )
    m = GRID_X * GRID_Y
    darkness = sample(grey, *_map_locally(fitted, grid))
    paper = _paper(darkness[:, m : m + AROUND], grid)
    # In reflectance, so that a shadow dims paper, print and ink alike.
    black_share = min(max(black / max(_middle(np.sort(paper)), 1.0), 0.0), 0.8)
    full = np.float32(1.0 / (1.0 - black_share))
    darkness *= (-full / paper)[:, None]
    darkness += full
    inner, ring = darkness[:, :m], darkness[:, m : m + AROUND]
    if expected is None:
        blank, unsure = _expected_blank(inner, grid)
    else:
        blank = Blank(expected(inner, ring, grid.letter, grid.center_mm), np.arange(n))
        unsure = np.zeros(n)
    drawn_over = (
        _drawn_over(inner, darkness[:, m + AROUND :], grid) if expected is None else np.zeros(n, dtype=np.bool_)
    )
    excess = inner - blank.faces[blank.face]
    # Where print is expected, ink on top of it cannot be told apart: those places count little.
    weights = 1.0 - np.clip(1.5 * blank.faces, 0.0, 0.95)
    total = weights.sum(axis=1)[blank.face]
    ink = np.einsum("ij,ij->i", excess, weights[blank.face]) / total
    peak, cover = np.zeros(n), np.zeros(n)
    inked = np.flatnonzero(ink > PEAK_FROM)
    marks, by = excess[inked], weights[blank.face[inked]]
    peak[inked] = np.partition(marks, m - m // 10, axis=1)[:, m - m // 10 :].mean(axis=1)
    cover[inked] = np.einsum("ij,ij->i", (marks > STRONG).astype(np.float32), by) / total[inked]
    dark_ring = ring > STRONG
    crossing = _crossing(dark_ring)
    low = np.sort(ink)[: max(1, (6 * n) // 10)]  # at least so many are empty on any real sheet, or the floors decide
    noise = 1.4826 * _middle(np.sort(np.abs(low - _middle(low))))
    straight, dust = find_lines(excess, peak, cover)
    weak = ink[inked] < PRINT_MOST
    return BubbleInk(
        np.asarray(ink, dtype=np.float64),
        peak,
        cover,
        crossing,
        runs_through(dark_ring, crossing) & straight,
        dust,
        leaving_corners(dark_ring, crossing),
        is_ringed(dark_ring),
        is_soft(ink, peak, ring, inked),
        is_print_only(marks[weak], blank.faces[blank.face[inked[weak]]], inked[weak], n),
        drawn_over,
        unsure,
        noise,
        Look(inner, blank.faces, blank.face),
    )


def _middle(ordered: NDArray[np.floating]) -> float:
    """The median of values in order."""
    return float(ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2


def _drawn_over(inner: NDArray[np.float32], edge: NDArray[np.float32], grid: BubbleGrid) -> NDArray[np.bool_]:
    """Which bubbles have a darker outline than others of their size, or are darker than those of their letter, (n,).

    One bit, or an eager contrast, may leave of a fill only its rim and a bolder letter; a pen may run on the outline.
    """
    over = np.zeros(inner.shape[0], dtype=np.bool_)
    outline, level = edge.mean(axis=1, dtype=np.float64), inner.mean(axis=1, dtype=np.float64)
    for rows, _ in grid.sizes:
        if rows.size >= ALIKE_FROM:
            usual = np.full(rows.size, np.median(outline[rows]))
            beside = grid.beside[rows]
            if beside.shape[1] == 2 * _REACH + 1:
                usual = np.where(grid.together[rows], np.maximum(usual, np.median(outline[beside], axis=1)), usual)
            over[rows] = stands_out(outline[rows], usual, OUTLINE)
    for alike in grid.alike:
        values = level[alike.members]
        usual = np.repeat(np.median(values, axis=1), values.shape[1])
        over[alike.members.ravel()] |= stands_out(values.ravel(), usual, LETTER)
    return over


def _crossing(dark: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many separate dark runs each surround, (n, r), has, (n,)."""
    crossing = np.zeros(dark.shape[0])
    some = np.flatnonzero(dark.any(axis=1))
    around = dark[some]
    before = np.concatenate([around[:, -1:], around[:, :-1]], axis=1)
    crossing[some] = (around & ~before).sum(axis=1)
    return crossing


def _map_locally(fitted: FittedMap, grid: BubbleGrid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """All places in px, x and y, by the map's linear part at each bubble: within 4 mm the map is straight."""
    middle, right, below = fitted.apply(grid.corners_mm).reshape(3, -1, 2)
    linear = np.stack([middle, right - middle, below - middle], axis=2).astype(np.float32)  # (n, 2, 3)
    both = np.empty((2, len(middle), GRID_X * GRID_Y + AROUND + EDGE), dtype=np.float32)
    for rows, places in grid.sizes:
        for at in range(0, rows.size, _BLOCK):
            block = rows[at : at + _BLOCK]
            # On cards of ours all bubbles are alike and stand in order: no need to pick them one by one.
            some = slice(block[0], block[-1] + 1) if block[-1] - block[0] == block.size - 1 else block
            both[0, some] = linear[some, 0] @ places
            both[1, some] = linear[some, 1] @ places
    return both[0], both[1]


def _paper(ring: NDArray[np.float32], grid: BubbleGrid) -> NDArray[np.float32]:
    """The grey of the paper at each bubble: its bright surround, made sure of by its neighbours.

    A stroke or stain around one bubble would otherwise lighten everything inside it.
    """
    places = ring.shape[1]
    ordered = np.partition(ring, (places * 3 // 4, places * 9 // 10), axis=1)
    # The brightest places are paper even beside a fill that runs over; grain brightens them on all bubbles alike.
    bright = ordered[:, places * 9 // 10]
    own = bright - np.float32(_middle(np.sort(bright - ordered[:, places * 3 // 4])))
    near = own
    if grid.beside.shape[1] == 2 * _REACH + 1:
        near = np.partition(own[grid.beside], _REACH, axis=1)[:, _REACH]  # the median of an odd number
        near = np.where(grid.together, near, own)
    # A white streak of a dirty scanner beside a bubble is no paper either.
    paper = np.maximum(np.minimum(np.maximum(own, near), BRIGHTER * near), 16.0)
    return np.asarray(paper, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Blank:
    """What bubbles look like when empty: `faces` float32 (f, m), and `face` (n,), which of them each bubble has."""

    faces: NDArray[np.float32]
    face: NDArray[np.intp]


def _expected_blank(inner: NDArray[np.float32], grid: BubbleGrid) -> tuple[Blank, NDArray[np.float64]]:
    """What each bubble looks like when empty: its letter as this page shows it, one place wider.

    And by how much more an empty bubble may be dark whose letter was not learnt, (n,); 0 for the others.

    A letter that is filled in most of its places would teach the wrong lesson; it is found by being much darker
    than the page's other letters, and then only the common letter blackness is expected.
    """
    learnt = []
    for alike in grid.alike:
        rank = int(LEARN_QUANTILE * (alike.members.shape[1] - 1))
        learnt.append(np.partition(inner[alike.members], rank, axis=1)[:, rank])
    # The lighter half of all letters is print for certain; on a page of few letters the lightest bubbles are.
    if learnt:
        faces = np.concatenate(learnt)
        level = faces.mean(axis=1)
        common = float(np.sort(level)[(level.size - 1) // 4])
    else:
        faces, level = np.empty((0, inner.shape[1]), dtype=np.float32), np.empty(0)
        means = np.sort(inner.mean(axis=1))
        common = float(means[means.size // 4])
    common = min(common, LETTER_MOST)
    bolder = max(LETTER_SPREAD, LETTER_BOLD * common)
    # Ink fills a bubble from edge to edge; a letter leaves half of it white, however bold it is printed.
    white = np.partition(faces, FACE_WHITE, axis=1)[:, FACE_WHITE] if learnt else np.empty(0)
    known = (level <= common + bolder) | ((level <= LETTER_MOST) & (white <= FACE_LEAST))
    row = np.full(int(grid.letter.max()) + 1, np.count_nonzero(known), dtype=np.intp)  # the last face is the common one
    if learnt:
        letters = np.concatenate([alike.letters for alike in grid.alike])[known]
        row[letters] = np.arange(letters.size)
    usual = np.full((1, inner.shape[1]), max(common, 0.0), dtype=np.float32)
    face = row[grid.letter]
    unsure = np.where(face < np.count_nonzero(known), 0.0, LETTER_SLACK * bolder)
    return Blank(np.concatenate([wider(faces[known]), usual]), face), unsure


def wider(face: NDArray[np.float32]) -> NDArray[np.float32]:
    """The darkest of each place and its four neighbours, softened: a letter may stand a tenth of a mm off.

    One face (m,) or several (k, m).
    """
    grid = np.maximum(face, 0.0).reshape(-1, GRID_Y, GRID_X)
    around = grid.copy()
    np.maximum(around[:, 1:], grid[:, :-1], out=around[:, 1:])
    np.maximum(around[:, :-1], grid[:, 1:], out=around[:, :-1])
    np.maximum(around[:, :, 1:], grid[:, :, :-1], out=around[:, :, 1:])
    np.maximum(around[:, :, :-1], grid[:, :, 1:], out=around[:, :, :-1])
    return np.asarray((0.5 * (grid + around)).reshape(face.shape), dtype=np.float32)
