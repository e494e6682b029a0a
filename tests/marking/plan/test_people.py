"""The morning: quotas, pauses, moves, replacements, released claims, all in one step and written down."""

import pytest
from sqlalchemy import select

from marking.plan import people
from marking.plan.errors import PersonUnknown, PlanRefused, ReasonMissing
from models.database import Database
from models.records import AuditEvent, Grant, GroupMember, MarkingTask, User
from models.words import AuditVerb, MemberState, Role, TaskState
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.marking_work import AT, give, take, tasks_of


@pytest.fixture
def data(database: Database) -> MarkingData:
    data = make_marking_data(database, one_part("13"), one_part("14"), candidates=12, schools=3)
    data.seat("l0", leads=True)
    return data


def by(data: MarkingData) -> dict[str, object]:
    return {"actor_id": data.users["l0"], "at": AT}


def test_a_person_gets_no_more_than_the_quota_and_then_again_when_it_is_raised(data: MarkingData) -> None:
    seat = data.seat("a")
    with data.database.write() as session:
        people.set_quota(session, data.group(), seat.user_id, 3, **by(data))
    held = take(data, seat, want=8)
    assert len(held) == 3
    give(data, seat, held[0], "5")
    assert take(data, seat, want=8)[0].code in {task.code for task in held}  # only what is held already
    with data.database.write() as session:
        people.set_quota(session, data.group(), seat.user_id, 5, **by(data))
    assert len(take(data, seat, want=8)) == 4  # two held and two new
    with data.database.write() as session:
        people.set_quota(session, data.group(), seat.user_id, None, **by(data))
    assert len(take(data, seat, want=8)) == 8


def test_the_markers_of_a_school_share_its_quota(data: MarkingData) -> None:
    first, second = data.seat("a", school=0), data.seat("b", school=0)
    other = data.seat("c", school=1)
    with data.database.write() as session:
        people.set_school_quota(session, data.group(), data.schools[0], 4, actor_id=by(data)["actor_id"])
    assert len(take(data, first, want=3)) == 3
    assert len(take(data, second, want=3)) == 1
    assert len(take(data, other, want=3)) == 3


def test_who_is_paused_gets_nothing_new_but_may_finish(data: MarkingData) -> None:
    seat = data.seat("a")
    (held, *_rest) = take(data, seat, want=2)
    with pytest.raises(ReasonMissing), data.database.write() as session:
        people.set_state(session, data.group(), seat.user_id, MemberState.PAUSED, reason=" ", **by(data))
    with data.database.write() as session:
        freed = people.set_state(session, data.group(), seat.user_id, MemberState.PAUSED, reason="复核", **by(data))
    assert freed == 0
    give(data, seat, held, "5")
    assert len(take(data, seat, want=5)) == 1
    with data.database.write() as session:
        people.set_state(session, data.group(), seat.user_id, MemberState.ACTIVE, **by(data))
    assert len(take(data, seat, want=5)) == 5


def test_claims_of_a_person_are_released_in_one_step(data: MarkingData) -> None:
    seat = data.seat("a")
    assert len(take(data, seat, want=6)) == 6
    with data.database.write() as session:
        assert people.release_held(session, data.group(), seat.user_id, **by(data)) == 6
        assert people.release_held(session, data.group(), seat.user_id, **by(data)) == 0
    assert {task.state for task in tasks_of(data)} == {TaskState.OPEN}
    assert len(take(data, data.seat("b"), want=12)) == 12
    with data.database.read() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.LEASES_RELEASED))
        assert event.detail == {"user_id": seat.user_id, "count": 6}


def test_a_person_moves_to_another_group_and_what_was_held_goes_back(data: MarkingData) -> None:
    seat = data.seat("a")
    take(data, seat, want=4)
    with data.database.write() as session:
        assert people.move_person(session, data.group("13"), seat.user_id, data.group("14"), **by(data)) == 4
    assert take(data, seat, "13", want=4) == []
    assert len(take(data, seat, "14", want=4)) == 4
    with data.database.read() as session:
        left, came = people.group_people(session, data.group("13")), people.group_people(session, data.group("14"))
        assert [person.member.state for person in left if person.user_id == seat.user_id] == [MemberState.LEFT]
        assert [person.member.state for person in came if person.user_id == seat.user_id] == [MemberState.ACTIVE]


