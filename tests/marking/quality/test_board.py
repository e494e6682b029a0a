"""The board from the tables: what was put in comes out, on both databases, cheaply, and once for all who look."""

import threading
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from sqlalchemy import event, insert, update

from marking.quality.alerts import Reason, judge
from marking.quality.board import read_board
from marking.quality.kept import BoardsKept
from marking.quality.load import load_marks, scale_of
from models.task import MarkingTask
from models.words import MarkingMode, TaskKind, TaskState
from samples.panel import Habit, PanelPlan
from tests.support.marking_data import make_marking_data, one_part
from tests.support.marking_work import AT, mark_next, take
from tests.support.panel_data import put_panel

SMALL = PanelPlan(markers=6, responses=150, seed_scripts=8, severe=1, severity=-2.0, lenient=0, careless=0, drifting=0)


def test_marks_come_out_of_the_tables_as_they_went_in(database) -> None:
    made = put_panel(database, SMALL, share=0.6)
    with database.read() as session:
        found = load_marks(session, made.data.group()).panel
    order = np.lexsort((made.marks.response, made.marks.at))
    assert found.n == made.marks.n
    assert found.points.tolist() == made.marks.points[order].tolist()
    assert np.array_equal(found.seed, made.marks.seed[order])
    assert found.reference[found.seed].tolist() == made.marks.reference[made.marks.seed].tolist()
    assert np.diff(found.at) == pytest.approx(np.diff(made.marks.at), abs=1e-3)
    assert found.seconds == pytest.approx(made.marks.seconds, abs=1e-3)
    for marker in range(SMALL.markers):  # accounts keep the order of the panel's markers
        assert found.response[found.marker == marker].size == np.count_nonzero(made.marks.marker == marker)
    straight = judge(made.marks, SMALL.scale, planned=60)
    loaded = judge(found, SMALL.scale, planned=60)
    assert loaded.fit.severity == pytest.approx(straight.fit.severity)
    assert [(a.marker, a.reason) for a in loaded.alerts] == [(a.marker, a.reason) for a in straight.alerts]


def test_the_board_names_the_severe_marker_with_the_reason(database) -> None:
    made = put_panel(database, SMALL)
    with database.read() as session:
        board = read_board(session, made.data.group(), made.now)
    assert made.panel.habits == {0: Habit.SEVERE}
    named = {(line.user_id, alert.reason) for line in board.markers for alert in line.alerts}
    assert (made.users[0], Reason.SEVERE) in named
    assert {user_id for user_id, _ in named} == {made.users[0]}
    assert board.markers[0].user_id == made.users[0]  # whoever needs a word stands first
    worst = board.markers[0]
    assert worst.severity == pytest.approx(-2.0, abs=0.3)
    assert worst.seeds_within is not None
    assert worst.seeds_within < board.markers[1].seeds_within + 0.01


def make_twice(database, *, seats: int = 2):
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance="2"), candidates=4, schools=1)
    return data, [data.seat(f"m{number}") for number in range(seats)]


def test_progress_rates_and_means_of_a_group_marked_by_hand(database) -> None:
    data, (one, other, third) = make_twice(database, seats=3)
    for minute, points in enumerate(("6", "8", "9", "3")):
        mark_next(data, one, points, at=AT + timedelta(minutes=minute))
    for minute, points in enumerate(("6", "8", "9")):
        mark_next(data, other, points, at=AT + timedelta(minutes=10 + minute))
    take(data, third, at=AT + timedelta(minutes=15))
    with database.read() as session:
        board = read_board(session, data.group(), AT + timedelta(minutes=20))
    rounds = {each.round: each for each in board.progress}
    assert (rounds[1].done, rounds[1].left) == (4, 0)
    assert rounds[2].done == 3
    assert board.done == 7
    assert sum(each.held for each in board.progress) == 1
    lines = {line.who.username: line for line in board.markers}
    assert lines["m0"].mean == pytest.approx((6 + 8 + 9 + 3) / 4)
    assert lines["m0"].sd == pytest.approx(np.std([6, 8, 9, 3], ddof=1))
    assert lines["m0"].done == 4
    assert lines["m2"].held == 1
    assert lines["m2"].mean is None
    # 7 marks in the 20 minutes since the first: 21 an hour
    assert sum(each.per_hour for each in board.progress) == pytest.approx(4 / (20 / 60) + 3 / (10 / 60), rel=0.01)
    assert board.mean == pytest.approx((6 + 8 + 9 + 3 + 6 + 8 + 9) / 7)
    assert sum(board.share) == pytest.approx(1.0)
    assert board.rates.settled == board.rates.by_source.get("double", 0)


