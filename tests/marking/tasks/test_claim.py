"""Who gets which task, for how long, and what happens when a lease ends."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from marking.rounds.errors import LeaseLost
from marking.rounds.submit import ScoreForm, submit
from marking.tasks.claim import claim
from marking.tasks.groups import Seat
from marking.tasks.lease import heartbeat, release
from marking.tasks.queue_policy import QueuePolicy
from models.database import Database
from models.records import GroupRecord, LeaseEnd, MarkingTask, PaperRecord
from models.words import MarkingMode, PaperState, TaskState
from tests.support.marking_data import MarkingData, make_marking_data, one_part

AT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
POLICY = QueuePolicy(tail_factor=0)
DOUBLE = one_part(mode=MarkingMode.DOUBLE)


def take(
    data: MarkingData, seat: Seat, want: int = 1, *, at: datetime = AT, holding=(), policy=POLICY
) -> list[MarkingTask]:
    with data.database.write() as session:
        return claim(session, data.group(), seat, want=want, holding=holding, policy=policy, at=at)


def test_several_are_handed_out_in_one_reply_under_a_lease_of_ten_minutes(database: Database) -> None:
    data = make_marking_data(database, candidates=10)
    tasks = take(data, data.seat("a"), 8)
    assert len(tasks) == 8
    assert {task.lease_until for task in tasks} == {AT + timedelta(minutes=10)}
    assert {(task.state, task.version) for task in tasks} == {(TaskState.LEASED, 1)}
    assert [task.priority for task in tasks] == sorted(task.priority for task in tasks)


def test_the_own_school_is_left_out_unless_the_group_allows_it(database: Database) -> None:
    data = make_marking_data(database, candidates=8, schools=2)
    assert {task.school_id for task in take(data, data.seat("a", school=0), 8)} == {data.schools[1]}
    with database.write() as session:
        session.execute(update(GroupRecord).values(own_school_excluded=False))
    assert len(take(data, data.seat("b", school=1), 8)) == 4


def test_nobody_gets_two_rounds_of_one_response(database: Database) -> None:
    data = make_marking_data(database, DOUBLE, candidates=5)
    seat = data.seat("a")
    tasks = take(data, seat, 10)
    assert len({task.entry_id for task in tasks}) == len(tasks) == 5
    assert take(data, seat, 10, holding=[task.code for task in tasks]) == []
    assert len(take(data, data.seat("b"), 10)) == 5


def test_the_database_refuses_a_second_round_for_the_same_marker_even_by_sql(database: Database) -> None:
    """Whoever assigns by hand meets the same wall: third mark, adjudication and reopened tasks included (CO-1b)."""
    data = make_marking_data(
        database, one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance="1", own_school_excluded=False), candidates=1
    )
    people = [data.seat("a"), data.seat("b"), data.seat("c")]
    for seat, points in zip(people, ("0", "6", "12"), strict=True):  # never within: after three the leader decides
        (task,) = take(data, seat)
        with database.write() as session:
            submit(session, data.group(), ScoreForm(task.code, f"key-{points}", task.version, total=points),
                   seat.user_id, AT)  # fmt: skip
        with database.read() as session:
            open_round = session.scalars(select(MarkingTask.round).where(MarkingTask.state == TaskState.OPEN)).all()
        for earlier in people[: people.index(seat) + 1]:
            assert take(data, earlier) == []
            for change in (
                "UPDATE marking_task SET marker_id = :m WHERE marker_id IS NULL",
                "UPDATE marking_task SET marker_id = :m, state = 'leased', lease_until = created_at "
                "WHERE state = 'open'",
            ):
                with pytest.raises(IntegrityError), database.write() as session:
                    session.execute(text(change), {"m": earlier.user_id})
    assert open_round == [4]
    leader = Seat(people[0].user_id, None, marks=False, leads=True)  # promoted in the middle of marking
    assert take(data, leader) == []
    (adjudication,) = take(data, data.seat("l", leads=True))
    assert adjudication.role == "leader"


def test_the_database_refuses_a_second_task_of_one_round(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=1)
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(
            MarkingTask(
                code="x",
                group_id=data.group().id,
                entry_id=data.entries[0],
                school_id=data.schools[0],
                round=1,
                priority=1,
            )
        )


def test_what_a_lost_reply_handed_out_comes_again_and_nothing_is_hoarded(database: Database) -> None:
    data = make_marking_data(database, candidates=12)
    seat = data.seat("a")
    first = take(data, seat, 4)
    again = take(data, seat, 4, at=AT + timedelta(minutes=5))
    assert [task.code for task in again] == [task.code for task in first]
    assert {task.version for task in again} == {1}
    assert {task.lease_until for task in again} == {AT + timedelta(minutes=15)}
    more = take(data, seat, 4, holding=[task.code for task in first])
    assert not {task.code for task in more} & {task.code for task in first}


def test_nobody_holds_more_than_the_limit(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, candidates=12)
    seat, policy = data.seat("a"), QueuePolicy(limit=5, tail_factor=0)
    first = take(data, seat, 4, policy=policy)
    assert len(take(data, seat, 4, holding=[task.code for task in first], policy=policy)) == 1


def test_near_the_end_two_are_handed_out_at_a_time(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, candidates=14)
    policy = QueuePolicy(tail_factor=3, tail_hand=2)
    assert len(take(data, data.seat("a"), 8, policy=policy)) == 8  # 14 open, one at work: 3 are enough
    assert len(take(data, data.seat("b"), 8, policy=policy)) == 6  # 6 open = 3 x 2 at work: not below yet
    with sqlite_database.write() as session:
        session.execute(
            update(MarkingTask).where(MarkingTask.marker_id == data.users["b"]).values(state="open", marker_id=None)
        )
    take(data, data.seat("c"), 1, policy=policy)
    assert len(take(data, data.seat("d"), 8, policy=policy)) == 2  # 5 open < 3 x 3


def test_a_lease_that_ran_out_goes_to_the_next_and_the_late_mark_is_refused(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=1)
    sleeper, next_one = data.seat("sleeper"), data.seat("next")
    (held,) = take(data, sleeper)
    assert take(data, next_one, at=AT + timedelta(minutes=10)) == []  # to the second: still held
    late = AT + timedelta(minutes=10, seconds=1)
    (taken,) = take(data, next_one, at=late)
    assert (taken.code, taken.version) == (held.code, 3)
    with pytest.raises(LeaseLost), database.write() as session:
        submit(
            session, data.group(), ScoreForm(held.code, "late-key-1", held.version, total="3"), sleeper.user_id, late
        )
    with database.read() as session:
        ended = session.scalars(select(LeaseEnd)).one()
        assert (ended.marker_id, ended.how, ended.version) == (sleeper.user_id, "expired", 1)


def test_a_sign_of_life_keeps_the_lease(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=1)
    seat = data.seat("a")
    (held,) = take(data, seat)
    with database.write() as session:
        kept = heartbeat(session, [held.code], seat, policy=POLICY, at=AT + timedelta(minutes=9))
    assert kept == {held.code: AT + timedelta(minutes=19)}
    assert take(data, data.seat("b"), at=AT + timedelta(minutes=15)) == []
    with database.write() as session:
        assert heartbeat(session, [held.code], data.seat("b"), policy=POLICY, at=AT) == {}


def test_what_is_given_back_is_open_at_once(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=1)
    seat = data.seat("a")
    (held,) = take(data, seat)
    with database.write() as session:
        assert release(session, held.code, seat, AT)
        assert not release(session, held.code, seat, AT)
    (taken,) = take(data, data.seat("b"))
    assert taken.code == held.code


def test_a_paused_group_and_a_signed_subject_hand_out_nothing(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, candidates=3)
    with sqlite_database.write() as session:
        session.execute(update(GroupRecord).values(paused=True))
    assert take(data, data.seat("a")) == []
    with sqlite_database.write() as session:
        session.execute(update(GroupRecord).values(paused=False))
        session.execute(update(PaperRecord).values(state=PaperState.SUBJECT_SIGNED))
    assert take(data, data.seat("a")) == []


def test_the_order_of_dealing_says_nothing_about_the_roster(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, one_part(), candidates=1000, schools=1)
    with sqlite_database.read() as session:
        entries = session.scalars(select(MarkingTask.entry_id).order_by(MarkingTask.priority)).all()
        codes = session.scalars(select(MarkingTask.entry_id).order_by(MarkingTask.code)).all()
    for order in (entries, codes):
        n = len(order)
        rank = {entry: place for place, entry in enumerate(sorted(order))}
        apart = sum((place - rank[entry]) ** 2 for place, entry in enumerate(order))
        assert abs(1 - 6 * apart / (n * (n * n - 1))) < 0.15  # five standard errors of Spearman's rho at n = 1000
    assert len(data.entries) == 1000
