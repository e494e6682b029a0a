"""Any order of claim, submit, reopen, problem, release, lost lease, replaced image and paused group keeps the books.

A state machine lets five people do what they can do, right and wrong, with a clock that jumps. After every step the
invariants of reliability.md 3.9 are recounted from the rows alone: rounds, people, leases, marks, scores.
A short run in `make test`; thousands of sequences on both databases in `make nightly`.
"""

import os
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import bindparam, select, update

from marking.rounds.errors import Frozen, GroupClosed, KeyReused, LeaseLost, TaskChanged, TaskWithdrawn
from marking.rounds.pass_up import pass_up
from marking.rounds.policy import IllegalMark, settle
from marking.rounds.reopen import reopen
from marking.rounds.settle import rules_of
from marking.rounds.submit import ScoreForm, Stored, submit
from marking.rounds.void import void_responses
from marking.tasks.claim import claim
from marking.tasks.create import create_tasks
from marking.tasks.groups import MarkingGroup, Seat, role_of_round
from marking.tasks.lease import expire, heartbeat, release
from marking.tasks.queue_policy import QueuePolicy
from models.database import Database
from models.errors import NotFound
from models.points import parse_points
from models.records import GroupRecord, GroupScore, LeaseEnd, Mark, MarkingTask
from models.task import TaskImage
from models.words import MarkingMode, ProblemReason, ScoreSource, TaskState
from tests.support.marking_data import MarkingData, make_marking_data, one_part

FULL, TOLERANCE = 4, "1"
CANDIDATES, SCHOOLS = 6, 3
POLICY = QueuePolicy(lease_s=600, tail_factor=0)
START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
PEOPLE = ("m0", "m1", "m2", "m3", "l0", "l1")  # the m's mark, from three schools; the l's lead
DICE = random.Random()  # the order of dealing, or hypothesis could not repeat a sequence
NIGHTLY = bool(os.environ.get("KAIYUE_NIGHTLY"))

WEIGHTS = {
    "claims": 3,
    "claims_and_marks": 8,
    "submits": 5,
    "submits_what_another_holds": 1,
    "submits_what_is_no_score": 1,
    "sends_again": 2,
    "reopens": 3,
    "raises_a_problem": 2,
    "gives_back": 1,
    "shows_a_sign_of_life": 1,
    "time_passes": 3,
    "an_image_is_replaced": 1,
    "the_group_pauses_or_goes_on": 1,
}
some_number = st.integers(0, 2**32)  # of it comes what happens: hypothesis by itself prefers few of the actions


@dataclass(frozen=True)
class Shown:
    """A task as somebody's screen shows it, perhaps no longer truly."""

    person: str
    task: str
    version: int


