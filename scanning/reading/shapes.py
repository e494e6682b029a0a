"""What the darkness in and around a bubble looks like: strokes, lines of dust, rings, stains, bold letters.

In:  darkness at the places inside n bubbles, float32 (n, GRID_Y * GRID_X), and around them, (n, r), 0 = paper and
     1 = this page's black; the expected blank of each.
Out: one answer per bubble, (n,). How much ink there is says ink.py, what follows from it bubbles.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AROUND = 32  # places sampled around a bubble
GRID_X, GRID_Y = 16, 12  # 192 places: 0.2 mm apart in a 4 x 2.5 mm bubble, finer than any stroke
EDGE = 32  # places sampled on its outline, half of them just inside the line and half just outside
STRONG = 0.25  # darkness over the expected print that makes a place inked
RINGED = 9  # of the 32 places around a bubble: a neighbour's sloppy fill darkens fewer on all four sides
LINE_COVER = (0.03, 0.35)
LINE_LONG = 2.0  # times as long as wide
LINE_LEAN = 0.2  # 11°: paper lies askew by less
LINE_SPREAD = 1.2  # places of 0.2 mm, standard deviation: a line of 0.8 mm
LINE_INK = 0.4  # of the line's own darkness: beyond it is the line's soft edge
LETTER_PRINT = 0.12  # darkness that a letter has; its hollows are filled when toner or a copy makes it bold
BEYOND = 4  # places of 192: half a millimetre of a fine stroke
LETTER_ENERGY = 0.15  # squared darkness, summed: the palest letter that can be recognised at all
SOFT_MOST = (0.30, 0.50)  # a stain is lighter, and a shadow is; darker than the second is ink for certain
SOFT_AROUND = (0.60, 0.85)  # this share of it lies around the bubble as well: no mark's edge
OUTLINE = (0.08, 3.0)  # darker than its neighbours' by this much, and by so many spreads of the page: drawn over
LETTER = (0.03, 3.5)  # the same of the whole inside against bubbles with the same letter
SOFT_PEAK = 2.5  # the darkest places of strokes are many times darker than their mean over the bubble

_DIRECTIONS = np.exp(2j * np.pi * np.outer(np.arange(AROUND) / AROUND, (1, 2)))  # from the middle, and doubled


def is_ringed(dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether dark places of a surround, (n, r), lie on all four sides of the bubble, (n,)."""
    ringed = np.zeros(dark.shape[0], dtype=np.bool_)
    rows = np.flatnonzero(dark.sum(axis=1) >= RINGED)
    if rows.size:
        ringed[rows] = np.all(np.any(dark[rows].reshape(rows.size, 4, -1), axis=2), axis=1)
    return ringed


