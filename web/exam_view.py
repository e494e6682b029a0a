"""What the page of an exam shows of each paper: how it and its marking stand, and what it may become next."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marking.scores.balance import CandidateBalance, candidate_balance
from marking.setup.overview import PaperOverview
from marking.setup.states import paper_blockers, paper_warnings
from models.card import Card
from models.errors import Complaints
from models.exam import PaperRecord
from models.people import Candidate, PaperEntry, School
from models.sheet import SheetException
from models.words import ExceptionState, PaperState
from scanning.balance import candidates_of
from web.access.guard import may
from web.access.permissions import Permission
from web.access.policy import Scope
from web.group_progress import GroupLine, group_lines


@dataclass(frozen=True, slots=True)
class SchoolCount:
    """A school with how many of its candidates sit a paper."""

    id: int
    name: str
    candidates: int


@dataclass(frozen=True, slots=True)
class PaperPanel:
    """A paper on the exam page. `not_scanned` are those among the waiting of whom there is no page at all."""

    record: PaperRecord
    overview: PaperOverview
    sides: int | None
    exceptions: int
    balance: CandidateBalance
    not_scanned: int
    schools: list[SchoolCount]
    groups: list[GroupLine]
    next_state: PaperState | None
    blockers: Complaints
    warnings: Complaints


def panels_of(session: Session, exam_id: int, papers: Sequence[PaperOverview]) -> list[PaperPanel]:
    """The panels of the papers that the person may see, in the order of the exam."""
    visible = {
        paper.key: paper
        for paper in session.scalars(
            select(PaperRecord).where(PaperRecord.exam_id == exam_id).order_by(PaperRecord.position)
        )
        if may(Permission.SEE_EXAM, Scope(exam_id=exam_id, paper_id=paper.id))
    }
    ids = [paper.id for paper in visible.values()]
    sides = {
        row[0]: row[1]
        for row in session.execute(
            select(Card.paper_id, Card.sides).where(Card.paper_id.in_(ids)).order_by(Card.version)
        )
    }
    waiting = {
        row[0]: row[1]
        for row in session.execute(
            select(SheetException.paper_id, func.count())
            .where(SheetException.paper_id.in_(ids), SheetException.state == ExceptionState.OPEN)
            .group_by(SheetException.paper_id)
        )
    }
    groups, schools = group_lines(session, ids), schools_of(session, ids)
    panels = []
    for overview in papers:
        paper = visible.get(overview.id)
        if paper is None:
            continue
        target = _next_state(paper.state)
        panels.append(
            PaperPanel(
                record=paper,
                overview=overview,
                sides=sides.get(paper.id),
                exceptions=waiting.get(paper.id, 0),
                balance=candidate_balance(session, paper.id),
                not_scanned=candidates_of(session, paper.id).not_scanned,
                schools=schools[paper.id],
                groups=groups[paper.id],
                next_state=target,
                blockers=paper_blockers(session, paper, target) if target is not None else Complaints(),
                warnings=paper_warnings(session, paper, target) if target is not None else Complaints(),
            )
        )
    return panels


def schools_of(session: Session, paper_ids: list[int]) -> dict[int, list[SchoolCount]]:
    """The schools of papers' candidates by paper id, by name."""
    found: dict[int, list[SchoolCount]] = {paper_id: [] for paper_id in paper_ids}
    for paper_id, school_id, name, count in session.execute(
        select(PaperEntry.paper_id, School.id, School.name, func.count())
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .join(School, School.id == Candidate.school_id)
        .where(PaperEntry.paper_id.in_(paper_ids))
        .group_by(PaperEntry.paper_id, School.id, School.name)
        .order_by(School.name)
    ):
        found[paper_id].append(SchoolCount(school_id, name, count))
    return found


def _next_state(state: PaperState) -> PaperState | None:
    order = list(PaperState)
    at = order.index(state) + 1
    return order[at] if at < len(order) else None
