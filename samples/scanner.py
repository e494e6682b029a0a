"""A seeded scanner or phone: what becomes of a filled sheet on its way to a file.

In:  the page as printed and the ink on it, both uint8 (height_px, width_px) on one raster; a ScanPlan.
Out: Scan: the file's bytes, the known map, and the finished image with the ink and of the bare print, for the truth.
Every chance is taken in `plan_scan` (samples/scan_plan.py); `scan_side` is a pure function of the plan.
"""

import io
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.geometry import RectPx
from samples.scan_map import ScanMap
from samples.scan_plan import ScanPlan
from samples.strokes import MM_PER_INCH, InkLayer

Grey = NDArray[np.uint8]
_INK_GREY = 22  # solid pen ink on the 0..255 scale of the print
_THROUGH = (255 - np.arange(256) * (255 - _INK_GREY) / 255).astype(np.uint8)  # light let through by ink 0..255
_CAST = (0.94, 0.98, 1.0)  # blue, green, red of a colour scan
_CAST_GREY = 0.114 * _CAST[0] + 0.587 * _CAST[1] + 0.299 * _CAST[2]
_ROOM_PX = 24
FAITHFUL = 70  # from this quality on, JPEG changes the mean of a bubble by less than a hundredth


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One scanned side and the evidence for its truth.

    `seen` is the whole finished image; `bare` is the same scan of the bare print, but only of the part of the image
    that was asked for, whose top-left pixel is `bare_at_px` (column, row) of the whole.
    """

    data: bytes
    suffix: str
    map: ScanMap
    seen: Grey
    bare: Grey
    bare_at_px: tuple[int, int]


def scan_side(
    printed: Grey, ink: InkLayer, raster_dpi: float, plan: ScanPlan, watched_mm: NDArray[np.float64] | None = None
) -> Scan:
    """Scan one filled side; `watched_mm`, float64 (n, 2), are card points that the bare scan has to hold.

    Without `watched_mm` the bare scan is whole, with no points it is empty. Raises ValueError when print and ink
    differ in size.
    """
    if printed.shape != ink.shape:
        raise ValueError(f"print {printed.shape} and ink {ink.shape} are on different rasters")
    whole = RectPx(0, 0, plan.map.width_px, plan.map.height_px)
    part = whole if watched_mm is None else _around(plan, watched_mm)
    px_per_mm = raster_dpi / MM_PER_INCH
    field = _light(plan)
    grain = _grain(plan)
    inked = _expose(apply_ink(printed, ink), px_per_mm, plan, whole, field, grain)
    bare = np.zeros((0, 0), dtype=np.uint8)
    if part.width_px and part.height_px:
        bare = _expose(printed, px_per_mm, plan, part, field, grain)
        bare = _binary(bare) if plan.one_bit else bare
        if plan.colour and plan.jpeg_quality < FAITHFUL:  # what is seen went through the colour file, and so must this
            bare = np.asarray(cv2.multiply(bare, np.full(1, _CAST_GREY), scale=1.0), dtype=np.uint8)
    data, suffix, seen = _encode(inked, plan)
    return Scan(data, suffix, plan.map, seen, bare, (part.left_px, part.top_px))


def apply_ink(printed: Grey, ink: InkLayer) -> Grey:
    """Ink over print: each pixel keeps the share of its light that the ink lets through."""
    return np.asarray(cv2.multiply(printed, cv2.LUT(ink, _THROUGH), scale=1 / 255), dtype=np.uint8)


def _around(plan: ScanPlan, watched_mm: NDArray[np.float64]) -> RectPx:
    """The part of the image that holds these card points, with room for blur and for the paper around them."""
    if not len(watched_mm):
        return RectPx(0, 0, 0, 0)
    places = plan.map.apply(watched_mm)
    left, top = np.clip(np.floor(places.min(axis=0)) - _ROOM_PX, 0, None).astype(int)
    right, bottom = np.ceil(places.max(axis=0)) + _ROOM_PX
    width = min(int(right), plan.map.width_px) - int(left)
    height = min(int(bottom), plan.map.height_px) - int(top)
    return RectPx(int(left), int(top), max(width, 0), max(height, 0))


def _expose(
    page: Grey, raster_px_per_mm: float, plan: ScanPlan, part: RectPx, field: Grey | None, grain: tuple[Grey, ...]
) -> Grey:
    """The page as the sensor sees it, before the file is written; `part` of the whole image."""
    image = _sample(page, raster_px_per_mm, plan, part)
    if plan.blur_px > 0:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), plan.blur_px), dtype=np.uint8)
    if plan.tone != (1.0, 1.0, 0.0):
        image = np.asarray(cv2.LUT(image, _tone_curve(*plan.tone)), dtype=np.uint8)
    cut = (
        slice(part.top_px, part.top_px + part.height_px),
        slice(part.left_px, part.left_px + part.width_px),
    )
    if field is not None:
        image = np.asarray(cv2.multiply(image, np.ascontiguousarray(field[cut]), scale=1 / 255), dtype=np.uint8)
    for cover in plan.covers:
        corners = np.array(cover.corners_px) - (part.left_px, part.top_px)
        cv2.fillPoly(image, [np.round(corners).astype(np.int32)], (cover.grey,), cv2.LINE_AA)
    for streak in plan.streaks:  # dust on the glass draws a line along the feed
        left = max(streak.x_px - part.left_px, 0)
        right = max(streak.x_px + streak.width_px - part.left_px, 0)
        line = image[max(streak.from_px - part.top_px, 0) : max(streak.to_px - part.top_px, 0), left:right]
        line[:] = np.minimum(line, streak.grey) if streak.grey < 128 else np.maximum(line, streak.grey)
    for layer, blend in zip(grain, (cv2.add, cv2.subtract), strict=False):
        image = np.asarray(blend(image, np.ascontiguousarray(layer[cut])), dtype=np.uint8)
    return image


def _sample(page: Grey, raster_px_per_mm: float, plan: ScanPlan, part: RectPx) -> Grey:
    size = (part.width_px, part.height_px)
    shrink = plan.px_per_mm / raster_px_per_mm
    if shrink < 0.8:  # average before sampling coarser, as a sensor does
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), 0.4 / shrink), dtype=np.uint8)
    if not plan.map.is_plain:
        map_x, map_y = plan.map.source_grid(raster_px_per_mm, part)
        out = cv2.remap(page, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=plan.around)
        return np.asarray(out, dtype=np.uint8)
    k = raster_px_per_mm
    to_mm = np.array([[1 / k, 0, 0.5 / k], [0, 1 / k, 0.5 / k], [0, 0, 1]])
    to_part = np.array([[1, 0, -0.5 - part.left_px], [0, 1, -0.5 - part.top_px], [0, 0, 1.0]])
    matrix = to_part @ plan.map.image_from_card.matrix @ to_mm
    out = cv2.warpAffine(
        page,
        matrix[:2] / matrix[2, 2],
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=plan.around,
    )
    return np.asarray(out, dtype=np.uint8)


def _tone_curve(contrast: float, gamma: float, lift: float) -> Grey:
    """Grey in to grey out: white stays light, black is lifted; `lift` 0..1 is how much of the range is lost to grey."""
    level = np.linspace(0.0, 1.0, 256) ** gamma
    level = lift + (1.0 - lift) * (0.5 + (level - 0.5) * contrast)
    return np.clip(level * 255, 0, 255).astype(np.uint8)


def _light(plan: ScanPlan) -> Grey | None:
    """Uneven light over the whole image, 255 = full: soft gradients, multiplied at low resolution and enlarged."""
    if not plan.shades:
        return None
    x, y = np.meshgrid((np.arange(96) + 0.5) / 96, (np.arange(96) + 0.5) / 96)
    gain = np.ones((96, 96))
    for shade in plan.shades:
        along = (x - shade.x) * np.cos(shade.angle) + (y - shade.y) * np.sin(shade.angle)
        gain *= 1.0 - shade.depth / (1.0 + np.exp(-along / shade.softness))
    size = (plan.map.width_px, plan.map.height_px)
    return np.asarray(cv2.resize((gain * 255).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


_TILE = np.random.default_rng(41).normal(0.0, 1.0, (1031, 1259)).astype(np.float32)  # one grain for all, moved about
_LEVELS: dict[int, tuple[Grey, Grey]] = {}


def _noise_tiles(strength: int) -> tuple[Grey, Grey]:
    """Brightening and darkening of the grain at a strength in quarter grey levels; made once per process."""
    if strength not in _LEVELS:
        grain = _TILE * (strength / 4)
        _LEVELS[strength] = (np.clip(grain, 0, 255).astype(np.uint8), np.clip(-grain, 0, 255).astype(np.uint8))
    return _LEVELS[strength]


def _grain(plan: ScanPlan) -> tuple[Grey, ...]:
    """The sensor's noise over the whole image: what it adds and what it takes away."""
    if plan.noise <= 0:
        return ()
    layers: list[Grey] = []
    for tile in _noise_tiles(max(1, round(plan.noise * 4))):
        row, column = plan.noise_at[0] % tile.shape[0], plan.noise_at[1] % tile.shape[1]
        turned = np.roll(tile, (-row, -column), axis=(0, 1))
        below = max(plan.map.height_px - tile.shape[0], 0)
        right = max(plan.map.width_px - tile.shape[1], 0)
        layers.append(np.asarray(cv2.copyMakeBorder(turned, 0, below, 0, right, cv2.BORDER_WRAP), dtype=np.uint8))
    return tuple(layers)


