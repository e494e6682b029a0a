"""The roster: who is expected, checked cell by cell, taken in wholly or not at all (domain.md 2.1)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from marking.setup.spreadsheet import Sheet, SheetRow, read_sheet, row_of
from models.audit import record
from models.errors import Complaint, Complaints, InputRefused, Sentence, mark_text
from models.exam import ExamRecord, PaperRecord
from models.people import Candidate, PaperEntry, School, SchoolClass
from models.words import AuditVerb, ExamState

HEADINGS = {
    "candidate": ("考号", "准考证号", "考生号", "candidate_number"),
    "name": ("姓名",),
    "school": ("学校", "学校名称"),
    "class": ("班级", "班"),
    "student_number": ("学籍号", "学号"),
    "centre": ("中心校",),
    "room": ("考场", "考场号"),
    "seat": ("座位", "座位号", "座号"),
}
_EMPTY = literal("")
_OPTIONAL = ("student_number", "room", "seat")  # of a candidate; a centre belongs to the school
_SHORTENED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")  # 2.03E+07: what spreadsheets make of a long number
REQUIRED = ("candidate", "name", "school", "class")
_LONGEST = {"name": 100, "school": 200, "class": 100, "student_number": 40, "centre": 200, "room": 40, "seat": 40}


class RosterRefused(InputRefused):
    """The roster has faults; nothing of it was taken in."""

    code = "roster.refused"
    sentence = mark_text("The roster {name} has {count} fault(s), and nothing of it was taken in: {complaints}")
    remedy = mark_text("Correct the cells named and import it again.")


class RosterLocked(InputRefused):
    """The roster of this exam is closed."""

    code = "roster.locked"
    sentence = mark_text("The roster of {exam} is locked.")
    remedy = mark_text("Unlock it on the page of the exam, or with: kaiyue exam advance {exam} draft.")
    http_status = 409


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One candidate as the roster names them."""

    number: str
    name: str
    school: str
    class_name: str
    student_number: str = ""
    centre: str = ""
    room: str = ""
    seat: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """A checked roster file; `columns` are those of ours that it has."""

    lines: tuple[RosterLine, ...]
    columns: frozenset[str]
    ignored_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RosterResult:
    """What an import did, or would do in a dry run."""

    added: int
    changed: int
    unchanged: int
    schools: int
    classes: int
    ignored_columns: tuple[str, ...] = ()


def read_roster(data: bytes, name: str, number_digits: int) -> Roster:
    """Check a roster file. Raises RosterRefused with every complaint, or SheetRefused."""
    sheet = read_sheet(data, name, HEADINGS, REQUIRED)
    complaints = list(sheet.complaints)
    lines = [_line(row, number_digits, complaints) for row in sheet.rows]
    complaints += _duplicates(sheet)
    if not sheet.rows:
        complaints.append(Complaint("", Sentence(mark_text("there is no candidate below the headings."))))
    if complaints:
        complaints.sort(key=lambda one: row_of(one.place))
        raise RosterRefused(name=name, count=len(complaints), complaints=Complaints(complaints))
    return Roster(tuple(lines), frozenset(sheet.columns), sheet.ignored)


def _line(row: SheetRow, digits: int, complaints: list[Complaint]) -> RosterLine:
    number = row.cells["candidate"]

    def complain(column: str, template: str, **values: object) -> None:
        complaints.append(Complaint(row.cells[column].place, Sentence(template, values)))

    if not number.text:
        complain("candidate", mark_text("the candidate number is missing."))
    elif _SHORTENED.fullmatch(number.text):
        complain("candidate", mark_text("{number} was shortened by the spreadsheet and its digits are lost: format the "
                                        "column as text and type it again."), number=number.text)  # fmt: skip
    elif not (number.text.isascii() and number.text.isdigit()):
        complain("candidate", mark_text("the candidate number {number} has something else than digits 0-9 in it."),
                 number=number.text)  # fmt: skip
    elif len(number.text) != digits:
        if number.numeric and len(number.text) < digits:
            complain(
                "candidate",
                mark_text("{number} was kept as a number and has lost its leading zeros: format the column as text."),
                number=number.text,
            )
        else:
            complain("candidate", mark_text("the candidate number {number} does not have {digits} digits."),
                     number=number.text, digits=digits)  # fmt: skip
    elif number.numeric and len(number.text) > 15:
        complain("candidate", mark_text("{number} was kept as a number and may have lost its last digits: "
                                        "format the column as text."), number=number.text)  # fmt: skip
    for column in (mark_text("name"), mark_text("school"), mark_text("class")):
        if not row.text(column):
            complain(column, mark_text("the {what} is missing."), what=column)
    if row.cells["student_number"].numeric and len(row.text("student_number")) > 15:
        complain("student_number", mark_text("{number} was kept as a number and may have lost its last digits: "
                                             "format the column as text."),
                 number=row.text("student_number"))  # fmt: skip
    for column, longest in _LONGEST.items():
        if len(row.text(column)) > longest:
            complain(column, mark_text("the cell is longer than {most} characters."), most=longest)
    return RosterLine(
        number.text,
        row.text("name"),
        row.text("school"),
        row.text("class"),
        row.text("student_number"),
        row.text("centre"),
        row.text("room"),
        row.text("seat"),
    )


