"""Bytes become one grey page image, or a named reason why not.

In:  the bytes of one JPEG, PNG, single-frame TIFF, BMP or WebP; ImageLimits.
Out: PageImage with uint8 (height, width), 0 = black, turned upright by its EXIF note; or a Refusal.
The header is looked at before any pixel is decoded: 74 KB of PNG can ask for gigabytes. A decoder that
succeeds proves little (libjpeg fills what is missing with grey), so the end of the file is checked as well.
"""

import io
import os
import struct
import warnings as python_warnings
from dataclasses import dataclass

# The second line of defence behind the header check; OpenCV reads it once, when it is first imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(120_000_000))

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from models.errors import mark_text
from models.words import PageCode


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an image was not read: the code for tables and files, and a detail for the person who looks."""

    code: PageCode
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """How large a page may be. A3 at 600 dpi has 70 million pixels; nothing larger is a page."""

    max_pixels: int = 75_000_000
    min_side_px: int = 64  # below this there is no page, only an icon or a broken header


@dataclass(frozen=True, slots=True, eq=False)
class PageImage:
    """A decoded page: `grey` uint8 (height, width); `warnings` are fixed words (``one_bit``)."""

    grey: NDArray[np.uint8]
    warnings: tuple[str, ...] = ()


_MISSING_GREY = 128  # what libjpeg puts where data are missing
_TAIL_ROWS = 12  # so many identical grey rows at the end are a truncated file, not paper


def decode_page(data: bytes, limits: ImageLimits | None = None) -> PageImage | Refusal:
    """Decode one page image to grey. Never raises for bad input."""
    limits = limits or ImageLimits()
    if not data:
        return Refusal(PageCode.UNREADABLE_FILE, mark_text("the file is empty"))
    size = header_size(data)
    if isinstance(size, Refusal):
        return size
    refusal = check_size(size, limits)
    if refusal is not None:
        return refusal
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _decode_by_pillow(data, limits)
    damage = _looks_truncated(data)
    if damage is not None:
        return damage
    decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    if decoded is None or decoded.ndim != 2:
        return Refusal(PageCode.UNREADABLE_FILE, mark_text("the image data are damaged"))
    grey = np.asarray(decoded, dtype=np.uint8)
    if data[:2] == b"\xff\xd8" and _has_missing_tail(grey):
        return Refusal(PageCode.TRUNCATED_IMAGE, mark_text("the lower part of the picture is missing"))
    return PageImage(grey, ("one_bit",) if is_one_bit(grey) else ())


def check_size(size: tuple[int, int], limits: ImageLimits) -> Refusal | None:
    """Whether (width, height) in px is the size of a page."""
    width, height = size
    if width * height > limits.max_pixels:
        return Refusal(PageCode.TOO_LARGE, f"{width} x {height} px")
    if min(width, height) < limits.min_side_px:
        return Refusal(PageCode.UNREADABLE_FILE, f"only {width} x {height} px")
    return None


def is_one_bit(grey: NDArray[np.uint8]) -> bool:
    """Whether the page has two grey values only: pale pencil may have been lost before it came to us."""
    sample = grey[:: max(1, grey.shape[0] // 97), :: max(1, grey.shape[1] // 97)]
    if len(set(sample[sample.shape[0] // 2].tolist())) > 2:
        return False  # nearly every page, and no need to look all over it
    low, high = sample.min(), sample.max()
    return high > low and bool(np.all((sample == low) | (sample == high)))


def header_size(data: bytes) -> tuple[int, int] | Refusal:
    """Width and height in px from the header alone, or why this is no image."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    if data[:3] == b"\xff\xd8\xff":
        size = _jpeg_size(data)
        if size is not None:
            return size
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")  # Pillow warns of bombs that our own limit refuses
            with Image.open(io.BytesIO(data)) as image:
                return image.width, image.height
    except UnidentifiedImageError:
        if data[:3] == b"\xff\xd8\xff" or data[:4] == b"\x89PNG":
            return Refusal(PageCode.UNREADABLE_FILE, mark_text("the header is damaged"))
        return Refusal(PageCode.NOT_AN_IMAGE, mark_text("this is no image"))
    except Image.DecompressionBombError:
        return Refusal(PageCode.TOO_LARGE, mark_text("the header announces an enormous picture"))
    except Exception as error:  # noqa: BLE001 - decoders raise anything on damaged data; it becomes a named refusal
        return Refusal(PageCode.UNREADABLE_FILE, type(error).__name__)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Walk the JPEG segments to the frame header; None when there is none."""
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return int(width), int(height)
        if marker == 0xDA:
            return None
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _looks_truncated(data: bytes) -> Refusal | None:
    """Check the end marker; where the tail is odd, decode strictly once with Pillow, which raises."""
    if data[:3] == b"\xff\xd8\xff":
        if data.endswith(b"\xff\xd9"):
            return None
        if b"\xff\xd9" not in data[-65536:]:
            return Refusal(PageCode.TRUNCATED_IMAGE, mark_text("the end of the JPEG is missing"))
    elif data[:4] == b"\x89PNG":
        if data[-8:-4] == b"IEND":
            return None
        if b"IEND" not in data[-4096:]:
            return Refusal(PageCode.TRUNCATED_IMAGE, mark_text("the end of the PNG is missing"))
    else:
        return None
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except Exception as error:  # noqa: BLE001 - any failure of the strict decoder means the same
        return Refusal(PageCode.TRUNCATED_IMAGE, str(error))
    return None


def _has_missing_tail(grey: NDArray[np.uint8]) -> bool:
    """Whether the picture ends (on any side: EXIF may have turned it) in the grey of missing JPEG data."""
    edges = (grey[-_TAIL_ROWS:], grey[:_TAIL_ROWS], grey[:, -_TAIL_ROWS:], grey[:, :_TAIL_ROWS])
    # One px of paper is enough to know better, and spares walking down the sides of every page.
    return any(edge[0, 0] == _MISSING_GREY and bool(np.all(edge == _MISSING_GREY)) for edge in edges)


def _decode_by_pillow(data: bytes, limits: ImageLimits) -> PageImage | Refusal:
    """Decode the first frame of a TIFF: Pillow raises on damage, and is twice as fast as OpenCV on G4."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return grey_frame(image, limits)
    except Exception as error:  # noqa: BLE001 - damaged TIFF raises TypeError, struct.error and others
        return Refusal(PageCode.UNREADABLE_FILE, type(error).__name__)


