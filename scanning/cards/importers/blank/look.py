"""How the bubbles of one size look, learnt from those that were found: it finds those that their letters hide.

In:  rectangles of bubbles in mm; the page's print as 255, at `PX_PER_MM`. Out: whether a place shows such a bubble.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.cards.importers.blank.outlines import Mask
from scanning.cards.importers.blank.sheet import PX_PER_MM

_ENOUGH = 400  # bubbles tell how all of their size look
_SHOWS = 0.7  # of the likeness that found bubbles have with their mean; text and lines reach a third


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How bubbles of one size look: `print` float32 (h * w,) is their mean print, mean 0, length 1.

    A letter that touches its outline hides a bubble from the search for closed shapes, but hardly changes its look.
    """

    width: float
    height: float
    shape: tuple[int, int]
    print: NDArray[np.float32]
    soft: Mask
    usual: float

    @classmethod
    def learnt(cls, rects: list[RectMm], mask: Mask) -> "Look":
        """From bubbles that were found: the print that they have in common."""
        width = float(np.median([one.width_mm for one in rects]))
        height = float(np.median([one.height_mm for one in rects]))
        soft = np.asarray(cv2.blur(mask, (3, 3)), dtype=np.uint8)
        shape = (round((height + 1) * PX_PER_MM), round((width + 1) * PX_PER_MM))
        parts = [_cut(soft, one.center.x_mm, one.center.y_mm, shape) for one in rects[:_ENOUGH]]
        look = cls(width, height, shape, _normed(np.mean(parts, axis=0)), soft, 1.0)
        shown = [look.shown(one.center.x_mm, one.center.y_mm) for one in rects[:_ENOUGH]]
        return replace(look, usual=float(np.median(shown)))

    def shown(self, x_mm: float, y_mm: float) -> float:
        """How much a place looks like these bubbles, -1..1."""
        return float(_normed(_cut(self.soft, x_mm, y_mm, self.shape)) @ self.print)

    def is_at(self, x_mm: float, y_mm: float) -> bool:
        """Whether a bubble of this kind is printed at a place."""
        return self.shown(x_mm, y_mm) >= _SHOWS * self.usual


def _normed(part: NDArray[np.generic]) -> NDArray[np.float32]:
    values = np.asarray(part, dtype=np.float32).ravel()
    values = values - values.mean()
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-6), dtype=np.float32)


def _cut(mask: Mask, x_mm: float, y_mm: float, shape: tuple[int, ...]) -> Mask:
    """The part of this shape (h, w) around a place; beyond the page there is no print."""
    part = np.zeros(shape, dtype=np.uint8)
    top, left = round(y_mm * PX_PER_MM - shape[0] / 2), round(x_mm * PX_PER_MM - shape[1] / 2)
    rows = slice(max(0, top), min(mask.shape[0], top + shape[0]))
    columns = slice(max(0, left), min(mask.shape[1], left + shape[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        found = mask[rows, columns]
        part[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = found
    return part
