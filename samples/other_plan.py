"""What another scanner, copier or camera does to a side: every chance, taken from a seeded Generator.

In:  the page's size in mm, a numpy Generator. Out: OtherPlan with the known map; lengths in px unless the name says mm.
The devices differ from those of samples/scan_plan.py on purpose: they sharpen, smooth, threshold and dither, copy
copies, let the back show through, and lie on coffee.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.geometry import Homography, SizeMm
from samples.scan_map import ScanMap
from samples.strokes import MM_PER_INCH

FileKind = Literal["jpeg", "colour jpeg", "png", "webp", "threshold", "dither"]


@dataclass(frozen=True, slots=True, eq=False)
class Crumple:
    """Paper that was crumpled and smoothed: waves in all directions, float64 (n,) each; amplitudes in mm."""

    along_x: NDArray[np.float64]
    along_y: NDArray[np.float64]
    phase: NDArray[np.float64]
    right_mm: NDArray[np.float64]
    down_mm: NDArray[np.float64]

    def shift(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each card point is moved, float64 (n, 2) in mm."""
        wave = np.sin(points_mm[:, :1] * self.along_x + points_mm[:, 1:] * self.along_y + self.phase)
        return np.stack([wave @ self.right_mm, wave @ self.down_mm], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class OtherPlan:
    """Everything that happens to one side on its way to a file; 0 and 1.0 mean that it does not happen."""

    map: ScanMap
    px_per_mm: float
    dpi: int
    turned_deg: int
    seed: int
    around: int = 255
    toner_px: int = 0  # print grown (+) or thinned (-) before the candidate gets the sheet
    toner: float = 1.0  # how black the print is
    paper: float = 1.0
    copies: int = 0  # photocopies between the candidate and the scanner
    bleed: float = 0.0
    stain: float = 0.0
    creases: float = 0.0
    blur: float = 0.0
    motion: tuple[float, float] = (0.0, 0.0)  # length px, angle
    vignette: float = 0.0
    banding: float = 0.0
    moire: float = 0.0
    noise: float = 0.0
    median: bool = False
    sharpen: tuple[float, float] = (0.0, 1.0)  # amount, radius px
    contrast: float = 1.0
    gamma: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    file: FileKind = "jpeg"
    quality: int = 85

    def tells(self) -> str:
        """The unusual things in few words, for findings."""
        words: list[str] = [self.file] if self.file not in ("jpeg", "colour jpeg") else []
        for name in ("copies", "bleed", "stain", "creases", "vignette", "banding", "moire", "median", "toner_px"):
            if getattr(self, name):
                words.append(name)
        if self.motion[0]:
            words.append("motion")
        if self.sharpen[0]:
            words.append("sharpened")
        return " ".join([*words, f"{self.dpi} dpi"])


_FILES: dict[FileKind, float] = {
    "jpeg": 0.45, "colour jpeg": 0.22, "png": 0.04, "webp": 0.04, "threshold": 0.17, "dither": 0.08,
}  # fmt: skip


def plan_other_scan(size: SizeMm, rng: np.random.Generator) -> OtherPlan:
    """Take every chance of one scan; about two or three unusual things happen to each side."""
    dpi = int(rng.choice([150, 200, 200, 240, 300]))
    turned = int(rng.choice([0, 0, 0, 0, 0, 0, 0, 180, 180, 90, 270]))
    k = dpi / MM_PER_INCH
    stretch = 1 + rng.uniform(-0.015, 0.015)
    scale = float(rng.uniform(0.96, 1.01))
    skew = np.deg2rad(rng.normal(0, 1.0))
    sideways = turned in (90, 270)
    across, down = (size.height_mm, size.width_mm) if sideways else (size.width_mm, size.height_mm)
    margin = float(rng.choice([0.0, 0.0, 4.0, 15.0]))  # the scan window is larger than the paper
    out_w, out_h = round((across + 2 * margin) * k), round((down + 2 * margin) * k)
    angle = skew + np.deg2rad(turned)
    cos, sin = np.cos(angle), np.sin(angle)
    dx, dy = np.clip(rng.normal(0, 0.8, 2), -2, 2) * k
    matrix = (
        np.array([[1, 0, out_w / 2 + dx], [0, 1, out_h / 2 + dy], [0, 0, 1.0]])
        @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
        @ np.diag([k * scale * stretch, k * scale, 1.0])
        @ np.array([[1, 0, -size.width_mm / 2], [0, 1, -size.height_mm / 2], [0, 0, 1.0]])
    )

    def often(share: float, low: float, high: float) -> float:
        return float(rng.uniform(low, high)) if rng.random() < share else 0.0

    creases = often(0.12, 0.03, 0.12)
    bend = None
    if creases or rng.random() < 0.2:
        n = 6
        direction, wave = rng.uniform(0, np.pi, n), 2 * np.pi / rng.uniform(60, 220, n)
        tall = (0.10 if creases else 0.05) * rng.normal(0, 1, (2, n)) / np.sqrt(n) * 2
        bend = Crumple(wave * np.cos(direction), wave * np.sin(direction), rng.uniform(0, 6.28, n), tall[0], tall[1])
    file = list(_FILES)[int(rng.choice(len(_FILES), p=list(_FILES.values())))]
    return OtherPlan(
        map=ScanMap(Homography(matrix), out_w, out_h, bend),
        px_per_mm=k * scale,
        dpi=dpi,
        turned_deg=turned,
        seed=int(rng.integers(1 << 31)),
        around=int(rng.choice([255, 250, 235, 60, 10])),
        toner_px=int(rng.choice([0, 0, 0, 0, 1, -1])),
        toner=float(rng.uniform(0.75, 1.0)),
        paper=float(rng.uniform(0.8, 1.0)),
        copies=int(rng.choice([0] * 9 + [1, 2])),
        bleed=often(0.15, 0.03, 0.15),
        stain=often(0.06, 0.05, 0.22),
        creases=creases,
        blur=float(rng.uniform(0.2, 0.9)) * dpi / 200,
        motion=(often(0.06, 2.0, 4.5) * dpi / 200, float(rng.uniform(0, np.pi))),
        vignette=often(0.1, 0.1, 0.35),
        banding=often(0.12, 0.01, 0.05),
        moire=often(0.06, 0.01, 0.05),
        noise=float(rng.choice([0.0, 1.0, 3.0, 6.0, 10.0])),
        median=bool(rng.random() < 0.1),
        sharpen=(often(0.25, 0.6, 3.0), float(rng.uniform(0.8, 2.5))),
        contrast=float(rng.uniform(0.7, 1.4)),
        gamma=float(rng.uniform(0.6, 1.7)),
        cast=(float(rng.uniform(0.85, 1)), float(rng.uniform(0.85, 1)), float(rng.uniform(0.85, 1))),
        file=file,
        quality=int(rng.choice([40, 50, 60, 75, 90, 95])),
    )
