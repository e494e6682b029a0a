"""How far marking is: for the marker's screen, and for the leader's board.

Everything is counted from the tasks, which repeat the mark that counts; nothing here writes.
"""

import threading
import time
from dataclasses import dataclass

from sqlalchemy import Integer, bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from marking.tasks.conditions import LIVE, TRAINING, VOIDED, WITHDRAWN
from marking.tasks.groups import MarkingGroup
from marking.tasks.hidden import hidden_share
from models.task import MarkingTask
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
