"""The entries of a ZIP, one at a time and never written anywhere.

In:  an open file; UnpackLimits. Out: for every entry that may hold a page its name and its bytes, or a Refusal.
Names only sort. Links, nested archives, encrypted entries and sizes that lie are refused one by one; an archive whose
directory alone is beyond the limits is refused before it is read.
"""

import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from models.errors import mark_text
from models.order import natural_key
from models.words import PageCode
from scanning.intake.document import UnpackLimits
from scanning.intake.names import printable
from scanning.page.formats import HEAD_BYTES, SUFFIXES, Kind, kind_of
from scanning.page.image import Refusal

_END = struct.Struct("<4s4H2LH")  # the record at the end of an archive: entries and bytes of its directory
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATE64 = struct.Struct("<4sLQL")
_ENTRY_BYTES = 1024  # of the directory, more than any honest entry takes
_SMALL = 1000  # bytes; below this the ratio of sizes says nothing
_CHUNK = 1 << 20
_PAGE_SUFFIXES = frozenset(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One entry: its path inside the archive, fit to be shown (empty for the archive itself), and what it holds."""

    name: str
    content: bytes | Refusal


def entries_of_zip(file: IO[bytes], limits: UnpackLimits) -> Iterator[Entry]:
    """Entry by entry in natural order; what neither is nor claims to be a page (a manifest, a note) is left out."""
    refusal = _directory_too_large(file, limits)
    if refusal is not None:
        yield Entry("", refusal)
        return
    try:
        archive = zipfile.ZipFile(file)
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except Exception as error:  # noqa: BLE001 - damaged directories raise anything, struct.error and UnicodeError too
        yield Entry("", Refusal(PageCode.UNREADABLE_FILE, printable(str(error))))
        return
    with archive:
        total = 0
        for entry in sorted(entries, key=lambda one: natural_key(one.filename)):
            name = re.split(r"[/\\]", entry.filename)[-1]
            if name.startswith((".", "__MACOSX")) or "__MACOSX/" in entry.filename:
                continue  # what operating systems add on their own
            inside = _entry_bytes(archive, entry, limits, limits.zip_total_bytes - total)
            shown = printable(entry_name(entry).replace("\\", "/"))
            if isinstance(inside, Refusal):
                yield Entry(shown, inside)
                if inside.code is PageCode.TOO_LARGE and total >= limits.zip_total_bytes:
                    return
                continue
            total += len(inside)
            kind = kind_of(inside[:HEAD_BYTES])
            if kind is Kind.ZIP and name.lower().endswith((".docx", ".xlsx", ".pptx")):
                continue  # an office document beside the scans
            if kind is Kind.ZIP:
                yield Entry(shown, Refusal(PageCode.NOT_AN_IMAGE, f"{printable(name)}: an archive inside an archive"))
            elif kind is not None or _has_page_suffix(name):
                yield Entry(shown, inside)


def entry_name(entry: zipfile.ZipInfo) -> str:
    """The name as it was meant: Windows writes Chinese names as GBK without saying so; Python takes them for DOS."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return entry.filename


def _has_page_suffix(name: str) -> bool:
    return name.lower().endswith(tuple(_PAGE_SUFFIXES))


def _directory_too_large(file: IO[bytes], limits: UnpackLimits) -> Refusal | None:
    """Look at the record at the archive's end: a million entries cost gigabytes once they are Python objects."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - 65535))  # a comment of up to 64 KB may stand behind the record
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        return None  # zipfile will say that this is no archive
    fields = _END.unpack_from(tail, at)
    entries, directory_bytes = fields[4], fields[5]
    if at >= _LOCATE64.size and tail[at - _LOCATE64.size : at][:4] == b"PK\x06\x07":
        _, _, where, _ = _LOCATE64.unpack_from(tail, at - _LOCATE64.size)
        file.seek(min(where, size))
        record = file.read(_END64.size)
        file.seek(0)
        if len(record) == _END64.size and record[:4] == b"PK\x06\x06":
            large = _END64.unpack(record)
            entries, directory_bytes = max(entries, large[7]), large[8]
    most = limits.zip_entries
    if entries > most and entries != 0xFFFF:
        return Refusal(PageCode.TOO_LARGE, f"{entries} entries")
    if directory_bytes > most * _ENTRY_BYTES:
        return Refusal(PageCode.TOO_LARGE, f"a directory of {directory_bytes} bytes")
    # The count may lie: every entry of the directory begins with the same four bytes.
    start = max(0, size - (len(tail) - at) - directory_bytes - _END64.size - _LOCATE64.size)
    file.seek(start)
    counted = file.read(min(directory_bytes + _END64.size + _LOCATE64.size, most * _ENTRY_BYTES)).count(b"PK\x01\x02")
    file.seek(0)
    return Refusal(PageCode.TOO_LARGE, f"{counted} entries") if counted > most else None


def _entry_bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: UnpackLimits, left: int) -> bytes | Refusal:
    """One entry's bytes, counted while they are unpacked: the size in the directory may lie."""
    name = printable(entry_name(entry))
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Refusal(PageCode.NOT_AN_IMAGE, f"{name}: a link")
    if entry.flag_bits & 0x1:
        return Refusal(PageCode.ENCRYPTED_FILE, name)
    most = min(limits.file_bytes, left, limits.zip_ratio * max(entry.compress_size, _SMALL))
    if entry.file_size > most:
        return Refusal(PageCode.TOO_LARGE, f"{name}: {entry.file_size} bytes")
    chunks, size = [], 0
    try:
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > most:
                    return Refusal(PageCode.TOO_LARGE, name)
                chunks.append(chunk)
    except Exception as error:  # noqa: BLE001 - zlib, zipfile and the codecs each raise their own
        return Refusal(PageCode.UNREADABLE_FILE, f"{name}: {printable(str(error))}")
    if size != entry.file_size:
        return Refusal(PageCode.UNREADABLE_FILE, mark_text("its size is not what the archive says"))
    return b"".join(chunks)
