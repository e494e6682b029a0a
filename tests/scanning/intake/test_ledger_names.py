"""Whatever files and entries are called, both databases can hold it, and every file is known."""

import io
import os
import sys
import zipfile

import pytest
from sqlalchemy import select

from models.sheet import PageImage, ScanFile, file_of_page
from models.words import PageCode
from scanning.intake.apart import OpenApart
from scanning.intake.ledger import enter_batch, open_file, unopened_files
from scanning.intake.names import encodable, printable
from scanning.intake.receive import find_files, keep_files
from tests.scanning.drawn_cards import as_file
from tests.scanning.intake.test_unpack import pdf_of, picture
from tests.scanning.sheets import make_desk


def test_what_no_table_can_hold_is_shown_as_a_sign() -> None:
    assert printable("a\0b\nc\udcff全　角👩‍🏫") == "a\ufffdb\ufffdc\ufffd全　角👩‍🏫"
    assert printable("x" * 20, most=10) == "x" * 9 + "…"
    assert encodable("a\nb\udcff　") == "a\nb\ufffd　"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="this system allows no such names")
def test_strange_names_and_damaged_files_are_entered_in_both_databases(database, blobs, tmp_path) -> None:
    desk = make_desk(database, blobs)
    folder = tmp_path / "scans"
    folder.mkdir()
    bad = io.BytesIO()
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("a\x01\x02.jpg", b"no picture")
        archive.writestr("b" * 60_000 + ".zip", b"PK\x03\x04")
    contents = {
        b"\xff\xfe.jpg": as_file(picture(1), ".jpg"),
        b"new\nline.png": as_file(picture(2)),
        b"bad.zip": bad.getvalue(),
        b"cut.pdf": pdf_of([as_file(picture(3), ".jpg")])[:-300],
        b"two.pdf": pdf_of([as_file(picture(4), ".jpg"), as_file(picture(5), ".jpg")]),
        b"no suffix": as_file(picture(6), ".jpg"),
    }
    for name, data in contents.items():
        (folder / os.fsdecode(name)).write_bytes(data)
    kept = keep_files(blobs, find_files([folder]))
    with database.write() as session:
        enter_batch(session, desk.context.paper_id, kept, name="one", operator="lin")
    with database.read() as session:
        files = unopened_files(session, desk.context.paper_id)
    with OpenApart() as opener:
        pages = [open_file(database, blobs, file_id, opener=opener) for file_id in files]
    assert sorted(pages) == [1, 1, 1, 1, 2, 2]
    with database.read() as session:
        names = set(session.scalars(select(ScanFile.name)))
        codes = [code for code in session.scalars(select(PageImage.code)) if code is not None]
        named = select(file_of_page()).select_from(PageImage).join(ScanFile, ScanFile.id == PageImage.file_id)
        shown = set(session.scalars(named))
    strange = {"\ufffd\ufffd.jpg", "new\ufffdline.png"}
    inside = "scans/bad.zip/a\ufffd\ufffd.jpg"
    assert inside in shown
    assert "scans/bad.zip" not in shown
    assert "scans/two.pdf" in shown
    assert names == {f"scans/{name}" for name in strange | {"bad.zip", "cut.pdf", "two.pdf", "no suffix"}}
    assert sorted(codes) == [PageCode.NOT_AN_IMAGE, PageCode.NOT_AN_IMAGE, PageCode.UNREADABLE_FILE]