def test_two_marks_that_differ_too_far_are_a_discrepancy(database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance="2"), candidates=1, schools=1)
    one, other, third = (data.seat(f"m{number}") for number in range(3))
    mark_next(data, one, "4")
    mark_next(data, other, "8")
    with database.read() as session:
        before = read_board(session, data.group(), AT + timedelta(minutes=1))
    assert before.rates.discrepancy == 1.0
    assert before.rates.settled == 0
    assert before.rates.third is None
    mark_next(data, third, "7")
    with database.read() as session:
        after = read_board(session, data.group(), AT + timedelta(minutes=1))
    assert after.rates.third == 1.0
    assert after.rates.discrepancy == 1.0
    lines = {line.who.username: line for line in after.markers}
    # settled at 7.5: 8 and 7 are within 2 of it, 4 is not
    assert (lines["m0"].agreed, lines["m1"].agreed, lines["m2"].agreed) == (0.0, 1.0, 1.0)
    assert (lines["m0"].third, lines["m1"].third, lines["m2"].third) == (1.0, 1.0, None)


def test_own_responses_again_are_held_against_the_first_mark_and_voided_marks_against_nothing(database) -> None:
    data = make_marking_data(database, one_part(tolerance="0"), candidates=3, schools=1)
    seat = data.seat("m0")
    first = [mark_next(data, seat, points) for points in ("5", "9", "2")]
    with database.write() as session:
        again = [
            {"code": f"again{number}", "group_id": data.group().id, "entry_id": task.entry_id,
             "school_id": task.school_id, "round": 1, "role": "marker", "kind": TaskKind.REPEAT,
             "state": TaskState.DONE, "priority": 0, "version": 2, "blank": False, "note": "", "part_ids": [],
             "marker_id": seat.user_id, "points": Decimal(points), "done_at": AT + timedelta(minutes=9),
             "source_id": task.id}
            for number, (task, points) in enumerate(zip(first, ("5", "4", "3"), strict=True))
        ]  # fmt: skip
        session.execute(insert(MarkingTask), again)
        session.execute(update(MarkingTask).where(MarkingTask.id == first[2].id).values(state=TaskState.VOIDED))
    with database.read() as session:
        (line,) = read_board(session, data.group(), AT + timedelta(minutes=10)).markers
    assert line.repeats == 3
    assert line.repeats_exact == pytest.approx(1 / 3)
    assert line.repeats_within == pytest.approx(2 / 3)  # differences 0, 5 and 1; two points are usual for twelve
    assert line.repeats_sd == pytest.approx(np.std([0, -5, 1], ddof=1))
    assert line.done == 2


def test_leaders_marks_are_no_markers_marks(database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.LEADER, tolerance="2"), candidates=2, schools=1)
    mark_next(data, data.seat("m0"), "4")
    mark_next(data, data.seat("l0", leads=True), "9")
    with database.read() as session:
        board = read_board(session, data.group(), AT + timedelta(minutes=1))
    assert [line.who.username for line in board.markers] == ["m0"]
    assert board.mean == 4.0
    assert {each.round: each.done for each in board.progress} == {1: 1, 0: 1}


