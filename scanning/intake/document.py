"""Files that hold many pages, opened: the frames of a TIFF, the pages of a PDF, one at a time.

In:  a file's path, or its bytes; UnpackLimits; the number of the first page wanted.
Out: DocumentStart with the number of pages, then for every page the encoded bytes of its scan, a decoded grey page, or
     a Refusal. One bad page becomes one Refusal and never stops the rest. Memory holds one page.
Runs C libraries over bytes that anybody may have sent: whoever has other work to lose calls it through apart.py.
"""

import io
import mmap
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from models.errors import mark_text
from models.words import PageCode
from scanning.page.formats import HEAD_BYTES, Kind, jpeg_frame, kind_of, tiff_frames
from scanning.page.image import (
    ImageLimits,
    PageImage,
    Refusal,
    check_size,
    grey_frame,
    is_one_bit,
    open_picture,
    quietly,
    refusal_of,
)


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """What a delivery may ask of this computer (reliability.md 1, rows 14 to 16)."""

    image: ImageLimits = field(default_factory=ImageLimits)
    file_bytes: int = 512 * 1024 * 1024
    pages_per_file: int = 2500  # as large as any batch that a feeder takes in one go
    zip_entries: int = 20_000
    zip_total_bytes: int = 8 * 1024 * 1024 * 1024
    zip_ratio: int = 200  # a scan never shrinks a hundredfold; a bomb does
    render_dpi: int = 200


@dataclass(frozen=True, slots=True)
class DocumentStart:
    """How many pages a document has; comes before the first of them."""

    pages: int


DocumentPage = bytes | PageImage | Refusal
_PDF_TAIL_BYTES = 2048  # programs put a little behind the end marker; the standard allows 1024
_HELD_BYTES = 32 * 1024 * 1024  # about eighty pages; opening a document of thousands again takes milliseconds
_FINEST_DPI = 300  # a rendering finer than this shows nothing more of a sheet


def open_document(source: Path | bytes, limits: UnpackLimits, first: int = 1) -> Iterator[DocumentStart | DocumentPage]:
    """The pages of a TIFF or PDF from page `first` on. A file that cannot be opened is one Refusal without a start."""
    with ExitStack() as stack:
        try:
            stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        except OSError as error:
            yield Refusal(PageCode.UNREADABLE_FILE, error.strerror or type(error).__name__)
            return
        stack.enter_context(stream)
        kind = kind_of(stream.read(HEAD_BYTES))
        stream.seek(0)
        if kind is Kind.PDF:
            yield from _pages_of_pdf(stream, limits, first)
        elif kind is Kind.TIFF:
            yield from _pages_of_tiff(stream, limits, first)
        else:
            yield Refusal(PageCode.NOT_AN_IMAGE, mark_text("this is no image"))


def _too_many(limits: UnpackLimits) -> Refusal:
    return Refusal(PageCode.TOO_LARGE, f"more than {limits.pages_per_file} pages")


def _pages_of_tiff(stream: BinaryIO, limits: UnpackLimits, first: int) -> Iterator[DocumentStart | DocumentPage]:
    """Frame by frame; a damaged frame is one coded page, and a chain that breaks ends the file with one."""
    chained = _frames(stream, limits.pages_per_file)
    if chained is not None and chained > limits.pages_per_file:
        yield _too_many(limits)
        return
    stream.seek(0)
    try:
        image = open_picture(stream, Kind.TIFF)
    except Exception as error:  # noqa: BLE001 - damaged TIFF raises anything
        yield refusal_of(error)
        return

    def read(at: int, size: int) -> bytes:
        before = stream.tell()
        stream.seek(at)
        data = stream.read(size)
        stream.seek(before)
        return data

    with image:
        yield DocumentStart(chained or 1)
        for index in range(first - 1, limits.pages_per_file):
            try:
                with quietly():
                    image.seek(index)
            except EOFError:
                if chained is None:
                    yield Refusal(PageCode.TRUNCATED_IMAGE, mark_text("the list of its pages is damaged"))
                return
            except Exception as error:  # noqa: BLE001 - as above
                yield Refusal(refusal_of(error).code, f"frame {index + 1}: {type(error).__name__}")
                return
            frame: DocumentPage
            try:
                with quietly():
                    frame = grey_frame(image, limits.image, read)
            except Exception as error:  # noqa: BLE001 - as above
                frame = Refusal(refusal_of(error).code, f"frame {index + 1}: {type(error).__name__}")
            yield frame


def _frames(stream: BinaryIO, most: int) -> int | None:
    if isinstance(stream, io.BytesIO):
        return tiff_frames(stream.getbuffer(), most)
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        return tiff_frames(whole, most)


