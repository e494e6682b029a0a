"""Hand out marking tasks under a lease, renew leases, and take tasks back.

A claim is one statement (reliability.md 3.3): on SQLite it runs inside BEGIN IMMEDIATE, on PostgreSQL its sub-select
takes rows FOR UPDATE SKIP LOCKED. There are no joins in the sub-select and the outer statement checks the state again.
The clock is the server's and comes in as an argument. `version` grows with every change of hands, so that a mark that
comes too late meets another version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from marking.tasks.groups import MarkingGroup, Seat, TaskRole
from models.columns import UtcTime
from models.staff import User
from models.task import LeaseEnd, MarkingTask
from models.words import TaskState

_ATTEMPTS = 5  # only PostgreSQL ever needs a second one: two claims of one marker met on one response

# Literals, not parameters: only then can SQLite prove that its partial indexes apply.
_OPEN: ColumnElement[str] = literal_column("'open'")
_LEASED: ColumnElement[str] = literal_column("'leased'")
_PROBLEM: ColumnElement[str] = literal_column("'problem'")
_WITHDRAWN: ColumnElement[str] = literal_column("'withdrawn'")
_DONE: ColumnElement[str] = literal_column("'done'")
_LIVE: ColumnElement[str] = literal_column("'live'")

# Built once: two hundred screens ask, and building a statement costs more than running it.
_MINE = (
    select(MarkingTask.id, MarkingTask.code)
    .where(
        MarkingTask.marker_id == bindparam("user_id"),
        MarkingTask.group_id == bindparam("group_id"),
        MarkingTask.state == _LEASED,
    )
    .order_by(MarkingTask.priority)
)
_MARKER = select(User.id).where(User.id == bindparam("user_id")).with_for_update(key_share=True)
_BY_IDS = select(MarkingTask).where(MarkingTask.id.in_(bindparam("ids", expanding=True))).order_by(MarkingTask.priority)
_AT_WORK = select(func.count(func.distinct(MarkingTask.marker_id))).where(
    MarkingTask.group_id == bindparam("group_id"),
    MarkingTask.state == _LEASED,
    MarkingTask.marker_id != bindparam("user_id"),
)
_SOME_OPEN = select(func.count()).select_from(
    select(MarkingTask.id)
    .where(MarkingTask.group_id == bindparam("group_id"), MarkingTask.state == _OPEN)
    .limit(bindparam("enough"))
    .subquery()
)
_LATE = (
    select(MarkingTask.id)
    .where(
        MarkingTask.group_id == bindparam("group_id"),
        MarkingTask.state == _LEASED,
        MarkingTask.lease_until < bindparam("at"),
    )
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """How tasks are dealt out.

    A marker's screen keeps `hold` tasks and asks again at `refill_below` left; nobody holds more than `limit`.
    Near the end, while fewer than `tail_factor` open tasks are left for each marker at work, `tail_hand` are
    handed out at a time so that nobody hoards the tail.
    """

    lease_s: int = 600
    hold: int = 8
    refill_below: int = 4
    limit: int = 32
    tail_factor: int = 3
    tail_hand: int = 2


def claim(
    session: Session,
    group: MarkingGroup,
    seat: Seat,
    *,
    want: int,
    holding: Sequence[str] = (),
    policy: QueuePolicy,
    at: datetime,
) -> list[MarkingTask]:
    """Give a person up to `want` tasks that are not in `holding`, in the order to mark them.

    Leases of `holding` are renewed. What the person holds without knowing it (a reply that was lost, a reloaded
    page) comes first; then open tasks, never of the own school where the group excludes it, and never of a
    response that the person has in another round. Run it in a write transaction.
    """
    _one_claim_at_a_time(session, seat.user_id)
    expire(session, group.id, at)
    until = at + timedelta(seconds=policy.lease_s)
    held = session.execute(_MINE, {"user_id": seat.user_id, "group_id": group.id}).all()
    known = set(holding)
    forgotten = [task_id for task_id, code in held if code not in known][: max(want, 0)]
    renewed = [task_id for task_id, code in held if code in known] + forgotten
    if renewed:
        session.execute(update(MarkingTask).where(MarkingTask.id.in_(renewed)).values(lease_until=until))
    ids = list(forgotten)
    fresh = min(want - len(forgotten), policy.limit - len(held))
    if fresh > 0 and group.is_open:
        ids += _claim_open(session, group, seat, _at_the_tail(session, group, seat, fresh, policy), until)
    if not ids:
        return []
    return list(session.scalars(_BY_IDS, {"ids": ids}, execution_options={"populate_existing": True}))


def _one_claim_at_a_time(session: Session, user_id: int) -> None:
    """Let a copy of the same request wait, and then find what the first was given: asking twice gives no more.

    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name != "sqlite":
        session.execute(_MARKER, {"user_id": user_id})


