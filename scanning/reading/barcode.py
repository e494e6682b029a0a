"""The candidate's barcode: printed or stuck, straight, turned, crumpled or partly covered.

In:  page image uint8, the fitted map, the barcode places of a side.
Out: the texts that were read, best first; none when nothing can be read.
"""

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from scanning.cards.template import Barcode
from scanning.page.code import upright_box
from scanning.page.fit import FittedMap

_FORMATS = {
    "code128": zxingcpp.BarcodeFormat.Code128,
    "qr": zxingcpp.BarcodeFormat.QRCode,
    "qrcode": zxingcpp.BarcodeFormat.QRCode,
}
_ANY = (zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.QRCode)
_GROW_MM = 4.0  # stickers are stuck beside their place
_DARK_SHARE = 0.02  # an empty place has its frame and a hint printed in it, no bars: nothing to try harder for


def read_barcode(grey: NDArray[np.uint8], fitted: FittedMap, barcode: Barcode) -> tuple[str, ...]:
    """Every different text in the barcode's place. More than one means that two codes are stuck there."""
    box = upright_box(grey, fitted, barcode.rect.grown(_GROW_MM))
    if min(box.shape) < 12:
        return ()
    found = _texts(box, _FORMATS.get(barcode.symbology.lower(), _ANY))
    if found or not _has_bars(box):
        return found
    for attempt in (_enlarged(box), cv2.medianBlur(box, 3), _smeared(box)):
        found = _texts(np.asarray(attempt, dtype=np.uint8), _ANY)
        if found:
            return found
    return ()


def _texts(image: NDArray[np.uint8], formats: object) -> tuple[str, ...]:
    found = zxingcpp.read_barcodes(image, formats=formats, try_invert=False)
    return tuple(dict.fromkeys(one.text for one in found if one.text))


def _has_bars(box: NDArray[np.uint8]) -> bool:
    paper = float(np.partition(box[::3, ::3].ravel(), box[::3, ::3].size * 3 // 4)[box[::3, ::3].size * 3 // 4])
    return float(np.count_nonzero(box < 0.6 * paper)) / box.size > 5 * _DARK_SHARE


def _enlarged(box: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(box, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _smeared(box: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Averaged along the bars of an upright code: crumples and grain vanish, the bars stay."""
    along = (1, 9) if box.shape[1] >= box.shape[0] else (9, 1)
    return np.asarray(cv2.blur(box, along), dtype=np.uint8)