def _pages_of_pdf(stream: BinaryIO, limits: UnpackLimits, first: int) -> Iterator[DocumentStart | DocumentPage]:
    """Page by page: the stored scan where a page is one, a rendering otherwise."""
    stream.seek(0)
    try:
        document = pypdfium2.PdfDocument(stream)
    except pypdfium2.PdfiumError as error:
        encrypted = "password" in str(error).lower() or "security" in str(error).lower()
        yield Refusal(PageCode.ENCRYPTED_FILE if encrypted else PageCode.UNREADABLE_FILE, str(error))
        return
    try:
        if not _has_pdf_end(stream):
            # PDFium has put together what is left, with pages missing or hollow.
            yield Refusal(PageCode.TRUNCATED_IMAGE, mark_text("the end of the file is missing"))
            return
        count = len(document)
        if count == 0:
            yield Refusal(PageCode.UNREADABLE_FILE, mark_text("the PDF has no pages"))
            return
        if count > limits.pages_per_file:
            yield _too_many(limits)
            return
        yield DocumentStart(count)
        held = 0
        for index in range(first - 1, count):
            if held > _HELD_BYTES:  # PDFium keeps every stream that it has read until the document is closed
                document.close()
                stream.seek(0)
                document = pypdfium2.PdfDocument(stream)
                held = 0
            try:
                page = _image_of_pdf_page(document, index, limits)
            except Exception as error:  # noqa: BLE001 - one bad page never stops the rest
                page = Refusal(PageCode.UNREADABLE_FILE, f"page {index + 1}: {error}")
            held += len(page) if isinstance(page, bytes) else page.grey.size // 4 if isinstance(page, PageImage) else 0
            yield page
    finally:
        document.close()


def _has_pdf_end(stream: BinaryIO) -> bool:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - _PDF_TAIL_BYTES))
    return b"%%EOF" in stream.read()


def _image_of_pdf_page(document: pypdfium2.PdfDocument, index: int, limits: UnpackLimits) -> DocumentPage:
    page = document[index]
    try:
        objects = list(page.get_objects(max_depth=2))
        images = [one for one in objects if one.type == pdfium_c.FPDF_PAGEOBJ_IMAGE]
        stored = _stored_scan(page, objects, images, limits) if len(images) == 1 else None
        if stored is not None:
            return stored
        width_pt, height_pt = page.get_size()
        scale = max([limits.render_dpi / 72, *(_detail(one) for one in images)])
        if width_pt * scale * height_pt * scale > limits.image.max_pixels:
            scale = limits.render_dpi / 72  # a page that gives its size wrongly, or is none
        if width_pt * scale * height_pt * scale > limits.image.max_pixels:
            return Refusal(PageCode.TOO_LARGE, f"a page of {width_pt:.0f} x {height_pt:.0f} points")
        # Rendering in colour and reducing is twice as fast as PDFium's own grey.
        bitmap = page.render(scale=scale, rev_byteorder=False)
        try:
            grey = np.array(bitmap.to_pil().convert("L"), dtype=np.uint8)
        finally:
            bitmap.close()
        refusal = check_size((grey.shape[1], grey.shape[0]), limits.image)
        return PageImage(grey, _depth(grey)) if refusal is None else refusal
    finally:
        page.close()


def _detail(image: pypdfium2.PdfImage) -> float:
    """Pixels per point at which an image on a page shows all that it has, as far as a sheet needs it."""
    left, bottom, right, top = image.get_bounds()
    width, height = image.get_px_size()
    if right - left < 1 or top - bottom < 1:
        return 0.0
    detail = max(width / (right - left), height / (top - bottom))
    return float(min(detail, _FINEST_DPI / 72))


def _stored_scan(
    page: pypdfium2.PdfPage, objects: list[pypdfium2.PdfObject], images: list[pypdfium2.PdfImage], limits: UnpackLimits
) -> DocumentPage | None:
    """The one image that covers the page, as it was stored; None when the page is more than one scan.

    A page's /Rotate is left to the reader, which finds a card whichever way round it lies.
    """
    others = (pdfium_c.FPDF_PAGEOBJ_PATH, pdfium_c.FPDF_PAGEOBJ_SHADING)
    if any(one.type in others for one in objects):
        return None
    image = images[0]
    left, bottom, right, top = image.get_bounds()
    width_pt, height_pt = page.get_width(), page.get_height()
    if page.get_rotation() in (90, 270):
        width_pt, height_pt = height_pt, width_pt
    if (right - left) * (top - bottom) < 0.75 * width_pt * height_pt:
        return None  # a picture on a page, not a scanned page
    width, height = image.get_px_size()
    refusal = check_size((width, height), limits.image)
    if refusal is not None:
        return refusal
    matrix = image.get_matrix()
    upright = abs(matrix.b) < 1e-3 * abs(matrix.a) and abs(matrix.c) < 1e-3 * abs(matrix.d)
    if not upright or matrix.a <= 0 or matrix.d <= 0:
        return None  # turned or mirrored inside the page: rendering puts it right
    filters = image.get_filters()
    if filters and filters[-1] == "DCTDecode":
        data = bytes(image.get_data(decode_simple=True))
        frame = jpeg_frame(data)
        if frame is not None and frame.components in (1, 3):
            return data
    # The bitmap is PDFium's own: it goes with the last name for it, and pypdfium2 warns of closing it by hand.
    grey = np.array(image.get_bitmap(render=False).to_pil().convert("L"), dtype=np.uint8)
    return PageImage(grey, _depth(grey))


def _depth(grey: NDArray[np.uint8]) -> tuple[str, ...]:
    return ("one_bit",) if is_one_bit(grey) else ()
