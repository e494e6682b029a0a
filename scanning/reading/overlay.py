"""Draw what was read onto the page, for a person who wants to see why.

In:  page image uint8, the card side, the fitted map and the PageReading. Out: uint8 (h, w, 3), BGR.
Green: filled; orange: doubtful; thin grey: empty. Blue: response regions, violet: the page as it was found.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.words import BubbleState
from scanning.cards.template import CardPage
from scanning.page.fit import FittedMap
from scanning.reading.result import PageReading

_COLOURS = {
    BubbleState.FILLED: (40, 160, 20),
    BubbleState.DOUBTFUL: (0, 120, 255),
    BubbleState.EMPTY: (190, 190, 190),
}
_REGION, _PAGE, _REFUSED = (200, 90, 20), (200, 40, 160), (30, 30, 220)


def draw_reading(
    grey: NDArray[np.uint8], page: CardPage | None, fitted: FittedMap | None, reading: PageReading
) -> NDArray[np.uint8]:
    """The page with every decision outlined; a refused page carries its code in red."""
    picture = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    thick = max(1, round(max(grey.shape) / 1200))
    if page is None or fitted is None:
        text = str(reading.code or "")
        cv2.putText(picture, text, (20, 60 * thick), cv2.FONT_HERSHEY_SIMPLEX, 1.4 * thick, _REFUSED, 2 * thick)
        return picture
    for state in (BubbleState.EMPTY, BubbleState.FILLED, BubbleState.DOUBTFUL):
        rects = [
            bubble.rect.corners()
            for field, one in zip(page.fields, reading.fields, strict=True)
            for bubble, decided in zip(field.bubbles, one.bubbles, strict=True)
            if decided.state is state
        ]
        _outline(picture, fitted, rects, _COLOURS[state], 1 if state is BubbleState.EMPTY else 2 * thick)
    _outline(picture, fitted, [region.rect.corners() for region in page.regions], _REGION, thick)
    whole = np.array(
        [[0, 0], [page.size.width_mm, 0], [page.size.width_mm, page.size.height_mm], [0, page.size.height_mm]]
    )
    _outline(picture, fitted, [whole.astype(np.float64)], _PAGE, thick)
    _label(picture, page, fitted, reading, thick)
    return picture


def _outline(
    picture: NDArray[np.uint8],
    fitted: FittedMap,
    quads_mm: list[NDArray[np.float64]],
    colour: tuple[int, int, int],
    thick: int,
) -> None:
    if quads_mm:
        mapped = fitted.apply(np.concatenate(quads_mm)).reshape(-1, 4, 1, 2)
        cv2.polylines(picture, list(np.round(mapped).astype(np.int32)), True, colour, thick)


def _label(picture: NDArray[np.uint8], page: CardPage, fitted: FittedMap, reading: PageReading, thick: int) -> None:
    """The value of every field beside its last bubble (ASCII only: OpenCV's letters know no Chinese)."""
    for field, one in zip(page.fields, reading.fields, strict=True):
        if not field.bubbles or not one.value:
            continue
        last = field.bubbles[-1].rect
        at = fitted.apply(np.array([[last.right_mm + 0.4, last.bottom_mm]]))[0]
        ascii_value = one.value.encode("ascii", "replace").decode("ascii")
        doubtful = one.status.value == "doubtful"
        colour = _COLOURS[BubbleState.DOUBTFUL if doubtful else BubbleState.FILLED]
        text = ascii_value + ("?" if doubtful else "")
        cv2.putText(picture, text, (round(at[0]), round(at[1])), cv2.FONT_HERSHEY_SIMPLEX, 0.45 * thick, colour, thick)
