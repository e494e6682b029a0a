"""What kind of file some bytes are, how large its header says it is, and whether its end is there.

In:  the bytes of a file, or their beginning. Out: a Kind, a size in px, a yes or no.
Looks at bytes alone, with no decoder: hostile files are turned away before any library touches them.
"""

import mmap
import re
import struct
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of files that hold pages."""

    JPEG = "jpeg"
    PNG = "png"
    TIFF = "tiff"
    BMP = "bmp"
    WEBP = "webp"
    GIF = "gif"
    HEIC = "heic"
    AVIF = "avif"
    JPEG2000 = "jpeg2000"
    PDF = "pdf"
    ZIP = "zip"


SUFFIXES = {
    Kind.JPEG: (".jpg", ".jpeg", ".jpe", ".jfif"),
    Kind.PNG: (".png",),
    Kind.TIFF: (".tif", ".tiff"),
    Kind.BMP: (".bmp",),
    Kind.WEBP: (".webp",),
    Kind.GIF: (".gif",),
    Kind.HEIC: (".heic", ".heif", ".hif"),
    Kind.AVIF: (".avif",),
    Kind.JPEG2000: (".jp2", ".j2k"),
    Kind.PDF: (".pdf",),
    Kind.ZIP: (".zip",),
}
HEAD_BYTES = 1024  # so many bytes say what a file is; a PDF may begin with as much of something else

_STARTS = (
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"II*\0", Kind.TIFF),
    (b"MM\0*", Kind.TIFF),
    (b"II+\0", Kind.TIFF),  # BigTIFF
    (b"MM\0+", Kind.TIFF),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Kind.JPEG2000),
    (b"\xff\x4f\xff\x51", Kind.JPEG2000),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
)
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes; two letters alone would make every "BMW" a picture
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def kind_of(head: bytes) -> Kind | None:
    """What a file is by its first bytes (`HEAD_BYTES` are enough); None for anything that holds no page."""
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head[:2] == b"BM" and len(head) >= 26 and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return Kind.BMP
    if head[4:8] == b"ftyp":
        brands = {head[8:12]} | {head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4], "big"), 256), 4)}
        if brands & {b"avif", b"avis"}:
            return Kind.AVIF
        if brands & _HEIC_BRANDS:
            return Kind.HEIC
    return Kind.PDF if b"%PDF-" in head[:HEAD_BYTES] else None


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """What a JPEG's frame header says; `components` is 1 for grey, 3 for colour, 4 for print colours."""

    width_px: int
    height_px: int
    components: int
    progressive: bool


def jpeg_frame(data: bytes) -> JpegFrame | None:
    """Walk the segments to the frame header; None when there is none."""
    at = 2
    while at + 10 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return JpegFrame(int(width), int(height), data[at + 9], marker in (0xC2, 0xC6, 0xCA, 0xCE))
        if marker == 0xDA:
            return None
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def jpeg_orientation(data: bytes) -> int:
    """The EXIF orientation, 1 to 8, that a JPEG notes before its picture; 1 where it notes none."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        if data[at + 1] == 0xFF:
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            return _exif_orientation(data[at + 10 : at + 2 + length])
        at += 2 + length
    return 1


def _exif_orientation(tiff: bytes) -> int:
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, at)
        for entry in range(at + 2, at + 2 + 12 * min(entries, 200), 12):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == 0x0112:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # inside a scan, FF is stuffed or a restart marker


def jpeg_end(data: bytes) -> int:
    """The offset behind a JPEG's own end marker, or -1. Phones append thumbnails, depth maps and films to it."""
    at = 2
    while at + 4 <= len(data) or data[at : at + 2] == b"\xff\xd9":
        if data[at] != 0xFF:
            return -1
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker == 0xD9:
            return at + 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if marker == 0xDA:
                found = _AFTER_SCAN.search(data, at)
                if found is None:
                    return -1
                at = found.start()
    return -1


def png_chunks(data: bytes, most: int = 100_000) -> dict[bytes, int]:
    """The first offset of every kind of chunk; without IEND when the file ends before it."""
    found: dict[bytes, int] = {}
    at = 8
    for _ in range(most):
        if at + 12 > len(data):
            break
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            break
        found.setdefault(name, at)
        if name == b"IEND":
            break
        at += 12 + length
    return found


def has_end(data: bytes, kind: Kind) -> bool:
    """Whether the file goes on to its end as far as its own structure says. True where a kind says nothing."""
    if kind is Kind.JPEG:
        return data.endswith(b"\xff\xd9") or jpeg_end(data) > 0
    if kind is Kind.PNG:
        return data[-8:-4] == b"IEND" or b"IEND" in png_chunks(data)
    if kind is Kind.WEBP:
        return int.from_bytes(data[4:8], "little") + 8 <= len(data)
    if kind is Kind.BMP:
        return int.from_bytes(data[2:6], "little") <= len(data)
    if kind is Kind.GIF:
        return data.rstrip(b"\0").endswith(b";")
    if kind in (Kind.HEIC, Kind.AVIF):
        return _boxes_end(data)
    if kind is Kind.JPEG2000:
        return data.rstrip(b"\0").endswith(b"\xff\xd9")
    return True


def _boxes_end(data: bytes) -> bool:
    """Whether the boxes of an ISO media file fill it, and none runs over its end."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 0:
            return True  # "to the end of the file"
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8 or at + size > len(data):
            return False
        at += size
    return at == len(data)


def tiff_frames(data: bytes | memoryview | mmap.mmap, most: int) -> int | None:
    """How many frames a TIFF chains, at most `most` + 1; None where the chain is broken or runs in a circle."""
    order = "<" if data[:2] == b"II" else ">"
    is_big = data[2:4] in (b"+\0", b"\0+")
    offset, count, entry_bytes = (order + "Q", order + "Q", 20) if is_big else (order + "I", order + "H", 12)
    seen: set[int] = set()
    try:
        (at,) = struct.unpack_from(offset, data, 8 if is_big else 4)
        while at:
            if at in seen:
                return None
            seen.add(at)
            if len(seen) > most:
                break
            (entries,) = struct.unpack_from(count, data, at)
            (at,) = struct.unpack_from(offset, data, at + struct.calcsize(count) + entries * entry_bytes)
    except struct.error:
        return None
    return len(seen)
