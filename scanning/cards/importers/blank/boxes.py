"""Large printed boxes and solid marks of a blank page.

In:  the page's print as a mask at `PX_PER_MM`, the rectangles that are bubbles or cells of tables, in mm.
Out: boxes to answer in, in reading order; solid marks that could be corner marks; bars in a row along an edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm, SizeMm
from scanning.cards.importers.blank.outlines import Mask
from scanning.cards.importers.blank.sheet import PX_PER_MM

_LEAST_BOX_MM = (35.0, 13.0)  # a box for a name is lower, a box for a digit narrower
_MOST_PAGE = 0.9  # of the page's width and height: beyond that it is the frame around everything
_LEAST_EXTENT = 0.9
_MOST_TEXT = 0.045  # of a box that is covered with print: instructions, not room to write
_GRID_CELLS = 24  # of a table that is one answer: an essay
_MARK_MM = (1.8, 16.0)
_LEAST_SOLID = 0.86
_LEAST_BLACK = 0.96
_TRACK_BARS = 6
_EDGE_MM, _LINE_MM = 25.0, 0.8


@dataclass(frozen=True, slots=True)
class Marks:
    """Solid print: `fiducials` stand singly, the bars of each of `tracks` in a row along an edge."""

    fiducials: tuple[RectMm, ...]
    tracks: tuple[tuple[RectMm, ...], ...]


def find_boxes(mask: Mask, size: SizeMm, bubbles: Sequence[RectMm], cells: Sequence[RectMm]) -> list[RectMm]:
    """White areas with a rectangular line around them and no bubbles inside; grids of cells as one box each."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if hierarchy is None:
        return []
    found: list[RectMm] = []
    for contour, parent in zip(contours, np.asarray(hierarchy).reshape(-1, 4)[:, 3], strict=True):
        if parent < 0:
            continue
        x, y, w, h = cv2.boundingRect(contour)
        rect = RectMm(x / PX_PER_MM, y / PX_PER_MM, w / PX_PER_MM, h / PX_PER_MM)
        too_small = rect.width_mm < _LEAST_BOX_MM[0] or rect.height_mm < _LEAST_BOX_MM[1]
        too_large = rect.width_mm > _MOST_PAGE * size.width_mm and rect.height_mm > _MOST_PAGE * size.height_mm
        if too_small or too_large or cv2.contourArea(contour) < _LEAST_EXTENT * w * h:
            continue
        if any(rect.contains(one, 0.5) for one in bubbles):
            continue
        inner = mask[y + 8 : y + h - 8, x + 8 : x + w - 8]
        if inner.size and np.count_nonzero(inner) < _MOST_TEXT * inner.size:
            found.append(rect)
    found += [grid for grid in _grids(cells, size) if not any(grid.contains(one, 0.5) for one in bubbles)]
    outer = [one for one in found if not any(other is not one and other.contains(one, 0.5) for other in found)]
    return in_reading_order(outer)


def _grids(cells: Sequence[RectMm], size: SizeMm) -> list[RectMm]:
    """Tables of many equal cells: squares for the characters of an essay."""
    if not cells:
        return []
    picture = np.zeros((round(size.height_mm), round(size.width_mm)), np.uint8)
    for cell in cells:
        grown = cell.grown(1.5)  # lines of an essay stand a few millimetres apart
        top, left = max(0, int(grown.y_mm)), max(0, int(grown.x_mm))
        picture[top : int(grown.bottom_mm) + 3, left : int(grown.right_mm) + 1] = 1
    count, labels = cv2.connectedComponents(picture)
    grids = []
    for index in range(1, count):
        own = [
            cell
            for cell in cells
            if labels[min(int(cell.center.y_mm), labels.shape[0] - 1), min(int(cell.center.x_mm), labels.shape[1] - 1)]
            == index
        ]
        if len(own) >= _GRID_CELLS:
            grids.append(_around(own))
    return grids


