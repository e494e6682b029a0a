"""The card file: ours comes back as it was written, a stranger's is read, and everything wrong is named."""

import json

import pytest

from models.geometry import RectMm, SizeMm
from models.words import FieldKind
from scanning.cards.builder import build_card
from scanning.cards.errors import CardInvalid
from scanning.cards.files import card_document, card_hash, dump_card, load_card, parse_card, with_hash
from scanning.cards.template import Anchoring, Bubble, CardPage, CardTemplate, Fiducial, Field
from tests.scanning.cards.papers import contract_paper, county_paper, preprinted_paper

# The keys of contracts.md 4 and nothing else.
STRANGER = {
    "kaiyue": "card/1",
    "paper": "math",
    "version": 1,
    "hash": "…",
    "pages": [
        {
            "page": 1,
            "width_mm": 210,
            "height_mm": 297,
            "fiducials": [{"id": "tl", "x_mm": 8, "y_mm": 8, "w_mm": 6, "h_mm": 4}],
            "code": {"x_mm": 0, "y_mm": 0, "w_mm": 0, "h_mm": 0},
            "fields": [
                {
                    "id": "candidate",
                    "kind": "digits",
                    "columns": 8,
                    "bubbles": [{"column": 0, "label": "0", "x_mm": 20, "y_mm": 30, "w_mm": 4, "h_mm": 2.5}],
                },
                {
                    "id": "item:1",
                    "kind": "single",
                    "bubbles": [{"label": "A", "x_mm": 20, "y_mm": 90, "w_mm": 4, "h_mm": 2.5}],
                },
            ],
            "barcodes": [{"id": "candidate", "symbology": "code128", "x_mm": 9, "y_mm": 9, "w_mm": 60, "h_mm": 20}],
            "regions": [{"id": "16", "part": 1, "x_mm": 10, "y_mm": 100, "w_mm": 190, "h_mm": 70}],
        }
    ],
}


def changed(**paths):
    """The stranger's card with the values at `pages__0__width_mm` style paths replaced; ... deletes the key."""
    document = json.loads(json.dumps(STRANGER))
    for path, value in paths.items():
        *way, last = [int(step) if step.isdigit() else step for step in path.split("__")]
        place = document
        for step in way:
            place = place[step]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return json.dumps(document, ensure_ascii=False).encode()


@pytest.mark.parametrize("make", [contract_paper, county_paper, preprinted_paper])
def test_our_cards_come_back_as_they_were_written(make):
    template = build_card(make()).template
    assert parse_card(dump_card(template)) == template


def test_a_card_with_anchoring_joined_fields_and_shapes_comes_back():
    field = Field(
        "Roll", FieldKind.JOINED, (Bubble("K", RectMm(10, 10, 3.5, 3.25), 0), Bubble("1", RectMm(20, 10, 3, 3), 1)), 2
    )
    page = CardPage(
        1,
        SizeMm(150.5, 200),
        (Fiducial("a", RectMm(1, 1, 5, 5), "ring"),),
        (field,),
        anchoring=Anchoring(("outline", "markers"), "iVBORw0KGgoAAAA=", 12.5),
    )
    card = with_hash(CardTemplate("omr", 3, "", (page,)))
    assert parse_card(dump_card(card)) == card


def test_a_strangers_card_with_the_keys_of_the_contract_is_read():
    card = parse_card(changed())
    (page,) = card.pages
    assert (card.paper, card.version, page.code, page.fields[0].columns) == ("math", 1, None, 8)
    assert page.regions[0].rect == RectMm(10, 100, 190, 70)
    assert page.fields[1].bubbles == (Bubble("A", RectMm(20, 90, 4, 2.5)),)
    assert card.hash == card_hash(card) != "…"


def test_extra_keys_are_allowed_and_a_byte_order_mark_too():
    data = b"\xef\xbb\xbf" + changed(note="made by hand", pages__0__comment=[1], pages__0__fields__1__colour="red")
    assert parse_card(data) == parse_card(changed())


