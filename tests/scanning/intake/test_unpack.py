"""Folders, TIFF, PDF and ZIP give their pages one by one; every kind of trouble is one coded page."""

import io
import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from models.order import natural_key
from models.words import PageCode
from scanning.intake.unpack import SourcePage, UnpackLimits, unpack
from scanning.page.image import ImageLimits, decode_page
from tests.scanning.drawn_cards import as_file

RNG = np.random.default_rng(9)


def picture(seed=0):
    return np.clip(np.random.default_rng(seed).normal(200, 30, (300, 200)), 0, 255).astype(np.uint8)


def pages_of(path, limits=None) -> list[SourcePage]:
    return list(unpack(Path(path), limits=limits))


def codes(pages) -> list[PageCode | None]:
    return [page.code for page in pages]


def test_a_folder_is_read_in_natural_order_with_its_folders(tmp_path) -> None:
    room = tmp_path / "第 2 考场"
    room.mkdir()
    for name in ("page10.jpg", "page2.jpg", "page1.PNG"):
        (room / name).write_bytes(as_file(picture(), ".png" if name.endswith("PNG") else ".jpg"))
    (tmp_path / "notes.txt").write_text("no page", encoding="utf-8")
    (tmp_path / ".hidden.jpg").write_bytes(b"x")
    found = list(unpack(tmp_path, "扫描"))
    assert [Path(page.file).parts for page in found] == [
        ("扫描", "第 2 考场", name) for name in ("page1.PNG", "page2.jpg", "page10.jpg")
    ]
    assert [page.page for page in found] == [1, 1, 1]
    assert codes(found) == [None, None, None]


def test_natural_order_compares_numbers_by_value() -> None:
    assert sorted(["a10", "a9", "A1", "b", "a"], key=natural_key) == ["a", "A1", "a9", "a10", "b"]


@pytest.mark.parametrize("compression", ["group4", "tiff_lzw", None])
def test_every_frame_of_a_tiff_is_a_page(tmp_path, compression) -> None:
    frames = [Image.fromarray(picture(i)) for i in range(3)]
    if compression == "group4":
        frames = [frame.convert("1") for frame in frames]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:], compression=compression)
    found = pages_of(tmp_path / "a.tif")
    assert [page.page for page in found] == [1, 2, 3]
    for page, frame in zip(found, frames, strict=True):
        assert np.array_equal(page.grey, np.asarray(frame.convert("L")))


def test_a_damaged_tiff_gives_the_frames_that_are_whole_and_a_code(tmp_path) -> None:
    frames = [Image.fromarray(picture(i)) for i in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:])
    data = buffer.getvalue()
    (tmp_path / "a.tif").write_bytes(data[: len(data) * 6 // 10])
    found = pages_of(tmp_path / "a.tif")
    assert found
    assert found[-1].code in (PageCode.UNREADABLE_FILE, PageCode.TRUNCATED_IMAGE)


def pdf_of(images: list[bytes], rotate=0) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(480, 720), pageCompression=0)
    for image in images:
        canvas.drawImage(_readable(image), 0, 0, 480, 720)
        canvas.showPage()
    canvas.save()
    if not rotate:
        return buffer.getvalue()
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(buffer.getvalue())) as document:
        for page in document.pages:
            page.Rotate = rotate
        document.save(out)
    return out.getvalue()


def _readable(data: bytes):
    from reportlab.lib.utils import ImageReader

    return ImageReader(io.BytesIO(data))


@pytest.mark.parametrize("rotate", [0, 90])
def test_a_scan_is_taken_out_of_its_pdf_as_it_was_stored(tmp_path, rotate) -> None:
    scans = [as_file(picture(i), ".jpg") for i in range(3)]
    (tmp_path / "a.pdf").write_bytes(pdf_of(scans, rotate))
    found = pages_of(tmp_path / "a.pdf")
    assert [page.data for page in found] == scans  # byte for byte: nothing was encoded again
    assert [page.page for page in found] == [1, 2, 3]


def test_a_page_that_is_no_single_scan_is_rendered(tmp_path) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(360, 720))
    canvas.rect(36, 36, 144, 72, fill=1)
    canvas.save()
    (tmp_path / "a.pdf").write_bytes(buffer.getvalue())
    (page,) = pages_of(tmp_path / "a.pdf")
    assert page.grey is not None
    assert page.grey.shape == (2000, 1000)  # 10 x 5 inches at 200 dpi
    assert page.grey[2000 - 200, 300] < 10  # inside the black box
    assert page.grey[100, 100] > 250


