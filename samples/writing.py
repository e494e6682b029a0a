"""Writing-like ink in response regions: lines of digits, signs and characters, and squares of an essay.

In:  a region's rectangle in mm, what is written there, a Hand, a numpy Generator.
Out: strokes, float64 (n, 3, 2) in mm, for samples/strokes.py to draw.
"""

import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from samples.hand import Hand, Writing
from samples.strokes import DIGITS, SIGNS, Glyph, place_glyphs


def write(rect: RectMm, writing: Writing, hand: Hand, rng: np.random.Generator) -> Glyph:
    """The strokes of one answer, float64 (n, 3, 2) in mm."""
    boxes = _essay_boxes(rect, writing, rng) if writing.grid else _line_boxes(rect, writing, rng)
    signs = {"short": 0.9, "steps": 0.75, "text": 0.08, "essay": 0.0}[writing.manner]
    digits = list(DIGITS.values())
    glyphs: list[Glyph] = []
    for kind, which in zip(rng.random(len(boxes)), rng.integers(0, 1 << 16, len(boxes)), strict=True):
        if kind < signs * 0.6:
            glyphs.append(digits[which % len(digits)])
        elif kind < signs:
            glyphs.append(SIGNS[which % len(SIGNS)])
        else:
            glyphs.append(hand.alphabet.characters[which % len(hand.alphabet.characters)])
    return place_glyphs(glyphs, boxes, hand.alphabet, rng) if glyphs else np.empty((0, 3, 2))


def write_line(rect: RectMm, hand: Hand, rng: np.random.Generator) -> Glyph:
    """The strokes of one line of characters that fills a rectangle, float64 (n, 3, 2) in mm."""
    size = rect.height_mm
    n_glyphs = max(1, round(rect.width_mm / (1.05 * size)))
    width = rect.width_mm / n_glyphs
    boxes = np.array([[rect.x_mm + at * width, rect.y_mm, 0.9 * width, size] for at in range(n_glyphs)])
    which = rng.integers(0, len(hand.alphabet.characters), n_glyphs)
    return place_glyphs([hand.alphabet.characters[int(at)] for at in which], boxes, hand.alphabet, rng)


def _line_boxes(rect: RectMm, writing: Writing, rng: np.random.Generator) -> NDArray[np.float64]:
    """Glyph boxes on lines, float64 (n, 4): ragged right ends, as many lines as `amount` of the height allows."""
    start_x, start_y = writing.start_mm
    start_y = min(start_y, rect.height_mm * 0.35)
    size = min(float(rng.uniform(3.2, 4.6)), rect.height_mm * 0.45)
    pitch = size * rng.uniform(1.6, 2.1)
    n_lines = max(1, round((rect.height_mm - start_y) * writing.amount / pitch))
    lines: list[NDArray[np.float64]] = []
    for line in range(n_lines):
        y_mm = start_y + line * pitch
        if y_mm + size > rect.height_mm - 0.5:
            break
        full = rect.width_mm - start_x - 3
        length = full * rng.uniform(0.25, 0.5) if writing.manner == "short" else full * rng.uniform(0.45, 0.95)
        if writing.over_border and line == n_lines - 1:
            length = full + rng.uniform(5, 9)
        widths = size * rng.uniform(0.5, 0.85, max(1, int(length / (size * 0.85))))
        gaps = size * np.where(rng.random(len(widths)) < 0.12, 0.8, 0.22)  # now and then a space between words
        x_mm = start_x + np.concatenate(([0.0], np.cumsum(widths + gaps)[:-1]))
        inside = x_mm + widths < rect.width_mm - 1 if not writing.over_border else x_mm < rect.width_mm + 12
        x_mm, widths = x_mm[inside], widths[inside]
        drift = float(np.clip(rng.normal(0, 0.006), -0.012, 0.012)) * (x_mm - start_x)
        heights = size * rng.uniform(0.8, 1.0, len(widths))
        lines.append(np.stack([rect.x_mm + x_mm, rect.y_mm + y_mm + drift, widths, heights], axis=1))
    return np.concatenate(lines) if lines else np.empty((0, 4))


def _essay_boxes(rect: RectMm, writing: Writing, rng: np.random.Generator) -> NDArray[np.float64]:
    """One box per used square, float64 (n, 4): a centred title, then paragraphs that start two squares in."""
    grid = writing.grid
    if grid is None:
        return np.empty((0, 4))
    start_x, start_y = writing.start_mm
    pitch_y = writing.row_mm or grid.cell_mm
    n_rows = min(grid.rows, int((rect.height_mm - start_y + 0.5) / pitch_y))
    used = np.zeros((n_rows, grid.columns), dtype=np.bool_)
    for row in range(min(n_rows, max(1, round(n_rows * writing.amount)))):
        begin, end = 0, grid.columns
        if row == 0 and writing.part == 1:
            begin, end = grid.columns // 3, grid.columns // 3 + int(rng.integers(3, 7))
        elif row == 1 or rng.random() < 0.15:
            begin = 2
        elif rng.random() < 0.12:
            end = int(rng.integers(2, grid.columns))
        used[row, begin:end] = True
    rows, columns = np.nonzero(used)
    size = grid.cell_mm * rng.uniform(0.6, 0.75, len(rows))
    slack = grid.cell_mm - size
    x_mm = rect.x_mm + start_x + columns * grid.cell_mm + slack * rng.uniform(0.35, 0.65, len(rows))
    y_mm = rect.y_mm + start_y + rows * pitch_y + slack * rng.uniform(0.3, 0.7, len(rows))
    return np.stack([x_mm, y_mm, size, size], axis=1)
