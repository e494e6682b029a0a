"""Which bubbles of a card stand together: blocks between which the print may be a row off without showing it.

In:  bubble centres, float64 (n, 2) in mm, and which of them answer one thing together, intp (n,).
Out: a block number for each, and each block's own distance from row to row and column to column.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACH = 1.6  # nearest distances that still count as "beside"; options stand up to 1.5 rows apart


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """`members` intp (k,) in template order; steps in mm, 0 where the block has one row or column only."""

    members: NDArray[np.intp]
    step_x_mm: float
    step_y_mm: float


def find_blocks(centers: Floats, choice: NDArray[np.intp]) -> list[Block]:
    """Connected groups of bubbles, each joined to whatever stands about as near as its nearest neighbour."""
    count = centers.shape[0]
    nearest = np.empty(count)
    for begin in range(0, count, 400):
        rows = np.arange(begin, min(begin + 400, count))
        distance = _distance(centers, rows)
        distance[np.arange(rows.size), rows] = np.inf
        nearest[rows] = distance.min(axis=1)
    number = np.full(count, -1, dtype=np.intp)
    blocks = 0
    for seed in range(count):
        if number[seed] >= 0:
            continue
        number[seed] = blocks
        front = np.array([seed])
        while front.size:
            near = _distance(centers, front) <= REACH * np.maximum(nearest[front][:, None], nearest[None, :])
            # Options of one item may stand far apart; they are one block all the same.
            joined = near.any(axis=0) | np.isin(choice, choice[front])
            front = np.flatnonzero(joined & (number < 0))
            number[front] = blocks
        blocks += 1
    return [_block(centers, np.flatnonzero(number == block)) for block in range(blocks)]


def _distance(centers: Floats, rows: NDArray[np.intp]) -> Floats:
    away = centers[rows][:, None, :] - centers[None, :, :]
    return np.asarray(np.hypot(away[..., 0], away[..., 1]), dtype=np.float64)


def _block(centers: Floats, members: NDArray[np.intp]) -> Block:
    within = centers[members]
    distance = _distance(within, np.arange(members.size))
    np.fill_diagonal(distance, np.inf)
    least = 0.4 * float(distance.min()) if members.size > 1 else 0.0
    return Block(members, _step(within[:, 0], least), _step(within[:, 1], least))


def _step(values: Floats, least: float) -> float:
    """The usual distance between neighbouring rows or columns; smaller gaps are slips of the template."""
    gaps = np.diff(np.sort(values))
    gaps = gaps[gaps > least]
    return float(np.median(gaps)) if gaps.size else 0.0
