"""What holds for every card, whatever its paper: geometry, completeness, flow, and the example of the contract."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings

from models.paper import CardSpec, Variant
from models.words import FieldKind, NumberEntry
from scanning.cards.builder import build_card
from scanning.cards.checks import geometry_faults
from scanning.cards.errors import CardRefused
from scanning.cards.files import card_hash
from tests.scanning.cards.papers import (
    A3,
    A4,
    contract_paper,
    county_paper,
    objective,
    paper,
    papers,
    preprinted_paper,
    written,
)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(papers())
def test_every_card_is_sound_and_complete_or_refused(drawn):
    try:
        template = build_card(drawn).template
    except CardRefused:
        return
    assert geometry_faults(template) == []
    fields = [field for page in template.pages for field in page.fields]
    regions = [region for page in template.pages for region in page.regions]
    assert [f.id for f in fields if f.id.startswith("item:")] == [f"item:{item.no}" for item in drawn.objective_items]
    assert list(dict.fromkeys(r.id for r in regions)) == [item.no for item in drawn.subjective_items]
    for item in drawn.subjective_items:
        parts = [region.part for region in regions if region.id == item.no]
        assert parts == list(range(1, len(parts) + 1))
    for item in drawn.objective_items:
        field = next(field for field in fields if field.id == f"item:{item.no}")
        assert tuple(bubble.label for bubble in field.bubbles) == item.labels
    assert len(template.pages) == drawn.card.sides
    number = [field for field in fields if field.id == "candidate"]
    if drawn.card.number.has_bubbles:
        labels = [(column, str(digit)) for column in range(drawn.card.digits) for digit in range(10)]
        assert [(bubble.column, bubble.label) for bubble in number[0].bubbles] == labels
    else:
        assert number == []
    assert [field.id for field in fields if field.kind is FieldKind.FLAG] == ["absent"]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(papers())
def test_a_box_keeps_its_height_and_a_grid_its_rows(drawn):
    try:
        template = build_card(drawn).template
    except CardRefused:
        return
    regions = [region for page in template.pages for region in page.regions]
    for item in drawn.subjective_items:
        mine = [region.rect.height_mm for region in regions if region.id == item.no]
        if item.grid is None:
            if item.height_mm is not None:
                assert sum(mine) == pytest.approx(item.height_mm, abs=0.01)
            continue
        strip_mm = max(1.6, 0.2 * item.grid.cell_mm)
        rows = sum((height_mm - strip_mm) / (item.grid.cell_mm + strip_mm) for height_mm in mine)
        assert rows == pytest.approx(item.grid.rows, abs=0.01)


def test_the_example_of_the_contract_prints_on_two_a4_sides():
    template = build_card(contract_paper(), exam_title="九年级第一次模拟考试").template
    front, back = template.pages
    assert (front.size.width_mm, front.size.height_mm) == (210.0, 297.0)
    assert [field.id for field in front.fields] == [
        "candidate",
        "absent",
        *(f"item:{no}" for no in range(1, 13)),
        "choose:选做",
    ]
    assert [(region.id, region.rect.height_mm) for region in front.regions] == [
        ("13", 18.0),
        ("16", 45.0),
        ("20", 40.0),
        ("21", 40.0),
    ]
    assert [(region.id, region.part, region.rect.width_mm) for region in back.regions] == [("22", 1, 160.0)]
    assert [barcode.symbology for barcode in front.barcodes] == ["code128"]
    choose = next(field for field in front.fields if field.id == "choose:选做")
    assert [bubble.label for bubble in choose.bubbles] == ["20", "21"]


def test_an_essay_flows_over_columns_and_sides_in_numbered_parts():
    template = build_card(county_paper()).template
    parts = [(page.page, region.part) for page in template.pages for region in page.regions if region.id == "70"]
    assert parts == [(1, 1), (2, 2)]
    first = next(region for region in template.pages[0].regions if region.id == "70")
    assert first.rect.x_mm > 280.0  # the third column of an A3 sheet


def test_each_side_can_be_told_from_its_turned_self():
    for page in build_card(contract_paper()).template.pages:
        marks = {mark.id: mark.rect for mark in page.fiducials}
        assert set(marks) == {"tl", "tr", "bl", "br", "orient"}
        assert all(rect.x_mm >= 8.0 and rect.y_mm >= 8.0 for rect in marks.values())
        assert all(rect.right_mm <= 202.0 and rect.bottom_mm <= 289.0 for rect in marks.values())
        turned = marks["orient"]
        opposite = (210.0 - turned.right_mm, 297.0 - turned.bottom_mm)
        assert all((rect.x_mm, rect.y_mm) != opposite for rect in marks.values())
        assert turned.width_mm > marks["tl"].width_mm
        for track in page.tracks:
            steps = {round(b.x_mm - a.x_mm + b.y_mm - a.y_mm, 3) for a, b in pairwise(track.bars)}
            assert steps == {8.0}


def test_bubbles_stand_far_enough_apart_and_are_large_enough():
    """The contract's 3 x 2 mm and 1 mm, measured here without the checks of the builder."""
    for drawn in (contract_paper(), county_paper()):
        for page in build_card(drawn).template.pages:
            rects = [bubble.rect for field in page.fields for bubble in field.bubbles]
            assert all(rect.width_mm >= 3.0 and rect.height_mm >= 2.0 for rect in rects)
            for place, rect in enumerate(rects):
                for other in rects[place + 1 :]:
                    across = max(other.x_mm - rect.right_mm, rect.x_mm - other.right_mm)
                    down = max(other.y_mm - rect.bottom_mm, rect.y_mm - other.bottom_mm)
                    assert max(across, down) >= 1.0


