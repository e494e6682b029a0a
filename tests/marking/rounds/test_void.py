"""A replaced image takes its marks along, and only its own."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from marking.rounds.errors import TaskWithdrawn
from marking.rounds.submit import ScoreForm, submit
from marking.rounds.void import void_responses
from marking.tasks.claim import claim
from marking.tasks.create import create_tasks
from marking.tasks.queue_policy import QueuePolicy
from models.database import Database
from models.records import GroupScore, Mark, MarkingTask
from models.words import MarkingMode, TaskState
from tests.support.marking_data import make_marking_data, one_part

AT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def test_marks_of_a_replaced_image_no_longer_count_and_the_new_one_is_dealt_out(database: Database) -> None:
    plans = (one_part("13", mode=MarkingMode.DOUBLE, tolerance="12"), one_part("14"))
    data = make_marking_data(database, *plans, candidates=1)
    a, b = data.seat("a"), data.seat("b")

    def mark(seat, key: str, points: str):
        with database.write() as session:
            (task,) = claim(session, data.group(key), seat, want=1, policy=QueuePolicy(), at=AT)
            form = ScoreForm(task.code, f"key-{task.code}", task.version, total=points)
            return submit(session, data.group(key), form, seat.user_id, AT)

    mark(a, "13", "4")
    mark(a, "14", "5")
    with database.write() as session:
        (held,) = claim(session, data.group("13"), b, want=1, policy=QueuePolicy(), at=AT)
    with database.write() as session:
        assert void_responses(session, data.entries[0], ["13"], AT) == 2
        assert void_responses(session, data.entries[0], ["13"], AT) == 0
    with pytest.raises(TaskWithdrawn), database.write() as session:
        submit(session, data.group("13"), ScoreForm(held.code, "late-key", held.version, total="4"), b.user_id, AT)
    assert create_tasks(database, data.paper_id) == 2
    mark(a, "13", "8")
    mark(b, "13", "10")
    with database.read() as session:
        scores = dict(session.execute(select(GroupScore.group_id, GroupScore.points)).all())
        assert {group: str(points) for group, points in scores.items()} == {
            data.groups["13"]: "9",
            data.groups["14"]: "5",
        }
        assert len(session.scalars(select(Mark.id)).all()) == 4  # nothing was deleted
        states = session.scalars(select(MarkingTask.state)).all()
        assert states.count(TaskState.WITHDRAWN) == 2
