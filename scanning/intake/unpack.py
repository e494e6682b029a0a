"""Files become a stream of page images: folders, images, TIFF, PDF and ZIP, one page at a time.

In:  a path as the user gave it; UnpackLimits; where documents are opened (apart.py).
Out: SourcePage after SourcePage: the encoded bytes of one image, or a decoded grey page, or a PageCode saying why not.
Memory holds one page: a scan is taken out of its PDF as it was stored, archives are read entry by entry and never
extracted. One bad page, file or entry becomes one coded page and never stops the rest. Every file gives at least one
page, so that none is lost without a name.
"""

import io
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import mark_text
from models.order import natural_key
from models.words import PageCode
from scanning.intake.apart import Opener, OpenHere
from scanning.intake.archive import Entry, entries_of_zip
from scanning.intake.document import UnpackLimits
from scanning.page.formats import HEAD_BYTES, SUFFIXES, Kind, kind_of, tiff_frames
from scanning.page.image import PageImage, Refusal, check_size, header_size

__all__ = ["SourcePage", "UnpackLimits", "is_scan", "unpack", "unpack_bytes"]


@dataclass(frozen=True, slots=True, eq=False)
class SourcePage:
    """One page image of a file. Exactly one of `data`, `grey` and `code` is set.

    `file` is as the user gave it, `page` counts the images inside it from 1. `inside` is the path inside an archive,
    from the second page of a document on with the page: ``b/scan.pdf · 2``.
    """

    file: str
    page: int
    data: bytes | None = None
    grey: NDArray[np.uint8] | None = None
    code: PageCode | None = None
    detail: str = ""
    warnings: tuple[str, ...] = ()
    inside: str = ""


_Image = bytes | PageImage | Refusal
_Named = tuple[str, _Image]  # the path inside an archive, and what is there
_SUFFIXES = frozenset(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
# Their headers are read here, with nothing but Python; what needs a library to be looked at is left to the reader.
_PLAIN = frozenset({Kind.JPEG, Kind.PNG})


def is_scan(path: Path) -> bool:
    """Whether a file in a folder is taken for a scan: by its name, or, where that says nothing, by its first bytes."""
    if path.name.startswith(".") or not path.is_file():
        return False
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD_BYTES))
    except OSError:
        return False  # it did not claim to be one
    return kind is not None and kind is not Kind.ZIP  # office documents are archives, too


def unpack(
    path: Path, shown_as: str | None = None, limits: UnpackLimits | None = None, opener: Opener | None = None
) -> Iterator[SourcePage]:
    """Every page image under a path; a folder in natural order, with its folders. Never raises for bad input."""
    limits = limits or UnpackLimits()
    shown = str(path) if shown_as is None else shown_as
    if path.is_dir():
        for child in sorted(path.rglob("*"), key=lambda one: natural_key(str(one.relative_to(path)))):
            if is_scan(child):
                yield from unpack(child, str(Path(shown) / child.relative_to(path)), limits, opener)
        return
    yield from _numbered(shown, _images_of_file(path, limits, opener or OpenHere()))


def unpack_bytes(
    data: bytes, shown_as: str, limits: UnpackLimits | None = None, opener: Opener | None = None
) -> Iterator[SourcePage]:
    """Every page image of a file that is at hand as bytes (a stored one); else like `unpack`."""
    yield from _numbered(shown_as, _images_of_bytes(data, limits or UnpackLimits(), opener or OpenHere()))


def _numbered(file: str, images: Iterator[_Named]) -> Iterator[SourcePage]:
    number = 0
    for number, (inside, image) in enumerate(images, start=1):
        if isinstance(image, Refusal):
            yield SourcePage(file, number, code=image.code, detail=image.detail, inside=inside)
        elif isinstance(image, PageImage):
            yield SourcePage(file, number, grey=image.grey, warnings=image.warnings, inside=inside)
        else:
            yield SourcePage(file, number, data=image, inside=inside)
    if number == 0:
        detail = mark_text("there is no page in it")
        yield SourcePage(file, 1, code=PageCode.NOT_AN_IMAGE, detail=detail)


def _images_of_file(path: Path, limits: UnpackLimits, opener: Opener) -> Iterator[_Named]:
    try:
        if not path.is_file():
            yield "", Refusal(PageCode.UNREADABLE_FILE, mark_text("this is no regular file"))
            return
        size = path.stat().st_size
        if size > limits.file_bytes:
            yield "", Refusal(PageCode.TOO_LARGE, f"{size} bytes")
            return
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD_BYTES))
            if kind is Kind.ZIP:
                yield from _images_of_entries(entries_of_zip(file, limits), limits, opener)
                return
            several = kind is Kind.PDF
            if kind is Kind.TIFF:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
                    several = tiff_frames(whole, most=1) != 1
            file.seek(0)
            data = b"" if several else file.read()
    except OSError as error:
        yield "", Refusal(PageCode.UNREADABLE_FILE, error.strerror or type(error).__name__)
        return
    for image in opener.pages(path, limits) if several else [_single(data, kind, limits)]:
        yield "", image


def _images_of_bytes(data: bytes, limits: UnpackLimits, opener: Opener) -> Iterator[_Named]:
    if kind_of(data[:HEAD_BYTES]) is Kind.ZIP:
        yield from _images_of_entries(entries_of_zip(io.BytesIO(data), limits), limits, opener)
        return
    for image in _images_of_document(data, limits, opener):
        yield "", image


def _images_of_document(data: bytes, limits: UnpackLimits, opener: Opener) -> Iterator[_Image]:
    kind = kind_of(data[:HEAD_BYTES])
    if kind is Kind.PDF or (kind is Kind.TIFF and tiff_frames(data, most=1) != 1):
        yield from opener.pages(data, limits)
    else:
        yield _single(data, kind, limits)


def _images_of_entries(entries: Iterator[Entry], limits: UnpackLimits, opener: Opener) -> Iterator[_Named]:
    for entry in entries:
        if isinstance(entry.content, Refusal):
            yield entry.name, entry.content
        elif kind_of(entry.content[:HEAD_BYTES]) is not Kind.ZIP:
            for number, image in enumerate(_images_of_document(entry.content, limits, opener), start=1):
                yield (entry.name if number == 1 else f"{entry.name} · {number}"), image


def _single(data: bytes, kind: Kind | None, limits: UnpackLimits) -> _Image:
    """A file that holds one picture: its bytes as they are, unless its header already says that it is no page."""
    if not data:
        return Refusal(PageCode.UNREADABLE_FILE, mark_text("the file is empty"))
    if kind is None:
        return Refusal(PageCode.NOT_AN_IMAGE, mark_text("this is no image"))
    if kind not in _PLAIN:
        return data
    size = header_size(data)
    refusal = size if isinstance(size, Refusal) else check_size(size, limits.image)
    return refusal if refusal is not None else data
