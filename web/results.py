"""What a student sees: totals and items of own papers whose scores are composed, nothing of anybody else.

`is_open` is the one rule for when students and schools may see a paper's scores.
"""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.exam import ExamRecord, ItemRecord, PaperRecord
from models.people import Candidate, PaperEntry
from models.response import Response
from models.score import ItemScore, PaperScore
from models.sheet import Placement, Sheet
from models.words import EntryStatus, PaperState, ResponseStatus


@dataclass(frozen=True, slots=True)
class OwnPaper:
    """One paper in the list of a student; `total` is empty until the paper is composed."""

    exam: ExamRecord
    paper: PaperRecord
    status: EntryStatus | None
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class OwnItem:
    """One item of the own sheet; `answer` only where it is certain, `points` empty where there is no score."""

    no: str
    full: Decimal
    answer: str
    points: Decimal | None


def own_papers(session: Session, candidate_ids: list[int]) -> list[OwnPaper]:
    """Every paper that these candidates (the same person in several exams) are entered in."""
    rows = session.execute(
        select(ExamRecord, PaperRecord, PaperEntry.status, PaperScore.total)
        .join(PaperRecord, PaperRecord.exam_id == ExamRecord.id)
        .join(PaperEntry, PaperEntry.paper_id == PaperRecord.id)
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .outerjoin(PaperScore, PaperScore.entry_id == PaperEntry.id)
        .where(Candidate.id.in_(candidate_ids))
        .order_by(ExamRecord.created_at.desc(), ExamRecord.id.desc(), PaperRecord.position)
    )
    return [
        OwnPaper(
            exam,
            paper,
            status if is_open(paper) else None,
            total if is_open(paper) else None,
        )
        for exam, paper, status, total in rows
    ]


def is_open(paper: PaperRecord) -> bool:
    """Whether students and schools may see this paper's scores, lists and statistics."""
    return paper.state is PaperState.COMPOSED


def own_total(session: Session, entry_id: int) -> PaperScore | None:
    """The composed score of an entry."""
    return session.scalar(select(PaperScore).where(PaperScore.entry_id == entry_id))


def own_items(session: Session, paper_id: int, entry_id: int) -> list[OwnItem]:
    """Every item of a paper with what the candidate gave and earned."""
    rows = session.execute(
        select(ItemRecord.no, ItemRecord.points, Response.value, Response.status, ItemScore.points)
        .outerjoin(Response, (Response.item_id == ItemRecord.id) & (Response.entry_id == entry_id))
        .outerjoin(
            ItemScore,
            (ItemScore.item_id == ItemRecord.id) & (ItemScore.entry_id == entry_id) & (ItemScore.part == ""),
        )
        .where(ItemRecord.paper_id == paper_id)
        .order_by(ItemRecord.position)
    )
    return [
        OwnItem(no, full, value if value and status is not ResponseStatus.DOUBTFUL else "", points)
        for no, full, value, status, points in rows
    ]


def own_sides(session: Session, entry_id: int) -> dict[int, int]:
    """The page image of each side of the own sheet, by side."""
    rows = session.execute(
        select(Placement.side, Placement.page_image_id)
        .join(Sheet, Sheet.id == Placement.sheet_id)
        .where(Sheet.entry_id == entry_id, Sheet.active, Placement.active)
        .order_by(Placement.side)
    )
    return {side: page_id for side, page_id in rows}  # noqa: C416 - the rows are no plain tuples