def test_identity_is_never_inside_an_answer_region():
    for drawn in (contract_paper(), county_paper(), preprinted_paper()):
        for page in build_card(drawn).template.pages:
            hidden = [*page.identity_zones, *(barcode.rect for barcode in page.barcodes)]
            assert not any(region.rect.overlaps(zone) for region in page.regions for zone in hidden)


def test_a_preprinted_card_carries_identity_on_both_sides():
    pages = build_card(preprinted_paper()).template.pages
    for page in pages:
        assert [barcode.id for barcode in page.barcodes] == ["candidate"]
        assert page.printed_number is not None
        assert any(zone.contains(page.printed_number) for zone in page.identity_zones)
        assert any(zone.contains(page.barcodes[0].rect) for zone in page.identity_zones)
    assert not any(field.id == "candidate" for page in pages for field in page.fields)


def test_a_long_number_and_many_options_use_compact_bubbles():
    spec = CardSpec(A3, 1, 4, NumberEntry.BUBBLES, 20)  # columns of 93 mm
    fields = {f.id: f for f in build_card(paper([objective("1", 19)], spec)).template.pages[0].fields}
    assert {bubble.rect.width_mm for bubble in fields["item:1"].bubbles} == {3.2}
    assert {bubble.rect.width_mm for bubble in fields["candidate"].bubbles} == {3.2}


def test_variants_get_a_field_of_their_own():
    spec = CardSpec(A3, 1, 3, NumberEntry.BUBBLES, 8)
    template = build_card(paper([objective("1")], spec, (Variant("A"), Variant("B")))).template
    field = next(field for field in template.pages[0].fields if field.id == "variant")
    assert (field.kind, [bubble.label for bubble in field.bubbles]) == (FieldKind.VARIANT, ["A", "B"])


def test_a_box_higher_than_a_column_continues_in_the_next():
    spec = CardSpec(A3, 2, 3, NumberEntry.BARCODE, 8)
    template = build_card(paper([written("1", 20, 400.0)], spec)).template
    regions = [region for page in template.pages for region in page.regions]
    assert [region.part for region in regions] == [1, 2]
    assert sum(region.rect.height_mm for region in regions) == pytest.approx(400.0)
    assert regions[1].rect.x_mm > regions[0].rect.x_mm


def test_a_high_box_is_divided_only_where_the_card_would_not_fit_otherwise():
    # A4 has columns of 257 mm. After the head (46 mm and more) neither box of 200 mm fits below it whole.
    spec = CardSpec(A4, 2, 1, NumberEntry.BARCODE, 8)
    roomy = [
        region for page in build_card(paper([written("1", 9, 200.0)], spec)).template.pages for region in page.regions
    ]
    assert [(region.id, region.part) for region in roomy] == [("1", 1)]
    tight = build_card(paper([written("1", 9, 200.0), written("2", 9, 150.0)], spec)).template
    parts = [(page.page, region.id, region.part) for page in tight.pages for region in page.regions]
    assert parts == [(1, "1", 1), (2, "1", 2), (2, "2", 1)]


def test_the_hash_names_the_design():
    first = build_card(contract_paper()).template
    assert first.hash == card_hash(first)
    assert build_card(contract_paper()).template == first
    assert build_card(contract_paper(), version=2).template.hash != first.hash
    assert build_card(contract_paper(), exam_title="期末").template.hash == first.hash  # a title is not geometry


def test_every_side_says_another_code():
    cards = [build_card(contract_paper()), build_card(contract_paper(), version=2), build_card(county_paper())]
    codes = [page.code_payload for card in cards for page in card.template.pages]
    assert len(set(codes)) == 6
