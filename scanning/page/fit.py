"""The fitted map from the card to one image, and what registration found out about the page.

Everything in scanning/page is px; this is where mm and px meet. `image_from_card` takes mm, gives px.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.geometry import Homography
from scanning.cards.template import CardPage


@dataclass(frozen=True, slots=True, eq=False)
class FittedMap:
    """A homography with a smooth local correction on top.

    `nodes_x_mm` float64 (nx,) and `nodes_y_mm` float64 (ny,) are the knots of a bilinear grid of shifts
    `shift_px` float64 (ny, nx, 2), in px as `(x, y)`, added to what the homography says; beyond the grid
    the outermost knots hold. Empty arrays mean that there is no correction.
    """

    image_from_card: Homography
    nodes_x_mm: NDArray[np.float64]
    nodes_y_mm: NDArray[np.float64]
    shift_px: NDArray[np.float64]

    @staticmethod
    def plain(image_from_card: Homography) -> "FittedMap":
        """A map without local correction."""
        empty = np.empty(0, dtype=np.float64)
        return FittedMap(image_from_card, empty, empty, np.empty((0, 0, 2), dtype=np.float64))

    def apply(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Card points, float64 (n, 2) in mm, to image points, float64 (n, 2) in px."""
        points_px = self.image_from_card.apply(points_mm)
        if not self.nodes_x_mm.size or not self.nodes_y_mm.size:
            return points_px
        column, right = _knots(self.nodes_x_mm, points_mm[:, 0])
        row, down = _knots(self.nodes_y_mm, points_mm[:, 1])
        next_column = np.minimum(column + 1, self.nodes_x_mm.size - 1)
        next_row = np.minimum(row + 1, self.nodes_y_mm.size - 1)
        shift = self.shift_px
        upper = shift[row, column] * (1 - right) + shift[row, next_column] * right
        lower = shift[next_row, column] * (1 - right) + shift[next_row, next_column] * right
        return np.asarray(points_px + upper * (1 - down) + lower * down, dtype=np.float64)


def _knots(nodes: NDArray[np.float64], at: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each position the knot before it, and how far towards the next one it lies, (n, 1) in 0..1."""
    if nodes.size == 1:
        return np.zeros(at.shape, dtype=np.intp), np.zeros((at.size, 1))
    before = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, nodes.size - 2)
    share = (at - nodes[before]) / (nodes[before + 1] - nodes[before])
    return before, np.clip(share, 0.0, 1.0)[:, None]


def knot_shares(
    nodes_x_mm: NDArray[np.float64], nodes_y_mm: NDArray[np.float64], points_mm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each knot, row by row, has to say at each point: float64 (n, ny * nx), rows summing to 1.

    Its product with the shifts of the knots is what `FittedMap.apply` adds at these points.
    """
    shares = np.zeros((len(points_mm), nodes_y_mm.size, nodes_x_mm.size))
    column, right = _knots(nodes_x_mm, points_mm[:, 0])
    row, down = _knots(nodes_y_mm, points_mm[:, 1])
    at = np.arange(len(points_mm))
    for rows, by_row in ((row, 1 - down), (np.minimum(row + 1, nodes_y_mm.size - 1), down)):
        for columns, by_column in ((column, 1 - right), (np.minimum(column + 1, nodes_x_mm.size - 1), right)):
            shares[at, rows, columns] += by_row[:, 0] * by_column[:, 0]
    return shares.reshape(len(points_mm), -1)


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """One page found on one image.

    `residual_mm` is the largest distance, over the evidence that was used, between where the map says a
    mark is and where it was found; `evidence` counts the marks that carried the fit. `px_per_mm` is the
    mean scale and `skew_deg` the turn left after the right-angle orientation (0, 90, 180, 270) was undone
    by the map itself. `unseen` bool (n,), where registration looked at every bubble in card order, marks
    those whose print did not show at their place: cut off, covered, or not of this card.
    """

    page: CardPage
    map: FittedMap
    residual_mm: float
    evidence: int
    px_per_mm: float
    skew_deg: float
    turned_deg: int
    unseen: NDArray[np.bool_] | None = None
