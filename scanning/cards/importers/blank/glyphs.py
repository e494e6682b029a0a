"""What is printed inside bubbles says which way a block runs: letters repeat down a column, digits along a row.

In:  the grey page at `PX_PER_MM`, blocks of bubbles. Nothing is recognised; pictures are only compared with each other.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.cards.importers.blank.blocks import Block
from scanning.cards.importers.blank.sheet import PX_PER_MM

_SIDE = 16
_INSET = 0.22  # of the bubble, so that its outline does not count
_LEAST_CONTRAST = 14.0  # grey levels between print and paper inside
_LIGHTER = 0.07  # of the ink of a 0 that a 1 has less, at least
_CLEARLY = 0.12  # by so much rows must agree better than columns, or the other way round
_REPEATS = 0.55  # likeness of letters that are the same; different ones have 0.2
MOST_OPTIONS = 7


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """`pictures` (rows, columns, 256) and `ink` (rows, columns) of a block, 0..1; `empty`: most hold no print."""

    pictures: NDArray[np.float32]
    ink: NDArray[np.float32]
    empty: bool

    def along_rows(self) -> float:
        """How alike bubbles of one row are, -1..1."""
        return _likeness(self.pictures)

    def along_columns(self) -> float:
        """How alike bubbles of one column are, -1..1."""
        return _likeness(self.pictures.transpose(1, 0, 2))


def glyphs_of(grey: NDArray[np.uint8], block: Block) -> Glyphs:
    """The pictures of what is printed inside a block's bubbles."""
    pictures = np.zeros((block.rows, block.columns, _SIDE * _SIDE), dtype=np.float32)
    ink = np.zeros((block.rows, block.columns), dtype=np.float32)
    printed = 0
    for row, column, rect in block.places():
        part = _inside(grey, rect)
        if part.size == 0 or min(part.shape) < 3 or float(np.ptp(part)) < _LEAST_CONTRAST:
            continue
        pictures[row, column] = _picture(part)
        ink[row, column] = 1 - float(part.mean()) / max(float(part.max()), 1.0)
        printed += 1
    return Glyphs(pictures, ink, printed < 0.5 * len(block.places()))


def _inside(grey: NDArray[np.uint8], rect: RectMm) -> NDArray[np.uint8]:
    inset_x, inset_y = _INSET * rect.width_mm, _INSET * rect.height_mm
    left, right = round((rect.x_mm + inset_x) * PX_PER_MM), round((rect.right_mm - inset_x) * PX_PER_MM)
    top, bottom = round((rect.y_mm + inset_y) * PX_PER_MM), round((rect.bottom_mm - inset_y) * PX_PER_MM)
    return grey[max(top, 0) : bottom, max(left, 0) : right]


def _picture(part: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(part, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), dtype=np.float32)


def _likeness(pictures: NDArray[np.float32]) -> float:
    """Mean likeness of pictures that share the first index."""
    scores = []
    for line in pictures:
        printed = line[line.any(axis=1)]
        if len(printed) > 1:
            alike = printed @ printed.T
            scores.append(float(alike[np.triu_indices(len(printed), 1)].mean()))
    return float(np.mean(scores)) if scores else 0.0


def runs_down(glyphs: Glyphs) -> bool | None:
    """Whether a field's bubbles stand below one another; None where the print does not say."""
    rows, columns = glyphs.pictures.shape[:2]
    if glyphs.empty or rows == 1 or columns == 1:
        return None
    difference = glyphs.along_rows() - glyphs.along_columns()
    return None if abs(difference) < _CLEARLY else difference > 0


def repeats_every(glyphs: Glyphs) -> int | None:
    """After how many columns the letters begin again (A B C D A B C D), None where they do not."""
    columns = glyphs.pictures.shape[1]
    if glyphs.empty or columns <= 3:
        return None
    means = glyphs.pictures.mean(axis=0)
    norm = np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    alike = (means / norm) @ (means / norm).T
    for step in range(2, MOST_OPTIONS + 1):
        if columns % step or columns == step:
            continue
        again = np.mean([alike[c, c + step] for c in range(columns - step)])
        other = np.mean([alike[c, c + 1] for c in range(columns - 1)])
        if again > _REPEATS and again > other + _CLEARLY:
            return step
    return None


def looks_like(one: Glyphs, other: Glyphs) -> float:
    """Likeness of the first column's letter of two blocks: whether both begin with the same one."""
    first, second = one.pictures[:, 0].mean(axis=0), other.pictures[:, 0].mean(axis=0)
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length > 1e-6 else 0.0


def begins_with_zero(glyphs: Glyphs, down: bool) -> bool | None:
    """Whether digits run from 0 rather than from 1: a 1 has the least ink of all, so it is the first or the second.

    None where nothing is printed, or both have about the same.
    """
    ink = glyphs.ink if down else glyphs.ink.T
    first, second = float(ink[0].mean()), float(ink[1].mean())
    if glyphs.empty or abs(first - second) < _LIGHTER * max(first, second):
        return None
    return first > second
