"""`card import --image`: what is proposed from a scan of a blank card is what was printed, and can be read with."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.words import FieldKind, ReadingStatus
from samples.layouts import layouts
from samples.prints import print_card
from scanning.cards.builder import build_card
from scanning.cards.files import parse_card
from scanning.cards.fonts import find_fonts
from scanning.cards.importers.blank.card import BlankOptions, import_blank
from scanning.cards.importers.refusals import BlankRefused, NothingFound
from scanning.read_page import ReadingOptions, read_page
from tests.scanning.cards.blank_scans import compare, scanned
from tests.scanning.foreign_sheets import Style, make_sheet
from tests.scanning.other_sheets import KINDS, draw_sheet
from tests.scanning.test_foreign_sheets import card_of


def saved(tmp_path, picture, name="blank.png"):
    path = tmp_path / name
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return path


def at_200_dpi(picture):
    """A drawn A4 sheet as an office scanner delivers it."""
    scale = 1654 / min(picture.shape)
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("name", ["a4-60x4-10", "a4-40x7-9", "a4-100x5-12", "a3-80x4-8"])
def test_our_own_cards_come_back_as_they_were_printed(name):
    printed = print_card(build_card(layouts((name,))[name]), find_fonts())
    page = printed.template.pages[0]
    agreement = compare(page, scanned(printed.sides[0], 3))
    assert agreement.recall == 1.0
    assert agreement.proposed - agreement.matched <= 4  # the printed example of how to fill in
    assert agreement.wrong == []


@pytest.mark.parametrize("name", [name for name in KINDS if name != "crowded"])
def test_other_peoples_cards_come_back_as_they_were_drawn(name):
    sheet = draw_sheet(replace(KINDS[name], anchor="none"), np.random.default_rng(3))
    agreement = compare(card_of(sheet).pages[0], scanned(at_200_dpi(sheet.blank), 5))
    assert (agreement.recall, agreement.precision) == (1.0, 1.0)
    assert agreement.wrong == []


def test_a_filled_sheet_is_read_with_the_proposals(tmp_path):
    kind = replace(KINDS["three options and true or false"], anchor="none")
    sheet = draw_sheet(kind, np.random.default_rng(11))
    found = import_blank(saved(tmp_path, scanned(at_200_dpi(sheet.blank), 1)), BlankOptions(width_mm=210))
    reading = read_page(scanned(at_200_dpi(sheet.print), 2), found.card, ReadingOptions(crops=None, ocr="never"))
    assert reading.code is None
    true = {f"item:{at}": sheet.truth[f"q{at}"] for at in range(1, 41)}
    true |= {f"item:{40 + at}": sheet.truth[f"j{at}"] for at in range(1, 16)}
    sure = {one.id: one.value for one in reading.fields if one.status is ReadingStatus.OK and one.id in true}
    assert len(sure) >= 0.95 * len(true)
    assert {name: value for name, value in sure.items() if true[name] != value} == {}
    number = next(one for one in reading.fields if one.id == "candidate")
    if number.status is ReadingStatus.OK:
        assert number.value.replace("-", "") == sheet.truth["Number"]


def test_every_proposal_is_marked_and_the_file_is_a_card(tmp_path):
    sheet = draw_sheet(replace(KINDS["landscape ovals"], anchor="none"), np.random.default_rng(4))
    found = import_blank(saved(tmp_path, sheet.blank), BlankOptions(paper="theirs"))
    assert found.document["proposed"] is True
    for page in found.document["pages"]:
        assert page["fields"]
        assert all(one["proposed"] is True for key in ("fields", "regions", "fiducials") for one in page.get(key, ()))
    kinds = [one.kind for one in found.card.pages[0].fields]
    assert kinds.count(FieldKind.DIGITS) == 1
    assert kinds.count(FieldKind.SINGLE) == 48
    assert found.card.paper == "theirs"
    assert any(one.needs_person for one in found.remarks)


def test_a_skewed_a3_scan_keeps_its_size_and_boxes(tmp_path):
    printed = print_card(build_card(layouts(("a3-80x4-8",))["a3-80x4-8"]), find_fonts())
    found = import_blank(saved(tmp_path, scanned(printed.sides[0], 6)))
    page = found.card.pages[0]
    assert abs(page.size.width_mm - 420) < 2
    assert len(page.regions) == len(printed.template.pages[0].regions)
    assert sum(one.kind is FieldKind.SINGLE for one in page.fields) == 80


def test_what_has_no_bubbles_is_refused(tmp_path):
    letters_only = make_sheet(7, Style("letter", letters=True, grey=110, anchor="none"), items=20).blank
    noise = np.random.default_rng(2).integers(90, 250, (1200, 900)).astype(np.uint8)
    for picture in (np.full((1600, 1200), 245, np.uint8), noise, letters_only):
        with pytest.raises(NothingFound):
            import_blank(saved(tmp_path, picture))


def test_what_is_no_picture_is_refused_by_name(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no picture", encoding="utf-8")
    with pytest.raises(BlankRefused) as refused:
        import_blank(path)
    assert "notes.txt" in str(refused.value)


def test_the_written_file_is_parsed_as_it_was_found(tmp_path):
    sheet = make_sheet(9, Style("box", letters=True, grey=100, anchor="none"), items=10)
    found = import_blank(saved(tmp_path, sheet.blank))
    card = parse_card(json.dumps(found.document).encode())
    assert card.hash == found.card.hash
    assert [one.id for one in card.pages[0].fields] == [one.id for one in found.card.pages[0].fields]
