"""The marks of a group as columns of numbers, and its tasks as counts: what the leader's board is computed from.

In:  a session and a marking group. Out: frozen values. Six statements whatever the size of the group; nothing writes.
Only raw column values are fetched: a hundred thousand marks as records of their own would take seconds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Float, Integer, String, and_, case, func, select, type_coerce
from sqlalchemy.orm import Session, aliased

from marking.quality.panel import Bools, Floats, Ints, PanelMarks, Scale
from marking.tasks.conditions import DONE, LEASED, LIVE, OPEN, PROBLEM, REPEAT, SEED, TRAINING, VOIDED, WITHDRAWN
from marking.tasks.groups import MarkingGroup, TaskRole
from models.people import School
from models.quality import Script
from models.staff import User
from models.task import GroupScore, Mark, MarkingTask

_JULIAN_1970 = 2_440_587.5
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class GroupMarks:
    """The marks that markers of a group gave, in the order of time; arrays of shape (n,) beside those of `panel`.

    `round` is the marking round, `final` what the response has settled on (NaN: not yet), `disputed` whether a third
    or a leader's deciding mark was asked for on the response. `user_ids` names the panel's markers by their number.
    """

    panel: PanelMarks
    user_ids: tuple[int, ...]
    round: Ints
    final: Floats
    disputed: Bools


@dataclass(frozen=True, slots=True)
class TaskCount:
    """So many live tasks of one round and role, in one state, held or marked by one person (None: nobody)."""

    round: int
    role: str
    state: str
    marker_id: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Name:
    """Who a marker is, for the leader."""

    name: str
    username: str
    school: str


def scale_of(group: MarkingGroup) -> Scale:
    """What points a response of the group can get; marks that are only watched agree within `full_tolerance`."""
    step = min((float(part.step) for part in group.parts), default=1.0)
    return Scale(float(group.full_mark), step, float(group.full_tolerance))


def version(session: Session, group_id: int) -> tuple[object, ...]:
    """Something that differs as soon as a mark of the group is added, changed or voided, or a response settles."""
    tasks = session.execute(
        select(func.count(), func.max(MarkingTask.done_at), func.sum(MarkingTask.version)).where(
            MarkingTask.group_id == group_id
        )
    ).one()
    settled = session.execute(
        select(func.count(), func.max(GroupScore.settled_at)).where(GroupScore.group_id == group_id)
    ).one()
    return (*tasks, *settled)


def load_marks(session: Session, group: MarkingGroup) -> GroupMarks:
    """Every independent mark of the group: by markers, on live work, seeds and repeats; leaders' marks are none."""
    first, script, other = aliased(MarkingTask), aliased(Script), aliased(MarkingTask)
    disputed = (
        select(other.entry_id)
        .where(
            other.group_id == group.id,
            other.kind == LIVE,
            other.state.not_in([WITHDRAWN, VOIDED]),
            other.problem.is_(None),
            other.decides.is_(None),
            (other.round >= 3) | (other.role == TaskRole.LEADER.value),
        )
        .distinct()
        .subquery()
    )
    statement = (
        select(
            MarkingTask.marker_id,
            MarkingTask.entry_id,
            _raw(MarkingTask.points, "own"),
            _seconds_since_1970(session),
            Mark.dwell_ms,
            _raw(script.points, "reference"),
            _raw(first.points, "earlier"),
            MarkingTask.blank,
            MarkingTask.round,
            _raw(GroupScore.points, "final"),
            disputed.c.entry_id,
            case((MarkingTask.kind == SEED, 1), (MarkingTask.kind == REPEAT, 2), else_=0),
        )
        .outerjoin(Mark, and_(Mark.task_id == MarkingTask.id, Mark.version == MarkingTask.version))
        .outerjoin(script, and_(MarkingTask.kind == SEED, script.id == MarkingTask.script_id))
        .outerjoin(first, and_(MarkingTask.kind == REPEAT, first.id == MarkingTask.source_id))
        .outerjoin(
            GroupScore,
            and_(
                MarkingTask.kind == LIVE,
                GroupScore.entry_id == MarkingTask.entry_id,
                GroupScore.group_id == MarkingTask.group_id,
            ),
        )
        .outerjoin(disputed, and_(MarkingTask.kind == LIVE, disputed.c.entry_id == MarkingTask.entry_id))
        .where(
            MarkingTask.group_id == group.id,
            MarkingTask.kind != TRAINING,
            MarkingTask.state == DONE,
            MarkingTask.role == TaskRole.MARKER.value,
            MarkingTask.points.is_not(None),
            MarkingTask.marker_id.is_not(None),
        )
        .order_by(MarkingTask.done_at, MarkingTask.id)
    )
    rows: Any = session.execute(statement).all()
    return _columns(rows)


