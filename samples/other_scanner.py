"""Carry out an OtherPlan: print, ink, paper, device and file, in the order in which they happen.

In:  the page as printed, uint8 (height_px, width_px); an OtherSide on the same raster; an OtherPlan.
Out: Scan, as samples/scanner.py gives it. The bare scan is the same sheet with the same bleed, stains, creases, noise
and device, without this candidate's ink on this side. Where the file is dithered, both images of the evidence are
averaged as the eye does; its dots would differ at random.
"""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.geometry import RectPx
from samples.other_hands import OtherSide
from samples.other_plan import OtherPlan
from samples.scanner import FAITHFUL, Scan, apply_ink
from samples.strokes import MM_PER_INCH

Grey = NDArray[np.uint8]
_FLUID_GREY = 252


def scan_other_side(printed: Grey, filled: OtherSide, raster_dpi: float, plan: OtherPlan) -> Scan:
    """Scan one side, with and without its ink."""
    px_per_mm = raster_dpi / MM_PER_INCH
    blank = _print(printed, plan)
    inked = apply_ink(blank, filled.under)
    if filled.fluid.any():
        inked = _blend(inked, filled.fluid, _FLUID_GREY)
    inked = apply_ink(inked, filled.over)
    back = _back(inked, plan, px_per_mm)  # another sheet of the same kind shows through from the other side
    seen = _device(_paper(inked, back, plan, px_per_mm), px_per_mm, plan)
    bare = _device(_paper(blank, back, plan, px_per_mm), px_per_mm, plan)
    data, suffix, seen = _write(seen, plan)
    if plan.file == "threshold":
        bare = _threshold(bare, plan)
    elif plan.file == "dither":
        bare = _eye(_dither(bare), plan)
    elif plan.file == "colour jpeg":
        bare = _tinted(bare, plan)[1]
    return Scan(data, suffix, plan.map, seen, bare, (0, 0))


def _u8(image: NDArray[np.floating]) -> Grey:
    return np.asarray(np.clip(image, 0, 255), dtype=np.uint8)


def _blend(image: Grey, opacity: Grey, grey: int) -> Grey:
    share = opacity.astype(np.float32) / 255
    return _u8(image * (1 - share) + grey * share)


def _print(printed: Grey, plan: OtherPlan) -> Grey:
    """A printer with much or little toner, on white or greyish paper."""
    out = printed
    if plan.toner_px:
        half = (
            cv2.erode(out, np.ones((2, 2), np.uint8))
            if plan.toner_px > 0
            else cv2.dilate(out, np.ones((2, 2), np.uint8))
        )
        out = cv2.addWeighted(out, 0.5, half, 0.5, 0)
    level = 255 - (255 - np.arange(256)) * plan.toner
    return np.asarray(cv2.LUT(out, _u8(level.astype(np.float32))), dtype=np.uint8)


def _back(inked: Grey, plan: OtherPlan, px_per_mm: float) -> NDArray[np.float32] | None:
    """What shows through: light let through by the mirrored other side, float32, 1 = all."""
    if not plan.bleed:
        return None
    mirrored = cv2.GaussianBlur(np.ascontiguousarray(inked[:, ::-1]), (0, 0), 0.25 * px_per_mm)
    return np.asarray(1 - plan.bleed * (255 - mirrored.astype(np.float32)) / 255, dtype=np.float32)


def _paper(page: Grey, back: NDArray[np.float32] | None, plan: OtherPlan, px_per_mm: float) -> Grey:
    """The sheet on the glass: paper, what shows through, stains, creases; then copies of it."""
    rng = np.random.default_rng([plan.seed, 1])
    light = np.full(page.shape, plan.paper, dtype=np.float32)
    if back is not None:
        light *= back
    if plan.stain:
        light *= _stain(page.shape, plan.stain, px_per_mm, rng)
    if plan.creases:
        light *= _creases(page.shape, plan.creases, px_per_mm, rng)
    out = _u8(page * light)
    for _ in range(plan.copies):
        out = _photocopy(out, rng)
    return out