def refill(
    session: Session,
    group: MarkingGroup,
    seat: Seat,
    *,
    holding: Sequence[str] | None,
    policy: QueuePolicy,
    at: datetime,
) -> list[MarkingTask]:
    """Top up after a submit, once `refill_below` or fewer are left; `holding` None means all that the person holds."""
    if holding is None:
        held = session.execute(_MINE, {"user_id": seat.user_id, "group_id": group.id})
        holding = [code for _, code in held]
    if len(holding) > policy.refill_below:
        return []
    return claim(session, group, seat, want=policy.hold - len(holding), holding=holding, policy=policy, at=at)


def _at_the_tail(session: Session, group: MarkingGroup, seat: Seat, fresh: int, policy: QueuePolicy) -> int:
    at_work = session.scalar(_AT_WORK, {"group_id": group.id, "user_id": seat.user_id})
    enough = policy.tail_factor * (1 + (at_work or 0))
    left = session.scalar(_SOME_OPEN, {"group_id": group.id, "enough": enough}) or 0
    return min(fresh, policy.tail_hand) if left < enough else fresh


def _claim_open(session: Session, group: MarkingGroup, seat: Seat, fresh: int, until: datetime) -> list[int]:
    """Leaders' tasks first: a candidate waits for each of them alone."""
    ids: list[int] = []
    for role in reversed(seat.roles):
        if len(ids) < fresh:
            ids += _claim_role(session, group, seat, role=role, fresh=fresh - len(ids), until=until)
    return ids


def _claim_role(
    session: Session, group: MarkingGroup, seat: Seat, *, role: TaskRole, fresh: int, until: datetime
) -> list[int]:
    statement = _claiming(role, group.own_school_excluded and seat.school_id is not None)
    values = {
        "group": group.id,
        "user": seat.user_id,
        "school": seat.school_id,
        "fresh": fresh,
        "until": until,
    }
    if session.get_bind().dialect.name == "sqlite":  # one writer at a time: there nobody is met
        return list(session.scalars(statement, values))
    for attempt in range(_ATTEMPTS):
        try:
            with session.begin_nested():
                return list(session.scalars(statement, values))
        except IntegrityError:
            if attempt == _ATTEMPTS - 1:
                raise
    return []


def _claimable(task: type[MarkingTask], role: TaskRole) -> ColumnElement[bool]:
    if role is TaskRole.LEADER:
        return and_(task.role == literal_column("'leader'"), or_(task.state == _OPEN, task.state == _PROBLEM))
    return and_(task.role == literal_column("'marker'"), task.state == _OPEN)


@cache
def _claiming(role: TaskRole, excludes_own_school: bool) -> Any:
    """The statement that claims, with the parameters `group`, `user`, `school`, `fresh` and `until`."""
    picked = _picking(role, excludes_own_school).cte("picked")
    return (
        update(MarkingTask)
        .where(MarkingTask.id.in_(select(picked.c.id)), _claimable(MarkingTask, role))
        .values(
            state=TaskState.LEASED,
            marker_id=bindparam("user"),
            lease_until=bindparam("until"),
            version=MarkingTask.version + 1,
        )
        .returning(MarkingTask.id)
        .execution_options(synchronize_session=False)
    )