def _around(rects: Sequence[RectMm]) -> RectMm:
    left, top = min(one.x_mm for one in rects), min(one.y_mm for one in rects)
    right, bottom = max(one.right_mm for one in rects), max(one.bottom_mm for one in rects)
    return RectMm(left, top, right - left, bottom - top)


def find_marks(
    grey: NDArray[np.uint8], mask: Mask, size: SizeMm, bubbles: Sequence[RectMm], codes: Sequence[RectMm]
) -> Marks:
    """Solid rectangles and discs near the page's edges, larger than letters, outside bubbles and machine codes."""
    count, _labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    solid: list[RectMm] = []
    paper = float(np.percentile(grey[::8, ::8], 80))
    for index in range(1, count):
        x, y, w, h, area = (int(number) for number in stats[index])
        rect = RectMm(x / PX_PER_MM, y / PX_PER_MM, w / PX_PER_MM, h / PX_PER_MM)
        sides = min(rect.width_mm, rect.height_mm), max(rect.width_mm, rect.height_mm)
        least = 0.7 if 0.9 < w / h < 1.1 else _LEAST_SOLID  # a disc fills 0.79 of its square
        if sides[0] < 1.2 or sides[1] < _MARK_MM[0] or sides[1] > _MARK_MM[1] or area < least * w * h:
            continue
        inside = grey[y + h // 5 : y + h - h // 5, x + w // 5 : x + w - w // 5]
        if inside.size == 0 or np.count_nonzero(inside < 0.55 * paper) < _LEAST_BLACK * inside.size:
            continue  # a bold character is as square, but it has white in it
        if not any(one.grown(0.5).contains(rect, 0.0) for one in (*bubbles, *codes)):
            solid.append(rect)
    tracks: list[tuple[RectMm, ...]] = []
    while row := _in_a_row(solid, size):
        tracks.append(tuple(row))
        chosen = {id(one) for one in row}
        solid = [one for one in solid if id(one) not in chosen]
    marks = [one for one in solid if min(one.width_mm, one.height_mm) >= _MARK_MM[0] and _near_edge(one, size)]
    return Marks(tuple(in_reading_order(marks)), tuple(tracks))


def _near_edge(rect: RectMm, size: SizeMm) -> bool:
    x, y = rect.center.x_mm, rect.center.y_mm
    return min(x, y, size.width_mm - x, size.height_mm - y) < _EDGE_MM


def _in_a_row(solid: Sequence[RectMm], size: SizeMm) -> list[RectMm]:
    """The longest row of equal bars along one edge of the page; empty where there is none."""
    best: list[RectMm] = []
    for one in solid:
        alike = [
            other
            for other in solid
            if abs(other.width_mm - one.width_mm) < 0.5 and abs(other.height_mm - one.height_mm) < 0.5
        ]
        x, y = one.center.x_mm, one.center.y_mm
        if min(x, size.width_mm - x) < _EDGE_MM:
            best = _longer(best, [other for other in alike if abs(other.center.x_mm - x) < _LINE_MM])
        if min(y, size.height_mm - y) < _EDGE_MM:
            best = _longer(best, [other for other in alike if abs(other.center.y_mm - y) < _LINE_MM])
    return best


def _longer(best: list[RectMm], row: list[RectMm]) -> list[RectMm]:
    return row if len(row) >= _TRACK_BARS and len(row) > len(best) else best


def in_reading_order(rects: Sequence[RectMm]) -> list[RectMm]:
    """Bands from top to bottom, each from left to right; rectangles that overlap half in height share a band."""
    bands: list[list[RectMm]] = []
    for rect in sorted(rects, key=lambda one: (one.y_mm, one.x_mm)):
        for band in bands:
            first = band[0]
            overlap = min(first.bottom_mm, rect.bottom_mm) - max(first.y_mm, rect.y_mm)
            if overlap > 0.5 * min(first.height_mm, rect.height_mm):
                band.append(rect)
                break
        else:
            bands.append([rect])
    return [rect for band in bands for rect in sorted(band, key=lambda one: one.x_mm)]
