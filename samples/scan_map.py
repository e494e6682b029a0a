"""The known map of a simulated scan: card mm to image px, with everything that bends it.

`ScanMap.apply` takes card points, float64 (n, 2) in mm, and gives image points, float64 (n, 2) in px, where (0, 0) is
the outer corner of the top-left pixel (a pixel's middle is at .5). `source_grid` is its inverse on a coarse grid of
the image, solved by fixed-point iteration, from which the scanner samples the page.
"""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Homography, RectPx

_STEP = 16  # px between solved places; the bends change over centimetres, so between them the map is straight


class Bend(Protocol):
    """Anything that moves the paper's points before they are seen: a feed, a crumple."""

    def shift(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each card point is moved, float64 (n, 2) in mm."""
        ...


@dataclass(frozen=True, slots=True)
class Feed:
    """What the rollers do: y shifts by a slow wave, x wanders, and below a crease the paper is pushed up.

    `wave_mm` and `wander_mm` are amplitudes over `length_mm`; `crease_at_mm` < 0 means that there is no crease.
    """

    wave_mm: float = 0.0
    wander_mm: float = 0.0
    length_mm: float = 200.0
    phase: float = 0.0
    crease_at_mm: float = -1.0
    crease_mm: float = 0.0

    def shift(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each card point is moved, float64 (n, 2) in mm."""
        angle = 2 * np.pi * points_mm[:, 1] / self.length_mm + self.phase
        down = self.wave_mm * np.sin(angle)
        if self.crease_at_mm >= 0:  # over about a centimetre, as folded paper lies
            down = down + self.crease_mm / (1 + np.exp(-(points_mm[:, 1] - self.crease_at_mm) / 2.5))
        return np.stack([self.wander_mm * np.cos(0.7 * angle), down], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class ScanMap:
    """Feed in mm, then a homography to px, then a lens around the image's middle.

    `lens` is the radial coefficient: a point at half the diagonal moves outwards by that share.
    """

    image_from_card: Homography
    width_px: int
    height_px: int
    feed: Bend | None = None
    lens: float = 0.0

    @property
    def is_plain(self) -> bool:
        """Whether the homography is the whole map."""
        return self.feed is None and not self.lens

    def apply(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Card points in mm to image points in px."""
        moved = points_mm if self.feed is None else points_mm + self.feed.shift(points_mm)
        points_px = self.image_from_card.apply(moved)
        if self.lens:
            offset = points_px - self._middle()
            points_px = points_px + offset * (self.lens * self._radius2(offset))
        return np.asarray(points_px, dtype=np.float64)

    def card_from_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Image points in px to card points in mm."""
        straight = points_px
        if self.lens:
            offset = straight - self._middle()
            for _ in range(6):
                offset = (points_px - self._middle()) / (1 + self.lens * self._radius2(offset))
            straight = offset + self._middle()
        moved = self.image_from_card.inverse().apply(straight)
        if self.feed is None:
            return moved
        points_mm = moved
        for _ in range(6):  # the feed's slope is far below 1, so each round gains a digit or two
            points_mm = moved - self.feed.shift(points_mm)
        return points_mm

    def source_grid(self, px_per_mm: float, part: RectPx) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """For every pixel of `part` of the image the place on a page raster of `px_per_mm`, as cv2.remap takes it."""
        n_x, n_y = -(-part.width_px // _STEP) + 2, -(-part.height_px // _STEP) + 2
        x_px = (np.arange(n_x) - 1) * _STEP + _STEP / 2 + part.left_px
        y_px = (np.arange(n_y) - 1) * _STEP + _STEP / 2 + part.top_px
        grid = np.stack(np.meshgrid(x_px, y_px), axis=-1).reshape(-1, 2)
        source = (self.card_from_image(grid) * px_per_mm - 0.5).reshape(n_y, n_x, 2).astype(np.float32)
        full = [
            cv2.resize(np.ascontiguousarray(source[..., axis]), (n_x * _STEP, n_y * _STEP))[
                _STEP : _STEP + part.height_px, _STEP : _STEP + part.width_px
            ].astype(np.float32)
            for axis in range(2)
        ]
        # cv2.resize puts coarse node j at fine pixel 16 j + 7.5, whose middle is 16 j + 8: the places solved above.
        return full[0], full[1]

    def _middle(self) -> NDArray[np.float64]:
        return np.array([self.width_px / 2, self.height_px / 2])

    def _radius2(self, offset: NDArray[np.float64]) -> NDArray[np.float64]:
        half_diagonal2 = (self.width_px**2 + self.height_px**2) / 4
        return np.asarray((offset**2).sum(axis=1, keepdims=True) / half_diagonal2, dtype=np.float64)


def upright(width_mm: float, height_mm: float, dpi: float) -> ScanMap:
    """The map of an ideal scan: edge to edge, upright."""
    k = dpi / 25.4
    matrix = np.diag([k, k, 1.0])
    return ScanMap(Homography(matrix), round(width_mm * k), round(height_mm * k))