def _binary(image: Grey) -> Grey:
    """Black and white as an office scanner makes it: darker than its surroundings, or plainly dark."""
    mean = cv2.blur(image, (61, 61))
    limit = cv2.min(cv2.subtract(mean, np.full(1, 38, dtype=np.float64)), np.full(1, 170, dtype=np.float64))
    return np.asarray(cv2.compare(image, limit, cv2.CMP_GT), dtype=np.uint8)


def _encode(image: Grey, plan: ScanPlan) -> tuple[bytes, str, Grey]:
    if plan.one_bit:
        black = _binary(image)
        out = io.BytesIO()
        Image.fromarray(black).convert("1", dither=Image.Dither.NONE).save(
            out, "TIFF", compression="group4", dpi=(plan.dpi, plan.dpi)
        )
        return out.getvalue(), ".tif", black
    source = image
    if plan.colour:
        source = np.asarray(cv2.merge([cv2.multiply(image, np.full(1, g), scale=1.0) for g in _CAST]))
    data = encode_jpeg(source, plan.jpeg_quality)
    if plan.jpeg_quality >= FAITHFUL:
        return data, ".jpg", image
    seen = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    return data, ".jpg", np.asarray(seen, dtype=np.uint8)


def encode_jpeg(image: Grey, quality: int) -> bytes:
    """A JPEG file's bytes."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()