def _picking(role: TaskRole, excludes_own_school: bool) -> Select[int]:
    task = aliased(MarkingTask, name="t")
    other = aliased(MarkingTask, name="other")
    same_response = and_(
        other.entry_id == task.entry_id,
        other.group_id == task.group_id,
        other.kind == _LIVE,
        other.state != _WITHDRAWN,
    )
    statement = (
        select(task.id)
        .where(
            task.group_id == bindparam("group"),
            _claimable(task, role),
            # nobody marks one response twice, and who passed it up does not get its other rounds
            ~exists().where(
                same_response,
                other.id != task.id,
                or_(other.marker_id == bindparam("user"), other.raised_by == bindparam("user")),
            ),
            # of several rounds only the first is on offer, or one claim could take two of one response
            ~exists().where(same_response, _claimable(other, role), other.round < task.round),
        )
        .order_by(task.priority)
        .limit(bindparam("fresh"))
        .with_for_update(of=task, skip_locked=True)
    )
    return statement.where(task.school_id != bindparam("school")) if excludes_own_school else statement


def expire(session: Session, group_id: int, at: datetime) -> int:
    """Take back every task of the group whose lease has run out; answers how many."""
    late = session.scalars(_LATE, {"group_id": group_id, "at": at}).all()
    return take_back(session, late, "expired", at)


def take_back(session: Session, task_ids: Sequence[int], how: str, at: datetime) -> int:
    """End leases without a mark. A reopened task keeps its earlier mark; a problem goes on waiting for the leader."""
    if not task_ids:
        return 0
    session.execute(
        insert(LeaseEnd).from_select(
            ["task_id", "marker_id", "version", "how", "at"],
            select(
                MarkingTask.id,
                MarkingTask.marker_id,
                MarkingTask.version,
                literal(how),
                literal(at, UtcTime),
            )
            .where(MarkingTask.id.in_(task_ids), MarkingTask.state == _LEASED)
            .with_for_update(),  # a copy of the same request waits here, and then finds nothing that is leased
        )
    )
    marked = MarkingTask.points.is_not(None)
    ended = session.scalars(
        update(MarkingTask)
        .where(MarkingTask.id.in_(task_ids), MarkingTask.state == _LEASED)
        .values(
            state=case((marked, _DONE), (MarkingTask.problem.is_not(None), _PROBLEM), else_=_OPEN),
            marker_id=case((marked, MarkingTask.marker_id), else_=None),
            lease_until=None,
            version=MarkingTask.version + 1,
        )
        .returning(MarkingTask.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


def release(session: Session, code: str, seat: Seat, at: datetime) -> bool:
    """Give a task back unmarked; False when the person does not hold it (any more)."""
    task_id = _held(session, code, seat)
    return task_id is not None and take_back(session, [task_id], "released", at) == 1


def heartbeat(
    session: Session, codes: Sequence[str], seat: Seat, policy: QueuePolicy, at: datetime
) -> dict[str, datetime]:
    """Renew leases; answers until when each task is held that is still the person's."""
    until = at + timedelta(seconds=policy.lease_s)
    kept = session.scalars(
        update(MarkingTask)
        .where(MarkingTask.code.in_(list(codes)), MarkingTask.marker_id == seat.user_id, MarkingTask.state == _LEASED)
        .values(lease_until=until)
        .returning(MarkingTask.code)
        .execution_options(synchronize_session=False)
    )
    return dict.fromkeys(kept, until)


def _held(session: Session, code: str, seat: Seat) -> int | None:
    return session.scalar(
        select(MarkingTask.id).where(
            MarkingTask.code == code, MarkingTask.marker_id == seat.user_id, MarkingTask.state == _LEASED
        )
    )
