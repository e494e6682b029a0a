"""What a worker does with one stored page image: decode, read with the paper's card, cut, make a small picture.

In:  the id and encoded bytes of a page image. Out: StoredReading: which version of the card it is, the whole reading
with its crops, and a small JPEG for lists. Imports neither SQLAlchemy nor Flask: it runs in worker processes.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.words import PageCode
from scanning.cards.template import CardTemplate
from scanning.page.image import Refusal, decode_page
from scanning.read_page import ReadingOptions, read_page
from scanning.reading.result import PageReading

PREVIEW_WIDTH_PX = 620  # a page side by side with another on a laptop; printed words are still legible
PREVIEW_QUALITY = 60


@dataclass(frozen=True, slots=True)
class GivenPage:
    """One page image to read."""

    page_id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class StoredReading:
    """What was read on a page image; `card_id` is the version it was read with, None where it is none of them."""

    page_id: int
    card_id: int | None
    reading: PageReading
    preview: bytes | None


@dataclass(frozen=True, slots=True, eq=False)
class PageWork:
    """The work of one worker. `cards` are the versions of the paper's card by row id, the newest first."""

    cards: tuple[tuple[int, CardTemplate], ...]
    options: ReadingOptions = field(default_factory=ReadingOptions)

    def __call__(self, given: GivenPage) -> StoredReading:
        """Read one page; bad input becomes a reading with a code."""
        image = decode_page(given.data, self.options.limits)
        if isinstance(image, Refusal):
            reading = PageReading(side=None, code=image.code, detail=image.detail)
            return StoredReading(given.page_id, None, reading, None)
        reading = PageReading(side=None, code=PageCode.UNREGISTERED)
        used: int | None = None
        for card_id, card in self.cards:
            reading = read_page(image.grey, card, self.options, image.warnings)
            used = card_id
            if reading.code is not PageCode.WRONG_VERSION:
                break  # only another version of the same card is worth another look
        return StoredReading(
            given.page_id, used if reading.code is None else None, reading, make_preview(image.grey, reading.turned_deg)
        )


def make_preview(grey: NDArray[np.uint8], turned_deg: int) -> bytes:
    """A small upright JPEG of a page."""
    upright = np.rot90(grey, turned_deg // 90)
    height, width = upright.shape
    scale = min(1.0, PREVIEW_WIDTH_PX / min(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(np.ascontiguousarray(upright), size, interpolation=cv2.INTER_AREA)
    done, encoded = cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY))
    if not done:
        raise ValueError(f"a page of {grey.shape} px cannot be encoded")
    return encoded.tobytes()
