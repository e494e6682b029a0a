"""Whether an image shows a second sheet beside the one that was found: then neither may be read silently.

In:  the page image, uint8; the registration of the sheet that was found, or none.
Out: yes or no. A readings file has one page row per image, so a picture of two sheets is refused by name.
Costs nothing where the sheet fills its image: only what leaves room for another sheet is looked at again.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.cards.machine_code import parse_payload
from scanning.page.code import find_codes
from scanning.page.fit import Registration
from scanning.page.quality import is_blank, make_thumbnail

# Of two sheets of one size each covers half; seen at a slant the nearer one covers more. A single sheet
# photographed to be read covers three quarters.
ROOM_SHARE = 0.62
_GROW = 1.03  # the sheet's own edge and shadow are not another sheet


def rest_of(grey: NDArray[np.uint8], found: Registration) -> NDArray[np.uint8] | None:
    """The image with the found sheet painted over, where it leaves room for another and shows anything; else None."""
    size = found.page.size
    corners = np.array([[0, 0], [size.width_mm, 0], [size.width_mm, size.height_mm], [0, size.height_mm]])
    middle = corners.mean(axis=0)
    sheet = found.map.apply(middle + _GROW * (corners - middle)).astype(np.float32)
    height, width = grey.shape
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    covered, _ = cv2.intersectConvexConvex(sheet, frame)
    if covered > ROOM_SHARE * _GROW**2 * width * height:
        return None
    rest = grey.copy()
    cv2.fillConvexPoly(rest, np.round(sheet).astype(np.int32), 255)
    return None if is_blank(make_thumbnail(rest, max(size.width_mm, size.height_mm))) else rest


def sheets_by_code(grey: NDArray[np.uint8]) -> int:
    """How many machine codes of our cards the image shows: one for every side of a sheet."""
    return sum(parse_payload(code.text) is not None for code in find_codes(grey))
