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

GRID_X, GRID_Y = 16, 12  # 192 places: 0.2 mm apart in a 4 x 2.5 mm bubble, finer than any stroke
INSET_SHARE = 0.14  # of the shorter side: the printed outline and its blur stay outside
RING_SHARE = 0.20  # of the shorter side: half a millimetre out, midway to the next bubble
LEARN_FROM = 6  # fewer bubbles with one letter say nothing certain about the letter
LEARN_QUANTILE = 0.30  # a letter may be filled in two thirds of its places and is still learnt as empty
LETTER_SPREAD = 0.06  # letters differ in blackness by less than this; beyond it the "letter" is ink
PEAK_FROM = 0.02  # less ink than this is no mark, however it is spread
LINE_COVER = (0.03, 0.35)
LINE_LONG = 2.0  # times as long as wide
LINE_LEAN = 0.2  # 11°: paper lies askew by less
LINE_SPREAD = 1.2  # places of 0.2 mm, standard deviation: a line of 0.8 mm
STRONG = 0.25  # darkness over the expected print that makes a place inked


ExpectedBlank = Callable[
    [NDArray[np.float32], NDArray[np.float32], NDArray[np.intp], NDArray[np.float64]], NDArray[np.float32]
]


@dataclass(frozen=True, slots=True, eq=False)
class BubbleGrid:
    """Prepared once per side, for n bubbles in card order.

    `right_mm` and `down_mm`, float32 (n, m + r), are the places that are sampled, relative to the bubble's middle:
    the m = GRID_Y * GRID_X inside first, then the r around it. `center_mm` (n, 2); `letter` (n,) numbers bubbles of
    the same label and size.
    """

    right_mm: NDArray[np.float32]
    down_mm: NDArray[np.float32]
    center_mm: NDArray[np.float64]
    letter: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class BubbleInk:
    """Ink of n bubbles, all float64 (n,).

    `ink` mean excess darkness over the printed blank, about -0.05..1; `peak` the darkness of the darkest tenth, 0
    where there is next to no ink; `cover` the share of places clearly inked; `crossing` how many separate strokes
    leave through the surround, and `corners` towards how many of the four corners; `through`, bool (n,), whether they
    are two on opposite sides; `dust`, bool (n,), whether the ink is a line as dust on the glass draws it. `noise` is
    the spread of `ink` among this page's empty bubbles.
    """

    ink: NDArray[np.float64]
    peak: NDArray[np.float64]
    cover: NDArray[np.float64]
    crossing: NDArray[np.float64]
    through: NDArray[np.bool_]
    dust: NDArray[np.bool_]
    corners: NDArray[np.float64]
    noise: float


def make_grid(page: CardPage) -> BubbleGrid:
    """The sampling places of one side."""
    bubbles = [bubble for field in page.fields for bubble in field.bubbles]
    n = len(bubbles)
    center = np.array([[b.rect.center.x_mm, b.rect.center.y_mm] for b in bubbles]).reshape(-1, 2)
    half = np.array([[b.rect.width_mm / 2, b.rect.height_mm / 2] for b in bubbles]).reshape(-1, 2)
    short = 2 * half.min(axis=1, keepdims=True) if n else np.empty((0, 1))
    unit_x = (np.arange(GRID_X) + 0.5) / GRID_X * 2 - 1
    unit_y = (np.arange(GRID_Y) + 0.5) / GRID_Y * 2 - 1
    unit = np.stack(np.meshgrid(unit_x, unit_y), axis=-1).reshape(1, -1, 2)
    inner = unit * (half - INSET_SHARE * short)[:, None, :]
    ring = _ring_unit()[None, :, :] * (half + RING_SHARE * short)[:, None, :]
    places = np.concatenate([inner, ring], axis=1).astype(np.float32)
    names: dict[tuple[str, int, int], int] = {}
    letter = [
        names.setdefault((b.label, round(10 * b.rect.width_mm), round(10 * b.rect.height_mm)), len(names))
        for b in bubbles
    ]
    return BubbleGrid(
        np.ascontiguousarray(places[..., 0]),
        np.ascontiguousarray(places[..., 1]),
        center,
        np.array(letter, dtype=np.intp),
    )


