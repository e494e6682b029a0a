"""Before opening and live: which responses nobody may mark, and why."""

from dataclasses import replace

import pytest

from marking.plan import people
from marking.plan.feasible import Why, check_group, gaps_by_plan
from marking.plan.people import Person
from marking.tasks.groups import MarkingGroup, TaskRole
from marking.tasks.members import Member
from models.database import Database
from models.words import MarkingMode, MemberState
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.marking_work import AT, give, mark_next, take


def person(number: int, school: int | None, *, marks: bool = True, leads: bool = False) -> Person:
    return Person(number, f"u{number}", f"U{number}", school, "", marks, leads, Member(number))


@pytest.fixture
def group(sqlite_database: Database) -> MarkingGroup:
    return make_marking_data(sqlite_database, one_part(mode=MarkingMode.DOUBLE), candidates=1).group()


SCHOOLS = {1: ("东关", 10), 2: ("西关", 20)}


def gaps(group: MarkingGroup, *persons: Person) -> set[tuple[int, int, str, str, bool]]:
    found = gaps_by_plan(group, persons, SCHOOLS)
    return {(gap.school_id, gap.round, gap.role.value, gap.why.value, gap.always) for gap in found}


def test_two_markers_of_each_side_and_a_leader_are_enough(group: MarkingGroup) -> None:
    leader = person(9, None, marks=False, leads=True)
    assert gaps(group, person(1, 1), person(2, 1), person(3, 2), person(4, 2), leader) == set()


def test_a_school_whose_teachers_are_too_many_of_the_team_is_named_with_the_round(group: MarkingGroup) -> None:
    leader = person(9, None, marks=False, leads=True)
    team = (person(1, 1), person(2, 1), person(3, 2), leader)
    assert gaps(group, *team) == {(1, 2, "marker", "own_school", True)}  # school 1 has only marker 3
    relaxed = replace(group, waived_schools=frozenset({1}))
    assert gaps(relaxed, *team) == set()
    paused = replace(person(3, 2), member=Member(3, MemberState.PAUSED))
    assert gaps(group, person(1, 1), person(2, 1), paused, leader) == {(1, 1, "marker", "own_school", True)}


def test_the_adjudicator_must_be_somebody_who_has_not_marked(group: MarkingGroup) -> None:
    both = person(3, None, leads=True)  # marks as well: might have given the first or second mark
    assert gaps(group, person(1, None), both) == {
        (1, 3, "leader", "involved", False), (2, 3, "leader", "involved", False)
    }  # fmt: skip
    assert gaps(group, person(1, None), person(2, None), both) == set()
    nobody = gaps(group, person(1, None), person(2, None))
    assert {(role, why) for _, _, role, why, _ in nobody} == {("leader", "nobody")}


def test_third_marks_need_a_third_marker_though_not_every_response_does(group: MarkingGroup) -> None:
    triple = replace(group, mode=MarkingMode.DOUBLE_THIRD)
    team = (person(1, None), person(2, None), person(9, None, marks=False, leads=True))
    assert gaps(triple, *team) == {(1, 3, "marker", "nobody", False), (2, 3, "marker", "nobody", False)}


def data_with(database: Database, **plan: object) -> MarkingData:
    return make_marking_data(database, one_part(**plan), candidates=4, schools=2)


def check(data: MarkingData):
    with data.database.read() as session:
        return check_group(session, data.group())


def test_live_it_names_open_tasks_that_nobody_left_may_claim(database: Database) -> None:
    data = data_with(database, mode=MarkingMode.DOUBLE, tolerance="12")
    a, b = data.seat("a", school=0), data.seat("b", school=1)
    data.seat("l0", leads=True)
    found = check(data)
    assert {(gap.why, gap.always) for gap in found.planned} == {(Why.OWN_SCHOOL, True)}
    assert found.stuck == ()  # each response still has somebody for its next mark
    for seat in (a, b):
        for _ in range(2):
            mark_next(data, seat, "5")
    assert take(data, a) == take(data, b) == []
    stuck = check(data).stuck
    assert {(gap.school_id, gap.round, gap.responses, gap.why) for gap in stuck} == {
        (data.schools[0], 2, 2, Why.OWN_SCHOOL), (data.schools[1], 2, 2, Why.OWN_SCHOOL)
    }  # fmt: skip
    assert all(gap.school in data.canaries for gap in stuck)
    with database.write() as session:
        actor = data.users["l0"]
        people.relax_exclusion(session, data.group(), None, "只有两位教师", actor_id=actor)
    assert check(data).stuck == ()
    assert len(take(data, a, want=9)) == 2


def test_a_quota_that_is_used_up_is_told_apart_from_too_few_people(database: Database) -> None:
    data = data_with(database, own_school_excluded=False)
    a = data.seat("a")
    with database.write() as session:
        people.set_quota(session, data.group(), a.user_id, 1, actor_id=a.user_id, at=AT)
    mark_next(data, a, "5")
    assert {gap.why for gap in check(data).stuck} == {Why.QUOTA}
    with database.write() as session:
        people.set_state(session, data.group(), a.user_id, MemberState.LEFT, actor_id=a.user_id, at=AT)
    assert {gap.why for gap in check(data).stuck} == {Why.NOBODY}


def test_an_adjudication_whose_only_leader_has_marked_the_response_is_named(database: Database) -> None:
    data = data_with(database, mode=MarkingMode.DOUBLE, tolerance="0", own_school_excluded=False)
    both = data.seat("both", leads=True)
    both = replace(both, marks=True)
    a = data.seat("a")
    (task,) = take(data, a)
    give(data, a, task, "3")
    for _ in range(4):
        mark_next(data, both, "9")
    found = {(gap.round, gap.role, gap.why) for gap in check(data).stuck}
    assert (3, TaskRole.LEADER, Why.INVOLVED) in found
