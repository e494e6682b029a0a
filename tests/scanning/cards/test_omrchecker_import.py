"""OMRChecker templates: what they mean in our terms, what comes along, and what is refused."""

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.errors import InputRefused
from models.words import FieldKind
from scanning.cards.files import dump_card, parse_card, with_hash
from scanning.cards.importers.folder import load_omrchecker
from scanning.cards.importers.omrchecker import ImportedCard, ImportOptions, import_omrchecker

MARKER = cv2.imencode(".png", np.full((40, 50), 200, np.uint8))[1].tobytes()


def template(**changes):
    """A sheet of 1000 x 500 px: one number block, one block of questions, one block of letters."""
    whole = {
        "pageDimensions": [1000, 500],
        "bubbleDimensions": [20, 10],
        "customLabels": {"Roll": ["series", "roll1..2"]},
        "fieldBlocks": {
            "Series": {
                "bubbleValues": ["E", "H"],
                "direction": "vertical",
                "origin": [10, 50],
                "bubblesGap": 30,
                "labelsGap": 0,
                "fieldLabels": ["series"],
            },
            "Roll": {
                "fieldType": "QTYPE_INT",
                "origin": [100, 50],
                "bubblesGap": 30,
                "labelsGap": 40,
                "fieldLabels": ["roll1..2"],
            },
            "Questions": {
                "fieldType": "QTYPE_MCQ4",
                "origin": [400, 50],
                "bubblesGap": 50,
                "labelsGap": 25.5,
                "fieldLabels": ["q1..3"],
            },
        },
        "preProcessors": [],
    }
    whole.update(changes)
    return whole


def block(**changes):
    blocks = template()["fieldBlocks"]
    blocks["Questions"].update(changes)
    return template(fieldBlocks=blocks)


def imported(document, options: ImportOptions | None = None) -> ImportedCard:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return import_omrchecker(data, lambda _path, _place: MARKER, options)


def fields_of(card: ImportedCard):
    return {field.id: field for field in card.card.pages[0].fields}


def test_pixels_become_mm_by_the_page_width():
    page = imported(template()).card.pages[0]
    assert (page.size.width_mm, page.size.height_mm) == (210, 105)  # 0.21 mm a pixel
    third = fields_of(imported(template()))["q3"]
    assert third.kind is FieldKind.MULTIPLE
    assert [bubble.label for bubble in third.bubbles] == ["A", "B", "C", "D"]
    last = third.bubbles[3].rect  # 400 + 3 * 50 = 550 px from the left, 50 + 2 * 25.5 = 101 px from the top
    assert (last.x_mm, last.y_mm, last.width_mm, last.height_mm) == pytest.approx((115.5, 21.21, 4.2, 2.1))
    wide = imported(template(), ImportOptions(width_mm=420)).card.pages[0]
    assert wide.size.height_mm == 210


def test_joined_labels_are_one_field_with_columns_in_order():
    fields = fields_of(imported(template()))
    assert list(fields) == ["Roll", "q1", "q2", "q3"]
    roll = fields["Roll"]
    assert roll.kind is FieldKind.JOINED
    assert roll.columns == 3
    assert [bubble.label for bubble in roll.bubbles if bubble.column == 0] == ["E", "H"]
    assert [bubble.label for bubble in roll.bubbles if bubble.column == 2] == list("0123456789")
    assert roll.bubbles[-1].rect.y_mm == pytest.approx(0.21 * (50 + 9 * 30))
    assert {bubble.rect.x_mm for bubble in roll.bubbles if bubble.column == 2} == {29.4}  # 0.21 * 140


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("QTYPE_INT", "0123456789"),
        ("QTYPE_INT_FROM_1", "1234567890"),
        ("QTYPE_MCQ4", "ABCD"),
        ("QTYPE_MCQ5", "ABCDE"),
        ("QTYPE_MCQ4_RTL", "DCBA"),
        ("QTYPE_MCQ5_RTL", "EDCBA"),
    ],
)
def test_field_types(kind, labels):
    first = fields_of(imported(block(fieldType=kind, labelsGap=60, bubblesGap=40)))["q1"]
    assert "".join(bubble.label for bubble in first.bubbles) == labels
    upright = first.bubbles[1].rect.x_mm == first.bubbles[0].rect.x_mm
    assert upright == kind.startswith("QTYPE_INT")
    assert first.kind is (FieldKind.JOINED if kind.startswith("QTYPE_INT") else FieldKind.MULTIPLE)


