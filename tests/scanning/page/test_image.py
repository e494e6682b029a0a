"""Every kind of bad bytes has its own code; good bytes become upright grey."""

import io
import struct
import time
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from models.words import PageCode
from scanning.page.image import ImageLimits, PageImage, Refusal, decode_page
from tests.scanning.drawn_cards import as_file

RNG = np.random.default_rng(5)
PICTURE = np.clip(RNG.normal(200, 30, (400, 300)), 0, 255).astype(np.uint8)


def code_of(data: bytes) -> PageCode:
    image = decode_page(data)
    assert isinstance(image, Refusal)
    return image.code


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_lossless_files_come_back_px_for_px(suffix) -> None:
    image = decode_page(as_file(PICTURE, suffix))
    assert isinstance(image, PageImage)
    assert np.array_equal(image.grey, PICTURE)
    assert image.warnings == ()


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9, 0.99])
def test_a_truncated_jpeg_is_never_accepted(kept) -> None:
    data = as_file(PICTURE, ".jpg")
    short = data[: int(len(data) * kept)]
    assert code_of(short) is PageCode.TRUNCATED_IMAGE
    # Putting an end marker behind it, or an embedded one before it, does not make it whole.
    if kept < 0.95:  # of the last hundredth only part of one row of blocks is missing
        assert code_of(short + b"\xff\xd9") is PageCode.TRUNCATED_IMAGE
    assert code_of(data[:-2]) is PageCode.TRUNCATED_IMAGE


def test_bytes_behind_the_end_of_a_whole_jpeg_do_no_harm() -> None:
    assert isinstance(decode_page(as_file(PICTURE, ".jpg") + b"\0" * 100), PageImage)


