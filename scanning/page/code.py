"""The machine code of a side: which side of which version of which card this is.

In:  the page image, uint8, and where the code should be, through a map; or the whole page as a last resort.
Out: whether the code that a side should carry is there; or else the texts found. Restricting formats and region makes
reading 0.2 ms instead of 150, and comparing module by module a third of that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.cards.machine_code import code_modules
from scanning.cards.template import CardPage
from scanning.page.fit import FittedMap
from scanning.page.probes import sample

# Two codes of 26 words, 16 of them text, differ in at least 11 words: no other is as near as 5 modules.
_MOST_WRONG = 5
_CONTRAST = 40  # grey levels between dark and light modules; paper alone spans less
_FEWEST_DIFFERENT = 40  # modules; by chance half of them agree, of forty hardly ever three quarters
_LIKE = 0.75
_EYE = 9  # modules: a finder pattern with what stands beside it
_STRANGE = 0.08  # of the modules of one colour: another version's code differs in a fifth of them
_ALIKE = 0.6  # correlation with this code, sharp or blurred: another version's has 0.3
_BLURRED = (0.7, 1.2, 2.0)  # modules, standard deviation
_TRIED_MM = (-0.3, 0.0, 0.3)
_GROW_MM = 3.0  # quiet zone, and room for a fit that is not refined yet
_FORMATS = zxingcpp.BarcodeFormat.QRCode


@dataclass(frozen=True, slots=True, eq=False)
class CodePattern:
    """A code as a side should show it: the middles `place_mm` (m, 2) of its modules, and which are `dark` (m,)."""

    place_mm: NDArray[np.float64]
    dark: NDArray[np.bool_]


def make_pattern(page: CardPage) -> CodePattern | None:
    """The pattern of a side, as we print it; None where it has no code."""
    if page.code is None or page.code.is_empty or not page.code_payload:
        return None
    dark = code_modules(page.code_payload)
    across, down = page.code.width_mm / dark.shape[1], page.code.height_mm / dark.shape[0]
    row, column = np.indices(dark.shape)
    x, y = page.code.x_mm + (column + 0.5) * across, page.code.y_mm + (row + 0.5) * down
    return CodePattern(np.column_stack([x.ravel(), y.ravel()]), dark.ravel())


def shows_code(grey: NDArray[np.uint8], fitted: FittedMap, pattern: CodePattern) -> bool:
    """Whether exactly this code stands at its place, up to what can make no other code of it.

    False says nothing: the code may be damaged, drawn in another way, or another one. Then it must be read.
    """
    at = fitted.apply(pattern.place_mm).astype(np.float32)
    values = sample(grey, at[None, :, 0], at[None, :, 1])[0]
    light, dark = float(values[~pattern.dark].mean()), float(values[pattern.dark].mean())
    if light - dark < _CONTRAST:
        return False
    return int(np.count_nonzero((values < (light + dark) / 2) != pattern.dark)) <= _MOST_WRONG


def which_code(grey: NDArray[np.uint8], fitted: FittedMap, patterns: Sequence[CodePattern]) -> int | None:
    """Which of several codes that may stand at one place it looks like, where it cannot be read; None if like none.

    A code that is smeared, bleached or half covered still has more of its own modules than of another's. Only modules
    in which two codes differ count, and the places are tried a little to all sides: the map may be half a module off.
    """
    for at, mine in enumerate(patterns):
        others = [other for beside, other in enumerate(patterns) if beside != at]
        if others and all(_more_like(grey, fitted, mine, other) for other in others):
            return at
    return None


def _more_like(grey: NDArray[np.uint8], fitted: FittedMap, mine: CodePattern, other: CodePattern) -> bool:
    differ = np.flatnonzero(mine.dark != other.dark) if mine.dark.size == other.dark.size else np.empty(0, np.intp)
    if differ.size < _FEWEST_DIFFERENT:
        return False
    dark = mine.dark[differ]
    best = 0.0
    for dx in _TRIED_MM:
        for dy in _TRIED_MM:
            at = fitted.apply(mine.place_mm[differ] + np.array([dx, dy])).astype(np.float32)
            values = sample(grey, at[None, :, 0], at[None, :, 1])[0]
            best = max(best, float(((values < np.median(values)) == dark).mean()))
    return best >= _LIKE


def is_another(grey: NDArray[np.uint8], fitted: FittedMap, pattern: CodePattern) -> bool:
    """Whether a code that cannot be read is, as far as it shows, not this one.

    Toner that spreads only darkens modules, what bleaches, covers or wears off only lightens them: of a side's own code
    either nearly all dark modules are still dark, or nearly all light ones light; or it is blurred as a whole. Another
    code of the same kind has its own modules. Where no code shows at all, nothing speaks against it.
    """
    modules = round(pattern.dark.size**0.5)
    row, column = np.indices((modules, modules)).reshape(2, -1)
    far_row, far_column = row >= modules - _EYE, column >= modules - _EYE
    # The eyes in three corners are the same in every code.
    own = ~((row < _EYE) & (column < _EYE) | (row < _EYE) & far_column | far_row & (column < _EYE))
    places, dark = pattern.place_mm[own], pattern.dark[own]
    light = np.where(pattern.dark, 0.0, 1.0).reshape(modules, modules)
    looks = [light, *(cv2.GaussianBlur(light, (0, 0), blur, borderType=cv2.BORDER_CONSTANT) for blur in _BLURRED)]
    wanted = [one.ravel()[own] for one in looks]
    best, share, alike = -1.0, 0.0, -1.0
    for dx in _TRIED_MM:
        for dy in _TRIED_MM:
            at = fitted.apply(places + np.array([dx, dy])).astype(np.float32)
            values = sample(grey, at[None, :, 0], at[None, :, 1])[0]
            low, high = (float(value) for value in np.percentile(values, (2, 98)))
            if high - low < _CONTRAST:
                return False
            alike = max(alike, *(float(np.corrcoef(values, one)[0, 1]) for one in wanted))
            is_dark = values < (low + high) / 2
            gone, new = float((~is_dark[dark]).mean()), float(is_dark[~dark].mean())
            if 1 - gone - new > best:  # the place at which it looks most like it
                best, share = 1 - gone - new, min(gone, new)
    return share > _STRANGE and alike < _ALIKE


def read_code(grey: NDArray[np.uint8], fitted: FittedMap, place: RectMm) -> str:
    """The text of the machine code at its place, empty when there is none that can be read."""
    box = upright_box(grey, fitted, place.grown(_GROW_MM))
    if box.size == 0 or min(box.shape) < 12:
        return ""
    for attempt in (box, _enlarged(box)):
        text = _texts(attempt)
        if text:
            return text[0]
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class CodePlace:
    """One machine code on the image: its text and its corners, float64 (4, 2) px, clockwise from its own top left."""

    text: str
    corners_px: NDArray[np.float64]


def find_codes(grey: NDArray[np.uint8]) -> list[CodePlace]:
    """Every QR code on the page, wherever it stands: a tenth of a second, only for pages that fit no card."""
    places = []
    for one in zxingcpp.read_barcodes(grey, formats=_FORMATS, try_invert=False):
        at = one.position
        corners = [(p.x, p.y) for p in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)]
        if one.text:
            places.append(CodePlace(one.text, np.array(corners, dtype=np.float64)))
    return places


def upright_box(grey: NDArray[np.uint8], fitted: FittedMap, rect: RectMm) -> NDArray[np.uint8]:
    """The smallest upright part of the image that holds the rectangle, contiguous; empty when it is outside."""
    corners = fitted.apply(rect.corners())
    left, top = np.floor(np.clip(corners.min(axis=0), 0, None)).astype(int)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    return np.ascontiguousarray(grey[top : max(bottom, top), left : max(right, left)])


def _enlarged(box: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Twice the size and full contrast: helps with 150 dpi and pale photocopies."""
    stretched = cv2.normalize(box, None, 0, 255, cv2.NORM_MINMAX)
    return np.asarray(cv2.resize(stretched, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _texts(image: NDArray[np.uint8]) -> list[str]:
    found = zxingcpp.read_barcodes(image, formats=_FORMATS, try_invert=False)
    return [one.text for one in found if one.text]
