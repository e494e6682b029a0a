"""Plain geometry: places on the card in mm, places on an image in px, and the map between them.

Both frames have their origin at the top-left corner with y down. Points are `(x, y)`; arrays are
`[row, col]`. A map is named for its ends: `image_from_card` takes mm and gives px.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PointMm:
    """A place on the card."""

    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True)
class SizeMm:
    """The size of a printed page."""

    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class RectMm:
    """Axis-aligned rectangle on the card, by its top-left corner and size."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float

    @property
    def right_mm(self) -> float:
        """X of the right edge."""
        return self.x_mm + self.width_mm

    @property
    def bottom_mm(self) -> float:
        """Y of the lower edge."""
        return self.y_mm + self.height_mm

    @property
    def center(self) -> PointMm:
        """The middle of the rectangle."""
        return PointMm(self.x_mm + self.width_mm / 2, self.y_mm + self.height_mm / 2)

    @property
    def is_empty(self) -> bool:
        """Whether the rectangle has no area: a place that the card does not use."""
        return self.width_mm <= 0 or self.height_mm <= 0

    def grown(self, by_mm: float) -> "RectMm":
        """The rectangle with every edge moved outwards (inwards when negative)."""
        return RectMm(self.x_mm - by_mm, self.y_mm - by_mm, self.width_mm + 2 * by_mm, self.height_mm + 2 * by_mm)

    def moved(self, dx_mm: float, dy_mm: float) -> "RectMm":
        """The rectangle at another place."""
        return RectMm(self.x_mm + dx_mm, self.y_mm + dy_mm, self.width_mm, self.height_mm)

    def overlaps(self, other: "RectMm") -> bool:
        """Whether the two rectangles share any area."""
        return (
            self.x_mm < other.right_mm
            and other.x_mm < self.right_mm
            and self.y_mm < other.bottom_mm
            and other.y_mm < self.bottom_mm
        )

    def contains(self, other: "RectMm", slack_mm: float = 1e-6) -> bool:
        """Whether `other` lies wholly inside this rectangle."""
        return (
            other.x_mm >= self.x_mm - slack_mm
            and other.y_mm >= self.y_mm - slack_mm
            and other.right_mm <= self.right_mm + slack_mm
            and other.bottom_mm <= self.bottom_mm + slack_mm
        )

    def corners(self) -> NDArray[np.float64]:
        """The corners clockwise from the top left, float64 (4, 2) in mm."""
        return np.array(
            [
                [self.x_mm, self.y_mm],
                [self.right_mm, self.y_mm],
                [self.right_mm, self.bottom_mm],
                [self.x_mm, self.bottom_mm],
            ],
            dtype=np.float64,
        )


@dataclass(frozen=True, slots=True)
class RectPx:
    """Upright box on an image: half-open ranges of columns and rows."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, eq=False)
class Homography:
    """A projective map between two planes; `matrix` is float64 (3, 3)."""

    matrix: NDArray[np.float64]

    def apply(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map points, float64 (n, 2) -> float64 (n, 2)."""
        homogeneous = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:3], dtype=np.float64)

    def inverse(self) -> "Homography":
        """The map the other way. Raises numpy.linalg.LinAlgError when there is none."""
        return Homography(np.asarray(np.linalg.inv(self.matrix), dtype=np.float64))

    def after(self, first: "Homography") -> "Homography":
        """The map that applies `first` and then this one."""
        return Homography(np.asarray(self.matrix @ first.matrix, dtype=np.float64))
