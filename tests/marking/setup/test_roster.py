"""Rosters are taken in wholly or not at all, and every fault is named by its cell."""

import io

import pytest
from openpyxl import Workbook

from marking.setup.exam_file import read_exam
from marking.setup.roster import RosterLocked, RosterRefused, import_roster, read_roster
from marking.setup.spreadsheet import SheetRefused, cell_name
from marking.setup.states import AdvanceBlocked, advance_exam
from marking.setup.structure import ExamExists, find_exam, find_paper, store_exam
from models.database import Database
from models.people import Candidate, PaperEntry, School, SchoolClass
from models.words import ExamState

EXAM = b"""
kaiyue: exam/1
id: t1
title: T
kind: mock
grade: 9
candidate_number: {digits: 4}
papers:
  - id: m
    title: M
    full_mark: 4
    card: {size: A4, sides: 1, columns: 1, number: bubbles}
    items: [{no: "1-2", kind: single, options: 4, key: AB, points: 2}]
  - id: c
    title: C
    full_mark: 4
    card: {size: A4, sides: 1, columns: 1, number: bubbles}
    items: [{no: "1", kind: written, points: 4, height_mm: 20}]
"""
GOOD = """考号,姓名,学校,班级,学籍号
0001,王䶮,一中,1班,A1
0002,李喆,一中,1班,
0003,王䶮,一中,1班,A3
0004,赵犇,二中,1班,
"""


