"""What the printed bubbles of a foreign card look like on one image, and where such print stands.

In:  a grey image, uint8 (h, w), a card page and a coarse map from its mm to the image.
Out: a small upright raster of the page in which the nearest bubbles are about 22 px apart, and maps of
     the same size that say for every pixel how much it looks like the middle of a bubble.

Nobody tells what the bubbles of a foreign card look like: rings, boxes or bare letters, in any size near
the template's. So the outline is chosen among a few drawn ones by how well it fits all places at once,
and then learnt from the page itself as the median of all places; most bubbles of a page are empty.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Homography
from scanning.cards.template import CardPage

Floats = NDArray[np.float64]
Plane = NDArray[np.float32]

PITCH_PX = 22.0  # a ring of half this size still has an inside and an outside
MOST_ENLARGED = 2.0  # more adds pixels but no knowledge
MARGIN_PITCHES = 4.5  # a page cut short is stretched by the outline: its last rows lie three rows further
FLAT = 0.02  # contrast below this share of white is noise of the sensor, not print
DARK_FROM, DARK_RANGE = 0.25, 0.15  # a filled bubble counts as print from this darkness on


@dataclass(frozen=True, slots=True, eq=False)
class BubbleGrid:
    """Bubble centres and typical sizes on the card, in mm.

    `centers` is float64 (n, 2); `choice` intp (n,) numbers the columns of fields, in each of which one thing
    is chosen.
    """

    centers: Floats
    choice: NDArray[np.intp]
    width_mm: float
    height_mm: float
    pitch_x_mm: float
    pitch_y_mm: float

    @staticmethod
    def of(page: CardPage) -> "BubbleGrid":
        """All bubbles of a page in template order. Raises ValueError when there is none."""
        rects = [bubble.rect for field in page.fields for bubble in field.bubbles]
        if not rects:
            raise ValueError("the card page has no bubble")
        keys = [(at, bubble.column) for at, field in enumerate(page.fields) for bubble in field.bubbles]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        choice = np.array([numbers[key] for key in keys], dtype=np.intp)
        centers = np.array([(rect.center.x_mm, rect.center.y_mm) for rect in rects], dtype=np.float64)
        width = float(np.median([rect.width_mm for rect in rects]))
        height = float(np.median([rect.height_mm for rect in rects]))
        return BubbleGrid(
            centers,
            choice,
            width,
            height,
            _pitch(centers[:, 0], centers[:, 1], width, height),
            _pitch(centers[:, 1], centers[:, 0], height, width),
        )


def _pitch(along: Floats, across: Floats, size: float, other: float) -> float:
    """The usual distance to the next bubble along one axis; a lower fifth, since blocks differ."""
    nearest = np.full(along.size, np.inf)
    for begin in range(0, along.size, 500):
        rows = slice(begin, begin + 500)
        gap = np.abs(along[rows, None] - along[None, :])
        gap[(np.abs(across[rows, None] - across[None, :]) > 0.3 * other) | (gap < 0.3 * size)] = np.inf
        nearest[rows] = gap.min(axis=1)
    found = nearest[np.isfinite(nearest)]
    return float(np.percentile(found, 20)) if found.size else 1.6 * size


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """An upright picture of the part with bubbles. `scale` is its px per mm; raster = card * scale + start_px."""

    scale: float
    start_px: Floats
    darkness: Plane
    contrast: Plane

    def from_card(self, points_mm: Floats) -> Floats:
        """Card points in mm to raster points in px."""
        return np.asarray(points_mm * self.scale + self.start_px, dtype=np.float64)


def draw_raster(grey: NDArray[np.uint8], grid: BubbleGrid, coarse: Homography) -> Raster | None:
    """Look at the page through the coarse map; None when the map folds the page or shows it far too small."""
    px_per_mm = scale_at(coarse, grid.centers.mean(axis=0))
    pitch = min(grid.pitch_x_mm, grid.pitch_y_mm)
    if not np.isfinite(px_per_mm) or px_per_mm * pitch < 5:
        return None
    scale = float(np.clip(PITCH_PX / pitch, 0.1 * px_per_mm, MOST_ENLARGED * px_per_mm))
    margin_mm = MARGIN_PITCHES * max(grid.pitch_x_mm, grid.pitch_y_mm) + max(grid.width_mm, grid.height_mm)
    start = (margin_mm - grid.centers.min(axis=0)) * scale
    size = tuple(int(side) for side in (np.ptp(grid.centers, axis=0) + 2 * margin_mm) * scale)
    if max(size) > 12_000 or min(size) < 32:
        return None
    to_raster = np.array([[scale, 0, start[0]], [0, scale, start[1]], [0, 0, 1]])
    source = cv2.GaussianBlur(grey, (0, 0), 0.5 * px_per_mm / scale) if scale < 0.7 * px_per_mm else grey
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    matrix = coarse.matrix @ np.linalg.inv(to_raster)
    picture = cv2.warpPerspective(source, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    darkness = _darkness(picture, max(grid.pitch_x_mm, grid.pitch_y_mm) * scale)
    return Raster(scale, start, darkness, _contrast(darkness, pitch * scale))


def scale_at(to_image: Homography, place_mm: Floats) -> float:
    """Mean px per mm of a map at a place of the card."""
    corner, right, below = to_image.apply(place_mm + np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    across, down = right - corner, below - corner
    return float(np.sqrt(abs(across[0] * down[1] - across[1] * down[0])))


def _darkness(picture: NDArray[np.uint8], pitch_px: float) -> Plane:
    """0 = the paper around, 1 = black. Paper is the brightest thing within two pitches, smoothed."""
    values = picture.astype(np.float32)
    side = int(2 * pitch_px) | 1
    paper = cv2.blur(cv2.dilate(values, np.ones((side, side), np.uint8)), (side, side))
    return np.asarray(1 - values / np.maximum(paper, 1), dtype=np.float32)


def _contrast(darkness: Plane, pitch_px: float) -> Plane:
    """Darkness against its surroundings in units of their variation: faint and heavy print look alike."""
    sigma = 0.6 * pitch_px
    mean = cv2.GaussianBlur(darkness, (0, 0), sigma)
    variance = cv2.GaussianBlur(darkness * darkness, (0, 0), sigma) - mean * mean
    return np.asarray((darkness - mean) / (np.sqrt(np.maximum(variance, 0)) + FLAT), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Typical bubble size and pitch in raster px, and the half size of the patch around a bubble."""

    width: float
    height: float
    pitch_x: float
    pitch_y: float
    half_x: int
    half_y: int

    @staticmethod
    def of(grid: BubbleGrid, raster: Raster) -> "Stamp":
        """The sizes of this grid on this raster; template boxes larger than the pitch are cut down to it."""
        pitch_x, pitch_y = grid.pitch_x_mm * raster.scale, grid.pitch_y_mm * raster.scale
        width = min(grid.width_mm * raster.scale, 0.95 * pitch_x)
        height = min(grid.height_mm * raster.scale, 0.95 * pitch_y)
        half_x = int(min(0.5 * pitch_x + 0.5, 0.8 * width + 1))
        half_y = int(min(0.5 * pitch_y + 0.5, 0.8 * height + 1))
        return Stamp(width, height, pitch_x, pitch_y, half_x, half_y)


