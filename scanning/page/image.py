"""Bytes become one grey page image, or a named reason why not.

In:  the bytes of one picture: JPEG, PNG, TIFF, HEIC, WebP, BMP, GIF, AVIF or JPEG 2000; ImageLimits.
Out: PageImage with uint8 (height, width), 0 = black, turned upright by its EXIF note, transparent places white as
     paper; or a Refusal.
The header is looked at before any pixel is decoded: 74 KB of PNG can ask for gigabytes. A decoder that
succeeds proves little (libjpeg fills what is missing with grey), so the end of the file is checked as well.
"""

import io
import os
import re
import struct
import warnings as python_warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

# The second line of defence behind the header check; OpenCV reads it once, when it is first imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(120_000_000))

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from models.errors import mark_text
from models.words import PageCode
from scanning.page.fax import is_fax_damaged
from scanning.page.formats import Kind, has_end, jpeg_end, jpeg_frame, jpeg_orientation, kind_of, png_chunks


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
_MOST_SCANS = 100  # a progressive JPEG has about ten; each one more costs a pass over all pixels
# Pillow is told which kind to expect: it knows dozens more, some of which start other programs.
_PILLOW_NAME = {Kind.HEIC: "HEIF"} | {
    kind: kind.name
    for kind in (Kind.JPEG, Kind.PNG, Kind.TIFF, Kind.BMP, Kind.WEBP, Kind.GIF, Kind.AVIF, Kind.JPEG2000)
}
_BY_OPENCV = frozenset({Kind.PNG, Kind.BMP})


def decode_page(data: bytes, limits: ImageLimits | None = None) -> PageImage | Refusal:
    """Decode one page image to grey. Never raises for bad input."""
    limits = limits or ImageLimits()
    if not data:
        return Refusal(PageCode.UNREADABLE_FILE, mark_text("the file is empty"))
    kind = kind_of(data)
    if kind is not None and not has_end(data, kind):
        return Refusal(PageCode.TRUNCATED_IMAGE, mark_text("the end of the file is missing"))
    size = header_size(data)
    refusal = size if isinstance(size, Refusal) else check_size(size, limits)
    if refusal is not None or kind is None:
        return refusal or Refusal(PageCode.NOT_AN_IMAGE, mark_text("this is no image"))
    odd = _traits(data, kind)
    if isinstance(odd, Refusal):
        return odd
    if kind is Kind.JPEG and not odd:
        return _decode_jpeg(data)
    if kind not in _BY_OPENCV or odd:
        return _decode_by_pillow(data, kind, limits)
    decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    if decoded is None or decoded.ndim != 2:
        return Refusal(PageCode.UNREADABLE_FILE, mark_text("the image data are damaged"))
    grey = np.asarray(decoded, dtype=np.uint8)
    return PageImage(grey, ("one_bit",) if is_one_bit(grey) else ())


def _decode_jpeg(data: bytes) -> PageImage | Refusal:
    """Decode a JPEG strictly: what libjpeg only warns of has shifted, brightened or lost a part of the page."""
    try:
        pixels = simplejpeg.decode_jpeg(data, colorspace="GRAY", strict=True)
    except ValueError as error:
        refusal = _jpeg_damage(data, str(error))
        if refusal is not None:
            return refusal
        try:
            pixels = simplejpeg.decode_jpeg(data, colorspace="GRAY", strict=False)
        except ValueError:
            return Refusal(PageCode.UNREADABLE_FILE, mark_text("the image data are damaged"))
    grey = np.asarray(pixels[..., 0], dtype=np.uint8)
    if _has_missing_tail(grey):
        return Refusal(PageCode.TRUNCATED_IMAGE, mark_text("the lower part of the picture is missing"))
    return PageImage(_upright(grey, jpeg_orientation(data)), ("one_bit",) if is_one_bit(grey) else ())


