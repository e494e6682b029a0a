"""The people of a marking group on the day: who is here, what each may mark, and every change in one step.

In:  ids of groups and accounts. Out: rows for the plan page; audited changes. Nobody's candidates appear here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from marking.plan.errors import PersonUnknown, PlanRefused, ReasonMissing
from marking.tasks.conditions import DONE, LEASED, LIVE, OPEN, TRAINING, is_live
from marking.tasks.groups import MarkingGroup
from marking.tasks.lease import release_all
from marking.tasks.members import Member, find_member, find_members, keep_member
from models.audit import record
from models.errors import mark_text
from models.exam import GroupRecord
from models.people import School
from models.staff import Grant, User
from models.task import MarkingTask
from models.words import AuditVerb, Gate, MemberState, Role, TaskState


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a group. `done` and `held` count live tasks."""

    user_id: int
    username: str
    name: str
    school_id: int | None
    school: str
    marks: bool
    leads: bool
    member: Member
    done: int = 0
    held: int = 0

    @property
    def is_active(self) -> bool:
        """Whether the person gets tasks."""
        return self.member.state is MemberState.ACTIVE


def group_people(session: Session, group: MarkingGroup) -> list[Person]:
    """Everybody whose rights cover the group, in the order of school and name, also those who have left it."""
    rows = session.execute(
        select(User.id, User.username, User.name, User.school_id, School.name, Grant.role)
        .join(Grant, Grant.user_id == User.id)
        .outerjoin(School, School.id == User.school_id)
        .where(
            User.active,
            Grant.role.in_([Role.MARKER, Role.LEADER]),
            (Grant.exam_id.is_(None)) | (Grant.exam_id == group.exam_id),
            (Grant.paper_id.is_(None)) | (Grant.paper_id == group.paper_id),
            (Grant.group_id.is_(None)) | (Grant.group_id == group.id),
        )
        .order_by(School.name, User.name, User.id)
    ).all()
    roles: dict[int, set[Role]] = {}
    for row in rows:
        roles.setdefault(row[0], set()).add(row[5])
    members = find_members(session, group.id)
    counts = _counts(session, group.id)
    found: dict[int, Person] = {}
    for user_id, username, name, school_id, school, _role in rows:
        found[user_id] = Person(
            user_id=user_id,
            username=username,
            name=name,
            school_id=school_id,
            school=school or "",
            marks=Role.MARKER in roles[user_id],
            leads=Role.LEADER in roles[user_id],
            member=members.get(user_id, Member(user_id)),
            done=counts.get((user_id, TaskState.DONE), 0),
            held=counts.get((user_id, TaskState.LEASED), 0),
        )
    return list(found.values())


def _counts(session: Session, group_id: int) -> dict[tuple[int, TaskState], int]:
    rows = session.execute(
        select(MarkingTask.marker_id, MarkingTask.state, func.count())
        .where(MarkingTask.group_id == group_id, MarkingTask.kind == LIVE, MarkingTask.state.in_([DONE, LEASED]))
        .group_by(MarkingTask.marker_id, MarkingTask.state)
    )
    return {(marker_id, state): count for marker_id, state, count in rows if marker_id is not None}


def person_of(session: Session, group: MarkingGroup, user_id: int) -> Person:
    """One person of the group. Raises PersonUnknown."""
    for person in group_people(session, group):
        if person.user_id == user_id:
            return person
    raise PersonUnknown(name=str(user_id))


def set_quota(
    session: Session, group: MarkingGroup, user_id: int, quota: int | None, *, actor_id: int, at: datetime
) -> None:
    """The most live tasks that a person marks in the group; None: as many as there are.

    Raises PlanRefused, PersonUnknown.
    """
    if quota is not None and quota < 0:
        raise PlanRefused(why=mark_text("a quota cannot be below 0"))
    person_of(session, group, user_id)
    keep_member(session, group.id, user_id, at, quota=quota)
    record(session, AuditVerb.MEMBER_CHANGED, f"group:{group.id}", actor_id=actor_id, user_id=user_id, quota=quota)


