"""Where a card's marks lie on the image, at full size: every way in which its printed pattern may lie there.

In:  uint8 page image, Blobs of its thumbnail, a CardPage.
Out: Poses, best first; maps through points, and what a set of points can say about a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, sin
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Homography, RectMm, SizeMm
from scanning.cards.template import CardPage, Fiducial
from scanning.page.fiducials import Blobs, PatternMatch, match_pattern, refine_center

# Scans fit their paper, more or less; only where nothing is found may one be twice as large, or show a good half of it.
# Patterns of filled bubbles look like small copies of the marks' pattern, so the narrow range comes first.
SCALE_RANGES = ((0.7, 1.3), (0.4, 2.0))
MARK_AREA = (0.75, 1.3)  # a cut or half covered mark has its centre elsewhere
LOOK_AT = 4  # shapes, the nearest first
LOST_MM = 16.0  # a page tilted as far as a phone is ever held has its fourth corner this far from where three say
FLAT = 0.002  # less change of scale than this across a page moves nothing by a hundredth of a px


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A way in which a side's marks lie on the image, refined: which marks, where, and the map through them."""

    marks: tuple[int, ...]
    points_px: NDArray[np.float64]
    map: Homography
    score: float
    black: float


@dataclass(frozen=True, slots=True)
class SeenMark:
    """A mark at full size: where, its area over what the match's scale says, its grey."""

    at_px: tuple[float, float]
    area: float
    black: float


def find_poses(grey: NDArray[np.uint8], page: CardPage, blobs: Blobs) -> list[Pose]:
    """Refined ways in which the marks of a side lie on the image, best first."""
    expected = max(grey.shape) / max(page.size.width_mm, page.size.height_mm)
    for reach in SCALE_RANGES:
        poses: list[Pose] = []
        complete = False
        for match in match_pattern(page.fiducials, blobs, (reach[0] * expected, reach[1] * expected)):
            if complete and len(match.indices) < len(page.fiducials):
                break  # the whole pattern was found; what has fewer marks is a part of it or a coincidence
            pose = refine_pose(grey, page, match, blobs)
            if pose is not None:
                poses.append(pose)
                complete = complete or len(pose.marks) == len(page.fiducials)
        if poses:
            return sorted(poses, key=lambda one: -one.score)[:6]
    return []


def refine_pose(
    grey: NDArray[np.uint8], page: CardPage, match: PatternMatch, blobs: Blobs | None = None
) -> Pose | None:
    """Measure the marks of a match at full size; a mark of the wrong area (cut, covered, smeared) is dropped.

    It is looked for once more among `blobs`, where they are given.
    """
    low, high = MARK_AREA
    found: dict[int, SeenMark] = {}
    for index, near in zip(match.indices, match.points_px.tolist(), strict=True):
        seen = see_mark(grey, page.fiducials[index].rect, near, match)
        if seen is not None:
            found[index] = seen
    through_all = _map_through_seen(page, found)
    usual = _usual_areas(page, found, through_all, match.px_per_mm)
    kept = {index: seen for index, seen in found.items() if low < seen.area / usual[index] < high}
    if blobs is not None and 3 <= len(kept) < len(match.indices):
        kept |= _found_again(grey, page, match, kept, blobs)
    if len(kept) < min(3, len(page.fiducials)):
        return None
    marks = sorted(kept)
    points_px = np.array([kept[index].at_px for index in marks])
    fitted = through_all if kept == found else _map_through_seen(page, kept)
    if fitted is None:
        return None
    lost = len(match.indices) - len(marks)
    black = median(seen.black for seen in kept.values())
    return Pose(tuple(marks), points_px, fitted, match.score - 10 * lost, black)


def _found_again(
    grey: NDArray[np.uint8], page: CardPage, match: PatternMatch, kept: dict[int, SeenMark], blobs: Blobs
) -> dict[int, SeenMark]:
    """Marks of a match that were mistaken, and now found beside: the eye of a machine code may stand nearer to where
    a tilted page is expected to have its mark.
    """
    expected = _map_through_seen(page, kept)
    again: dict[int, SeenMark] = {}
    if expected is None:
        return again
    for index in set(match.indices) - set(kept):
        rect = page.fiducials[index].rect
        away = np.hypot(*(blobs.center_px - expected.apply(np.array([[rect.center.x_mm, rect.center.y_mm]]))[0]).T)
        for other in np.argsort(away)[:LOOK_AT].tolist():
            seen = see_mark(grey, rect, blobs.center_px[other].tolist(), match)
            if away[other] < LOST_MM * match.px_per_mm and seen is not None and MARK_AREA[0] < seen.area < MARK_AREA[1]:
                again[index] = seen
                break
    return again


