"""The picture that shows a person what was found on a blank card: every field, box and mark with its name.

In:  a ProposedPage. Out: PNG bytes, in colour, at 8 px a mm.
"""

import cv2
import numpy as np

from models.geometry import RectMm
from models.words import FieldKind
from scanning.cards.importers.blank.proposals import ProposedPage
from scanning.cards.importers.blank.sheet import PX_PER_MM
from scanning.cards.template import Field

_COLOURS = {  # blue, green, red
    FieldKind.DIGITS: (30, 130, 0),
    FieldKind.SINGLE: (200, 60, 0),
    FieldKind.JUDGE: (180, 0, 160),
    FieldKind.FLAG: (0, 0, 220),
}
_BOX, _MARK = (0, 120, 240), (150, 150, 0)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_proposals(proposed: ProposedPage) -> bytes:
    """The page, paler, with everything found drawn onto it."""
    picture = cv2.cvtColor((128 + proposed.grey // 2).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    for field in proposed.page.fields:
        colour = _COLOURS.get(field.kind, (0, 0, 0))
        for bubble in field.bubbles:
            _box(picture, bubble.rect, colour, 2)
            x, y = bubble.rect.center.x_mm * PX_PER_MM, bubble.rect.center.y_mm * PX_PER_MM
            _text(picture, bubble.label, (x - 5, y + 6), 0.5, colour)
        _name(picture, field, colour)
    for region in proposed.page.regions:
        _box(picture, region.rect, _BOX, 4)
        _text(picture, region.id, (region.rect.x_mm * PX_PER_MM + 8, region.rect.y_mm * PX_PER_MM + 30), 0.9, _BOX)
    marks = [(one.id, one.rect) for one in proposed.page.fiducials]
    marks += [(track.id if at == 0 else "", bar) for track in proposed.page.tracks for at, bar in enumerate(track.bars)]
    for name, rect in marks:
        _box(picture, rect, _MARK, 3)
        if name:
            _text(picture, name, (rect.x_mm * PX_PER_MM, rect.y_mm * PX_PER_MM - 5), 0.5, _MARK)
    return cv2.imencode(".png", picture)[1].tobytes()


def _name(picture: np.typing.NDArray[np.uint8], field: Field, colour: tuple[int, int, int]) -> None:
    """An item's number to the left of its first bubble, or above it where bubbles stand below one another."""
    first = field.bubbles[0].rect
    name = field.id.removeprefix("item:")
    if field.kind is FieldKind.DIGITS:
        name = f"{field.id} ({field.columns})"
    down = len(field.bubbles) > 1 and field.bubbles[1].rect.y_mm > first.bottom_mm
    x, y = first.x_mm * PX_PER_MM, first.y_mm * PX_PER_MM
    above = down or field.kind is FieldKind.DIGITS
    beside = (x - 14 * len(name) - 4, y + 0.7 * first.height_mm * PX_PER_MM)
    _text(picture, name, (x, y - 6) if above else beside, 0.6, colour)


def _box(picture: np.typing.NDArray[np.uint8], rect: RectMm, colour: tuple[int, int, int], line_px: int) -> None:
    first = (round(rect.x_mm * PX_PER_MM), round(rect.y_mm * PX_PER_MM))
    last = (round(rect.right_mm * PX_PER_MM), round(rect.bottom_mm * PX_PER_MM))
    cv2.rectangle(picture, first, last, colour, line_px)


def _text(
    picture: np.typing.NDArray[np.uint8], text: str, at: tuple[float, float], size: float, colour: tuple[int, int, int]
) -> None:
    place = (max(0, round(at[0])), max(12, round(at[1])))
    cv2.putText(picture, text, place, _FONT, size, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.putText(picture, text, place, _FONT, size, colour, 2, cv2.LINE_AA)