class Marking(RuleBasedStateMachine):
    """Six people, three responses, one marking group."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.at = START
        self.data: MarkingData = None  # type: ignore[assignment]
        self.seats: dict[str, Seat] = {}
        self.shown: list[Shown] = []
        self.sent: dict[str, tuple[Shown, str, Stored]] = {}
        self.keys = 0

    @initialize(number=some_number)
    def begin(self, number: int) -> None:
        DICE.seed(number)
        mode = random.Random(number).choice(list(MarkingMode))
        note(mode)
        self.data = make_marking_data(
            self.database, one_part(points=str(FULL), mode=mode, tolerance=TOLERANCE), candidates=CANDIDATES,
            schools=SCHOOLS,
        )  # fmt: skip
        for number, name in enumerate(PEOPLE):
            seat = self.data.seat(
                f"{name}-{self.data.exam_id}", school=number % SCHOOLS if name[0] == "m" else None, leads=name[0] == "l"
            )
            self.seats[name] = seat

    @rule(number=some_number)
    def step(self, number: int) -> None:
        dice = random.Random(number)
        (action,) = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))
        note(action)
        getattr(self, action)(dice)

    # what people do

    def claims(self, dice: random.Random, person: str = "", want: int = 0) -> None:
        person = person or dice.choice(PEOPLE)
        seat, holding = self.seats[person], [one.task for one in self.shown if one.person == person]
        with self.database.write() as session:
            tasks = claim(
                session, self.group, seat, want=want or dice.randint(1, 3), holding=holding, policy=POLICY, at=self.at
            )
            assert {(task.state, task.marker_id) for task in tasks} <= {(TaskState.LEASED, seat.user_id)}
        self.shown += [Shown(person, task.code, task.version) for task in tasks]

    def claims_and_marks(self, dice: random.Random) -> None:
        """What happens all day."""
        person = dice.choice(PEOPLE)
        self.claims(dice, person, 2)
        for shown in [one for one in self.shown if one.person == person][-2:]:
            self.shown.remove(shown)
            self.store(shown, self.new_key(), self.some_points(dice))

    def submits(self, dice: random.Random) -> None:
        if self.shown:
            self.store(self.take_up(dice), self.new_key(), self.some_points(dice))

    def submits_what_another_holds(self, dice: random.Random) -> None:
        if self.shown:
            shown, thief = dice.choice(self.shown), dice.choice(PEOPLE)
            if thief != shown.person:
                forged = Shown(thief, shown.task, shown.version)
                self.store(forged, self.new_key(), self.some_points(dice), may=False)

    def submits_what_is_no_score(self, dice: random.Random) -> None:
        if self.shown:
            self.store(dice.choice(self.shown), self.new_key(), str(FULL + 1), may=False)

    def sends_again(self, dice: random.Random) -> None:
        if not self.sent:
            return
        key, (shown, points, stored) = dice.choice(list(self.sent.items()))
        seat = self.seats[shown.person]
        with self.database.write() as session:
            assert submit(session, self.group, self.form(shown, key, points), seat.user_id, self.at) == stored
        other = self.form(shown, key, str((int(points) + 1) % (FULL + 1)))
        with pytest.raises(KeyReused), self.database.write() as session:
            submit(session, self.group, other, seat.user_id, self.at)

    def reopens(self, dice: random.Random) -> None:
        """Open a late own mark again, and either change it at once or leave it open."""
        if not self.sent:
            return
        shown, _, _ = dice.choice(list(self.sent.values())[-4:])
        try:
            with self.database.write() as session:
                seat = self.seats[shown.person]
                task = reopen(session, self.group, shown.task, seat.user_id, policy=POLICY, at=self.at)
        except (Frozen, GroupClosed, TaskWithdrawn):
            return
        again = Shown(shown.person, task.code, task.version)
        if dice.random() < 0.5:
            self.store(again, self.new_key(), self.some_points(dice))
        elif again not in self.shown:
            self.shown.append(again)

    def raises_a_problem(self, dice: random.Random) -> None:
        if not self.shown:
            return
        shown, reason = self.take_up(dice), dice.choice(list(ProblemReason))
        seat = self.seats[shown.person]
        try:
            with self.database.write() as session:
                pass_up(session, self.group, shown.task, seat.user_id, reason=reason, version=shown.version, at=self.at)
        except (LeaseLost, TaskChanged, TaskWithdrawn, NotFound) as err:
            note(f"the problem was refused: {type(err).__name__}")

    def gives_back(self, dice: random.Random) -> None:
        if self.shown:
            shown = self.take_up(dice)
            with self.database.write() as session:
                release(session, shown.task, self.seats[shown.person], self.at)

    def shows_a_sign_of_life(self, dice: random.Random) -> None:
        person = dice.choice(PEOPLE)
        codes = [one.task for one in self.shown if one.person == person]
        with self.database.write() as session:
            assert set(heartbeat(session, codes, self.seats[person], policy=POLICY, at=self.at)) <= set(codes)

    # what happens to them

    def time_passes(self, dice: random.Random) -> None:
        self.at += timedelta(minutes=dice.choice([1, 9, 11, 200]))
        with self.database.write() as session:
            expire(session, self.group.id, self.at)

    def an_image_is_replaced(self, dice: random.Random) -> None:
        with self.database.write() as session:
            void_responses(session, dice.choice(self.data.entries), ["13"], self.at)
        create_tasks(self.database, self.data.paper_id)

    def the_group_pauses_or_goes_on(self, dice: random.Random) -> None:
        paused = dice.random() < 0.3
        with self.database.write() as session:
            session.execute(update(GroupRecord).where(GroupRecord.id == self.group.id).values(paused=paused))

    # helpers

    @property
    def group(self) -> MarkingGroup:
        return self.data.group()

    def take_up(self, dice: random.Random) -> Shown:
        return self.shown.pop(dice.randrange(len(self.shown)))

    def some_points(self, dice: random.Random) -> str:
        return str(dice.randint(0, FULL))

    def new_key(self) -> str:
        self.keys += 1
        return f"key-{self.data.exam_id}-{self.keys}"

    def form(self, shown: Shown, key: str, points: str) -> ScoreForm:
        return ScoreForm(shown.task, key, shown.version, total=points)

    def store(self, shown: Shown, key: str, points: str, *, may: bool = True) -> None:
        """Send a mark; it is stored just where the row says that this person holds this version of the task."""
        group, seat = self.group, self.seats[shown.person]
        with self.database.read() as session:
            task = session.scalars(select(MarkingTask).where(MarkingTask.code == shown.task)).one()
        held = (task.state, task.marker_id, task.version) == (TaskState.LEASED, seat.user_id, shown.version)
        try:
            with self.database.write() as session:
                stored = submit(session, group, self.form(shown, key, points), seat.user_id, self.at)
        except GroupClosed:
            assert not group.is_open
        except IllegalMark:
            assert int(points) > FULL
        except Frozen:
            assert held
            assert task.points is not None
        except (LeaseLost, TaskChanged, TaskWithdrawn, NotFound):
            assert not held
        else:
            assert held
            assert may
            assert group.is_open
            assert (stored.points, stored.version) == (Decimal(points), shown.version + 1)
            self.sent[key] = (shown, points, stored)

    # what always holds

    @invariant()
    def the_books_balance(self) -> None:
        if self.data is None:
            return
        with self.database.read() as session:
            tasks = session.scalars(select(MarkingTask).where(MarkingTask.group_id == self.group.id)).all()
            ids = [task.id for task in tasks]
            marks = session.scalars(select(Mark).where(Mark.task_id.in_(ids)).order_by(Mark.revision)).all()
            scores = session.scalars(select(GroupScore).where(GroupScore.group_id == self.group.id)).all()
            ended = session.execute(select(LeaseEnd.task_id, LeaseEnd.version).where(LeaseEnd.task_id.in_(ids))).all()
            images = set(session.scalars(select(TaskImage.task_id).where(TaskImage.task_id.in_(ids))))
        latest: dict[int, Mark] = {}
        for mark in marks:
            latest[mark.task_id] = mark
        self.every_acknowledged_mark_is_stored_once(marks, {task.id: task.code for task in tasks})
        assert len(set(ended)) == len(ended), "one lease ended twice"
        assert images == set(ids), "a task without its image"
        responses: dict[int, list[MarkingTask]] = defaultdict(list)
        for task in tasks:
            self.a_task_is_what_its_state_says(task, latest.get(task.id))
            if task.state is not TaskState.WITHDRAWN:
                responses[task.entry_id].append(task)
        by_entry = {score.entry_id: score for score in scores}
        assert len(by_entry) == len(scores)
        for entry_id in self.data.entries:
            live = sorted(responses[entry_id], key=lambda task: task.round)
            self.a_response_has_its_rounds_by_different_people(live)
            self.its_score_follows_from_its_marks(live, latest, by_entry.get(entry_id))

    def every_acknowledged_mark_is_stored_once(self, marks: Any, codes: dict[int, str]) -> None:
        stored = {mark.key: (codes[mark.task_id], str(mark.points), mark.revision, mark.version) for mark in marks}
        assert len(stored) == len(marks)
        assert stored == {
            key: (shown.task, points, kept.revision, kept.version) for key, (shown, points, kept) in self.sent.items()
        }

    def a_task_is_what_its_state_says(self, task: MarkingTask, mark: Mark | None) -> None:
        if task.state is TaskState.LEASED:
            assert task.marker_id is not None
            assert task.lease_until is not None
            assert task.lease_until >= self.at, "a lease that ran out was not taken back"
        else:
            assert task.lease_until is None
        if task.state is TaskState.OPEN:
            assert (task.marker_id, task.points) == (None, None)
        if task.state is TaskState.DONE:
            assert mark is not None
            assert (task.points, task.marker_id) == (mark.points, mark.marker_id)
        if task.points is not None:
            assert Decimal(0) <= task.points <= FULL
        if task.marker_id is not None and task.role == "marker":
            school = {seat.user_id: seat.school_id for seat in self.seats.values()}[task.marker_id]
            assert school != task.school_id, "somebody marks the own school"

    def a_response_has_its_rounds_by_different_people(self, live: list[MarkingTask]) -> None:
        assert [task.round for task in live] == list(range(1, len(live) + 1))
        people = [task.marker_id for task in live if task.marker_id is not None]
        assert len(set(people)) == len(people)
        for task in live:
            passed_up = task.problem is not None
            if passed_up:
                others = [other.marker_id for other in live if other is not task]
                assert task.raised_by not in others, "who passed a response up marks another round of it"
            assert task.role == ("leader" if passed_up else role_of_round(self.group.mode, task.round).value)

    def its_score_follows_from_its_marks(
        self, live: list[MarkingTask], latest: dict[int, Mark], score: GroupScore | None
    ) -> None:
        marked = [task for task in live if task.points is not None]
        given = [{part: parse_points(value) for part, value in latest[task.id].parts.items()} for task in marked]
        decided = [task.points for task in marked if task.problem is not None]
        if decided:
            wanted = (decided[0], ScoreSource.LEADER)
        elif not marked or [task.round for task in marked] != list(range(1, len(marked) + 1)):
            wanted = None
        else:
            outcome = settle(given, rules_of(self.group))
            wanted = (outcome.points, outcome.source) if outcome.is_settled else None
        assert (None if score is None else (score.points, score.source)) == wanted
        if wanted is not None:
            assert len(marked) == len(live), "somebody still has to mark what has settled"
        elif marked and len(marked) == len(live):
            raise AssertionError("everybody has marked, nothing has settled, and nobody is asked")


def run(database: Database, examples: int, steps: int, **more: Any) -> None:
    run_state_machine_as_test(
        lambda: Marking(database),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=not NIGHTLY,
            suppress_health_check=list(HealthCheck),
            database=None,
            **more,
        ),
    )


@pytest.fixture(autouse=True)
def repeatable_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def priority(*, urgent: bool = False) -> int:
        drawn = DICE.getrandbits(30)
        return drawn - (1 << 30) if urgent else drawn

    monkeypatch.setattr("marking.tasks.rows.random_priority", priority)
    monkeypatch.setattr("marking.tasks.problems.random_priority", priority)


@pytest.mark.slow
def test_any_order_of_steps_keeps_the_books(sqlite_database: Database) -> None:
    run(sqlite_database, 60, 30)


@pytest.mark.slow
@pytest.mark.postgresql
def test_any_order_of_steps_keeps_the_books_on_postgresql(postgres_url: str) -> None:
    database = Database(postgres_url)
    try:
        run(database, 10, 25)
    finally:
        database.dispose()


@pytest.mark.nightly
def test_thousands_of_orders_keep_the_books(database: Database) -> None:
    run(database, 2500, 20)


def without_the_fence(patch: pytest.MonkeyPatch) -> None:
    anybody = (
        update(MarkingTask)
        .where(MarkingTask.id == bindparam("task_id"), bindparam("by") > 0, bindparam("shown_version") >= 0)
        .values(state=TaskState.DONE, points=bindparam("new_points"), done_at=bindparam("at"), lease_until=None)
        .returning(MarkingTask.version)
        .execution_options(synchronize_session=False)
    )
    patch.setattr("marking.rounds.submit._TAKE", anybody)


def without_taking_scores_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("marking.rounds.void.delete", lambda _record: update(GroupScore).values(parts_disagree=False))


def without_ending_leases(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(f"{__name__}.expire", lambda *_: 0)


@pytest.mark.parametrize("spoil", [without_the_fence, without_taking_scores_back, without_ending_leases])
def test_a_rule_that_is_left_out_is_noticed(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, spoil) -> None:
    spoil(monkeypatch)
    with pytest.raises(AssertionError):
        run(sqlite_database, 60, 30, phases=[Phase.generate])
