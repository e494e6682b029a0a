"""Photos that a messenger has made small: read while they are legible, never wrongly certain."""

import cv2
import numpy as np
import pytest

from samples.layouts import layouts
from samples.prints import print_card
from samples.scan_plan import ScanProfile
from samples.trial import Trial, judge, random_side
from scanning.cards.builder import build_card
from scanning.cards.fonts import find_fonts
from scanning.read_page import ReadingOptions, read_bytes

NAME = "a4-60x4-10"
TRIALS = [Trial(NAME, 1, ScanProfile.PHONE, 7000 + seed) for seed in range(4)]


@pytest.fixture(scope="module")
def card():
    return print_card(build_card(layouts((NAME,))[NAME]), find_fonts())


@pytest.fixture(scope="module")
def photos(card):
    return [random_side(card, trial) for trial in TRIALS]


def sent(photo: bytes, long_px: int, quality: int) -> bytes:
    """What arrives when a photo is sent: the long side reduced, compressed once more, without its EXIF notes."""
    picture = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    scale = long_px / max(picture.shape)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()


@pytest.mark.parametrize(("long_px", "quality"), [(1280, 70), (1280, 50), (700, 60)])
def test_a_recompressed_photo_is_read_or_refused_and_never_silently_wrong(card, photos, long_px, quality) -> None:
    read = doubtful = fields = 0
    for trial, drawn in zip(TRIALS, photos, strict=True):
        reading = read_bytes(sent(drawn.data, long_px, quality), card.template, ReadingOptions(crops=None, ocr="never"))
        found = judge(trial, drawn, reading)
        assert (found.silent, found.silent_numbers) == ([], [])
        read += reading.code is None
        doubtful += sum(field.status.value == "doubtful" for field in reading.fields)
        fields += len(reading.fields)
    if long_px == 1280:
        assert read >= 3
        assert doubtful <= 0.06 * fields
