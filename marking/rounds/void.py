"""Void what was marked on an image that is replaced: the marks stay in the table and no longer count (domain.md 2.5).

Run `create_tasks` afterwards: it deals the new image out, to anybody, from the first round on.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from marking.rounds.settle import lock_response
from marking.tasks.conditions import WITHDRAWN
from marking.tasks.lease import take_back
from models.exam import GroupRecord
from models.quality import Script
from models.task import GroupScore, MarkingTask
from models.words import TaskState


def void_responses(session: Session, entry_id: int, items: Collection[str], at: datetime) -> int:
    """Withdraw every task of one candidate that shows one of these items, hidden ones too; answers how many.

    Scripts that were chosen from them are retired: their reference mark belongs to the old image. Run it in the
    transaction that replaces the image. Whoever still holds one of the tasks is told so (410).
    """
    lock_response(session, entry_id)
    rows = session.execute(
        select(MarkingTask.id, MarkingTask.group_id, GroupRecord.parts)
        .join(GroupRecord, GroupRecord.id == MarkingTask.group_id)
        .where(
            MarkingTask.entry_id == entry_id,
            MarkingTask.state != WITHDRAWN,
        )
    ).all()
    touched = [
        (task_id, group_id) for task_id, group_id, parts in rows if {part["item"] for part in parts} & set(items)
    ]
    if not touched:
        return 0
    task_ids = [task_id for task_id, _ in touched]
    take_back(session, task_ids, "withdrawn", at)
    session.execute(
        update(MarkingTask)
        .where(MarkingTask.id.in_(task_ids))
        .values(state=TaskState.WITHDRAWN, version=MarkingTask.version + 1)
        .execution_options(synchronize_session=False)
    )
    groups = {group_id for _, group_id in touched}
    session.execute(delete(GroupScore).where(GroupScore.entry_id == entry_id, GroupScore.group_id.in_(groups)))
    session.execute(
        update(Script)
        .where(Script.entry_id == entry_id, Script.group_id.in_(groups), Script.retired_at.is_(None))
        .values(retired_at=at)
        .execution_options(synchronize_session=False)
    )
    return len(task_ids)
