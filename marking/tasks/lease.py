"""Leases on marking tasks: renewed by a heartbeat, ended by the clock, by the marker, or by a leader.

The clock is the server's and comes in as an argument. `version` grows with every change of hands, so that a mark that
comes too late meets another version. Everything here runs in a write transaction.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, insert, literal, select, update
from sqlalchemy.orm import Session

from marking.tasks.conditions import DONE, LEASED, OPEN, PROBLEM
from marking.tasks.groups import Seat
from marking.tasks.queue_policy import QueuePolicy
from models.columns import UtcTime
from models.task import LeaseEnd, MarkingTask

_LATE = (  # built once: every claim asks
    select(MarkingTask.id)
    .where(
        MarkingTask.group_id == bindparam("group_id"),
        MarkingTask.state == LEASED,
        MarkingTask.lease_until < bindparam("at"),
    )
    .with_for_update(skip_locked=True)
)


def expire(session: Session, group_id: int, at: datetime) -> int:
    """Take back every task of the group whose lease has run out; answers how many."""
    late = session.scalars(_LATE, {"group_id": group_id, "at": at}).all()
    return take_back(session, late, "expired", at)


def take_back(session: Session, task_ids: Sequence[int], how: str, at: datetime) -> int:
    """End leases without a mark. A reopened task keeps its earlier mark; a problem goes on waiting for the leader."""
    if not task_ids:
        return 0
    session.execute(
        insert(LeaseEnd).from_select(
            ["task_id", "marker_id", "version", "how", "at"],
            select(
                MarkingTask.id,
                MarkingTask.marker_id,
                MarkingTask.version,
                literal(how),
                literal(at, UtcTime),
            )
            .where(MarkingTask.id.in_(task_ids), MarkingTask.state == LEASED)
            .with_for_update(),  # a copy of the same request waits here, and then finds nothing that is leased
        )
    )
    marked = MarkingTask.points.is_not(None)
    ended = session.scalars(
        update(MarkingTask)
        .where(MarkingTask.id.in_(task_ids), MarkingTask.state == LEASED)
        .values(
            state=case((marked, DONE), (MarkingTask.problem.is_not(None), PROBLEM), else_=OPEN),
            marker_id=case((marked, MarkingTask.marker_id), else_=None),
            lease_until=None,
            version=MarkingTask.version + 1,
        )
        .returning(MarkingTask.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


def release(session: Session, code: str, seat: Seat, at: datetime) -> bool:
    """Give a task back unmarked; False when the person does not hold it (any more)."""
    task_id = session.scalar(
        select(MarkingTask.id).where(
            MarkingTask.code == code, MarkingTask.marker_id == seat.user_id, MarkingTask.state == LEASED
        )
    )
    return task_id is not None and take_back(session, [task_id], "released", at) == 1


def release_all(session: Session, group_id: int, user_id: int, at: datetime) -> int:
    """Take back everything that a person holds in a group, in one step; answers how many."""
    held = session.scalars(
        select(MarkingTask.id).where(
            MarkingTask.group_id == group_id, MarkingTask.marker_id == user_id, MarkingTask.state == LEASED
        )
    ).all()
    return take_back(session, held, "withdrawn", at)


def heartbeat(
    session: Session, codes: Sequence[str], seat: Seat, policy: QueuePolicy, at: datetime
) -> dict[str, datetime]:
    """Renew leases; answers until when each task is held that is still the person's."""
    until = at + timedelta(seconds=policy.lease_s)
    kept = session.scalars(
        update(MarkingTask)
        .where(MarkingTask.code.in_(list(codes)), MarkingTask.marker_id == seat.user_id, MarkingTask.state == LEASED)
        .values(lease_until=until)
        .returning(MarkingTask.code)
        .execution_options(synchronize_session=False)
    )
    return dict.fromkeys(kept, until)
