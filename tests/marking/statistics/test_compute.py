"""A whole paper through the tables it is exported as: who counts, what is left out, what order cannot change."""

import json
import random

import pytest

from marking.setup.exam_file import read_paper
from marking.statistics.compute import as_document, compute
from marking.statistics.csv_table import TableRefused, TableUnreadable
from marking.statistics.responses_csv import read_responses
from marking.statistics.scores_csv import read_scores

PAPER = """
kaiyue: paper/1
id: p
full_mark: 20
items:
- {no: "1", kind: single, key: A, points: 2}
- {no: "2", kind: multiple, key: AC, points: 4}
- {no: "3", kind: written, points: 4, parts: [{no: "(1)", points: 1}, {no: "(2)", points: 3}]}
- {no: "4,5", kind: written, points: 10, choose: {group: c}}
"""
HEAD = "candidate,school,class,status,1,2,3,3(1),3(2),4,5,objective,subjective,total\n"
ROWS = [
    "01,甲,1,present,2,4,4,1,3,10,,6,14,20",
    "02,甲,1,present,2,2,2,0,2,,8,4,12,16",
    "03,甲,2,present,0,4,3,1,2,6,,4,9,13",
    "04,乙,1,present,2,0,1,1,0,,4,2,5,7",
    "05,乙,1,blank,0,0,0,0,0,0,,0,0,0",
    "06,乙,1,absent,,,,,,,,,,",
    "07,乙,1,violation,2,4,4,1,3,10,,6,14,20",
    "08,乙,1,not_entered,,,,,,,,,,",
]
RESPONSES = "candidate,paper,item,value,status,source,file,page,score\n" + "".join(
    f"{candidate},p,{item},{value},{status},omr,f.png,1,\n"
    for candidate, item, value, status in [
        ("01", "1", "A", "ok"),
        ("02", "1", "A", "ok"),
        ("03", "1", "B", "ok"),
        ("04", "1", "AB", "ok"),
        ("05", "1", "", "ok"),
        ("07", "1", "C", "ok"),
        ("01", "2", "AC", "ok"),
        ("02", "2", "A", "ok"),
        ("03", "2", "CA", "ok"),
        ("04", "2", "B", "doubtful"),
        ("05", "2", "", "ok"),
    ]
)


def document_of(text, paper=PAPER, responses=None):
    checked = read_paper(paper.encode())
    read = None if responses is None else read_responses(responses.encode(), checked)
    return as_document(compute(checked, read_scores(text.encode(), checked), read))


def item(document, no):
    return next(row for row in document["items"] if row["no"] == no)


def test_only_present_candidates_with_a_total_count():
    document = document_of(HEAD + "\n".join(ROWS))
    paper = document["paper"]
    assert (paper["n_enrolled"], paper["n_present"], paper["n_absent"], paper["n_scored"]) == (8, 5, 1, 5)
    assert paper["mean"] == (20 + 16 + 13 + 7) / 5
    assert (paper["max"], paper["min"], paper["median"]) == (20, 0, 13)
    by_number = {row["candidate"]: row for row in document["candidates"]}
    assert by_number["01"]["rank"] == 1
    assert by_number["05"]["rank"] == 5
    for unscored in ("06", "07", "08"):
        assert by_number[unscored] == {
            "candidate": unscored,
            "total": None,
            "rank": None,
            "z": None,
            "t": None,
            "percentile_rank": None,
        }


def test_an_optional_item_is_judged_by_those_who_chose_it_and_the_group_by_everyone():
    document = document_of(HEAD + "\n".join(ROWS))
    assert (item(document, "4")["n"], item(document, "4")["facility"]) == (3, (10 + 6 + 0) / 30)
    assert (item(document, "5")["n"], item(document, "5")["facility"]) == (2, 12 / 20)
    # 1: 6/10, 2: 10/20, 3: 10/20, choose-group: (10+8+6+4+0)/50 -> (1.2 + 2 + 2 + 5.6) / 20
    assert document["paper"]["facility"] == pytest.approx((1.2 + 2 + 2 + 5.6) / 20)
    # alpha leaves 4 and 5 out; by hand over 1, 2, 3 of the five who count:
    # variances 0.96, 3.2, 2.0; sums 10, 6, 7, 3, 0 with variance (194 - 26²/5)/5 = 11.76
    assert document["paper"]["alpha"] == pytest.approx(1.5 * (1 - (0.96 + 3.2 + 2.0) / 11.76))