def _ring_unit() -> NDArray[np.float64]:
    """32 places around the unit square, clockwise from the top left."""
    side = np.linspace(-1, 1, 8, endpoint=False)
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
    grey: NDArray[np.uint8], fitted: FittedMap, grid: BubbleGrid, black: float, expected: ExpectedBlank | None = None
) -> BubbleInk:
    """Sample every bubble and subtract what is printed. `black` is the grey of solid print on this page, 0..255.

    `expected` says what empty bubbles look like from darkness inside (n, m) and around (n, r), letters and
    centres; without it the letters of our own cards are learnt.
    """
    n = grid.letter.size
    if n == 0:
        none = np.empty(0)
        return BubbleInk(none, none, none, none, none.astype(np.bool_), none.astype(np.bool_), none, 0.0)
    m = GRID_X * GRID_Y
    values = sample(grey, *_map_locally(fitted, grid))
    paper = _paper(values[:, m:], grid.center_mm)
    # In reflectance, so that a shadow dims paper, print and ink alike.
    black_share = min(max(black / max(float(np.median(paper)), 1.0), 0.0), 0.8)
    darkness = (1.0 - values / paper[:, None]) / (1.0 - black_share)
    inner, ring = darkness[:, :m], darkness[:, m:]
    if expected is None:
        blank = _expected_blank(inner, grid.letter)
    else:
        blank = expected(inner, ring, grid.letter, grid.center_mm)
    excess = inner - blank
    # Where print is expected, ink on top of it cannot be told apart: those places count little.
    weight = 1.0 - np.clip(1.5 * blank, 0.0, 0.95)
    ink = (excess * weight).sum(axis=1) / weight.sum(axis=1)
    peak = np.zeros(n)
    inked = np.flatnonzero(ink > PEAK_FROM)
    peak[inked] = np.partition(excess[inked], m - m // 10, axis=1)[:, m - m // 10 :].mean(axis=1)
    cover = ((excess > STRONG) * weight).sum(axis=1) / weight.sum(axis=1)
    dark_ring = ring > STRONG
    crossing = np.count_nonzero(dark_ring & ~np.roll(dark_ring, 1, axis=1), axis=1).astype(np.float64)
    low = np.sort(ink)[: max(1, (6 * n) // 10)]  # at least so many are empty on any real sheet, or the floors decide
    noise = 1.4826 * float(np.median(np.abs(low - np.median(low))))
    return BubbleInk(
        np.asarray(ink, dtype=np.float64),
        np.asarray(peak, dtype=np.float64),
        np.asarray(cover, dtype=np.float64),
        crossing,
        _runs_through(dark_ring, crossing),
        _is_dust_line(excess, peak, cover),
        _corners(dark_ring, crossing),
        noise,
    )


def _runs_through(dark: NDArray[np.bool_], crossing: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the dark places of a surround, (n, r), are two thin runs facing each other: a line through the bubble."""
    r = dark.shape[1]
    through = np.zeros(dark.shape[0], dtype=np.bool_)
    for row in np.flatnonzero(crossing == 2).tolist():
        angle = 2 * np.pi * np.flatnonzero(dark[row]) / r
        # Two opposite runs cancel out in the mean direction and add up in the doubled one.
        once, twice = abs(np.exp(1j * angle).mean()), abs(np.exp(2j * angle).mean())
        through[row] = angle.size <= r // 3 and once < 0.5 and twice > 0.5
    return through


def _is_dust_line(
    excess: NDArray[np.float32], peak: NDArray[np.float64], cover: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Whether the ink of a bubble, excess (n, m), is one thin line from border to border, (n,).

    It runs along or across the paper, as dust on a scanner's glass draws it. The long leg of a large tick is as
    straight, but leans.
    """
    straight = np.zeros(excess.shape[0], dtype=np.bool_)
    for row in np.flatnonzero((cover > LINE_COVER[0]) & (cover < LINE_COVER[1]) & (peak > STRONG)).tolist():
        inked = excess[row] > 0.4 * peak[row]
        y, x = np.divmod(np.flatnonzero(inked), GRID_X)
        if np.unique(x).size < GRID_X - 1 and np.unique(y).size < GRID_Y - 1:
            continue  # it ends inside
        places = np.column_stack([x - x.mean(), 0.73 * (y - y.mean())])  # a place is 0.2 mm wide and 0.15 mm high
        spread, axes = np.linalg.eigh(places.T @ places / x.size)
        upright = float(np.abs(axes[:, 0]).min()) < LINE_LEAN
        straight[row] = upright and spread[0] < LINE_SPREAD**2 and spread[1] > LINE_LONG**2 * spread[0]
    return straight


def _corners(dark: NDArray[np.bool_], crossing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Towards how many corners dark runs of a surround, (n, r), leave, (n,); counted where there are three or more.

    The strokes of a cross leave towards four; ragged ends of a fill leave together on one side or two.
    """
    r = dark.shape[1]
    corners = np.zeros(dark.shape[0])
    for row in np.flatnonzero(crossing >= 3).tolist():
        around = dark[row]
        begins = np.flatnonzero(around & ~np.roll(around, 1))
        ends = np.flatnonzero(around & ~np.roll(around, -1))
        if ends[0] < begins[0]:
            ends = np.append(ends[1:], ends[0] + r)  # the run that passes the first place
        middles = (begins + ends) / 2
        corners[row] = np.unique(np.floor((middles + r / 8) % r / (r / 4))).size  # the surround begins at a corner
    return corners


def _map_locally(fitted: FittedMap, grid: BubbleGrid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """All places in px, x and y, by the map's linear part at each bubble: within 4 mm the map is straight."""
    center = grid.center_mm
    corners = np.concatenate([center, center + np.array([1.0, 0.0]), center + np.array([0.0, 1.0])])
    mapped = fitted.apply(corners).astype(np.float32).reshape(3, -1, 2)
    along, across = mapped[1] - mapped[0], mapped[2] - mapped[0]
    x = mapped[0][:, :1] + grid.right_mm * along[:, :1] + grid.down_mm * across[:, :1]
    y = mapped[0][:, 1:] + grid.right_mm * along[:, 1:] + grid.down_mm * across[:, 1:]
    return x, y


def _paper(ring: NDArray[np.float32], center_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    """The grey of the paper at each bubble: its bright surround, made sure of by its neighbours in card order.

    A stroke or stain around one bubble would otherwise lighten everything inside it.
    """
    own = np.partition(ring, ring.shape[1] * 3 // 4, axis=1)[:, ring.shape[1] * 3 // 4]
    reach = 4
    padded = np.pad(own, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    near = np.partition(windows, reach, axis=1)[:, reach]  # the median of an odd number
    middle = np.pad(center_mm, ((reach, reach), (0, 0)), mode="edge")
    spread = np.abs(middle[2 * reach :] - middle[: -2 * reach]).max(axis=1)
    near = np.where(spread < 60.0, near, own)  # a neighbour in the list may be far away on the paper
    paper = np.maximum(np.maximum(own, np.minimum(near, own * 1.25)), 16.0)
    return np.asarray(paper, dtype=np.float32)


def _expected_blank(inner: NDArray[np.float32], letter: NDArray[np.intp]) -> NDArray[np.float32]:
    """What each bubble looks like when empty, (n, m): its letter as this page shows it, one place wider.

    A letter that is filled in most of its places would teach the wrong lesson; it is found by being much darker
    than the page's other letters, and then only the common letter blackness is expected.
    """
    count = int(letter.max()) + 1
    learnt: dict[int, NDArray[np.float32]] = {}
    level: dict[int, float] = {}
    for one in range(count):
        mine = inner[letter == one]
        if mine.shape[0] < LEARN_FROM:
            continue
        rank = int(LEARN_QUANTILE * (mine.shape[0] - 1))
        face = np.partition(mine, rank, axis=0)[rank]
        learnt[one] = face
        level[one] = float(face.mean())
    # The lighter half of all letters is print for certain; on a page of few letters the lightest bubbles are.
    if level:
        common = float(np.sort(list(level.values()))[(len(level) - 1) // 4])
    else:
        means = np.sort(inner.mean(axis=1))
        common = float(means[means.size // 4])
    common = min(common, 0.2)  # a printed letter covers no more; a whole page darker than that is ink or a bad scan
    blank = np.full(inner.shape, max(common, 0.0), dtype=np.float32)
    known = [one for one in learnt if level[one] <= common + LETTER_SPREAD]
    if known:
        row = np.full(count, -1, dtype=np.intp)
        row[known] = np.arange(len(known))
        mine = row[letter] >= 0
        blank[mine] = wider(np.stack([learnt[one] for one in known]))[row[letter[mine]]]
    return blank


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
