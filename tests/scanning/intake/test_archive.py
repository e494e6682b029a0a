"""Hostile archives: nothing is written, nothing is believed, every entry that could be a page is named (FZ-4)."""

import io
import struct
import time
import zipfile
import zlib

import pytest

from models.words import PageCode
from scanning.intake.archive import entries_of_zip
from scanning.intake.document import UnpackLimits
from scanning.intake.unpack import unpack, unpack_bytes
from tests.scanning.drawn_cards import as_file
from tests.scanning.intake.test_unpack import codes, pages_of, pdf_of, picture, zip_of

PAGE = as_file(picture(), ".jpg")


def archive_of(*entries, compression=zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def codes_of(data: bytes, limits=None):
    return codes(unpack_bytes(data, "a.zip", limits))


@pytest.mark.parametrize(
    "name",
    [
        "../../e.jpg",
        "/etc/e.jpg",
        "C:\\e.jpg",
        "..\\e.jpg",
        "a/../../e.jpg",
        "CON.jpg",
        "e\u202egpj.jpg",
        "9" * 5000 + ".jpg",
    ],
)
def test_a_name_that_leads_elsewhere_only_sorts(tmp_path, name) -> None:
    inside = tmp_path / "deep" / "in"
    inside.mkdir(parents=True)
    path = inside / "a.zip"
    path.write_bytes(archive_of((name, PAGE)))
    before = sorted(tmp_path.rglob("*"))
    assert [page.data for page in pages_of(path)] == [PAGE]
    assert sorted(tmp_path.rglob("*")) == before


def test_two_entries_of_one_name_are_two_pages() -> None:
    other = as_file(picture(1), ".jpg")
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = archive_of(("a.jpg", PAGE), ("a.jpg", other))
    assert sorted(page.data for page in unpack_bytes(data, "a.zip")) == sorted([PAGE, other])


def test_archives_inside_archives_are_refused_at_the_first() -> None:
    data = PAGE
    for depth in range(5):
        data = archive_of((f"{depth}.zip" if depth else "a.jpg", data))
    assert codes_of(data) == [PageCode.NOT_AN_IMAGE]
    disguised = archive_of(("a.jpg", archive_of(("a.jpg", PAGE))))
    assert codes_of(disguised) == [PageCode.NOT_AN_IMAGE]


def test_an_encrypted_entry_is_named_and_the_others_are_read() -> None:
    data = bytearray(archive_of(("1.jpg", PAGE), ("2.jpg", PAGE)))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1  # the flag of the first entry in the directory
    assert codes_of(bytes(data)) == [PageCode.ENCRYPTED_FILE, None]


@pytest.mark.parametrize("said", [10, len(PAGE) - 1, len(PAGE) + 1, 10 * len(PAGE)])
def test_a_size_that_lies_is_found_out(said) -> None:
    data = bytearray(archive_of(("1.jpg", PAGE)))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", said)
    assert codes_of(bytes(data)) in ([PageCode.UNREADABLE_FILE], [PageCode.TOO_LARGE])


def test_a_bomb_is_stopped_at_its_limit_whatever_the_directory_says() -> None:
    bomb = archive_of(("1.png", bytes(100_000_000)))  # 100 KB that unpack to 100 MB
    lying = bytearray(bomb)
    at = lying.index(b"PK\x01\x02")
    lying[at + 24 : at + 28] = struct.pack("<I", 1000)
    begin = time.process_time()
    assert codes_of(bomb) == [PageCode.TOO_LARGE]
    assert codes_of(bytes(lying)) == [PageCode.UNREADABLE_FILE]
    assert time.process_time() - begin < 1


def test_all_entries_together_have_a_limit() -> None:
    data = archive_of(*((f"{i}.jpg", PAGE) for i in range(6)), compression=zipfile.ZIP_STORED)
    limits = UnpackLimits(zip_total_bytes=3 * len(PAGE) + 10)
    assert codes_of(data, limits)[:4] == [None, None, None, PageCode.TOO_LARGE]


@pytest.mark.parametrize("says", [3, 0xFFFF])
def test_a_million_entries_are_refused_before_they_become_objects(says) -> None:
    # Whatever the record at the end says: three, or that the count stands elsewhere.
    count = 1_000_000
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = entry * count
    data = directory + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, says, says, len(directory), 0, 0)
    begin = time.process_time()
    (found,) = entries_of_zip(io.BytesIO(b"PK\x03\x04" + data), UnpackLimits())
    assert found.content.code is PageCode.TOO_LARGE
    assert time.process_time() - begin < 1
    few = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, says, says, 30_000 * len(entry), 0, 0)
    (found,) = entries_of_zip(io.BytesIO(b"PK\x03\x04" + entry * 30_000 + few), UnpackLimits())
    assert found.content.code is PageCode.TOO_LARGE


def test_an_archive_beyond_four_gigabytes_of_entries_is_counted_by_its_own_record() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(70_000):
            archive.writestr(zipfile.ZipInfo(f"{i}"), b"")
    (found,) = entries_of_zip(buffer, UnpackLimits())
    assert (found.content.code, found.content.detail) == (PageCode.TOO_LARGE, "70000 entries")


def test_an_archive_without_a_page_is_named_itself(tmp_path) -> None:
    for name, data in {
        "empty.zip": archive_of(),
        "notes.zip": archive_of(("manifest.txt", b"2 pages"), ("roster.xlsx", archive_of(("x.xml", b"<a/>")))),
        "folders.zip": archive_of(("a/", b"")),
    }.items():
        (tmp_path / name).write_bytes(data)
    found = list(unpack(tmp_path, "送来"))
    assert [(page.file, page.page, page.code) for page in found] == [
        (f"送来/{name}", 1, PageCode.NOT_AN_IMAGE) for name in ("empty.zip", "folders.zip", "notes.zip")
    ]


def test_documents_inside_an_archive_give_all_their_pages(tmp_path) -> None:
    scans = [as_file(picture(i), ".jpg") for i in range(2)]
    path = zip_of(tmp_path / "a.zip", {"1.pdf": pdf_of(scans), "2.jpg": PAGE})
    found = pages_of(path)
    assert [page.data for page in found] == [*scans, PAGE]
    assert [page.page for page in found] == [1, 2, 3]


def test_what_the_codecs_raise_is_one_coded_page() -> None:
    data = bytearray(archive_of(("1.jpg", PAGE), ("2.jpg", PAGE)))
    first = 30 + len("1.jpg")
    data[first + 10 : first + 200] = zlib.compress(b"something else entirely")[:1] * 190
    assert codes_of(bytes(data)) == [PageCode.UNREADABLE_FILE, None]
    for method in (9, 12, 14, 97):  # Deflate64, bzip2, LZMA, WavPack: not what the bytes are, or unknown
        strange = bytearray(archive_of(("1.jpg", PAGE)))
        strange[strange.index(b"PK\x01\x02") + 10] = method
        assert codes_of(bytes(strange)) == [PageCode.UNREADABLE_FILE]