def _columns(rows: Any) -> GroupMarks:
    given = list(zip(*rows, strict=True)) or [()] * 12
    columns = [np.array(column, dtype=np.float64) for column in given]
    users, marker = np.unique(columns[0].astype(np.int64), return_inverse=True)
    _, response = np.unique(columns[1].astype(np.int64), return_inverse=True)
    kind = columns[11]
    reference = np.where(kind == 1, columns[5] / 100, np.nan)
    earlier = np.where(kind == 2, columns[6] / 100, np.nan)
    known = (kind == 0) | ~np.isnan(reference) | ~np.isnan(earlier)  # a repeat whose first mark is gone says nothing
    seconds = columns[4] / 1000
    marks = PanelMarks(
        marker=marker.astype(np.int64)[known],
        response=response.astype(np.int64)[known],
        points=columns[2][known] / 100,
        at=columns[3][known],
        seconds=np.where(seconds > 0, seconds, np.nan)[known],
        reference=reference[known],
        earlier=earlier[known],
        blank=(columns[7] > 0)[known],
        third=((columns[8] >= 3) & (kind == 0))[known],
        markers=len(users),
    )
    disputed = ~np.isnan(columns[10])
    round_ = columns[8].astype(np.int64)
    return GroupMarks(marks, tuple(users.tolist()), round_[known], columns[9][known] / 100, disputed[known])


def _raw(column: Any, name: str) -> ColumnElement[int]:
    """Points in whole hundredths, under a name of their own."""
    return type_coerce(column, Integer).label(name)


def _seconds_since_1970(session: Session) -> ColumnElement[float]:
    if session.get_bind().dialect.name == "sqlite":
        return type_coerce((func.julianday(MarkingTask.done_at) - _JULIAN_1970) * _DAY_S, Float)
    return type_coerce(func.extract("epoch", MarkingTask.done_at), Float(asdecimal=False))


def task_counts(session: Session, group_id: int) -> list[TaskCount]:
    """All live tasks of a group, counted; those of a marker's round that became a problem count as a leader's."""
    rows = session.execute(
        select(
            MarkingTask.round,
            MarkingTask.role,
            type_coerce(MarkingTask.state, String),
            case((MarkingTask.state.in_([DONE, LEASED]), MarkingTask.marker_id)),
            func.count(),
        )
        .where(
            MarkingTask.group_id == group_id,
            MarkingTask.kind == LIVE,
            MarkingTask.state.in_([OPEN, LEASED, DONE, PROBLEM]),
        )
        .group_by(
            MarkingTask.round,
            MarkingTask.role,
            MarkingTask.state,
            case((MarkingTask.state.in_([DONE, LEASED]), MarkingTask.marker_id)),
        )
    )
    return [TaskCount(*row) for row in rows]


def settled_by_source(session: Session, group_id: int) -> dict[str, int]:
    """How many responses of a group have settled, by where their score came from."""
    rows = session.execute(
        select(type_coerce(GroupScore.source, String), func.count())
        .where(GroupScore.group_id == group_id)
        .group_by(GroupScore.source)
    )
    return {row[0]: row[1] for row in rows}


def names_of(session: Session, user_ids: set[int]) -> dict[int, Name]:
    """Markers by their account."""
    rows = session.execute(
        select(User.id, User.name, User.username, School.name)
        .outerjoin(School, School.id == User.school_id)
        .where(User.id.in_(user_ids))
    )
    return {user_id: Name(name, username, school or "") for user_id, name, username, school in rows}


def raised_by(session: Session, group_id: int) -> dict[int, int]:
    """How many responses each marker has passed up as problems."""
    rows = session.execute(
        select(MarkingTask.raised_by, func.count())
        .where(MarkingTask.group_id == group_id, MarkingTask.kind == LIVE, MarkingTask.raised_by.is_not(None))
        .group_by(MarkingTask.raised_by)
    )
    return {user_id: count for user_id, count in rows if user_id is not None}