def _stain(shape: tuple[int, ...], depth: float, px_per_mm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """The ring of a cup and a few drops."""
    small = (shape[0] // 4, shape[1] // 4)
    dark = np.zeros(small, dtype=np.float32)
    rows, columns = np.mgrid[0 : small[0], 0 : small[1]].astype(np.float32)
    k = px_per_mm / 4
    for at in range(4):
        y, x = rng.uniform(0, small[0]), rng.uniform(0, small[1])
        radius = float(rng.uniform(28, 42) if at == 0 else rng.uniform(1, 6)) * k
        away = np.hypot(rows - y, columns - x) * (1 + 0.03 * np.sin(5 * np.arctan2(rows - y, columns - x)))
        dark += np.exp(-(((away - radius) / (0.9 * k)) ** 2)) + 0.35 * (away < radius)
    return np.asarray(1 - depth * np.clip(cv2.resize(dark, shape[::-1]), 0, 1.3), dtype=np.float32)


def _creases(shape: tuple[int, ...], depth: float, px_per_mm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Facets of crumpled paper: each crease is a thin line with a little more light on one side."""
    small = (shape[0] // 2, shape[1] // 2)
    rows, columns = np.mgrid[0 : small[0], 0 : small[1]].astype(np.float32)
    light = np.ones(small, dtype=np.float32)
    k = px_per_mm / 2
    for _ in range(9):
        angle = rng.uniform(0, np.pi)
        x, y = rng.uniform(0, small[1]), rng.uniform(0, small[0])
        away = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
        light *= 1 + 0.5 * depth * np.tanh(away / (12 * k)) * np.exp(-np.abs(away) / (35 * k))
        light *= 1 + depth * rng.choice([-1.0, 0.5]) * np.exp(-((away / (0.25 * k)) ** 2))
    return np.asarray(np.minimum(cv2.resize(light, shape[::-1]), 1.12), dtype=np.float32)


def _photocopy(page: Grey, rng: np.random.Generator) -> Grey:
    """Softer edges, harder contrast, specks."""
    soft = cv2.GaussianBlur(page, (0, 0), float(rng.uniform(0.5, 0.9))).astype(np.float32)
    paper = float(np.percentile(soft[::8, ::8], 75))  # a copier makes the paper white, whatever it was
    steep, middle = rng.uniform(1.4, 2.4), rng.uniform(0.55, 0.75)
    out = 128 + 255 * (soft / paper - middle) * steep + rng.normal(0, 6, page.shape).astype(np.float32)
    specks = rng.random((page.shape[0] // 2, page.shape[1] // 2)) < 0.00012
    spots = cv2.dilate(
        cv2.resize(specks.astype(np.uint8), page.shape[::-1], interpolation=cv2.INTER_NEAREST), np.ones((2, 2))
    )
    out[spots > 0] = 40
    return _u8(np.asarray(out, dtype=np.float32))


def _device(page: Grey, raster_px_per_mm: float, plan: OtherPlan) -> Grey:
    """Optics, sensor and the device's own ideas of a good picture; the chances are the same for both images."""
    rng = np.random.default_rng([plan.seed, 2])
    shrink = plan.px_per_mm / raster_px_per_mm
    if shrink < 0.8:
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), 0.4 / shrink), dtype=np.uint8)
    whole = RectPx(0, 0, plan.map.width_px, plan.map.height_px)
    map_x, map_y = plan.map.source_grid(raster_px_per_mm, whole)
    picture = cv2.remap(page, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=plan.around)
    if plan.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), plan.blur)
    length, angle = plan.motion
    if length:
        picture = cv2.filter2D(picture, -1, _line_kernel(length, angle))
    out = picture.astype(np.float32)
    height, width = out.shape
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    if plan.vignette:
        out *= 1 - plan.vignette * ((x**2 + y**2) / 2) ** 1.5
    if plan.banding:
        wide = np.repeat(rng.normal(0, 1, width // 24 + 1), 24)[:width] + 0.7 * rng.normal(0, 1, width)
        out *= (1 + plan.banding * wide.astype(np.float32))[None, :]
    if plan.moire:
        waves = rng.uniform(0.3, 1.6, 2) * rng.choice([-1, 1], 2)
        at = np.arange(width)[None, :] * waves[0] + np.arange(height)[:, None] * waves[1]
        out += (255 * plan.moire * np.sin(at)).astype(np.float32)
    if plan.noise:
        out += plan.noise * rng.standard_normal(out.shape, dtype=np.float32)
    picture = _u8(out)
    if plan.median:
        picture = cv2.medianBlur(picture, 3)
    amount, radius = plan.sharpen
    if amount:
        soft = cv2.GaussianBlur(picture, (0, 0), radius * plan.dpi / 200)
        picture = cv2.addWeighted(picture, 1 + amount, soft, -amount, 0)
    level = np.linspace(0, 1, 256, dtype=np.float32) ** plan.gamma
    level = 0.6 + (level - 0.6) * plan.contrast
    return np.asarray(cv2.LUT(np.asarray(picture, dtype=np.uint8), _u8(255 * level)), dtype=np.uint8)


def _line_kernel(length: float, angle: float) -> NDArray[np.float32]:
    size = int(length) * 2 + 3
    kernel = np.zeros((size, size), dtype=np.float32)
    for at in np.linspace(-length / 2, length / 2, 31):
        row, column = size // 2 + at * np.sin(angle), size // 2 + at * np.cos(angle)
        kernel[round(row), round(column)] += 1
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def _threshold(image: Grey, plan: OtherPlan) -> Grey:
    """One level for the whole page, as simple devices do it."""
    paper = float(np.percentile(image[::8, ::8], 75))
    level = paper * float(np.random.default_rng([plan.seed, 3]).uniform(0.5, 0.82))
    return np.where(image > level, 255, 0).astype(np.uint8)


def _dither(image: Grey) -> Grey:
    """Floyd-Steinberg."""
    return np.where(np.asarray(Image.fromarray(image).convert("1")), 255, 0).astype(np.uint8)


def _eye(image: Grey, plan: OtherPlan) -> Grey:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.25 * plan.px_per_mm), dtype=np.uint8)


