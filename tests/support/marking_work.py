"""Marking by hand in tests: take a task, give a mark, look at what came of it."""

from datetime import UTC, datetime

from sqlalchemy import select

from marking.rounds.submit import ScoreForm, Stored, submit
from marking.tasks.claim import claim
from marking.tasks.groups import Seat
from marking.tasks.queue_policy import QueuePolicy
from models.records import GroupScore, MarkingTask
from models.words import ScoreSource
from tests.support.marking_data import MarkingData

AT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
POLICY = QueuePolicy(tail_factor=0)


def take(data: MarkingData, seat: Seat, key: str = "", *, want: int = 1, at: datetime = AT) -> list[MarkingTask]:
    """Claim tasks."""
    with data.database.write() as session:
        return claim(session, data.group(key), seat, want=want, policy=POLICY, at=at)


def give(data: MarkingData, seat: Seat, task: MarkingTask, points: str, key: str = "", *, at: datetime = AT) -> Stored:
    """Mark a claimed task of a group with one part."""
    form = ScoreForm(task.code, f"key-{task.code}-{task.version}", task.version, total=points)
    with data.database.write() as session:
        return submit(session, data.group(key), form, seat.user_id, at)


def mark_next(data: MarkingData, seat: Seat, points: str, key: str = "", *, at: datetime = AT) -> MarkingTask:
    """Claim one task and mark it."""
    (task,) = take(data, seat, key, at=at)
    give(data, seat, task, points, key, at=at)
    return task


def scores(data: MarkingData, key: str = "") -> dict[int, tuple[str, ScoreSource]]:
    """What has settled, by entry."""
    with data.database.read() as session:
        rows = session.scalars(select(GroupScore).where(GroupScore.group_id == data.group(key).id))
        return {row.entry_id: (str(row.points), row.source) for row in rows}


def tasks_of(data: MarkingData, key: str = "") -> list[MarkingTask]:
    """Every task of a group, in the order of candidates and rounds."""
    with data.database.read() as session:
        return list(
            session.scalars(
                select(MarkingTask)
                .where(MarkingTask.group_id == data.group(key).id)
                .order_by(MarkingTask.entry_id, MarkingTask.round, MarkingTask.id)
            )
        )
