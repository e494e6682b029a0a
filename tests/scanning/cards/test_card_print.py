"""The printed card: what the PDF and the page images contain, measured on them and not on our own numbers."""

import io
from collections import Counter
from dataclasses import replace

import numpy as np
import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from models.paper import CardSpec
from models.words import NumberEntry, ReadingStatus
from scanning.cards.builder import build_card
from scanning.cards.drawing import Text
from scanning.cards.errors import BarcodeRefused, FontUnusable, NumberDoesNotFit, Unprintable
from scanning.cards.fonts import find_fonts
from scanning.cards.machine_code import parse_payload, payload
from scanning.cards.pdf import PrintedCandidate, bar_width_mm, blank_pdf, candidates_pdf, unprintable
from scanning.cards.preview import page_pngs
from scanning.read_page import read_page
from tests.scanning.cards.papers import A3, A4, contract_paper, county_paper, paper, preprinted_paper

DPI = 200
PX_PER_MM = DPI / 25.4
# Rare characters that people bear as names; fonts for everyday text lack some of them.
RARE = "䶮喆犇"


@pytest.fixture(scope="module")
def fonts():
    return find_fonts()


@pytest.fixture(scope="module")
def county(fonts):
    design = build_card(county_paper(), exam_title="九年级第一次模拟考试")
    pdf = blank_pdf(design, fonts)
    return design, pdf, [pixels(image) for image in page_pngs(pdf)]


@pytest.fixture(scope="module")
def preprinted(fonts):
    design = build_card(preprinted_paper())
    people = [
        PrintedCandidate("00120345", f"欧阳{RARE}", "实验中学", "九(3)班", "12考场07号"),
        PrintedCandidate("00120346", "李四"),
    ]
    return design, candidates_pdf(design, fonts, people)


def pixels(image):
    return np.asarray(Image.open(io.BytesIO(image)))


def texts(pdf):
    document = pypdfium2.PdfDocument(pdf)
    found = [page.get_textpage().get_text_bounded() for page in document]
    document.close()
    return found


def region(image, rect, margin_mm=0.0):
    left, top = (rect.x_mm - margin_mm) * PX_PER_MM, (rect.y_mm - margin_mm) * PX_PER_MM
    right, bottom = (rect.right_mm + margin_mm) * PX_PER_MM, (rect.bottom_mm + margin_mm) * PX_PER_MM
    return image[max(round(top), 0) : round(bottom), max(round(left), 0) : round(right)]


def test_one_page_of_the_right_size_for_each_side(county):
    _design, pdf, images = county
    document = pypdfium2.PdfDocument(pdf)
    sizes = [tuple(round(points * 25.4 / 72, 1) for points in page.get_size()) for page in document]
    document.close()
    assert sizes == [(420.0, 297.0), (420.0, 297.0)]
    assert [image.shape for image in images] == [(2339, 3308)] * 2  # 297 and 420 mm at 200 dpi, rounded up


def test_the_page_images_say_their_resolution(county):
    _design, pdf, _images = county
    assert Image.open(io.BytesIO(page_pngs(pdf)[0])).info["dpi"] == pytest.approx((200, 200), abs=0.01)


