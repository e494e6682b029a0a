"""Pictures of scanned pages for the browser: the whole page, or the place of one field.

In:  the stored bytes of a page image, what was read on it, its card. Out: grey JPEG without any metadata.
Everything is decoded and encoded anew, so that bytes from outside never reach a browser as they came.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import NotFound, mark_text
from models.words import PageCode
from scanning.cards.template import CardTemplate
from scanning.page.image import Refusal, decode_page

PAGE_WIDTH_PX = 1400
FIELD_HEIGHT_PX = 150
_BESIDE_MM, _ABOVE_MM = 6.0, 1.6  # the printed number beside, and hardly anything of the rows above and below
_PX_PER_MM = 12.0
_QUALITY = 80

_NO_PICTURE = frozenset(
    {
        PageCode.UNREADABLE_FILE,
        PageCode.TRUNCATED_IMAGE,
        PageCode.NOT_AN_IMAGE,
        PageCode.ENCRYPTED_FILE,
        PageCode.TOO_LARGE,
    }
)


def has_picture(code: PageCode | None) -> bool:
    """Whether a page with this code can be shown at all."""
    return code not in _NO_PICTURE


def whole_page(data: bytes) -> bytes:
    """The page at most 1400 px wide. Raises NotFound where the bytes are no image."""
    grey = _decode(data)
    height, width = grey.shape
    if width > PAGE_WIDTH_PX:
        size = (PAGE_WIDTH_PX, round(height * PAGE_WIDTH_PX / width))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return _encode(grey)


def turned_upright(data: bytes, turned_deg: int) -> bytes:
    """As `whole_page`, after turning the page back by the quarter turns that the reader found."""
    grey = _decode(data)
    turns = (turned_deg // 90) % 4
    return whole_page(_encode(np.ascontiguousarray(np.rot90(grey, turns)))) if turns else whole_page(data)


def field_picture(
    data: bytes, card: CardTemplate, side: int, corners_px: tuple[tuple[float, float], ...], field_id: str
) -> bytes:
    """The bubbles of a field with some paper around them, upright. Raises NotFound where the card has no such field."""
    page = next((each for each in card.pages if each.page == side), None)
    field = next((each for each in page.fields if each.id == field_id), None) if page is not None else None
    if page is None or field is None or len(corners_px) != 4:
        raise NotFound(what=mark_text("field"), name=field_id[:60])
    rects = [bubble.rect for bubble in field.bubbles]
    left = min(rect.x_mm for rect in rects) - _BESIDE_MM
    top = min(rect.y_mm for rect in rects) - _ABOVE_MM
    right = max(rect.x_mm + rect.width_mm for rect in rects) + _BESIDE_MM
    bottom = max(rect.y_mm + rect.height_mm for rect in rects) + _ABOVE_MM
    size = page.size
    mm = np.array([[0, 0], [size.width_mm, 0], [size.width_mm, size.height_mm], [0, size.height_mm]], dtype=np.float32)
    crop_from_mm = np.array([[_PX_PER_MM, 0, -left * _PX_PER_MM], [0, _PX_PER_MM, -top * _PX_PER_MM], [0, 0, 1]])
    mm_from_image = cv2.getPerspectiveTransform(np.array(corners_px, dtype=np.float32), mm)
    shape = (max(1, round((right - left) * _PX_PER_MM)), max(1, round((bottom - top) * _PX_PER_MM)))
    warped = cv2.warpPerspective(_decode(data), crop_from_mm @ mm_from_image, shape, borderValue=255)
    return _encode(np.asarray(warped, dtype=np.uint8))


def _decode(data: bytes) -> NDArray[np.uint8]:
    image = decode_page(data)
    if isinstance(image, Refusal):
        raise NotFound(what=mark_text("picture"), name=image.code.value)
    return image.grey


def _encode(grey: NDArray[np.uint8]) -> bytes:
    _done, encoded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return encoded.tobytes()