def test_a_void_item_has_no_figures_and_is_outside_alpha():
    paper = PAPER + "rules: {void: {'2': all_present}}\n"
    document = document_of(HEAD + "\n".join(ROWS), paper)
    assert item(document, "2")["facility"] is None
    assert item(document, "2")["discrimination"] is None
    # alpha of 1 and 3 alone: variances 0.96, 2.0; sums 6, 4, 3, 3, 0 with variance (70 - 16²/5)/5 = 3.76
    assert document["paper"]["alpha"] == pytest.approx(2 * (1 - 2.96 / 3.76))
    assert document["paper"]["facility"] == pytest.approx((1.2 + 2 + 5.6) / 16)
    assert document["rules"]["void"] == {"2": "all_present"}


def test_options_count_letters_blank_multi_and_the_extreme_groups():
    document = document_of(HEAD + "\n".join(ROWS), responses=RESPONSES)
    options = item(document, "1")["options"]
    assert {name: figures["count"] for name, figures in options.items()} == {
        "A": 2,
        "B": 1,
        "C": 0,
        "D": 0,
        "blank": 1,
        "multi": 1,
    }
    assert options["A"] == {"count": 2, "share": 0.4, "high": 2, "low": 0}
    assert options["blank"]["low"] == 1  # ceil(0.27 x 5) = 2: 04 (multi) and 05 (blank) are the low group
    assert options["multi"]["low"] == 1
    second = item(document, "2")["options"]
    assert {name: figures["count"] for name, figures in second.items()} == {
        "A": 3,
        "B": 0,
        "C": 2,
        "D": 0,
        "blank": 1,
        "doubtful": 1,  # several letters are what a multiple item asks for: no "multi"
    }
    assert item(document, "3")["options"] == {}
    assert item(document_of(HEAD + "\n".join(ROWS)), "1")["options"] == {}
    assert "distractor_rare:C" in item(document, "1")["flags"]


def test_schools_and_classes_beside_the_whole():
    document = document_of(HEAD + "\n".join(ROWS))
    first, second = document["schools"]
    assert (first["school"], first["n"], first["mean"]) == ("乙", 2, 3.5)
    assert (second["school"], second["n"], second["n_enrolled"]) == ("甲", 3, 3)
    assert second["mean"] == pytest.approx(49 / 3)
    assert second["ratio"] == pytest.approx(49 / 3 / 11.2)
    assert second["excess_rate"] == pytest.approx(49 / 3 / 11.2 - 1)
    assert second["above_mean_rate"] == 1
    assert second["t"] == pytest.approx(50 + 10 * (49 / 3 - 11.2) / document["paper"]["sd"])
    assert [(row["school"], row["class"], row["n"]) for row in document["classes"]] == [
        ("乙", "1", 2),
        ("甲", "1", 2),
        ("甲", "2", 1),
    ]
    assert (first["n_enrolled"], first["n_absent"]) == (5, 1)


def test_worked_school_figures_of_the_domain():
    # 校均 76, 联考 72, sd 16: T 52.50, ratio 1.0556, +5.56 % (domain.md 5.0, 5.3)
    paper = "kaiyue: paper/1\nid: p\nfull_mark: 100\nitems: [{no: '1', kind: written, points: 100}]\n"
    text = "candidate,school,total\n1,a,52\n2,a,76\n3,a,100\n4,b,56\n5,b,68\n6,b,80\n"
    document = document_of(text, paper)
    assert (document["paper"]["mean"], document["paper"]["sd"]) == (72, 16)
    assert document["schools"][0]["t"] == 52.5
    assert round(document["schools"][0]["ratio"], 4) == 1.0556
    assert round(document["schools"][0]["excess_rate"], 4) == 0.0556
    assert document["schools"][0]["above_mean_rate"] == pytest.approx(2 / 3)


def test_who_is_exactly_at_the_mean_is_not_above_it():
    schools = document_of("candidate,school,total\n1,a,10\n2,a,20\n3,b,15\n")["schools"]
    assert [school["above_mean_rate"] for school in schools] == [0.5, 0]


def test_an_empty_status_is_not_taken_for_absent():
    document = document_of("candidate,status,total\n1,present,20\n2,,\n3,,10\n4,absent,\n")
    paper = document["paper"]
    assert (paper["n_enrolled"], paper["n_present"], paper["n_absent"], paper["n_scored"]) == (4, 2, 1, 2)


def test_a_missing_total_column_is_composed_by_the_rules_of_the_paper():
    text = "candidate,1,2,3(1),3(2),4,5\n01,2,4,1,3,9.5,\n02,2,2,0,2,,8\n03,,,,,,\n"
    paper = PAPER.replace("points: 10,", "points: 10, step: 0.5,") + "rules: {round: {to: 1}}\n"
    document = document_of(text, paper)
    assert [row["total"] for row in document["candidates"]] == [20, 14, None]  # 19.5 rounds half up to 20
    assert document["paper"]["n_absent"] == 1


