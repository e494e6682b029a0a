"""A document that kills or stalls its process costs the page it was on, and no other."""

import numpy as np
import pytest

from models.words import PageCode
from scanning.intake.apart import ApartOptions, OpenApart, OpenHere
from scanning.intake.document import UnpackLimits
from scanning.page.image import PageImage
from tests.scanning.drawn_cards import as_file
from tests.scanning.intake.poison import open_poisoned
from tests.scanning.intake.test_unpack import pdf_of, picture


def seen(pages):
    """The grey of a page, or its code."""
    return [int(page.grey[0, 0]) if isinstance(page, PageImage) else page.code for page in pages]


@pytest.fixture(scope="module")
def opener():
    with OpenApart(ApartOptions(page_timeout_s=1.0), open_poisoned) as opener:
        yield opener


LIMITS = UnpackLimits()


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (b"POISON 1:ok 2:ok 3:ok", [1, 2, 3]),
        (b"POISON 1:ok 2:die 3:ok", [1, PageCode.CRASHED, 3]),
        (b"POISON 1:hang 2:ok", [PageCode.TIMED_OUT, 2]),
        (b"POISON 1:die", [PageCode.CRASHED]),
        (b"POISON 1:unopenable 2:ok", [PageCode.CRASHED]),
        # It is given up after three deaths, but every page is named.
        (b"POISON 1:die 2:die 3:ok 4:die 5:ok 6:ok", [PageCode.CRASHED, PageCode.CRASHED, 3] + 3 * [PageCode.CRASHED]),
    ],
)
def test_every_page_is_given_or_named(opener, document, wanted) -> None:
    assert seen(opener.pages(document, LIMITS)) == wanted
    assert seen(opener.pages(b"POISON 1:ok", LIMITS)) == [1]  # the next document does not suffer


def test_whoever_stops_listening_leaves_nothing_behind(opener) -> None:
    pages = opener.pages(b"POISON 1:ok 2:ok 3:ok", LIMITS)
    assert seen([next(pages)]) == [1]
    pages.close()
    assert seen(opener.pages(b"POISON 1:ok 2:ok", LIMITS)) == [1, 2]


def test_a_real_document_is_opened_alike_here_and_apart(tmp_path) -> None:
    scans = [as_file(picture(i), ".jpg") for i in range(3)]
    path = tmp_path / "页 1.pdf"
    path.write_bytes(pdf_of(scans))
    with OpenApart() as apart:
        assert list(apart.pages(path, LIMITS)) == scans
        assert list(apart.pages(path.read_bytes(), LIMITS)) == scans
        assert list(OpenHere().pages(path, LIMITS)) == scans
        missing = list(apart.pages(tmp_path / "none.pdf", LIMITS))
        assert [page.code for page in missing] == [PageCode.UNREADABLE_FILE]


def test_the_process_cannot_take_all_memory() -> None:
    with OpenApart(ApartOptions(memory_bytes=2 * 1024**3), take_all) as opener:
        assert [page.code for page in opener.pages(b"x", LIMITS)] == [PageCode.CRASHED]


def take_all(source, limits, first=1):
    yield PageImage(np.zeros((80_000, 80_000), np.uint8))  # 6.4 GB