def see_mark(grey: NDArray[np.uint8], rect: RectMm, near_px: Sequence[float], match: PatternMatch) -> SeenMark | None:
    """One mark near a place, at full size; None where there is none."""
    scale, cosine, sine = match.px_per_mm, abs(cos(match.turn_rad)), abs(sin(match.turn_rad))
    width = (rect.width_mm * cosine + rect.height_mm * sine) * scale
    height = (rect.width_mm * sine + rect.height_mm * cosine) * scale
    found = refine_center(grey, (near_px[0], near_px[1]), (width, height), 1.2 * scale)
    if found is None:
        return None
    area = found[2] * width * height / (rect.width_mm * rect.height_mm * scale**2)
    return SeenMark((found[0], found[1]), area, found[3])


def _map_through_seen(page: CardPage, seen: dict[int, SeenMark]) -> Homography | None:
    """The map through marks by their numbers; None through fewer than two."""
    marks = sorted(seen)
    if len(marks) < 2:
        return None
    return map_through(page, marks, np.array([seen[index].at_px for index in marks]))


def _usual_areas(
    page: CardPage, found: dict[int, SeenMark], through: Homography | None, scale: float
) -> dict[int, float]:
    """What each mark's area should be, over that at the match's scale: a camera shows near marks larger than far ones.

    One mark that is cut hardly bends the map through all of them, so its neighbours' scale shows it up.
    """
    one = dict.fromkeys(found, 1.0)
    printed = printed_marks(page.fiducials, tuple(found), page.size)
    if through is None or not printed.quadrilateral:
        return one
    mm = printed.middle_mm
    corners = np.concatenate([mm, mm + np.array([1.0, 0.0]), mm + np.array([0.0, 1.0])])
    base, along, down = through.apply(corners).reshape(3, -1, 2)
    right, below = along - base, down - base
    area = np.abs(right[:, 0] * below[:, 1] - right[:, 1] * below[:, 0])
    share = area / scale**2
    if float(share.max()) > 2.0 or float(share.min()) < 0.5:  # no camera sees a page as steeply as that
        return one
    return dict(zip(found, share.tolist(), strict=True))


def map_through(page: CardPage, marks: Sequence[int], points_px: NDArray[np.float64]) -> Homography | None:
    """The map through the marks: homography from four corners, affine map from a wide triangle, or similarity."""
    printed = printed_marks(page.fiducials, tuple(marks), page.size)
    if printed.quadrilateral:
        return homography_through(printed.middle_mm, points_px)
    if printed.triangle:
        return affine_through(printed.middle_mm, points_px)
    return similarity_through(printed.middle_mm, points_px)


@dataclass(frozen=True, slots=True, eq=False)
class PrintedMarks:
    """The middles (k, 2) of some marks of a card, and whether they fix a perspective or an affine map."""

    middle_mm: NDArray[np.float64]
    quadrilateral: bool
    triangle: bool


@lru_cache(maxsize=128)
def printed_marks(fiducials: tuple[Fiducial, ...], marks: tuple[int, ...], size: SizeMm) -> PrintedMarks:
    """The same few marks are asked for on every page of a card."""
    middles = [fiducials[i].rect.center for i in marks]
    mm = np.array([(middle.x_mm, middle.y_mm) for middle in middles], dtype=np.float64).reshape(-1, 2)
    return PrintedMarks(mm, spans_a_quadrilateral(mm), len(marks) >= 3 and spans_a_triangle(mm, size))


