"""Put new marking tasks into the table, each with a random public code and images under keys of its own.

What exists already stays as it is: the unique index over (candidate, group, round) decides, not a look beforehand,
so that two creations at the same time do no harm.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from marking.tasks.groups import TaskRole
from models.columns import now
from models.points import ZERO
from models.task import GroupScore, MarkingTask, TaskImage
from models.words import ScoreSource, TaskKind, TaskState

_PRIORITY_BITS = 30


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be: `crop_ids` in reading order, `part_ids` empty where every score field of the group counts."""

    group_id: int
    entry_id: int
    school_id: int
    round: int
    role: TaskRole
    crop_ids: tuple[int, ...]
    part_ids: tuple[str, ...] = ()
    blank: bool = False
    doubled: bool = False
    code: str = field(default_factory=lambda: secrets.token_hex(16))

    def showing(self, crop_ids: Sequence[int]) -> "NewTask":
        """The same task with these images."""
        return replace(self, crop_ids=tuple(crop_ids))


def random_priority(*, urgent: bool = False) -> int:
    """A place in the queue that says nothing about the candidate; urgent ones stand before all others."""
    drawn = secrets.randbits(_PRIORITY_BITS)
    return drawn - (1 << _PRIORITY_BITS) if urgent else drawn


def add_tasks(session: Session, tasks: Sequence[NewTask]) -> int:
    """Add what does not exist yet, with its images; answers how many were added.

    Rounds of one response that are added together get one place in the queue: its marks come soon after each other, so
    that responses settle, and markers can be compared, while marking goes on. They still go to different people.
    """
    if not tasks:
        return 0
    moment = now()
    places = {(task.group_id, task.entry_id): random_priority() for task in tasks}
    insert = _insert(session)
    session.execute(
        insert(MarkingTask).on_conflict_do_nothing(),
        [
            {
                "code": task.code,
                "group_id": task.group_id,
                "entry_id": task.entry_id,
                "school_id": task.school_id,
                "round": task.round,
                "role": task.role.value,
                "kind": TaskKind.LIVE,
                "state": TaskState.OPEN,
                "priority": random_priority(urgent=True)
                if task.role is TaskRole.LEADER
                else places[task.group_id, task.entry_id],
                "version": 0,
                "blank": task.blank,
                "doubled": task.doubled,
                "note": "",
                "part_ids": list(task.part_ids),
                "created_at": moment,
            }
            for task in tasks
        ],
    )
    ids: dict[str, int] = {
        row.code: row.id
        for row in session.execute(
            select(MarkingTask.code, MarkingTask.id).where(MarkingTask.code.in_([task.code for task in tasks]))
        )
    }
    images = [
        {"task_id": ids[task.code], "position": position, "key": secrets.token_hex(20), "crop_id": crop_id}
        for task in tasks
        if task.code in ids
        for position, crop_id in enumerate(task.crop_ids)
    ]
    if images:
        session.execute(insert(TaskImage), images)
    return len(ids)


def drop_zeros(session: Session, group_id: int, entry_ids: Collection[int]) -> None:
    """Forget the zeros of candidates of whom, after another decision, an answer counts and is dealt out."""
    session.execute(
        delete(GroupScore).where(
            GroupScore.group_id == group_id,
            GroupScore.entry_id.in_(entry_ids),
            GroupScore.source == ScoreSource.BLANK,
        )
    )


def add_zeros(session: Session, group_id: int, entry_ids: Sequence[int]) -> None:
    """Settle at zero where no answer to a choose-group counts: nothing was answered, or the rule says so."""
    if entry_ids:
        session.execute(
            _insert(session)(GroupScore).on_conflict_do_nothing(),
            [
                {"entry_id": entry_id, "group_id": group_id, "points": ZERO, "parts": {}, "source": ScoreSource.BLANK,
                 "parts_disagree": False, "settled_at": now()}
                for entry_id in entry_ids
            ],
        )  # fmt: skip


def _insert(session: Session) -> Any:
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
