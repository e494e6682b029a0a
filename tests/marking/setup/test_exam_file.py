# ruff: noqa: E501 - files and complaints stand as they are written and read
"""The exam file of contracts.md 3: its own example, every complaint with its place, and what the reader will not do."""

from decimal import Decimal

import pytest

from marking.setup.exam_file import (
    ExamFileRefused,
    NotAnExamFile,
    PointsDoNotSum,
    exam_from_json,
    exam_to_json,
    read_exam,
    read_paper,
)
from models.paper import EssayGrid, GroupPart, PaperSize, Part, Rounding, Rules, TotalPart
from models.words import Boundary, ChoosePolicy, Compare, Denominator, ExamKind, MarkingMode, NumberEntry

# the example of contracts.md 3, letter for letter
EXAMPLE = """\
kaiyue: exam/1
id: g9-mock1
title: 九年级第一次模拟考试
kind: mock                # mock | final | midterm | monthly | monitoring | entrance | rehearsal
grade: 9
candidate_number: {digits: 8}
papers:
  - id: math
    title: 数学
    full_mark: 120        # refused when the items do not sum to it (a choose-group counts once)
    subject: 数学         # optional; an item may name another: one paper can hold several subjects
    card: {size: A4, sides: 2, columns: 1, number: bubbles+barcode}     # size A4 | A3 | 8K; number: bubbles | barcode | bubbles+barcode | preprinted
    items:
      - {no: "1-10", kind: single, options: 4, key: BCADABDCAB, points: 3}            # a range: one key letter per item, points each
      - {no: "11", kind: multiple, options: 4, key: ACD, points: 6, policy: by_count} # all_or_none | flat | half | by_count | table | per_option
      - {no: "12", kind: judge, key: "T", points: 2}
      - {no: "13", kind: written, points: 4, step: 0.5, height_mm: 18}
      - {no: "16", kind: written, points: 6, step: 1, height_mm: 45, knowledge: [函数],
         parts: [{no: "(1)", points: 2}, {no: "(2)", points: 4}]}
      - {no: "20,21", kind: written, points: 12, height_mm: 40, choose: {group: 选做, take: 1, policy: first_in_paper_order}}
      - {no: "22", kind: essay, points: 60, grid: {columns: 20, rows: 25, cell_mm: 8}}
    groups:               # marking groups; optional: by default one per written item, mode single
      - {id: fill, title: 填空, items: ["13"], mode: single}
      - {id: essay, items: ["22"], mode: 2+1+adjudication, tolerance: 6}
rules: {}                 # optional, exam or paper; the defaults are below
totals:                   # optional: by default the plain sum of all papers, none when one is missing
  - {id: total, title: 总分, parts: [{paper: math, weight: 1}], absent: none}      # absent: none | zero | sum_of_present
"""


def paper_text(items, full_mark="10", more=""):
    lines = "".join(f"  - {item}\n" for item in items)
    return f"kaiyue: paper/1\nid: math\nfull_mark: {full_mark}\n{more}items:\n{lines}".encode()


def complaints_of(data, reader=read_paper):
    with pytest.raises(ExamFileRefused) as refused:
        reader(data)
    return [str(complaint) for complaint in refused.value.complaints]


def complaint_places(data):
    return [one.split(":")[0] for one in complaints_of(data)]


