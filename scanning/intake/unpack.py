"""Files become a stream of page images: folders, images, TIFF, PDF and ZIP, one page at a time.

In:  a path as the user gave it; UnpackLimits.
Out: SourcePage after SourcePage: the encoded bytes of one image, or a decoded grey page, or a PageCode saying why not.
Memory holds one page: a scan is taken out of its PDF as it was stored, archives are read entry by entry and never
extracted. One bad page, file or entry becomes one coded page and never stops the rest.
"""

import io
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray
from PIL import Image

from models.errors import mark_text
from models.order import natural_key
from models.words import PageCode
from scanning.page.image import ImageLimits, PageImage, Refusal, check_size, grey_frame, header_size


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


@dataclass(frozen=True, slots=True, eq=False)
class SourcePage:
    """One page image of a file. Exactly one of `data`, `grey` and `code` is set.

    `file` is as the user gave it, `page` counts the images inside it from 1.
    """

    file: str
    page: int
    data: bytes | None = None
    grey: NDArray[np.uint8] | None = None
    code: PageCode | None = None
    detail: str = ""
    warnings: tuple[str, ...] = ()


_Image = bytes | PageImage | Refusal

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".bmp", ".webp"})
SUFFIXES = IMAGE_SUFFIXES | {".pdf", ".zip"}
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")


def unpack(path: Path, shown_as: str | None = None, limits: UnpackLimits | None = None) -> Iterator[SourcePage]:
    """Every page image under a path; a folder in natural order, with its folders. Never raises for bad input."""
    limits = limits or UnpackLimits()
    shown = str(path) if shown_as is None else shown_as
    if path.is_dir():
        for child in sorted(path.rglob("*"), key=lambda one: natural_key(str(one.relative_to(path)))):
            if child.is_file() and not child.name.startswith(".") and child.suffix.lower() in SUFFIXES:
                yield from unpack(child, str(Path(shown) / child.relative_to(path)), limits)
        return
    for number, image in enumerate(_images_of_file(path, limits), start=1):
        yield _page(shown, number, image)


def unpack_bytes(data: bytes, shown_as: str, limits: UnpackLimits | None = None) -> Iterator[SourcePage]:
    """Every page image of a file that is at hand as bytes (a stored one); else like `unpack`."""
    limits = limits or UnpackLimits()
    images = _images_of_zip(io.BytesIO(data), limits) if data[:4] in _ZIP_STARTS else images_of_bytes(data, limits)
    for number, image in enumerate(images, start=1):
        yield _page(shown_as, number, image)


def _page(file: str, number: int, image: _Image) -> SourcePage:
    if isinstance(image, Refusal):
        return SourcePage(file, number, code=image.code, detail=image.detail)
    if isinstance(image, PageImage):
        return SourcePage(file, number, grey=image.grey, warnings=image.warnings)
    return SourcePage(file, number, data=image)


def _images_of_file(path: Path, limits: UnpackLimits) -> Iterator[_Image]:
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            yield Refusal(PageCode.TOO_LARGE, f"{size} bytes")
            return
        with path.open("rb") as file:
            head = file.read(8)
            if head[:4] in _ZIP_STARTS:
                file.seek(0)
                yield from _images_of_zip(file, limits)
                return
            file.seek(0)
            data = file.read()
    except OSError as error:
        yield Refusal(PageCode.UNREADABLE_FILE, error.strerror or type(error).__name__)
        return
    yield from images_of_bytes(data, limits)


def images_of_bytes(data: bytes, limits: UnpackLimits | None = None) -> Iterator[_Image]:
    """The images inside one file's bytes (not an archive): its frames, its PDF pages, or the file itself."""
    limits = limits or UnpackLimits()
    if not data:
        yield Refusal(PageCode.UNREADABLE_FILE, mark_text("the file is empty"))
    elif b"%PDF-" in data[:1024]:
        yield from _images_of_pdf(data, limits)
    elif data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        yield from _images_of_tiff(data, limits)
    else:
        size = header_size(data)
        refusal = size if isinstance(size, Refusal) else check_size(size, limits.image)
        yield refusal if refusal is not None else data


def _images_of_tiff(data: bytes, limits: UnpackLimits) -> Iterator[_Image]:
    """Frame by frame; a damaged frame is one coded page, and a chain that breaks ends the file with one."""
    try:
        image = Image.open(io.BytesIO(data))
    except Exception as error:  # noqa: BLE001 - damaged TIFF raises anything
        refusal = header_size(data)
        yield refusal if isinstance(refusal, Refusal) else Refusal(PageCode.UNREADABLE_FILE, type(error).__name__)
        return
    with image:
        for index in range(limits.pages_per_file + 1):
            try:
                image.seek(index)
            except EOFError:
                return
            except Exception as error:  # noqa: BLE001 - as above
                yield Refusal(PageCode.UNREADABLE_FILE, f"frame {index + 1}: {type(error).__name__}")
                return
            if index == limits.pages_per_file:
                yield Refusal(PageCode.TOO_LARGE, f"more than {limits.pages_per_file} pages")
                return
            try:
                yield grey_frame(image, limits.image)
            except Exception as error:  # noqa: BLE001 - as above
                code = PageCode.TRUNCATED_IMAGE if "truncated" in str(error) else PageCode.UNREADABLE_FILE
                yield Refusal(code, f"frame {index + 1}: {type(error).__name__}")