def _duplicates(sheet: Sheet) -> list[Complaint]:
    complaints: list[Complaint] = []
    numbers: dict[str, str] = {}
    students: dict[str, str] = {}
    people: dict[tuple[str, str, str], tuple[str, str]] = {}
    for row in sheet.rows:
        for column, seen in (("candidate", numbers), ("student_number", students)):
            text, place = row.text(column), row.cells[column].place
            if text and text in seen:
                complaints.append(
                    Complaint(
                        place,
                        Sentence(
                            mark_text("{number} stands in {first} as well."), {"number": text, "first": seen[text]}
                        ),
                    )
                )
            seen.setdefault(text, place)
        person = (row.text("school"), row.text("class"), row.text("name"))
        student, place = row.text("student_number"), row.cells["name"].place
        before = people.setdefault(person, (student, place))
        if all(person) and before[1] != place and not (student and before[0]):
            complaints.append(
                Complaint(
                    place,
                    Sentence(
                        mark_text(
                            "{name} is in this class twice ({first} as well) and no student number tells them apart."
                        ),
                        {"name": person[2], "first": before[1]},
                    ),
                )
            )
    return complaints


def import_roster(session: Session, exam: ExamRecord, roster: Roster, *, actor: str = "") -> RosterResult:
    """Take a checked roster in: new candidates are added, known numbers updated, every paper gets its entries.

    What the file has no column for stays as it was. The caller's transaction decides whether the rest stays (a dry
    run rolls back). Raises RosterLocked.
    """
    if exam.state is not ExamState.DRAFT:
        raise RosterLocked(exam=exam.key)
    schools = _schools(session, roster.lines)
    classes = _classes(session, exam.id, roster.lines, schools)
    known = {
        candidate.number: candidate
        for candidate in session.scalars(select(Candidate).where(Candidate.exam_id == exam.id))
    }
    fresh: list[dict[str, object]] = []
    changed = 0
    for line in roster.lines:
        school_id = schools[line.school].id
        values: dict[str, object] = {
            "name": line.name,
            "school_id": school_id,
            "class_id": classes[school_id, line.class_name].id,
            **{column: getattr(line, column) for column in _OPTIONAL if column in roster.columns},
        }
        candidate = known.get(line.number)
        if candidate is None:
            fresh.append({"exam_id": exam.id, "number": line.number, **dict.fromkeys(_OPTIONAL, ""), **values})
        elif any(getattr(candidate, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(candidate, name, value)
            changed += 1
    if fresh:
        session.execute(insert(Candidate), fresh)
    session.flush()
    add_missing_entries(session, exam.id)
    result = RosterResult(
        added=len(fresh),
        changed=changed,
        unchanged=len(roster.lines) - len(fresh) - changed,
        schools=len({line.school for line in roster.lines}),
        classes=len({(line.school, line.class_name) for line in roster.lines}),
        ignored_columns=roster.ignored_columns,
    )
    record(
        session, AuditVerb.ROSTER_IMPORTED, f"exam:{exam.key}", actor=actor, added=result.added, changed=result.changed
    )
    return result


def add_missing_entries(session: Session, exam_id: int) -> None:
    """Give every candidate of an exam an entry in each of its papers, in one statement."""
    missing = (
        select(PaperRecord.id, Candidate.id)
        .join(Candidate, Candidate.exam_id == PaperRecord.exam_id)
        .where(PaperRecord.exam_id == exam_id)
        .where(
            ~select(PaperEntry.id)
            .where(PaperEntry.paper_id == PaperRecord.id, PaperEntry.candidate_id == Candidate.id)
            .exists()
        )
        .order_by(PaperRecord.position, Candidate.number)
        .add_columns(_EMPTY)
    )
    session.execute(insert(PaperEntry).from_select(["paper_id", "candidate_id", "status_reason"], missing))


def _schools(session: Session, lines: Iterable[RosterLine]) -> dict[str, School]:
    wanted = {line.school: line.centre for line in lines}
    found = {school.name: school for school in session.scalars(select(School).where(School.name.in_(wanted)))}
    for name, centre in wanted.items():
        if name not in found:
            found[name] = School(name=name, centre=centre)
            session.add(found[name])
        elif centre and not found[name].centre:
            found[name].centre = centre
    session.flush()
    return found


def _classes(
    session: Session, exam_id: int, lines: Iterable[RosterLine], schools: dict[str, School]
) -> dict[tuple[int, str], SchoolClass]:
    found = {
        (each.school_id, each.name): each
        for each in session.scalars(select(SchoolClass).where(SchoolClass.exam_id == exam_id))
    }
    for line in lines:
        place = (schools[line.school].id, line.class_name)
        if place not in found:
            found[place] = SchoolClass(exam_id=exam_id, school_id=place[0], name=line.class_name)
            session.add(found[place])
    session.flush()
    return found
