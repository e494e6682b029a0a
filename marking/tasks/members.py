"""The people of a marking group: who takes part, how much each may mark, and how far each has come.

A person without a row takes part freely. Rows are made when something is set, or when tasks are first dealt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from marking.tasks.conditions import DONE, LEASED, is_live
from marking.tasks.groups import MarkingGroup, Seat
from models.quality import GroupMember
from models.staff import User
from models.task import MarkingTask
from models.words import Gate, MemberState

UNLIMITED = 10**9


class Phase(StrEnum):
    """What a person is given in a group at this moment."""

    TRIAL = "trial"
    TRAINING = "training"
    LIVE = "live"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Member:
    """How one person takes part in a group."""

    user_id: int
    state: MemberState = MemberState.ACTIVE
    quota: int | None = None
    dealt: int = 0
    gate: Gate | None = None
    reason: str = ""

    def phase(self, group: MarkingGroup) -> Phase:
        """What the person is given: nobody who is paused or has not qualified gets live responses."""
        if self.state is not MemberState.ACTIVE:
            return Phase.NOTHING
        if group.trial_open and not group.is_locked:
            return Phase.TRIAL
        if group.quality.qualification and self.gate is not Gate.QUALIFIED:
            return Phase.NOTHING if self.gate is Gate.REFUSED else Phase.TRAINING
        return Phase.LIVE


_ALL = select(  # built once: every claim asks
    GroupMember.user_id, GroupMember.state, GroupMember.quota, GroupMember.dealt, GroupMember.gate, GroupMember.reason
).where(GroupMember.group_id == bindparam("group_id"))
_ONE = _ALL.where(GroupMember.user_id == bindparam("user_id"))


def find_member(session: Session, group_id: int, user_id: int) -> Member:
    """One person's part in a group."""
    row = session.execute(_ONE, {"group_id": group_id, "user_id": user_id}).one_or_none()
    return Member(user_id) if row is None else Member(*row)


def find_members(session: Session, group_id: int) -> dict[int, Member]:
    """Those who have a row in a group, by user id."""
    return {found[0]: Member(*found) for found in session.execute(_ALL, {"group_id": group_id})}


def keep_member(session: Session, group_id: int, user_id: int, at: datetime, **values: object) -> None:
    """Set columns of a person's row, making the row where there is none."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    first = {
        "group_id": group_id, "user_id": user_id, "state": MemberState.ACTIVE, "dealt": 0, "reason": "",
        "changed_at": at, **values,
    }  # fmt: skip
    session.execute(
        insert(GroupMember)
        .values(**first)
        .on_conflict_do_update(index_elements=["group_id", "user_id"], set_={**values, "changed_at": at})
    )


def _dealing(insert: Callable[..., Any]) -> Any:
    new = insert(GroupMember)
    more = {"dealt": GroupMember.dealt + new.excluded.dealt, "changed_at": new.excluded.changed_at}
    return new.on_conflict_do_update(index_elements=["group_id", "user_id"], set_=more).returning(GroupMember.dealt)


_DEALING = {"sqlite": _dealing(sqlite.insert), "postgresql": _dealing(postgresql.insert)}


def count_dealt(session: Session, group_id: int, user_id: int, count: int, at: datetime) -> int:
    """Add to what was dealt to a person; answers how many it were before.

    It also makes two claims of one person wait for each other, so that hidden tasks keep their distance.
    """
    values = {
        "group_id": group_id, "user_id": user_id, "state": MemberState.ACTIVE, "dealt": count, "reason": "",
        "changed_at": at,
    }  # fmt: skip
    after: int | None = session.scalar(_DEALING[session.get_bind().dialect.name], values)
    assert after is not None
    return after - count


def room_left(session: Session, group: MarkingGroup, seat: Seat, member: Member) -> int:
    """How many more live tasks the person may have: own quota and the school's, UNLIMITED where there is none."""
    room = UNLIMITED
    if member.quota is not None:
        room = member.quota - _count(session, group.id, [seat.user_id])
    if seat.school_id is not None and seat.school_id in group.school_quotas:
        colleagues = session.scalars(select(User.id).where(User.school_id == seat.school_id)).all()
        room = min(room, group.school_quotas[seat.school_id] - _count(session, group.id, colleagues))
    return max(room, 0)


def _count(session: Session, group_id: int, user_ids: Sequence[int]) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(MarkingTask)
            .where(
                MarkingTask.group_id == group_id,
                MarkingTask.marker_id.in_(user_ids),
                is_live(MarkingTask),
                MarkingTask.state.in_([DONE, LEASED]),
            )
        )
        or 0
    )