def test_an_encrypted_pdf_and_a_broken_one_have_their_codes(tmp_path) -> None:
    plain = pdf_of([as_file(picture(), ".jpg")])
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(plain)) as document:
        document.save(out, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    (tmp_path / "a.pdf").write_bytes(out.getvalue())
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7 and nothing of the kind")
    assert codes(pages_of(tmp_path / "a.pdf")) == [PageCode.ENCRYPTED_FILE]
    assert codes(pages_of(tmp_path / "b.pdf")) == [PageCode.UNREADABLE_FILE]


def test_an_enormous_pdf_page_is_refused_before_it_is_drawn_and_the_next_is_read(tmp_path) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(14000, 14000))
    canvas.rect(0, 0, 10, 10)
    canvas.showPage()
    canvas.setPageSize((360, 720))
    canvas.rect(0, 0, 10, 10)
    canvas.save()
    (tmp_path / "a.pdf").write_bytes(buffer.getvalue())
    assert codes(pages_of(tmp_path / "a.pdf")) == [PageCode.TOO_LARGE, None]


def zip_of(path: Path, entries: dict[str, bytes], compression=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def test_a_zip_gives_its_images_in_natural_order_and_numbers_them(tmp_path) -> None:
    path = zip_of(
        tmp_path / "a.zip",
        {"b/10.jpg": as_file(picture(10), ".jpg"), "b/9.jpg": as_file(picture(9), ".jpg"), "manifest.txt": b"2 pages"},
    )
    found = pages_of(path)
    assert [page.data for page in found] == [as_file(picture(9), ".jpg"), as_file(picture(10), ".jpg")]
    assert [page.page for page in found] == [1, 2]
    assert {page.file for page in found} == {str(path)}
    assert [page.inside for page in found] == ["b/9.jpg", "b/10.jpg"]


def test_what_is_in_an_archive_is_named_by_its_path_there(tmp_path) -> None:
    pictures = [as_file(picture(at), ".jpg") for at in range(3)]
    path = zip_of(
        tmp_path / "a.zip", {"1/two.pdf": pdf_of(pictures[:2]), "2\\bad.jpg": b"no image", "3.jpg": pictures[2]}
    )
    assert [(page.inside, page.code) for page in pages_of(path)] == [
        ("1/two.pdf", None),
        ("1/two.pdf · 2", None),
        ("2/bad.jpg", PageCode.NOT_AN_IMAGE),
        ("3.jpg", None),
    ]
    assert [page.inside for page in pages_of(zip_of(tmp_path / "none.zip", {"note.txt": b"nothing"}))] == [""]


def test_chinese_names_that_windows_wrote_are_shown_as_they_were_meant(tmp_path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("aaaabbbb.jpg", as_file(picture(1), ".jpg"))
    given = "九年级".encode("gb18030")
    path.write_bytes(path.read_bytes().replace(b"aaaabbbb", given + b"-1"))
    assert [page.inside for page in pages_of(path)] == ["九年级-1.jpg"]


def test_bad_entries_are_coded_and_never_written_anywhere(tmp_path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"x.jpg": as_file(picture(), ".jpg")}).read_bytes()
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../escape.jpg", as_file(picture(), ".jpg"))
        archive.writestr("1-text.jpg", b"not an image at all, but long enough to look")
        archive.writestr("2-bomb.png", bytes(50_000_000))
        archive.writestr("3-inner.zip", inner)
        archive.writestr(link, "/etc/passwd")
    before = sorted(str(one) for one in tmp_path.rglob("*"))
    found = pages_of(path)
    assert codes(found) == [
        PageCode.NOT_AN_IMAGE,  # 1-text.jpg
        PageCode.TOO_LARGE,  # 2-bomb.png
        PageCode.NOT_AN_IMAGE,  # 3-inner.zip
        None,  # ../../escape.jpg: its name only sorts
        PageCode.NOT_AN_IMAGE,  # the link
    ]
    assert sorted(str(one) for one in tmp_path.rglob("*")) == before


def test_limits_hold_exactly(tmp_path) -> None:
    data = as_file(picture(), ".jpg")
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    assert codes(pages_of(path, UnpackLimits(file_bytes=len(data)))) == [None]
    assert codes(pages_of(path, UnpackLimits(file_bytes=len(data) - 1))) == [PageCode.TOO_LARGE]
    assert codes(pages_of(path, UnpackLimits(image=ImageLimits(max_pixels=59_999)))) == [PageCode.TOO_LARGE]
    archive = zip_of(tmp_path / "a.zip", {f"{i}.jpg": data for i in range(3)})
    assert codes(pages_of(archive, UnpackLimits(zip_entries=2))) == [PageCode.TOO_LARGE]
    pdf = tmp_path / "a.pdf"
    pdf.write_bytes(pdf_of([data] * 3))
    assert codes(pages_of(pdf, UnpackLimits(pages_per_file=2))) == [PageCode.TOO_LARGE]  # at once: nothing is half read
    assert codes(pages_of(pdf, UnpackLimits(pages_per_file=3))) == [None, None, None]


@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "pdf", "zip"])
def test_no_damage_to_any_kind_of_file_raises_or_loses_the_page(tmp_path, kind) -> None:
    whole = {
        "jpg": lambda: as_file(picture(), ".jpg"),
        "png": lambda: as_file(picture(), ".png"),
        "tif": lambda: as_file(picture(), ".tif"),
        "pdf": lambda: pdf_of([as_file(picture(), ".jpg")]),
        "zip": lambda: zip_of(tmp_path / "w.zip", {"a.jpg": as_file(picture(), ".jpg")}).read_bytes(),
    }[kind]()
    for _ in range(40):
        data = bytearray(whole)
        what = RNG.integers(0, 4)
        at = int(RNG.integers(0, len(data)))
        if what == 0:
            del data[at:]
        elif what == 1:
            data[at] ^= 1 << int(RNG.integers(0, 8))
        elif what == 2:
            data[at : at + 200] = bytes(min(200, len(data) - at))
        else:
            data[at : at + 20] = RNG.bytes(min(20, len(data) - at))
        path = tmp_path / f"m.{kind}"
        path.write_bytes(bytes(data))
        found = pages_of(path)
        if kind != "zip":  # a damaged directory may hide an entry's name; the archive itself is then refused
            assert found
        for page in found:
            if page.data is not None:
                decode_page(page.data)  # must answer, whatever it says


