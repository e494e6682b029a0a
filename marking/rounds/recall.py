"""Take marks of one marker back: returned to be given again (打回), or voided and dealt to others (domain.md 2.8).

In:  a marker, a time window and a reason, or single tasks. Out: reopened tasks, and every response concerned settled
anew. Decisions on problem responses wait for a leader again. A mark that was taken back stays in the table and no
longer counts; whatever was derived from it goes with it. Nobody who has marked a response gets another round of it,
voided or not (models/task.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from marking.plan.errors import ReasonMissing
from marking.rounds.errors import GroupClosed
from marking.rounds.settle import lock_response, settle_response
from marking.tasks.conditions import DONE, LEASED, is_live
from marking.tasks.groups import MarkingGroup, find_group, role_of_round
from marking.tasks.lease import take_back
from marking.tasks.members import Member, find_members
from marking.tasks.rows import NewTask, add_tasks, random_priority
from models.audit import record
from models.database import Database
from models.task import GroupScore, MarkingTask, TaskImage
from models.words import AuditVerb, MemberState, PaperState, TaskState

CHUNK = 100  # responses per write transaction, so that markers at work do not notice


@dataclass(frozen=True, slots=True)
class Window:
    """Whose marks, and when they were given: from `since` on and before `until`; None leaves a side open."""

    marker_id: int
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, group_id: int) -> tuple[ColumnElement[bool], ...]:
        """The condition on tasks that carry such a mark."""
        found = [
            MarkingTask.group_id == group_id,
            is_live(MarkingTask),
            MarkingTask.marker_id == self.marker_id,
            MarkingTask.points.is_not(None),
            MarkingTask.decides.is_(None),  # a correction or a reference mark is changed where it was made
            MarkingTask.state.in_([DONE, LEASED]),  # leased: an own mark opened again, which counts until it changes
        ]
        if self.since is not None:
            found.append(MarkingTask.done_at >= self.since)
        if self.until is not None:
            found.append(MarkingTask.done_at < self.until)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Concerned:
    """What a window holds: marks, and how many of their responses have settled at present."""

    marks: int
    settled: int
    first: datetime | None
    last: datetime | None


def concerned(session: Session, group_id: int, window: Window) -> Concerned:
    """What taking back would concern; nothing is written."""
    holds = window.holds(group_id)
    marks, first, last = session.execute(
        select(func.count(), func.min(MarkingTask.done_at), func.max(MarkingTask.done_at)).where(*holds)
    ).one()
    settled = session.scalar(
        select(func.count())
        .select_from(MarkingTask)
        .join(
            GroupScore,
            (GroupScore.entry_id == MarkingTask.entry_id) & (GroupScore.group_id == MarkingTask.group_id),
        )
        .where(*holds)
    )
    return Concerned(marks, settled or 0, first, last)


def recall(
    database: Database, group_id: int, window: Window, reason: str, *, void: bool, actor_id: int, at: datetime
) -> int:
    """Return the marks of a window to their marker, or void them and deal their rounds to others; answers how many.

    It goes in small transactions; after an interruption the same call takes the rest. Raises ReasonMissing and
    GroupClosed.
    """
    if not reason.strip():
        raise ReasonMissing
    with database.read() as session:
        _check_open(find_group(session, group_id))
        task_ids = session.scalars(select(MarkingTask.id).where(*window.holds(group_id)).order_by(MarkingTask.id)).all()
    taken = 0
    for start in range(0, len(task_ids), CHUNK):
        with database.write() as session:
            taken += recall_tasks(
                session, find_group(session, group_id), task_ids[start : start + CHUNK], reason, void=void,
                actor_id=actor_id, at=at, window=window,
            )  # fmt: skip
    return taken


def recall_tasks(
    session: Session,
    group: MarkingGroup,
    task_ids: Sequence[int],
    reason: str,
    *,
    void: bool,
    actor_id: int,
    at: datetime,
    window: Window | None = None,
) -> int:
    """Take the marks of single tasks back, in one write transaction; answers how many there were to take.

    Raises ReasonMissing and GroupClosed.
    """
    if not reason.strip():
        raise ReasonMissing
    _check_open(group)
    entries = session.scalars(select(MarkingTask.entry_id).where(MarkingTask.id.in_(task_ids))).all()
    for entry_id in sorted(set(entries)):  # always in one order, so that two who do this wait instead of colliding
        lock_response(session, entry_id)
    wanted = [MarkingTask.id.in_(task_ids), MarkingTask.group_id == group.id, is_live(MarkingTask),
              MarkingTask.decides.is_(None)]  # fmt: skip
    take_back(session, session.scalars(select(MarkingTask.id).where(*wanted, MarkingTask.state == LEASED)).all(),
              "withdrawn", at)  # fmt: skip
    tasks = session.scalars(
        select(MarkingTask)
        .where(*wanted, MarkingTask.points.is_not(None), MarkingTask.state == DONE)
        .order_by(MarkingTask.id)
        .execution_options(populate_existing=True)
    ).all()
    if not tasks:
        return 0
    plain = [task for task in tasks if task.problem is None]
    _decide_again(session, [task for task in tasks if task.problem is not None])
    if void:
        _void(session, plain)
        add_tasks(session, _again(session, group, plain))
    else:
        _return(session, group, plain)
    for entry_id in sorted({task.entry_id for task in tasks}):
        settle_response(session, group, entry_id, at)
    said = window or Window(0)
    record(
        session, AuditVerb.MARKS_VOIDED if void else AuditVerb.MARKS_RETURNED, f"group:{group.id}", actor_id=actor_id,
        reason=reason.strip()[:500], tasks=[task.code for task in tasks], marker=said.marker_id or None,
        since=said.since.isoformat() if said.since else None, until=said.until.isoformat() if said.until else None,
    )  # fmt: skip
    return len(tasks)


def _check_open(group: MarkingGroup) -> None:
    """A paused group may be put in order; a signed subject may not. Raises GroupClosed."""
    if group.paper_state in (PaperState.SUBJECT_SIGNED, PaperState.COMPOSED):
        raise GroupClosed(group=group.title)


def _return(session: Session, group: MarkingGroup, tasks: Iterable[MarkingTask]) -> None:
    """Wait for the same marker, before everything else; the marker's name stays on the task and keeps others' rounds
    of the response away from the marker. Where the marker has left the group, anybody may take it.
    """
    members = find_members(session, group.id)
    for task in tasks:
        assert task.marker_id is not None
        stays = members.get(task.marker_id, Member(task.marker_id)).state is not MemberState.LEFT
        session.execute(
            update(MarkingTask)
            .where(MarkingTask.id == task.id)
            .values(
                state=TaskState.OPEN, points=None, done_at=None, reserved_for=task.marker_id if stays else None,
                priority=random_priority(urgent=True), version=MarkingTask.version + 1,
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip


def _decide_again(session: Session, tasks: Iterable[MarkingTask]) -> None:
    """A problem response waits for a leader's decision, whoever it was that decided it."""
    session.execute(
        update(MarkingTask)
        .where(MarkingTask.id.in_([task.id for task in tasks]))
        .values(
            state=TaskState.PROBLEM, points=None, done_at=None, marker_id=None, reserved_for=None,
            version=MarkingTask.version + 1,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def _void(session: Session, tasks: Iterable[MarkingTask]) -> None:
    session.execute(
        update(MarkingTask)
        .where(MarkingTask.id.in_([task.id for task in tasks]))
        .values(state=TaskState.VOIDED, version=MarkingTask.version + 1)
        .execution_options(synchronize_session=False)
    )


def _again(session: Session, group: MarkingGroup, tasks: Sequence[MarkingTask]) -> list[NewTask]:
    """The same rounds for somebody else."""
    crops: dict[int, list[int]] = {}
    for task_id, crop_id in session.execute(
        select(TaskImage.task_id, TaskImage.crop_id)
        .where(TaskImage.task_id.in_([task.id for task in tasks]))
        .order_by(TaskImage.task_id, TaskImage.position)
    ):
        crops.setdefault(task_id, []).append(crop_id)
    return [
        NewTask(
            group_id=group.id, entry_id=task.entry_id, school_id=task.school_id, round=task.round,
            role=role_of_round(group.as_doubled().mode if task.doubled else group.mode, task.round),
            crop_ids=tuple(crops.get(task.id, ())), part_ids=tuple(task.part_ids), blank=task.blank,
            doubled=task.doubled,
        )
        for task in tasks
    ]  # fmt: skip
