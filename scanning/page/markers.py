"""Find the marker images of a foreign card at the corners of its page.

In:  a grey image, uint8 (h, w); the marker, uint8 (mh, mw); how wide it may be, in px of the image.
Out: marker centres as corner sets, float64 (4, 2) in px, clockwise from the top left, most likely first.

The marker is matched at several sizes by normalised correlation; four places (or three, the fourth then
completes the parallelogram) that form a plausible quadrilateral are a candidate. A marker that somebody
drew over still correlates by its rim; bubble_fit.py has the last word.
"""

from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.page.outline import Quad, ordered_corners

MARKER_PX = 20  # the marker's width while searching: rings of a bull's-eye are 2 px wide then
LEAST_MATCH = 0.4  # a half-covered bull's-eye still reaches this; plain text stays below
MOST_PEAKS = 12
MOST_QUADS = 4
SIZE_STEP = 1.12  # correlation of a bull's-eye halves at about 15 % of size error


def find_marker_quads(grey: NDArray[np.uint8], marker: NDArray[np.uint8], widths_px: tuple[float, float]) -> list[Quad]:
    """Corner sets made of marker centres, best first; empty when fewer than three markers are in sight."""
    peaks = _peaks(grey, marker, widths_px)
    found = _quads_of(peaks, grey.shape)
    if len(peaks) >= 3:
        # All four are printed alike: the strongest three tell the size at which a spoilt fourth is looked for.
        usual = float(np.median([peak[3] for peak in peaks[:3]]))
        alike = _peaks(grey, marker, (0.77 * usual, 1.3 * usual))
        found += _quads_of(alike, grey.shape)
        peaks = alike + peaks
    found.sort(key=lambda item: -item[0])
    quads: list[Quad] = []
    for _score, quad in found:
        if len(quads) < MOST_QUADS and not any(np.abs(quad - known).max() < 4 for known in quads):
            quads.append(_refined(grey, marker, quad, peaks))
    return quads


def _quads_of(peaks: "list[Peak]", shape: tuple[int, ...]) -> list[tuple[float, Quad]]:
    """Plausible corner sets with their scores; three of four are enough where no four stand out."""
    scored: list[tuple[float, Quad]] = []
    for four in combinations(peaks, 4):
        quad = ordered_corners(np.array([peak[:2] for peak in four]))
        likely = _shape_score(quad, shape, [peak[3] for peak in four])
        if likely > 0:
            scored.append((sum(peak[2] for peak in four) * likely, quad))
    if scored and max(score for score, _quad in scored) >= 2.0:
        return scored
    for three in combinations(peaks, 3):
        points = np.array([peak[:2] for peak in three])
        for missing in range(3):
            # The missing corner is opposite to one of the three.
            quad = ordered_corners(np.vstack([points, points.sum(axis=0) - 2 * points[missing]]))
            likely = _shape_score(quad, shape, [peak[3] for peak in three])
            if likely > 0:
                scored.append((0.9 * sum(peak[2] for peak in three) * likely, quad))
    return scored


Peak = tuple[float, float, float, float]  # x, y, match, width, all in px of the image


def _peaks(grey: NDArray[np.uint8], marker: NDArray[np.uint8], widths_px: tuple[float, float]) -> list[Peak]:
    """The places most like the marker over all sizes, strongest first, none inside another."""
    found: list[Peak] = []
    width = widths_px[0]
    while width <= widths_px[1] * 1.001:
        # Small markers are enlarged, large ones reduced: the template keeps its size, the image changes.
        scale = MARKER_PX / width
        image = _resized(grey, scale)
        template = _resized(marker, MARKER_PX / marker.shape[1])
        if min(image.shape) > 2 * MARKER_PX:
            match = cv2.matchTemplate(
                cv2.GaussianBlur(image, (3, 3), 0), cv2.GaussianBlur(template, (3, 3), 0), cv2.TM_CCOEFF_NORMED
            )
            highest = cv2.dilate(match, np.ones((MARKER_PX, MARKER_PX), np.uint8))
            rows, columns = np.nonzero((match >= highest) & (match > LEAST_MATCH))
            half = np.array([template.shape[1] - 1, template.shape[0] - 1]) / 2
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
                x, y = (np.array([column, row]) + half + 0.5) / scale - 0.5
                found.append((float(x), float(y), float(match[row, column]), width))
        width *= SIZE_STEP
    found.sort(key=lambda peak: -peak[2])
    kept: list[Peak] = []
    for peak in found:
        if all(np.hypot(peak[0] - other[0], peak[1] - other[1]) > 0.7 * other[3] for other in kept):
            kept.append(peak)
        if len(kept) == MOST_PEAKS:
            break
    return kept


def _resized(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=kind), dtype=np.uint8)


def _shape_score(quad: Quad, shape: tuple[int, ...], widths: list[float]) -> float:
    """1 for a parallelogram of some size with markers of one size, falling to 0 for what no page looks like."""
    sides = np.roll(quad, -1, axis=0) - quad
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    if lengths.min() < 4 * max(widths) or max(widths) > 1.8 * min(widths):
        return 0.0
    area = 0.5 * abs(float(np.sum(quad[:, 0] * np.roll(quad[:, 1], -1) - np.roll(quad[:, 0], -1) * quad[:, 1])))
    if area < 0.03 * shape[0] * shape[1]:
        return 0.0
    directions = sides / lengths[:, None]
    slant = np.abs(np.sum(directions * np.roll(directions, -1, axis=0), axis=1)).max()
    uneven = max(lengths[0] / lengths[2], lengths[2] / lengths[0], lengths[1] / lengths[3], lengths[3] / lengths[1])
    if slant > 0.6 or uneven > 1.8:
        return 0.0
    size = max(widths) / min(widths)
    return float((1 - 0.5 * slant) / (uneven**0.5 * size**0.5))


def _refined(grey: NDArray[np.uint8], marker: NDArray[np.uint8], quad: Quad, peaks: list[Peak]) -> Quad:
    """Centres to a fraction of a pixel, by a parabola through the correlation at the marker's own size."""
    better = quad.copy()
    for index, corner in enumerate(quad):
        near = [peak for peak in peaks if np.hypot(peak[0] - corner[0], peak[1] - corner[1]) < 2]
        if not near:
            continue
        scale = 2 * MARKER_PX / near[0][3]
        reach = 0.8 * near[0][3]
        left, top = np.floor(corner - reach).astype(int).clip(0)
        right, bottom = np.ceil(corner + reach).astype(int) + 1
        patch = _resized(grey[top:bottom, left:right], scale)
        template = _resized(marker, 2 * MARKER_PX / marker.shape[1])
        if patch.shape[0] < template.shape[0] + 2 or patch.shape[1] < template.shape[1] + 2:
            continue
        match = cv2.matchTemplate(patch, template, cv2.TM_CCOEFF_NORMED)
        row, column = np.unravel_index(int(np.argmax(match)), match.shape)
        if not (0 < row < match.shape[0] - 1 and 0 < column < match.shape[1] - 1):
            continue
        dx = _vertex(match[row, column - 1 : column + 2])
        dy = _vertex(match[row - 1 : row + 2, column])
        half = np.array([template.shape[1] - 1, template.shape[0] - 1]) / 2
        better[index] = (np.array([column + dx, row + dy]) + half + 0.5) / scale - 0.5 + np.array([left, top])
    return better


def _vertex(three: NDArray[np.float32]) -> float:
    """Where a parabola through three equidistant values peaks, relative to the middle one."""
    bend = float(three[0] - 2 * three[1] + three[2])
    return 0.0 if bend >= 0 else 0.5 * float(three[0] - three[2]) / bend