def grey_frame(image: Image.Image, limits: ImageLimits) -> PageImage | Refusal:
    """The current frame of an open Pillow image as grey. Raises what Pillow raises on damaged data."""
    refusal = check_size((image.width, image.height), limits)
    if refusal is not None:
        return refusal
    orientation = image.getexif().get(0x0112, 1)
    if image.mode == "1":
        grey = np.asarray(image, dtype=np.uint8) * np.uint8(255)
    elif image.mode.startswith("I;16"):
        grey = (np.asarray(image) >> 8).astype(np.uint8)
    else:
        grey = np.asarray(image.convert("L"), dtype=np.uint8)
    grey = _upright(grey, orientation)
    return PageImage(grey, ("one_bit",) if image.mode == "1" or is_one_bit(grey) else ())


def _upright(grey: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo the turn and mirror that EXIF orientation 2 to 8 notes."""
    if orientation in (2, 4):
        grey = grey[:, ::-1] if orientation == 2 else grey[::-1]
    elif orientation == 3:
        grey = grey[::-1, ::-1]
    elif orientation in (5, 6, 7, 8):
        grey = {5: grey.T, 6: np.rot90(grey, -1), 7: grey[::-1, ::-1].T, 8: np.rot90(grey)}[orientation]
    return np.ascontiguousarray(grey)