def test_a_newcomer_takes_the_place_with_what_is_left_of_the_quota(data: MarkingData) -> None:
    seat, new = data.seat("a"), data.seat("b")
    with data.database.write() as session:
        people.set_quota(session, data.group(), seat.user_id, 5, **by(data))
    for task in take(data, seat, want=2):
        give(data, seat, task, "5")
    take(data, seat, want=2)
    with data.database.write() as session:
        assert people.replace_person(session, data.group(), seat.user_id, "b", **by(data)) == new.user_id
    assert take(data, seat, want=2) == []
    assert len(take(data, new, want=8)) == 3
    with pytest.raises(PersonUnknown), data.database.write() as session:
        people.replace_person(session, data.group(), new.user_id, "nobody", **by(data))


def test_only_people_of_the_exam_with_a_marking_role_can_be_added(data: MarkingData) -> None:
    with data.database.write() as session:
        school = User(username="school", name="校")
        narrow = User(username="narrow", name="窄")
        session.add_all([school, narrow])
        session.flush()
        session.add(Grant(user_id=school.id, role=Role.SCHOOL, exam_id=data.exam_id))
        session.add(Grant(user_id=narrow.id, role=Role.MARKER, exam_id=data.exam_id, group_id=data.groups["13"]))
    with pytest.raises(PersonUnknown), data.database.write() as session:
        people.add_person(session, data.group("14"), "school", **by(data))
    with data.database.read() as session:
        assert narrow.id not in {person.user_id for person in people.group_people(session, data.group("14"))}
    for _ in range(2):  # twice gives one right
        with data.database.write() as session:
            people.add_person(session, data.group("14"), "narrow", **by(data))
    with data.database.read() as session:
        assert narrow.id in {person.user_id for person in people.group_people(session, data.group("14"))}
        assert session.query(Grant).filter_by(user_id=narrow.id).count() == 2


def test_own_school_exclusion_is_relaxed_only_with_a_reason(data: MarkingData) -> None:
    seat = data.seat("a", school=0)
    actor = by(data)["actor_id"]
    assert {task.school_id for task in take(data, seat, want=12)} == set(data.schools[1:])
    with data.database.write() as session:
        people.release_held(session, data.group(), seat.user_id, **by(data))
    with pytest.raises(ReasonMissing), data.database.write() as session:
        people.relax_exclusion(session, data.group(), [data.schools[0]], "  ", actor_id=actor)
    with data.database.write() as session:
        people.relax_exclusion(session, data.group(), [data.schools[0]], "人手不足", actor_id=actor)
    assert {task.school_id for task in take(data, seat, want=12)} == set(data.schools)
    other = data.seat("b", school=1)
    with data.database.write() as session:
        people.release_held(session, data.group(), seat.user_id, **by(data))
    assert data.schools[1] not in {task.school_id for task in take(data, other, want=12)}
    with data.database.read() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.EXCLUSION_RELAXED))
        assert (event.detail["reason"], event.detail["schools"]) == ("人手不足", [data.schools[0]])
    with data.database.write() as session:
        people.restore_exclusion(session, data.group(), actor_id=actor)
        people.release_held(session, data.group(), other.user_id, **by(data))
    assert data.schools[0] not in {task.school_id for task in take(data, seat, want=12)}


def test_impossible_steps_are_refused(data: MarkingData) -> None:
    seat = data.seat("a")
    with pytest.raises(PlanRefused), data.database.write() as session:
        people.set_quota(session, data.group(), seat.user_id, -1, **by(data))
    with pytest.raises(PlanRefused), data.database.write() as session:
        people.move_person(session, data.group(), seat.user_id, data.group(), **by(data))
    with pytest.raises(PersonUnknown), data.database.write() as session:
        people.set_quota(session, data.group(), 10**6, 3, **by(data))
    with data.database.read() as session:
        assert session.query(GroupMember).count() == 0
        assert session.query(MarkingTask).filter(MarkingTask.marker_id.is_not(None)).count() == 0