def csv(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def workbook(rows: list[list[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def complaints(data: bytes) -> dict[str, str]:
    with pytest.raises(RosterRefused) as caught:
        read_roster(data, "r.csv", 4)
    return {each.place: str(each.sentence) for each in caught.value.details["complaints"]}


def stored(database: Database) -> None:
    with database.write() as session:
        store_exam(session, read_exam(EXAM))


def test_everybody_gets_an_entry_in_every_paper(database: Database) -> None:
    stored(database)
    roster = read_roster(csv(GOOD), "名册.csv", 4)
    with database.write() as session:
        result = import_roster(session, find_exam(session, "t1"), roster)
    assert (result.added, result.changed, result.unchanged, result.schools, result.classes) == (4, 0, 0, 2, 2)
    with database.read() as session:
        assert session.query(PaperEntry).count() == 8
        assert session.query(PaperEntry).filter(PaperEntry.status.is_not(None)).count() == 0
        assert [c.number for c in session.query(Candidate).order_by(Candidate.number)] == [
            "0001",
            "0002",
            "0003",
            "0004",
        ]
        assert session.query(School).count() == 2
        assert session.query(SchoolClass).count() == 2
        assert session.query(Candidate).filter_by(number="0001").one().name == "王䶮"


def test_importing_the_same_roster_again_changes_nothing_and_a_correction_only_that(database: Database) -> None:
    stored(database)
    for _ in range(2):
        with database.write() as session:
            result = import_roster(session, find_exam(session, "t1"), read_roster(csv(GOOD), "r", 4))
    assert (result.added, result.changed, result.unchanged) == (0, 0, 4)
    corrected = GOOD.replace("0002,李喆", "0002,李哲")
    with database.write() as session:
        result = import_roster(session, find_exam(session, "t1"), read_roster(csv(corrected), "r", 4))
    assert (result.added, result.changed, result.unchanged) == (0, 1, 3)
    with database.read() as session:
        assert session.query(PaperEntry).count() == 8


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encodings_of_offices_are_understood(encoding: str) -> None:
    assert read_roster(csv(GOOD, encoding), "r", 4).lines[0].name == "王䶮"


def test_every_fault_is_named_by_its_cell() -> None:
    faults = complaints(
        csv(
            "candidate,name,school,class\n"
            "0001,甲,一中,1班\n"
            "0001,乙,一中,1班\n"
            ",丙,一中,1班\n"
            "００04,丁,一中,1班\n"
            "00005,戊,一中,1班\n"
            "0006,,一中,1班\n"
            "0007,甲,一中,1班\n"
        )
    )
    assert faults.keys() == {"A3", "A4", "A5", "A6", "B7", "B8"}
    assert "A2" in faults["A3"]
    assert "missing" in faults["A4"]
    assert "digits 0-9" in faults["A5"]
    assert "4 digits" in faults["A6"]
    assert "twice" in faults["B8"]


def test_faults_stand_in_the_order_of_the_rows_and_a_shortened_number_says_what_happened() -> None:
    text = "考号,姓名,学校,班级\n0001,甲,一中,1班\n0001,乙,一中,1班\n2.03E+07,丙,一中,1班\n0004,,一中,1班\n"
    with pytest.raises(RosterRefused) as refused:
        read_roster(csv(text), "名册.csv", 4)
    complaints = refused.value.details["complaints"]
    assert [complaint.place for complaint in complaints] == ["A3", "A4", "B5"]
    assert "shortened by the spreadsheet" in str(complaints[1])


def test_numbers_kept_as_numbers_are_refused_when_zeros_may_be_lost() -> None:
    data = workbook([["考号", "姓名", "学校", "班级"], [12, "甲", "一中", "1班"], [1234, "乙", "一中", "1班"]])
    faults = complaints(data)
    assert faults.keys() == {"A2"}
    assert "leading zeros" in faults["A2"]


def test_text_numbers_in_a_workbook_keep_their_zeros_below_a_title_row() -> None:
    data = workbook([["一中考生名册"], ["考号", "姓名", "学校", "班级"], ["0012", "甲", "一中", 1]])
    line = read_roster(data, "r.xlsx", 4).lines[0]
    assert (line.number, line.class_name) == ("0012", "1")


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8\xff\xe0 a picture", b"PK\x03\x04 no workbook", csv("a,b\n1,2\n"), csv('candidate,"name\n')],
)
def test_what_is_no_table_is_refused_with_the_reason(data: bytes) -> None:
    with pytest.raises(SheetRefused):
        read_roster(data, "r", 4)


def test_a_fault_leaves_nothing_behind_and_a_locked_roster_stays(database: Database) -> None:
    stored(database)
    with database.write() as session:
        import_roster(session, find_exam(session, "t1"), read_roster(csv(GOOD), "r", 4))
    with database.write() as session:
        advance_exam(session, find_exam(session, "t1"), ExamState.ROSTER_LOCKED)
    with pytest.raises(RosterLocked), database.write() as session:
        import_roster(session, find_exam(session, "t1"), read_roster(csv(GOOD), "r", 4))
    with database.write() as session:  # a late candidate: the roster is opened again
        advance_exam(session, find_exam(session, "t1"), ExamState.DRAFT)
        late = read_roster(csv("考号,姓名,学校,班级\n0005,孙六,二中,1班\n"), "r", 4)
        assert import_roster(session, find_exam(session, "t1"), late).added == 1


def test_an_exam_without_candidates_cannot_lock_its_roster(database: Database) -> None:
    stored(database)
    with pytest.raises(AdvanceBlocked, match="no candidate"), database.write() as session:
        advance_exam(session, find_exam(session, "t1"), ExamState.ROSTER_LOCKED)


def test_an_exam_is_stored_once_and_found_again_as_it_was(database: Database) -> None:
    stored(database)
    with pytest.raises(ExamExists):
        stored(database)
    with database.read() as session:
        paper = find_paper(session, "t1", "m")
    assert paper.paper == read_exam(EXAM).paper("m")
    assert list(paper.item_ids) == ["1", "2"]


def test_cells_are_named_as_spreadsheets_name_them() -> None:
    assert [cell_name(1, column) for column in (1, 26, 27, 52, 703)] == ["A1", "Z1", "AA1", "AZ1", "AAA1"]


def test_a_later_roster_without_a_column_leaves_what_that_column_said(database: Database) -> None:
    first = "考号,姓名,学校,班级,学籍号,考场,座位\n0001,王䶮,一中,1班,A1,03,12\n"
    corrected = "考号,姓名,学校,班级,座位\n0001,王龑,一中,2班,\n"
    with database.write() as session:
        exam = store_exam(session, read_exam(EXAM))
        import_roster(session, exam, read_roster(csv(first), "r", 4))
        import_roster(session, exam, read_roster(csv(corrected), "r", 4))
    with database.read() as session:
        candidate = session.query(Candidate).one()
        kept = (candidate.name, candidate.student_number, candidate.room, candidate.seat)
    assert kept == ("王龑", "A1", "03", "")  # an empty cell says something; a missing column says nothing