def set_school_quota(
    session: Session, group: MarkingGroup, school_id: int, quota: int | None, *, actor_id: int
) -> None:
    """The most live tasks that the markers of a school mark together; None: as many as there are.

    Raises PlanRefused.
    """
    if quota is not None and quota < 0:
        raise PlanRefused(why=mark_text("a quota cannot be below 0"))
    stored = session.get_one(GroupRecord, group.id)
    quotas = {**stored.school_quotas, str(school_id): quota}
    stored.school_quotas = {key: value for key, value in quotas.items() if value is not None}
    record(session, AuditVerb.PLAN_CHANGED, f"group:{group.id}", actor_id=actor_id, school=school_id, quota=quota)


def set_state(
    session: Session,
    group: MarkingGroup,
    user_id: int,
    state: MemberState,
    *,
    reason: str = "",
    release: bool = False,
    actor_id: int,
    at: datetime,
) -> int:
    """Pause a person, let them go on, or take them out of the group; answers how many held tasks went back.

    Who is paused may still finish what they hold, unless `release` takes it back; who leaves holds nothing any more,
    and what was returned to them goes to the others. Raises ReasonMissing for a pause without one, PersonUnknown.
    """
    if state is MemberState.PAUSED and not reason.strip():
        raise ReasonMissing
    person_of(session, group, user_id)
    keep_member(session, group.id, user_id, at, state=state, reason=reason.strip()[:200])
    record(
        session, AuditVerb.MEMBER_CHANGED, f"group:{group.id}", actor_id=actor_id, user_id=user_id, state=state.value,
        reason=reason,
    )  # fmt: skip
    if state is MemberState.LEFT:
        freed = release_held(session, group, user_id, actor_id=actor_id, at=at)
        _hand_over_reserved(session, group.id, user_id)
        return freed
    return release_held(session, group, user_id, actor_id=actor_id, at=at) if release else 0


def release_held(session: Session, group: MarkingGroup, user_id: int, *, actor_id: int, at: datetime) -> int:
    """Take back everything that a person holds, in one step; answers how many."""
    freed = release_all(session, group.id, user_id, at)
    if freed:
        record(session, AuditVerb.LEASES_RELEASED, f"group:{group.id}", actor_id=actor_id, user_id=user_id, count=freed)
    return freed


def _hand_over_reserved(session: Session, group_id: int, user_id: int) -> None:
    mine = (MarkingTask.group_id == group_id, MarkingTask.reserved_for == user_id, MarkingTask.state == OPEN)
    for live, values in ((True, {"reserved_for": None}), (False, {"state": TaskState.WITHDRAWN})):
        session.execute(
            update(MarkingTask)
            .where(*mine, is_live(MarkingTask) if live else MarkingTask.kind != LIVE)
            .values(**values, version=MarkingTask.version + 1)
            .execution_options(synchronize_session=False)
        )


def add_person(session: Session, group: MarkingGroup, username: str, *, actor_id: int, at: datetime) -> int:
    """Let somebody who works in this exam mark the group. Raises PersonUnknown."""
    user_id = session.scalar(
        select(User.id)
        .join(Grant, Grant.user_id == User.id)
        .where(User.username == username.strip(), User.active, Grant.role.in_([Role.MARKER, Role.LEADER]))
        .where((Grant.exam_id.is_(None)) | (Grant.exam_id == group.exam_id))
        .limit(1)
    )
    if user_id is None:
        raise PersonUnknown(name=username.strip()[:100])
    covered = [person for person in group_people(session, group) if person.user_id == user_id and person.marks]
    if not covered:
        session.add(
            Grant(user_id=user_id, role=Role.MARKER, exam_id=group.exam_id, paper_id=group.paper_id, group_id=group.id)
        )
        session.flush()
    keep_member(session, group.id, user_id, at, state=MemberState.ACTIVE, reason="")
    record(
        session, AuditVerb.MEMBER_CHANGED, f"group:{group.id}", actor_id=actor_id, user_id=user_id,
        state=MemberState.ACTIVE.value,
    )  # fmt: skip
    return user_id


