"""Pass a response up to the leader, and take what had been settled on it back until the leader decides."""

from datetime import datetime

from sqlalchemy.orm import Session

from marking.rounds.errors import LeaseLost, TaskChanged, TaskWithdrawn
from marking.rounds.settle import lock_response, settle_response
from marking.rounds.submit import find_task
from marking.rounds.unscored import after_hidden_mark
from marking.tasks.groups import MarkingGroup
from marking.tasks.problems import raise_problem
from models.words import ProblemReason, TaskKind, TaskState


def pass_up(
    session: Session,
    group: MarkingGroup,
    code: str,
    marker_id: int,
    *,
    reason: ProblemReason,
    note: str = "",
    version: int | None = None,
    at: datetime,
) -> None:
    """Pass a task up with a reason; repeating it changes nothing.

    Raises NotFound, TaskChanged, LeaseLost or TaskWithdrawn.
    """
    task = find_task(session, code, marker_id)
    lock_response(session, task.entry_id)
    task = find_task(session, code, marker_id)
    if not raise_problem(session, group, task, marker_id, reason=reason, note=note, version=version, at=at):
        if task.state in (TaskState.WITHDRAWN, TaskState.VOIDED):
            raise TaskWithdrawn
        if task.marker_id == marker_id:
            raise TaskChanged
        raise LeaseLost
    if task.kind is TaskKind.LIVE:
        settle_response(session, group, task.entry_id, at)
    else:
        after_hidden_mark(session, group, task, None, marker_id, at)