def test_a_block_may_have_bubbles_of_its_own_size_and_several_gaps():
    fields = fields_of(imported(block(bubbleDimensions=[30, 20], labelsGap=[25, 60])))
    assert fields["q1"].bubbles[0].rect.width_mm == pytest.approx(6.3)
    assert fields["q3"].bubbles[0].rect.y_mm == pytest.approx(0.21 * (50 + 85))
    assert fields["Roll"].bubbles[0].rect.width_mm == pytest.approx(4.2)


def test_overlapping_boxes_shrink_about_their_centres():
    card = imported(block(bubbleDimensions=[80, 10]))
    first = fields_of(card)["q1"].bubbles[0].rect
    assert first.width_mm == pytest.approx(0.21 * 50)
    assert first.center.x_mm == pytest.approx(0.21 * 440)
    assert [remark.place for remark in card.remarks] == ["fieldBlocks.Questions.bubbleDimensions"]


def test_output_columns_give_the_order():
    assert list(fields_of(imported(template(outputColumns=["q2", "q1", "q3", "Roll"])))) == ["q2", "q1", "q3", "Roll"]
    short = imported(template(outputColumns=["q1..2"]))
    assert list(fields_of(short)) == ["q1", "q2", "Roll", "q3"]
    assert [(remark.place, remark.needs_person) for remark in short.remarks] == [("outputColumns", False)]


def test_preprocessors_become_anchors_and_filters_are_remarked():
    steps = [
        {"name": "GaussianBlur", "options": {"kSize": [3, 3]}},
        {"name": "CropPage", "options": {"morphKernel": [10, 10]}},
        {"name": "CropOnMarkers", "options": {"relativePath": "m.png", "sheetToMarkerWidthRatio": 15}},
        {"name": "FeatureBasedAlignment", "options": {"reference": "r.png", "2d": True}},
        {"name": "CropOnLogo", "options": {"relativePath": "l.png"}},
    ]
    card = imported(template(preProcessors=steps, emptyValue="-"))
    anchoring = card.card.pages[0].anchoring
    assert anchoring is not None
    assert anchoring.steps == ("outline", "markers", "features")
    assert anchoring.marker_width_mm == 14  # 210 / 15
    stored = cv2.imdecode(np.frombuffer(base64.b64decode(anchoring.marker_png), np.uint8), cv2.IMREAD_UNCHANGED)
    assert stored.shape == (40, 50)
    waits = {remark.place: remark.needs_person for remark in card.remarks}
    assert waits == {
        "emptyValue": False,
        "preProcessors[0]": False,
        "preProcessors[1].options.morphKernel": False,
        "preProcessors[3].options.2d": False,
        "preProcessors[4]": True,
    }


def one_step(name, **options):
    """The anchoring and the remarks of a template with one pre-processor."""
    card = imported(template(preProcessors=[{"name": name, "options": options}]))
    return card.card.pages[0].anchoring, {remark.place: remark.needs_person for remark in card.remarks}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("CropPage", {"morphKernel": [5, 5]}),
        (
            "CropOnMarkers",
            {
                "relativePath": "m.png",
                "apply_erode_subtract": True,
                "marker_rescale_steps": 5,
                "max_matching_variation": 0.4,
                "min_matching_threshold": 0.3,
            },
        ),
        ("FeatureBasedAlignment", {"reference": "r.png", "2d": False, "goodMatchPercent": 0.2, "maxFeatures": 900}),
        ("GaussianBlur", {"kSize": [3, 3], "sigmaX": 0}),
        ("MedianBlur", {"kSize": 5}),
        ("Levels", {"low": 0.1, "high": 0.9, "gamma": 0.8}),
    ],
)
def test_every_documented_option_is_used_or_named(name, options):
    used = {"relativePath", "reference"}
    anchoring, remarks = one_step(name, **options)
    assert anchoring is not None
    if name.startswith(("Crop", "Feature")):
        assert anchoring.steps
        assert remarks == {f"preProcessors[0].options.{key}": False for key in options if key not in used}
    else:
        assert remarks == {"preProcessors[0]": False}
    _, more = one_step(name, **options, wobble=3)
    assert set(more) - set(remarks) == ({"preProcessors[0].options.wobble"} if anchoring.steps else set())


@pytest.mark.parametrize(
    ("options", "share"),
    [
        ({}, 1 / 17),
        ({"sheetToMarkerWidthRatio": 20}, 1 / 20),
        ({"sheetToMarkerWidthRatio": 20, "marker_rescale_range": [80, 120]}, 1.2 / 20),
        ({"sheetToMarkerWidthRatio": 20, "marker_rescale_range": [30, 60]}, 0.6 / 20),
        ({"marker_rescale_range": [90, 110]}, 1.1 * 50 / 666),  # the picture is 50 px wide
    ],
)
def test_the_size_of_markers_is_taken_from_all_that_says_it(options, share):
    anchoring, remarks = one_step("CropOnMarkers", relativePath="m.png", **options)
    assert anchoring.marker_width_mm == pytest.approx(210 * share, abs=0.001)
    assert remarks == {}