def move_person(
    session: Session, group: MarkingGroup, user_id: int, to: MarkingGroup, *, actor_id: int, at: datetime
) -> int:
    """Take a person out of one group and into another of the same exam; answers how many held tasks went back.

    Raises PlanRefused, PersonUnknown.
    """
    if to.exam_id != group.exam_id or to.id == group.id:
        raise PlanRefused(why=mark_text("people move between the groups of one exam"))
    username = person_of(session, group, user_id).username
    freed = set_state(session, group, user_id, MemberState.LEFT, actor_id=actor_id, at=at)
    add_person(session, to, username, actor_id=actor_id, at=at)
    return freed


def replace_person(
    session: Session, group: MarkingGroup, user_id: int, username: str, *, actor_id: int, at: datetime
) -> int:
    """Let another person take somebody's place, with what is left of the quota; answers the newcomer's id.

    Raises PlanRefused, PersonUnknown.
    """
    leaving = person_of(session, group, user_id)
    if leaving.username == username.strip():
        raise PlanRefused(why=mark_text("nobody takes their own place"))
    newcomer = add_person(session, group, username, actor_id=actor_id, at=at)
    set_state(session, group, user_id, MemberState.LEFT, actor_id=actor_id, at=at)
    if leaving.member.quota is not None:
        own = find_member(session, group.id, newcomer)
        left = max(leaving.member.quota - leaving.done, 0)
        keep_member(session, group.id, newcomer, at, quota=left + (own.quota or 0))
    return newcomer


def grant_gate(
    session: Session, group: MarkingGroup, user_ids: Sequence[int], gate: Gate | None, *, actor_id: int, at: datetime
) -> None:
    """Let people through to live marking, or (None) let them begin their training again."""
    for user_id in user_ids:
        person_of(session, group, user_id)
        keep_member(session, group.id, user_id, at, gate=gate)
        if gate is None:
            session.execute(
                update(MarkingTask)
                .where(MarkingTask.group_id == group.id, MarkingTask.reserved_for == user_id)
                .where(MarkingTask.kind == TRAINING, MarkingTask.state == OPEN)
                .values(state=TaskState.WITHDRAWN, version=MarkingTask.version + 1)
                .execution_options(synchronize_session=False)
            )
        record(
            session, AuditVerb.MEMBER_CHANGED, f"group:{group.id}", actor_id=actor_id, user_id=user_id,
            gate=gate.value if gate else "again",
        )  # fmt: skip


def relax_exclusion(
    session: Session, group: MarkingGroup, school_ids: Sequence[int] | None, reason: str, *, actor_id: int
) -> None:
    """Let markers of these schools mark their own school's responses; None: every school, for good.

    Raises ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    stored = session.get_one(GroupRecord, group.id)
    if school_ids is None:
        stored.own_school_excluded = False
    else:
        stored.waived_schools = sorted({*stored.waived_schools, *school_ids})
    record(
        session, AuditVerb.EXCLUSION_RELAXED, f"group:{group.id}", actor_id=actor_id, schools=list(school_ids or []),
        every=school_ids is None, reason=reason.strip()[:500],
    )  # fmt: skip


def restore_exclusion(session: Session, group: MarkingGroup, *, actor_id: int) -> None:
    """Keep markers away from their own schools again."""
    stored = session.get_one(GroupRecord, group.id)
    stored.own_school_excluded, stored.waived_schools = True, []
    record(session, AuditVerb.EXCLUSION_RELAXED, f"group:{group.id}", actor_id=actor_id, restored=True)
