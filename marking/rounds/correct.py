"""Correct a settled response in back-reading: a leader's own logged decision, which holds whatever the rounds said.

In:  a response (entry and group) and the leader's points. Out: a mark of the leader in a round of its own, and the
score settled anew from it. Every mark before stays as it was given; scores and statistics follow when looked at.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from marking.plan.errors import ReasonMissing
from marking.rounds.errors import GroupClosed
from marking.rounds.settle import lock_response, settle_response
from marking.rounds.submit import ScoreForm, read_parts
from marking.tasks.conditions import is_live, is_seen
from marking.tasks.groups import MarkingGroup, TaskRole
from marking.tasks.hidden import copy_images, source_of
from marking.tasks.rows import random_priority
from models.audit import record
from models.errors import Conflict, NotFound, mark_text
from models.points import ZERO, plain, show_points
from models.task import GroupScore, Mark, MarkingTask
from models.words import AuditVerb, ScoreSource, TaskKind, TaskState


class OwnResponse(Conflict):
    """A leader wants to correct a response that the same person has marked: nobody judges the own mark."""

    code = "marking.own_response"
    sentence = mark_text("You have marked this response yourself, so the correction is another leader's.")
    remedy = mark_text("Let another leader of the marking group look at it.")


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction did to the score of a response; `before` is None where it had not settled."""

    before: Decimal | None
    after: Decimal


def correct_response(
    session: Session,
    group: MarkingGroup,
    entry_id: int,
    given: Mapping[str, object],
    reason: str,
    *,
    actor_id: int,
    at: datetime,
    decides: ScoreSource = ScoreSource.CORRECTED,
) -> Correction:
    """Let the leader's points hold for a response; correcting again replaces the own correction.

    `given` are points by part id; `decides` says as what they hold: a correction, or the reference mark of a seed.
    Raises IllegalMark, ReasonMissing, GroupClosed, OwnResponse and NotFound. Run it in a write transaction.
    """
    if not reason.strip():
        raise ReasonMissing
    if not group.is_open:
        raise GroupClosed(group=group.title)
    lock_response(session, entry_id)
    source = source_of(session, group.id, entry_id)
    if source is None:
        raise NotFound(what=mark_text("response"), name=str(entry_id))
    form = ScoreForm("", secrets.token_hex(20), 0, parts=given, reason=reason.strip()[:200])
    parts = read_parts(group, source.part_ids, form)
    points = plain(sum(parts.values(), ZERO))
    before = session.scalar(
        select(GroupScore.points).where(GroupScore.entry_id == entry_id, GroupScore.group_id == group.id)
    )
    task_id, version = _deciding_task(session, group, source, points, decides, actor_id, at)
    revision = session.scalar(select(func.max(Mark.revision)).where(Mark.task_id == task_id)) or 0
    session.execute(
        insert(Mark),
        {
            "task_id": task_id, "revision": revision + 1, "version": version, "marker_id": actor_id, "points": points,
            "parts": {part: show_points(value) for part, value in parts.items()}, "annotations": [], "image": "",
            "dwell_ms": 0, "reason": form.reason, "key": form.key, "request_sha": form.sha(), "marked_at": at,
        },
    )  # fmt: skip
    settle_response(session, group, entry_id, at)
    record(
        session, AuditVerb.MARK_CORRECTED, f"task:{source.code}", actor_id=actor_id, reason=form.reason,
        before=None if before is None else show_points(before), after=show_points(points),
    )  # fmt: skip
    return Correction(before, points)


def _deciding_task(
    session: Session,
    group: MarkingGroup,
    source: MarkingTask,
    points: Decimal,
    decides: ScoreSource,
    actor_id: int,
    at: datetime,
) -> tuple[int, int]:
    """The leader's own task on the response, done at these points: a new one, or that of the own correction before."""
    own = session.scalars(
        select(MarkingTask).where(
            MarkingTask.entry_id == source.entry_id,
            MarkingTask.group_id == group.id,
            MarkingTask.marker_id == actor_id,
            is_seen(MarkingTask),
        )
    ).first()
    if own is not None:
        if own.decides is not decides or own.state is not TaskState.DONE:
            raise OwnResponse
        version = session.scalars(
            update(MarkingTask)
            .where(MarkingTask.id == own.id)
            .values(points=points, done_at=at, version=MarkingTask.version + 1)
            .returning(MarkingTask.version)
            .execution_options(synchronize_session=False)
        ).one()
        return own.id, version
    last = session.scalar(
        select(func.max(MarkingTask.round)).where(
            MarkingTask.entry_id == source.entry_id, MarkingTask.group_id == group.id, is_live(MarkingTask)
        )
    )
    task = MarkingTask(
        code=secrets.token_hex(16), group_id=group.id, entry_id=source.entry_id, school_id=source.school_id,
        round=(last or 0) + 1, role=TaskRole.LEADER.value, kind=TaskKind.LIVE, state=TaskState.DONE,
        decides=decides, marker_id=actor_id, points=points, done_at=at, version=1,
        priority=random_priority(), blank=source.blank, part_ids=list(source.part_ids), created_at=at,
    )  # fmt: skip
    session.add(task)
    session.flush()
    copy_images(session, source.id, task.id)
    return task.id, task.version
