"""Find the fiducials of a card: dark solid rectangles by shape on the thumbnail, their centres at full size.

In:  Thumbnail and full page, uint8; fiducials in mm.
Out: PatternMatch, ways in which the printed pattern can lie on the image, best first; then centres in px.
The size of the scan says nothing about the paper: the scale comes from the marks themselves. Any turn is
found; a mirrored page is not. Three marks of the pattern are enough.
"""

from dataclasses import dataclass
from itertools import combinations
from math import hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.cards.template import Fiducial
from scanning.page.quality import Thumbnail

MAX_CANDIDATES = 90  # filled bubbles look like small fiducials; a page has fewer of the right size than this
MAX_HYPOTHESES = 400  # per pair of marks; those whose size fits best
_SOLID = (0.72, 1.12)  # area over the area of the rectangle with the same second moments; 1 for a full rectangle
_AREA_SLACK = (0.6, 1.6)  # blur, photocopies and print gain change a 6 x 4 mm mark by less
SIDE_SLACK = 0.28  # a 6 mm mark is told from a 9 mm one, and from a filled bubble at the scale of its neighbours
_AROUND = np.ones((3, 3), dtype=np.uint8)
_REACH_SHARE = 0.035  # of the pattern's diagonal: anisotropic scale, fold and perspective move a mark by less


@dataclass(frozen=True, slots=True, eq=False)
class Blobs:
    """Dark solid shapes on a thumbnail, in px of the page: centre (n, 2), area (n,), long and short side (n,)."""

    center_px: NDArray[np.float64]
    area_px: NDArray[np.float64]
    long_px: NDArray[np.float64]
    short_px: NDArray[np.float64]
    angle_rad: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PatternMatch:
    """One way in which the fiducials can lie on the image.

    `indices` are the fiducials that were found, `points_px` float64 (k, 2) where; `score` orders matches;
    `px_per_mm` and `turn_rad` describe the similarity that found them.
    """

    indices: tuple[int, ...]
    points_px: NDArray[np.float64]
    score: float
    px_per_mm: float
    turn_rad: float


def find_blobs(thumbnail: Thumbnail) -> Blobs:
    """Solid dark shapes on the thumbnail, by the moments of connected components."""
    dark = thumbnail.dark().view(np.uint8)
    # Labels of 16 bits halve the time; eight neighbours leave at most one shape in four px.
    narrow = dark.size // 4 < 65_000
    count, labels, stats, centers = cv2.connectedComponentsWithStats(
        dark, connectivity=8, ltype=cv2.CV_16U if narrow else cv2.CV_32S
    )
    factor = thumbnail.factor
    area = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    longest = max(dark.shape) / 8  # a fiducial is never an eighth of the page
    keep = (area >= 6) & (width < longest) & (height < longest) & (area > 0.3 * width * height)
    keep[0] = False
    chosen = np.flatnonzero(keep)
    if chosen.size == 0:
        none = np.empty(0)
        return Blobs(np.empty((0, 2)), none, none, none, none)
    lookup = np.full(count, -1, dtype=np.int32)
    lookup[chosen] = np.arange(chosen.size)
    places = cv2.findNonZero(dark).reshape(-1, 2)
    owner = lookup[labels[places[:, 1], places[:, 0]]]
    mine = owner >= 0
    owner = owner[mine]
    columns, rows = places[mine].T
    dx = columns - centers[chosen, 0][owner]
    dy = rows - centers[chosen, 1][owner]
    n = chosen.size
    pixels = area[chosen]
    # 1/12 px² is the second moment of the px itself, a square and not a point.
    xx = np.bincount(owner, dx * dx, n) / pixels + 1 / 12
    yy = np.bincount(owner, dy * dy, n) / pixels + 1 / 12
    xy = np.bincount(owner, dx * dy, n) / pixels
    middle, spread = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    large, small = middle + spread, np.maximum(middle - spread, 1e-6)
    solid = pixels / (12 * np.sqrt(large * small))
    good = (solid > _SOLID[0]) & (solid < _SOLID[1])
    at = centers[chosen][good]
    return Blobs(
        (at + 0.5) * factor - 0.5,
        pixels[good] * factor**2,
        np.sqrt(12 * large[good]) * factor,
        np.sqrt(12 * small[good]) * factor,
        0.5 * np.arctan2(2 * xy[good], (xx - yy)[good]),
    )