def test_other_ways_of_finding_the_page_wait_for_a_person():
    assert one_step("CropOnLogo", relativePath="l.png")[1] == {"preProcessors[0]": True}
    anchoring, remarks = one_step("CropOnMarkers", type="ONE_LINE_TWO_DOTS", leftLine={})
    assert (anchoring.steps, remarks) == ((), {"preProcessors[0]": True})


def test_a_template_may_bring_its_own_types_and_move_all_blocks():
    own = {"CUSTOM_YES": {"bubbleValues": ["Y", "N"], "direction": "vertical"}}
    document = block(bubbleFieldType="CUSTOM_YES", fieldType=None, labelsGap=60)
    document |= {"customBubbleFieldTypes": own, "fieldBlocksOffset": [-10, 7], "processingImageShape": [900, 650]}
    card = imported(document)
    first = fields_of(card)["q1"]
    assert [(bubble.label, round(bubble.rect.y_mm / 0.21)) for bubble in first.bubbles] == [("Y", 57), ("N", 107)]
    assert fields_of(card)["Roll"].bubbles[0].rect.x_mm == 0
    assert {remark.place: remark.needs_person for remark in card.remarks} == {"processingImageShape": False}
    with pytest.raises(InputRefused) as refused:
        imported(document | {"fieldBlocksOffset": [-12, 0]})
    assert refused.value.details["place"] == "fieldBlocks.Series"


def test_newer_output_columns_give_the_order_as_well():
    ordered = {"customOrder": ["q2", "q1", "q3", "Roll"], "sortType": "CUSTOM"}
    assert list(fields_of(imported(template(outputColumns=ordered)))) == ["q2", "q1", "q3", "Roll"]
    assert list(fields_of(imported(template(outputColumns={"sortType": "ALPHANUMERIC"})))) == ["Roll", "q1", "q2", "q3"]


def test_an_imported_card_survives_its_file():
    steps = [{"name": "CropOnMarkers", "options": {"relativePath": "m.png", "sheetToMarkerWidthRatio": 17}}]
    card = with_hash(imported(block(labelsGap=33.33)).card)
    marked = with_hash(imported(template(preProcessors=steps)).card)
    for one in (card, marked):
        assert parse_card(dump_card(one)) == one


NAN = b'{"pageDimensions": [1000, NaN], "bubbleDimensions": [20, 10], "fieldBlocks": {}}'


