"""Marks returned or voided for a marker and a window: what follows is worked out anew (domain.md 2.8, 3.8)."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from marking.plan.errors import ReasonMissing
from marking.plan.people import set_state
from marking.rounds.errors import GroupClosed, TaskWithdrawn
from marking.rounds.pass_up import pass_up
from marking.rounds.recall import Window, concerned, recall
from marking.rounds.reopen import reopen
from marking.rounds.revisits import revisits
from models.database import Database
from models.records import AuditEvent, Mark, MarkingTask, PaperRecord
from models.words import (
    AuditVerb,
    MarkingMode,
    MemberState,
    PaperState,
    ProblemReason,
    RevisitReason,
    ScoreSource,
    TaskState,
)
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.marking_work import AT, POLICY, give, mark_next, scores, take, tasks_of

LATER = AT + timedelta(hours=2)


def minutes(count: int) -> datetime:
    return AT + timedelta(minutes=count)


def made(database: Database, mode: MarkingMode = MarkingMode.DOUBLE_THIRD, candidates: int = 3) -> MarkingData:
    data = make_marking_data(
        database, one_part(mode=mode, tolerance="1", own_school_excluded=False), candidates=candidates
    )
    data.seat("head", leads=True)
    return data


def take_back(data: MarkingData, name: str, *, void: bool, since: datetime | None = None, until=None) -> int:
    window = Window(data.users[name], since, until)
    return recall(data.database, data.group().id, window, "过严", void=void, actor_id=data.users["head"], at=LATER)


def mark_all(data: MarkingData, name: str, points: str, count: int, *, first_minute: int = 0) -> list[MarkingTask]:
    seat = data.seat(name)
    return [mark_next(data, seat, points, at=minutes(first_minute + turn)) for turn in range(count)]


def test_voided_marks_are_given_anew_by_others_and_everything_settles_again(database: Database) -> None:
    data = made(database)
    mark_all(data, "a", "4", 3)
    mark_all(data, "b", "10", 3)
    mark_all(data, "c", "9", 3)  # nearer to b: 9.5 by the third mark
    assert set(scores(data).values()) == {("9.5", ScoreSource.THIRD)}
    assert take_back(data, "a", void=True) == 3
    assert scores(data) == {}
    assert take(data, data.seat("a"), want=9, at=LATER) == []  # never again the same response
    assert take(data, data.seat("b"), want=9, at=LATER) == []
    mark_all(data, "d", "9", 3, first_minute=120)
    assert set(scores(data).values()) == {("9.5", ScoreSource.DOUBLE)}  # 9 and 10 agree; the third mark is spare
    with database.read() as session:
        assert len(session.scalars(select(Mark)).all()) == 12  # added, never taken out
        event = session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.MARKS_VOIDED)).one()
        assert (event.actor_id, event.detail["reason"], len(event.detail["tasks"])) == (data.users["head"], "过严", 3)
    assert take_back(data, "a", void=True) == 0  # once more finds nothing


def test_returned_marks_wait_for_their_marker_alone(database: Database) -> None:
    data = made(database, MarkingMode.DOUBLE)
    mark_all(data, "a", "4", 3)
    mark_all(data, "b", "5", 3)
    assert len(scores(data)) == 3
    assert take_back(data, "a", void=False) == 3
    assert scores(data) == {}
    assert take(data, data.seat("c"), want=9, at=LATER) == []
    returned = take(data, data.seat("a"), want=9, at=LATER)
    assert {task.round for task in returned} <= {1, 2}
    assert len(returned) == 3
    for task in returned:
        give(data, data.seat("a"), task, "5", at=LATER)
    assert set(scores(data).values()) == {("5", ScoreSource.DOUBLE)}
    with database.read() as session:
        revisions = session.scalars(select(Mark.revision).where(Mark.marker_id == data.users["a"])).all()
        changed = revisits(session, data.group().id)
    assert Counter(revisions) == {1: 3, 2: 3}
    assert {(one.marker_id, one.before, one.after, one.reason) for one in changed} == {
        (data.users["a"], 4, 5, RevisitReason.RETURNED)
    }
    assert len(changed) == 3


def test_a_returned_mark_given_back_by_its_marker_goes_on_waiting_and_goes_to_others_once_the_marker_leaves(
    database: Database,
) -> None:
    data = made(database, MarkingMode.SINGLE, candidates=1)
    mark_all(data, "a", "4", 1)
    take_back(data, "a", void=False)
    (task,) = take(data, data.seat("a"), at=LATER)
    assert task.state is TaskState.LEASED
    assert take(data, data.seat("b"), at=LATER + timedelta(hours=1)) == []  # the lease is over, the task reserved
    with database.write() as session:
        set_state(session, data.group(), data.users["a"], MemberState.LEFT, actor_id=data.users["head"], at=LATER)
    assert [one.id for one in take(data, data.seat("b"), at=LATER)] == [task.id]


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [(None, None, 3), (1, None, 2), (None, 1, 1), (1, 2, 1), (3, None, 0)],
)
def test_a_window_begins_with_its_first_moment_and_ends_before_its_last(sqlite_database, since, until, count) -> None:
    data = made(sqlite_database, MarkingMode.SINGLE)
    mark_all(data, "a", "4", 3)
    bounds = [None if minute is None else minutes(minute) for minute in (since, until)]
    with sqlite_database.read() as session:
        told = concerned(session, data.group().id, Window(data.users["a"], *bounds))
    assert (told.marks, told.settled) == (count, count)
    assert take_back(data, "a", void=False, since=bounds[0], until=bounds[1]) == count
    assert len(scores(data)) == 3 - count


def test_a_mark_that_is_opened_again_is_taken_from_the_screen(database: Database) -> None:
    data = made(database, MarkingMode.SINGLE, candidates=1)
    (task,) = mark_all(data, "a", "4", 1)
    with database.write() as session:
        again = reopen(session, data.group(), task.code, data.users["a"], policy=POLICY, at=minutes(5))
    assert take_back(data, "a", void=True) == 1
    with pytest.raises(TaskWithdrawn):
        give(data, data.seat("a"), again, "7", at=LATER)
    mark_next(data, data.seat("b"), "8", at=LATER)
    assert list(scores(data).values()) == [("8", ScoreSource.SINGLE)]


def test_a_decision_on_a_problem_response_waits_for_a_leader_again(database: Database) -> None:
    data = made(database, MarkingMode.SINGLE, candidates=1)
    (task,) = take(data, data.seat("a"))
    with database.write() as session:
        pass_up(session, data.group(), task.code, data.users["a"], reason=ProblemReason.OTHER, at=AT)
    head = data.seat("head", leads=True)
    mark_next(data, head, "3")
    assert list(scores(data).values()) == [("3", ScoreSource.LEADER)]
    for void in (True, False):
        assert take_back(data, "head", void=void) == 1
        assert scores(data) == {}
        assert take(data, data.seat("b"), at=LATER) == []
        (again,) = take(data, head, at=LATER)
        assert again.problem is ProblemReason.OTHER
        give(data, head, again, "5", at=LATER)
        assert list(scores(data).values()) == [("5", ScoreSource.LEADER)]


def test_who_passed_a_response_up_is_not_dealt_the_round_that_was_voided(database: Database) -> None:
    data = made(database, MarkingMode.DOUBLE, candidates=1)
    (task,) = take(data, data.seat("a"))
    with database.write() as session:
        pass_up(session, data.group(), task.code, data.users["a"], reason=ProblemReason.OTHER, at=AT)
    mark_all(data, "b", "5", 1)
    take_back(data, "b", void=True)
    assert take(data, data.seat("a"), at=LATER) == []
    assert len(take(data, data.seat("c"), at=LATER)) == 1


def test_a_reason_is_needed_and_a_signed_subject_stays(sqlite_database: Database) -> None:
    data = made(sqlite_database, MarkingMode.SINGLE)
    mark_all(data, "a", "4", 2)
    window = Window(data.users["a"])
    with pytest.raises(ReasonMissing):
        recall(sqlite_database, data.group().id, window, "  ", void=True, actor_id=data.users["head"], at=LATER)
    with sqlite_database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.SUBJECT_SIGNED))
    with pytest.raises(GroupClosed):
        recall(sqlite_database, data.group().id, window, "x", void=True, actor_id=data.users["head"], at=LATER)
    assert len(scores(data)) == 2
    assert {task.state for task in tasks_of(data)} == {TaskState.DONE, TaskState.OPEN}
