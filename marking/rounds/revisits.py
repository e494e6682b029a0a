"""Own marks that were changed (回评): what stood before, what stands now, and the reason that was given.

In:  a marking group, perhaps one marker. Out: rows for its leader, the newest first; nothing here writes.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from marking.tasks.conditions import LIVE
from models.task import Mark, MarkingTask


@dataclass(frozen=True, slots=True)
class Revisit:
    """One change of a mark; `task` is the code under which the response was marked."""

    task: str
    marker_id: int
    round: int
    before: Decimal
    after: Decimal
    reason: str
    at: datetime


def revisits(session: Session, group_id: int, marker_id: int | None = None, *, most: int = 200) -> list[Revisit]:
    """The latest changes of live marks by whoever had given them."""
    before = aliased(Mark)
    rows = session.execute(
        select(
            MarkingTask.code, Mark.marker_id, MarkingTask.round, before.points, Mark.points, Mark.reason, Mark.marked_at
        )
        .join(MarkingTask, MarkingTask.id == Mark.task_id)
        .join(before, (before.task_id == Mark.task_id) & (before.revision == Mark.revision - 1))
        .where(
            MarkingTask.group_id == group_id,
            MarkingTask.kind == LIVE,
            before.marker_id == Mark.marker_id,
            *([Mark.marker_id == marker_id] if marker_id is not None else []),
        )
        .order_by(Mark.marked_at.desc(), Mark.id.desc())
        .limit(most)
    )
    return [Revisit(*row) for row in rows]