def runs_through(dark: NDArray[np.bool_], crossing: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the dark places of a surround, (n, r), are two thin runs facing each other: a line through the bubble."""
    through = np.zeros(dark.shape[0], dtype=np.bool_)
    twice_crossed = np.flatnonzero(crossing == 2)
    if twice_crossed.size:
        around = dark[twice_crossed]
        count = around.sum(axis=1)
        # Two opposite runs cancel out in the mean direction and add up in the doubled one.
        once, twice = np.abs(around @ _DIRECTIONS).T / count
        through[twice_crossed] = (count <= AROUND // 3) & (once < 0.5) & (twice > 0.5)
    return through


def find_lines(
    excess: NDArray[np.float32], peak: NDArray[np.float64], cover: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the ink of each bubble, excess (n, m), is one thin straight line, and whether it is dust, (n,) each.

    Dust on a scanner's glass draws lines along or across the paper from border to border, sometimes several side by
    side. The long leg of a large tick is as straight, but leans.
    """
    straight = np.zeros(excess.shape[0], dtype=np.bool_)
    dust = np.zeros(excess.shape[0], dtype=np.bool_)
    for row in np.flatnonzero((cover > LINE_COVER[0]) & (cover < LINE_COVER[1]) & (peak > STRONG)).tolist():
        inked = (excess[row] > LINE_INK * peak[row]).reshape(GRID_Y, GRID_X)
        whole = _one_line(inked)
        straight[row] = whole is not None
        parts = [inked] if whole is not None else _side_by_side(inked)
        dust[row] = all(_is_dust(part) for part in parts)
    return straight, dust


def _one_line(inked: NDArray[np.bool_]) -> float | None:
    """How far the inked places (GRID_Y, GRID_X), if they are one thin line, lean from upright or level; else None."""
    y, x = np.nonzero(inked)
    if x.size < 3:
        return None
    places = np.column_stack([x - x.mean(), 0.73 * (y - y.mean())])  # a place is 0.2 mm wide and 0.15 mm high
    spread, axes = np.linalg.eigh(places.T @ places / x.size)
    if spread[0] >= LINE_SPREAD**2 or spread[1] <= LINE_LONG**2 * spread[0]:
        return None
    return float(np.abs(axes[:, 0]).min())


def _is_dust(inked: NDArray[np.bool_]) -> bool:
    """Whether inked places are one upright or level line that does not end inside the bubble."""
    rows, columns = np.count_nonzero(inked.any(axis=1)), np.count_nonzero(inked.any(axis=0))
    if columns < GRID_X - 1 and rows < GRID_Y - 1:
        return False
    lean = _one_line(inked)
    return lean is not None and lean < LINE_LEAN


def _side_by_side(inked: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The inked places cut apart at columns without ink; one part where there is none."""
    used = inked.any(axis=0)
    number = np.cumsum(np.diff(used.astype(np.int8), prepend=0) == 1)
    return [inked & (used & (number == one)) for one in range(1, int(number.max(initial=0)) + 1)]


def is_print_only(
    excess: NDArray[np.float32], blank: NDArray[np.float32], inked: NDArray[np.intp], n: int
) -> NDArray[np.bool_]:
    """Whether whatever is dark lies on or within the letters, (n,); `excess` and `blank` are of the bubbles `inked`."""
    only = np.zeros(n, dtype=np.bool_)
    if not inked.size:
        return only
    letter = (blank > LETTER_PRINT).reshape(-1, GRID_Y, GRID_X)
    # The letter with its hollows: between its first and last place in each row, and one place around.
    begun = np.maximum.accumulate(letter, axis=2)
    within = begun & np.maximum.accumulate(letter[:, :, ::-1], axis=2)[:, :, ::-1]
    zone = within.copy()
    zone[:, :, 1:] |= within[:, :, :-1]
    zone[:, :, :-1] |= within[:, :, 1:]
    wide = zone.copy()
    wide[:, 1:] |= zone[:, :-1]
    wide[:, :-1] |= zone[:, 1:]
    # Where one bit has lost the letter, what is left of one here and there stands in the middle.
    lost = ~np.any(letter.reshape(inked.size, -1), axis=1)
    wide[lost, 1:-1, GRID_X // 4 : -(GRID_X // 4)] = True
    beyond = (excess > STRONG) & ~wide.reshape(inked.size, -1)
    only[inked] = np.count_nonzero(beyond, axis=1) < BEYOND
    return only


def is_soft(
    ink: NDArray[np.float32], peak: NDArray[np.float64], ring: NDArray[np.float32], inked: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Whether the surround (n, r) of a bubble that has some even ink is nearly as dark as its inside, (n,).

    A stain or the edge of a shadow darkens all of the surround; a fill that runs over leaves some of it light.
    """
    soft = np.zeros(ink.size, dtype=np.bool_)
    light = ring.shape[1] // 5
    around = np.partition(ring[inked], light, axis=1)[:, light]
    mine = ink[inked]
    share = np.where(mine < SOFT_MOST[0], SOFT_AROUND[0], SOFT_AROUND[1])
    soft[inked] = (mine < SOFT_MOST[1]) & (peak[inked] < SOFT_PEAK * mine) & (around > share * mine)
    return soft


def stands_out(value: NDArray[np.float64], usual: NDArray[np.float64], limit: tuple[float, float]) -> NDArray[np.bool_]:
    """Whether values (n,) exceed the usual ones (n,) by a limit and by so many times the spread of most of them."""
    over = value - usual
    most = np.sort(over)[: max(1, 6 * over.size // 10)]
    spread = 1.4826 * float(np.median(np.abs(most - np.median(most))))
    return np.asarray(over > max(limit[0], limit[1] * spread), dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How n bubbles look inside, float32 (n, m), and which of the expected `faces` (f, m) each has, `face` (n,)."""

    inner: NDArray[np.float32]
    faces: NDArray[np.float32]
    face: NDArray[np.intp]

    def letter_shown(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """How much of its expected letter each of some bubbles shows, ink over it included, about 0..1, (k,).

        NaN where the page shows no letter that could be missed.
        """
        faces = self.faces[self.face[rows]]
        letters = np.clip(faces - np.median(faces, axis=1, keepdims=True), 0.0, None)
        energy = (letters * letters).sum(axis=1)
        shown = (self.inner[rows] * letters).sum(axis=1) / np.maximum(energy, LETTER_ENERGY)
        return np.where(energy > LETTER_ENERGY, shown, np.nan).astype(np.float64)


def leaving_corners(dark: NDArray[np.bool_], crossing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Towards how many corners dark runs of a surround, (n, r), leave, (n,); counted where there are three or more.

    The strokes of a cross leave towards four; ragged ends of a fill leave together on one side or two.
    """
    corners = np.zeros(dark.shape[0])
    rows = np.flatnonzero(crossing >= 3)
    if rows.size:
        start = dark[rows].argmin(axis=1)[:, None]  # from a light place on, no run passes the end
        around = dark[rows[:, None], (start + np.arange(AROUND)) % AROUND]
        change = np.diff(around.astype(np.int8), axis=1, append=0)
        run, begins = np.nonzero(change > 0)
        _, ends = np.nonzero(change < 0)
        middles = start[run, 0] + (begins + 1 + ends) / 2
        seen = np.zeros((rows.size, 4), dtype=np.bool_)
        # The surround begins at a corner, and an eighth of it to both sides belongs to that corner.
        seen[run, ((middles + AROUND / 8) % AROUND // (AROUND / 4)).astype(np.intp)] = True
        corners[rows] = seen.sum(axis=1)
    return corners
