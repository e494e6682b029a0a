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

from sqlalchemy import bindparam, func, insert, literal_column, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marking.rounds.errors import Frozen, GroupClosed, KeyReused, LeaseLost, MarkMalformed, TaskChanged, TaskWithdrawn
from marking.rounds.policy import IllegalMark, check_mark
from marking.rounds.settle import counting_marks, lock_response, rules_of, settle_response
from marking.rounds.unscored import after_hidden_mark
from marking.tasks.groups import MarkingGroup
from models.audit import record
from models.errors import KaiyueError, NotFound, Sentence, mark_text
from models.paper import GroupPart
from models.points import ZERO, parse_points, plain, show_points
from models.task import LeaseEnd, Mark, MarkingTask, TaskImage
from models.words import AuditVerb, RevisitReason, TaskKind, TaskState


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


_BY_CODE = select(MarkingTask).where(MarkingTask.code == bindparam("code"))  # built once, as those below


def find_task(session: Session, code: str, marker_id: int) -> MarkingTask:
    """A task that the marker holds, held or has marked. Raises NotFound for every other, known or not."""
    task = session.scalar(_BY_CODE, {"code": code}, execution_options={"populate_existing": True})
    if task is not None and marker_id in (task.marker_id, task.raised_by):
        return task
    if task is not None and _was_theirs(session, task.id, marker_id):
        return task
    raise NotFound(what=mark_text("marking task"), name=code[:40])


def submit(session: Session, group: MarkingGroup, form: ScoreForm, marker_id: int, at: datetime) -> Stored:
    """Store a mark and carry the response on. Run it in a write transaction.

    Whatever stands against storing it, a request that was stored before is answered as it was then.
    Raises IllegalMark (422), TaskChanged, LeaseLost, KeyReused, Frozen, GroupClosed (409), TaskWithdrawn (410) and
    NotFound (404).
    """
    try:
        task, stored = _store(session, group, form, marker_id, at)
    except KeyReused:
        raise
    except KaiyueError:
        repeated = _repeated(session, form, marker_id)
        if repeated is None:
            raise
        return repeated
    if task.problem is not None:
        record(session, AuditVerb.PROBLEM_RESOLVED, f"task:{task.code}", actor_id=marker_id, reason=task.problem.value)
    if task.kind is TaskKind.LIVE:
        settle_response(session, group, task.entry_id, at)
    else:
        after_hidden_mark(session, group, task, stored.points, marker_id, at)
    return stored


_TAKE = (
    update(MarkingTask)
    .where(
        MarkingTask.id == bindparam("task_id"),
        MarkingTask.marker_id == bindparam("by"),
        MarkingTask.state == literal_column("'leased'"),
        MarkingTask.version == bindparam("shown_version"),
    )
    .values(
        state=TaskState.DONE,
        points=bindparam("new_points"),
        done_at=bindparam("at"),
        lease_until=None,
        version=MarkingTask.version + 1,
    )
    .returning(MarkingTask.version)
    .execution_options(synchronize_session=False)
)


def _store(
    session: Session, group: MarkingGroup, form: ScoreForm, marker_id: int, at: datetime
) -> tuple[MarkingTask, Stored]:
    """Add the mark to the task as it was on screen. Raises what `submit` does."""
    task = find_task(session, form.task, marker_id)
    lock_response(session, task.entry_id)
    parts = read_parts(group, task.part_ids, form)
    if not group.is_open:
        raise GroupClosed(group=group.title)
    last_revision = _last_revision(session, task.id, form.image)
    points = plain(sum(parts.values(), ZERO))
    shown = {"task_id": task.id, "by": marker_id, "shown_version": form.version, "new_points": points, "at": at}
    row = session.execute(_TAKE, shown).first()
    if row is None:
        raise _refusal(session, form.task, marker_id)
    if task.points is not None and task.kind is TaskKind.LIVE:
        _check_alone(session, group.id, task)
    stored = Stored(form.task, form.key, points, parts, last_revision + 1, row[0])
    returned = last_revision > 0 and task.points is None and task.reserved_for == marker_id
    try:
        session.execute(insert(Mark), _mark(stored, task.id, marker_id, form, at, returned=returned))
    except IntegrityError as err:  # the key is taken by a mark on another response
        raise KeyReused from err
    return task, stored


def _mark(
    stored: Stored, task_id: int, marker_id: int, form: ScoreForm, at: datetime, *, returned: bool
) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "revision": stored.revision,
        "version": stored.version,
        "marker_id": marker_id,
        "points": stored.points,
        "parts": {part: show_points(value) for part, value in stored.parts.items()},
        "annotations": form.annotations,
        "image": form.image,
        "dwell_ms": form.dwell_ms,
        "reason": form.reason or (RevisitReason.RETURNED.value if returned else ""),
        "key": form.key,
        "request_sha": form.sha(),
        "marked_at": at,
    }


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


_KNOWN = select(
    select(func.max(Mark.revision)).where(Mark.task_id == bindparam("task_id")).scalar_subquery(),
    select(TaskImage.id)
    .where(TaskImage.task_id == bindparam("task_id"), TaskImage.key == bindparam("image"))
    .scalar_subquery(),
)


def _last_revision(session: Session, task_id: int, image: str) -> int:
    """How often the task was marked before. Raises TaskChanged where the image on screen is none of the task's."""
    revision, image_id = session.execute(_KNOWN, {"task_id": task_id, "image": image}).one()
    if image and image_id is None:
        raise TaskChanged
    return revision or 0


_BY_KEY = (
    select(Mark, MarkingTask.code).join(MarkingTask, MarkingTask.id == Mark.task_id).where(Mark.key == bindparam("key"))
)


def _repeated(session: Session, form: ScoreForm, marker_id: int) -> Stored | None:
    row = session.execute(_BY_KEY, {"key": form.key}).first()
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
    if task.state in (TaskState.WITHDRAWN, TaskState.VOIDED):
        return TaskWithdrawn()
    if task.marker_id == marker_id:
        return TaskChanged()
    return LeaseLost()


def _was_theirs(session: Session, task_id: int, marker_id: int) -> bool:
    """Whether a lease of theirs on the task has ended, or a mark of theirs stands beside it."""
    ended = select(LeaseEnd.id).where(LeaseEnd.task_id == task_id, LeaseEnd.marker_id == marker_id).exists()
    marked = select(Mark.id).where(Mark.task_id == task_id, Mark.marker_id == marker_id).exists()
    return session.scalar(select(or_(ended, marked))) or False


def _check_alone(session: Session, group_id: int, task: MarkingTask) -> None:
    """A changed mark is refused once somebody else's mark stands beside it. Raises Frozen."""
    if any(mark.task_id != task.id for mark in counting_marks(session, group_id, task.entry_id)):
        raise Frozen(why=mark_text("another person has marked this response in the meantime"))


def check_form(form: ScoreForm) -> None:
    """Raise MarkMalformed for what is not a score but would spoil the table."""
    if not 1 <= len(form.key) <= 80 or not form.key.isascii() or not form.key.isprintable():
        raise MarkMalformed(why=mark_text("its key is missing, or not 1 to 80 plain characters"))
    if not 0 <= form.dwell_ms <= 86_400_000:
        raise MarkMalformed(why=mark_text("the time on screen is impossible"))
    if len(form.reason) > 200 or len(form.image) > 64:
        raise MarkMalformed(why=mark_text("a text is too long"))