def test_the_example_of_the_contracts_is_accepted():
    exam = read_exam(EXAMPLE.encode())
    assert (exam.id, exam.title, exam.kind, exam.grade, exam.number_digits) == (
        "g9-mock1",
        "九年级第一次模拟考试",
        ExamKind.MOCK,
        9,
        8,
    )
    (paper,) = exam.papers
    assert paper.full_mark == 120 == 10 * 3 + 6 + 2 + 4 + 6 + 12 + 60
    assert (paper.card.size, paper.card.sides, paper.card.columns, paper.card.number, paper.card.digits) == (
        PaperSize("A4", 210.0, 297.0),
        2,
        1,
        NumberEntry.BUBBLES_BARCODE,
        8,
    )
    assert [item.no for item in paper.items] == [*map(str, range(1, 14)), "16", "20", "21", "22"]
    assert [item.key for item in paper.items[:10]] == [(letter,) for letter in "BCADABDCAB"]
    assert paper.item("11").key == ("ACD",)
    assert paper.item("11").policy == "by_count"
    assert paper.item("12").labels == ("T", "F")
    assert paper.item("13").step == Decimal("0.5")
    assert paper.item("16").parts == (Part("(1)", Decimal(2)), Part("(2)", Decimal(4)))
    assert paper.item("16").knowledge == ("函数",)
    assert paper.item("20").choose == paper.item("21").choose
    assert paper.item("20").choose.policy is ChoosePolicy.FIRST_IN_PAPER_ORDER
    assert paper.item("22").grid == EssayGrid(20, 25, 8.0)
    assert [(group.id, group.items, group.mode, group.tolerance, group.full_mark) for group in paper.groups] == [
        ("fill", ("13",), MarkingMode.SINGLE, 0, 4),
        ("essay", ("22",), MarkingMode.DOUBLE_THIRD, 6, 60),
        ("16", ("16",), MarkingMode.SINGLE, 0, 6),
        ("选做", ("20", "21"), MarkingMode.SINGLE, 0, 12),
    ]
    assert paper.groups[2].parts == (
        GroupPart("16(1)", "16", Decimal(2), Decimal(1)),
        GroupPart("16(2)", "16", Decimal(4), Decimal(1)),
    )
    assert paper.rules == Rules()
    assert exam.totals[0].parts == (TotalPart("math", Decimal(1)),)
    assert exam.totals[0].absent == "none"


def test_what_the_table_stores_gives_the_same_exam_back():
    import json

    exam = read_exam(EXAMPLE.encode())
    stored = json.dumps(exam_to_json(exam), ensure_ascii=False)
    assert exam_from_json(json.loads(stored)) == exam
    assert exam_to_json(exam)["papers"][0]["items"][12]["step"] == "0.5"
    for broken in ({"id": 3}, [], {**json.loads(stored), "more": 1}, {**json.loads(stored), "kind": "party"}):
        with pytest.raises(ValueError, match=r"is not|has no more"):
            exam_from_json(broken)


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        (
            '{no: "1", kind: single, key: E, points: 10}',
            "items[0].key: E cannot be the key of item 1: E is not one of A B C D.",
        ),
        (
            '{no: "1", kind: single, key: AB, points: 10}',
            "items[0].key: AB cannot be the key of item 1: an item of kind",
        ),
        ('{no: "1", kind: singel, key: A, points: 10}', "items[0].kind: singel is not one of: single, multiple, judge"),
        ('{no: "1", kind: single, kye: A, points: 10}', "items[0].kye: is not a known key; did you mean key?"),
        ('{no: "1", kind: single, points: 10}', "items[0].key: is missing."),
        ('{no: "1", kind: single, key: A}', "items[0].points: is missing."),
        ('{no: "1", kind: single, key: A, points: 0}', "items[0].points: 0 must be above 0."),
        ('{no: "1", kind: single, key: A, points: ten}', "items[0].points: ten is not a number."),
        (
            '{no: "1", kind: single, key: A, points: 10, step: 1}',
            "items[0].step: does not apply to items of kind single.",
        ),
        ('{no: "1-3", kind: single, key: AB, points: 10}', "items[0].key: has 2 entries for 3 items"),
        ('{no: "3-1", kind: single, key: AB, points: 10}', "items[0].no: 3-1 is not a range from a lower to a higher"),
        ('{no: "1", kind: judge, key: true, points: 10}', "items[0].key: true is not a key: write T or F, in quotes."),
        ('{no: "a/b", kind: written, points: 10}', "items[0].no: a/b cannot be an id"),
        ('{no: "..", kind: written, points: 10}', "items[0].no: .. cannot be an id"),
        ('{no: "total", kind: written, points: 10}', "items[0].no: total is the name of a column in every table."),
        ('{no: "1", kind: written, points: 10, step: 0.25}', "items[0].step: 0.25 is not a multiple of 0.02."),
        (
            '{no: "1", kind: written, points: 10, step: 4}',
            "items[0].step: full marks of 10 cannot be given in steps of 4.",
        ),
        (
            '{no: "1", kind: written, points: 10, step: "0.001"}',
            "items[0].step: 0.001 is not a whole number of hundredths",
        ),
        (
            '{no: "1", kind: multiple, key: ACD, points: 10, policy: by_count}',
            "items[0].policy: by_count cannot serve item 1: it can give 10/3 points, which is not whole hundredths.",
        ),
        (
            '{no: "1", kind: multiple, key: ACD, points: 10, policy: flat}',
            "items[0].policy: flat cannot be used: its numbers",
        ),
        (
            '{no: "1", kind: written, points: 10, parts: [{no: "(1)", points: 2}, {no: "(2)", points: 4}]}',
            "items[0].parts: add up to 6 points where the item has 10.",
        ),
        (
            '{no: "1,2", kind: written, points: 10, choose: {group: x, take: 2}}',
            "items[0].choose.take: x takes 2 of 2 items: there is nothing to choose.",
        ),
        ('{no: "1", kind: essay, points: 10, grid: {columns: 20}}', "items[0].grid.rows: is missing."),
        ("[1]", "items[0]: […] stands where keys and values belong."),
    ],
)
def test_each_fault_is_named_with_its_place(item, complaint):
    found = complaints_of(paper_text([item]))
    assert any(one.startswith(complaint) for one in found), found


