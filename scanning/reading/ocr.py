"""Read the printed candidate number by OCR, as one more voice where bubbles and barcode leave a question.

In:  page image uint8, the fitted map, the rectangle of the printed number.
Out: the digits, empty when nothing sure was read. A call takes 0.2 s, so it is made only where it can decide.
"""

import cv2
import numpy as np
import pytesseract
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.page.code import upright_box
from scanning.page.fit import FittedMap

_CONFIG = "--psm 7 -c tessedit_char_whitelist=0123456789"
_TALL_PX = 48  # Tesseract reads lines of about this height best


class OcrMissing(Exception):
    """Tesseract is not installed on this computer."""


def read_printed_number(grey: NDArray[np.uint8], fitted: FittedMap, rect: RectMm, turned_deg: int) -> str:
    """The digits printed in the rectangle. Raises OcrMissing where Tesseract is not installed."""
    box = upright_box(grey, fitted, rect)
    if min(box.shape) < 6:
        return ""
    upright = np.rot90(box, turned_deg // 90)  # the image shows the page turned clockwise; this turns it back
    scale = max(1.0, 2 * _TALL_PX / max(upright.shape[0], 1))
    line = cv2.resize(np.ascontiguousarray(upright), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    line = cv2.copyMakeBorder(line, 16, 16, 16, 16, cv2.BORDER_REPLICATE)
    try:
        text = pytesseract.image_to_string(line, config=_CONFIG, timeout=10)
    except pytesseract.TesseractNotFoundError as error:
        raise OcrMissing from error
    except (pytesseract.TesseractError, RuntimeError):
        return ""  # no digits, or it took too long: a voice that says nothing
    return "".join(character for character in text if character.isascii() and character.isdigit())
