"""Every kind of bad bytes has its own code; good bytes become upright grey."""

import io
import struct
import time
import zlib

import numpy as np
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
    begin = time.perf_counter()
    assert code_of(data) is PageCode.TOO_LARGE
    assert time.perf_counter() - begin < 0.5


def test_the_pixel_limit_itself_is_still_a_page() -> None:
    limits = ImageLimits(max_pixels=PICTURE.size)
    assert isinstance(decode_page(as_file(PICTURE), limits), PageImage)
    assert isinstance(decode_page(as_file(PICTURE), ImageLimits(max_pixels=PICTURE.size - 1)), Refusal)


@pytest.mark.parametrize(("orientation", "turn"), [(1, 0), (3, 2), (6, 1), (8, 3)])
def test_exif_orientation_is_honoured(orientation, turn) -> None:
    smooth = np.add.outer(np.arange(400) // 4, np.arange(300) // 3).astype(np.uint8)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(np.rot90(smooth, turn))).save(buffer, "JPEG", quality=98, exif=exif)
    image = decode_page(buffer.getvalue())
    assert isinstance(image, PageImage)
    assert image.grey.shape == smooth.shape
    assert np.abs(image.grey.astype(int) - smooth).max() < 12


def test_one_bit_scans_are_read_with_a_warning() -> None:
    bits = (PICTURE > 200).astype(np.uint8) * 255
    for data in (as_file(bits), _g4(bits)):
        image = decode_page(data)
        assert isinstance(image, PageImage)
        assert image.warnings == ("one_bit",)
        assert np.array_equal(image.grey, bits)


def _g4(bits) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(bits).convert("1").save(buffer, "TIFF", compression="group4")
    return buffer.getvalue()