def test_a_truncated_png_is_never_accepted() -> None:
    data = as_file(PICTURE)
    assert code_of(data[: len(data) // 2]) is PageCode.TRUNCATED_IMAGE


def test_text_is_not_an_image_and_nothing_is_unreadable() -> None:
    assert code_of(b"this is a shopping list, not a scan") is PageCode.NOT_AN_IMAGE
    assert code_of(b"") is PageCode.UNREADABLE_FILE
    damaged = bytearray(as_file(PICTURE))
    damaged[60:400] = bytes(340)
    assert code_of(bytes(damaged)) is PageCode.UNREADABLE_FILE


def test_a_pixel_bomb_is_refused_from_its_header_in_no_time() -> None:
    side = 20_000
    rows = zlib.compress(bytes((side // 8 + 1) * 64), 9)
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))  # noqa: E731
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    begin = time.process_time()
    assert code_of(data) is PageCode.TOO_LARGE
    assert time.process_time() - begin < 0.5


def test_the_pixel_limit_itself_is_still_a_page() -> None:
    limits = ImageLimits(max_pixels=PICTURE.size)
    assert isinstance(decode_page(as_file(PICTURE), limits), PageImage)
    assert isinstance(decode_page(as_file(PICTURE), ImageLimits(max_pixels=PICTURE.size - 1)), Refusal)


SMOOTH = np.add.outer(np.arange(400) // 4, np.arange(300) // 3).astype(np.uint8)
# How a camera that notes this orientation has stored the upright picture.
STORED = {
    1: lambda g: g, 2: lambda g: g[:, ::-1], 3: lambda g: g[::-1, ::-1], 4: lambda g: g[::-1], 5: lambda g: g.T,
    6: np.rot90, 7: lambda g: g[::-1, ::-1].T, 8: lambda g: np.rot90(g, -1),
}  # fmt: skip


def saved(image, kind, **options) -> bytes:
    pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def grey_of(data: bytes):
    image = decode_page(data)
    assert isinstance(image, PageImage), image
    return image.grey.astype(int)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_is_honoured(kind, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(np.ascontiguousarray(STORED[orientation](SMOOTH))).convert("RGB")
    options = {} if kind in ("PNG", "TIFF") else {"quality": 98}
    grey = grey_of(saved(picture, kind, exif=exif, **options))
    assert grey.shape == SMOOTH.shape
    assert np.abs(grey - SMOOTH).max() < 16


def test_a_heic_that_was_turned_by_its_container_is_not_turned_again() -> None:
    # As phones write it: the container turns the picture, and EXIF repeats it for programs that know no container.
    exif = Image.Exif()
    exif[0x0112] = 3
    data = saved(Image.fromarray(SMOOTH).convert("RGB"), "HEIF", exif=exif, quality=98)
    assert np.abs(grey_of(data) - SMOOTH[::-1, ::-1]).max() < 16
    assert np.abs(grey_of(data + b"\0\0\0\x10free\0\0\0\x09irot") - SMOOTH).max() < 16


DARK = np.full((400, 300), 230, np.uint8)
DARK[40:80, 30:130] = 20


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("CMYK JPEG", lambda: saved(Image.fromarray(DARK).convert("CMYK"), "JPEG", quality=95)),
        ("CMYK TIFF", lambda: saved(Image.fromarray(DARK).convert("CMYK"), "TIFF")),
        ("palette PNG", lambda: saved(Image.fromarray(DARK).convert("RGB").quantize(8), "PNG")),
        ("palette TIFF", lambda: saved(Image.fromarray(DARK).convert("RGB").quantize(8), "TIFF")),
        ("GIF", lambda: saved(Image.fromarray(DARK), "GIF")),
        ("16-bit PNG", lambda: saved(Image.fromarray(DARK.astype(np.uint16) * 257), "PNG")),
        ("16-bit TIFF", lambda: saved(Image.fromarray(DARK.astype(np.uint16) * 257), "TIFF")),
        ("16-bit colour PNG", lambda: as_file(np.dstack([DARK.astype(np.uint16) * 257] * 3))),
        ("16-bit colour TIFF", lambda: as_file(np.dstack([DARK.astype(np.uint16) * 257] * 3), ".tif")),
        ("white is 0", lambda: saved(Image.fromarray(DARK), "TIFF", tiffinfo={262: 0})),
        ("progressive", lambda: saved(Image.fromarray(DARK), "JPEG", progressive=True, quality=95)),
        ("JPEG in TIFF", lambda: saved(Image.fromarray(DARK), "TIFF", compression="jpeg", quality=95)),
        ("JPEG 2000", lambda: saved(Image.fromarray(DARK), "JPEG2000")),
    ],
)
def test_every_depth_and_colour_becomes_the_same_grey(name, data) -> None:
    assert np.abs(grey_of(data()) - DARK).max() <= 6, name


@pytest.mark.parametrize("under", [0, 255])
@pytest.mark.parametrize("kind", ["PNG", "LA PNG", "WEBP", "TIFF", "HEIF", "palette"])
def test_what_is_transparent_is_paper_whatever_lies_under_it(kind, under) -> None:
    ink = DARK < 128
    layers = np.dstack([np.where(ink, DARK, under)] * 3 + [np.where(ink, 255, 0)]).astype(np.uint8)
    picture = Image.fromarray(layers)
    if kind == "palette":
        picture = Image.fromarray(ink.astype(np.uint8))
        picture.putpalette([under] * 3 + [20] * 3)
        data = saved(picture, "PNG", transparency=0)
    elif kind == "LA PNG":
        data = saved(picture.convert("LA"), "PNG")
    else:
        data = saved(picture, kind, **{"WEBP": {"lossless": True}, "HEIF": {"quality": -1}}.get(kind, {}))
    assert np.abs(grey_of(data) - np.where(ink, 20, 255)).max() <= 3


def test_half_transparent_ink_is_half_dark() -> None:
    layers = np.zeros((200, 200, 4), np.uint8)
    layers[..., 3] = 102
    assert np.abs(grey_of(saved(Image.fromarray(layers), "PNG")) - 153).max() <= 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda: saved(Image.fromarray(DARK.astype(np.int32)), "TIFF"), PageCode.UNREADABLE_FILE),
        (lambda: saved(Image.fromarray(DARK.astype(np.float32)), "TIFF"), PageCode.UNREADABLE_FILE),
        (lambda: animation("PNG"), PageCode.NOT_AN_IMAGE),
        (lambda: animation("GIF"), PageCode.NOT_AN_IMAGE),
        (lambda: animation("WEBP"), PageCode.NOT_AN_IMAGE),
        (lambda: animation("HEIF"), PageCode.NOT_AN_IMAGE),
        (lambda: b"BM is how this note begins, and it goes on for a while", PageCode.NOT_AN_IMAGE),
        (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 500 500\n", PageCode.NOT_AN_IMAGE),
    ],
)
def test_what_is_no_page_is_refused_by_name(data, code) -> None:
    assert code_of(data()) is code


def animation(kind) -> bytes:
    """Two pictures in one file: nobody knows which of them is the page."""
    first, second = (Image.fromarray(np.roll(SMOOTH, shift)).convert("RGB") for shift in (0, 50))
    return saved(first, kind, save_all=True, append_images=[second])


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "JPEG2000"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.995])
def test_no_kind_of_file_is_accepted_when_its_end_is_missing(kind, kept) -> None:
    data = saved(Image.fromarray(PICTURE).convert("RGB"), kind)
    assert code_of(data[: int(len(data) * kept)]) in (PageCode.TRUNCATED_IMAGE, PageCode.UNREADABLE_FILE)


