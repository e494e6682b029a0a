"""Scans of blank cards whose truth is known, and how far what was proposed from them agrees with it.

In:  a printed page, grey, with the card it was printed from; or an invented foreign sheet. Out: Agreement.
"""

from collections import defaultdict
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.cards.importers.blank.proposals import propose_page
from scanning.cards.template import CardPage

Grey = NDArray[np.uint8]
NEAR_MM = 0.9  # the skew of a scan leaves some tenths; the smallest bubbles are 2 mm high


@dataclass(frozen=True)
class Agreement:
    """Counts of bubbles, and the fields that were put together as they are: the same bubbles in the same order."""

    true: int
    proposed: int
    matched: int
    fields: int
    right: list[str]
    wrong: list[str]

    @property
    def recall(self) -> float:
        return self.matched / self.true

    @property
    def precision(self) -> float:
        return self.matched / max(self.proposed, 1)


def scanned(printed: Grey, seed: int) -> Grey:
    """An office scan: a little skewed and darker, grain, JPEG."""
    rng = np.random.default_rng(seed)
    height, width = printed.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-1.5, 1.5)), 1.0)
    image = cv2.warpAffine(printed, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=250).astype(float)
    image = cv2.GaussianBlur(image, (0, 0), 0.7) * 0.94 + rng.normal(0, 4, image.shape)
    data = cv2.imencode(".jpg", np.clip(image, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def compare(page: CardPage, picture: Grey) -> Agreement:
    """What is proposed from the picture, beside the page that was printed."""
    found = propose_page(picture, None, page.size.width_mm)
    proposed = [] if found is None else [(f.id, b) for f in found.page.fields for b in f.bubbles]
    true = [(f.id, b) for f in page.fields for b in f.bubbles]
    places = np.array([(b.rect.center.x_mm, b.rect.center.y_mm) for _, b in proposed]).reshape(-1, 2)
    partner: dict[int, int] = {}
    shift = _shift(page, places)
    for at, (_, bubble) in enumerate(true):
        away = np.abs(places - shift - (bubble.rect.center.x_mm, bubble.rect.center.y_mm)).max(axis=1)
        if away.size and away.min() < NEAR_MM:
            partner[at] = int(away.argmin())
    lines: dict[tuple[str, int], list[int]] = defaultdict(list)
    for at, (name, bubble) in enumerate(true):
        lines[name, bubble.column].append(at)
    own: dict[tuple[str, int], list[int]] = defaultdict(list)
    for at, (name, bubble) in enumerate(proposed):
        own[name, bubble.column].append(at)
    groups = set(map(tuple, own.values()))
    right, wrong = [], []
    for (name, _), members in lines.items():
        same = tuple(partner.get(at, -1) for at in members) in groups
        (right if same else wrong).append(name)
    return Agreement(len(true), len(proposed), len(set(partner.values())), len(lines), right, wrong)


def _shift(page: CardPage, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far all proposals lie beside their places: half a millimetre of a scan's margin is no mistake."""
    true = np.array([(b.rect.center.x_mm, b.rect.center.y_mm) for f in page.fields for b in f.bubbles])
    if not len(places):
        return np.zeros(2)
    away = places[:, None, :] - true[None, :, :]
    nearest = away[np.arange(len(places)), np.hypot(away[..., 0], away[..., 1]).argmin(axis=1)]
    return np.asarray(np.median(nearest, axis=0))
