"""Handwriting-like strokes: small glyph skeletons as quadratic curves, and drawing them in few calls.

In:  glyph boxes in mm, a numpy Generator.
Out: darkness drawn onto an ink layer, uint8 (height_px, width_px), 0 = nothing, 255 = solid ink.
A glyph is float64 (n_strokes, 3, 2): start, pull and end of each curve in a unit box, y down.
Nothing here knows cards or fields.
"""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Glyph: TypeAlias = NDArray[np.float64]
InkLayer: TypeAlias = NDArray[np.uint8]

MM_PER_INCH = 25.4
_SHIFT = 4  # cv2 takes coordinates in sixteenths of a pixel
_POINTS = 6  # per curve: enough at 5 mm glyphs and 300 dpi that no corner shows

_t = np.linspace(0.0, 1.0, _POINTS)
_BASIS = np.stack([(1 - _t) ** 2, 2 * _t * (1 - _t), _t**2], axis=1)


def _glyph(*curves: tuple[float, float, float, float, float, float]) -> Glyph:
    return np.array(curves, dtype=np.float64).reshape(-1, 3, 2)


DIGITS: dict[str, Glyph] = {
    "0": _glyph(
        (0.5, 0, 0.1, 0.0, 0.12, 0.5),
        (0.12, 0.5, 0.1, 1, 0.5, 1),
        (0.5, 1, 0.9, 1, 0.88, 0.5),
        (0.88, 0.5, 0.9, 0, 0.5, 0),
    ),
    "1": _glyph((0.55, 0, 0.5, 0.5, 0.5, 1)),
    "2": _glyph((0.15, 0.2, 0.5, -0.2, 0.8, 0.2), (0.8, 0.2, 0.9, 0.5, 0.1, 1), (0.1, 1, 0.5, 0.95, 0.9, 0.98)),
    "3": _glyph(
        (0.15, 0.1, 0.9, -0.1, 0.75, 0.3),
        (0.75, 0.3, 0.6, 0.48, 0.4, 0.48),
        (0.4, 0.48, 1.1, 0.55, 0.75, 0.9),
        (0.75, 0.9, 0.45, 1.1, 0.1, 0.9),
    ),
    "4": _glyph((0.55, 0, 0.3, 0.4, 0.1, 0.65), (0.1, 0.65, 0.5, 0.65, 0.95, 0.62), (0.7, 0.3, 0.68, 0.6, 0.66, 1)),
    "5": _glyph(
        (0.25, 0.05, 0.2, 0.3, 0.18, 0.45),
        (0.18, 0.45, 1.1, 0.3, 0.75, 0.85),
        (0.75, 0.85, 0.45, 1.1, 0.1, 0.9),
        (0.25, 0.05, 0.5, 0.04, 0.85, 0.03),
    ),
    "6": _glyph(
        (0.7, 0, 0.15, 0.3, 0.15, 0.7),
        (0.15, 0.7, 0.2, 1.05, 0.55, 1),
        (0.55, 1, 0.95, 0.9, 0.8, 0.6),
        (0.8, 0.6, 0.5, 0.35, 0.18, 0.65),
    ),
    "7": _glyph((0.1, 0.05, 0.5, 0.08, 0.9, 0.02), (0.9, 0.02, 0.5, 0.5, 0.4, 1)),
    "8": _glyph(
        (0.75, 0.15, 0.4, -0.15, 0.25, 0.2),
        (0.25, 0.2, 0.3, 0.45, 0.75, 0.65),
        (0.75, 0.65, 0.9, 1, 0.5, 1),
        (0.5, 1, 0.05, 0.95, 0.3, 0.6),
        (0.3, 0.6, 0.7, 0.4, 0.75, 0.15),
    ),
    "9": _glyph((0.8, 0.3, 0.4, -0.2, 0.18, 0.25), (0.18, 0.25, 0.25, 0.65, 0.8, 0.3), (0.8, 0.3, 0.75, 0.7, 0.6, 1)),
}
SIGNS: tuple[Glyph, ...] = (
    _glyph((0.1, 0.5, 0.5, 0.48, 0.9, 0.5), (0.5, 0.15, 0.5, 0.5, 0.5, 0.85)),  # plus
    _glyph((0.1, 0.5, 0.5, 0.52, 0.9, 0.48)),  # minus
    _glyph((0.1, 0.35, 0.5, 0.36, 0.9, 0.33), (0.1, 0.65, 0.5, 0.66, 0.9, 0.63)),  # equals
    _glyph((0.15, 0.3, 0.4, 0.3, 0.45, 0.7), (0.45, 0.7, 0.6, 1.1, 0.85, 0.95), (0.8, 0.3, 0.5, 0.6, 0.15, 1)),  # x
    _glyph((0.15, 0.3, 0.25, 0.75, 0.5, 0.65), (0.5, 0.65, 0.75, 0.5, 0.8, 0.3), (0.8, 0.3, 0.7, 1.2, 0.2, 1.15)),  # y
    _glyph((0.7, 0.4, 0.1, 0.3, 0.15, 0.75), (0.15, 0.75, 0.3, 1.1, 0.7, 0.6), (0.72, 0.4, 0.65, 0.9, 0.9, 0.95)),  # a
    _glyph((0.3, 0, 0.2, 0.6, 0.25, 0.95), (0.25, 0.6, 0.9, 0.3, 0.75, 0.8), (0.75, 0.8, 0.6, 1.05, 0.25, 0.95)),  # b
    _glyph(
        (0.05, 0.6, 0.15, 0.5, 0.2, 0.6),
        (0.2, 0.6, 0.25, 0.9, 0.3, 1),
        (0.3, 1, 0.4, 0.5, 0.5, 0),
        (0.5, 0, 0.8, 0, 1.2, 0),
    ),  # root
    _glyph((0.6, -0.05, 0.2, 0.5, 0.6, 1.05)),  # (
    _glyph((0.4, -0.05, 0.8, 0.5, 0.4, 1.05)),  # )
)
TICK: Glyph = _glyph((0.0, 0.55, 0.15, 0.7, 0.32, 0.95), (0.32, 0.95, 0.6, 0.45, 1.05, 0.0))
CROSS: Glyph = _glyph((0.05, 0.05, 0.5, 0.45, 0.95, 0.95), (0.95, 0.0, 0.5, 0.5, 0.02, 1.0))


