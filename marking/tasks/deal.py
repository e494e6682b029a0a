"""What a marker is shown of a task: images, score fields, flags; nothing that names a candidate.

Leaders' tasks carry the marks given before, without their markers; nobody else sees another person's mark.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from marking.tasks.conditions import is_live
from marking.tasks.groups import MarkingGroup, TaskRole
from models.paper import GroupPart
from models.points import parse_points
from models.sheet import CropRecord
from models.task import Mark, MarkingTask, TaskImage
from models.words import ProblemReason, TaskKind


@dataclass(frozen=True, slots=True)
class ShownImage:
    """One image of a task; `key` is its random address."""

    key: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class GivenMark:
    """A mark by part id, with what was drawn on the response (marking/rounds/annotations.py)."""

    points: Decimal
    parts: dict[str, Decimal]
    annotations: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Dealt:
    """One task as its marker gets it. `own` is the marker's own stored mark when the task was reopened; a
    `returned` one is marked afresh, because a leader has sent the first mark back.
    """

    task: str
    version: int
    lease_until: datetime | None
    images: tuple[ShownImage, ...]
    parts: tuple[GroupPart, ...]
    blank: bool
    returned: bool
    for_leader: bool
    problem: ProblemReason | None
    note: str
    own: GivenMark | None
    earlier: tuple[GivenMark, ...]


def deal(session: Session, group: MarkingGroup, tasks: Sequence[MarkingTask]) -> list[Dealt]:
    """Describe tasks, in their order: one statement for the images, and one for marks where any may be shown."""
    if not tasks:
        return []
    images: dict[int, list[ShownImage]] = defaultdict(list)
    for task_id, key, width_px, height_px in session.execute(
        select(TaskImage.task_id, TaskImage.key, CropRecord.width_px, CropRecord.height_px)
        .join(CropRecord, CropRecord.id == TaskImage.crop_id)
        .where(TaskImage.task_id.in_([task.id for task in tasks]))
        .order_by(TaskImage.task_id, TaskImage.position)
    ):
        images[task_id].append(ShownImage(key, width_px, height_px))
    own = _own_marks(session, [task.id for task in tasks if task.points is not None])
    earlier = _earlier_marks(session, [task for task in tasks if task.role == TaskRole.LEADER.value])
    return [
        Dealt(
            task=task.code,
            version=task.version,
            lease_until=task.lease_until,
            images=tuple(images[task.id]),
            parts=group.counted(task.part_ids),
            blank=task.blank,
            returned=task.kind is TaskKind.LIVE and task.reserved_for is not None,
            for_leader=task.role == TaskRole.LEADER.value,
            problem=task.problem,
            note=task.note,
            own=own.get(task.id),
            earlier=tuple(earlier.get((task.entry_id, task.id), ())),
        )
        for task in tasks
    ]


def _given(points: Decimal, parts: dict[str, str], annotations: list[dict[str, Any]]) -> GivenMark:
    return GivenMark(points, {part: parse_points(value) for part, value in parts.items()}, tuple(annotations))


def _own_marks(session: Session, task_ids: list[int]) -> dict[int, GivenMark]:
    if not task_ids:
        return {}
    rows = session.execute(
        select(Mark.task_id, Mark.points, Mark.parts, Mark.annotations)
        .where(Mark.task_id.in_(task_ids))
        .order_by(Mark.revision)
    )
    return {
        row.task_id: _given(row.points, row.parts, row.annotations) for row in rows
    }  # the latest revision comes last


def _earlier_marks(session: Session, tasks: list[MarkingTask]) -> dict[tuple[int, int], list[GivenMark]]:
    """For each leader's task, the counting marks of the response's other rounds in their order."""
    if not tasks:
        return {}
    rows = session.execute(
        select(MarkingTask.id, MarkingTask.entry_id, MarkingTask.group_id, Mark.points, Mark.parts, Mark.annotations)
        .join(Mark, Mark.task_id == MarkingTask.id)
        .where(
            tuple_(MarkingTask.entry_id, MarkingTask.group_id).in_([(task.entry_id, task.group_id) for task in tasks]),
            is_live(MarkingTask),
            MarkingTask.points.is_not(None),
        )
        .order_by(MarkingTask.round, Mark.revision)
    ).all()
    found: dict[tuple[int, int], list[GivenMark]] = {}
    for task in tasks:
        latest: dict[int, GivenMark] = {}
        for task_id, entry_id, group_id, points, parts, annotations in rows:
            if (entry_id, group_id) == (task.entry_id, task.group_id) and task_id != task.id:
                latest[task_id] = _given(points, parts, annotations)
        found[task.entry_id, task.id] = list(latest.values())
    return found
