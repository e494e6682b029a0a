"""What a person finds on the home page: one tile for each exam or task that their grants reach."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import Sentence, mark_text
from models.exam import ExamRecord, GroupRecord, PaperRecord
from models.sheet import SheetException
from models.task import MarkingTask
from models.words import ExceptionState, TaskKind, TaskState
from web.access.permissions import Permission
from web.access.policy import Held, Scope, holds, reaches
from web.access.sessions import SignedIn


@dataclass(frozen=True, slots=True)
class Tile:
    """A link with a sentence about what waits behind it. `values` fill the endpoint's address."""

    title: str
    sentence: Sentence
    endpoint: str
    values: tuple[tuple[str, str], ...] = ()
    waiting: int = 0


def tasks_for(session: Session, person: SignedIn) -> list[Tile]:
    """The tiles of one person, in the order of work."""
    tiles: list[Tile] = []
    if holds(person.grants, Permission.MARK_RESPONSE):
        tiles += _marking(session, person.grants)
    if holds(person.grants, Permission.SEE_EXAM):
        tiles += _exams(session, person.grants)
    if holds(person.grants, Permission.SEE_STATISTICS) and not holds(person.grants, Permission.SEE_EXAM):
        tiles.append(
            Tile(
                mark_text("Statistics"),
                Sentence(mark_text("Results of the papers that are composed, for your school.")),
                "statistics.index",
            )
        )
    if holds(person.grants, Permission.SEE_OWN_RESULT):
        tiles.append(
            Tile(
                mark_text("My results"),
                Sentence(mark_text("Your scores and your own sheet, once a paper is composed.")),
                "results.index",
            )
        )
    if holds(person.grants, Permission.SEE_STATUS):
        tiles.append(
            Tile(
                mark_text("System"),
                Sentence(mark_text("How this server runs: profile, space, errands.")),
                "status.show",
            )
        )
    return tiles


def _exams(session: Session, grants: tuple[Held, ...]) -> list[Tile]:
    open_exceptions = session.execute(
        select(PaperRecord.exam_id, func.count())
        .join(SheetException, SheetException.paper_id == PaperRecord.id)
        .where(SheetException.state == ExceptionState.OPEN)
        .group_by(PaperRecord.exam_id)
    )
    waiting: dict[int, int] = {row[0]: row[1] for row in open_exceptions}
    tiles = []
    for exam in session.scalars(select(ExamRecord).order_by(ExamRecord.created_at.desc(), ExamRecord.id.desc())):
        if not reaches(grants, Permission.SEE_EXAM, Scope(exam_id=exam.id)):
            continue
        count = waiting.get(exam.id, 0)
        sentence = (
            Sentence(mark_text("{count} exceptions wait for a person."), {"count": count})
            if count
            else Sentence(mark_text("No exception waits."))
        )
        tiles.append(Tile(exam.title, sentence, "exams.show", (("exam_key", exam.key),), count))
    return tiles


def _marking(session: Session, grants: tuple[Held, ...]) -> list[Tile]:
    counts = session.execute(
        select(MarkingTask.group_id, func.count())
        .where(MarkingTask.state == TaskState.OPEN, MarkingTask.kind == TaskKind.LIVE)
        .group_by(MarkingTask.group_id)
    )
    open_tasks: dict[int, int] = {row[0]: row[1] for row in counts}
    rows = session.execute(
        select(GroupRecord.id, PaperRecord.id, PaperRecord.exam_id).join(
            PaperRecord, PaperRecord.id == GroupRecord.paper_id
        )
    )
    count = sum(
        open_tasks.get(group_id, 0)
        for group_id, paper_id, exam_id in rows
        if reaches(grants, Permission.MARK_RESPONSE, Scope(exam_id=exam_id, paper_id=paper_id, group_id=group_id))
    )
    sentence = (
        Sentence(mark_text("{count} responses are waiting to be marked."), {"count": count})
        if count
        else Sentence(mark_text("No response is waiting at this moment."))
    )
    return [Tile(mark_text("Marking"), sentence, "marking.home", waiting=count)]
