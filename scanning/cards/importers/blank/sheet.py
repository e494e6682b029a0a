"""A picture of a blank card becomes an upright page at a known scale.

In:  a grey picture, uint8 (h, w): a scan or drawing edge to edge, or a photo with a table around the sheet; the dpi
     that its file claims, the width that the person says.
Out: BlankSheet: uint8 at `PX_PER_MM`, its size in mm, whether the size was guessed.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import SizeMm
from scanning.page.outline import Quad, find_outlines

PX_PER_MM = 8.0  # 200 dpi: outlines of 0.2 mm are seen, and everything is found within half a second
# Sheets that offices print on: A4, A3, A5, 8K, 16K, B4, B5, Letter; short side and long side in mm.
_SHEETS = ((210, 297), (297, 420), (148, 210), (260, 368), (185, 260), (250, 353), (176, 250), (216, 279))
_SAME_SIZE = 0.03  # scanners cut or add a few mm
_PAPER_SHARE = (0.15, 0.97)  # of the picture that a sheet on a table covers
_DARKER = 0.82  # than the paper is what lies around it
_MOST_SKEW_DEG = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class BlankSheet:
    """`grey` uint8 (height_mm * PX_PER_MM, width_mm * PX_PER_MM), lighter paper; `guessed` says of what nobody told."""

    grey: NDArray[np.uint8]
    size: SizeMm
    guessed: bool

    def turned(self, angle_deg: float) -> "BlankSheet":
        """The sheet turned counter-clockwise about its middle; what comes in at the corners is paper."""
        height, width = self.grey.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
        paper = int(np.percentile(self.grey[::8, ::8], 90))
        grey = cv2.warpAffine(self.grey, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=paper)
        return replace(self, grey=np.asarray(grey, dtype=np.uint8))


def lay_flat(grey: NDArray[np.uint8], dpi: float | None, width_mm: float | None) -> BlankSheet:
    """Cut the sheet out of its picture where it is a photo, and bring it to the known scale."""
    quad = _sheet_on_table(grey)
    if quad is not None:
        grey = _rectified(grey, quad)
    height_px, width_px = grey.shape
    size, guessed = _size(width_px, height_px, dpi if quad is None else None, width_mm)
    shape = (round(size.width_mm * PX_PER_MM), round(size.height_mm * PX_PER_MM))
    shrinks = shape[0] < width_px
    resized = cv2.resize(grey, shape, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return BlankSheet(np.asarray(resized, dtype=np.uint8), size, guessed)


def rescaled(sheet: BlankSheet, factor: float) -> BlankSheet:
    """The same sheet, taken to be larger or smaller by a factor."""
    size = SizeMm(round(sheet.size.width_mm * factor, 2), round(sheet.size.height_mm * factor, 2))
    shape = (round(size.width_mm * PX_PER_MM), round(size.height_mm * PX_PER_MM))
    resized = cv2.resize(sheet.grey, shape, interpolation=cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA)
    return replace(sheet, grey=np.asarray(resized, dtype=np.uint8), size=size)


def _sheet_on_table(grey: NDArray[np.uint8]) -> Quad | None:
    """The corners of a sheet of paper with something darker all around it; None for a scan of the sheet alone."""
    small_scale = 600 / max(grey.shape)
    small = cv2.resize(grey, None, fx=small_scale, fy=small_scale, interpolation=cv2.INTER_AREA)
    best: tuple[float, Quad] | None = None
    for quad in find_outlines(grey)[:-1]:
        share = float(cv2.contourArea(quad.astype(np.float32))) / grey.size
        if not _PAPER_SHARE[0] < share < _PAPER_SHARE[1]:
            continue
        mask = np.zeros(small.shape, np.uint8)
        cv2.fillConvexPoly(mask, np.round(quad * small_scale).astype(np.int32), 1)
        inside, outside = small[mask == 1], small[mask == 0]
        if outside.size and np.median(outside) < _DARKER * np.median(inside) and (best is None or share > best[0]):
            best = (share, quad)
    return None if best is None else best[1]


def _rectified(grey: NDArray[np.uint8], quad: Quad) -> NDArray[np.uint8]:
    sides = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    width, height = round(float(sides[[0, 2]].mean())), round(float(sides[[1, 3]].mean()))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), corners)
    flat = cv2.warpPerspective(grey, matrix, (width, height), flags=cv2.INTER_CUBIC)
    return np.asarray(flat, dtype=np.uint8)


def _size(width_px: int, height_px: int, dpi: float | None, width_mm: float | None) -> tuple[SizeMm, bool]:
    """The sheet's size in mm, and whether it was guessed. What a file claims counts where it gives a known sheet."""
    ratio = height_px / width_px
    if width_mm is not None:
        return SizeMm(round(width_mm, 2), round(width_mm * ratio, 2)), False
    if dpi is not None and 50 <= dpi <= 1300:
        claimed = width_px / dpi * 25.4
        short, long = sorted((claimed, claimed * ratio))
        if any(abs(short / s - 1) < _SAME_SIZE and abs(long / ln - 1) < _SAME_SIZE for s, ln in _SHEETS):
            return SizeMm(round(claimed, 2), round(claimed * ratio, 2)), False
    if ratio >= 1:
        width = 210.0 if abs(ratio - 297 / 210) <= abs(ratio - 279 / 216) else 216.0
        return SizeMm(width, round(width * ratio, 2)), True
    return SizeMm(420.0, round(420.0 * ratio, 2)), True


def skew_of(centers_mm: NDArray[np.float64], width_mm: float) -> float:
    """By how many degrees (clockwise) rows of bubbles run down to the right; 0 where too few stand in rows."""
    if len(centers_mm) < 6:
        return 0.0
    away = centers_mm[None, :, :] - centers_mm[:, None, :]
    distance = np.hypot(away[..., 0], away[..., 1])
    angle = np.degrees(np.arctan2(away[..., 1], away[..., 0]))
    near = (distance > 0) & (distance < 4 * width_mm) & (np.abs(angle) < _MOST_SKEW_DEG)
    if np.count_nonzero(near) < 6:
        return 0.0
    return float(np.median(angle[near]))
