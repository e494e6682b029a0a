"""Find the sheet of paper, or a printed frame, on an image: quadrilaterals that may be the page.

In:  a grey image, uint8 (h, w).
Out: corner sets, float64 (4, 2) in px, clockwise from the one nearest the image's top left, most likely
     first; the image itself is always the last one. Which of them is the page, and which way up it is,
     is decided by the bubbles (bubble_fit.py), never here.
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

WORK_SIDE_PX = 800  # edges are found to a tenth of a pixel by fitting lines; more detail only adds print
LEAST_AREA = 0.08  # of the image; a smaller sheet has bubbles of a few pixels, too small to read
MOST_QUADS = 5

Quad = NDArray[np.float64]


def find_outlines(grey: NDArray[np.uint8]) -> list[Quad]:
    """Candidate page corners, best first; the last one is the image's own border."""
    height, width = grey.shape
    scale = min(1.0, WORK_SIDE_PX / max(height, width))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    small = cv2.GaussianBlur(small, (5, 5), 0)
    quads: list[Quad] = []
    masks = [(mask, cv2.RETR_EXTERNAL) for mask in _bright_masks(small)] + [(_framed(small), cv2.RETR_LIST)]
    for mask, which in masks:
        for quad in _quads(mask, which):
            if not any(np.abs(quad - known).max() < 0.01 * max(small.shape) for known in quads):
                quads.append(quad)
    quads = quads[:MOST_QUADS]
    border = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    # Pixel centres are whole numbers: a border between two pixels lies half a pixel further out.
    return [(quad + 0.5) / scale - 0.5 for quad in quads] + [border - 0.5]


def _bright_masks(small: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Where paper may be: brighter than the split of the histogram, and than stricter and milder ones."""
    split, _ = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    masks = []
    for level in (split, 0.75 * split, split + 0.4 * (float(np.percentile(small, 95)) - split)):
        mask = (small > level).astype(np.uint8) * 255
        # Print at the edge of the sheet must not bite into its outline.
        masks.append(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)))
    return masks


def _framed(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Dark lines as a mask; a page may be found by its printed frame alone."""
    dark = cv2.adaptiveThreshold(small, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12)
    return np.asarray(cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), dtype=np.uint8)


def _quads(mask: NDArray[np.uint8], which: int) -> list[Quad]:
    """The four-cornered shapes of a mask, largest first; `which` is OpenCV's contour retrieval mode."""
    contours, _ = cv2.findContours(mask, which, cv2.CHAIN_APPROX_NONE)
    found = []
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:3]:
        hull = cv2.convexHull(contour)
        if cv2.contourArea(hull) < LEAST_AREA * mask.size:
            break
        corners = _four_corners(hull)
        if corners is not None:
            found.append(_by_sides(corners, contour[:, 0, :].astype(np.float64), mask.shape))
    return found


def _four_corners(hull: NDArray[np.int32]) -> Quad | None:
    """Four corners of a convex outline: a cut or folded corner becomes the crossing of its sides later."""
    length = cv2.arcLength(hull, True)
    for share in (0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08):
        corners = cv2.approxPolyDP(hull, share * length, True)
        if len(corners) == 4:
            return ordered_corners(corners[:, 0, :].astype(np.float64))
    return None


def ordered_corners(corners: Quad) -> Quad:
    """Clockwise (y down), beginning with the corner nearest the top left."""
    middle = corners.mean(axis=0)
    angle = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    turned = corners[np.argsort(angle)]
    return np.asarray(np.roll(turned, -int(np.argmin(turned.sum(axis=1))), axis=0), dtype=np.float64)


def _by_sides(corners: Quad, outline: NDArray[np.float64], shape: tuple[int, ...]) -> Quad:
    """Corners as crossings of lines fitted to the middle part of each side, sub-pixel."""
    lines = []
    for start, end in pairwise([*corners, corners[0]]):
        along = end - start
        length = float(np.hypot(*along))
        if length < 8:
            return corners
        unit = along / length
        offset = outline - start
        position = offset @ unit / length
        distance = np.abs(offset @ np.array([-unit[1], unit[0]]))
        # A side along the image's border is not an edge of the paper, but it is the best there is.
        near = (position > 0.08) & (position < 0.92) & (distance < 0.02 * max(shape) + 2)
        if np.count_nonzero(near) < 8:
            return corners
        vx, vy, x, y = cv2.fitLine(outline[near].astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines.append((np.array([x, y], dtype=np.float64), np.array([vx, vy], dtype=np.float64)))
    crossings = [_crossing(lines[index - 1], lines[index]) for index in range(4)]
    better = np.array([corner for corner in crossings if corner is not None])
    if better.shape != (4, 2) or np.abs(better - corners).max() > 0.08 * max(shape):
        return corners
    return better


def _crossing(
    first: tuple[NDArray[np.float64], NDArray[np.float64]], second: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> NDArray[np.float64] | None:
    matrix = np.column_stack([first[1], -second[1]])
    if abs(np.linalg.det(matrix)) < 0.2:
        return None
    along = np.linalg.solve(matrix, second[0] - first[0])
    return np.asarray(first[0] + along[0] * first[1], dtype=np.float64)
