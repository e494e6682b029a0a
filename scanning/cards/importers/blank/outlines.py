"""Everything on a blank page that could be a bubble: closed outlines of its size, and pairs of square brackets.

In:  a grey page, uint8, at `PX_PER_MM`.
Out: Outline after Outline in mm, none twice. Which of them are bubbles is decided by how they stand (blocks.py).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.cards.importers.blank.sheet import PX_PER_MM

Mask = NDArray[np.uint8]
# From the smallest boxes of crowded sheets to circles that children fill with crayons.
WIDTH_MM, HEIGHT_MM = (1.8, 12.0), (1.5, 12.0)
_LEAST_EXTENT = 0.68  # of its rectangle that an outline encloses: an ellipse has 0.79
_LEAST_SOLIDITY = 0.9
_LINE_MM = 1.2  # an outline's own line is thinner; what lies further out belongs to something else
_HALF_LINE_MM = 0.1
_LEAST_WHOLE_MM = 2.2  # wider than letters of a text
_HOLLOW = (0.08, 0.92)  # share of print inside an outline with its letter
_WINDOW_MM, _DARKER = 6.0, 9  # darker by this than the mean around: pale red print has 15 levels


@dataclass(frozen=True, slots=True)
class Outline:
    """One closed shape: its rectangle through the middle of its line."""

    rect: RectMm


def dark_mask(grey: NDArray[np.uint8]) -> Mask:
    """Print as 255: darker than its surroundings, whatever the paper and the light."""
    window = round(_WINDOW_MM * PX_PER_MM) | 1
    soft = cv2.GaussianBlur(grey, (3, 3), 0)
    mean, inverse = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    return np.asarray(cv2.adaptiveThreshold(soft, 255, mean, inverse, window, _DARKER), dtype=np.uint8)


def find_bubble_outlines(grey: NDArray[np.uint8]) -> list[Outline]:
    """Candidates for bubbles. A pale outline with gaps is closed; a whole one is taken as it is."""
    mask = dark_mask(grey)
    closed = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), dtype=np.uint8)
    found: list[Outline] = []
    for outlines in (_closed_shapes(mask), _whole_shapes(mask), _closed_shapes(closed), _brackets(mask)):
        found = _with_new(found, outlines)
    return found


def _with_new(known: list[Outline], more: list[Outline]) -> list[Outline]:
    """Those that do not lie on a known one, of two about the same place the larger.

    A piece of a bubble that its letter has cut in two is smaller than the whole, and gives way to it.
    """
    whole = [one.rect.grown(0.2) for one in more]
    kept = []
    for one in known:
        if not any(box.contains(one.rect, 0.0) and _much_larger(box, one.rect) for box in whole):
            kept.append(one)
    centers = [(one.rect.center.x_mm, one.rect.center.y_mm) for one in kept]
    for one in sorted(more, key=lambda each: -each.rect.width_mm * each.rect.height_mm):
        center = (one.rect.center.x_mm, one.rect.center.y_mm)
        if centers:
            away = np.abs(np.array(centers) - center)
            if bool((away < [0.5 * one.rect.width_mm, 0.5 * one.rect.height_mm]).all(axis=1).any()):
                continue
        kept.append(one)
        centers.append(center)
    return kept


def _much_larger(box: RectMm, rect: RectMm) -> bool:
    return box.width_mm * box.height_mm > 1.6 * rect.width_mm * rect.height_mm


def _closed_shapes(mask: Mask) -> list[Outline]:
    """White areas enclosed by print, of a bubble's size and roundness."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if hierarchy is None:
        return []
    parents = np.asarray(hierarchy).reshape(-1, 4)[:, 3]
    found = []
    for contour, parent in zip(contours, parents, strict=True):
        if parent < 0:
            continue
        x, y, w, h = cv2.boundingRect(contour)
        if not (_within(w, WIDTH_MM) and _within(h, HEIGHT_MM)):
            continue
        area = cv2.contourArea(contour)
        if area < _LEAST_EXTENT * (w - 1) * (h - 1):
            continue
        if area < _LEAST_SOLIDITY * cv2.contourArea(cv2.convexHull(contour)):
            continue
        found.append(Outline(_through_line((x, y, w, h), cv2.boundingRect(contours[parent]))))
    return found