def drawn_outlines(stamp: Stamp) -> list[Plane]:
    """Rings and boxes of several sizes with something printed inside, and the bare letter."""
    shapes = [
        _drawn(stamp, share, boxed, filled=False)
        for boxed in (False, True)
        for share in (0.75, 0.9, 1.05, 1.2, 1.4)
        if stamp.width * share <= stamp.pitch_x and stamp.height * share <= stamp.pitch_y
    ]
    return [*shapes, _drawn(stamp, 0.5, boxed=False, filled=True)]


def _drawn(stamp: Stamp, share: float, boxed: bool, filled: bool) -> Plane:
    """One drawn bubble, float32 (2*half_y+1, 2*half_x+1), dark = 1."""
    fine = 8
    columns, rows = 2 * stamp.half_x + 1, 2 * stamp.half_y + 1
    canvas = np.zeros((rows * fine, columns * fine), dtype=np.float32)
    center = (canvas.shape[1] / 2, canvas.shape[0] / 2)
    half = (stamp.width * share / 2 * fine, stamp.height * share / 2 * fine)
    line = -1 if filled else int(1.6 * fine)
    if boxed:
        first = (round(center[0] - half[0]), round(center[1] - half[1]))
        last = (round(center[0] + half[0]), round(center[1] + half[1]))
        cv2.rectangle(canvas, first, last, 1.0, line)
    else:
        middle, axes = (round(center[0]), round(center[1])), (round(half[0]), round(half[1]))
        cv2.ellipse(canvas, middle, axes, 0, 0, 360, 1.0, line)
    drawn = cv2.resize(canvas, (columns, rows), interpolation=cv2.INTER_AREA)
    if not filled:
        y, x = np.mgrid[-stamp.half_y : stamp.half_y + 1, -stamp.half_x : stamp.half_x + 1]
        spread = (x / (0.15 * stamp.width)) ** 2 + (y / (0.15 * stamp.height)) ** 2
        drawn = drawn + 0.35 * np.exp(-spread / 2)
    return np.asarray(cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), 0.7), dtype=np.float32)


def likeness(plane: Plane, shape: Plane) -> Plane:
    """Normalised correlation with a patch at every pixel, -1..1; 0 where the patch does not fit in."""
    match = cv2.matchTemplate(plane, shape, cv2.TM_CCOEFF_NORMED)
    whole = np.zeros_like(plane)
    top, left = shape.shape[0] // 2, shape.shape[1] // 2
    whole[top : top + match.shape[0], left : left + match.shape[1]] = match
    return whole


def filled_likeness(raster: Raster, stamp: Stamp) -> Plane:
    """How much each pixel looks like the middle of a bubble filled in dark, 0..1."""
    disc = _drawn(stamp, 0.9, boxed=False, filled=True)
    inside = cv2.blur(raster.darkness, (max(3, int(0.5 * stamp.width)), max(3, int(0.5 * stamp.height))))
    gate = np.clip((inside - DARK_FROM) / DARK_RANGE, 0, 1)
    return np.asarray(likeness(raster.darkness, disc) * gate, dtype=np.float32)


def learnt(raster: Raster, stamp: Stamp, places: Floats) -> Plane:
    """The median print around all places, float32 (2*half_y+1, 2*half_x+1)."""
    x, y = np.meshgrid(np.arange(-stamp.half_x, stamp.half_x + 1), np.arange(-stamp.half_y, stamp.half_y + 1))
    patches = sampled(raster.contrast, places[:, None, None, :] + np.stack([x, y], axis=-1))
    return np.asarray(np.median(patches, axis=0), dtype=np.float32)


def sampled(plane: Plane, places: Floats) -> Plane:
    """Bilinear values at places, float64 (n, …, 2) in px -> float32 (n, …); 0 outside."""
    flat = places.reshape(places.shape[0], -1, 2).astype(np.float32)
    x, y = np.ascontiguousarray(flat[..., 0]), np.ascontiguousarray(flat[..., 1])
    values = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(values.reshape(places.shape[:-1]), dtype=np.float32)
