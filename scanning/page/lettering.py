"""Do the letters printed in a foreign card's bubbles stand upright and in their order?

In:  a grey image, uint8 (h, w); a card page and its fitted map, from mm to px.
Out: Lettering: how much what is printed in the bubbles looks like their labels (-1..1), as it stands and at best when
     turned, mirrored, or with each row of options backwards.
A block of bubbles may lie on the page turned or mirrored and fit as well as before; its letters do not. Which
typeface a stranger's card is printed in is unknown: plain strokes of several sizes are compared with what the
bubbles of one label have in common and those of another do not.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.cards.template import CardPage
from scanning.page.bubble_print import sampled, scale_at
from scanning.page.fit import FittedMap

Faces = NDArray[np.float32]

SIDE = 24  # samples along the middle square of a bubble; its letter is half as high
SQUARE = 0.9  # of the bubble's smaller side: the letter and the innermost part of the outline
LEAST_BUBBLES = 3  # of one label, of which one may be filled
EMPTY_SHARE = 0.35  # more of a label's bubbles than this are rarely filled in
SIZES = (0.4, 0.5, 0.6, 0.7, 0.8)  # heights of a letter as shares of the square
BLURS = (1.0, 2.2)  # samples; a letter of four pixels is a smudge
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX)
_FINE = 8


@dataclass(frozen=True, slots=True)
class Lettering:
    """`upright` is the likeness to the labels as they should stand, `otherwise` the best in any other way."""

    upright: float
    otherwise: float


@dataclass(frozen=True, slots=True, eq=False)
class _Set:
    """Labels that are chosen from, and what the bubbles of each show beyond what all show, (n, SIDE, SIDE)."""

    labels: str
    faces: Faces


def look_at_letters(grey: NDArray[np.uint8], page: CardPage, fitted: FittedMap) -> Lettering:
    """Compare; 0 and 0 where no bubble has a Latin letter or digit as its label."""
    sets = _sets(page, _patches(grey, page, fitted))
    weight = sum(len(one.labels) for one in sets)
    if not weight:
        return Lettering(0.0, 0.0)
    scores: dict[tuple[int, bool], NDArray[np.float64]] = {}
    for one in sets:
        for turn in range(8):
            faces = _turned(one.faces, turn)  # the faces are turned back instead of the letters
            for backwards in (False, True):
                drawn = _drawn(one.labels[::-1] if backwards else one.labels)
                likeness = np.tensordot(drawn, faces, axes=3) * len(one.labels) / weight
                scores[turn, backwards] = scores.get((turn, backwards), 0.0) + likeness
    best = {key: float(value.max()) for key, value in scores.items()}
    upright = best.pop((0, False))
    return Lettering(upright, max(best.values()))


def _patches(grey: NDArray[np.uint8], page: CardPage, fitted: FittedMap) -> Faces:
    """The middle of every bubble in card order, float32 (n, SIDE, SIDE): 0 = paper, 1 = black."""
    rects = [bubble.rect for field in page.fields for bubble in field.bubbles]
    centers = np.array([(rect.center.x_mm, rect.center.y_mm) for rect in rects])
    sides = np.array([SQUARE * min(rect.width_mm, rect.height_mm) for rect in rects])
    along = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    offsets = np.stack(np.meshgrid(along, along), axis=-1)
    points = centers[:, None, None, :] + offsets * sides[:, None, None, None]
    at = fitted.apply(points.reshape(-1, 2)).reshape(len(rects), -1, 2)
    step_px = float(np.median(sides)) * scale_at(fitted.image_from_card, centers.mean(axis=0)) / SIDE
    source = cv2.GaussianBlur(grey, (0, 0), 0.5 * step_px) if step_px > 1 else grey
    values = sampled(source.astype(np.float32), at)
    paper = np.percentile(values, 95, axis=1, keepdims=True)
    return np.asarray(1 - values / np.maximum(paper, 1), dtype=np.float32).reshape(-1, SIDE, SIDE)


def _sets(page: CardPage, patches: Faces) -> list[_Set]:
    """What each set of options prints in its bubbles, where its labels are single letters or digits."""
    members: dict[str, dict[str, list[int]]] = {}
    at = 0
    for field in page.fields:
        columns: dict[int, list[str]] = {}
        for bubble in field.bubbles:
            columns.setdefault(bubble.column, []).append(bubble.label)
        for bubble in field.bubbles:
            options = columns[bubble.column]
            if len(options) > 1 and all(len(one) == 1 and one.isascii() and one.isalnum() for one in options):
                members.setdefault("".join(options), {}).setdefault(bubble.label, []).append(at)
            at += 1
    sets = []
    for labels, by_label in members.items():
        if len(by_label) < len(labels) or min(len(own) for own in by_label.values()) < LEAST_BUBBLES:
            continue
        common = np.stack([np.quantile(patches[by_label[label]], EMPTY_SHARE, axis=0) for label in labels])
        sets.append(_Set(labels, _normed(common)))
    return sets


def _normed(faces: NDArray[np.floating]) -> Faces:
    """What each of the faces (…, n, SIDE, SIDE) has beyond their mean, as one vector of length 1."""
    own = faces - faces.mean(axis=-3, keepdims=True)
    own = own - own.mean(axis=(-2, -1), keepdims=True)
    length = np.sqrt((own**2).sum(axis=(-3, -2, -1), keepdims=True))
    return np.asarray(own / np.maximum(length, 1e-6), dtype=np.float32)


def _turned(faces: Faces, turn: int) -> Faces:
    """One of the eight ways to lay a square."""
    mirrored = faces[:, :, ::-1] if turn >= 4 else faces
    return np.asarray(np.rot90(mirrored, turn % 4, axes=(1, 2)), dtype=np.float32)


@lru_cache(maxsize=64)
def _drawn(labels: str) -> Faces:
    """The labels in every typeface, size and sharpness, float32 (k, n, SIDE, SIDE)."""
    ways = [
        [_letter(label, font, size, blur) for label in labels] for font in FONTS for size in SIZES for blur in BLURS
    ]
    return _normed(np.array(ways, dtype=np.float32))


def _letter(label: str, font: int, size: float, blur: float) -> NDArray[np.float32]:
    side = SIDE * _FINE
    canvas = np.zeros((side, side), dtype=np.uint8)
    scale = size * side / 21  # letters of these fonts are 21 units high
    thick = max(1, round(2.4 * scale))
    (width, height), _ = cv2.getTextSize(label, font, scale, thick)
    place = (round(side / 2 - width / 2), round(side / 2 + height / 2))
    cv2.putText(canvas, label, place, font, scale, 255, thick, cv2.LINE_AA)
    small = cv2.resize(canvas, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), blur), dtype=np.float32)
