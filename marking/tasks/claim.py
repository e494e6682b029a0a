"""Hand out marking tasks under a lease.

A claim is one statement (reliability.md 3.3): on SQLite it runs inside BEGIN IMMEDIATE, on PostgreSQL its sub-select
takes rows FOR UPDATE SKIP LOCKED. There are no joins in the sub-select and the outer statement checks the state again.
The clock is the server's and comes in as an argument.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal_column, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from marking.tasks.conditions import LEASED, LIVE, OPEN, PROBLEM, TRAINING, is_live, is_seen
from marking.tasks.groups import MarkingGroup, Seat, TaskRole
from marking.tasks.hidden import add_hidden, choose_hidden, places_for_hidden
from marking.tasks.lease import expire
from marking.tasks.members import Phase, count_dealt, find_member, room_left
from marking.tasks.queue_policy import QueuePolicy
from marking.tasks.training import prepare_training, prepare_trial
from models.staff import User
from models.task import MarkingTask
from models.words import TaskStage, TaskState

_ATTEMPTS = 5  # only PostgreSQL ever needs a second one: two claims of one marker met on one response

# Built once: two hundred screens ask, and building a statement costs more than running it.
_MINE = (
    select(MarkingTask.id, MarkingTask.code)
    .where(
        MarkingTask.marker_id == bindparam("user_id"),
        MarkingTask.group_id == bindparam("group_id"),
        MarkingTask.state == LEASED,
    )
    .order_by(MarkingTask.priority)
)
_MARKER = select(User.id).where(User.id == bindparam("user_id")).with_for_update(key_share=True)
_BY_IDS = (
    select(MarkingTask)
    .where(MarkingTask.id.in_(bindparam("ids", expanding=True)))
    .order_by(MarkingTask.priority, MarkingTask.id)
)
# The two counts are ordered, so that SQLite counts in the small indexes of what is held and of what waits.
_AT_WORK = select(func.count()).select_from(
    select(MarkingTask.marker_id)
    .where(
        MarkingTask.group_id == bindparam("group_id"),
        MarkingTask.state == LEASED,
        MarkingTask.marker_id != bindparam("user_id"),
    )
    .distinct()
    .order_by(MarkingTask.marker_id)
    .subquery()
)
_SOME_OPEN = select(func.count()).select_from(
    select(MarkingTask.id)
    .where(MarkingTask.group_id == bindparam("group_id"), MarkingTask.state == OPEN, MarkingTask.reserved_for.is_(None))
    .order_by(MarkingTask.priority)
    .limit(bindparam("enough"))
    .subquery()
)


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
    page) comes first; then what is reserved for the person, then open tasks, never of the own school where the group
    excludes it, and never of a response that the person has seen before. Run it in a write transaction.
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
        ids += _claim_fresh(session, group, seat, fresh, policy, until, at)
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


def _claim_fresh(
    session: Session,
    group: MarkingGroup,
    seat: Seat,
    fresh: int,
    policy: QueuePolicy,
    until: datetime,
    at: datetime,
) -> list[int]:
    member = find_member(session, group.id, seat.user_id)
    phase = member.phase(group)
    if phase is Phase.NOTHING:
        return []
    if phase is Phase.TRAINING:
        prepare_training(session, group, seat, member, at)
    elif phase is Phase.TRIAL:
        prepare_trial(session, group, seat, at)
    ids = _take_reserved(session, group, seat, phase, fresh, until)
    if phase is not Phase.LIVE or len(ids) == fresh:
        return ids
    room = min(fresh - len(ids), room_left(session, group, seat, member))
    if room <= 0:
        return ids
    room = _at_the_tail(session, group, seat, room, policy)
    places = places_for_hidden(group, seat.user_id, member.dealt, room)
    chosen = choose_hidden(session, group, seat, places.values()) if places and room > len(places) else []
    live = _claim_open(session, group, seat, room - len(chosen), until)
    if not live:
        return ids  # at the end of a queue a hidden task would stand out
    count_dealt(session, group.id, seat.user_id, len(live) + len(chosen), at)
    return ids + live + add_hidden(session, group, seat, chosen, live, until, at)


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
    statement = _claiming(role, group.excludes(seat.school_id))
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
        return and_(task.role == literal_column("'leader'"), or_(task.state == OPEN, task.state == PROBLEM))
    return and_(task.role == literal_column("'marker'"), task.state == OPEN)


def _leasing() -> Any:
    """The update that leases tasks to a `user` with a lease `until`."""
    return (
        update(MarkingTask)
        .values(
            state=TaskState.LEASED,
            marker_id=bindparam("user"),
            lease_until=bindparam("until"),
            version=MarkingTask.version + 1,
        )
        .returning(MarkingTask.id)
        .execution_options(synchronize_session=False)
    )


@cache
def _claiming(role: TaskRole, excludes_own_school: bool) -> Any:
    """The statement that claims, with the parameters `group`, `user`, `school`, `fresh` and `until`."""
    picked = _picking(role, excludes_own_school).cte("picked")
    return _leasing().where(MarkingTask.id.in_(select(picked.c.id)), _claimable(MarkingTask, role))


def _picking(role: TaskRole, excludes_own_school: bool) -> Select[int]:
    task = aliased(MarkingTask, name="t")
    other = aliased(MarkingTask, name="other")
    same_response = and_(other.entry_id == task.entry_id, other.group_id == task.group_id)
    statement = (
        select(task.id)
        .where(
            task.group_id == bindparam("group"),
            _claimable(task, role),
            task.kind == LIVE,
            task.reserved_for.is_(None),
            # nobody marks one response twice, and who passed it up does not get its other rounds
            ~exists().where(
                same_response,
                is_seen(other),
                other.id != task.id,
                or_(other.marker_id == bindparam("user"), other.reserved_for == bindparam("user")),
            ),
            ~exists().where(same_response, is_seen(other), other.id != task.id, other.raised_by == bindparam("user")),
            # of several rounds only the first is on offer, or one claim could take two of one response
            ~exists().where(
                same_response,
                is_live(other),
                _claimable(other, role),
                other.reserved_for.is_(None),
                other.round < task.round,
            ),
        )
        .order_by(task.priority)
        .limit(bindparam("fresh"))
        .with_for_update(of=task, skip_locked=True)
    )
    return statement.where(task.school_id != bindparam("school")) if excludes_own_school else statement


_RESERVED = (
    select(MarkingTask.id)
    .where(
        MarkingTask.group_id == bindparam("group"),
        MarkingTask.state == OPEN,
        MarkingTask.reserved_for == bindparam("user"),
    )
    .order_by(MarkingTask.priority, MarkingTask.id)
    .limit(bindparam("fresh"))
)
_RESERVED_IN = {
    Phase.LIVE: _RESERVED.where(MarkingTask.kind != TRAINING),
    Phase.TRIAL: _RESERVED.where(MarkingTask.kind == TRAINING, MarkingTask.stage == TaskStage.TRIAL),
    Phase.TRAINING: _RESERVED.where(
        MarkingTask.kind == TRAINING, MarkingTask.stage.in_([TaskStage.PRACTICE, TaskStage.QUALIFICATION])
    ),
}
_TAKING = _leasing().where(MarkingTask.id.in_(bindparam("ids", expanding=True)), MarkingTask.state == OPEN)


def _take_reserved(
    session: Session, group: MarkingGroup, seat: Seat, phase: Phase, fresh: int, until: datetime
) -> list[int]:
    """Lease what waits for this person alone: returned marks, hidden tasks that were given back, training."""
    ids = session.scalars(_RESERVED_IN[phase], {"group": group.id, "user": seat.user_id, "fresh": fresh}).all()
    if not ids:
        return []  # nearly always: one small look instead of a statement that writes
    return list(session.scalars(_TAKING, {"ids": list(ids), "user": seat.user_id, "until": until}))