def test_every_fault_is_told_at_once():
    found = complaints_of(
        b"kaiyue: exam/1\nid: a/b\nkind: party\ngrade: 13\ntitel: x\npapers:\n"
        b"- {id: p, full_mark: x, items: [{no: 1, kind: single, key: Z, points: 1}], rules: {good: 2}}\n",
        read_exam,
    )
    places = [one.split(":")[0] for one in found]
    assert places == [
        "id",
        "kind",
        "grade",
        "papers[0].full_mark",
        "papers[0].items[0].key",
        "papers[0].rules.good",
        "titel",
    ]


def test_points_that_do_not_sum_have_a_code_of_their_own_and_name_both_numbers():
    with pytest.raises(PointsDoNotSum, match=r"add up to 7\.5 points, but the full mark is 8") as refused:
        read_paper(paper_text(['{no: "1", kind: written, points: 7.5, step: 0.5}'], full_mark="8"))
    assert refused.value.code == "exam_file.points_do_not_sum"
    assert refused.value.exit_code == 3
    with pytest.raises(ExamFileRefused) as both:
        read_paper(paper_text(['{no: "1", kind: written, points: 7, x: 1}'], full_mark="8"))
    assert both.value.code == "exam_file.invalid"


def test_a_choose_group_counts_once_as_take_times_its_points():
    items = ['{no: "1-3", kind: written, points: 10, choose: {group: 选做, take: 2}}']
    assert read_paper(paper_text(items, full_mark="20")).groups[0].full_mark == 20
    with pytest.raises(PointsDoNotSum, match="add up to 20 points, but the full mark is 30"):
        read_paper(paper_text(items, full_mark="30"))
    uneven = [
        '{no: "1", kind: written, points: 10, choose: {group: x, take: 1}}',
        '{no: "2", kind: written, points: 12, choose: {group: x, take: 1}}',
    ]
    assert complaints_of(paper_text(uneven))[0] == (
        "items[1].points: all items of the choose-group x have equal points, but 1 has 10 and 2 has 12."
    )


