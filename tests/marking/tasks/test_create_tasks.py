"""Tasks are opened for what has arrived, once, and for nothing else."""

from collections import Counter
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update

from marking.tasks.create import Given, Ready, create_tasks, ready
from models.database import Database
from models.records import GroupScore, MarkingTask, PaperEntry, Response, Sheet, TaskImage
from models.words import EntryStatus, MarkingMode, ScoreSource, TaskState
from tests.support.marking_data import GroupPlan, make_marking_data, one_part
from tests.support.marking_work import mark_next

INK, EMPTY = Given(False, None, True), Given(True, None, True)


@pytest.mark.parametrize(
    ("mode", "rounds"),
    [
        (MarkingMode.SINGLE, [1]),
        (MarkingMode.LEADER, [1]),
        (MarkingMode.LEADER_CHECK, [1]),
        (MarkingMode.DOUBLE, [1, 2]),
        (MarkingMode.DOUBLE_THIRD, [1, 2]),
        (MarkingMode.DOUBLE_LEADER, [1, 2]),
    ],
)
def test_a_response_gets_the_rounds_that_its_mode_begins_with(sqlite_database: Database, mode, rounds) -> None:
    make_marking_data(sqlite_database, one_part(mode=mode), candidates=3)
    with sqlite_database.read() as session:
        tasks = session.scalars(select(MarkingTask).order_by(MarkingTask.entry_id, MarkingTask.round)).all()
        assert [task.round for task in tasks] == rounds * 3
        assert {task.role for task in tasks} == {"marker"}
        assert len({task.code for task in tasks}) == len(tasks)
        images = session.scalars(select(TaskImage)).all()
        assert len({image.key for image in images}) == len(images) == len(tasks)


def test_creating_again_adds_nothing_and_a_late_sheet_joins(database: Database) -> None:
    data = make_marking_data(database, candidates=5, tasks=False)
    with database.write() as session:
        session.execute(update(Sheet).where(Sheet.entry_id == data.entries[4]).values(complete=False))
        session.execute(update(PaperEntry).where(PaperEntry.id == data.entries[3]).values(status=EntryStatus.ABSENT))
    assert create_tasks(database, data.paper_id) == 3
    assert create_tasks(database, data.paper_id) == 0
    with database.write() as session:
        session.execute(update(Sheet).where(Sheet.entry_id == data.entries[4]).values(complete=True))
    assert create_tasks(database, data.paper_id) == 1


@pytest.mark.postgresql
def test_postgresql_knows_how_many_tasks_there_are_before_anybody_claims(postgres_url: str) -> None:
    """A claim planned as if the table were empty took a hundred times as long among four thousand tasks."""
    database = Database(postgres_url)
    try:
        make_marking_data(database, candidates=50)
        with database.read() as session:
            counted = session.scalar(text("SELECT reltuples FROM pg_class WHERE relname = 'marking_task'"))
        assert counted == 50
    finally:
        database.dispose()


def test_a_withdrawn_task_makes_room_for_a_new_one(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, candidates=1)
    with sqlite_database.write() as session:
        session.execute(update(MarkingTask).values(state=TaskState.WITHDRAWN))
    assert create_tasks(sqlite_database, data.paper_id) == 1


def test_a_blank_response_is_dealt_out_with_a_flag_and_not_given_a_zero(sqlite_database: Database) -> None:
    make_marking_data(sqlite_database, candidates=4, blank=frozenset({2}))
    with sqlite_database.read() as session:
        tasks = session.scalars(select(MarkingTask).order_by(MarkingTask.entry_id)).all()
        assert [task.blank for task in tasks] == [False, False, True, False]
        assert session.scalars(select(GroupScore)).all() == []


CHOICE = GroupPlan(key="选做", parts=(("20", "20", "12", "1"), ("21", "21", "12", "1")), full="12", choose="选做")


def test_of_a_choose_group_only_the_chosen_member_is_dealt_out(sqlite_database: Database) -> None:
    data = make_marking_data(sqlite_database, CHOICE, candidates=3, tasks=False)
    chosen = {data.entries[0]: (False, True), data.entries[1]: (None, None), data.entries[2]: (False, False)}
    with sqlite_database.write() as session:
        for response in session.scalars(select(Response).order_by(Response.entry_id, Response.item_id)):
            first = response.item_id == min(session.scalars(select(Response.item_id)).all())
            response.chosen = chosen[response.entry_id][0 if first else 1]
    assert create_tasks(sqlite_database, data.paper_id) == 1
    with sqlite_database.read() as session:
        task = session.scalars(select(MarkingTask)).one()
        assert (task.entry_id, task.part_ids) == (data.entries[0], ["21"])
        zero = session.scalars(select(GroupScore)).one()
        assert (zero.entry_id, zero.points, zero.source) == (data.entries[2], Decimal(0), ScoreSource.BLANK)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"20": INK, "21": INK}, None),  # nobody has decided
        ({"20": Given(False, True, True), "21": Given(True, False, True)}, Ready(("20",), False)),
        ({"20": Given(False, True, False), "21": Given(True, False, True)}, None),  # its crop is not there yet
        ({"20": Given(True, False, True), "21": Given(True, False, True)}, Ready(())),  # nothing was answered
        ({"20": Given(False, False, True), "21": Given(True, False, True)}, Ready(())),
        ({"20": Given(False, True, True)}, None),  # the other side has not been read
    ],
)
def test_a_choice_waits_until_it_is_decided(given, expected) -> None:
    assert ready(("20", "21"), frozenset({"20", "21"}), given) == expected


def test_every_item_of_a_group_must_be_there() -> None:
    assert ready(("13", "14"), frozenset(), {"13": INK}) is None
    assert ready(("13", "14"), frozenset(), {"13": INK, "14": EMPTY}) == Ready(("13", "14"), False)
    assert ready(("13", "14"), frozenset(), {"13": EMPTY, "14": EMPTY}) == Ready(("13", "14"), True)


def test_both_marks_of_a_response_come_soon_after_each_other(database) -> None:
    """Otherwise hardly any response has two marks when half of all marks are given, and nobody can be compared."""
    data = make_marking_data(
        database, one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance="12"), candidates=40, schools=1
    )
    seats = [data.seat(f"m{number}") for number in range(4)]
    for number in range(40):
        mark_next(data, seats[number % 4], "6")
    with database.read() as session:
        given = Counter(session.scalars(select(MarkingTask.entry_id).where(MarkingTask.state == TaskState.DONE)))
    assert sum(count == 2 for count in given.values()) >= 19