def _jpeg_damage(data: bytes, warning: str) -> Refusal | None:
    """The refusal for one of libjpeg's warnings; None for those that leave the picture whole."""
    if "premature end" in warning:
        return Refusal(PageCode.TRUNCATED_IMAGE, mark_text("the lower part of the picture is missing"))
    left_over = re.search(r"(\d+) extraneous bytes before marker 0x(..)", warning)
    if left_over is None:
        return None  # an unknown revision, a colour note that contradicts another
    count, end = int(left_over[1]), jpeg_end(data) - 2
    # Cameras fill up with one byte, and some leave two or three behind. What a damaged place leaves is picture.
    if left_over[2] == "d9" and (count <= 3 or len(set(data[end - count : end])) == 1):
        return None
    return Refusal(PageCode.UNREADABLE_FILE, mark_text("the image data are damaged"))


def _traits(data: bytes, kind: Kind) -> bool | Refusal:
    """Whether only Pillow shows this file rightly (transparency, print colours), or why it is no page at all."""
    if kind is Kind.JPEG:
        frame = jpeg_frame(data)
        if frame is not None and frame.progressive and data.count(b"\xff\xda") > _MOST_SCANS:
            return Refusal(PageCode.UNREADABLE_FILE, mark_text("the picture is stored in too many passes"))
        return frame is not None and frame.components == 4
    if kind is Kind.PNG:
        chunks = png_chunks(data)
        if b"acTL" in chunks:
            return Refusal(PageCode.NOT_AN_IMAGE, mark_text("this is an animation"))
        return data[25] in (4, 6) or b"tRNS" in chunks
    return False


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
    kind = kind_of(data)
    if kind is Kind.PNG and len(data) >= 29:
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    if kind is Kind.JPEG:
        frame = jpeg_frame(data)
        if frame is not None:
            return frame.width_px, frame.height_px
    if kind is None or kind in (Kind.PDF, Kind.ZIP):
        return Refusal(PageCode.NOT_AN_IMAGE, mark_text("this is no image"))
    try:
        with open_picture(io.BytesIO(data), kind) as image:
            return image.width, image.height
    except UnidentifiedImageError:
        return Refusal(PageCode.UNREADABLE_FILE, mark_text("the header is damaged"))
    except Image.DecompressionBombError:
        return Refusal(PageCode.TOO_LARGE, mark_text("the header announces an enormous picture"))
    except Exception as error:  # noqa: BLE001 - decoders raise anything on damaged data; it becomes a named refusal
        return Refusal(PageCode.UNREADABLE_FILE, type(error).__name__)


def open_picture(stream: BinaryIO, kind: Kind) -> Image.Image:
    """Open a picture without decoding it. Raises what Pillow raises; its size is for the caller to check."""
    if kind is Kind.HEIC:
        import pillow_heif

        pillow_heif.register_heif_opener(decode_threads=1)  # the pool is the parallelism
    with quietly():
        return Image.open(stream, formats=(_PILLOW_NAME[kind],))


@contextmanager
def quietly() -> Iterator[None]:
    """Without Pillow's warnings: of bombs that our own limit refuses, of tags that nobody needs."""
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        yield


def _has_missing_tail(grey: NDArray[np.uint8]) -> bool:
    """Whether the picture ends (on any side: EXIF may have turned it) in the grey of missing JPEG data."""
    edges = (grey[-_TAIL_ROWS:], grey[:_TAIL_ROWS], grey[:, -_TAIL_ROWS:], grey[:, :_TAIL_ROWS])
    # One px of paper is enough to know better, and spares walking down the sides of every page.
    return any(edge[0, 0] == _MISSING_GREY and bool(np.all(edge == _MISSING_GREY)) for edge in edges)