def test_numbers_are_exact_and_words_stay_words():
    paper = read_paper(
        b"kaiyue: paper/1\nid: no\ntitle: yes\nsubject: on\nfull_mark: 0.30\nitems:\n"
        b"- {no: 1.10, kind: written, points: 0.1, step: 0.1}\n- {no: 2, kind: written, points: 0.2, step: 0.1}\n"
    )
    assert (paper.id, paper.title, paper.subject) == ("no", "yes", "on")
    assert [item.no for item in paper.items] == ["1.10", "2"]
    assert sum(item.points for item in paper.items) == Decimal("0.3")


def test_json_is_read_as_json():
    data = (
        b'{"kaiyue": "paper/1", "id": "p", "full_mark": 1.5,\t"items": '
        b'[{"no": "1-3", "kind": "multiple", "options": 5, "key": ["ACD", "AB|E", "A"], "points": 0.5}]}'
    )
    paper = read_paper(data)
    assert [item.key for item in paper.items] == [("ACD",), ("AB", "E"), ("A",)]
    assert [item.options for item in paper.items] == [5, 5, 5]
    assert [item.points for item in paper.items] == [Decimal("0.5")] * 3


@pytest.mark.parametrize(
    ("groups", "complaint"),
    [
        ("[{id: g, items: [1]}]", "groups[0].items[0]: item 1 is scored by its key, not by markers."),
        ('[{id: g, items: ["16(3)"]}]', "groups[0].items[0]: there is no item or part 16(3); did you mean 16(2)?"),
        ("[{id: g, items: [16]}, {id: h, items: ['16(1)']}]", "groups[1].items[0]: 16(1) is already in the group g."),
        ("[{id: g, items: [20]}]", "groups: all items of the choose-group c belong in one marking group."),
        ("[{id: g, items: [16]}, {id: g, items: [13]}]", "groups[1].id: g is the id of another group as well."),
        ('[{id: "13", items: [16]}]', "groups: 13 is also the default group of items 13"),
        ("[{id: g, items: [16], mode: triple}]", "groups[0].mode: triple is not one of: single, 1+1, 1+1+1"),
        ("[{id: g, items: [16], tolerance: -1}]", "groups[0].tolerance: -1 must be at least 0."),
        ("[{id: g, items: [16], tolerance: 7}]", "groups[0].tolerance: 7 is more than the 6 points of the group."),
        ("[{id: g, items: []}]", "groups[0].items: is missing or empty: list at least one item."),
        ("[{id: g, items: [16], compare: parts}]", "groups[0].compare: parts is not one of: total, each, both."),
    ],
)
def test_faults_of_groups(groups, complaint):
    found = complaints_of(paper_text(GROUPED, full_mark="21", more=f"groups: {groups}\n"))
    assert any(one.startswith(complaint) for one in found), found


GROUPED = [
    '{no: "1", kind: single, key: A, points: 3}',
    '{no: "13", kind: written, points: 2}',
    '{no: "16", kind: written, points: 6, parts: [{no: 1, points: 2}, {no: "（2）", points: 4}]}',
    '{no: "20,21", kind: written, points: 10, choose: {group: c}}',
]


def test_groups_may_take_parts_and_leave_the_rest_to_default_groups():
    more = (
        "groups: [{id: g, title: 前段, items: [13, 16(1)], mode: 2 + 1 + 1, tolerance: 0.5, compare: both, boundary: strict},"
        " {id: h, items: '20,21'}]\nrules: {boundary: inclusive}\n"
    )
    paper = read_paper(paper_text(GROUPED, full_mark="21", more=more))
    assert [(group.id, [part.id for part in group.parts], group.full_mark) for group in paper.groups] == [
        ("g", ["13", "16(1)"], 4),
        ("h", ["20", "21"], 10),
        ("16", ["16(2)"], 4),
    ]
    assert paper.groups[0].mode is MarkingMode.DOUBLE_LEADER
    assert paper.groups[0].compare is Compare.BOTH
    assert paper.groups[0].boundary is Boundary.STRICT
    assert paper.groups[1].boundary is Boundary.INCLUSIVE


