"""Nobody marks one response twice: held by the database itself, whatever the code above it does."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models.database import Database
from models.records import MarkingTask
from models.words import MarkingMode, TaskKind
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.marking_work import give, mark_next, take, tasks_of


@pytest.fixture
def data(database: Database) -> MarkingData:
    plan = one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance="0", own_school_excluded=False)
    return make_marking_data(database, plan, candidates=1)


def assign(data: MarkingData, task: MarkingTask, user_id: int, state: str) -> None:
    """What a manual assignment past all the code would write."""
    with data.database.write() as session:
        session.execute(
            text(
                "UPDATE marking_task SET marker_id = :user, state = :state, lease_until = '2030-01-01' WHERE id = :id"
            ),
            {"user": user_id, "state": state, "until": "2030-01-01 00:00:00", "id": task.id},
        )


def test_no_statement_gives_an_earlier_marker_the_third_mark_or_the_adjudication(data: MarkingData) -> None:
    a, b, c = (data.seat(name) for name in "abc")
    leader = data.seat("l0", leads=True)
    mark_next(data, a, "2")
    mark_next(data, b, "9")
    (third,) = [task for task in tasks_of(data) if task.round == 3]
    for earlier in (a, b):
        for state in ("leased", "done"):
            with pytest.raises(IntegrityError):
                assign(data, third, earlier.user_id, state)
    mark_next(data, c, "6")
    (last,) = [task for task in tasks_of(data) if task.round == 4]
    assert last.role == "leader"
    for earlier in (a, b, c):
        with pytest.raises(IntegrityError):
            assign(data, last, earlier.user_id, "leased")
    assign(data, last, leader.user_id, "leased")


def test_a_voided_mark_still_keeps_its_marker_away(data: MarkingData) -> None:
    a, b = data.seat("a"), data.seat("b")
    first = mark_next(data, a, "2")
    with data.database.write() as session:
        session.execute(text("UPDATE marking_task SET state = 'voided' WHERE id = :id"), {"id": first.id})
    (second,) = [task for task in tasks_of(data) if task.round == 2]
    with pytest.raises(IntegrityError):
        assign(data, second, a.user_id, "leased")
    assert take(data, a) == []
    give(data, b, take(data, b)[0], "5")


def test_a_response_seen_as_a_seed_is_never_marked_live_and_the_other_way_round(data: MarkingData) -> None:
    a, b = data.seat("a"), data.seat("b")
    first = mark_next(data, a, "2")

    def as_seed(user_id: int, code: str) -> None:
        with data.database.write() as session:
            session.add(
                MarkingTask(
                    code=code, group_id=first.group_id, entry_id=first.entry_id, school_id=first.school_id, round=1,
                    kind=TaskKind.SEED, priority=1, marker_id=user_id, lease_until=first.created_at, state="leased",
                )
            )  # fmt: skip

    with pytest.raises(IntegrityError):
        as_seed(a.user_id, "seed1")
    as_seed(b.user_id, "seed2")
    assert take(data, b, want=4) != []  # the seed that b holds
    (second,) = [task for task in tasks_of(data) if task.round == 2]
    with pytest.raises(IntegrityError):
        assign(data, second, b.user_id, "leased")


def test_a_round_exists_once_but_a_voided_one_may_be_given_anew(data: MarkingData) -> None:
    a = data.seat("a")
    first = mark_next(data, a, "2")

    def again(code: str) -> None:
        with data.database.write() as session:
            session.add(
                MarkingTask(
                    code=code, group_id=first.group_id, entry_id=first.entry_id, school_id=first.school_id, round=1,
                    priority=1,
                )
            )  # fmt: skip

    with pytest.raises(IntegrityError):
        again("x1")
    with data.database.write() as session:
        session.execute(text("UPDATE marking_task SET state = 'voided' WHERE id = :id"), {"id": first.id})
    again("x2")
    with pytest.raises(IntegrityError):
        again("x3")