def test_an_untouched_group_has_an_empty_board(database) -> None:
    data = make_marking_data(database, one_part(), candidates=2, schools=1)
    with database.read() as session:
        board = read_board(session, data.group(), AT)
    assert (board.done, board.total, board.markers, board.alerts) == (0, 2, (), ())
    assert board.left_s is None
    assert board.mean is None


def test_a_board_takes_the_same_few_statements_however_large_the_group(sqlite_database) -> None:
    counts = []
    for prefix, responses, markers in ("a", 40, 4), ("b", 200, 12):
        plan = replace(SMALL, responses=responses, markers=markers)
        made = put_panel(sqlite_database, plan, prefix=prefix)
        said: list[str] = []

        def note(_connection, _cursor, statement, *_rest, said=said) -> None:
            said.append(statement)

        event.listen(sqlite_database.engine, "before_cursor_execute", note)
        with sqlite_database.read() as session:
            read_board(session, made.data.group(), made.now)
        event.remove(sqlite_database.engine, "before_cursor_execute", note)
        counts.append(sum(statement.lstrip().upper().startswith("SELECT") for statement in said))
    assert counts[0] == counts[1] <= 7


def test_a_kept_board_is_computed_anew_only_when_a_mark_has_changed(database, monkeypatch) -> None:
    data, (one, _other) = make_twice(database)
    mark_next(data, one, "6")
    computed = []
    real = read_board
    monkeypatch.setattr("marking.quality.kept.read_board", lambda *given: computed.append(1) or real(*given))
    kept = BoardsKept(rest_s=0.0, rests=0.0)
    with database.read() as session:
        first = kept.of(session, data.group(), AT)
        assert kept.of(session, data.group(), AT + timedelta(seconds=20)) is first
    assert len(computed) == 1
    mark_next(data, one, "7", at=AT + timedelta(seconds=21))
    with database.read() as session:
        assert kept.of(session, data.group(), AT + timedelta(seconds=22)).done == 2
    assert len(computed) == 2


def test_while_one_computes_the_others_get_the_board_before(database, monkeypatch) -> None:
    data, (one, _other) = make_twice(database)
    mark_next(data, one, "6")
    kept = BoardsKept(rest_s=0.0, rests=0.0)
    with database.read() as session:
        first = kept.of(session, data.group(), AT)
    mark_next(data, one, "7", at=AT + timedelta(seconds=1))
    entered, go_on = threading.Event(), threading.Event()
    real = read_board

    def slow(*given):
        entered.set()
        assert go_on.wait(10)
        return real(*given)

    monkeypatch.setattr("marking.quality.kept.read_board", slow)

    def look() -> None:
        with database.read() as session:
            kept.of(session, data.group(), AT)

    thread = threading.Thread(target=look)
    thread.start()
    assert entered.wait(10)
    with database.read() as session:
        assert kept.of(session, data.group(), AT) is first
    go_on.set()
    thread.join(10)
    with database.read() as session:
        assert kept.of(session, data.group(), AT).done == 2


def test_scale_comes_from_the_group(database) -> None:
    data = make_marking_data(database, one_part(points="12", step="0.5", tolerance="0"), candidates=1, schools=1)
    scale = scale_of(data.group())
    assert (scale.full, scale.step, scale.tolerance) == (12.0, 0.5, 2.0)


def test_a_board_that_took_long_rests_long(database, monkeypatch) -> None:
    data, (one, _other) = make_twice(database)
    mark_next(data, one, "6")
    computed = []
    real = read_board

    def slow(*given):
        computed.append(1)
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
        return real(*given)

    monkeypatch.setattr("marking.quality.kept.read_board", slow)
    kept = BoardsKept(rest_s=0.0, rests=1000.0)
    with database.read() as session:
        first = kept.of(session, data.group(), AT)
    mark_next(data, one, "7", at=AT + timedelta(seconds=1))
    with database.read() as session:
        assert kept.of(session, data.group(), AT + timedelta(seconds=2)) is first
    assert len(computed) == 1