def _component(rng: np.random.Generator) -> Glyph:
    """One component in the unit box: level strokes, uprights, sometimes a falling pair or a dot."""
    curves: list[tuple[float, float, float, float, float, float]] = []
    n_level = int(rng.integers(1, 4))
    for y in np.linspace(0.12, 0.88, n_level + 1)[:n_level] + rng.uniform(-0.05, 0.05, n_level):
        rise = rng.uniform(0.0, 0.06)
        curves.append((rng.uniform(0, 0.15), y + rise, 0.5, y - 0.03, rng.uniform(0.82, 1.0), y - rise))
    for _ in range(int(rng.integers(1, 3))):
        x = rng.uniform(0.25, 0.75)
        curves.append((x, rng.uniform(0, 0.25), x + 0.02, 0.5, x + rng.uniform(-0.04, 0.04), rng.uniform(0.8, 1.0)))
    if rng.random() < 0.7:
        x, y = rng.uniform(0.4, 0.6), rng.uniform(0.35, 0.6)
        curves.append((x, y, x - 0.1, y + 0.3, rng.uniform(0.0, 0.15), 1.0))
        curves.append((x, y + 0.1, x + 0.15, y + 0.3, rng.uniform(0.85, 1.05), 0.97))
    if rng.random() < 0.4:
        x, y = rng.uniform(0.1, 0.9), rng.uniform(0.0, 0.2)
        curves.append((x, y, x + 0.06, y + 0.05, x + 0.1, y + 0.12))
    return _glyph(*curves)