def test_whole_numbers_and_decimals_of_the_same_length_hash_alike():
    assert parse_card(changed(pages__0__width_mm=210.0)).hash == parse_card(changed()).hash
    assert parse_card(changed(pages__0__width_mm=210.001)).hash != parse_card(changed()).hash


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"kaiyue": "card/2"}, "kaiyue"),
        ({"paper": 5}, "paper"),
        ({"version": 0}, "version"),
        ({"version": True}, "version"),
        ({"pages": []}, "pages"),
        ({"pages": {}}, "pages"),
        ({"pages__0__page": "1"}, "pages[0].page"),
        ({"pages__0__width_mm": 0}, "pages[0].width_mm"),
        ({"pages__0__height_mm": ...}, "pages[0].height_mm"),
        ({"pages__0__fields__0__kind": "letters"}, "pages[0].fields[0].kind"),
        ({"pages__0__fields__0__bubbles": []}, "pages[0].fields[0].bubbles"),
        ({"pages__0__fields__0__columns": 0}, "pages[0].fields[0].columns"),
        ({"pages__0__fields__0__bubbles__0__column": 8}, "pages[0].fields[0].columns"),
        ({"pages__0__fields__1__id": "candidate"}, "pages[0].fields[1].id"),
        ({"pages__0__fields__1__bubbles__0__w_mm": -4}, "pages[0].fields[1].bubbles[0].w_mm"),
        ({"pages__0__fields__1__bubbles__0__x_mm": 207}, "pages[0].fields[1].bubbles[0]"),
        ({"pages__0__regions__0__y_mm": "100"}, "pages[0].regions[0].y_mm"),
        ({"pages__0__regions__0__part": 0}, "pages[0].regions[0].part"),
        ({"pages__0__regions__0": 7}, "pages[0].regions[0]"),
        ({"pages__0__barcodes__0__symbology": ...}, "pages[0].barcodes[0].symbology"),
        ({"pages__0__printed_number": [1]}, "pages[0].printed_number"),
        ({"pages__0__anchoring": {"steps": ["guess"]}}, "pages[0].anchoring.steps"),
    ],
)
def test_a_fault_is_named_with_its_place(change, place):
    with pytest.raises(CardInvalid) as caught:
        parse_card(changed(**change), "卡.json")
    assert (caught.value.code, caught.value.exit_code) == ("card.invalid", 3)
    assert place in [complaint.place for complaint in caught.value.details["complaints"]]
    assert "卡.json" in caught.value.text()


def test_every_fault_is_named_at_once():
    with pytest.raises(CardInvalid) as caught:
        parse_card(changed(version=0, pages__0__width_mm="wide", pages__0__fields__1__kind="?"))
    assert [complaint.place for complaint in caught.value.details["complaints"]] == [
        "version",
        "pages[0].width_mm",
        "pages[0].fields[1].kind",
    ]


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"\xff\xfe", b"kaiyue: card/1", b'{"kaiyue": "card/1"}', b"[" * 99999]
)
def test_what_is_no_card_at_all_is_refused(data):
    with pytest.raises(CardInvalid):
        parse_card(data)


def test_numbers_that_are_none_are_refused():
    with pytest.raises(CardInvalid):
        parse_card(changed().replace(b'"x_mm": 8', b'"x_mm": NaN'))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CardInvalid):
        load_card(tmp_path / "没有.json")


def test_a_file_in_a_folder_with_chinese_and_spaces_is_read(tmp_path):
    place = tmp_path / "答题卡 一" / "card.json"
    place.parent.mkdir()
    template = build_card(contract_paper()).template
    place.write_bytes(dump_card(template))
    assert load_card(place) == template


def test_the_document_has_the_keys_of_the_contract_in_its_order():
    document = card_document(build_card(contract_paper()).template)
    assert list(document) == ["kaiyue", "paper", "version", "hash", "pages"]
    page = document["pages"][0]
    assert [key for key in page if key in STRANGER["pages"][0]] == list(STRANGER["pages"][0])
    assert list(page["fields"][0]["bubbles"][0]) == ["column", "label", "x_mm", "y_mm", "w_mm", "h_mm"]
