"""What one simulated scan will be: every chance of a scanner or phone, taken from a seeded Generator.

In:  a profile, the page's size in mm, a numpy Generator.
Out: ScanPlan with the known map; lengths in px of the finished image unless the name says mm.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Homography, SizeMm
from samples.scan_map import Feed, ScanMap
from samples.strokes import MM_PER_INCH


class ScanProfile(StrEnum):
    """How badly the sheet is treated: a good scanner, an ordinary office, neglect, or a phone."""

    CLEAN = "clean"
    OFFICE = "office"
    HARSH = "harsh"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Shade:
    """A soft edge of shadow through (x, y) (shares of the image) towards `angle`, darker by `depth` (0..1)."""

    x: float
    y: float
    angle: float
    depth: float
    softness: float


@dataclass(frozen=True, slots=True)
class Streak:
    """A line along the feed."""

    x_px: int
    from_px: int
    to_px: int
    width_px: int
    grey: int


@dataclass(frozen=True, slots=True)
class Cover:
    """Something that hides part of the image: a folded corner, a finger."""

    corners_px: tuple[tuple[float, float], ...]
    grey: int


@dataclass(frozen=True, slots=True, eq=False)
class ScanPlan:
    """Everything that happens to one side between the table and the file.

    `tone` is (contrast, gamma, lift); `noise` the grain's standard deviation in grey levels; `around` the grey
    outside the paper; `px_per_mm` the mean scale.
    """

    profile: ScanProfile
    map: ScanMap
    px_per_mm: float
    dpi: int
    turned_deg: int = 0
    around: int = 255
    blur_px: float = 0.0
    tone: tuple[float, float, float] = (1.0, 1.0, 0.0)
    shades: tuple[Shade, ...] = ()
    streaks: tuple[Streak, ...] = ()
    covers: tuple[Cover, ...] = ()
    noise: float = 0.0
    noise_at: tuple[int, int] = (0, 0)
    jpeg_quality: int = 85
    one_bit: bool = False
    colour: bool = False


@dataclass(frozen=True, slots=True)
class _Ranges:
    """The spread of one profile's scanners; pairs are (least, most), single numbers are probabilities."""

    skew_deg: float
    shift_mm: float
    scale: tuple[float, float]
    anisotropy: float
    feed: float
    blur: tuple[float, float]
    noise: tuple[float, float]
    contrast: tuple[float, float]
    gamma: tuple[float, float]
    lift: tuple[float, float]
    jpeg: tuple[int, int]
    dpis: tuple[int, ...]
    upside_down: float
    sideways: float
    shadow: float
    streak: float
    dark_around: float
    cover: float
    crease: float
    one_bit: float
    colour: float


_RANGES: dict[ScanProfile, _Ranges] = {
    ScanProfile.CLEAN: _Ranges(
        skew_deg=0.3, shift_mm=0.8, scale=(0.998, 1.002), anisotropy=0.001, feed=0.0, blur=(0.3, 0.6), noise=(0.5, 2.0),
        contrast=(0.97, 1.05), gamma=(0.95, 1.05), lift=(0.0, 0.02), jpeg=(74, 86), dpis=(200,), upside_down=0.0,
        sideways=0.0, shadow=0.0, streak=0.0, dark_around=0.0, cover=0.0, crease=0.0, one_bit=0.0, colour=0.0,
    ),
    ScanProfile.OFFICE: _Ranges(
        skew_deg=1.5, shift_mm=2.5, scale=(0.985, 1.01), anisotropy=0.004, feed=0.3, blur=(0.3, 0.9), noise=(1.0, 5.0),
        contrast=(0.85, 1.15), gamma=(0.8, 1.25), lift=(0.0, 0.08), jpeg=(65, 90), dpis=(200, 200, 200, 150, 300),
        upside_down=0.06, sideways=0.02, shadow=0.25, streak=0.08, dark_around=0.25, cover=0.01, crease=0.01,
        one_bit=0.0, colour=0.2,
    ),
    ScanProfile.HARSH: _Ranges(
        skew_deg=4.0, shift_mm=5.0, scale=(0.95, 1.02), anisotropy=0.012, feed=0.7, blur=(0.5, 1.4), noise=(3.0, 14.0),
        contrast=(0.6, 1.25), gamma=(0.65, 1.5), lift=(0.0, 0.22), jpeg=(35, 80), dpis=(150, 200, 200, 300),
        upside_down=0.2, sideways=0.1, shadow=0.6, streak=0.3, dark_around=0.4, cover=0.12, crease=0.12, one_bit=0.12,
        colour=0.25,
    ),
}  # fmt: skip


