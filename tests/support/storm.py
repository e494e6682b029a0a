"""Two hundred markers who claim and submit as fast as the database lets them, in several processes with threads.

In:  a StormPlan. Out: a StormResult: which tasks were dealt, every error that a marker saw, how often a claim had to be
tried. The markers go on until nothing is left to do, not until one of them sees nothing: near the end a marker may find
only responses that others must finish.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

from sqlalchemy import event, literal_column, select, update

import models.records  # noqa: F401 - a fresh process knows only the tables that were imported
from marking.rounds.submit import ScoreForm, submit
from marking.tasks.claim import claim
from marking.tasks.groups import MarkingGroup, Seat
from marking.tasks.queue_policy import QueuePolicy
from models.columns import now
from models.database import Database
from models.task import GroupScore, Mark, MarkingTask
from models.words import TaskKind, TaskState

POINTS_BY_ROUND = {1: "0", 2: "12", 3: "12"}  # at a tolerance of 12 two marks settle, at 0 only the third one does
_POLICY = QueuePolicy()
_AT_ONCE = 8  # transactions of one process at a time: four processes make as many as the server has threads
_REST_S = 0.05


@dataclass(frozen=True, slots=True)
class StormPlan:
    """`reads_first` is the control: it looks for an open task and takes it in a second transaction."""

    url: str
    group: MarkingGroup
    seats: tuple[Seat, ...]
    processes: int = 4
    give_up_after_s: float = 240.0
    reads_first: bool = False
    seed: int = 1


@dataclass(slots=True)
class StormResult:
    """What the markers saw. `attempts` counts the claiming statements, repeated ones included.

    `dealt` are the live tasks; `hidden` counts own responses that came again among them, which count for nobody.
    """

    dealt: list[str] = field(default_factory=list)
    hidden: int = 0
    errors: list[str] = field(default_factory=list)
    claims: int = 0
    empty: int = 0
    attempts: int = 0
    gave_up: int = 0
    seconds: float = 0.0

    @property
    def dealt_twice(self) -> int:
        """Tasks that were handed out more than once, although no lease ended without a mark."""
        return sum(count - 1 for count in Counter(self.dealt).values())

    def __str__(self) -> str:
        tries = self.attempts / self.claims if self.claims else 0
        kinds = dict(Counter(error.split(":")[0] for error in self.errors))
        return (
            f"{len(self.dealt)} tasks in {self.claims} claims ({tries:.3f} attempts each, {self.empty} empty), "
            f"{self.hidden} hidden, "
            f"{self.dealt_twice} dealt twice, errors {kinds or 'none'}, {self.seconds:.1f} s"
        )


def storm(plan: StormPlan) -> StormResult:
    """Let everybody mark until nothing is left."""
    begun = time.monotonic()
    parts = [replace(plan, seats=plan.seats[at :: plan.processes]) for at in range(plan.processes)]
    with ProcessPoolExecutor(plan.processes, get_context("spawn")) as pool:
        results = list(pool.map(_mark_until_done, parts))
    total = StormResult(seconds=time.monotonic() - begun)
    for one in results:
        total.dealt += one.dealt
        total.hidden += one.hidden
        total.errors += one.errors
        total.claims += one.claims
        total.empty += one.empty
        total.attempts += one.attempts
        total.gave_up += one.gave_up
    return total


def _mark_until_done(plan: StormPlan) -> StormResult:
    database = Database(plan.url, pool_size=_AT_ONCE)
    if database.is_sqlite:
        event.listen(database.engine, "connect", _never_wait_for_the_disk)
    result, guard, done = StormResult(), threading.Lock(), threading.Event()

    @event.listens_for(database.engine, "rollback_savepoint")
    def _again(*_: object) -> None:
        with guard:
            result.attempts += 1

    door = threading.BoundedSemaphore(_AT_ONCE)
    people = [_Person(plan, seat, database, result, guard, door, done) for seat in plan.seats]
    threads = [threading.Thread(target=person.work) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.dispose()
    result.attempts += result.claims
    return result


def _never_wait_for_the_disk(connection: Any, _record: object) -> None:
    """As the PostgreSQL of the tests: a storm asks for correctness, and other tests for durability."""
    connection.execute("PRAGMA synchronous=OFF").close()


class _Person:
    def __init__(
        self,
        plan: StormPlan,
        seat: Seat,
        database: Database,
        result: StormResult,
        guard: threading.Lock,
        door: threading.BoundedSemaphore,
        done: threading.Event,
    ) -> None:
        self.plan, self.seat, self.database, self.result = plan, seat, database, result
        self.guard, self.door, self.done = guard, door, done
        self.dice = random.Random(f"{plan.seed}/{seat.user_id}")

    def work(self) -> None:
        give_up_at = time.monotonic() + self.plan.give_up_after_s
        while not self.done.is_set():
            if time.monotonic() > give_up_at:
                with self.guard:
                    self.result.gave_up += 1
                return
            tasks = self._claim()
            if not tasks:
                self._rest()
            for task in tasks:
                self._submit(task)

    def _claim(self) -> list[MarkingTask]:
        tasks: list[MarkingTask] = []
        try:
            if self.plan.reads_first:
                tasks = self._read_first()
            else:
                with self.door, self.database.write() as session:
                    tasks = claim(session, self.plan.group, self.seat, want=8, policy=_POLICY, at=now())
        except Exception as err:  # noqa: BLE001 - whatever a marker would see is counted
            self._note(err)
        with self.guard:
            self.result.claims += 1
            self.result.empty += not tasks
            live = [task.code for task in tasks if task.kind is TaskKind.LIVE]
            self.result.dealt += live
            self.result.hidden += len(tasks) - len(live)
        return tasks

    def _read_first(self) -> list[MarkingTask]:
        """As one writes it who does not know better."""
        with self.door, self.database.read() as session:
            mine = select(MarkingTask.entry_id).where(MarkingTask.marker_id == self.seat.user_id)
            task = session.scalar(
                select(MarkingTask)
                .where(MarkingTask.state == literal_column("'open'"), MarkingTask.entry_id.not_in(mine))
                .where(MarkingTask.school_id != self.seat.school_id)
                .order_by(MarkingTask.priority)
                .limit(1)
            )
        if task is None:
            return []
        with self.door, self.database.write() as session:
            session.execute(
                update(MarkingTask)
                .where(MarkingTask.id == task.id)
                .values(
                    state=TaskState.LEASED,
                    marker_id=self.seat.user_id,
                    lease_until=now() + timedelta(minutes=10),
                    version=task.version + 1,
                )
            )
        task.version += 1
        return [task]

    def _submit(self, task: MarkingTask) -> None:
        form = ScoreForm(
            task.code, f"{self.dice.getrandbits(128):032x}", task.version, total=POINTS_BY_ROUND[task.round]
        )
        try:
            with self.door, self.database.write() as session:
                submit(session, self.plan.group, form, self.seat.user_id, now())
        except Exception as err:  # noqa: BLE001 - whatever a marker would see is counted
            self._note(err)

    def _note(self, err: Exception) -> None:
        with self.guard:
            self.result.errors.append(f"{type(err).__name__}: {err}"[:300])

    def _rest(self) -> None:
        waiting = [TaskState.OPEN] if self.plan.reads_first else [TaskState.OPEN, TaskState.LEASED]
        with self.door, self.database.read() as session:
            left = session.scalar(select(MarkingTask.id).where(MarkingTask.state.in_(waiting)).limit(1))
        if left is None:
            self.done.set()
        time.sleep(self.dice.uniform(0.5, 1.5) * _REST_S)


def faults_of(database: Database, entries: Sequence[int], rounds: int) -> list[str]:
    """What is wrong in the tables after a storm, in words; empty where every response has just its rounds."""
    with database.read() as session:
        marks = session.execute(
            select(MarkingTask.entry_id, MarkingTask.round, Mark.marker_id)
            .join(Mark, Mark.task_id == MarkingTask.id)
            .where(MarkingTask.kind == TaskKind.LIVE)
        ).all()
        states = Counter(session.scalars(select(MarkingTask.state)).all())
        not_theirs = session.execute(
            select(Mark.id)
            .join(MarkingTask, MarkingTask.id == Mark.task_id)
            .where(Mark.marker_id != MarkingTask.marker_id)
        ).all()
        scored = Counter(session.scalars(select(GroupScore.entry_id)).all())
    wanted = Counter((entry, round_) for entry in entries for round_ in range(1, rounds + 1))
    given = Counter((entry, round_) for entry, round_, _ in marks)
    people = Counter((entry, marker) for entry, _, marker in marks)
    found = {
        "rounds missing": sum((wanted - given).values()),
        "rounds too many": sum((given - wanted).values()),
        "twice by one marker": sum(count - 1 for count in people.values()),
        "marks that are not their owner's": len(not_theirs),
        "tasks stuck": sum(count for state, count in states.items() if state is not TaskState.DONE),
        "responses not settled once": len(entries) - sum(count == 1 for count in scored.values()),
    }
    return [f"{what}: {count}" for what, count in found.items() if count]
