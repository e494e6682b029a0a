"""The exam as a workbook: the same exam as the text file, and complaints that name cells."""

import datetime
import io

import pytest
import xlsxwriter

from marking.setup.document import DocumentUnreadable
from marking.setup.exam_file import ExamFileRefused, PointsDoNotSum, read_exam, read_paper
from tests.marking.setup.test_exam_file import EXAMPLE

ITEM_COLUMNS = [
    "no",
    "kind",
    "options",
    "key",
    "points",
    "policy",
    "step",
    "height_mm",
    "knowledge",
    "parts",
    "choose_group",
    "choose_take",
    "choose_policy",
    "grid_columns",
    "grid_rows",
    "grid_cell_mm",
]


def workbook(**sheets):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if isinstance(cell, datetime.date):
                        sheet.write_datetime(row, column, datetime.datetime(cell.year, cell.month, cell.day), date)  # noqa: DTZ001 - a workbook has no zones
                    elif cell is not None:
                        sheet.write(row, column, cell)
    return out.getvalue()


def item(**cells):
    return [cells.get(name) for name in ITEM_COLUMNS]


def example_sheets():
    return {
        "exam": [
            ["key", "value"],
            ["kaiyue", "exam/1"],
            ["id", "g9-mock1"],
            ["title", "九年级第一次模拟考试"],
            ["kind", "mock"],
            ["grade", 9],
            ["digits", 8],
        ],
        "papers": [
            ["id", "title", "full_mark", "subject", "size", "sides", "columns", "number"],
            ["math", "数学", 120, "数学", "A4", 2, 1, "bubbles+barcode"],
        ],
        "items": [
            ITEM_COLUMNS,
            item(no="1-10", kind="single", options=4, key="BCADABDCAB", points=3),
            item(no=11, kind="multiple", options=4, key="ACD", points=6, policy="by_count"),
            item(no=12, kind="judge", key="T", points=2),
            item(no=13, kind="written", points=4, step=0.5, height_mm=18),
            item(no=16, kind="written", points=6, step=1, height_mm=45, knowledge="函数", parts="(1)=2; (2)=4"),
            item(no="20,21", kind="written", points=12, height_mm=40, choose_group="选做", choose_take=1),
            item(no=22, kind="essay", points=60, grid_columns=20, grid_rows=25, grid_cell_mm=8),
        ],
        "groups": [
            ["id", "title", "items", "mode", "tolerance"],
            ["fill", "填空", 13, "single", None],
            ["essay", None, "22", "2+1+adjudication", 6],
        ],
        "totals": [["id", "title", "paper", "weight", "absent"], ["total", "总分", "math", 1, "none"]],
    }


def test_a_workbook_gives_the_same_exam_as_the_text_file():
    assert read_exam(workbook(**example_sheets())) == read_exam(EXAMPLE.encode())


def test_complaints_name_sheet_and_cell():
    sheets = example_sheets()
    sheets["items"][2][3] = "AE"
    sheets["items"][5][9] = "(1)=2; (2)=5"
    sheets["papers"][0][7] = "nummer"
    sheets["items"][4][4] = None
    with pytest.raises(ExamFileRefused) as refused:
        read_exam(workbook(**sheets))
    assert [complaint.place for complaint in refused.value.complaints] == [
        "items!D3",
        "items!5:5 (points)",
        "items!J6",
        "papers!H2",
    ]


def test_points_that_do_not_sum_name_the_cell_of_the_full_mark():
    sheets = example_sheets()
    sheets["papers"][1][2] = 121
    with pytest.raises(PointsDoNotSum, match="papers!C2: the items add up to 120 points, but the full mark is 121"):
        read_exam(workbook(**sheets))


def test_a_paper_workbook_with_rules_and_variants():
    sheets = example_sheets()
    sheets["exam"] = [["key", "value"], ["kaiyue", "paper/1"], ["digits", 10]]
    del sheets["totals"]
    sheets["rules"] = [["rule", "value"], ["excellent", 0.9], ["round.to", 1], ["void.11", "all_present"]]
    sheets["variants"] = [["variant", "printed", "stands"], ["A", None, None], ["B", 1, 7], ["B", 2, 3]]
    paper = read_paper(workbook(**sheets))
    assert paper.card.digits == 10
    assert (str(paper.rules.excellent), str(paper.rules.round.to), paper.rules.void) == (
        "0.9",
        "1",
        (("11", "all_present"),),
    )
    assert dict(paper.variants[1].order) == {"1": "7", "7": "1", "2": "3", "3": "2"}


def test_a_range_that_the_spreadsheet_turned_into_a_date_is_told():
    sheets = example_sheets()
    sheets["items"][1][0] = datetime.date(2026, 1, 10)
    with pytest.raises(DocumentUnreadable, match="items!A2 holds a date"):
        read_exam(workbook(**sheets))


def test_what_only_looks_like_a_workbook_is_told():
    with pytest.raises(DocumentUnreadable):
        read_exam(b"PK\x03\x04 and then nothing")
    sheets = example_sheets()
    sheets["groups"][0].append("paper")
    sheets["groups"][1].append("chem")
    with pytest.raises(DocumentUnreadable, match="names the paper chem"):
        read_exam(workbook(**sheets))
