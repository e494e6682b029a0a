"""Who may do what where: the pure function, by cases worked out by hand and by its invariants."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.words import Role
from web.access.permissions import PERMISSIONS_OF, Permission
from web.access.policy import Held, Scope, allowed, holds, reaches

SEE = Permission.SEE_STATISTICS
SCHOOL_3 = Held(Role.SCHOOL, Scope(exam_id=1, school_id=3))
COUNTY = Held(Role.EXAM_MANAGER, Scope(exam_id=1))


@pytest.mark.parametrize(
    ("grant", "target", "whole", "part"),
    [
        (COUNTY, Scope(exam_id=1), True, True),
        (COUNTY, Scope(exam_id=1, paper_id=2, school_id=9), True, True),
        (COUNTY, Scope(exam_id=2), False, False),
        (SCHOOL_3, Scope(exam_id=1, paper_id=2, school_id=3), True, True),
        (SCHOOL_3, Scope(exam_id=1, paper_id=2), False, True),  # a part of it: the own candidates
        (SCHOOL_3, Scope(exam_id=1, school_id=4), False, False),
        (SCHOOL_3, Scope(exam_id=2, school_id=3), False, False),
    ],
)
def test_a_grant_covers_what_lies_below_it_and_touches_what_it_shares(
    grant: Held, target: Scope, whole: bool, part: bool
) -> None:
    assert bool(allowed([grant], SEE, target)) is whole
    assert bool(reaches([grant], SEE, target)) is part


def test_a_refusal_says_why() -> None:
    assert allowed([SCHOOL_3], SEE, Scope(exam_id=9)).why == "statistics.see is held, but not here"
    assert holds([SCHOOL_3], Permission.SCAN).why == "no grant brings scan.add"


def test_whoever_manages_cannot_mark_and_whoever_marks_sees_nobody() -> None:
    marking = {Permission.MARK_RESPONSE, Permission.LEAD_GROUP}
    for role in (Role.ADMIN, Role.EXAM_MANAGER, Role.SCANNER_OPERATOR, Role.SCHOOL, Role.STUDENT):
        assert not PERMISSIONS_OF[role] & marking
    for role in (Role.MARKER, Role.LEADER):
        assert PERMISSIONS_OF[role] <= marking | {Permission.PLAN_MARKING, Permission.WATCH_MARKING}


ids = st.one_of(st.none(), st.integers(1, 3))
scopes = st.builds(Scope, exam_id=ids, paper_id=ids, group_id=ids, school_id=ids, class_id=ids, candidate_id=ids)
grants = st.lists(st.builds(Held, st.sampled_from(Role), scopes), max_size=4)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(grants, st.sampled_from(Permission), scopes, st.builds(Held, st.sampled_from(Role), scopes))
def test_more_grants_never_take_anything_away(
    held: list[Held], permission: Permission, target: Scope, more: Held
) -> None:
    if allowed(held, permission, target):
        assert allowed([*held, more], permission, target)
        assert reaches(held, permission, target)
    if reaches(held, permission, target):
        assert holds(held, permission)
    assert not allowed([], permission, target)
