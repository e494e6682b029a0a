"""Scripts drawn for the trial and chosen with a reference mark; a seed's mark is its candidate's score."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from marking.plan.errors import PlanRefused
from marking.plan.scripts import choose_script, draw_trial, retire_script, scripts_of, set_trial
from marking.rounds.policy import IllegalMark
from marking.tasks.create import create_tasks
from models.database import Database
from models.errors import NotFound
from models.records import AuditEvent, MarkingTask, PaperRecord
from models.words import AuditVerb, MarkingMode, PaperState, ScoreSource, ScriptUse, TaskKind
from tests.marking.tasks.test_hidden import set_plan
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.marking_work import AT, give, scores, take


@pytest.fixture
def data(database: Database) -> MarkingData:
    plan = one_part(mode=MarkingMode.DOUBLE, tolerance="1", own_school_excluded=False)
    made = make_marking_data(database, plan, candidates=8, blank=frozenset({7}))
    made.seat("head", leads=True)
    with database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.TRIAL_MARKING))
    return made


def trial(data: MarkingData, count: int = 3) -> list[int]:
    with data.database.write() as session:
        draw_trial(session, data.group(), count, actor_id=data.users["head"], at=AT)
        set_trial(session, data.group(), opened=True, actor_id=data.users["head"])
        return [one.entry_id for one in scripts_of(session, data.group())]


def choose(data: MarkingData, entry_id: int, use: ScriptUse, points: str = "6") -> int:
    with data.database.write() as session:
        return choose_script(
            session, data.group(), entry_id, use, {"13": points}, "步骤", actor_id=data.users["head"], at=AT
        )


def test_everybody_marks_the_same_drawn_responses_and_the_leader_sees_all_their_marks(data: MarkingData) -> None:
    drawn = trial(data)
    assert len(drawn) == 3
    for name, points in (("a", "6"), ("b", "8")):
        for task in take(data, data.seat(name), want=9):
            assert task.kind is TaskKind.TRAINING
            give(data, data.seat(name), task, points)
    with data.database.read() as session:
        shown = scripts_of(session, data.group())
    assert [one.entry_id for one in shown] == drawn
    assert {tuple((mark.name, str(mark.points)) for mark in one.marks) for one in shown} == {
        (("老师a", "6"), ("老师b", "8"))
    }
    assert all(one.images for one in shown)
    assert scores(data) == {}
    assert len(trial(data, 200)) == 7  # all that are not blank, none twice
    with data.database.write() as session, pytest.raises(PlanRefused, match="no response"):
        draw_trial(session, data.group(), 1, actor_id=data.users["head"], at=AT)


def test_a_seed_settles_at_its_reference_and_is_dealt_only_as_a_seed(data: MarkingData) -> None:
    drawn = trial(data)
    choose(data, drawn[0], ScriptUse.SEED, "7")
    assert scores(data) == {drawn[0]: ("7", ScoreSource.SEED)}
    assert create_tasks(data.database, data.paper_id) == 0
    choose(data, drawn[0], ScriptUse.SEED, "8")  # thought over
    assert scores(data) == {drawn[0]: ("8", ScoreSource.SEED)}
    with data.database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.FORMAL_MARKING))
    set_plan(data, seed_every=2, repeat_every=0)
    dealt = take(data, data.seat("c"), want=16)
    kinds = {task.kind for task in dealt if task.entry_id == drawn[0]}
    assert kinds == {TaskKind.SEED}
    (seed,) = [task for task in dealt if task.kind is TaskKind.SEED]
    give(data, data.seat("c"), seed, "0")
    assert scores(data)[drawn[0]] == ("8", ScoreSource.SEED)  # the definitive mark counts, not the marker's
    with data.database.read() as session:
        assert len(session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.SEED_FAILED)).all()) == 1


def test_other_uses_leave_the_response_to_live_marking(data: MarkingData) -> None:
    drawn = trial(data)
    script = choose(data, drawn[0], ScriptUse.PRACTICE)
    assert choose(data, drawn[0], ScriptUse.PRACTICE, "5") == script
    choose(data, drawn[0], ScriptUse.EXEMPLAR)
    assert scores(data) == {}
    with data.database.write() as session:
        (shown,) = [one for one in scripts_of(session, data.group()) if one.entry_id == drawn[0]]
        assert set(shown.uses) == {ScriptUse.TRIAL, ScriptUse.PRACTICE, ScriptUse.EXEMPLAR}
        later = AT + timedelta(minutes=1)
        retire_script(session, data.group(), script, actor_id=data.users["head"], at=later)
        with pytest.raises(NotFound):
            retire_script(session, data.group(), script, actor_id=data.users["head"], at=later)
        (shown,) = [one for one in scripts_of(session, data.group()) if one.entry_id == drawn[0]]
        assert ScriptUse.PRACTICE not in shown.uses


def test_what_cannot_be_is_refused_and_changes_nothing(data: MarkingData) -> None:
    drawn = trial(data)
    other = next(entry for entry in data.entries if entry not in drawn)
    with pytest.raises(NotFound):
        choose(data, other, ScriptUse.SEED)
    with pytest.raises(PlanRefused):
        choose(data, drawn[0], ScriptUse.TRIAL)
    with pytest.raises(IllegalMark):
        choose(data, drawn[0], ScriptUse.SEED, "13")
    with data.database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.FORMAL_MARKING))
    with data.database.write() as session:
        for refused in (
            lambda: draw_trial(session, data.group(), 1, actor_id=data.users["head"], at=AT),
            lambda: set_trial(session, data.group(), opened=True, actor_id=data.users["head"]),
        ):
            with pytest.raises(PlanRefused):
                refused()
    assert scores(data) == {}
    with data.database.read() as session:
        assert {task.kind for task in session.scalars(select(MarkingTask))} == {TaskKind.LIVE}