def match_pattern(
    fiducials: tuple[Fiducial, ...], blobs: Blobs, px_per_mm_range: tuple[float, float], keep: int = 8
) -> list[PatternMatch]:
    """Ways to lay the pattern on the blobs: at least three marks, or all when it has fewer. Best first."""
    count = len(fiducials)
    if count < 2 or blobs.area_px.size < min(count, 3):
        return []
    place = np.array([[f.rect.center.x_mm, f.rect.center.y_mm] for f in fiducials])
    sides = np.array([[f.rect.width_mm, f.rect.height_mm] for f in fiducials])
    blobs = _plausible(blobs, sides, px_per_mm_range)
    if blobs.area_px.size < min(count, 3):
        return []
    at = blobs.center_px[:, 0] + 1j * blobs.center_px[:, 1]
    printed = place[:, 0] + 1j * place[:, 1]
    reach_mm = _REACH_SHARE * float(np.max(np.abs(printed[:, None] - printed[None, :])))
    found: dict[tuple[tuple[int, int], ...], PatternMatch] = {}
    first, second = np.nonzero(~np.eye(at.size, dtype=bool))
    distance = at[second] - at[first]
    pairs = sorted(combinations(range(count), 2), key=lambda pair: -abs(printed[pair[1]] - printed[pair[0]]))
    for a, b in pairs:
        gap = printed[b] - printed[a]
        if abs(gap) < 4 * reach_mm:
            break  # neighbours say little about scale and turn
        turn = distance / gap
        scale = np.abs(turn)
        ok = (scale > px_per_mm_range[0]) & (scale < px_per_mm_range[1])
        ok &= _fits(blobs, first, sides[a], turn) & _fits(blobs, second, sides[b], turn)
        chosen = np.flatnonzero(ok)
        if chosen.size > MAX_HYPOTHESES:
            chosen = chosen[np.argsort(_misfit(blobs, first, sides[a], turn)[chosen])[:MAX_HYPOTHESES]]
        for key, match in _complete(
            printed, sides, at, blobs, anchors=(a, first[chosen], turn[chosen]), reach_mm=reach_mm
        ):
            if key not in found or found[key].score < match.score:
                found[key] = match
        if any(len(match.indices) == count for match in found.values()):
            break  # this pair shows every way in which the whole pattern lies; other pairs would find them again
    return sorted(found.values(), key=lambda one: -one.score)[:keep]


def _plausible(blobs: Blobs, sides_mm: NDArray[np.float64], px_per_mm_range: tuple[float, float]) -> Blobs:
    """Only blobs that can be a mark at all; the largest when there are too many."""
    areas = sides_mm[:, 0] * sides_mm[:, 1]
    low = areas.min() * px_per_mm_range[0] ** 2 * _AREA_SLACK[0]
    high = areas.max() * px_per_mm_range[1] ** 2 * _AREA_SLACK[1]
    good = np.flatnonzero((blobs.area_px >= low) & (blobs.area_px <= high))
    if good.size > MAX_CANDIDATES:
        good = good[np.argsort(-blobs.area_px[good])[:MAX_CANDIDATES]]
    return Blobs(
        blobs.center_px[good], blobs.area_px[good], blobs.long_px[good], blobs.short_px[good], blobs.angle_rad[good]
    )


def _fits(
    blobs: Blobs, index: NDArray[np.intp], side_mm: NDArray[np.float64], turn: NDArray[np.complex128]
) -> NDArray[np.bool_]:
    """Whether blobs have the sides and the direction of a mark under similarities."""
    scale = np.abs(turn)
    longer, shorter = max(side_mm) * scale, min(side_mm) * scale
    ok = np.abs(blobs.long_px[index] / longer - 1) < SIDE_SLACK
    ok &= np.abs(blobs.short_px[index] / shorter - 1) < SIDE_SLACK
    if max(side_mm) > 1.3 * min(side_mm):  # a square has no direction
        along = np.angle(turn) + (0.0 if side_mm[0] > side_mm[1] else np.pi / 2)
        off = np.abs(np.sin(blobs.angle_rad[index] - along))
        ok &= off < 0.3  # 17°
    return np.asarray(ok, dtype=np.bool_)


def _misfit(
    blobs: Blobs, index: NDArray[np.intp], side_mm: NDArray[np.float64], turn: NDArray[np.complex128]
) -> NDArray[np.float64]:
    """How far the long side of blobs is from a mark's under similarities, as a share."""
    return np.asarray(np.abs(blobs.long_px[index] / (max(side_mm) * np.abs(turn)) - 1), dtype=np.float64)


