"""Pass a response up to the leader with a reason; it never goes back to the same pool (domain.md 2.7).

The task waits for a leader of the group, whose mark then decides the response whatever its mode.
"""

from datetime import datetime

from sqlalchemy import func, literal_column, update
from sqlalchemy.orm import Session

from marking.tasks.groups import MarkingGroup, TaskRole
from marking.tasks.rows import random_priority
from models.audit import record
from models.task import MarkingTask
from models.words import AuditVerb, ProblemReason, TaskKind, TaskState


def raise_problem(
    session: Session,
    group: MarkingGroup,
    task: MarkingTask,
    marker_id: int,
    *,
    reason: ProblemReason,
    note: str,
    version: int | None,
    at: datetime,
) -> bool:
    """Pass up a task that the marker holds; False when it is not the marker's, or has changed, in the meantime.

    A mark given before it was reopened stays in the table but no longer counts. Repeating the call changes nothing.
    """
    if task.state is TaskState.PROBLEM and marker_id in (task.marker_id, task.raised_by):
        return True
    held = [
        MarkingTask.id == task.id,
        MarkingTask.group_id == group.id,
        MarkingTask.marker_id == marker_id,
        MarkingTask.state == literal_column("'leased'"),
    ]
    if version is not None:
        held.append(MarkingTask.version == version)
    done = session.execute(
        update(MarkingTask)
        .where(*held)
        .values(
            state=TaskState.PROBLEM,
            role=TaskRole.LEADER.value,
            raised_by=func.coalesce(MarkingTask.raised_by, marker_id),  # a leader may pass it on to another one
            problem=reason,
            note=note,
            points=None,
            reserved_for=None if task.kind is TaskKind.LIVE else task.reserved_for,  # any leader may take it
            done_at=None,
            lease_until=None,
            priority=random_priority(urgent=True),
            version=MarkingTask.version + 1,
        )
        .returning(MarkingTask.id)
        .execution_options(synchronize_session=False)
    ).first()
    if done is None:
        return False
    record(session, AuditVerb.PROBLEM_RAISED, f"task:{task.code}", actor_id=marker_id, reason=reason.value)
    return True