def test_rules_of_the_paper_go_before_those_of_the_exam():
    text = """
kaiyue: exam/1
id: e
kind: final
rules: {boundary: strict, excellent: 0.9, round: {to: 1}, denominator: enrolled, rank: dense, group: 0.25}
papers:
- id: a
  full_mark: 6
  items: [{no: "1", kind: multiple, key: AB, points: 6, policy: "per_option:3,-1"}]
  rules: {good: 0.75, round: {at: item}, void: {"1": answered_only}, floors: {"1": -2}}
- id: b
  full_mark: 6
  items: [{no: "1", kind: written, points: 6}]
"""
    exam = read_exam(text.encode())
    first, second = exam.paper("a").rules, exam.paper("b").rules
    assert first.round == Rounding("item", Decimal(1))
    assert (first.boundary, first.excellent, first.good) == (Boundary.STRICT, Decimal("0.9"), Decimal("0.75"))
    assert (first.void, first.floors) == ((("1", "answered_only"),), (("1", Decimal(-2)),))
    assert (second.good, second.void, second.denominator, second.rank) == (
        Decimal("0.70"),
        (),
        Denominator.ENROLLED,
        "dense",
    )
    assert exam.paper("b").groups[0].boundary is Boundary.STRICT
    assert [part.paper for part in exam.totals[0].parts] == ["a", "b"]


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ("{excellent: 0.5}", "rules.excellent: the thresholds must not fall"),
        ("{void: {'9': all_present}}", "rules.void.9: there is no item 9."),
        ("{void: {'1': maybe}}", "rules.void.1: maybe is not one of: all_present, answered_only, drop_and_rescale."),
        ("{floors: {'1': 0}}", "rules.floors.1: item 1 has no policy with deductions, so it needs no floor."),
        ("{round: {at: never}}", "rules.round.at: never is not one of: total, item, none."),
        ("{round: {to: 0}}", "rules.round.to: 0 must be above 0."),
        ("{rank: best}", "rules.rank: best is not one of: competition, dense."),
        ("{boundery: strict}", "rules.boundery: is not a known key; did you mean boundary?"),
    ],
)
def test_faults_of_rules(rules, complaint):
    data = paper_text(['{no: "1", kind: written, points: 10}'], more=f"rules: {rules}\n")
    found = complaints_of(data)
    assert any(one.startswith(complaint) for one in found), found


def test_totals_name_known_papers_and_keep_exact_weights():
    text = """
kaiyue: exam/1
id: e
kind: mock
papers:
- {id: a, full_mark: 6, items: [{no: "1", kind: written, points: 6}]}
- {id: b, full_mark: 6, items: [{no: "1", kind: written, points: 6}]}
totals:
- {id: sum, parts: [{paper: a, weight: 0.3}, {paper: b}], absent: zero}
"""
    (total,) = read_exam(text.encode()).totals
    assert (total.title, total.parts, total.absent) == (
        "sum",
        (TotalPart("a", Decimal("0.3")), TotalPart("b", Decimal(1))),
        "zero",
    )
    wrong = text.replace("{paper: b}", "{paper: c}").replace("zero", "half").replace("id: sum", "id: a")
    assert [one.split(":")[0] for one in complaints_of(wrong.encode(), read_exam)] == [
        "totals[0].parts[1].paper",
        "totals[0].id",
        "totals[0].absent",
    ]


