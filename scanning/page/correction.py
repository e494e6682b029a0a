"""Bend the fitted map where the paper is bent: from measured shifts to a smooth grid of small corrections.

In:  a Homography and shifts measured at places of the card, in mm, per axis (NaN where nothing was measured).
Out: a FittedMap, and how far the measurements still are from it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.geometry import Homography, SizeMm
from scanning.page.fit import FittedMap, knot_shares

NODE_MM = 35.0  # finer than the patches that are measured would only follow noise
REACH_MM = 30.0  # a measurement speaks for its surroundings this far
WORTH_MM = 0.06  # half a px at 200 dpi: smaller shifts are not worth a correction
_ROUNDS = 4  # each round takes up what the smooth average of the round before left over
_RIDGE = 0.05  # weight of "no shift" where nothing was measured near by


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """The bent map and what remains: `residual_mm` (k, 2) per measurement and axis, NaN where none was made."""

    map: FittedMap
    residual_mm: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What the correction needs of the knots and the measured places, the same for every good scan of a side.

    The points are m knots followed by k places: `points_mm` (3 (m + k), 2) are these, then the same 1 mm to the right,
    then the same 1 mm further down. `basis` (m + k, 3) is constant, x and y scaled to about -1..1; `near` (m + k, k)
    how near each point is to each place; `share` (k, m) what each knot has to say at each place.
    """

    nodes_x: NDArray[np.float64]
    nodes_y: NDArray[np.float64]
    points_mm: NDArray[np.float64]
    basis: NDArray[np.float64]
    near: NDArray[np.float32]
    share: NDArray[np.float64]


def correct(
    image_from_card: Homography,
    size: SizeMm,
    place_mm: NDArray[np.float64],
    offset_mm: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> Corrected:
    """Fit a straight shift, turn and stretch first, and a smooth grid to what is left of the offsets.

    `place_mm` (k, 2); `offset_mm` and `weight` (k, 2) for x and y.
    """
    known = ~np.isnan(offset_mm)
    rest = np.where(known, offset_mm, 0.0)
    if float(np.abs(rest).max(initial=0.0)) < WORTH_MM:
        return Corrected(FittedMap.plain(image_from_card), np.where(known, rest, np.nan))
    frame = _frame(np.ascontiguousarray(place_mm, dtype=np.float64).tobytes(), size)
    knots = frame.nodes_x.size * frame.nodes_y.size
    pull = np.where(known, weight, 0.0)  # a place where nothing was measured pulls at nothing
    usual = pull.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    shift = frame.basis @ _planes(frame.basis[knots:], rest, pull, usual)
    # Averages of what was measured near by; they fade to nothing far away.
    total = frame.near @ pull.astype(np.float32) + _RIDGE * np.maximum(usual, 1e-9)
    left = rest - shift[knots:]
    for _ in range(_ROUNDS):
        step = (frame.near @ (pull * left).astype(np.float32)) / total
        shift += step
        left -= step[knots:]
    origin, right, below = image_from_card.apply(frame.points_mm).reshape(3, -1, 2)
    along, down = right - origin, below - origin
    shift_px = along[:knots] * shift[:knots, :1] + down[:knots] * shift[:knots, 1:]
    fitted = FittedMap(
        image_from_card, frame.nodes_x, frame.nodes_y, shift_px.reshape(frame.nodes_y.size, frame.nodes_x.size, 2)
    )
    # What the bilinear grid really gives at the measured places, not what the smooth fit would have given.
    moved = frame.share @ shift_px
    jx, jy = along[knots:], down[knots:]
    det = jx[:, 0] * jy[:, 1] - jx[:, 1] * jy[:, 0]
    given = np.column_stack(
        [
            (moved[:, 0] * jy[:, 1] - moved[:, 1] * jy[:, 0]) / det,
            (jx[:, 0] * moved[:, 1] - jx[:, 1] * moved[:, 0]) / det,
        ]
    )
    return Corrected(fitted, np.where(known, rest - given, np.nan))


def _planes(
    basis: NDArray[np.float64], offset: NDArray[np.float64], weight: NDArray[np.float64], usual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The weighted planes through the offsets in x and in y, as coefficients (3, 2) of the basis.

    Robust against single outliers, and held near zero where few places speak; `usual` (2,) is the mean weight.
    """
    ridge = np.diag([0.02, 0.3, 0.3]) * np.maximum(usual, 1e-9)[:, None, None]
    trust = weight
    planes: NDArray[np.float64] = np.zeros((3, 2))
    for _ in range(3):
        weighted = trust.T[:, :, None] * basis  # (2, k, 3)
        wanted = (trust * offset).T @ basis  # (2, 3)
        planes = np.linalg.solve(basis.T @ weighted + ridge, wanted[:, :, None])[:, :, 0].T
        trust = weight / (1 + ((offset - basis @ planes) / 0.3) ** 2)
    return np.asarray(planes, dtype=np.float64)


@lru_cache(maxsize=16)
def _frame(places: bytes, size: SizeMm) -> _Frame:
    """The frame of places given as bytes of float64 (k, 2)."""
    place = np.frombuffer(places, dtype=np.float64).reshape(-1, 2)
    nodes_x = np.linspace(0, size.width_mm, max(2, round(size.width_mm / NODE_MM) + 1))
    nodes_y = np.linspace(0, size.height_mm, max(2, round(size.height_mm / NODE_MM) + 1))
    grid_x, grid_y = np.meshgrid(nodes_x, nodes_y)
    points = np.concatenate([np.column_stack([grid_x.ravel(), grid_y.ravel()]), place])
    basis = np.column_stack(
        [np.ones(len(points)), 2 * points[:, 0] / size.width_mm - 1, 2 * points[:, 1] / size.height_mm - 1]
    )
    square = (points[:, None, 0] - place[None, :, 0]) ** 2 + (points[:, None, 1] - place[None, :, 1]) ** 2
    return _Frame(
        nodes_x,
        nodes_y,
        np.concatenate([points, points + np.array([1.0, 0.0]), points + np.array([0.0, 1.0])]),
        basis,
        np.exp(-square / (2 * REACH_MM**2)).astype(np.float32),
        knot_shares(nodes_x, nodes_y, place),
    )
