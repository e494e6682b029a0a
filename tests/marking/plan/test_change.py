"""A plan may change until formal marking begins, and the tasks follow it; afterwards only what is shown first."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from marking.plan.change import change_plan, plan_of
from marking.plan.errors import PlanLocked, PlanRefused, ReasonMissing
from marking.plan.tolerance import change_tolerance, effects
from models.database import Database
from models.records import AuditEvent, MarkingTask, PaperRecord, TaskImage
from models.words import AuditVerb, Boundary, MarkingMode, PaperState, ScoreSource, TaskState
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.marking_work import AT, give, mark_next, scores, take, tasks_of


def before_formal(data: MarkingData) -> MarkingData:
    with data.database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.TRIAL_MARKING))
    return data


def change(data: MarkingData, **values: object) -> None:
    leader = data.seat("l0", leads=True)
    with data.database.write() as session:
        plan = replace(plan_of(data.group()), **values)  # type: ignore[arg-type]
        change_plan(session, data.group().id, plan, actor_id=leader.user_id, at=AT)


def open_rounds(data: MarkingData) -> Counter[tuple[int, str]]:
    return Counter((task.round, task.role) for task in tasks_of(data) if task.state is TaskState.OPEN)


def test_untouched_responses_get_the_rounds_of_the_new_plan_with_their_images(database: Database) -> None:
    data = before_formal(make_marking_data(database, one_part(), candidates=5))
    assert open_rounds(data) == {(1, "marker"): 5}
    change(data, mode=MarkingMode.DOUBLE_THIRD, tolerance=Decimal(2))
    assert open_rounds(data) == {(1, "marker"): 5, (2, "marker"): 5}
    with database.read() as session:
        shown = Counter(session.scalars(select(TaskImage.task_id)))
        assert set(shown.values()) == {1}
        assert len(shown) == 10
    change(data, mode=MarkingMode.LEADER)
    assert open_rounds(data) == {(1, "marker"): 5}
    change(data, mode=MarkingMode.DOUBLE)
    assert open_rounds(data) == {(1, "marker"): 5, (2, "marker"): 5}


def test_responses_that_carry_marks_settle_anew(database: Database) -> None:
    data = before_formal(make_marking_data(database, one_part(mode=MarkingMode.DOUBLE, tolerance="1"), candidates=1))
    mark_next(data, data.seat("a"), "5")
    mark_next(data, data.seat("b"), "8")
    assert scores(data) == {}
    change(data, tolerance=Decimal(3))
    assert scores(data) == {data.entries[0]: ("6.5", ScoreSource.DOUBLE)}
    assert [task.state for task in tasks_of(data)] == [TaskState.DONE, TaskState.DONE, TaskState.WITHDRAWN]
    change(data, boundary=Boundary.STRICT)
    assert scores(data) == {}
    assert open_rounds(data) == {(3, "leader"): 1}
    change(data, mode=MarkingMode.SINGLE)
    assert scores(data) == {data.entries[0]: ("5", ScoreSource.SINGLE)}
    assert open_rounds(data) == {}


def test_a_share_of_hidden_second_marks_is_drawn_once(database: Database) -> None:
    data = before_formal(make_marking_data(database, one_part(tolerance="2"), candidates=200))
    change(data, double_percent=25)
    doubled = {task.entry_id for task in tasks_of(data) if task.doubled}
    assert 25 <= len(doubled) <= 75
    assert open_rounds(data) == {(1, "marker"): 200, (2, "marker"): len(doubled)}
    change(data, double_percent=100)
    change(data, double_percent=25)
    assert {task.entry_id for task in tasks_of(data) if task.doubled and task.round == 1} == doubled


def test_a_hidden_second_mark_settles_like_two_marks_and_disagreement_goes_to_the_leader(database: Database) -> None:
    data = before_formal(make_marking_data(database, one_part(tolerance="2"), candidates=2))
    change(data, double_percent=100)
    first, second = data.seat("a"), data.seat("b")
    given = dict(zip(data.entries, (("5", "7"), ("2", "9")), strict=True))
    for place, seat in enumerate((first, second)):
        for task in take(data, seat, want=2):
            assert scores(data) == {} or place == 1
            give(data, seat, task, given[task.entry_id][place])
    assert scores(data) == {data.entries[0]: ("6", ScoreSource.DOUBLE)}
    assert open_rounds(data) == {(3, "leader"): 1}
    mark_next(data, data.seat("l0", leads=True), "4")
    assert scores(data)[data.entries[1]] == ("4", ScoreSource.ADJUDICATED)


def test_a_change_is_written_down_with_what_it_changed(database: Database) -> None:
    data = before_formal(make_marking_data(database, one_part(), candidates=1))
    change(data, tolerance=Decimal("1.5"), seed_every=10)
    change(data)  # nothing new
    with database.read() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.PLAN_CHANGED))
        assert event.detail == {"change": {"tolerance": ["0", "1.5"], "seed_every": [20, 10]}}
        assert event.actor_id == data.users["l0"]


def test_what_decides_how_marks_settle_is_locked_once_formal_marking_has_begun(database: Database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE, tolerance="1"), candidates=1)
    locked = (
        {"mode": MarkingMode.SINGLE}, {"tolerance": Decimal(2)}, {"boundary": Boundary.STRICT},
        {"steps": {"13": Decimal("0.5")}},
    )  # fmt: skip
    for values in locked:
        with pytest.raises(PlanLocked):
            change(data, **values)
    change(data, seed_every=0)
    assert data.group().quality.seed_every == 0
    assert data.group().tolerance == 1


@pytest.mark.parametrize(
    "values",
    [
        {"tolerance": Decimal(13)}, {"tolerance": Decimal(-1)}, {"steps": {"13": Decimal(5)}}, {"steps": {}},
        {"steps": {"13": Decimal("0.01")}}, {"double_percent": 101}, {"seed_every": 1}, {"repeat_every": -2},
    ],
)  # fmt: skip
def test_impossible_values_change_nothing(sqlite_database: Database, values: dict[str, object]) -> None:
    data = before_formal(make_marking_data(sqlite_database, one_part(), candidates=1))
    before = plan_of(data.group())
    with pytest.raises(PlanRefused):
        change(data, **values)
    assert plan_of(data.group()) == before


def test_another_tolerance_after_the_lock_is_shown_first_and_then_settles_anew(database: Database) -> None:
    plan = one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance="1")
    data = make_marking_data(database, plan, candidates=3)
    leader = data.seat("l0", leads=True)
    given = [("5", "5"), ("5", "7"), ("2", "9")]
    first, second = data.seat("a"), data.seat("b")
    marked = {}
    for task in take(data, first, want=3):
        marked[task.entry_id] = given[len(marked)]
        give(data, first, task, marked[task.entry_id][0])
    for task in take(data, second, want=3):
        give(data, second, task, marked[task.entry_id][1])
    middle = next(entry for entry, pair in marked.items() if pair == ("5", "7"))
    assert middle not in scores(data)
    with database.read() as session:
        (effect,) = effects(session, data.group(), Decimal(2))
        assert (effect.entry_id, effect.before, effect.after) == (middle, None, Decimal(6))
        assert len(effect.code) == 32
    with pytest.raises(ReasonMissing), database.write() as session:
        change_tolerance(session, data.group(), Decimal(2), " ", actor_id=leader.user_id, at=AT)
    with database.write() as session:
        assert change_tolerance(session, data.group(), Decimal(2), "试评后", actor_id=leader.user_id, at=AT) == 1
    assert scores(data)[middle] == ("6", ScoreSource.DOUBLE)
    with database.write() as session:
        change_tolerance(session, data.group(), Decimal(0), "太宽", actor_id=leader.user_id, at=AT)
    assert middle not in scores(data)
    with database.read() as session:
        open_third = session.scalars(
            select(MarkingTask.entry_id).where(MarkingTask.round == 3, MarkingTask.state == TaskState.OPEN)
        ).all()
        assert len(open_third) == 2
