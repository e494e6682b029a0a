"""What follows a mark that never enters a candidate's score: a seed, an own response again, training.

In:  the task that was marked or passed up. Out: an audit event and perhaps a pause where seeds fail, the next stage of
training. The marker's screen hears nothing of it.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.tasks.conditions import SEED
from marking.tasks.groups import MarkingGroup
from marking.tasks.members import keep_member
from marking.tasks.training import after_training_mark
from models.audit import record
from models.quality import Script
from models.task import MarkingTask
from models.words import AuditVerb, MemberState, TaskKind, TaskState

LAST_SEEDS = 5  # an automatic pause looks at this many


def after_hidden_mark(
    session: Session, group: MarkingGroup, task: MarkingTask, points: Decimal | None, marker_id: int, at: datetime
) -> None:
    """Draw the conclusions of a mark that counts for nobody; `points` is None where the response was passed up."""
    if task.kind is TaskKind.TRAINING:
        after_training_mark(session, group, task, marker_id, at)
    elif task.kind is TaskKind.SEED and points is not None:
        _after_seed(session, group, task, points, marker_id, at)


def _after_seed(
    session: Session, group: MarkingGroup, task: MarkingTask, points: Decimal, marker_id: int, at: datetime
) -> None:
    reference = session.scalar(select(Script.points).where(Script.id == task.script_id))
    if reference is None or abs(points - reference) <= group.full_tolerance:
        return
    record(session, AuditVerb.SEED_FAILED, f"task:{task.code}", actor_id=marker_id, difference=str(points - reference))
    if not group.quality.pause_after_seeds:
        return
    last = session.execute(
        select(MarkingTask.points, Script.points)
        .join(Script, Script.id == MarkingTask.script_id)
        .where(
            MarkingTask.group_id == group.id,
            MarkingTask.marker_id == marker_id,
            MarkingTask.kind == SEED,
            MarkingTask.state == TaskState.DONE,
        )
        .order_by(MarkingTask.done_at.desc(), MarkingTask.id.desc())
        .limit(LAST_SEEDS)
    ).all()
    failed = sum(
        own is not None and wanted is not None and abs(own - wanted) > group.full_tolerance for own, wanted in last
    )
    if failed >= group.quality.pause_after_seeds:
        keep_member(session, group.id, marker_id, at, state=MemberState.PAUSED, reason="seeds")
        record(
            session, AuditVerb.MEMBER_CHANGED, f"group:{group.id}", user_id=marker_id, state=MemberState.PAUSED.value,
            reason="seeds", failed=failed,
        )  # fmt: skip
