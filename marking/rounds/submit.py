"""Take a mark: idempotent by the key made at the keypress, fenced by the version that was on screen.

In:  what the marker's screen sent. Out: what was stored; the same answer for the same request however often it comes.
A key that comes again with another content, a version that is no longer current and a lease that was lost are told
apart from each other, and nothing is written. Marks are added, never changed; the latest revision of a task counts.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import literal_column, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marking.rounds.errors import Frozen, GroupClosed, KeyReused, LeaseLost, MarkMalformed, TaskChanged, TaskWithdrawn
from marking.rounds.policy import IllegalMark, check_mark
from marking.rounds.settle import counting_marks, lock_response, rules_of, settle_response
from marking.tasks.groups import MarkingGroup
from models.audit import record
from models.errors import NotFound, Sentence, mark_text
from models.paper import GroupPart
from models.points import ZERO, parse_points, plain, show_points
from models.task import LeaseEnd, Mark, MarkingTask, TaskImage
from models.words import AuditVerb, TaskState


@dataclass(frozen=True, slots=True)
class ScoreForm:
    """A mark as it was sent: `parts` by part id or short name, or `total` where the group has one part."""

    task: str
    key: str
    version: int
    parts: Mapping[str, object] | None = None
    total: object = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    dwell_ms: int = 0
    image: str = ""
    reason: str = ""

    def sha(self) -> str:
        """Names the content, without the key."""
        content = [
            self.task,
            self.version,
            None if self.parts is None else {name: str(value) for name, value in self.parts.items()},
            None if self.total is None else str(self.total),
            self.annotations,
            self.dwell_ms,
            self.image,
            self.reason,
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored. It says nothing of other rounds."""

    task: str
    key: str
    points: Decimal
    parts: dict[str, Decimal]
    revision: int
    version: int


def find_task(session: Session, code: str, marker_id: int) -> MarkingTask:
    """A task that the marker holds, held or has marked. Raises NotFound for every other, known or not."""
    task = session.scalar(select(MarkingTask).where(MarkingTask.code == code).execution_options(populate_existing=True))
    if task is not None and marker_id in (task.marker_id, task.raised_by):
        return task
    if task is not None and _was_held(session, task.id, marker_id):
        return task
    raise NotFound(what=mark_text("marking task"), name=code[:40])


