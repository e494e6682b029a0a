"""The server is killed under load, again and again: no mark that it acknowledged is lost, none is stored twice.

The markers are real HTTP clients; each keeps the list of what it sent and what was answered, and sends what was not
answered again under the same key, as the screen's outbox does. The server is a process of its own and dies without
warning (SIGKILL; TerminateProcess on Windows).
"""

import random
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from marking.rounds.submit import ScoreForm, submit
from marking.tasks.claim import claim
from marking.tasks.queue_policy import QueuePolicy
from models.columns import now
from models.task import GroupScore, Mark, MarkingTask
from models.words import MarkingMode, TaskState
from samples.crowd import CrowdPlan, CrowdResult, Sent, run_crowd
from tests.support.crowd_data import CrowdData, make_crowd_data
from tests.support.ledger import StoredMark, faults_between, stored_marks
from tests.support.server_process import ServerProcess

MARKERS = 20
LEASE_S = 120  # longer than the slowest restart, so that no lease runs out while the server is away
UNDER_LOAD_S = (0.6, 1.6)  # how long a server lives once it is ready

pytestmark = pytest.mark.slow


def kill_under_load(made: CrowdData, server: ServerProcess, kills: int, seed: int = 1) -> CrowdResult:
    """Let the crowd mark while the server is killed and started `kills` times; the last one lives on."""
    dice = random.Random(seed)
    results: list[CrowdResult] = []
    enough = threading.Event()
    plan = CrowdPlan(
        host="127.0.0.1", port=server.port, group_id=made.group_id, members=made.members, seconds=36_000,
        think_s=0.05, patience_s=300, vanish=True, seed=seed,
    )  # fmt: skip
    crowd = threading.Thread(target=lambda: results.append(run_crowd(plan, until=enough.is_set)))
    server.start()
    crowd.start()
    try:
        for _ in range(kills):
            time.sleep(dice.uniform(*UNDER_LOAD_S))
            server.kill()
            server.start()
        time.sleep(UNDER_LOAD_S[1])
    finally:
        enough.set()
        crowd.join(300)
        server.stop()
    assert results, "the crowd did not come to an end"
    return results[0]


def finish(made: CrowdData, rounds: int) -> None:
    """The crowd has left without giving anything back: once its leases have run out, others can do all that is left."""
    database, group = made.services.database, made.data.group()
    later = now() + timedelta(seconds=LEASE_S + 1)
    seats = [made.data.seat(f"late{number}") for number in range(rounds)]
    for seat in seats:
        while True:
            with database.write() as session:
                tasks = claim(session, group, seat, want=16, policy=QueuePolicy(lease_s=LEASE_S), at=later)
                if not tasks:
                    break
                for task in tasks:
                    form = ScoreForm(task.code, f"late-{task.code}", task.version, total="5")
                    submit(session, group, form, seat.user_id, later)


def assert_complete(made: CrowdData, rounds: int) -> None:
    """Every response has its rounds by different people and has settled; no task waits."""
    with made.services.database.read() as session:
        states = Counter(session.scalars(select(MarkingTask.state)).all())
        marks = session.execute(
            select(MarkingTask.entry_id, MarkingTask.round, Mark.marker_id).join(Mark, Mark.task_id == MarkingTask.id)
        ).all()
        scores = session.query(GroupScore).count()
    assert set(states) == {TaskState.DONE}
    assert Counter((entry, round_) for entry, round_, _ in marks) == Counter(
        (entry, round_) for entry in made.data.entries for round_ in range(1, rounds + 1)
    )
    assert len({(entry, marker) for entry, _, marker in marks}) == len(marks)
    assert scores == len(made.data.entries)


def kill_and_check(folder: Path, kills: int, database_url: str = "") -> None:
    made = make_crowd_data(
        folder, markers=MARKERS, responses=120 * kills, mode=MarkingMode.DOUBLE_THIRD, database_url=database_url
    )
    more = {"KAIYUE_DATABASE_URL": database_url} if database_url else {}
    result = kill_under_load(made, ServerProcess(folder, KAIYUE_LEASE=str(LEASE_S), **more), kills)
    again = sum(count for what, count in result.answers.items() if what.startswith("submit again"))
    acknowledged = [sent for sent in result.ledger if sent.status == 200]
    print(
        f"{kills} kills: {len(result.ledger)} sent, {len(acknowledged)} acknowledged, "
        f"{sum(sent.tries > 1 for sent in acknowledged)} of them after {again} calls without an answer"
    )
    faults = faults_between(result.ledger, stored_marks(made.services.database))
    assert not faults, faults
    assert len(acknowledged) >= 10 * kills
    assert again >= kills, "no kill has met a mark on its way: nothing was tested"
    assert {sent.status for sent in result.ledger} == {200}  # nobody was told that a mark is not theirs any more
    finish(made, rounds=2)
    assert_complete(made, rounds=2)
    made.services.database.dispose()


def test_five_kills_lose_nothing_and_store_nothing_twice(tmp_path: Path) -> None:
    kill_and_check(tmp_path, 5)


@pytest.mark.nightly
def test_a_hundred_kills_lose_nothing_and_store_nothing_twice(tmp_path: Path) -> None:
    kill_and_check(tmp_path, 100)


@pytest.mark.nightly
@pytest.mark.postgresql
def test_the_same_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    kill_and_check(tmp_path, 25, postgres_url)


def test_the_control_that_answers_before_it_stores_is_caught(tmp_path: Path) -> None:
    made = make_crowd_data(tmp_path, markers=10, responses=300)
    server = ServerProcess(tmp_path, command=("-m", "tests.fakes.server_that_answers_first"))
    result = kill_under_load(made, server, 1)
    assert faults_between(result.ledger, stored_marks(made.services.database)).lost
    made.services.database.dispose()


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda stored: stored[1:], "lost"),
        (lambda stored: [*stored, stored[0]], "doubled"),
        (lambda stored: [*stored, StoredMark("another key", stored[0].task, stored[0].points)], "doubled_tasks"),
        (lambda stored: [StoredMark(stored[0].key, stored[0].task, "99"), *stored[1:]], "altered"),
        (lambda stored: [*stored, StoredMark("nobody's key", "nobody's task", "1")], "unknown"),
    ],
)
def test_the_ledger_names_what_is_wrong(spoil, named: str) -> None:
    ledger = [Sent(f"key {number}", f"task {number}", "3", 1, 200) for number in range(3)]
    ledger.append(Sent("key 3", "task 3", "3", 2, 0))  # never answered: it may be there or not
    stored = [StoredMark(sent.key, sent.task, sent.points) for sent in ledger[:3]]
    assert not faults_between(ledger, stored)
    assert not faults_between(ledger, [*stored, StoredMark("key 3", "task 3", "3")])
    assert getattr(faults_between(ledger, spoil(stored)), named)
