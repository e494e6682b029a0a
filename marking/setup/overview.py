"""What an exam consists of and where each paper stands, in a handful of set-based queries."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from marking.setup.structure import find_papers
from models.paper import Group, Paper
from models.people import Candidate, PaperEntry
from models.points import show_points
from models.score import PaperScore


@dataclass(frozen=True, slots=True)
class GroupOverview:
    """A marking group as lists show it."""

    id: str
    title: str
    mode: str
    full_mark: str
    items: tuple[str, ...]  # or parts of items, where it marks only some: 16(1)


@dataclass(frozen=True, slots=True)
class PaperOverview:
    """A paper as lists show it; `status` counts its candidates by what became of them (`unknown`: nothing yet)."""

    id: str
    title: str
    state: str
    full_mark: str
    objective_items: int
    subjective_items: int
    groups: tuple[GroupOverview, ...]
    expected: int
    scored: int
    status: dict[str, int]


@dataclass(frozen=True, slots=True)
class ExamOverview:
    """An exam as lists show it."""

    id: str
    title: str
    kind: str
    grade: int | None
    state: str
    number_digits: int
    candidates: int
    schools: int
    papers: tuple[PaperOverview, ...]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def _marked(paper: Paper, group: Group) -> tuple[str, ...]:
    """What a group marks, as exam files name it: ``16`` for a whole item, ``16(1)`` for one part of it."""
    own = [part.id for part in group.parts]
    named: list[str] = []
    for no in group.items:
        item = paper.item(no)
        parts = [item.part_id(part) for part in item.parts]
        named += [no] if all(part in own for part in parts) else [part for part in parts if part in own]
    return tuple(named)


def exam_overview(session: Session, exam_key: str) -> ExamOverview:
    """The exam with this key. Raises NotFound."""
    papers = find_papers(session, exam_key)
    exam = papers[0].exam
    candidates, schools = session.execute(
        select(func.count(), func.count(func.distinct(Candidate.school_id))).where(Candidate.exam_id == exam.id)
    ).one()
    ids = [paper.id for paper in papers]
    status: dict[int, dict[str, int]] = {paper_id: {} for paper_id in ids}
    scored: dict[int, int] = dict.fromkeys(ids, 0)
    for paper_id, word, count, with_total in session.execute(
        select(
            PaperEntry.paper_id,
            PaperEntry.status,
            func.count(),
            func.sum(case((PaperScore.total.is_not(None), 1), else_=0)),
        )
        .outerjoin(PaperScore, PaperScore.entry_id == PaperEntry.id)
        .where(PaperEntry.paper_id.in_(ids))
        .group_by(PaperEntry.paper_id, PaperEntry.status)
    ):
        status[paper_id][word.value if word else "unknown"] = count
        scored[paper_id] += int(with_total or 0)
    return ExamOverview(
        id=exam.key,
        title=exam.title,
        kind=exam.kind.value,
        grade=exam.grade,
        state=exam.state.value,
        number_digits=exam.number_digits,
        candidates=candidates,
        schools=schools,
        papers=tuple(
            PaperOverview(
                id=each.paper.id,
                title=each.paper.title,
                state=each.record.state.value,
                full_mark=show_points(each.paper.full_mark),
                objective_items=len(each.paper.objective_items),
                subjective_items=len(each.paper.subjective_items),
                groups=tuple(
                    GroupOverview(
                        id=group.id,
                        title=group.title,
                        mode=group.mode.value,
                        full_mark=show_points(group.full_mark),
                        items=_marked(each.paper, group),
                    )
                    for group in each.paper.groups
                ),
                expected=sum(status[each.id].values()),
                scored=scored[each.id],
                status=status[each.id],
            )
            for each in papers
        ),
    )
