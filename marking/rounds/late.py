"""Marks that came after their lease had ended: kept as evidence, never counted, and told to the leader on request.

In:  a mark as it was sent. Out: an audit event of the marking group. Sending it again adds nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.rounds.submit import ScoreForm, find_task, read_parts
from marking.tasks.groups import MarkingGroup
from models.audit import AuditEvent, record
from models.points import ZERO, plain, show_points
from models.staff import User
from models.words import AuditVerb


@dataclass(frozen=True, slots=True)
class LateMark:
    """A mark that a marker has offered to the leader as a note. `task` is the code under which it was marked."""

    marker: str
    task: str
    points: str
    parts: dict[str, str]
    at: datetime


def keep_late(session: Session, group: MarkingGroup, form: ScoreForm, marker_id: int, *, told: bool) -> None:
    """Keep a late mark; `told` is whether the marker wants the leader to see it.

    Raises NotFound for a task that the marker never held, and IllegalMark for points that nobody may give.
    """
    task = find_task(session, form.task, marker_id)
    parts = read_parts(group, task.part_ids, form)
    if any(detail["key"] == form.key and detail["told"] == told for _event, detail in _events(session, group.id)):
        return
    record(
        session,
        AuditVerb.MARK_LATE,
        _object(group.id),
        actor_id=marker_id,
        task=task.code,
        key=form.key,
        points=show_points(plain(sum(parts.values(), ZERO))),
        parts={part: show_points(points) for part, points in parts.items()},
        told=told,
    )


def late_marks(session: Session, group_id: int) -> list[LateMark]:
    """What markers have offered to the leader of a group, the newest first."""
    told = [(event, detail) for event, detail in _events(session, group_id) if detail["told"]]
    markers = {event.actor_id for event, _detail in told if event.actor_id is not None}
    rows = session.execute(select(User.id, User.name).where(User.id.in_(markers)))
    names: dict[int, str] = {row[0]: row[1] for row in rows}
    return [
        LateMark(names.get(event.actor_id or 0, ""), detail["task"], detail["points"], detail["parts"], event.at)
        for event, detail in reversed(told)
    ]


def _events(session: Session, group_id: int) -> Iterator[tuple[AuditEvent, dict[str, Any]]]:
    found = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.verb == AuditVerb.MARK_LATE, AuditEvent.object == _object(group_id))
        .order_by(AuditEvent.id)
    )
    return ((event, event.detail) for event in found)


def _object(group_id: int) -> str:
    return f"group:{group_id}"
