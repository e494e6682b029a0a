"""How far marking is: for the marker's screen, and for the leader's board.

Everything is counted from the tasks, which repeat the mark that counts; nothing here writes.
"""

import threading
import time
from dataclasses import dataclass
from math import sqrt

from sqlalchemy import Integer, bindparam, func, literal_column, select
from sqlalchemy.orm import Session, aliased

from marking.tasks.conditions import LIVE, TRAINING, VOIDED, WITHDRAWN, is_live
from marking.tasks.groups import MarkingGroup, TaskRole
from marking.tasks.hidden import hidden_share
from models.staff import User
from models.task import GroupScore, Mark, MarkingTask
from models.words import TaskState

_LIVE = MarkingTask.kind == LIVE
_RAW = literal_column("marking_task.points", Integer)  # whole hundredths; the column itself would come as Decimal


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Live tasks of a group by state; `left` still needs a mark. `mean` is over all counting marks, in points."""

    open: int = 0
    leased: int = 0
    done: int = 0
    problem: int = 0
    mean: float | None = None

    @property
    def left(self) -> int:
        """Tasks that still need a mark."""
        return self.open + self.leased + self.problem

    @property
    def total(self) -> int:
        """All live tasks."""
        return self.left + self.done


@dataclass(frozen=True, slots=True)
class OwnCounts:
    """What one person has done in a group and holds now."""

    done: int = 0
    held: int = 0
    mean: float | None = None


def group_counts(session: Session, group_ids: list[int]) -> dict[int, GroupCounts]:
    """The counts of several groups in one statement."""
    rows = session.execute(
        select(MarkingTask.group_id, MarkingTask.state, func.count(), func.sum(_RAW))
        .where(MarkingTask.group_id.in_(group_ids), _LIVE)
        .group_by(MarkingTask.group_id, MarkingTask.state)
    )
    found: dict[int, dict[TaskState, tuple[int, int]]] = {}
    for group_id, state, count, hundredths in rows:
        found.setdefault(group_id, {})[state] = (count, int(hundredths or 0))
    return {group_id: _counts(found.get(group_id, {})) for group_id in group_ids}


def _counts(states: dict[TaskState, tuple[int, int]]) -> GroupCounts:
    done, hundredths = states.get(TaskState.DONE, (0, 0))
    return GroupCounts(
        open=states.get(TaskState.OPEN, (0, 0))[0],
        leased=states.get(TaskState.LEASED, (0, 0))[0],
        done=done,
        problem=states.get(TaskState.PROBLEM, (0, 0))[0],
        mean=hundredths / done / 100 if done else None,
    )


_SHOWN = (
    select(MarkingTask.kind == LIVE, MarkingTask.state, func.count(), func.sum(_RAW))
    .where(MarkingTask.group_id == bindparam("group_id"), MarkingTask.kind != TRAINING)
    .where(MarkingTask.state.not_in([WITHDRAWN, VOIDED]))
    .group_by(MarkingTask.kind == LIVE, MarkingTask.state)
)


def shown_counts(session: Session, group: MarkingGroup) -> GroupCounts:
    """The counts of a group as its markers see them: dealing or marking a hidden task moves them as a live one does.

    Otherwise a count that does not move would tell a marker that the last task was a seed. Hidden tasks count with
    the live ones, and the total grows by their share of all that was dealt, not by the hidden ones themselves.
    """
    live = 0
    waiting = 0
    dealt: dict[TaskState, tuple[int, int]] = {}
    for is_live_task, state, count, hundredths in session.execute(_SHOWN, {"group_id": group.id}):
        live += count if is_live_task else 0
        if state is TaskState.OPEN:
            waiting += count if is_live_task else 0
        else:
            before = dealt.get(state, (0, 0))
            dealt[state] = (before[0] + count, before[1] + int(hundredths or 0))
    out = sum(count for count, _ in dealt.values())
    total = live + int(out * hidden_share(session, group))
    return _counts({**dealt, TaskState.OPEN: (max(total - out, 1) if waiting else 0, 0)})


_OWN = (  # built once: every reply to a submit shows them
    select(MarkingTask.state, func.count(), func.sum(_RAW))
    .where(
        MarkingTask.marker_id == bindparam("user_id"),
        MarkingTask.group_id == bindparam("group_id"),
        MarkingTask.kind != TRAINING,
    )
    .group_by(MarkingTask.state)
)


def own_counts(session: Session, group_id: int, user_id: int) -> OwnCounts:
    """What one person has done in a group, hidden tasks like live ones."""
    found = {
        state: (count, int(hundredths or 0))
        for state, count, hundredths in session.execute(_OWN, {"user_id": user_id, "group_id": group_id})
    }
    done, hundredths = found.get(TaskState.DONE, (0, 0))
    return OwnCounts(done, found.get(TaskState.LEASED, (0, 0))[0], hundredths / done / 100 if done else None)


class CountsKept:
    """Group counts that are at most `ttl_s` old: every reply to a submit shows them, and two hundred markers submit."""

    def __init__(self, ttl_s: float = 1.0) -> None:
        self._ttl_s = ttl_s
        self._lock = threading.Lock()
        self._kept: dict[int, tuple[float, GroupCounts]] = {}

    def of(self, session: Session, group: MarkingGroup, *, at_least: int = 0) -> GroupCounts:
        """The counts of one group; counted anew where fewer than `at_least` were done when it was last counted."""
        moment = time.monotonic()
        with self._lock:
            kept = self._kept.get(group.id)
        if kept is not None and moment - kept[0] < self._ttl_s and kept[1].done >= at_least:
            return kept[1]
        counts = shown_counts(session, group)
        with self._lock:
            self._kept[group.id] = (moment, counts)
        return counts


@dataclass(frozen=True, slots=True)
class MarkerLine:
    """One marker on the board: marks that count, their mean and standard deviation (n - 1) in points.

    `seconds` is the mean time that a response was on screen; `agreement` the share of the marker's marks within
    the tolerance of what the response settled on, over those that have settled with more than one mark.
    """

    user_id: int
    name: str
    done: int
    held: int
    mean: float | None
    sd: float | None
    seconds: float | None
    agreement: float | None


@dataclass(frozen=True, slots=True)
class Board:
    """What a leader sees of a group."""

    counts: GroupCounts
    settled: int
    third_marks: int
    leader_waiting: int
    markers: tuple[MarkerLine, ...]


def board(session: Session, group: MarkingGroup) -> Board:
    """Count the whole group, set-based: five statements whatever its size."""
    counts = group_counts(session, [group.id])[group.id]
    settled = session.scalar(select(func.count()).select_from(GroupScore).where(GroupScore.group_id == group.id)) or 0
    third = (
        session.scalar(
            select(func.count())
            .select_from(MarkingTask)
            .where(
                MarkingTask.group_id == group.id,
                is_live(MarkingTask),
                MarkingTask.round == 3,
            )
        )
        or 0
    )
    waiting = (
        session.scalar(
            select(func.count())
            .select_from(MarkingTask)
            .where(
                MarkingTask.group_id == group.id,
                _LIVE,
                MarkingTask.role == TaskRole.LEADER.value,
                MarkingTask.state.in_([TaskState.OPEN, TaskState.PROBLEM]),
            )
        )
        or 0
    )
    return Board(counts, settled, third, waiting, _lines(session, group))


def _lines(session: Session, group: MarkingGroup) -> tuple[MarkerLine, ...]:
    seconds = _seconds(session, group.id)
    agreement = _agreement(session, group)
    rows = session.execute(
        select(
            MarkingTask.marker_id,
            MarkingTask.state,
            func.count(),
            func.sum(_RAW),
            func.sum(_RAW * _RAW),
        )
        .where(MarkingTask.group_id == group.id, _LIVE, MarkingTask.marker_id.is_not(None))
        .where(MarkingTask.state.in_([TaskState.DONE, TaskState.LEASED]))
        .group_by(MarkingTask.marker_id, MarkingTask.state)
    ).all()
    done: dict[int, tuple[int, int, int]] = {}
    held: dict[int, int] = {}
    for marker_id, state, count, total, squares in rows:
        if marker_id is not None and state is TaskState.DONE:
            done[marker_id] = (count, int(total), int(squares))
        elif marker_id is not None:
            held[marker_id] = count
    people = sorted({*done, *held})
    names = {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(people)))}
    return tuple(
        MarkerLine(
            user_id=user_id,
            name=names.get(user_id, ""),
            done=done.get(user_id, (0, 0, 0))[0],
            held=held.get(user_id, 0),
            mean=_mean(*done.get(user_id, (0, 0, 0))),
            sd=_sd(*done.get(user_id, (0, 0, 0))),
            seconds=seconds.get(user_id),
            agreement=agreement.get(user_id),
        )
        for user_id in people
    )


def _mean(n: int, total: int, _squares: int) -> float | None:
    return total / n / 100 if n else None


def _sd(n: int, total: int, squares: int) -> float | None:
    """Exact in whole numbers until the root: n*sum(x^2) - sum(x)^2 cannot go below zero there."""
    return sqrt((n * squares - total * total) / (n * (n - 1))) / 100 if n > 1 else None


def _seconds(session: Session, group_id: int) -> dict[int, float]:
    rows = session.execute(
        select(Mark.marker_id, func.sum(Mark.dwell_ms), func.count())
        .join(MarkingTask, MarkingTask.id == Mark.task_id)
        .where(MarkingTask.group_id == group_id, Mark.dwell_ms > 0)
        .group_by(Mark.marker_id)
    )
    return {marker_id: int(total) / n / 1000 for marker_id, total, n in rows}


def _agreement(session: Session, group: MarkingGroup) -> dict[int, float]:
    task, other = MarkingTask, aliased(MarkingTask)
    twice = (
        select(other.id)
        .where(other.entry_id == task.entry_id, other.group_id == task.group_id, other.points.is_not(None))
        .where(other.id != task.id, is_live(other))
        .exists()
    )
    rows = session.execute(
        select(task.marker_id, task.points, GroupScore.points)
        .join(GroupScore, (GroupScore.entry_id == task.entry_id) & (GroupScore.group_id == task.group_id))
        .where(task.group_id == group.id, _LIVE, task.state == TaskState.DONE, task.points.is_not(None), twice)
    )
    met: dict[int, list[bool]] = {}
    for marker_id, own, final in rows:
        if marker_id is None or own is None:
            continue
        met.setdefault(marker_id, []).append(abs(own - final) <= group.tolerance)
    return {marker_id: sum(within) / len(within) for marker_id, within in met.items()}
