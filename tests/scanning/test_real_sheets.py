"""Sheets by strangers, read by the same reader as our own: no silent error, hardly a doubt.

The pictures are not ours to keep: KAIYUE_REAL_SHEETS names their folder, or they lie beside the checkout.
"""

import csv
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.words import PageCode, ReadingStatus
from scanning.cards.files import dump_card, parse_card, with_hash
from scanning.cards.importers.folder import load_omrchecker
from scanning.cards.template import CardTemplate
from scanning.read_page import ReadingOptions, read_bytes, read_page
from scanning.reading.result import PageReading

SHEETS = ("phone-markers", "scan-100-items", "phone-scan-app", "photo-angle")


def folder() -> Path:
    named = os.environ.get("KAIYUE_REAL_SHEETS")
    return Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "real-sheets"


pytestmark = pytest.mark.skipif(
    not (folder() / "truth.csv").is_file(),
    reason="the real sheets are not here: KAIYUE_REAL_SHEETS names no folder with a truth.csv",
)


@pytest.fixture(scope="module")
def readings() -> dict[str, PageReading]:
    """Each sheet read with its own template, by way of the card file."""
    return {name: read_with(name, name) for name in SHEETS}


def card_of(template: str) -> CardTemplate:
    """The card that its template says, by way of the card file."""
    return parse_card(dump_card(with_hash(load_omrchecker(folder() / template / "template.json").card)))


def read_with(template: str, sheet: str) -> PageReading:
    card = card_of(template)
    data = (folder() / sheet / "page.jpg").read_bytes()
    return read_bytes(data, card, ReadingOptions(crops=None, ocr="never"))


def truth(sheet: str) -> dict[str, str]:
    """What is marked by field, without the fields that a person would want to look at."""
    with (folder() / "truth.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sheet"] == sheet]
    return {row["field"]: row["marked"] for row in rows if row["ambiguous"] != "1"}


@pytest.mark.parametrize("sheet", SHEETS)
def test_nothing_is_silently_wrong(readings, sheet):
    reading = readings[sheet]
    assert reading.code is None
    sure = {field.id: field.value for field in reading.fields if field.status is ReadingStatus.OK}
    expected = truth(sheet)
    assert {field.id for field in reading.fields} >= expected.keys()
    assert {name: value for name, value in sure.items() if expected.get(name, value) != value} == {}


def test_few_fields_wait_for_a_person(readings):
    fields = [field for reading in readings.values() for field in reading.fields]
    doubtful = [field.id for field in fields if field.status is ReadingStatus.DOUBTFUL]
    assert len(fields) == 247
    assert len(doubtful) <= 0.02 * len(fields), doubtful


@pytest.mark.parametrize("sheet", ["scan-100-items", "phone-scan-app"])
def test_a_mirrored_sheet_is_refused(sheet):
    # Four equal columns of options fit as well from right to left; only their letters tell.
    image = cv2.imdecode(np.fromfile(folder() / sheet / "page.jpg", np.uint8), cv2.IMREAD_GRAYSCALE)
    mirrored = np.ascontiguousarray(image[:, ::-1])
    reading = read_page(mirrored, card_of(sheet), ReadingOptions(crops=None, ocr="never"))
    assert reading.code is PageCode.POOR_FIT
    assert reading.fields == ()


@pytest.mark.parametrize(
    ("template", "sheet"), [("phone-scan-app", "photo-angle"), ("phone-markers", "scan-100-items")]
)
def test_a_sheet_of_another_kind_is_refused(template, sheet):
    reading = read_with(template, sheet)
    assert reading.code is not None
    assert reading.fields == ()
