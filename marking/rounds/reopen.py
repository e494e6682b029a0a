"""Open an own mark again (回评): the mark stays and counts until a new one replaces it.

Allowed for the last few marks of a marker in a group, as long as nobody else has marked or claimed the response in
another round (domain.md 2.7); after that the correction goes through the leader.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.rounds.errors import Frozen, GroupClosed, TaskWithdrawn
from marking.rounds.settle import lock_response
from marking.rounds.submit import find_task
from marking.tasks.conditions import is_live
from marking.tasks.groups import MarkingGroup
from marking.tasks.queue_policy import QueuePolicy
from models.errors import mark_text
from models.task import MarkingTask
from models.words import TaskKind, TaskState

LAST = 10  # as many as the strip on the marking screen shows


def reopen(
    session: Session, group: MarkingGroup, code: str, marker_id: int, *, policy: QueuePolicy, at: datetime
) -> MarkingTask:
    """Lease an own done task again; one that is already open on the screen is simply given once more.

    Raises NotFound, Frozen, GroupClosed or TaskWithdrawn.
    """
    task = find_task(session, code, marker_id)
    lock_response(session, task.entry_id)
    task = find_task(session, code, marker_id)
    if task.state in (TaskState.WITHDRAWN, TaskState.VOIDED):
        raise TaskWithdrawn
    if not group.is_open:
        raise GroupClosed(group=group.title)
    if task.marker_id != marker_id or task.state not in (TaskState.DONE, TaskState.LEASED):
        raise Frozen(why=mark_text("the response is with somebody else"))
    if task.state is TaskState.DONE:
        _check_own_and_last(session, task, marker_id)
        task.version += 1
    task.state = TaskState.LEASED
    task.lease_until = at + timedelta(seconds=policy.lease_s)
    session.flush()
    return task


def _check_own_and_last(session: Session, task: MarkingTask, marker_id: int) -> None:
    others = (
        task.kind is TaskKind.LIVE
        and session.execute(
            select(MarkingTask.id).where(
                MarkingTask.entry_id == task.entry_id,
                MarkingTask.group_id == task.group_id,
                is_live(MarkingTask),
                MarkingTask.id != task.id,
                MarkingTask.state.in_([TaskState.DONE, TaskState.PROBLEM])
                | (MarkingTask.points.is_not(None))
                | ((MarkingTask.state == TaskState.LEASED) & (MarkingTask.role == "leader")),
            )
        ).first()
    )
    if others:
        raise Frozen(why=mark_text("another person has marked this response in the meantime"))
    last = session.scalars(
        select(MarkingTask.id)
        .where(
            MarkingTask.marker_id == marker_id,
            MarkingTask.group_id == task.group_id,
            MarkingTask.points.is_not(None),
        )
        .order_by(MarkingTask.done_at.desc(), MarkingTask.id.desc())
        .limit(LAST)
    ).all()
    if task.id not in last:
        raise Frozen(why=mark_text("it is not among your last ones"))
