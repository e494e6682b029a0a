"""Seeds and own responses again: at secret places, to the right people, and never into a score."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from marking.tasks.hidden import NOT_AGAIN_BEFORE, places_for_hidden
from marking.tasks.lease import release
from models.database import Database
from models.records import AuditEvent, GroupMember, GroupRecord, GroupScore, MarkingTask, Script, TaskImage
from models.words import AuditVerb, MarkingMode, MemberState, ScriptUse, TaskKind, TaskState
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.marking_work import AT, give, mark_next, scores, take


def choose_seeds(data: MarkingData, count: int, points: str = "6", key: str = "") -> list[int]:
    """The first entries as seed scripts, as choosing them leaves the tables: settled, their tasks withdrawn."""
    chosen = data.entries[:count]
    with data.database.write() as session:
        for entry_id in chosen:
            session.add(
                Script(group_id=data.group(key).id, entry_id=entry_id, use=ScriptUse.SEED, points=Decimal(points),
                       parts={"13": points})
            )  # fmt: skip
        session.execute(update(MarkingTask).where(MarkingTask.entry_id.in_(chosen)).values(state=TaskState.WITHDRAWN))
    return chosen


def set_plan(data: MarkingData, **values: object) -> None:
    with data.database.write() as session:
        session.execute(update(GroupRecord).values(**values))


def hidden(data: MarkingData, kind: TaskKind) -> list[MarkingTask]:
    with data.database.read() as session:
        return list(session.scalars(select(MarkingTask).where(MarkingTask.kind == kind)))


def test_each_stretch_has_one_place_and_only_the_secret_says_which(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, one_part(), candidates=1)
    assert TaskKind.REPEAT not in places_for_hidden(data.group(), 7, 0, 400).values(), "nobody asked for own responses"
    set_plan(data, repeat_every=50)
    group = data.group()
    places = [place for place, kind in places_for_hidden(group, 7, 0, 400).items() if kind is TaskKind.SEED]
    repeats = [place for place, kind in places_for_hidden(group, 7, 0, 400).items() if kind is TaskKind.REPEAT]
    taken = Counter(place // 20 for place in places)
    assert len(places) == 20
    assert max(taken.values()) == 1
    assert 5 <= len(repeats) <= 8  # a seed goes first where both would stand
    assert max(Counter(place // 50 for place in repeats).values()) == 1
    assert len({place % 20 for place in places}) > 5
    assert places_for_hidden(group, 8, 0, 400) != places_for_hidden(group, 7, 0, 400)
    in_pieces = {start + place for start in range(0, 400, 4) for place in places_for_hidden(group, 7, start, 4)}
    assert in_pieces == set(places_for_hidden(group, 7, 0, 400))


def test_seeds_are_dealt_one_in_so_many_each_once_to_each_marker(database: Database) -> None:
    data = make_marking_data(database, one_part(own_school_excluded=False), candidates=70)
    seeds = choose_seeds(data, 10)
    set_plan(data, seed_every=5, repeat_every=0)
    a, b = data.seat("a"), data.seat("b")
    for seat in (a, b):
        for _ in range(6):
            for task in take(data, seat, want=5):
                give(data, seat, task, "6")
    dealt = Counter((task.marker_id, task.entry_id) for task in hidden(data, TaskKind.SEED))
    assert set(dealt.values()) == {1}
    assert 5 <= sum(1 for marker, _ in dealt if marker == a.user_id) <= 6
    assert {entry for _, entry in dealt} <= set(seeds)
    assert not {task.entry_id for task in hidden(data, TaskKind.LIVE) if task.points is not None} & set(seeds)


def test_a_seed_never_enters_the_score_and_failing_one_is_written_down(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=30)
    choose_seeds(data, 4, "6")
    set_plan(data, seed_every=2, repeat_every=0)
    seat = data.seat("a")
    for _ in range(4):
        for task in take(data, seat, want=4):
            give(data, seat, task, "11" if task.kind is TaskKind.SEED else "3")
    seeds = hidden(data, TaskKind.SEED)
    assert len(seeds) == 4
    assert {score for score, _ in scores(data).values()} == {"3"}
    with database.read() as session:
        assert not set(session.scalars(select(GroupScore.entry_id))) & set(data.entries[:4])
        failed = session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.SEED_FAILED)).all()
        assert len(failed) == 4
        assert failed[0].detail == {"difference": "5"}


def test_a_seed_within_the_tolerance_is_no_failure_and_seeds_pause_only_where_that_is_asked_for(
    database: Database,
) -> None:
    data = make_marking_data(database, one_part(), candidates=40)
    choose_seeds(data, 6, "6")
    set_plan(data, seed_every=2, repeat_every=0, quality_tolerance=Decimal(1), pause_after_seeds=2)
    good, bad = data.seat("good"), data.seat("bad")
    for seat, points in ((good, "7"), (bad, "9")):
        for _ in range(5):
            for task in take(data, seat, want=4):
                give(data, seat, task, points)
    with database.read() as session:
        rows = session.execute(select(GroupMember.user_id, GroupMember.state, GroupMember.reason))
        states = {user_id: (state, reason) for user_id, state, reason in rows}
    assert states[good.user_id] == (MemberState.ACTIVE, "")
    assert states[bad.user_id] == (MemberState.PAUSED, "seeds")
    assert take(data, bad, want=4) == []


def test_own_responses_come_again_only_after_a_while_and_each_once(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=70)
    set_plan(data, seed_every=0, repeat_every=3)
    seat = data.seat("a")
    order: list[tuple[TaskKind, int]] = []
    for _ in range(14):
        for task in take(data, seat, want=5):
            order.append((task.kind, task.entry_id))
            at = AT + timedelta(seconds=len(order))
            give(data, seat, task, "4" if task.kind is TaskKind.REPEAT else "3", at=at)
    again = [(place, entry) for place, (kind, entry) in enumerate(order) if kind is TaskKind.REPEAT]
    assert len(again) > 8
    assert len({entry for _, entry in again}) == len(again)
    for place, entry in again:
        first = order.index((TaskKind.LIVE, entry))
        assert place - first > NOT_AGAIN_BEFORE
    assert {score for score, _ in scores(data).values()} == {"3"}  # the first mark stays


def test_a_hidden_task_that_is_given_back_comes_to_the_same_person_only(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=30)
    choose_seeds(data, 3)
    set_plan(data, seed_every=2, repeat_every=0)
    a, b = data.seat("a"), data.seat("b")
    held = take(data, a, want=4)
    (seed, *_more) = [task for task in held if task.kind is TaskKind.SEED]
    with database.write() as session:
        for task in held:
            assert release(session, task.code, a, AT)
    assert seed.code not in {task.code for task in take(data, b, want=30)}
    again = take(data, a, want=4)
    assert seed.code in {task.code for task in again}


@pytest.mark.parametrize("mode", [MarkingMode.SINGLE, MarkingMode.DOUBLE_THIRD])
def test_a_hidden_task_looks_like_a_live_one_in_the_table_of_its_images(database: Database, mode: MarkingMode) -> None:
    data = make_marking_data(database, one_part(mode=mode, tolerance="2"), candidates=30)
    choose_seeds(data, 3)
    set_plan(data, seed_every=2, repeat_every=0)
    held = take(data, data.seat("a"), want=8)
    kinds = Counter(task.kind for task in held)
    assert kinds[TaskKind.SEED] >= 2
    assert {task.version for task in held} == {1}
    assert len({task.lease_until for task in held}) == 1
    with database.read() as session:
        keys = session.execute(select(TaskImage.task_id, TaskImage.key, TaskImage.position)).all()
    of_held = [(task_id, len(key), position) for task_id, key, position in keys if task_id in {t.id for t in held}]
    assert {(length, position) for _, length, position in of_held} == {(40, 0)}
    assert len(of_held) == len(held)


def test_hidden_tasks_keep_away_from_leaders_and_from_the_end_of_the_queue(database: Database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.LEADER), candidates=8)
    choose_seeds(data, 4)
    set_plan(data, seed_every=2, repeat_every=0)
    a, leader = data.seat("a"), data.seat("l0", leads=True)
    for _ in range(8):
        for task in take(data, a, want=4):
            give(data, a, task, "6")
    assert take(data, a, want=4) == []  # the queue is empty, though seeds are left
    assert len([task for task in hidden(data, TaskKind.SEED) if task.marker_id == a.user_id]) < 5
    mark_next(data, leader, "6")
    assert {task.kind for task in take(data, leader, want=4)} == {TaskKind.LIVE}
