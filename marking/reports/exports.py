"""The open tables that leave the system (contracts.md 5): responses, marks, scores, exceptions.

Each function answers column names and rows of typed cells; models/table.py writes them safely for spreadsheets.
Empty means "no score" or "not known", never zero.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from marking.setup.exam_json import exam_from_json
from marking.setup.structure import StoredPaper, find_papers
from marking.tasks.conditions import is_live
from models.exam import ExamRecord, GroupRecord, ItemRecord, PaperRecord
from models.people import Candidate, PaperEntry, School, SchoolClass
from models.points import parse_points
from models.response import Response
from models.score import ItemScore, PaperScore, TotalScore
from models.sheet import PageImage, ScanFile, SheetException, file_of_page
from models.staff import User
from models.table import Cell, Table
from models.task import GroupScore, Mark, MarkingTask
from models.words import ReadingStatus, ResponseStatus


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of an exam a table speaks of: one school's candidates only, or everybody's."""

    school_id: int | None = None


EVERYBODY = Scope()


def responses(session: Session, exam: ExamRecord, paper_key: str | None) -> Table:
    """One row per candidate and item, as read or as confirmed, with where it was read.

    `status` is ``ok`` or ``doubtful`` as in a table of readings: what a person confirmed is no longer doubtful.
    `source` says where the score came from (ScoreSource) and is empty while there is none.
    """
    rows = session.execute(
        select(
            Candidate.number,
            PaperRecord.key,
            ItemRecord.no,
            Response.value,
            Response.status,
            ItemScore.source,
            file_of_page(),
            PageImage.number.label("page"),
            ItemScore.points,
        )
        .join(PaperEntry, PaperEntry.id == Response.entry_id)
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .join(PaperRecord, PaperRecord.id == PaperEntry.paper_id)
        .join(ItemRecord, ItemRecord.id == Response.item_id)
        .outerjoin(PageImage, PageImage.id == Response.page_image_id)
        .outerjoin(ScanFile, ScanFile.id == PageImage.file_id)
        .outerjoin(
            ItemScore,
            (ItemScore.entry_id == Response.entry_id)
            & (ItemScore.item_id == Response.item_id)
            & (ItemScore.part == ""),
        )
        .where(PaperRecord.exam_id == exam.id, *([PaperRecord.key == paper_key] if paper_key else []))
        .order_by(PaperRecord.position, Candidate.number, ItemRecord.position)
    )
    return Table(
        ("candidate", "paper", "item", "value", "status", "source", "file", "page", "score"),
        tuple(
            (number, paper, no, value, _certainty(status), source.value if source else "", file, page, points)
            for number, paper, no, value, status, source, file, page, points in rows
        ),
    )


def _certainty(status: ResponseStatus) -> str:
    doubtful = status is ResponseStatus.DOUBTFUL
    return (ReadingStatus.DOUBTFUL if doubtful else ReadingStatus.OK).value


def marks(session: Session, exam: ExamRecord, paper_key: str | None) -> Table:
    """One row per mark and score field: the latest revision of each round, by whom, and whether it has settled."""
    latest = select(Mark.task_id, func.max(Mark.revision).label("revision")).group_by(Mark.task_id).subquery()
    rows = session.execute(
        select(
            PaperRecord.key,
            GroupRecord.key,
            Candidate.number,
            Mark.parts,
            MarkingTask.round,
            User.username,
            MarkingTask.kind,
            case((is_live(MarkingTask), GroupScore.id), else_=None),
            Mark.marked_at,
        )
        .join(latest, (latest.c.task_id == Mark.task_id) & (latest.c.revision == Mark.revision))
        .join(MarkingTask, MarkingTask.id == Mark.task_id)
        .join(GroupRecord, GroupRecord.id == MarkingTask.group_id)
        .join(PaperRecord, PaperRecord.id == GroupRecord.paper_id)
        .join(PaperEntry, PaperEntry.id == MarkingTask.entry_id)
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .join(User, User.id == Mark.marker_id)
        .outerjoin(
            GroupScore,
            (GroupScore.entry_id == MarkingTask.entry_id) & (GroupScore.group_id == MarkingTask.group_id),
        )
        .where(PaperRecord.exam_id == exam.id, *([PaperRecord.key == paper_key] if paper_key else []))
        .order_by(PaperRecord.position, GroupRecord.position, Candidate.number, MarkingTask.round, Mark.id)
    )
    return Table(
        ("paper", "group", "candidate", "item", "round", "marker", "points", "kind", "settled", "at"),
        tuple(
            (
                paper,
                group,
                number,
                item,
                round_,
                username,
                parse_points(points),
                kind.value,
                "1" if settled else "",
                at.isoformat(timespec="seconds"),
            )
            for paper, group, number, parts, round_, username, kind, settled, at in rows
            for item, points in parts.items()
        ),
    )