def _write(image: Grey, plan: OtherPlan) -> tuple[bytes, str, Grey]:
    """The file, and what a person sees in it as grey."""
    if plan.file in ("threshold", "dither"):
        black = _threshold(image, plan) if plan.file == "threshold" else _dither(image)
        out = io.BytesIO()
        Image.fromarray(black).convert("1", dither=Image.Dither.NONE).save(
            out, "TIFF", compression="group4", dpi=(plan.dpi, plan.dpi)
        )
        return out.getvalue(), ".tif", black if plan.file == "threshold" else _eye(black, plan)
    if plan.file == "png":
        return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes(), ".png", image
    source, grey = _tinted(image, plan) if plan.file == "colour jpeg" else (image, image)
    suffix, quality = (".webp", cv2.IMWRITE_WEBP_QUALITY) if plan.file == "webp" else (".jpg", cv2.IMWRITE_JPEG_QUALITY)
    data = cv2.imencode(suffix, source, [quality, plan.quality])[1].tobytes()
    if plan.quality >= FAITHFUL:
        return data, suffix, grey
    return data, suffix, np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _tinted(image: Grey, plan: OtherPlan) -> tuple[NDArray[np.uint8], Grey]:
    """The picture with its colour cast, uint8 (h, w, 3), and what is left of it in grey."""
    source = np.asarray(cv2.merge([cv2.multiply(image, np.full(1, gain), scale=1.0) for gain in plan.cast]))
    return source, np.asarray(cv2.cvtColor(source, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