def drawn_pdf(draw, size=(595, 842)) -> bytes:
    """A one-page PDF drawn by a function of its canvas."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size)
    draw(canvas)
    canvas.save()
    return buffer.getvalue()


def test_a_page_of_several_images_is_rendered_with_all_their_detail(tmp_path) -> None:
    # Scanners cut a page into strips; each has 300 dpi.
    rng = np.random.default_rng(3)
    dots = [(rng.random((146, 207)) > 0.5).astype(np.uint8) * 255 for _ in range(2)]
    strips = [Image.fromarray(np.kron(one, np.ones((3, 3), np.uint8))[:, :620]) for one in dots]

    def draw(canvas) -> None:
        for at, strip in enumerate(strips):
            canvas.drawImage(_readable(_png(strip)), 0, 105 * (1 - at), 149, 105)

    (tmp_path / "a.pdf").write_bytes(drawn_pdf(draw, (149, 210)))
    (page,) = pages_of(tmp_path / "a.pdf")
    assert page.grey.shape == pytest.approx((2 * 438, 620), abs=4)
    upper = page.grey[:438, :620].astype(float)
    assert (
        np.corrcoef(upper.ravel(), np.asarray(strips[0], float)[: upper.shape[0], : upper.shape[1]].ravel())[0, 1] > 0.8
    )


def _png(image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("points", [(200, 300), (48, 72), (2000, 3000)])
def test_the_size_that_a_pdf_claims_for_its_scan_does_not_matter(tmp_path, points) -> None:
    scan = as_file(picture(), ".jpg")
    draw = lambda canvas: canvas.drawImage(_readable(scan), 0, 0, *points)  # noqa: E731
    (tmp_path / "a.pdf").write_bytes(drawn_pdf(draw, points))
    (page,) = pages_of(tmp_path / "a.pdf")
    assert page.data == scan


@pytest.mark.parametrize("black_is_1", [False, True])
@pytest.mark.parametrize("mask", [False, True])
def test_fax_pages_inside_a_pdf_are_black_on_white_however_they_are_stored(tmp_path, black_is_1, mask) -> None:
    page = np.full((1170, 827), 255, np.uint8)
    page[40:380, 30:430] = 0
    buffer = io.BytesIO()
    Image.fromarray(page).convert("1").save(buffer, "TIFF", compression="group4", tiffinfo={278: 1170})
    with Image.open(buffer) as tiff:
        (at,), (size,) = tiff.tag_v2[273], tiff.tag_v2[279]
    document = pikepdf.new()
    sheet = document.add_blank_page(page_size=(595, 842))
    image = pikepdf.Stream(document, buffer.getvalue()[at : at + size])
    image.stream_dict = pikepdf.Dictionary(
        Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=827, Height=1170, BitsPerComponent=1,
        Filter=pikepdf.Name.CCITTFaxDecode,
        DecodeParms=pikepdf.Dictionary(K=-1, Columns=827, Rows=1170, BlackIs1=black_is_1),
    )  # fmt: skip
    # The encoder calls black 0; said to be 1, it has to be turned back, as an image and as a stencil.
    image.Decode = pikepdf.Array([1, 0] if black_is_1 == mask else [0, 1])
    if mask:
        image.ImageMask = True
    else:
        image.ColorSpace = pikepdf.Name.DeviceGray
    sheet.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
    sheet.Contents = pikepdf.Stream(document, b"q 595 0 0 842 0 0 cm /Im0 Do Q")
    document.save(tmp_path / "a.pdf")
    (found,) = pages_of(tmp_path / "a.pdf")
    assert found.warnings == ("one_bit",)
    assert np.array_equal(found.grey, page)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9, 0.97])
def test_a_pdf_whose_end_is_missing_is_refused_as_a_whole(tmp_path, kept) -> None:
    data = pdf_of([as_file(picture(i), ".jpg") for i in range(5)])
    (tmp_path / "a.pdf").write_bytes(data[: int(len(data) * kept)])
    (page,) = pages_of(tmp_path / "a.pdf")
    assert page.code in (PageCode.TRUNCATED_IMAGE, PageCode.UNREADABLE_FILE)


@pytest.mark.parametrize(
    "box", ["0 0 0 0", "-5 -5 -900 -900", "0 0 1e30 1e30", "a b c d", "0 0 144000 144000", "0 0 1 9999999"]
)
def test_a_hostile_page_size_is_one_coded_page(tmp_path, box) -> None:
    data = drawn_pdf(lambda canvas: canvas.rect(10, 10, 100, 100, fill=1))
    (tmp_path / "a.pdf").write_bytes(data.replace(b"/MediaBox [ 0 0 595 842 ]", f"/MediaBox [ {box} ]".encode()))
    (page,) = pages_of(tmp_path / "a.pdf")
    assert (page.code is None) != (page.grey is None)
    assert page.grey is None or page.grey.size < 75_000_000


def test_a_pdf_that_only_its_owner_may_change_is_read(tmp_path) -> None:
    scan = as_file(picture(), ".jpg")
    with pikepdf.open(io.BytesIO(pdf_of([scan]))) as document:
        document.save(tmp_path / "a.pdf", encryption=pikepdf.Encryption(user="", owner="secret"))
    assert [page.data for page in pages_of(tmp_path / "a.pdf")] == [scan]


def test_a_tiff_of_one_frame_is_kept_as_it_is_and_a_chain_in_a_circle_ends(tmp_path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(picture()).save(buffer, "TIFF", compression="tiff_lzw")
    (tmp_path / "a.tif").write_bytes(buffer.getvalue())
    assert [page.data for page in pages_of(tmp_path / "a.tif")] == [buffer.getvalue()]
    data = bytearray(buffer.getvalue())
    at = int.from_bytes(data[4:8], "little")
    behind = at + 2 + 12 * int.from_bytes(data[at : at + 2], "little")
    data[behind : behind + 4] = data[4:8]  # the first frame is its own successor
    (tmp_path / "b.tif").write_bytes(bytes(data))
    found = codes(pages_of(tmp_path / "b.tif"))
    assert found[0] is None
    assert found[-1] is not None
    assert len(found) <= 3


def test_files_are_known_by_what_they_are_not_by_their_names(tmp_path) -> None:
    jpeg, tiff = as_file(picture(), ".jpg"), as_file(picture(), ".tif")
    for name, data in {"a.png": jpeg, "b.jpg": tiff, "c": jpeg, "d.scan": tiff, "e.HEIC": jpeg, "f.md": b"# no page",
                       "g.docx": zip_of(tmp_path / "x.bin", {"a.jpg": jpeg}).read_bytes()}.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
    found = [(Path(page.file).name, page.code) for page in unpack(tmp_path)]
    assert found == [(name, None) for name in ("a.png", "b.jpg", "c", "d.scan", "e.HEIC")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_file_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert codes(pages_of(tmp_path / "a.jpg")) == [PageCode.UNREADABLE_FILE]
    assert pages_of(tmp_path) == []
