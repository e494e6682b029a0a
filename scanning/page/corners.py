"""Where the marks lie on a page that was scanned as it should be: one small mark group in each corner of the image.

In:  uint8 page image; the fiducials of a side and the size of its paper.
Out: PatternMatches as fiducials.py gives them; where there is none, the whole page must be searched.
Nine scans of ten show the sheet edge to edge, upright or on its head. Looking only where the marks then are costs a
tenth of searching the page; whoever asks must still confirm what was found by the machine code and the print.
"""

from cmath import phase
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import SizeMm
from scanning.cards.template import Fiducial
from scanning.page.fiducials import SIDE_SLACK, PatternMatch
from scanning.page.quality import reduction

CORNER_MM = 34.0  # from the sheet's corner: the marks of a corner end at 27 mm
REACH_MM = 7.0  # sheets lie so far off in a feeder; three degrees of skew move a corner mark of A4 by this
_FILLED = 0.72  # share of its upright box that a mark fills, at up to three degrees
_SQUARE_SHEET = 0.06  # how far the proportions of the image may be from those of the sheet
_OFF_MM = 2.5  # from where a turn, a shift and one scale have them: the two scales of a page differ by up to 2 %
_CONTRAST = 60  # grey levels between paper and mark in a corner that is worth a look


def find_at_corners(grey: NDArray[np.uint8], fiducials: tuple[Fiducial, ...], size: SizeMm) -> Iterator[PatternMatch]:
    """The ways in which all marks of a sheet lie in the corners of the image, one for each turn at most."""
    scale = max(grey.shape) / max(size.width_mm, size.height_mm)
    if len(fiducials) < 3 or abs(min(grey.shape) / min(size.width_mm, size.height_mm) / scale - 1) > _SQUARE_SHEET:
        return
    center_px, sides_px = _solid_shapes(grey, scale)
    if len(center_px) < len(fiducials):
        return
    for turned in _turned_sheets(fiducials, size):
        if turned.is_tall == (grey.shape[0] >= grey.shape[1]) or size.width_mm == size.height_mm:
            match = _lay(turned, scale, center_px, sides_px)
            if match is not None:
                yield match


@dataclass(frozen=True, slots=True, eq=False)
class _TurnedSheet:
    """The marks of a sheet turned by right angles: middles `place_mm` and `sides_mm` (k, 2) as they lie then.

    `centred` (k,) are the middles on the upright sheet as complex numbers, from their common middle.
    """

    is_tall: bool
    place_mm: NDArray[np.float64]
    sides_mm: NDArray[np.float64]
    centred: NDArray[np.complex128]


@lru_cache(maxsize=32)
def _turned_sheets(fiducials: tuple[Fiducial, ...], size: SizeMm) -> tuple[_TurnedSheet, ...]:
    """All four ways in which a sheet can be put into a scanner."""
    mm = np.array([[one.rect.center.x_mm, one.rect.center.y_mm] for one in fiducials])
    sides = np.array([[one.rect.width_mm, one.rect.height_mm] for one in fiducials])
    x, y = mm.T
    width, height = size.width_mm, size.height_mm
    printed = x + 1j * y
    places = ((x, y), (height - y, x), (width - x, height - y), (y, width - x))  # by quarter turns clockwise
    return tuple(
        _TurnedSheet(
            (height >= width) == (quarters % 2 == 0),
            np.column_stack(place),
            sides[:, ::-1] if quarters % 2 else sides,
            printed - printed.mean(),
        )
        for quarters, place in enumerate(places)
    )


def _solid_shapes(grey: NDArray[np.uint8], scale: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Upright solid dark shapes near the four corners: centres (n, 2) and sides (n, 2) as (x, y), in px."""
    factor = reduction(scale)
    height, width = grey.shape
    side = min(int(CORNER_MM * scale) // factor, (min(height, width) // 2 - 1) // factor)
    if side < 8:
        return np.empty((0, 2)), np.empty((0, 2))
    whole = side * factor
    # One picture of all four corners, with paper between them: looked at at once, and small enough for the cache.
    seam = side + 1
    dark = np.zeros((2 * side + 1, 2 * side + 1), dtype=np.uint8)
    for row, top in enumerate((0, height - whole)):
        for column, left in enumerate((0, width - whole)):
            window = grey[top : top + whole, left : left + whole]
            small = cv2.resize(window, (side, side), interpolation=cv2.INTER_LINEAR) if factor > 1 else window
            sample = np.sort(small[::3, ::3], axis=None)
            white, black = int(sample[sample.size * 3 // 4]), int(sample[sample.size // 100])
            if white - black < _CONTRAST:
                return np.empty((0, 2)), np.empty((0, 2))
            place = dark[row * seam : row * seam + side, column * seam : column * seam + side]
            np.less(small, np.uint8((white + black + 1) // 2), out=place.view(np.bool_))
    _, _, stats, centers = cv2.connectedComponentsWithStats(dark, connectivity=8, ltype=cv2.CV_16U)
    box = stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT]
    keep = (stats[:, cv2.CC_STAT_AREA] >= 12) & (stats[:, cv2.CC_STAT_AREA] > _FILLED * box)
    keep[0] = False
    at = centers[keep]
    beyond = at >= side  # in the picture of corners; on the page these begin at the far end
    at = np.where(beyond, at - seam, at)
    center = (at + 0.5) * factor - 0.5 + np.where(beyond, [width - whole, height - whole], 0)
    return center, stats[keep][:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]] * float(factor)


def _lay(
    turned: _TurnedSheet, scale: float, center_px: NDArray[np.float64], sides_px: NDArray[np.float64]
) -> PatternMatch | None:
    """The marks of a sheet turned like this, one shape each; None where any is missing or stands elsewhere."""
    expected = turned.place_mm * scale - 0.5
    away = np.abs(center_px - expected[:, None, :]).max(axis=2)
    misfit = np.abs(sides_px / (turned.sides_mm * scale)[:, None, :] - 1).max(axis=2)
    fits = (away < REACH_MM * scale) & (misfit < SIDE_SLACK)
    if not (fits.sum(axis=1) == 1).all():
        return None
    points = center_px[fits.argmax(axis=1)]
    w = points[:, 0] + 1j * points[:, 1]
    middle = w.mean()
    turn = complex(np.vdot(turned.centred, w - middle) / np.vdot(turned.centred, turned.centred))
    if np.abs(w - middle - turn * turned.centred).max() > _OFF_MM * scale:
        return None
    count = len(points)
    return PatternMatch(tuple(range(count)), points, 10.0 * count, abs(turn), phase(turn))