def homography_through(mm: NDArray[np.float64], px: NDArray[np.float64]) -> Homography | None:
    """The perspective map of four or more points (n, 2) with the least squares of distances on the image.

    None where they leave it open.
    """
    near_mm, near_px = mm.mean(axis=0), px.mean(axis=0)
    unit_mm, unit_px = float(np.abs(mm - near_mm).max()), float(np.abs(px - near_px).max())
    x, y = (mm - near_mm).T / unit_mm
    place = (px - near_px).T / unit_px  # (2, n)
    rows = np.zeros((2, len(mm), 8))
    rows[0, :, 0] = rows[1, :, 3] = x
    rows[0, :, 1] = rows[1, :, 4] = y
    rows[0, :, 2] = rows[1, :, 5] = 1.0
    rows[:, :, 6], rows[:, :, 7] = -place * x, -place * y
    across = np.ones(len(mm))
    try:
        for _ in range(2):  # once more with each equation in px, not times the depth of its point
            weighted = (rows / across[None, :, None]).reshape(-1, 8)
            solved = np.linalg.solve(weighted.T @ weighted, weighted.T @ (place / across).ravel())
            across = solved[6] * x + solved[7] * y + 1.0
            if np.abs(across - 1.0).max() < FLAT:
                break
    except np.linalg.LinAlgError:
        return None
    from_mm = np.array([[1 / unit_mm, 0, -near_mm[0] / unit_mm], [0, 1 / unit_mm, -near_mm[1] / unit_mm], [0, 0, 1]])
    to_px = np.array([[unit_px, 0, near_px[0]], [0, unit_px, near_px[1]], [0, 0, 1]])
    matrix = to_px @ np.append(solved, 1.0).reshape(3, 3) @ from_mm
    return Homography(matrix / matrix[2, 2])


def similarity_through(mm: NDArray[np.float64], px: NDArray[np.float64]) -> Homography:
    """The turn, scale and shift that bring two or more points (n, 2) together best (least squares in the plane)."""
    z, w = mm[:, 0] + 1j * mm[:, 1], px[:, 0] + 1j * px[:, 1]
    centred = z - z.mean()
    turn = complex(np.vdot(centred, w - w.mean()) / np.vdot(centred, centred))
    shift = w.mean() - turn * z.mean()
    return Homography(
        np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag], [0.0, 0.0, 1.0]])
    )


def spans_a_triangle(mm: NDArray[np.float64], size: SizeMm) -> bool:
    """Whether points (n, 2) fix an affine map of the page: a thin triangle turns a px of error into centimetres."""
    hull = cv2.convexHull(mm.astype(np.float32))
    return float(cv2.contourArea(hull)) > 0.2 * size.width_mm * size.height_mm


def spans_a_quadrilateral(mm: NDArray[np.float64]) -> bool:
    """Whether points (n, 2) have four corners: three on one line and one beside it say nothing about perspective."""
    if len(mm) < 4:
        return False
    hull = cv2.convexHull(mm.astype(np.float32)).reshape(-1, 2)
    if len(hull) < 4:
        return False
    around = np.roll(hull, -1, axis=0) - hull
    following = np.roll(around, -1, axis=0)
    corners = np.abs(around[:, 0] * following[:, 1] - around[:, 1] * following[:, 0])
    return int(np.count_nonzero(corners > 0.2 * float(np.ptp(mm[:, 0])) * float(np.ptp(mm[:, 1])))) >= 4


def affine_through(mm: NDArray[np.float64], px: NDArray[np.float64]) -> Homography | None:
    """The affine map that brings three or more points (n, 2) together best; None when they lie on one line."""
    design = np.column_stack([mm, np.ones(len(mm))])
    solution, _, rank, _ = np.linalg.lstsq(design, px, rcond=None)
    if rank < 3:
        return None
    return Homography(np.vstack([solution.T, [0.0, 0.0, 1.0]]))


def scale_and_angle(homography: Homography, page: CardPage) -> tuple[float, float]:
    """Mean px per mm and the direction of the card's x axis on the image (degrees, clockwise), at its middle."""
    x, y = page.size.width_mm / 2, page.size.height_mm / 2
    points = homography.apply(np.array([[x, y], [x + 1.0, y], [x, y + 1.0]]))
    along_x, along_y = points[1] - points[0], points[2] - points[0]
    scale = float(np.sqrt(abs(along_x[0] * along_y[1] - along_x[1] * along_y[0])))
    return scale, float(np.degrees(np.arctan2(along_x[1], along_x[0])))


def middle_of(
    homography: Homography, page: CardPage
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, float]]:
    """Px per mm along x and along y, (2,) each, in the page's middle, and by which shares the scale changes across it.

    The first share is that over the width, the second that over the height.
    """
    matrix, size = homography.matrix, page.size
    place = matrix @ np.array([size.width_mm / 2, size.height_mm / 2, 1.0])
    point = place[:2] / place[2]
    along = (matrix[:2, 0] - point * matrix[2, 0]) / place[2]
    down = (matrix[:2, 1] - point * matrix[2, 1]) / place[2]
    tilts = abs(float(matrix[2, 0] / place[2])) * size.width_mm, abs(float(matrix[2, 1] / place[2])) * size.height_mm
    return along, down, tilts