def test_items_may_be_missing_when_totals_are_given():
    document = document_of("candidate,total\n1,20\n2,10\n3,\n")
    assert document["paper"]["facility"] == 0.75
    assert document["paper"]["alpha"] is None
    assert document["paper"]["sem"] is None
    assert item(document, "1")["facility"] is None
    assert document["schools"] == []
    assert document["classes"] == []
    assert document["balance"] == {"cv": None, "eta2": None, "icc": None}


def test_the_order_of_rows_and_columns_changes_nothing():
    document = document_of(HEAD + "\n".join(ROWS), responses=RESPONSES)
    mixed = ROWS[:]
    random.Random(5).shuffle(mixed)
    other = document_of(HEAD + "\n".join(mixed), responses=RESPONSES)
    for one in (document, other):
        one["candidates"].sort(key=lambda row: row["candidate"])
    assert json.dumps(document) == json.dumps(other)


def test_no_number_is_nan():
    for text in (HEAD, HEAD + ROWS[0], HEAD + ROWS[5], HEAD + "\n".join(ROWS[4:6])):
        document = document_of(text)
        json.dumps(document, allow_nan=False)
    assert document_of(HEAD)["paper"]["mean"] is None
    lone = document_of(HEAD + ROWS[0])
    assert (lone["paper"]["sd"], lone["candidates"][0]["z"], lone["candidates"][0]["t"]) == (0, 0, 50)


@pytest.mark.parametrize(
    "data",
    [
        (HEAD + "\n".join(ROWS)).encode("utf-8-sig"),
        (HEAD + "\n".join(ROWS)).encode("gbk"),
        (HEAD + "\n".join(ROWS)).encode("utf-16"),
        (HEAD + "\n".join(ROWS)).replace("\n", "\r\n").encode(),
        (HEAD + "\n".join(ROWS)).replace(",", ";").encode(),
        (HEAD + "\n".join(ROWS)).replace(",", "\t").encode(),
        (HEAD + "\n".join(ROWS)).replace("candidate,school,class", "考号,学校,班级").replace("absent", "缺考").encode(),
    ],
)
def test_tables_are_read_as_people_save_them(data):
    paper = read_paper(PAPER.encode())
    expected = as_document(compute(paper, read_scores((HEAD + "\n".join(ROWS)).encode(), paper)))
    assert as_document(compute(paper, read_scores(data, paper))) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("candidate,total\n1,x\n", "row 2, column total: x is not a number of points."),
        ("candidate,total\n1,21\n", "row 2, column total: 21 is not between 0 and 20."),
        ("candidate,total\n1,-1\n", "row 2, column total: -1 is not between 0 and 20."),
        ("candidate,total\n1,1.001\n", "row 2, column total: 1.001 is not a number of points."),
        ("candidate,1,total\n\n1,3,3\n", "row 3, column 1: 3 is not between 0 and 2."),
        ("candidate,total\n1,3\n1,4\n", "row 3, column candidate: 1 stands in row 2 as well."),
        ("candidate,total\n,3\n", "row 2, column candidate: is empty."),
        ("candidate,status,total\n1,ill,3\n", "row 2, column status: ill is not one of: present, absent"),
        ("candidate,totl\n1,3\n", "row 1, column totl: is not a known column; did you mean total?"),
        ("number,total\n1,3\n", "row 1, column candidate: is missing."),
        (
            "candidate,1,2\n1,3,3\n",
            "row 1, column total: is missing, and so are the items that it could be added up from: 3, 4, 5.",
        ),
        ("candidate,total,total\n1,3,3\n", "row 1, column total: is there twice."),
        ("candidate,total\n1,3,4\n", "row 2, column 3: has no name in the first row."),
    ],
)
def test_faults_are_told_with_row_and_column(text, complaint):
    paper = read_paper(PAPER.encode())
    with pytest.raises(TableRefused) as refused:
        read_scores(text.encode(), paper)
    told = [str(one) for one in refused.value.complaints]
    assert any(one.startswith(complaint) for one in told), told
    assert refused.value.exit_code == 3


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n\0\0\0", b'candidate,total\n"1,2'])
def test_what_is_no_table_is_told(data):
    with pytest.raises(TableUnreadable):
        read_scores(data, read_paper(PAPER.encode()))


def test_responses_are_checked_as_well():
    paper = read_paper(PAPER.encode())
    with pytest.raises(TableRefused, match="row 3, column value: E has letters other than A B C D"):
        read_responses(b"candidate,item,value\n1,1,A\n2,1,E\n", paper)
    with pytest.raises(TableRefused, match="row 2, column item: 9 is no item"):
        read_responses(b"candidate,item,value\n1,9,A\n", paper)
    with pytest.raises(TableRefused, match="item 1 of 1 is there twice"):
        read_responses(b"candidate,item,value\n1,1,A\n1,1,B\n", paper)
    assert read_responses(b"candidate,paper,item,value\n1,other,99,A\n1,p,3,\n", paper) == {"1": {}, "2": {}}