def test_phones_hang_films_and_depth_maps_onto_their_jpegs() -> None:
    data = as_file(PICTURE, ".jpg")
    film = b"\0\0\0\x18ftypmp42" + RNG.bytes(300_000).replace(b"\xff", b"\xfe")
    assert isinstance(decode_page(data + film), PageImage)
    assert code_of(data[:-2] + film) is PageCode.TRUNCATED_IMAGE
    preview = as_file(PICTURE[::4, ::4], ".jpg")
    assert grey_of(data + preview).shape == PICTURE.shape
    assert code_of(data[: len(data) // 2] + preview) in (PageCode.TRUNCATED_IMAGE, PageCode.UNREADABLE_FILE)


def test_a_jpeg_of_endless_passes_is_refused_at_once() -> None:
    data = saved(Image.fromarray(PICTURE), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    data = data[:last] + data[last:-2] * 3000 + b"\xff\xd9"
    begin = time.process_time()
    assert code_of(data) is PageCode.UNREADABLE_FILE
    assert time.process_time() - begin < 0.5


def test_one_bit_scans_are_read_with_a_warning() -> None:
    bits = (PICTURE > 200).astype(np.uint8) * 255
    for data in (as_file(bits), _g4(bits)):
        image = decode_page(data)
        assert isinstance(image, PageImage)
        assert image.warnings == ("one_bit",)
        assert np.array_equal(image.grey, bits)


@pytest.mark.parametrize("white_is_zero", [True, False])
@pytest.mark.parametrize("reversed_bits", [True, False])
@pytest.mark.parametrize("rows", [50, 400])
def test_damaged_fax_data_are_refused_and_whole_ones_never(white_is_zero, reversed_bits, rows) -> None:
    bits = np.kron(PICTURE[::8, ::10] > 200, np.ones((8, 10), bool)).astype(np.uint8) * 255
    tags = {262: 0 if white_is_zero else 1, 266: 2 if reversed_bits else 1, 278: rows}
    data = saved(Image.fromarray(bits).convert("1"), "TIFF", compression="group4", tiffinfo=tags)
    with Image.open(io.BytesIO(data)) as image:
        assert {tag: image.tag_v2.get(tag, 1) for tag in tags} == tags
        strips = list(zip(image.tag_v2[273], image.tag_v2[279], strict=True))
        places = [at + off for at, size in strips for off in range(0, size - 6, 7) if off > 260 or len(strips) > 1]
    assert np.array_equal(grey_of(data), bits)
    refused = 0
    for place in places:
        broken = bytearray(data)
        broken[place : place + 4] = RNG.bytes(4)
        image = decode_page(bytes(broken))
        refused += isinstance(image, Refusal)
        if not isinstance(image, Refusal):  # other codes that mean another picture: then only the picture can tell
            again = saved(Image.fromarray(image.grey).convert("1"), "TIFF", compression="group4", tiffinfo=tags)
            assert np.array_equal(grey_of(again), image.grey)
    assert refused > 0.9 * len(places)


def _g4(bits) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(bits).convert("1").save(buffer, "TIFF", compression="group4")
    return buffer.getvalue()