def _images_of_pdf(data: bytes, limits: UnpackLimits) -> Iterator[_Image]:
    """Page by page: the stored scan where a page is one, a rendering otherwise."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        encrypted = "password" in str(error).lower() or "security" in str(error).lower()
        yield Refusal(PageCode.ENCRYPTED_FILE if encrypted else PageCode.UNREADABLE_FILE, str(error))
        return
    try:
        count = len(document)
        if count == 0:
            yield Refusal(PageCode.UNREADABLE_FILE, mark_text("the PDF has no pages"))
        for index in range(min(count, limits.pages_per_file)):
            try:
                yield _image_of_pdf_page(document, index, limits)
            except Exception as error:  # noqa: BLE001 - one bad page never stops the rest
                yield Refusal(PageCode.UNREADABLE_FILE, f"page {index + 1}: {error}")
        if count > limits.pages_per_file:
            yield Refusal(PageCode.TOO_LARGE, f"more than {limits.pages_per_file} pages")
    finally:
        document.close()


def _image_of_pdf_page(document: pypdfium2.PdfDocument, index: int, limits: UnpackLimits) -> _Image:
    page = document[index]
    try:
        stored = _stored_scan(page, limits)
        if stored is not None:
            return stored
        width_pt, height_pt = page.get_size()
        scale = limits.render_dpi / 72
        if width_pt * scale * height_pt * scale > limits.image.max_pixels:
            return Refusal(PageCode.TOO_LARGE, f"a page of {width_pt:.0f} x {height_pt:.0f} points")
        # Rendering in colour and reducing is twice as fast as PDFium's own grey.
        bitmap = page.render(scale=scale, rev_byteorder=False)
        try:
            picture = bitmap.to_pil()
            grey = np.array(picture.convert("L"), dtype=np.uint8)
        finally:
            bitmap.close()
        return PageImage(grey, ())
    finally:
        page.close()


def _stored_scan(page: pypdfium2.PdfPage, limits: UnpackLimits) -> _Image | None:
    """The one image that covers the page, as it was stored; None when the page is more than one scan.

    A page's /Rotate is left to the reader, which finds a card whichever way round it lies.
    """
    objects = list(page.get_objects(max_depth=2))
    images = [one for one in objects if one.type == pdfium_c.FPDF_PAGEOBJ_IMAGE]
    if len(images) != 1 or any(one.type == pdfium_c.FPDF_PAGEOBJ_PATH for one in objects):
        return None
    if any(one.type == pdfium_c.FPDF_PAGEOBJ_SHADING for one in objects):
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
        return bytes(image.get_data(decode_simple=True))
    bitmap = image.get_bitmap(render=False)
    try:
        picture = bitmap.to_pil()
        grey = np.array(picture.convert("L"), dtype=np.uint8)
    finally:
        bitmap.close()
    return PageImage(grey, ())


def _images_of_zip(file: IO[bytes], limits: UnpackLimits) -> Iterator[_Image]:
    """Entry by entry in natural order. Names only sort; links, nested archives and lying sizes are refused."""
    try:
        archive = zipfile.ZipFile(file)
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RecursionError) as error:
        yield Refusal(PageCode.UNREADABLE_FILE, str(error))
        return
    with archive:
        if len(entries) > limits.zip_entries:
            yield Refusal(PageCode.TOO_LARGE, f"{len(entries)} entries")
            return
        total = 0
        for entry in sorted(entries, key=lambda one: natural_key(one.filename)):
            name = entry.filename.rsplit("/", 1)[-1]
            if name.startswith((".", "__MACOSX")) or "__MACOSX/" in entry.filename:
                continue  # what operating systems add on their own
            inside = _entry_bytes(archive, entry, limits, limits.zip_total_bytes - total)
            if isinstance(inside, Refusal):
                yield inside
                if inside.code is PageCode.TOO_LARGE and total >= limits.zip_total_bytes:
                    return
                continue
            total += len(inside)
            suffix = Path(name).suffix.lower()
            if inside[:4] == b"PK\x03\x04":
                yield Refusal(PageCode.NOT_AN_IMAGE, f"{name}: an archive inside an archive")
            elif suffix in SUFFIXES or not isinstance(header_size(inside), Refusal):
                yield from images_of_bytes(inside, limits)
            # Anything else (a manifest, a note) is no page and was not announced as one.


def _entry_bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: UnpackLimits, left: int) -> bytes | Refusal:
    """One entry's bytes, counted while they are unpacked: the size in the directory may lie."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Refusal(PageCode.NOT_AN_IMAGE, f"{entry.filename}: a link")
    if entry.flag_bits & 0x1:
        return Refusal(PageCode.ENCRYPTED_FILE, entry.filename)
    most = min(limits.file_bytes, left)
    if entry.file_size > most or entry.file_size > limits.zip_ratio * max(entry.compress_size, 1000):
        return Refusal(PageCode.TOO_LARGE, f"{entry.filename}: {entry.file_size} bytes")
    chunks, size = [], 0
    try:
        with archive.open(entry) as stream:
            while chunk := stream.read(1 << 20):
                size += len(chunk)
                if size > most or size > limits.zip_ratio * max(entry.compress_size, 1000):
                    return Refusal(PageCode.TOO_LARGE, entry.filename)
                chunks.append(chunk)
    except Exception as error:  # noqa: BLE001 - zlib, zipfile and the codecs each raise their own
        return Refusal(PageCode.UNREADABLE_FILE, f"{entry.filename}: {error}")
    return b"".join(chunks)