def make_character(rng: np.random.Generator) -> Glyph:
    """A cluster of strokes in the manner of a Chinese character, of one or two components."""
    layout = rng.integers(0, 3)
    if layout == 0:
        return _component(rng)
    cut = rng.uniform(0.32, 0.48)
    first, second = _component(rng), _component(rng)
    if layout == 1:  # side by side
        halves = (first * (cut, 0.92) + (0, 0.04), second * (0.94 - cut, 1) + (cut + 0.06, 0))
    else:  # one above the other
        halves = (first * (0.84, cut) + (0.08, 0), second * (1, 0.92 - cut) + (0, cut + 0.08))
    return np.concatenate(halves)


@dataclass(frozen=True, slots=True, eq=False)
class Alphabet:
    """The glyphs of one hand: its characters, and how it deforms everything it writes."""

    characters: tuple[Glyph, ...]
    slant: float
    wobble: float


def make_alphabet(rng: np.random.Generator, n_characters: int = 40) -> Alphabet:
    """An alphabet of invented characters; `slant` is the sideways lean per unit of height."""
    characters = tuple(make_character(rng) for _ in range(n_characters))
    return Alphabet(characters, slant=float(rng.normal(-0.05, 0.08)), wobble=float(rng.uniform(0.02, 0.05)))


@dataclass(frozen=True, slots=True)
class Pen:
    """What writes: line width and darkness (0..1), and how much pressure varies (0..1)."""

    width_mm: float
    darkness: float
    pressure: float = 0.25


def place_glyphs(
    glyphs: list[Glyph], boxes_mm: NDArray[np.float64], alphabet: Alphabet, rng: np.random.Generator
) -> Glyph:
    """All strokes of `glyphs`, each in its box (float64 (n, 4): x, y, width, height), as one glyph in mm."""
    counts = np.array([len(glyph) for glyph in glyphs])
    strokes = np.concatenate(glyphs) if glyphs else np.empty((0, 3, 2))
    box = np.repeat(boxes_mm, counts, axis=0)
    strokes = strokes + rng.normal(0.0, alphabet.wobble, strokes.shape)
    out = np.empty_like(strokes)
    out[..., 0] = box[:, None, 0] + (strokes[..., 0] + alphabet.slant * (0.5 - strokes[..., 1])) * box[:, None, 2]
    out[..., 1] = box[:, None, 1] + strokes[..., 1] * box[:, None, 3]
    return out


def draw_strokes(ink: InkLayer, strokes_mm: Glyph, pen: Pen, dpi: float, rng: np.random.Generator) -> None:
    """Draw curves, float64 (n, 3, 2) in mm, onto the layer with a pressure that differs from stroke to stroke."""
    if not len(strokes_mm):
        return
    px_per_mm = dpi / MM_PER_INCH
    points = np.einsum("pk,nkd->npd", _BASIS, strokes_mm) * px_per_mm - 0.5
    fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
    pressure = rng.integers(0, 3, len(fixed))
    for level in range(3):
        chosen = fixed[pressure == level]
        if not len(chosen):
            continue
        press = 1.0 + pen.pressure * (level - 1)
        width_px = max(1, round(pen.width_mm * px_per_mm * press))
        darkness = min(1.0, pen.darkness * (0.9 + 0.1 * press))
        cv2.polylines(ink, list(chosen), False, (round(255 * darkness),), width_px, cv2.LINE_AA, _SHIFT)


def join_ink(ink: InkLayer, patch: InkLayer, left_px: int, top_px: int) -> None:
    """Lay a patch of darkness over the layer in place, as ink over ink; what lies outside the layer is dropped."""
    height, width = ink.shape
    x0, y0 = max(left_px, 0), max(top_px, 0)
    x1, y1 = min(left_px + patch.shape[1], width), min(top_px + patch.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    over = patch[y0 - top_px : y1 - top_px, x0 - left_px : x1 - left_px].astype(np.uint16)
    under = ink[y0:y1, x0:x1].astype(np.uint16)
    ink[y0:y1, x0:x1] = (255 - (255 - under) * (255 - over) // 255).astype(np.uint8)
