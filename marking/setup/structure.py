"""Store a checked exam definition and find its parts again; what is derived for queries comes from it alone."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.setup.exam_file import exam_from_json, exam_to_json
from models.audit import record
from models.errors import InputRefused, NotFound, mark_text
from models.exam import AnswerKey, ExamRecord, GroupRecord, ItemRecord, PaperRecord
from models.paper import Exam, Group, Paper
from models.points import show_points
from models.words import AuditVerb


class ExamExists(InputRefused):
    """The id is taken."""

    code = "exam.exists"
    sentence = mark_text("There is an exam named {name} already.")
    remedy = mark_text("Give the exam file another id.")
    http_status = 409


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """A paper as stored: its records' ids beside its plain definition."""

    exam: ExamRecord
    record: PaperRecord
    paper: Paper
    item_ids: dict[str, int]
    group_ids: dict[str, int]

    @property
    def id(self) -> int:
        """The row id of the paper."""
        return self.record.id


def store_exam(session: Session, exam: Exam, *, actor: str = "") -> ExamRecord:
    """Store a checked exam with papers, items, first answer keys and marking groups. Raises ExamExists."""
    if session.scalar(select(ExamRecord.id).where(ExamRecord.key == exam.id)) is not None:
        raise ExamExists(name=exam.id)
    stored = ExamRecord(
        key=exam.id,
        title=exam.title,
        kind=exam.kind,
        grade=exam.grade,
        number_digits=exam.number_digits,
        definition=exam_to_json(exam),
    )
    session.add(stored)
    session.flush()
    for position, paper in enumerate(exam.papers):
        _store_paper(session, stored.id, paper, position)
    record(session, AuditVerb.EXAM_CREATED, f"exam:{exam.id}", actor=actor, papers=[paper.id for paper in exam.papers])
    session.flush()
    return stored


def _store_paper(session: Session, exam_id: int, paper: Paper, position: int) -> None:
    stored = PaperRecord(exam_id=exam_id, key=paper.id, title=paper.title, position=position, full_mark=paper.full_mark)
    session.add(stored)
    session.flush()
    session.add_all(
        ItemRecord(
            paper_id=stored.id,
            no=item.no,
            position=at,
            kind=item.kind,
            points=item.points,
            choose_group=item.choose.group if item.choose else "",
        )
        for at, item in enumerate(paper.items)
    )
    keys = {item.no: list(item.key) for item in paper.objective_items}
    session.add(AnswerKey(paper_id=stored.id, version=1, keys=keys, reason=""))
    session.add_all(_group(stored.id, group, at) for at, group in enumerate(paper.groups))


def _group(paper_id: int, group: Group, position: int) -> GroupRecord:
    return GroupRecord(
        paper_id=paper_id,
        key=group.id,
        title=group.title,
        position=position,
        mode=group.mode,
        tolerance=group.tolerance,
        boundary=group.boundary,
        compare=group.compare,
        full_mark=group.full_mark,
        parts=[
            {"id": part.id, "item": part.item, "points": show_points(part.points), "step": show_points(part.step)}
            for part in group.parts
        ],
    )


def find_exam(session: Session, key: str) -> ExamRecord:
    """The exam with this key. Raises NotFound."""
    stored = session.scalar(select(ExamRecord).where(ExamRecord.key == key))
    if stored is None:
        raise NotFound(what=mark_text("exam"), name=key)
    return stored


def find_papers(session: Session, exam_key: str) -> list[StoredPaper]:
    """Every paper of an exam in its order. Raises NotFound."""
    stored = find_exam(session, exam_key)
    exam = exam_from_json(stored.definition)
    papers = session.scalars(
        select(PaperRecord).where(PaperRecord.exam_id == stored.id).order_by(PaperRecord.position)
    ).all()
    ids = [paper.id for paper in papers]
    items: dict[int, dict[str, int]] = {paper_id: {} for paper_id in ids}
    for paper_id, no, item_id in session.execute(
        select(ItemRecord.paper_id, ItemRecord.no, ItemRecord.id)
        .where(ItemRecord.paper_id.in_(ids))
        .order_by(ItemRecord.position)
    ):
        items[paper_id][no] = item_id
    groups: dict[int, dict[str, int]] = {paper_id: {} for paper_id in ids}
    for paper_id, key, group_id in session.execute(
        select(GroupRecord.paper_id, GroupRecord.key, GroupRecord.id)
        .where(GroupRecord.paper_id.in_(ids))
        .order_by(GroupRecord.position)
    ):
        groups[paper_id][key] = group_id
    return [StoredPaper(stored, paper, exam.paper(paper.key), items[paper.id], groups[paper.id]) for paper in papers]


def find_paper(session: Session, exam_key: str, paper_key: str) -> StoredPaper:
    """One paper of an exam. Raises NotFound."""
    for stored in find_papers(session, exam_key):
        if stored.record.key == paper_key:
            return stored
    raise NotFound(what=mark_text("paper"), name=f"{exam_key}/{paper_key}")


def find_paper_by_id(session: Session, paper_id: int) -> StoredPaper:
    """One paper by its row id. Raises NotFound."""
    row = session.execute(
        select(ExamRecord.key, PaperRecord.key)
        .join(PaperRecord, PaperRecord.exam_id == ExamRecord.id)
        .where(PaperRecord.id == paper_id)
    ).first()
    if row is None:
        raise NotFound(what=mark_text("paper"), name=str(paper_id))
    return find_paper(session, row[0], row[1])