def submit(session: Session, group: MarkingGroup, form: ScoreForm, marker_id: int, at: datetime) -> Stored:
    """Store a mark and carry the response on. Run it in a write transaction.

    Raises IllegalMark (422), TaskChanged, LeaseLost, KeyReused, Frozen, GroupClosed (409), TaskWithdrawn (410) and
    NotFound (404).
    """
    repeated = _repeated(session, form, marker_id)
    if repeated is not None:
        return repeated
    task = find_task(session, form.task, marker_id)
    lock_response(session, task.entry_id)
    parts = read_parts(group, task.part_ids, form)
    if not group.is_open:
        raise GroupClosed(group=group.title)
    _check_image(session, task.id, form.image)
    points = plain(sum(parts.values(), ZERO))
    row = session.execute(
        update(MarkingTask)
        .where(
            MarkingTask.id == task.id,
            MarkingTask.marker_id == marker_id,
            MarkingTask.state == literal_column("'leased'"),
            MarkingTask.version == form.version,
        )
        .values(state=TaskState.DONE, points=points, done_at=at, lease_until=None, version=MarkingTask.version + 1)
        .returning(MarkingTask.version)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        # another copy of this request may have been first: its answer is this one's as well
        repeated = _repeated(session, form, marker_id)
        if repeated is not None:
            return repeated
        raise _refusal(session, form.task, marker_id)
    revision = _next_revision(session, group.id, task, marker_id)
    stored = Stored(form.task, form.key, points, parts, revision, row[0])
    try:
        with session.begin_nested():
            session.add(_mark(stored, task.id, marker_id, form, at))
            session.flush()
    except IntegrityError as err:  # the key is taken by a mark on another response
        raise KeyReused from err
    if task.problem is not None:
        record(session, AuditVerb.PROBLEM_RESOLVED, f"task:{task.code}", actor_id=marker_id, reason=task.problem.value)
    settle_response(session, group, task.entry_id, at)
    return stored


def _mark(stored: Stored, task_id: int, marker_id: int, form: ScoreForm, at: datetime) -> Mark:
    return Mark(
        task_id=task_id,
        revision=stored.revision,
        version=stored.version,
        marker_id=marker_id,
        points=stored.points,
        parts={part: show_points(value) for part, value in stored.parts.items()},
        annotations=form.annotations,
        image=form.image,
        dwell_ms=form.dwell_ms,
        reason=form.reason,
        key=form.key,
        request_sha=form.sha(),
        marked_at=at,
    )


def read_parts(group: MarkingGroup, part_ids: list[str], form: ScoreForm) -> dict[str, Decimal]:
    """The points of every part that counts for this candidate. Raises IllegalMark."""
    counted = group.counted(part_ids)
    given = form.parts
    if given is None:
        if form.total is None or len(counted) != 1:
            why = Sentence(mark_text("{parts} has no points"), {"parts": ", ".join(part.id for part in counted)})
            raise IllegalMark(why=why)
        given = {counted[0].id: form.total}
    names = {name: part for part in counted for name in (part.id, group.short_name(part))}
    parts: dict[str, Decimal] = {}
    for name, value in given.items():
        part = names.get(name)
        if part is None or part.id in parts:
            raise IllegalMark(why=Sentence(mark_text("there is no part {part}"), {"part": name[:40]}))
        parts[part.id] = _points(part, value)
    missing = [part.id for part in counted if part.id not in parts]
    if missing:
        raise IllegalMark(why=Sentence(mark_text("{parts} has no points"), {"parts": ", ".join(missing)}))
    check_mark(parts, rules_of(group))
    return {part.id: parts[part.id] for part in counted}


def _points(part: GroupPart, value: object) -> Decimal:
    try:
        if isinstance(value, str | int | Decimal):
            return parse_points(value)
    except ValueError:
        pass  # said below, together with values of no kind at all
    why = Sentence(
        mark_text("{value} is not a number of points for {part}"), {"value": str(value)[:40], "part": part.id}
    )
    raise IllegalMark(why=why)


def _check_image(session: Session, task_id: int, image: str) -> None:
    if (
        image
        and session.scalar(select(TaskImage.id).where(TaskImage.task_id == task_id, TaskImage.key == image)) is None
    ):
        raise TaskChanged


def _repeated(session: Session, form: ScoreForm, marker_id: int) -> Stored | None:
    row = session.execute(
        select(Mark, MarkingTask.code).join(MarkingTask, MarkingTask.id == Mark.task_id).where(Mark.key == form.key)
    ).first()
    if row is None:
        return None
    mark, code = row
    if mark.marker_id != marker_id or mark.request_sha != form.sha():
        raise KeyReused
    parts = {part: parse_points(points) for part, points in mark.parts.items()}
    return Stored(code, mark.key, mark.points, parts, mark.revision, mark.version)


def _refusal(session: Session, code: str, marker_id: int) -> Exception:
    """Why a mark met no task to be stored on."""
    task = find_task(session, code, marker_id)
    if task.state is TaskState.WITHDRAWN:
        return TaskWithdrawn()
    if task.marker_id == marker_id:
        return TaskChanged()
    return LeaseLost()


def _was_held(session: Session, task_id: int, marker_id: int) -> bool:
    ended = select(LeaseEnd.id).where(LeaseEnd.task_id == task_id, LeaseEnd.marker_id == marker_id).limit(1)
    return session.scalar(ended) is not None


def _next_revision(session: Session, group_id: int, task: MarkingTask, marker_id: int) -> int:
    """1 for the first mark of a task. A changed mark is refused once somebody else's mark stands beside it."""
    last = session.scalar(select(Mark.revision).where(Mark.task_id == task.id).order_by(Mark.revision.desc()).limit(1))
    if task.points is None:
        return (last or 0) + 1
    if any(mark.task_id != task.id for mark in counting_marks(session, group_id, task.entry_id)):
        raise Frozen(why=mark_text("another person has marked this response in the meantime"))
    assert last is not None
    return last + 1


def check_form(form: ScoreForm) -> None:
    """Raise MarkMalformed for what is not a score but would spoil the table."""
    if not 8 <= len(form.key) <= 80 or not form.key.isascii() or not form.key.isprintable():
        raise MarkMalformed(why=mark_text("its key is missing, or not 8 to 80 plain characters"))
    if not 0 <= form.dwell_ms <= 86_400_000:
        raise MarkMalformed(why=mark_text("the time on screen is impossible"))
    if len(form.reason) > 200 or len(form.image) > 64:
        raise MarkMalformed(why=mark_text("a text is too long"))
