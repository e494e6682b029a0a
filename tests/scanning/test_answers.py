"""One sheet becomes one answer per item; what a person decided stands before what was read."""

from dataclasses import replace
from decimal import Decimal

from models.paper import Choose, Item, Paper, Variant
from models.words import BubbleState, ExceptionCode, FieldKind, ItemKind, PageCode, ReadingStatus, ResponseStatus
from scanning.answers import Answer, Decision, answers_of
from scanning.context import ScanContext
from scanning.exception_rules import PlacedSide
from scanning.reading.evidence import reading_from_json, reading_to_json
from scanning.reading.result import BubbleReading, CandidateReading, Crop, FieldReading, PageReading, Voice
from tests.scanning.sheets import EXAM

OK, DOUBTFUL = ReadingStatus.OK, ReadingStatus.DOUBTFUL


def paper(*items: Item, variants: tuple[Variant, ...] = ()) -> ScanContext:
    from marking.setup.exam_file import read_exam

    base: Paper = read_exam(EXAM.format(sides=1, number="bubbles", height=40, variants="{}").encode()).papers[0]
    return ScanContext(1, 1, replace(base, items=items, variants=variants), {}, {})


def single(no: str) -> Item:
    return Item(no, ItemKind.SINGLE, Decimal(3), options=4, key=("A",))


def written(no: str, group: str = "") -> Item:
    return Item(no, ItemKind.WRITTEN, Decimal(6), choose=Choose(group, 1) if group else None)


def sheet(fields: dict[str, str], ink_mm2: dict[str, float]) -> list[PlacedSide]:
    kinds = {"choose": FieldKind.CHOOSE, "variant": FieldKind.VARIANT}
    readings = tuple(
        FieldReading(
            name,
            kinds.get(name.split(":")[0], FieldKind.SINGLE),
            value.rstrip("?"),
            DOUBTFUL if "?" in value else OK,
            0.7,
        )
        for name, value in fields.items()
    )
    crops = tuple(Crop(region, 1, b"", 1, 1, mm2 / 1000) for region, mm2 in ink_mm2.items())
    return [PlacedSide(7, PageReading(1, None, fields=readings, crops=crops), {(r, 1): 1000.0 for r in ink_mm2})]


def by_no(
    context: ScanContext, sides: list[PlacedSide], decided: dict[str, Decision] | None = None
) -> dict[str, Answer]:
    return {answer.no: answer for answer in answers_of(context, sides, decided or {}).answers}


def test_certain_doubtful_blank_and_missing_fields() -> None:
    context = paper(single("1"), single("2"), single("3"), single("4"))
    found = by_no(context, sheet({"item:1": "B", "item:2": "C?", "item:3": ""}, {}))
    assert found["1"] == Answer("1", 7, "B", ResponseStatus.READ, 0.7)
    assert found["2"] == Answer("2", 7, "C", ResponseStatus.DOUBTFUL, 0.0)
    assert found["3"] == Answer("3", 7, "", ResponseStatus.READ, 0.7, blank=True)
    assert found["4"].status is ResponseStatus.DOUBTFUL


def test_a_decision_stands_before_what_was_read() -> None:
    context = paper(single("1"))
    found = by_no(context, sheet({"item:1": "B?"}, {}), {"item:1": Decision("D", by=5)})
    assert found["1"] == Answer("1", 7, "D", ResponseStatus.CONFIRMED, None, "person", by=5)


def test_a_region_with_less_ink_than_a_digit_is_blank() -> None:
    found = by_no(paper(written("16"), written("17")), sheet({}, {"16": 1.5, "17": 1.6}))
    assert (found["16"].blank, found["17"].blank) == (True, False)


def test_an_item_without_a_region_on_the_sheet_is_on_no_page_and_not_blank() -> None:
    assert by_no(paper(written("16")), sheet({}, {}))["16"] == Answer("16", None)


def test_members_of_a_choose_group_that_do_not_count_say_so() -> None:
    context = paper(written("20", "选做"), written("21", "选做"))
    found = by_no(context, sheet({"choose:选做": "21"}, {"20": 0, "21": 30}))
    assert (found["20"].chosen, found["21"].chosen) == (False, True)


def test_one_frame_for_a_whole_choose_group_counts_for_the_filled_number() -> None:
    context = paper(written("20", "选做"), written("21", "选做"))
    assert by_no(context, sheet({"choose:选做": "21"}, {"20": 30}))["21"].chosen is True
    assert by_no(context, sheet({"choose:选做": "21"}, {"20": 0}))["21"].chosen is False


def test_an_open_choice_is_a_finding_with_a_proposal() -> None:
    context = paper(written("20", "选做"), written("21", "选做"))
    result = answers_of(context, sheet({"choose:选做": ""}, {"20": 0, "21": 30}), {})
    (finding,) = result.findings
    assert finding.code is ExceptionCode.CHOICE_DOUBTFUL
    assert finding.detail == {"proposal": ["21"], "note": "number_missing", "filled": []}
    assert [answer.chosen for answer in result.answers] == [None, None]
    decided = answers_of(context, sheet({"choose:选做": ""}, {"20": 0, "21": 30}), {"choose:选做": Decision("21")})
    assert decided.findings == ()
    assert [answer.chosen for answer in decided.answers] == [False, True]


def test_paper_b_is_mapped_to_the_ids_of_paper_a_and_an_unread_variant_leaves_all_in_doubt() -> None:
    context = paper(single("1"), single("2"), variants=(Variant("A"), Variant("B", (("1", "2"), ("2", "1")))))
    fields = {"item:1": "C", "item:2": "D"}
    as_a = by_no(context, sheet({**fields, "variant": "A"}, {}))
    as_b = by_no(context, sheet({**fields, "variant": "B"}, {}))
    assert (as_a["1"].value, as_a["2"].value) == ("C", "D")
    assert (as_b["1"].value, as_b["2"].value) == ("D", "C")
    unread = by_no(context, sheet({**fields, "variant": ""}, {}))
    assert {answer.status for answer in unread.values()} == {ResponseStatus.DOUBTFUL}
    said = by_no(context, sheet({**fields, "variant": ""}, {}), {"variant": Decision("B")})
    assert said["1"].value == "D"
    assert said["1"].status is ResponseStatus.READ


def test_a_reading_comes_back_from_its_json_as_it_was_but_for_the_bytes_of_crops() -> None:
    reading = PageReading(
        side=2,
        code=None,
        residual_mm=0.08,
        turned_deg=180,
        px_per_mm=7.9,
        fields=(
            FieldReading(
                "item:1",
                FieldKind.SINGLE,
                "A",
                OK,
                0.4,
                (BubbleReading("A", 0, 0.7, BubbleState.FILLED, 0.4),),
                ("faint",),
            ),
        ),
        candidate=CandidateReading(True, "0003", OK, 1.0, (Voice("barcode", "0003", True),), ()),
        crops=(Crop("16", 1, b"", 400, 200, 0.02, 1.5),),
        overflow_mm2=1.5,
        warnings=("one_bit",),
        corners_px=((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0)),
    )
    assert reading_from_json(reading_to_json(reading)) == reading
    bad = PageReading(None, PageCode.POOR_FIT, detail="0.9 mm off")
    assert reading_from_json(reading_to_json(bad)) == bad
