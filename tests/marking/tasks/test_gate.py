"""The way to live marking: the trial, practice, qualification; who fails waits for the leader (domain.md 2.7)."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from marking.plan.people import grant_gate
from marking.tasks.groups import Seat
from marking.tasks.members import find_member
from models.database import Database
from models.records import GroupRecord, MarkingTask, PaperRecord, Script
from models.words import Gate, PaperState, ScriptUse, TaskKind, TaskStage
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.marking_work import AT, give, scores, take

LATER = AT + timedelta(hours=1)


@pytest.fixture
def data(database: Database) -> MarkingData:
    """Two trial, two practice and five qualification scripts, all worth 6 of 12, where 1 is tolerated."""
    made = make_marking_data(database, one_part(tolerance="1", own_school_excluded=False), candidates=12)
    uses = [ScriptUse.TRIAL] * 2 + [ScriptUse.PRACTICE] * 2 + [ScriptUse.QUALIFICATION] * 5
    with database.write() as session:
        for entry_id, use in zip(made.entries, uses, strict=False):
            points = None if use is ScriptUse.TRIAL else Decimal(6)
            session.add(Script(group_id=made.group().id, entry_id=entry_id, use=use, points=points, parts={"13": "6"}))
        session.execute(
            update(GroupRecord).values(qualification=True, qualify_percent=80, seed_every=0, repeat_every=0)
        )
    made.seat("leader", leads=True)
    return made


def gate(data: MarkingData, seat: Seat) -> Gate | None:
    with data.database.read() as session:
        return find_member(session, data.group().id, seat.user_id).gate


def dealt(data: MarkingData, seat: Seat, at: datetime = AT) -> list[MarkingTask]:
    """What the person is given, in lots, until there is nothing more; unmarked."""
    return take(data, seat, want=20, at=at)


def kinds(tasks: list[MarkingTask]) -> set[tuple[TaskKind, TaskStage | None]]:
    return {(task.kind, task.stage) for task in tasks}


def train(data: MarkingData, seat: Seat, points: list[str], at: datetime = AT) -> None:
    """Mark the practice scripts, and then the qualification scripts with these points."""
    practice = dealt(data, seat, at)
    assert kinds(practice) == {(TaskKind.TRAINING, TaskStage.PRACTICE)}
    assert len(practice) == 2
    for task in practice:
        give(data, seat, task, "0", at=at)
    exam = dealt(data, seat, at)
    assert kinds(exam) == {(TaskKind.TRAINING, TaskStage.QUALIFICATION)}
    for task, given in zip(exam, points, strict=True):
        give(data, seat, task, given, at=at)


def set_state(data: MarkingData, state: PaperState, *, trial: bool) -> None:
    with data.database.write() as session:
        session.execute(update(PaperRecord).values(state=state))
        session.execute(update(GroupRecord).values(trial_open=trial))


def test_the_way_leads_from_the_trial_through_practice_and_qualification_to_live_marking(data: MarkingData) -> None:
    seat, other = data.seat("a"), data.seat("b")
    set_state(data, PaperState.TRIAL_MARKING, trial=True)
    first, second = dealt(data, seat), dealt(data, other)
    assert kinds(first) == kinds(second) == {(TaskKind.TRAINING, TaskStage.TRIAL)}
    assert {task.entry_id for task in first} == {task.entry_id for task in second} == set(data.entries[:2])
    for task in first:
        give(data, seat, task, "5")
    assert dealt(data, seat) == []  # the trial scripts come once, and nothing else comes while it is open
    set_state(data, PaperState.FORMAL_MARKING, trial=True)  # formal marking ends the trial of itself
    train(data, seat, ["5", "6", "7", "6", "9"])  # four of five within 1: 80 %
    assert gate(data, seat) is Gate.QUALIFIED
    live = dealt(data, seat)
    assert kinds(live) == {(TaskKind.LIVE, None)}
    assert len(live) == 12  # trial and training scripts are live responses too, and may be marked by whoever trained
    assert scores(data) == {}
    give(data, seat, live[0], "7")
    assert list(scores(data)) == [live[0].entry_id]  # of all these marks only the live one counts


def test_who_fails_gets_nothing_until_the_leader_lets_them_train_again_or_through(data: MarkingData) -> None:
    seat = data.seat("a")
    set_state(data, PaperState.FORMAL_MARKING, trial=False)
    train(data, seat, ["5", "6", "7", "9", "0"])  # three of five: 60 %
    assert gate(data, seat) is Gate.REFUSED
    assert dealt(data, seat) == []
    with data.database.write() as session:
        grant_gate(session, data.group(), [seat.user_id], None, actor_id=data.users["leader"], at=LATER)
    train(data, seat, ["6"] * 5, LATER)
    assert gate(data, seat) is Gate.QUALIFIED
    failed = data.seat("b")
    train(data, failed, ["0"] * 5)
    with data.database.write() as session:
        grant_gate(session, data.group(), [failed.user_id], Gate.QUALIFIED, actor_id=data.users["leader"], at=LATER)
    assert kinds(dealt(data, failed, LATER)) == {(TaskKind.LIVE, None)}
    assert scores(data) == {}


def test_a_stage_without_scripts_is_passed_over_and_a_group_without_the_gate_has_none(data: MarkingData) -> None:
    set_state(data, PaperState.FORMAL_MARKING, trial=False)
    with data.database.write() as session:
        session.execute(update(Script).where(Script.use != ScriptUse.PRACTICE).values(retired_at=AT))
    seat = data.seat("a")
    practice = dealt(data, seat)
    for task in practice:
        give(data, seat, task, "6")
    assert gate(data, seat) is Gate.QUALIFIED
    with data.database.write() as session:
        session.execute(update(GroupRecord).values(qualification=False))
    assert kinds(dealt(data, data.seat("b"))) == {(TaskKind.LIVE, None)}
    with data.database.read() as session:
        assert (
            session.scalars(select(MarkingTask.stage).where(MarkingTask.marker_id == data.users["b"])).all()[0] is None
        )