def test_variants_close_the_chains_that_their_order_leaves_open():
    items = [f'{{no: "{n}", kind: single, key: A, points: 1}}' for n in range(1, 10)]
    more = "variants: {A: {}, B: {order: {1: 7, 2: 3}}, C: {order: {1: 2, 2: 4}}}\n"
    paper = read_paper(paper_text([*items, '{no: "10", kind: judge, key: "T", points: 1}'], more=more))
    assert [(variant.id, dict(variant.order)) for variant in paper.variants] == [
        ("A", {}),
        ("B", {"1": "7", "7": "1", "2": "3", "3": "2"}),
        ("C", {"1": "2", "2": "4", "4": "1"}),
    ]
    for wrong, place in (
        ("{B: {}}", "variants"),
        ("{A: {order: {1: 2}}, B: {}}", "variants.A.order"),
        ("{A: {}, B: {order: {1: 2, 3: 2}}}", "variants.B.order.3"),
        ("{A: {}, B: {order: {1: 10}}}", "variants.B.order.1"),
        ("{A: {}, B: {order: {1: 77}}}", "variants.B.order.1"),
        ("{A: {}, beta: {}}", "variants.beta"),
    ):
        data = paper_text([*items, '{no: "10", kind: judge, key: "T", points: 1}'], more=f"variants: {wrong}\n")
        with pytest.raises(ExamFileRefused) as refused:
            read_paper(data)
        assert place in [complaint.place for complaint in refused.value.complaints]


@pytest.mark.parametrize(
    ("card", "size", "columns"),
    [
        ("{}", PaperSize("A4", 210.0, 297.0), 1),
        ("{size: A3}", PaperSize("A3", 420.0, 297.0), 3),
        ("{size: A3, columns: 1}", PaperSize("A3", 297.0, 420.0), 1),
        ("{size: 8k, columns: 2}", PaperSize("8K", 368.0, 260.0), 2),
        ("{size: {width_mm: 148, height_mm: 210}}", PaperSize("custom", 148.0, 210.0), 1),
    ],
)
def test_card_sizes(card, size, columns):
    paper = read_paper(paper_text(['{no: "1", kind: written, points: 10}'], more=f"card: {card}\n"))
    assert (paper.card.size, paper.card.columns) == (size, columns)


@pytest.mark.parametrize(
    ("card", "place"),
    [
        ("{size: B5}", "card.size"),
        ("{sides: 3}", "card.sides"),
        ("{number: stamp}", "card.number"),
        ("{size: {width_mm: 10, height_mm: 210}}", "card.size.width_mm"),
        ("{colour: red}", "card.colour"),
    ],
)
def test_faults_of_cards(card, place):
    assert complaint_places(paper_text(['{no: "1", kind: written, points: 10}'], more=f"card: {card}\n")) == [place]


def test_duplicate_numbers_and_papers_are_refused():
    data = paper_text(['{no: "1", kind: written, points: 5}', '{no: "１", kind: written, points: 5}'])
    assert complaints_of(data) == ["items[1].no: 1 is already used by items[0]."]
    text = EXAMPLE.replace("totals:", "").split("rules: {}")[0]
    twice = text + text[text.index("  - id: math") :].replace("id: math", "id: MATH")
    assert complaints_of(twice.encode(), read_exam)[0] == "papers[1].id: MATH is the id of another paper as well."


def test_another_kind_of_file_is_told_apart():
    with pytest.raises(NotAnExamFile, match="does not say that it is exam/1: in its line “kaiyue” stands card/1"):
        read_exam(b'{"kaiyue": "card/1"}')
    with pytest.raises(NotAnExamFile):
        read_exam(b"just words")
    with pytest.raises(NotAnExamFile):
        read_exam(paper_text(['{no: "1", kind: written, points: 10}']))


def test_a_paper_is_taken_from_an_exam_file_that_has_just_one():
    assert read_paper(EXAMPLE.encode()) == read_exam(EXAMPLE.encode()).papers[0]
    paper = read_paper(paper_text(['{no: "1", kind: written, points: 10}'], more="candidate_number: {digits: 10}\n"))
    assert paper.card.digits == 10