def _whole_shapes(mask: Mask) -> list[Outline]:
    """Separate pieces of print that are hollow and as round as a bubble: an outline with its letter grown onto it."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if hierarchy is None:
        return []
    found = []
    for contour, parent in zip(contours, np.asarray(hierarchy).reshape(-1, 4)[:, 3], strict=True):
        if parent >= 0:
            continue
        x, y, w, h = cv2.boundingRect(contour)
        if not (_within(w, (_LEAST_WHOLE_MM, WIDTH_MM[1])) and _within(h, HEIGHT_MM)):
            continue
        area = cv2.contourArea(contour)
        if area < _LEAST_EXTENT * w * h or area < _LEAST_SOLIDITY * cv2.contourArea(cv2.convexHull(contour)):
            continue
        ink = float(np.count_nonzero(mask[y : y + h, x : x + w])) / area
        if _HOLLOW[0] < ink < _HOLLOW[1]:
            inset = _HALF_LINE_MM * PX_PER_MM
            left, top, width, height = x + inset, y + inset, w - 2 * inset, h - 2 * inset
            found.append(Outline(RectMm(left / PX_PER_MM, top / PX_PER_MM, width / PX_PER_MM, height / PX_PER_MM)))
    return found


def _within(length_px: float, limits_mm: tuple[float, float]) -> bool:
    return limits_mm[0] <= length_px / PX_PER_MM <= limits_mm[1]


def _through_line(hole: tuple[int, int, int, int], outer: tuple[int, int, int, int]) -> RectMm:
    """The rectangle halfway between the white inside and the outline's outer edge, where that is its own."""
    x, y, w, h = hole
    left, top, right, bottom = x + 0.5, y + 0.5, x + w - 0.5, y + h - 0.5
    o_left, o_top, o_right, o_bottom = outer[0], outer[1], outer[0] + outer[2], outer[1] + outer[3]
    thickest = _LINE_MM * PX_PER_MM
    if max(left - o_left, top - o_top, o_right - right, o_bottom - bottom) <= thickest:
        left, top, right, bottom = (
            (left + o_left) / 2,
            (top + o_top) / 2,
            (right + o_right) / 2,
            (bottom + o_bottom) / 2,
        )
    else:
        grow = _HALF_LINE_MM * PX_PER_MM
        left, top, right, bottom = left - grow, top - grow, right + grow, bottom + grow
    return RectMm(left / PX_PER_MM, top / PX_PER_MM, (right - left) / PX_PER_MM, (bottom - top) / PX_PER_MM)


def _brackets(mask: Mask) -> list[Outline]:
    """Options printed as [A]: an opening bracket and the closing one next to it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    opening: list[tuple[int, int, int, int]] = []
    closing: list[tuple[int, int, int, int]] = []
    for index in range(1, count):
        x, y, w, h, _area = (int(value) for value in stats[index])
        if not (1.4 <= h / PX_PER_MM <= 6 and 0.12 * h <= w <= 0.6 * h and w >= 3):
            continue
        part = (labels[y : y + h, x : x + w] == index).astype(np.uint8)
        cells = cv2.resize(part * 255, (8, 16), interpolation=cv2.INTER_AREA) > 100
        if _is_bracket(cells):
            opening.append((x, y, w, h))
        elif _is_bracket(cells[:, ::-1]):
            closing.append((x, y, w, h))
    found = []
    for x, y, w, h in opening:
        partners = [
            other
            for other in closing
            if abs(other[1] - y) < 0.25 * h and abs(other[3] - h) < 0.25 * h and 0.8 * h < other[0] - x < 4 * h
        ]
        if partners:
            right = min(partners, key=lambda other: other[0])
            left_px, right_px = x, right[0] + right[2]
            found.append(
                Outline(RectMm(left_px / PX_PER_MM, y / PX_PER_MM, (right_px - left_px) / PX_PER_MM, h / PX_PER_MM))
            )
        del w
    return found


def _is_bracket(cells: NDArray[np.bool_]) -> bool:
    """Whether an 8 x 16 picture shows ``[``: a stroke on the left, one above and one below, nothing between."""
    stem, top, bottom = cells[:, :3].any(axis=1).mean(), cells[:3].any(axis=0).mean(), cells[-3:].any(axis=0).mean()
    return bool(stem > 0.9 and top > 0.8 and bottom > 0.8 and cells[4:12, 4:].mean() < 0.15)