def scores(session: Session, stored: StoredPaper, scope: Scope = EVERYBODY) -> Table:
    """One row per candidate of a paper, one column per item and part, then objective, subjective and total."""
    columns: list[tuple[str, int, str]] = []
    for item in stored.paper.items:
        item_id = stored.item_ids[item.no]
        columns.append((item.no, item_id, ""))
        columns += [(item.part_id(part), item_id, part.no) for part in item.parts]
    earned: dict[int, dict[tuple[int, str], Decimal]] = defaultdict(dict)
    for entry_id, item_id, part, points in session.execute(
        select(ItemScore.entry_id, ItemScore.item_id, ItemScore.part, ItemScore.points)
        .join(ItemRecord, ItemRecord.id == ItemScore.item_id)
        .where(ItemRecord.paper_id == stored.id)
    ):
        earned[entry_id][item_id, part] = points
    rows: list[tuple[Cell, ...]] = []
    for entry_id, number, school, class_name, status, objective, subjective, total in session.execute(
        select(
            PaperEntry.id,
            Candidate.number,
            School.name,
            SchoolClass.name,
            PaperEntry.status,
            PaperScore.objective,
            PaperScore.subjective,
            PaperScore.total,
        )
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .join(School, School.id == Candidate.school_id)
        .join(SchoolClass, SchoolClass.id == Candidate.class_id)
        .outerjoin(PaperScore, PaperScore.entry_id == PaperEntry.id)
        .where(PaperEntry.paper_id == stored.id)
        .where(*([Candidate.school_id == scope.school_id] if scope.school_id is not None else []))
        .order_by(Candidate.number)
    ):
        cells = [earned[entry_id].get((item_id, part)) for _, item_id, part in columns]
        rows.append((number, school, class_name, status.value if status else "", *cells, objective, subjective, total))
    names = ("candidate", "school", "class", "status", *(name for name, _, _ in columns))
    return Table((*names, "objective", "subjective", "total"), tuple(rows))


def exam_scores(session: Session, exam_key: str, scope: Scope = EVERYBODY) -> Table:
    """One row per candidate of an exam, one column per paper and per total over papers.

    `status` is the common one; where papers differ it lists them as ``math=present;chinese=absent``.
    """
    papers = find_papers(session, exam_key)
    exam = papers[0].exam
    totals = [total.id for total in exam_from_json(exam.definition).totals]
    keys = [paper.record.key for paper in papers]
    status: dict[int, dict[str, str]] = defaultdict(dict)
    points: dict[int, dict[str, Decimal | None]] = defaultdict(dict)
    for candidate_id, key, word, total in session.execute(
        select(PaperEntry.candidate_id, PaperRecord.key, PaperEntry.status, PaperScore.total)
        .join(PaperRecord, PaperRecord.id == PaperEntry.paper_id)
        .outerjoin(PaperScore, PaperScore.entry_id == PaperEntry.id)
        .where(PaperRecord.exam_id == exam.id)
    ):
        status[candidate_id][key] = word.value if word else ""
        points[candidate_id][key] = total
    sums: dict[int, dict[str, Decimal | None]] = defaultdict(dict)
    for candidate_id, total_id, value in session.execute(
        select(TotalScore.candidate_id, TotalScore.total, TotalScore.points)
        .join(Candidate, Candidate.id == TotalScore.candidate_id)
        .where(Candidate.exam_id == exam.id)
    ):
        sums[candidate_id][total_id] = value
    rows: list[tuple[Cell, ...]] = []
    for candidate_id, number, school, class_name in session.execute(
        select(Candidate.id, Candidate.number, School.name, SchoolClass.name)
        .join(School, School.id == Candidate.school_id)
        .join(SchoolClass, SchoolClass.id == Candidate.class_id)
        .where(Candidate.exam_id == exam.id)
        .where(*([Candidate.school_id == scope.school_id] if scope.school_id is not None else []))
        .order_by(Candidate.number)
    ):
        words = status[candidate_id]
        common = (
            next(iter(words.values()), "")
            if len(set(words.values())) <= 1
            else ";".join(f"{key}={words.get(key, '')}" for key in keys)
        )
        rows.append(
            (
                number,
                school,
                class_name,
                common,
                *(points[candidate_id].get(key) for key in keys),
                *(sums[candidate_id].get(total) for total in totals),
            )
        )
    return Table(("candidate", "school", "class", "status", *keys, *totals), tuple(rows))


def exceptions(session: Session, exam: ExamRecord, paper_key: str | None) -> Table:
    """Every exception that was ever opened, with where it is and what was decided."""
    rows = session.execute(
        select(
            PaperRecord.key,
            SheetException.code,
            SheetException.page_code,
            SheetException.field,
            file_of_page(),
            PageImage.number,
            PageImage.number_read,
            Candidate.number,
            SheetException.state,
            SheetException.opened_at,
            SheetException.resolved_at,
            User.username,
        )
        .join(PaperRecord, PaperRecord.id == SheetException.paper_id)
        .outerjoin(PageImage, PageImage.id == SheetException.page_image_id)
        .outerjoin(ScanFile, ScanFile.id == PageImage.file_id)
        .outerjoin(PaperEntry, PaperEntry.id == SheetException.entry_id)
        .outerjoin(Candidate, Candidate.id == PaperEntry.candidate_id)
        .outerjoin(User, User.id == SheetException.resolved_by)
        .where(PaperRecord.exam_id == exam.id, *([PaperRecord.key == paper_key] if paper_key else []))
        .order_by(PaperRecord.position, SheetException.id)
    )
    return Table(
        (
            "paper",
            "code",
            "page_code",
            "field",
            "file",
            "page",
            "number_read",
            "candidate",
            "state",
            "opened_at",
            "resolved_at",
            "resolved_by",
        ),
        tuple(
            (
                paper,
                code.value,
                page_code.value if page_code else "",
                field,
                file,
                page,
                read,
                candidate,
                state.value,
                opened.isoformat(timespec="seconds"),
                resolved.isoformat(timespec="seconds") if resolved else "",
                by,
            )
            for paper, code, page_code, field, file, page, read, candidate, state, opened, resolved, by in rows
        ),
    )
