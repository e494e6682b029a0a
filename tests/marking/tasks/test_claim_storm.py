"""Thirty markers at once: every response gets its rounds, each by another person, nothing is dealt twice."""

import random
import secrets
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from marking.rounds.submit import ScoreForm, submit
from marking.tasks.claim import QueuePolicy, claim
from models.columns import now
from models.database import Database
from models.records import GroupScore, Mark, MarkingTask
from models.words import MarkingMode, TaskState
from tests.support.marking_data import make_marking_data, one_part

THREADS = 30
POLICY = QueuePolicy()


@pytest.mark.parametrize(
    ("mode", "responses", "rounds"), [(MarkingMode.DOUBLE_THIRD, 400, 2), (MarkingMode.SINGLE, 150, 1)]
)
def test_every_response_gets_exactly_its_rounds_by_different_markers(
    database: Database, mode: MarkingMode, responses: int, rounds: int
) -> None:
    data = make_marking_data(database, one_part(mode=mode, tolerance="12"), candidates=responses, schools=3)
    group = data.group()
    seats = [data.seat(f"m{number}", school=number % 3) for number in range(THREADS)]
    deadline = time.monotonic() + 90
    failures: list[BaseException] = []
    empty_replies = Counter[int]()

    def mark_until_done(number: int) -> None:
        dice = random.Random(number)
        seat = seats[number]
        try:
            while time.monotonic() < deadline:
                with database.write() as session:
                    tasks = claim(session, group, seat, want=4, policy=POLICY, at=now())
                if not tasks:
                    with database.read() as session:
                        left = session.scalar(
                            select(MarkingTask.id)
                            .where(MarkingTask.state.in_([TaskState.OPEN, TaskState.LEASED]))
                            .limit(1)
                        )
                    if left is None:
                        return
                    empty_replies[number] += 1
                    time.sleep(0.02)
                for task in tasks:
                    form = ScoreForm(task.code, secrets.token_hex(8), task.version, total=str(dice.randint(0, 12)))
                    with database.write() as session:
                        submit(session, group, form, seat.user_id, now())
        except BaseException as err:  # noqa: BLE001 - the test wants to see whatever happened in the thread
            failures.append(err)

    threads = [threading.Thread(target=mark_until_done, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as session:
        marks = session.execute(
            select(MarkingTask.entry_id, MarkingTask.round, Mark.marker_id, MarkingTask.school_id).join(
                Mark, Mark.task_id == MarkingTask.id
            )
        ).all()
        assert Counter((entry, round_) for entry, round_, _, _ in marks) == Counter(
            (entry, round_) for entry in data.entries for round_ in range(1, rounds + 1)
        )
        assert len({(entry, marker) for entry, _, marker, _ in marks}) == len(marks)
        schools = {seat.user_id: seat.school_id for seat in seats}
        assert all(schools[marker] != school for _, _, marker, school in marks)
        assert session.query(GroupScore).count() == responses
        assert {task.state for task in session.scalars(select(MarkingTask))} == {TaskState.DONE}


def test_the_control_that_reads_first_and_writes_then_deals_tasks_twice(sqlite_database: Database) -> None:
    """The storm would notice a wrong claim: this one looks for an open task and takes it in a second step."""
    database = sqlite_database
    data = make_marking_data(database, one_part(own_school_excluded=False), candidates=120)
    seats = [data.seat(f"m{number}") for number in range(8)]
    dealt: list[int] = []
    until = now() + timedelta(minutes=10)
    together = threading.Barrier(len(seats))

    def take(user_id: int) -> None:
        for _ in range(15):
            with database.read() as session:
                found = session.scalar(
                    select(MarkingTask.id)
                    .where(MarkingTask.state == TaskState.OPEN)
                    .order_by(MarkingTask.priority)
                    .limit(1)
                )
            together.wait()
            if found is None:
                continue
            with database.write() as session:
                session.execute(
                    text("UPDATE marking_task SET state='leased', marker_id=:m, lease_until=:u WHERE id=:i"),
                    {"m": user_id, "u": until.replace(tzinfo=None).isoformat(" "), "i": found},
                )
            dealt.append(found)

    threads = [threading.Thread(target=take, args=(seat.user_id,)) for seat in seats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(dealt) > len(set(dealt))