def _complete(
    printed: NDArray[np.complex128],
    sides_mm: NDArray[np.float64],
    at: NDArray[np.complex128],
    blobs: Blobs,
    *,
    anchors: tuple[int, NDArray[np.intp], NDArray[np.complex128]],
    reach_mm: float,
) -> list[tuple[tuple[tuple[int, int], ...], PatternMatch]]:
    """Look for every mark of the pattern near where each pair of `anchors` (mark, its blobs, similarities) says."""
    mark, blob, turn = anchors
    if not blob.size:
        return []
    expected = at[blob][:, None] + turn[:, None] * (printed - printed[mark])[None, :]  # (hypothesis, mark)
    scale = np.abs(turn)
    away = np.abs(at[None, None, :] - expected[:, :, None]) / scale[:, None, None]  # mm
    near = away < reach_mm
    longer, shorter = sides_mm.max(axis=1), sides_mm.min(axis=1)
    size = scale[:, None] * longer[None, :]
    misfit = np.abs(blobs.long_px[None, None, :] / size[:, :, None] - 1)
    near &= misfit < SIDE_SLACK
    thin = np.abs(blobs.short_px[None, None, :] / (scale[:, None] * shorter[None, :])[:, :, None] - 1)
    near &= thin < SIDE_SLACK
    # The eye of a machine code may stand nearer to where a tilted page is expected; the mark has the right shape.
    unlike = away / reach_mm + 2 * misfit + 2 * thin
    best = np.argmin(np.where(near, unlike, np.inf), axis=2)
    hit = np.take_along_axis(near, best[:, :, None], axis=2)[:, :, 0]
    cost = np.take_along_axis(away / reach_mm + 2 * misfit, best[:, :, None], axis=2)[:, :, 0]
    results = []
    for one in np.flatnonzero(hit.sum(axis=1) >= min(3, printed.size)).tolist():
        marks = np.flatnonzero(hit[one])
        owners = best[one, marks]
        if np.unique(owners).size < owners.size:
            continue  # one blob cannot be two marks
        points = np.column_stack([at[owners].real, at[owners].imag])
        score = 10.0 * marks.size - 2.0 * float(cost[one, marks].sum())
        key = tuple(zip(marks.tolist(), owners.tolist(), strict=True))
        match = PatternMatch(tuple(marks.tolist()), points, score, float(scale[one]), float(np.angle(turn[one])))
        results.append((key, match))
    return results


def refine_center(
    grey: NDArray[np.uint8], near_px: tuple[float, float], size_px: tuple[float, float], reach_px: float
) -> tuple[float, float, float, float] | None:
    """The centre of one mark at full size: (x px, y px, share of the expected area, its grey); None without a mark.

    `size_px` is the mark's upright extent (width, height) on the image; `reach_px` how far its centre may be off.
    """
    half_x, half_y = size_px[0] / 2 + reach_px, size_px[1] / 2 + reach_px
    left, top = int(max(0, near_px[0] - half_x)), int(max(0, near_px[1] - half_y))
    right = int(min(grey.shape[1], near_px[0] + half_x + 1))
    bottom = int(min(grey.shape[0], near_px[1] + half_y + 1))
    if right - left < 4 or bottom - top < 4:
        return None
    window = grey[top:bottom, left:right]
    sample = np.sort(window[:: max(1, window.shape[0] // 24), :: max(1, window.shape[1] // 24)], axis=None)
    white, black = int(sample[sample.size * 9 // 10]), int(sample[sample.size // 20])
    if white - black < 40:  # no print here: paper alone spans less
        return None
    dark = (window < np.uint8((white + black + 1) // 2)).view(np.uint8)
    _, labels, stats, centers = cv2.connectedComponentsWithStats(dark, connectivity=4)
    expected = size_px[0] * size_px[1]
    best, least = 0, np.inf
    for label, ((x, y), area) in enumerate(zip(centers.tolist(), stats[:, cv2.CC_STAT_AREA].tolist(), strict=True)):
        offset = hypot(x + left - near_px[0], y + top - near_px[1])
        cost = abs(area / expected - 1) + offset / (4 * reach_px)
        if label and area > 0.3 * expected and offset < reach_px * 1.5 and cost < least:
            best, least = label, cost
    if not best:
        return None
    # Weigh each px by its darkness, in the mark and one px around it: the soft edge carries the sub-pixel place.
    x, y, w, h, area = stats[best].tolist()
    box = (slice(max(0, y - 1), y + h + 1), slice(max(0, x - 1), x + w + 1))
    mask = cv2.dilate((labels[box] == best).view(np.uint8), _AROUND)
    weight = np.clip((white - window[box].astype(np.float32)) / (white - black), 0, 1) * mask
    moments = cv2.moments(weight)
    center_x = moments["m10"] / moments["m00"] + box[1].start + left
    center_y = moments["m01"] / moments["m00"] + box[0].start + top
    return center_x, center_y, area / expected, float(black)