def test_every_fiducial_and_bar_is_printed_where_the_card_says(county):
    """Edges are found where the darkness crosses one half, to a fraction of a pixel; 0.15 mm is 1.2 px."""
    design, _pdf, images = county
    for page, image in zip(design.template.pages, images, strict=True):
        marks = [mark.rect for mark in page.fiducials] + [bar for track in page.tracks for bar in track.bars]
        for rect in marks:
            margin_mm = 1.2
            window = 255.0 - region(image, rect, margin_mm).astype(float)
            left = max(round((rect.x_mm - margin_mm) * PX_PER_MM), 0)
            top = max(round((rect.y_mm - margin_mm) * PX_PER_MM), 0)
            across = window[window.shape[0] // 2] / 255.0
            down = window[:, window.shape[1] // 2] / 255.0
            found = (
                (left + across.argmax()) / PX_PER_MM,
                (top + down.argmax()) / PX_PER_MM,
                across.sum() / PX_PER_MM,
                down.sum() / PX_PER_MM,
            )
            assert found == pytest.approx((rect.x_mm, rect.y_mm, rect.width_mm, rect.height_mm), abs=0.15)


def test_empty_bubbles_are_light_and_frames_dark(county):
    design, _pdf, images = county
    page, image = design.template.pages[0], images[0]
    for field in page.fields:
        for bubble in field.bubbles:
            assert region(image, bubble.rect).mean() > 215  # a filled one is below 100
            assert region(image, bubble.rect, 0.3).min() > 90  # grey, never black
    for frame in page.frames:
        row = image[round(frame.center.y_mm * PX_PER_MM)]
        edge = round(frame.x_mm * PX_PER_MM)
        assert row[edge - 3 : edge + 4].min() < 60


def test_every_side_carries_its_machine_code_in_white(county):
    design, _pdf, images = county
    for page, image in zip(design.template.pages, images, strict=True):
        code = zxingcpp.read_barcodes(region(image, page.code, 2.0), formats=zxingcpp.BarcodeFormat.QRCode)
        assert [found.text for found in code] == [page.code_payload]
        ring = region(image, page.code, 2.3).astype(float)
        inner = round(2.3 * PX_PER_MM) - 1
        ring[inner:-inner, inner:-inner] = 255
        assert ring.min() > 200


def test_all_fonts_are_embedded_and_subsetted(county):
    _design, pdf, _images = county
    document = pikepdf.open(io.BytesIO(pdf))
    # a printer's preflight asks about every font that is named, used or not
    fonts = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/Font"]
    assert fonts
    for font in fonts:
        assert "+" in str(font["/BaseFont"])  # a subset's name begins with a tag and a plus
        assert "/FontFile2" in font["/FontDescriptor"]
    named = [font for font in document.objects if isinstance(font, pikepdf.Dictionary) and font.get("/Type") == "/Font"]
    assert all("/FontFile2" in font.get("/FontDescriptor", {}) for font in named)  # nor is another one named anywhere
    assert len(pdf) < 200_000  # the whole font would be ten megabytes


def test_the_text_can_be_extracted(county):
    _design, pdf, _images = county
    front, back = texts(pdf)
    for wanted in (
        "九年级第一次模拟考试",
        "语文答题卡",
        "注",
        "缺考标记",
        "请勿在此区域内作答",
        "第1面（共2面）",
        "61．（4分）",
    ):
        assert wanted in front
    assert "第2面（共2面）" in back


def test_the_same_card_gives_the_same_bytes(fonts):
    assert blank_pdf(build_card(contract_paper()), fonts) == blank_pdf(build_card(contract_paper()), fonts)


def test_a_candidates_card_shows_texts_barcode_and_number_on_both_sides(preprinted):
    design, pdf = preprinted
    pages = texts(pdf)
    assert len(pages) == 4
    assert f"欧阳{RARE}" in pages[0]
    assert "实验中学" in pages[0]
    assert "九(3)班" in pages[0]
    assert "李四" in pages[2]
    images = [pixels(image) for image in page_pngs(pdf)]
    for place, image in enumerate(images):
        page = design.template.pages[place % 2]
        number = "00120345" if place < 2 else "00120346"
        window = region(image, page.barcodes[0].rect)
        found = zxingcpp.read_barcodes(window, formats=zxingcpp.BarcodeFormat.Code128)
        assert [code.text for code in found] == [number]
        assert number in pages[place]
        assert region(image, page.printed_number).min() < 60


def test_a_sticker_place_gets_its_barcode_too(fonts):
    design = build_card(county_paper())
    pdf = candidates_pdf(design, fonts, [PrintedCandidate("0000000001")])
    image = pixels(page_pngs(pdf)[0])
    window = region(image, design.template.pages[0].barcodes[0].rect)
    assert [code.text for code in zxingcpp.read_barcodes(window)] == ["0000000001"]


@pytest.mark.parametrize(
    ("items", "spec"),
    [
        (contract_paper().items, CardSpec(A4, 2, 1, NumberEntry.BUBBLES, 8)),
        (county_paper().items, CardSpec(A3, 2, 3, NumberEntry.BUBBLES, 16)),
        (county_paper().items[:60], CardSpec(A4, 1, 2, NumberEntry.BUBBLES, 16)),  # narrow columns: small bubbles
    ],
)
def test_a_card_without_a_barcode_gets_its_number_filled_in_so_that_it_reads_back(fonts, items, spec):
    design = build_card(paper(items, spec))
    numbers = ["0012034598765431"[: spec.digits], "9876543210012345"[: spec.digits]]
    pdf = candidates_pdf(design, fonts, [PrintedCandidate(number, "欧阳李四") for number in numbers])
    fronts = [pixels(image) for image in page_pngs(pdf, DPI)][:: len(design.template.pages)]
    said = texts(pdf)[:: len(design.template.pages)]
    for number, front, text in zip(numbers, fronts, said, strict=True):
        reading = read_page(front, design.template)
        field = next(each for each in reading.fields if each.id == "candidate")
        assert (field.value, field.status) == (number, ReadingStatus.OK)
        assert (reading.candidate.value, reading.candidate.status) == (number, ReadingStatus.OK)
        assert all(one.value == "" for one in reading.fields if one.id != "candidate")
        assert "欧阳李四" in text
        blank = text.replace("欧阳李四", "")
        others = texts(blank_pdf(design, fonts))[0]
        assert Counter(number) <= Counter(blank) - Counter(others)
    front, grid = fronts[0], next(each for each in design.template.pages[0].fields if each.id == "candidate")
    for bubble in grid.bubbles:
        inside = region(front, bubble.rect, -0.35)
        assert bool(inside.max() < 60) is (numbers[0][bubble.column] == bubble.label)


def test_the_grid_beside_a_barcode_is_left_to_the_candidate(fonts):
    design = build_card(contract_paper())
    pdf = candidates_pdf(design, fonts, [PrintedCandidate("00120345")])
    reading = read_page(pixels(page_pngs(pdf, DPI)[0]), design.template)
    assert next(each for each in reading.fields if each.id == "candidate").value == ""
    assert reading.candidate.value == "00120345"


@pytest.mark.parametrize("number", ["1234567", "123456789", "1234567X"])
def test_a_number_that_the_grid_cannot_carry_is_refused(fonts, number):
    design = build_card(replace(contract_paper(), card=CardSpec(A4, 2, 1, NumberEntry.BUBBLES, 8)))
    with pytest.raises(NumberDoesNotFit):
        candidates_pdf(design, fonts, [PrintedCandidate(number)])


@pytest.mark.parametrize("number", ["1", "1234567", "12345678", "01234567890123456789", "0123456789012345678"])
def test_bars_are_never_thinner_than_a_third_of_a_millimetre(number):
    assert 0.33 <= bar_width_mm(number, 60.0) <= 0.5


@pytest.mark.parametrize("number", ["", "12A4", "１２３４", "12 34"])
def test_a_barcode_holds_digits_only(number):
    with pytest.raises(BarcodeRefused):
        bar_width_mm(number, 60.0)


def test_a_place_too_narrow_for_readable_bars_is_refused():
    with pytest.raises(BarcodeRefused):
        bar_width_mm("01234567890123456789", 50.0)


def test_a_title_with_a_character_without_a_glyph_is_refused_by_name(fonts):
    design = build_card(preprinted_paper(), exam_title="考试\U0002cb4a")
    with pytest.raises(Unprintable) as caught:
        blank_pdf(design, fonts)
    assert caught.value.code == "card.unprintable"
    assert "U+2CB4A" in caught.value.text()


def test_one_rare_name_does_not_stop_the_cards_of_the_others_and_is_told(fonts):
    rare = PrintedCandidate("00120345", "张\U0002cb4a\U0002cb4a", "一中")
    plain = PrintedCandidate("00120346", "李四", "一中")
    pdf = candidates_pdf(build_card(preprinted_paper()), fonts, [rare, plain])
    found = texts(pdf)
    assert "张〓〓" in found[0]
    assert "李四" in found[len(found) // 2]
    assert unprintable(fonts, [rare, plain]) == [(rare, ("\U0002cb4a",))]


def test_rare_surnames_have_glyphs(fonts):
    assert fonts.missing(RARE) == []


def test_everything_that_a_card_prints_has_glyphs(fonts):
    for make in (contract_paper, county_paper, preprinted_paper):
        for drawing in build_card(make()).drawings:
            assert fonts.missing("".join(mark.text for mark in drawing.marks if isinstance(mark, Text))) == []


def test_a_configured_font_that_cannot_be_embedded_is_refused(tmp_path):
    place = tmp_path / "no font.ttf"
    with pytest.raises(FontUnusable):
        find_fonts(place)
    place.write_bytes(b"not a font at all")
    with pytest.raises(FontUnusable) as caught:
        find_fonts(place)
    assert caught.value.code == "card.font_unusable"


def test_a_payload_says_paper_design_version_and_side():
    said = parse_payload(payload("数学", "ab" * 32, 12, 2))
    assert (said.version, said.side, len(said.card)) == (12, 2, 10)
    assert said.paper_tag == parse_payload(payload("数学", "cd" * 32, 13, 1)).paper_tag
    assert said.card != parse_payload(payload("数学", "cd" * 32, 12, 2)).card
    assert said.paper_tag != parse_payload(payload("语文", "ab" * 32, 12, 2)).paper_tag


@pytest.mark.parametrize(
    "text", ["", "K1", "K2:AAAABBBBBB:1:1", "K1:AAAA:1:1", "K1:AAAABBBBBB:x:1", "K1:AAAABBBBBB:1:²"]
)
def test_a_foreign_code_is_not_a_payload(text):
    assert parse_payload(text) is None