@pytest.mark.parametrize(
    ("document", "code", "place"),
    [
        (b"\x00\xff", "unreadable", None),
        (b"[]", "unreadable", None),
        (b"[" * 100_000, "unreadable", None),
        (NAN, "unreadable", None),
        (b'{"fieldBlocks": {}, "fieldBlocks": {}}', "unreadable", None),
        (b" " * 2_000_001, "too_large", "template"),
        ({"qBlocks": {}}, "key", "qBlocks"),
        ({key: value for key, value in template().items() if key != "pageDimensions"}, "key", "pageDimensions"),
        ({key: value for key, value in template().items() if key != "fieldBlocks"}, "key", "fieldBlocks"),
        (template(fieldBlocks={}), "key", "fieldBlocks"),
        (template(pageDimensions=[0, 500]), "key", "pageDimensions"),
        (template(pageDimensions=["1000", 500]), "key", "pageDimensions"),
        (template(bubbleDimensions=[20, True]), "key", "bubbleDimensions"),
        (template(pageDimensions=[1e9, 1e9]), "key", "pageDimensions"),
        (block(fieldLabels=["q1..9999999"]), "too_large", "fieldBlocks.Questions.fieldLabels"),
        (
            block(fieldLabels=["q1..900"], bubbleValues=[str(i) for i in range(50)]),
            "too_large",
            "fieldBlocks.Questions",
        ),
        (block(fieldLabels=["q5..2"]), "key", "fieldBlocks.Questions.fieldLabels"),
        (block(fieldLabels=["1..10"]), "key", "fieldBlocks.Questions.fieldLabels"),
        (block(fieldLabels=["q1..x"]), "key", "fieldBlocks.Questions.fieldLabels"),
        (block(origin=[-30, 50]), "key", "fieldBlocks.Questions"),
        (template(customBubbleFieldTypes={"X": 1}), "key", "customBubbleFieldTypes.X"),
        (
            template(customBubbleFieldTypes={"X": {"bubbleValues": "AB"}}),
            "key",
            "customBubbleFieldTypes.X.bubbleValues",
        ),
        (template(outputColumns={"customOrder": "q1"}), "key", "outputColumns.customOrder"),
        (block(fieldLabels=[]), "key", "fieldBlocks.Questions.fieldLabels"),
        (block(fieldLabels=["roll1"]), "key", "fieldBlocks.Questions.fieldLabels"),
        (block(fieldLabels=[{}]), "key", "fieldBlocks.Questions.fieldLabels"),
        (block(fieldType="QTYPE_MAGIC"), "key", "fieldBlocks.Questions.fieldType"),
        (block(direction="diagonal"), "key", "fieldBlocks.Questions.direction"),
        (block(bubbleValues=["A", "A"]), "key", "fieldBlocks.Questions.bubbleValues"),
        (block(bubblesGap=0), "key", "fieldBlocks.Questions.bubblesGap"),
        (block(labelsGap=-3), "key", "fieldBlocks.Questions.labelsGap"),
        (block(labelsGap=[10]), "key", "fieldBlocks.Questions.labelsGap"),
        (block(origin=[990, 50]), "key", "fieldBlocks.Questions"),
        (block(origin=None), "key", "fieldBlocks.Questions.origin"),
        (template(customLabels={"Roll": ["roll9"]}), "key", "customLabels.Roll"),
        (template(customLabels={"A": ["roll1"], "B": ["roll1"]}), "key", "customLabels.B"),
        (template(customLabels={"q1": ["roll1"]}), "key", "customLabels.q1"),
        (template(outputColumns=["q9"]), "key", "outputColumns"),
        (
            template(preProcessors=[{"name": "CropOnMarkers", "options": {}}]),
            "key",
            "preProcessors[0].options.relativePath",
        ),
        (template(preProcessors=["CropPage"]), "key", "preProcessors[0]"),
    ],
)
def test_hostile_templates_are_refused_by_code_and_place(document, code, place):
    with pytest.raises(InputRefused) as refused:
        imported(document)
    assert refused.value.code == f"card.import.{code}"
    assert refused.value.exit_code == 3
    if place is not None:
        assert refused.value.details["place"] == place


def test_a_range_at_the_limit_is_taken_and_one_more_is_not():
    wide = {"pageDimensions": [30_000, 500], "labelsGap": 25, "fieldType": "QTYPE_INT", "origin": [0, 50]}
    labels = {"fieldLabels": ["q1..599"], "bubblesGap": 20}  # 599 * 10 + 10 of a second block = 6,000 bubbles
    rest = {"fieldType": "QTYPE_INT", "fieldLabels": ["x1"], "bubblesGap": 20, "labelsGap": 0, "origin": [20_000, 50]}
    page = {"pageDimensions": wide.pop("pageDimensions"), "bubbleDimensions": [20, 10]}
    whole = {**page, "fieldBlocks": {"a": {**wide, **labels}, "b": rest}}
    assert len(fields_of(imported(whole))) == 600
    whole["fieldBlocks"]["b"] = {**rest, "fieldLabels": ["x1..2"], "labelsGap": 30}
    with pytest.raises(InputRefused):
        imported(whole)


@pytest.mark.parametrize("path", ["../m.png", "/etc/hostname", "C:\\m.png", "..\\m.png", "missing.png", "text.png"])
def test_images_come_from_the_templates_folder_only(tmp_path: Path, path):
    folder = tmp_path / "模板 one"
    folder.mkdir()
    (tmp_path / "m.png").write_bytes(MARKER)
    (folder / "text.png").write_text("no image")
    step = {"name": "CropOnMarkers", "options": {"relativePath": path}}
    (folder / "template.json").write_text(json.dumps(template(preProcessors=[step])), encoding="utf-8")
    with pytest.raises(InputRefused) as refused:
        load_omrchecker(folder / "template.json")
    assert refused.value.code == "card.import.image"
    assert refused.value.details["place"] == "preProcessors[0].options.relativePath"


def test_a_folder_with_a_marker_is_imported(tmp_path: Path):
    (tmp_path / "图").mkdir()
    (tmp_path / "图" / "m.png").write_bytes(MARKER)
    step = {"name": "CropOnMarkers", "options": {"relativePath": "图/m.png"}}
    (tmp_path / "template.json").write_text(json.dumps(template(preProcessors=[step])), encoding="utf-8")
    card = load_omrchecker(tmp_path / "template.json", ImportOptions(paper="英语")).card
    assert card.paper == "英语"
    assert card.pages[0].anchoring is not None
    assert card.pages[0].anchoring.steps == ("markers",)
