"""Bend the fitted map where the paper is bent: from measured shifts to a smooth grid of small corrections.

In:  a Homography and shifts measured at places of the card, in mm, per axis (NaN where nothing was measured).
Out: a FittedMap, and how far the measurements still are from it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.geometry import Homography, SizeMm
from scanning.page.fit import FittedMap

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
    plain = FittedMap.plain(image_from_card)
    known = ~np.isnan(offset_mm)
    rest = np.where(known, offset_mm, 0.0)
    if not known.any() or float(np.abs(rest).max()) < WORTH_MM:
        return Corrected(plain, np.where(known, rest, np.nan))
    nodes_x, nodes_y, nodes = _nodes(size)
    near_nodes, near_self = _nearness(np.ascontiguousarray(place_mm, dtype=np.float64).tobytes(), size)
    shift_nodes = np.zeros((nodes.shape[0], 2))
    for axis in (0, 1):
        mine = known[:, axis]
        if not mine.any():
            continue
        at, pull = place_mm[mine], weight[mine, axis]
        left = rest[mine, axis].copy()
        plane = _plane(at, left, pull, size)
        shift_nodes[:, axis] += _basis(nodes, size) @ plane
        left -= _basis(at, size) @ plane
        to_nodes = _kernel(near_nodes[:, mine], pull)
        to_self = _kernel(near_self[np.ix_(mine, mine)], pull)
        for _ in range(_ROUNDS):
            shift_nodes[:, axis] += to_nodes @ left
            left -= to_self @ left
    base = image_from_card.apply(nodes)
    along_x = image_from_card.apply(nodes + np.array([1.0, 0.0])) - base
    along_y = image_from_card.apply(nodes + np.array([0.0, 1.0])) - base
    shift_px = along_x * shift_nodes[:, :1] + along_y * shift_nodes[:, 1:]
    fitted = FittedMap(image_from_card, nodes_x, nodes_y, shift_px.reshape(nodes_y.size, nodes_x.size, 2))
    # What the bilinear grid really gives at the measured places, not what the smooth fit would have given.
    moved = fitted.apply(place_mm) - plain.apply(place_mm)
    jx = image_from_card.apply(place_mm + np.array([1.0, 0.0])) - image_from_card.apply(place_mm)
    jy = image_from_card.apply(place_mm + np.array([0.0, 1.0])) - image_from_card.apply(place_mm)
    det = jx[:, 0] * jy[:, 1] - jx[:, 1] * jy[:, 0]
    given = np.column_stack(
        [
            (moved[:, 0] * jy[:, 1] - moved[:, 1] * jy[:, 0]) / det,
            (jx[:, 0] * moved[:, 1] - jx[:, 1] * moved[:, 0]) / det,
        ]
    )
    return Corrected(fitted, np.where(known, rest - given, np.nan))


def _basis(points_mm: NDArray[np.float64], size: SizeMm) -> NDArray[np.float64]:
    """Constant, x and y scaled to about -1..1, (n, 3)."""
    x = 2 * points_mm[:, 0] / size.width_mm - 1
    y = 2 * points_mm[:, 1] / size.height_mm - 1
    return np.column_stack([np.ones(x.size), x, y])


def _plane(
    at: NDArray[np.float64], offset: NDArray[np.float64], weight: NDArray[np.float64], size: SizeMm
) -> NDArray[np.float64]:
    """The weighted plane through the offsets, robust against single outliers, held near zero where few speak."""
    basis = _basis(at, size)
    trust: NDArray[np.float64] = weight.copy()
    coefficients: NDArray[np.float64] = np.zeros(3)
    ridge = np.diag([0.02, 0.3, 0.3]) * float(weight.mean())
    for _ in range(3):
        weighted = basis * trust[:, None]
        solved = np.linalg.solve(basis.T @ weighted + ridge, weighted.T @ offset)
        coefficients = np.asarray(solved, dtype=np.float64)
        miss = np.abs(offset - basis @ coefficients)
        trust = np.asarray(weight / (1 + (miss / 0.3) ** 2), dtype=np.float64)
    return np.asarray(coefficients, dtype=np.float64)


def _nodes(size: SizeMm) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The knots along x and y, and all of them, (n, 2)."""
    nodes_x = np.linspace(0, size.width_mm, max(2, round(size.width_mm / NODE_MM) + 1))
    nodes_y = np.linspace(0, size.height_mm, max(2, round(size.height_mm / NODE_MM) + 1))
    grid_x, grid_y = np.meshgrid(nodes_x, nodes_y)
    return nodes_x, nodes_y, np.column_stack([grid_x.ravel(), grid_y.ravel()])


@lru_cache(maxsize=16)
def _nearness(places: bytes, size: SizeMm) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How near places (float64 (k, 2) as bytes) are to the knots and to each other; the same for every good scan."""
    place = np.frombuffer(places, dtype=np.float64).reshape(-1, 2)
    _, _, nodes = _nodes(size)

    def near(to: NDArray[np.float64]) -> NDArray[np.float64]:
        square = (to[:, None, 0] - place[None, :, 0]) ** 2 + (to[:, None, 1] - place[None, :, 1]) ** 2
        return np.asarray(np.exp(-square / (2 * REACH_MM**2)), dtype=np.float64)

    return near(nodes), near(place)


def _kernel(nearness: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights with which measured values are averaged, (n_to, n_of); they fade to nothing far away."""
    near = nearness * weight[None, :]
    return np.asarray(near / (near.sum(axis=1, keepdims=True) + _RIDGE * float(weight.mean())), dtype=np.float64)