def plan_scan(
    profile: ScanProfile, size: SizeMm, rng: np.random.Generator, dpi: int | None = None, turned_deg: int | None = None
) -> ScanPlan:
    """Take every chance of one scan; `dpi` and `turned_deg` (0, 90, 180, 270, clockwise) override the profile's."""
    if profile is ScanProfile.PHONE:
        return _plan_photo(size, rng, turned_deg)
    ranges = _RANGES[profile]
    dpi = dpi or int(ranges.dpis[int(rng.integers(len(ranges.dpis)))])
    turn = rng.random(2)
    if turned_deg is None:
        turned_deg = 180 if turn[0] < ranges.upside_down else 0
        if turn[1] < ranges.sideways:
            turned_deg = 90 if turn[0] < 0.5 else 270
    k = dpi / MM_PER_INCH
    scale = rng.uniform(*ranges.scale)
    stretch = 1 + rng.uniform(-ranges.anisotropy, ranges.anisotropy)
    skew = np.deg2rad(np.clip(rng.normal(0, ranges.skew_deg / 2), -ranges.skew_deg, ranges.skew_deg))
    dx_mm, dy_mm = np.clip(rng.normal(0, ranges.shift_mm / 2, 2), -ranges.shift_mm, ranges.shift_mm)
    width_mm, height_mm = size.width_mm, size.height_mm
    sideways = turned_deg in (90, 270)
    out_w, out_h = round((height_mm if sideways else width_mm) * k), round((width_mm if sideways else height_mm) * k)
    centre = _move(-width_mm / 2, -height_mm / 2)
    sizing = np.diag([k * scale * stretch, k * scale, 1.0])
    turning = _turn(skew + np.deg2rad(turned_deg))
    matrix = _move(out_w / 2 + dx_mm * k, out_h / 2 + dy_mm * k) @ turning @ sizing @ centre
    chance = rng.random(8)
    feed = None
    crease = chance[7] < ranges.crease
    if chance[0] < ranges.feed or crease:
        feed = Feed(
            wave_mm=float(rng.uniform(0.05, 0.35)),
            wander_mm=float(rng.uniform(0.0, 0.2)),
            length_mm=float(rng.uniform(150, 400)),
            phase=float(rng.uniform(0, 6.28)),
            crease_at_mm=float(rng.uniform(0.3, 0.7) * height_mm) if crease else -1.0,
            crease_mm=float(rng.uniform(-0.7, -0.2)) if crease else 0.0,
        )
    shades: tuple[Shade, ...] = ()
    if chance[1] < ranges.shadow:
        deepest = 0.18 if profile is ScanProfile.OFFICE else 0.4
        shades = (_draw_shade(rng, deepest),)
    streaks: list[Streak] = []
    if chance[2] < ranges.streak:
        for _ in range(int(rng.integers(1, 4))):
            start = int(rng.integers(0, out_h // 2)) if rng.random() < 0.3 else 0
            grey = int(rng.integers(40, 110)) if rng.random() < 0.6 else 250
            streaks.append(Streak(int(rng.integers(0, out_w - 3)), start, out_h, int(rng.integers(1, 3)), grey))
    scan_map = ScanMap(Homography(matrix), out_w, out_h, feed)
    covers = (_fold(scan_map, size, rng),) if chance[3] < ranges.cover else ()
    one_bit = bool(chance[4] < ranges.one_bit)
    return ScanPlan(
        profile=profile,
        map=scan_map,
        px_per_mm=k * scale,
        dpi=dpi,
        turned_deg=turned_deg,
        around=int(rng.integers(0, 60)) if chance[5] < ranges.dark_around else 255,
        blur_px=float(rng.uniform(*ranges.blur)) * dpi / 200,
        tone=(
            float(rng.uniform(*ranges.contrast)),
            float(rng.uniform(*ranges.gamma)),
            float(rng.uniform(*ranges.lift)),
        ),
        shades=shades,
        streaks=tuple(streaks),
        covers=covers,
        noise=float(rng.uniform(*ranges.noise)) * (0.5 if one_bit else 1.0),
        noise_at=(int(rng.integers(0, 1000)), int(rng.integers(0, 1000))),
        jpeg_quality=int(rng.integers(*ranges.jpeg)),
        one_bit=one_bit,
        colour=bool(chance[6] < ranges.colour),
    )


def _plan_photo(size: SizeMm, rng: np.random.Generator, turned_deg: int | None) -> ScanPlan:
    """A phone held over a table: perspective, lens, uneven light, background, recompression."""
    long_px = int(rng.choice([1600, 2000, 2560, 3000]))
    if size.width_mm > 300 or size.height_mm > 300:
        long_px = int(long_px * 1.4)  # nobody photographs an A3 sheet to be read at the smallest setting
    if turned_deg is None:
        turned_deg = 180 if rng.random() < 0.08 else 0
    landscape = size.width_mm > size.height_mm
    out_w, out_h = (long_px, round(long_px * 0.75)) if landscape else (round(long_px * 0.75), long_px)
    fill = rng.uniform(0.86, 0.95)
    k = fill * min(out_w / size.width_mm, out_h / size.height_mm)
    half = np.array([size.width_mm, size.height_mm]) / 2 * k
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    angle = np.deg2rad(rng.normal(0, 1.5))
    corners = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    tilt = 1 + rng.normal(0, 0.02, 2)  # the far edge is shorter than the near one
    corners[:2, 0] *= tilt[0]
    corners[[0, 3], 1] *= tilt[1]
    corners = corners + np.array([out_w / 2, out_h / 2]) + rng.normal(0, 0.006, 2) * np.array([out_w, out_h])
    corners = np.roll(corners, -turned_deg // 90, axis=0)
    card = np.array([[0, 0], [size.width_mm, 0], [size.width_mm, size.height_mm], [0, size.height_mm]])
    matrix = cv2.getPerspectiveTransform(card.astype(np.float32), corners.astype(np.float32))
    lens = float(rng.uniform(-0.012, 0.012))
    curl = Feed(
        wave_mm=float(rng.uniform(0, 0.8)),
        wander_mm=float(rng.uniform(0, 0.3)),
        length_mm=float(rng.uniform(350, 700)),
        phase=float(rng.uniform(0, 6.28)),
    )
    return ScanPlan(
        profile=ScanProfile.PHONE,
        map=ScanMap(Homography(np.asarray(matrix, dtype=np.float64)), out_w, out_h, curl, lens),
        px_per_mm=float(k),
        dpi=round(k * MM_PER_INCH),
        turned_deg=turned_deg,
        around=int(rng.integers(30, 170)),
        blur_px=float(rng.uniform(0.4, 1.1)),
        tone=(float(rng.uniform(0.75, 1.0)), float(rng.uniform(0.8, 1.3)), float(rng.uniform(0.0, 0.1))),
        shades=tuple(_draw_shade(rng, 0.45) for _ in range(int(rng.integers(1, 3)))),
        noise=float(rng.uniform(2.0, 7.0)),
        noise_at=(int(rng.integers(0, 1000)), int(rng.integers(0, 1000))),
        jpeg_quality=int(rng.integers(60, 90)),
        colour=True,
    )


def _draw_shade(rng: np.random.Generator, deepest: float) -> Shade:
    return Shade(
        x=float(rng.uniform(0.2, 0.8)),
        y=float(rng.uniform(0.2, 0.8)),
        angle=float(rng.uniform(0, 2 * np.pi)),
        depth=float(rng.uniform(0.03, deepest)),
        softness=float(rng.uniform(0.05, 0.3)),
    )


def _fold(scan_map: ScanMap, size: SizeMm, rng: np.random.Generator) -> Cover:
    """A corner that is folded over: the paper's back shows."""
    reach = rng.uniform(8, 24, 2)
    x_mm, y_mm = float(rng.choice([0.0, size.width_mm])), float(rng.choice([0.0, size.height_mm]))
    inwards_x, inwards_y = (1 if x_mm == 0 else -1), (1 if y_mm == 0 else -1)
    triangle = np.array([[x_mm, y_mm], [x_mm + inwards_x * reach[0], y_mm], [x_mm, y_mm + inwards_y * reach[1]]])
    corners_px = scan_map.apply(triangle)
    return Cover(tuple((float(x), float(y)) for x, y in corners_px), int(rng.integers(120, 250)))


def _move(dx: float, dy: float) -> NDArray[np.float64]:
    return np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]])


def _turn(angle: float) -> NDArray[np.float64]:
    """Clockwise on an image with y down."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