def _decode_by_pillow(data: bytes, kind: Kind, limits: ImageLimits) -> PageImage | Refusal:
    """Decode a picture of one frame: Pillow raises on damage, and is twice as fast as OpenCV on G4."""
    try:
        with quietly(), open_picture(io.BytesIO(data), kind) as image:
            if kind is not Kind.JPEG and getattr(image, "n_frames", 1) > 1:
                # A JPEG's further pictures are a preview and a depth map; elsewhere nobody knows which is the page.
                return Refusal(PageCode.NOT_AN_IMAGE, mark_text("there are several pictures in one file"))
            if kind is Kind.HEIC:
                return grey_frame(image, limits, orientation=_turn_left(data, image))
            return grey_frame(image, limits, lambda at, size: data[at : at + size])
    except Exception as error:  # noqa: BLE001 - damaged files raise TypeError, struct.error and others
        return refusal_of(error)


def _turn_left(data: bytes, image: Image.Image) -> int:
    """The EXIF orientation of a HEIC that is still to be undone: where the container notes a turn, it has been done."""
    noted = b"irot" in data or b"imir" in data
    return 1 if noted else int(image.info.get("original_orientation") or 1)


def refusal_of(error: Exception) -> Refusal:
    """The refusal for what a decoder raised."""
    if isinstance(error, Image.DecompressionBombError):
        return Refusal(PageCode.TOO_LARGE, mark_text("the header announces an enormous picture"))
    is_short = isinstance(error, EOFError) or "truncated" in str(error).lower() or "end of file" in str(error).lower()
    return Refusal(PageCode.TRUNCATED_IMAGE if is_short else PageCode.UNREADABLE_FILE, type(error).__name__)


def grey_frame(
    image: Image.Image,
    limits: ImageLimits,
    read: Callable[[int, int], bytes] | None = None,
    *,
    orientation: int | None = None,
) -> PageImage | Refusal:
    """The current frame of an open Pillow image as grey; `orientation` None: as its EXIF note says.

    With `read`, which takes an offset and a length, fax data are checked as well. Raises what Pillow raises on damage.
    """
    refusal = check_size((image.width, image.height), limits)
    if refusal is not None:
        return refusal
    image.load()
    if orientation is None:
        orientation = image.getexif().get(0x0112, 1)  # asked for after loading: Pillow itself turns a TIFF upright
    is_one_bit_deep = image.mode == "1"
    if read is not None and is_fax_damaged(image, read):
        return Refusal(PageCode.UNREADABLE_FILE, mark_text("the image data are damaged"))
    if is_one_bit_deep:
        grey = np.asarray(image, dtype=np.uint8) * np.uint8(255)
    elif image.mode.startswith("I;16"):
        grey = (np.asarray(image) >> 8).astype(np.uint8)
    elif image.mode in ("I", "F"):
        return Refusal(PageCode.UNREADABLE_FILE, mark_text("its pixels are 32 bits deep, as no scanner writes them"))
    elif image.has_transparency_data:
        grey = _on_paper(image.convert("RGBA"))
    elif image.mode == "LAB":
        grey = np.asarray(image.getchannel(0), dtype=np.uint8)
    else:
        grey = np.asarray(image.convert("L"), dtype=np.uint8)
    grey = _upright(grey, orientation)
    return PageImage(grey, ("one_bit",) if is_one_bit_deep or is_one_bit(grey) else ())


def _on_paper(image: Image.Image) -> NDArray[np.uint8]:
    """An RGBA picture laid on white paper: what lies under its transparent places is often black."""
    paper = Image.new("L", image.size, 255)
    paper.paste(image.convert("L"), mask=image.getchannel("A"))
    return np.asarray(paper, dtype=np.uint8)


def _upright(grey: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo the turn and mirror that EXIF orientation 2 to 8 notes."""
    if orientation in (2, 4):
        grey = grey[:, ::-1] if orientation == 2 else grey[::-1]
    elif orientation == 3:
        grey = grey[::-1, ::-1]
    elif orientation in (5, 6, 7, 8):
        grey = {5: grey.T, 6: np.rot90(grey, -1), 7: grey[::-1, ::-1].T, 8: np.rot90(grey)}[orientation]
    return np.ascontiguousarray(grey)
