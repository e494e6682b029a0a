"""Where every expected candidate of a paper stands: the counts add up to the roster, always (domain.md 2.5)."""

from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from models.exam import ItemRecord
from models.people import PaperEntry
from models.response import Response
from models.score import PaperScore
from models.words import EntryStatus, ResponseStatus


@dataclass(frozen=True, slots=True)
class CandidateBalance:
    """Candidates by what became of them; `waiting` are those about whom a person has to decide something first."""

    expected: int
    scored: int
    in_marking: int
    absent: int
    lost: int
    violation: int
    not_entered: int
    waiting: int

    @property
    def holds(self) -> bool:
        """Whether everybody is counted exactly once."""
        return self.expected == (
            self.scored + self.in_marking + self.absent + self.lost + self.violation + self.not_entered + self.waiting
        )


def candidate_balance(session: Session, paper_id: int) -> CandidateBalance:
    """Count the entries of a paper. Who has no status, or an answer that a person must look at, is waiting."""
    undecided = exists().where(
        Response.entry_id == PaperEntry.id,
        (Response.status == ResponseStatus.DOUBTFUL)
        | (
            Response.chosen.is_(None)
            & Response.item_id.in_(
                select(ItemRecord.id).where(ItemRecord.paper_id == paper_id, ItemRecord.choose_group != "")
            )
        ),
    )
    counts: dict[tuple[EntryStatus | None, bool, bool], int] = {}
    for status, scored, waits, count in session.execute(
        select(PaperEntry.status, PaperScore.total.is_not(None), undecided, func.count())
        .outerjoin(PaperScore, PaperScore.entry_id == PaperEntry.id)
        .where(PaperEntry.paper_id == paper_id)
        .group_by(PaperEntry.status, PaperScore.total.is_not(None), undecided)
    ):
        counts[status, bool(scored), bool(waits)] = count

    def total(*statuses: EntryStatus, scored: bool | None = None, waits: bool | None = None) -> int:
        return sum(
            count
            for (status, has_total, is_waiting), count in counts.items()
            if status in statuses and (scored is None or has_total == scored) and (waits is None or is_waiting == waits)
        )

    here = (EntryStatus.PRESENT, EntryStatus.BLANK)
    unknown = sum(count for (status, _, _), count in counts.items() if status is None)
    return CandidateBalance(
        expected=sum(counts.values()),
        scored=total(*here, scored=True),
        in_marking=total(*here, scored=False, waits=False),
        absent=total(EntryStatus.ABSENT),
        lost=total(EntryStatus.LOST),
        violation=total(EntryStatus.VIOLATION),
        not_entered=total(EntryStatus.NOT_ENTERED),
        waiting=unknown + total(*here, scored=False, waits=True),
    )
