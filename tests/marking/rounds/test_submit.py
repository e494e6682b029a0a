"""A mark is stored once, where it belongs, and carries its response on."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from marking.rounds.errors import Frozen, GroupClosed, KeyReused, TaskChanged, TaskWithdrawn
from marking.rounds.pass_up import pass_up
from marking.rounds.policy import IllegalMark
from marking.rounds.reopen import reopen
from marking.rounds.settle import settle_response
from marking.rounds.submit import ScoreForm, Stored, submit
from marking.tasks.claim import claim
from marking.tasks.groups import Seat
from marking.tasks.lease import expire
from marking.tasks.queue_policy import QueuePolicy
from models.database import Database
from models.errors import NotFound
from models.records import GroupRecord, GroupScore, Mark, MarkingTask, TaskImage
from models.words import Boundary, MarkingMode, ProblemReason, ScoreSource, TaskState
from tests.support.marking_data import GroupPlan, MarkingData, make_marking_data, one_part

AT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
POLICY = QueuePolicy(tail_factor=0)


def take(data: MarkingData, seat: Seat, key: str = "", at: datetime = AT) -> MarkingTask:
    with data.database.write() as session:
        (task,) = claim(session, data.group(key), seat, want=1, policy=POLICY, at=at)
        return task


def give(
    data: MarkingData, seat: Seat, task: MarkingTask, points: str, key: str = "", group: str = "", **more
) -> Stored:
    form = ScoreForm(task.code, key or f"key-{task.code}-{task.version}", task.version, total=points, **more)
    with data.database.write() as session:
        return submit(session, data.group(group), form, seat.user_id, AT)


def score(data: MarkingData, group: str = "") -> tuple[str, ScoreSource] | None:
    with data.database.read() as session:
        kept = session.scalar(select(GroupScore).where(GroupScore.group_id == data.group(group).id))
        return None if kept is None else (str(kept.points), kept.source)


# domain.md 3.3: mode, full mark, tolerance, marks in the order given, final, source
S, L3, D, DT, DL = (
    MarkingMode.LEADER,
    MarkingMode.LEADER_CHECK,
    MarkingMode.DOUBLE,
    MarkingMode.DOUBLE_THIRD,
    MarkingMode.DOUBLE_LEADER,
)
ROWS = [
    ("1", DT, "12", "2", "8 9", "8.5", "double"),
    ("2", DT, "12", "2", "8 10", "9", "double"),
    ("3", DT, "12", "2", "8 11 9", "8.5", "third"),
    ("4", DT, "12", "2", "8 11 10", "10.5", "third"),
    ("5", DT, "12", "3", "6 12 8", "7", "third"),
    ("6", DT, "12", "3", "6 12 10.5", "11.25", "third"),
    ("7", DT, "12", "3", "6 12 9", "10.5", "third_tie"),
    ("8", DT, "20", "3", "10 16 13", "14.5", "third_tie"),
    ("9", DT, "12", "2", "4 12 8 7", "7", "adjudicated"),
    ("10", DT, "60", "6", "40 54 47 46", "46", "adjudicated"),
    ("11", DT, "60", "6", "48 57 52", "50", "third"),
    ("12", DT, "60", "6", "42 51 46", "44", "third"),
    ("13", DT, "60", "6", "42 51 47", "49", "third"),
    ("14a", D, "10", "1", "7 8", "7.5", "double"),
    ("14b", D, "10", "1", "7 9 8", "8", "adjudicated"),
    ("15", S, "10", "0", "6 7", "7", "leader"),
    ("16a", L3, "10", "2", "6 7", "7", "leader"),
    ("16b", L3, "10", "2", "3 7 5", "5", "adjudicated"),
    ("17", S, "10", "0", "9 6", "6", "leader"),
    ("18", DL, "10", "2", "4 7 5", "4.5", "third"),
    ("19", DL, "10", "2", "1 8 5 5.5", "5.5", "adjudicated"),
    ("20", DL, "10", "2", "2 8 7", "7.5", "third"),
    ("21", DT, "10", "2", "8 10 9", "9.5", "third_tie"),
]


def test_every_worked_example_of_the_rules_settles_through_claim_and_submit(database: Database) -> None:
    plans = [
        one_part(
            row, full, "0.5", mode=mode, tolerance=tolerance,
            boundary=Boundary.STRICT if row == "21" else Boundary.INCLUSIVE,
        )
        for row, mode, full, tolerance, *_ in ROWS
    ]  # fmt: skip
    data = make_marking_data(database, *plans, candidates=1)
    people = [data.seat(f"m{number}") for number in range(4)]
    leaders = [data.seat(f"l{number}", leads=True) for number in range(4)]
    for row, _, _, _, marks, final, source in ROWS:
        given = marks.split()
        for number, points in enumerate(given):
            assert score(data, row) is None, row
            with database.read() as session:
                group_id = data.group(row).id
                round_, role = session.execute(
                    select(MarkingTask.round, MarkingTask.role)
                    .where(MarkingTask.group_id == group_id, MarkingTask.state == TaskState.OPEN)
                    .order_by(MarkingTask.round)
                    .limit(1)
                ).one()
            assert round_ == number + 1, row
            seat = leaders[number] if role == "leader" else people[number]
            give(data, seat, take(data, seat, row), points, group=row)
        assert score(data, row) == (final, ScoreSource(source)), row
        with database.read() as session:
            assert {
                task.state for task in session.scalars(select(MarkingTask).where(MarkingTask.group_id == group_id))
            } == {TaskState.DONE}


def test_settling_again_changes_nothing(database: Database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance="1"), candidates=1)
    for name, points in (("a", "4"), ("b", "9")):
        give(data, data.seat(name), take(data, data.seat(name)), points)
    for _ in range(2):
        with database.write() as session:
            outcome = settle_response(session, data.group(), data.entries[0], AT)
        assert outcome is not None
        assert outcome.points is None
        with database.read() as session:
            assert session.scalars(select(MarkingTask.round).order_by(MarkingTask.round)).all() == [1, 2, 3]
    give(data, data.seat("c"), take(data, data.seat("c")), "8")
    with database.write() as session:
        settle_response(session, data.group(), data.entries[0], AT + timedelta(days=1))
    assert score(data) == ("8.5", ScoreSource.THIRD)


def test_the_same_request_eight_times_at_once_is_one_mark_with_eight_equal_answers(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=1)
    seat = data.seat("a")
    task = take(data, seat)
    answers: list[Stored | BaseException] = []

    def send() -> None:
        try:
            answers.append(give(data, seat, task, "7", key="one-key-for-all"))
        except BaseException as err:  # noqa: BLE001 - the test wants to see whatever happened in the thread
            answers.append(err)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [Stored(task.code, "one-key-for-all", Decimal(7), {"13": Decimal(7)}, 1, 2)] * 8
    with database.read() as session:
        assert len(session.scalars(select(Mark)).all()) == 1


def test_a_repeated_request_is_answered_as_before_whatever_has_happened_meanwhile(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=1)
    seat = data.seat("a")
    task = take(data, seat)
    first = give(data, seat, task, "7", key="sent-again")
    with database.write() as session:
        reopen(session, data.group(), task.code, seat.user_id, policy=POLICY, at=AT)
    assert give(data, seat, task, "7", key="sent-again") == first  # open again on the screen
    with database.write() as session:
        session.execute(update(GroupRecord).values(paused=True))
    assert give(data, seat, task, "7", key="sent-again") == first  # nobody may mark at present
    with database.write() as session:
        session.execute(update(MarkingTask).values(state=TaskState.WITHDRAWN, marker_id=None, lease_until=None))
    assert give(data, seat, task, "7", key="sent-again") == first  # withdrawn, and no longer the marker's
    with pytest.raises(KeyReused):
        give(data, seat, task, "8", key="sent-again")
    with pytest.raises(KeyReused):
        give(data, seat, task, "13", key="sent-again")  # no legal score either: the key is said first
    with database.read() as session:
        assert [mark.points for mark in session.scalars(select(Mark))] == [Decimal(7)]


def test_a_key_stands_for_one_content_one_task_and_one_marker(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=3)
    a, b = data.seat("a"), data.seat("b")
    task = take(data, a)
    give(data, a, task, "7", key="the-key-1")
    with pytest.raises(KeyReused):
        give(data, a, task, "8", key="the-key-1")
    with pytest.raises(KeyReused):
        give(data, a, take(data, a), "7", key="the-key-1")
    with pytest.raises(KeyReused):
        give(data, b, take(data, b), "7", key="the-key-1")
    with database.read() as session:
        assert [mark.points for mark in session.scalars(select(Mark))] == [Decimal(7)]


def test_another_version_image_or_marker_writes_nothing(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=2)
    a, b = data.seat("a"), data.seat("b")
    task, other = take(data, a), take(data, b)
    with pytest.raises(NotFound):
        give(data, b, task, "7")
    for form in (
        ScoreForm(task.code, "stale-key-1", task.version - 1, total="7"),
        ScoreForm(task.code, "stale-key-2", task.version + 1, total="7"),
        ScoreForm(task.code, "stale-key-3", task.version, total="7", image=_image(data, other)),
    ):
        with pytest.raises(TaskChanged), database.write() as session:
            submit(session, data.group(), form, a.user_id, AT)
    give(data, a, task, "7", key="first-key", image=_image(data, task))
    with pytest.raises(TaskChanged):
        give(data, a, task, "7", key="other-key")
    with database.read() as session:
        assert len(session.scalars(select(Mark)).all()) == 1


def _image(data: MarkingData, task: MarkingTask) -> str:
    with data.database.read() as session:
        return session.scalars(select(TaskImage.key).where(TaskImage.task_id == task.id)).one()


@pytest.mark.parametrize(
    ("parts", "total"),
    [
        ({"16(1)": "2"}, None),  # a part is missing: empty is not zero
        ({"16(1)": "2", "16(2)": "5"}, None),  # above its full mark
        ({"16(1)": "2", "16(2)": "-1"}, None),
        ({"16(1)": "2", "16(2)": "1.5"}, None),  # between two steps
        ({"16(1)": "2", "16(2)": ""}, None),
        ({"16(1)": "2", "16(2)": None}, None),
        ({"16(1)": "2", "16(2)": True}, None),
        ({"16(1)": "2", "16(2)": "nan"}, None),
        ({"16(1)": "2", "16(2)": "1", "16(3)": "1"}, None),
        ({"16(1)": "2", "(1)": "2", "16(2)": "1"}, None),  # one part twice
        (None, "3"),  # a total says nothing about the parts
        (None, None),
        ({}, None),
    ],
)
def test_only_legal_scores_are_stored(sqlite_database: Database, parts, total) -> None:
    data = make_marking_data(sqlite_database, GroupPlan(), candidates=1)
    seat = data.seat("a")
    task = take(data, seat)
    with pytest.raises(IllegalMark), sqlite_database.write() as session:
        submit(session, data.group(), ScoreForm(task.code, "key-1234", 1, parts, total), seat.user_id, AT)
    with sqlite_database.read() as session:
        assert session.scalars(select(Mark)).all() == []
        assert session.scalars(select(MarkingTask.state)).all() == [TaskState.LEASED]


def test_parts_may_be_named_in_short_and_zero_is_a_score(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, GroupPlan(), candidates=1)
    seat = data.seat("a")
    task = take(data, seat)
    with sqlite_database.write() as session:
        form = ScoreForm(task.code, "key-1234", 1, {"(1)": "0", "(2)": Decimal("4")})
        stored = submit(session, data.group(), form, seat.user_id, AT)
    assert (stored.points, stored.parts) == (Decimal(4), {"16(1)": Decimal(0), "16(2)": Decimal(4)})
    with sqlite_database.read() as session:
        kept = session.scalars(select(GroupScore)).one()
        assert (kept.points, kept.parts, kept.source) == (Decimal(4), {"16(1)": "0", "16(2)": "4"}, ScoreSource.SINGLE)


def test_a_member_of_a_choose_group_is_scored_alone(sqlite_database: Database) -> None:
    plan = GroupPlan("选做", (("20", "20", "12", "1"), ("21", "21", "12", "1")), full="12", choose="选做")
    data = make_marking_data(sqlite_database, plan, candidates=1, tasks=False)
    with sqlite_database.write() as session:
        from models.records import Response

        first, second = session.scalars(select(Response).order_by(Response.item_id))
        first.chosen, second.chosen = False, True
    from marking.tasks.create import create_tasks

    create_tasks(sqlite_database, data.paper_id)
    seat = data.seat("a")
    task = take(data, seat)
    with pytest.raises(IllegalMark), sqlite_database.write() as session:
        submit(session, data.group(), ScoreForm(task.code, "key-1234", 1, {"20": "5"}), seat.user_id, AT)
    assert give(data, seat, task, "11").parts == {"21": Decimal(11)}


def test_two_markers_who_submit_at_the_same_moment_settle_together(database: Database) -> None:
    """Without the lock on the response each transaction would see only its own mark, and nothing would settle."""
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE, tolerance="12"), candidates=12)
    seats = [data.seat("a"), data.seat("b")]
    with database.write() as session:
        held = [claim(session, data.group(), seat, want=12, policy=POLICY, at=AT) for seat in seats]
    pairs = {task.entry_id: [task] for task in held[0]}
    for task in held[1]:
        pairs[task.entry_id].append(task)
    failures: list[BaseException] = []

    def send(seat: Seat, task: MarkingTask, together: threading.Barrier) -> None:
        try:
            together.wait()
            give(data, seat, task, "6")
        except BaseException as err:  # noqa: BLE001 - the test wants to see whatever happened in the thread
            failures.append(err)

    for pair in pairs.values():
        together = threading.Barrier(2)
        threads = [
            threading.Thread(target=send, args=(seat, task, together)) for seat, task in zip(seats, pair, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    with database.read() as session:
        assert [kept.points for kept in session.scalars(select(GroupScore))] == [Decimal(6)] * 12


def test_an_own_mark_can_be_changed_and_both_are_kept(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=1)
    seat = data.seat("a")
    task = take(data, seat)
    give(data, seat, task, "7")
    with database.write() as session:
        again = reopen(session, data.group(), task.code, seat.user_id, policy=POLICY, at=AT)
        assert (again.version, again.points) == (3, Decimal(7))
        assert reopen(session, data.group(), task.code, seat.user_id, policy=POLICY, at=AT).version == 3
    assert score(data) == ("7", ScoreSource.SINGLE)  # counts until the new mark replaces it
    assert give(data, seat, again, "9").revision == 2
    assert score(data) == ("9", ScoreSource.SINGLE)
    with database.read() as session:
        assert [mark.points for mark in session.scalars(select(Mark).order_by(Mark.revision))] == [
            Decimal(7),
            Decimal(9),
        ]


def test_a_reopened_mark_that_is_abandoned_stays_as_it_was(database: Database) -> None:
    data = make_marking_data(database, one_part(), candidates=1)
    seat = data.seat("a")
    task = take(data, seat)
    give(data, seat, task, "7")
    with database.write() as session:
        reopen(session, data.group(), task.code, seat.user_id, policy=POLICY, at=AT)
        assert expire(session, data.group().id, AT + timedelta(hours=1)) == 1
    with database.read() as session:
        kept = session.scalars(select(MarkingTask)).one()
        assert (kept.state, kept.marker_id, kept.points) == (TaskState.DONE, seat.user_id, Decimal(7))


def test_a_mark_is_frozen_once_somebody_else_has_marked_the_response(database: Database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE, tolerance="1"), candidates=1)
    a, b = data.seat("a"), data.seat("b")
    first, second = take(data, a), take(data, b)
    give(data, a, first, "7")
    with database.write() as session:
        open_again = reopen(session, data.group(), first.code, a.user_id, policy=POLICY, at=AT)
    give(data, b, second, "7")
    with pytest.raises(Frozen):
        give(data, a, open_again, "5")
    with database.write() as session:
        expire(session, data.group().id, AT + timedelta(hours=1))
    with pytest.raises(Frozen), database.write() as session:
        reopen(session, data.group(), first.code, a.user_id, policy=POLICY, at=AT)
    assert score(data) == ("7", ScoreSource.DOUBLE)


def test_only_the_last_ten_marks_open_again(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, one_part(), candidates=11)
    seat = data.seat("a")
    codes = []
    for number in range(11):
        task = take(data, seat)
        codes.append(task.code)
        with sqlite_database.write() as session:
            form = ScoreForm(task.code, f"key-{number:04d}", 1, total="3")
            submit(session, data.group(), form, seat.user_id, AT + timedelta(seconds=number))
    with sqlite_database.write() as session:
        assert reopen(session, data.group(), codes[1], seat.user_id, policy=POLICY, at=AT).code == codes[1]
    with pytest.raises(Frozen), sqlite_database.write() as session:
        reopen(session, data.group(), codes[0], seat.user_id, policy=POLICY, at=AT)


def test_a_problem_goes_to_the_leader_whose_mark_decides(database: Database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance="1"), candidates=1)
    a, b, c, leader = data.seat("a"), data.seat("b"), data.seat("c"), data.seat("l", leads=True)
    raised, other = take(data, a), take(data, b)
    for _ in range(2):  # said twice, raised once
        with database.write() as session:
            pass_up(session, data.group(), raised.code, a.user_id, reason=ProblemReason.BLURRED, note="?", at=AT)
    with database.write() as session:
        assert claim(session, data.group(), a, want=1, policy=POLICY, at=AT) == []
        assert claim(session, data.group(), c, want=1, policy=POLICY, at=AT) == []
    give(data, b, other, "4")
    assert score(data) is None
    decided = take(data, leader)
    assert (decided.code, decided.problem) == (raised.code, ProblemReason.BLURRED)
    give(data, leader, decided, "6")
    assert score(data) == ("6", ScoreSource.LEADER)


def test_two_problems_of_one_response_go_to_one_leader_one_at_a_time(database: Database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance="1"), candidates=1)
    for name in ("a", "b"):
        task = take(data, data.seat(name))
        with database.write() as session:
            pass_up(session, data.group(), task.code, data.users[name], reason=ProblemReason.BLURRED, at=AT)
    leader = data.seat("l", leads=True)
    with database.write() as session:
        (task,) = claim(session, data.group(), leader, want=8, policy=POLICY, at=AT)
    assert task.round == 1
    give(data, leader, task, "5")
    assert score(data) == ("5", ScoreSource.LEADER)
    with database.read() as session:
        assert session.scalars(select(MarkingTask.state).order_by(MarkingTask.round)).all() == [
            TaskState.DONE,
            TaskState.WITHDRAWN,
        ]


def test_what_was_marked_once_stays_known_to_its_marker_whoever_passes_it_on(database: Database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.LEADER), candidates=1)
    marker = data.seat("a")
    task = take(data, marker)
    give(data, marker, task, "7")
    with database.write() as session:
        reopen(session, data.group(), task.code, marker.user_id, policy=POLICY, at=AT)
        pass_up(session, data.group(), task.code, marker.user_id, reason=ProblemReason.SUSPECTED, at=AT)
    first, second = data.seat("l0", leads=True), data.seat("l1", leads=True)
    take(data, first)  # only the first round: the leader's own waits until the problem is decided
    for _ in range(2):  # the second copy of the request changes nothing
        with database.write() as session:
            pass_up(session, data.group(), task.code, first.user_id, reason=ProblemReason.OTHER, at=AT)
    decided = take(data, second)
    assert decided.raised_by == marker.user_id
    with pytest.raises(Frozen), database.write() as session:
        reopen(session, data.group(), task.code, marker.user_id, policy=POLICY, at=AT)
    stranger = data.seat("stranger")
    with pytest.raises(NotFound), database.write() as session:
        reopen(session, data.group(), task.code, stranger.user_id, policy=POLICY, at=AT)


def test_what_a_leader_has_decided_is_taken_from_whoever_still_holds_it(database: Database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE), candidates=1)
    a, b, leader = data.seat("a"), data.seat("b"), data.seat("l", leads=True)
    raised, held = take(data, a), take(data, b)
    with database.write() as session:
        pass_up(session, data.group(), raised.code, a.user_id, reason=ProblemReason.OTHER, at=AT)
    give(data, leader, take(data, leader), "6")
    with pytest.raises(TaskWithdrawn):
        give(data, b, held, "4")


def test_a_problem_found_on_second_thoughts_takes_the_score_back(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, one_part(), candidates=1)
    seat = data.seat("a")
    task = take(data, seat)
    give(data, seat, task, "7")
    with sqlite_database.write() as session:
        reopen(session, data.group(), task.code, seat.user_id, policy=POLICY, at=AT)
        pass_up(session, data.group(), task.code, seat.user_id, reason=ProblemReason.SUSPECTED, at=AT)
    assert score(data) is None


def test_a_closed_group_takes_no_marks(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, one_part(), candidates=1)
    seat = data.seat("a")
    task = take(data, seat)
    with sqlite_database.write() as session:
        session.execute(update(GroupRecord).values(paused=True))
    with pytest.raises(GroupClosed):
        give(data, seat, task, "7")
