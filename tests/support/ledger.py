"""What clients sent, held against what is stored: an acknowledged mark is there, as it was sent, and once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from models.database import Database
from models.points import show_points
from models.task import Mark, MarkingTask
from samples.crowd import Sent

OK = 200


@dataclass(frozen=True, slots=True)
class StoredMark:
    """One row of `mark`."""

    key: str
    task: str
    points: str


@dataclass(frozen=True, slots=True)
class Faults:
    """Keys (of `doubled_tasks`: tasks) for each way in which ledger and table can differ."""

    lost: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    doubled_tasks: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.lost, self.altered, self.doubled, self.doubled_tasks, self.unknown))


def stored_marks(database: Database) -> list[StoredMark]:
    """Every mark in the table."""
    with database.read() as session:
        rows = session.execute(
            select(Mark.key, MarkingTask.code, Mark.points).join(MarkingTask, MarkingTask.id == Mark.task_id)
        )
        return [StoredMark(key, task, show_points(points)) for key, task, points in rows]


def faults_between(ledger: Sequence[Sent], stored: Sequence[StoredMark]) -> Faults:
    """Compare; holds only where no client reopened a mark, so that each task has one mark at most.

    A mark that was never acknowledged may be stored or not: the client did not hear, and nobody lied to it.
    """
    by_key = {mark.key: mark for mark in stored}
    sent = {one.key: one for one in ledger}
    lost = [one.key for one in ledger if one.status == OK and one.key not in by_key]
    altered = [
        key
        for key, mark in by_key.items()
        if key in sent and (mark.task, mark.points) != (sent[key].task, sent[key].points)
    ]
    return Faults(
        lost=tuple(lost),
        altered=tuple(altered),
        doubled=_more_than_once([mark.key for mark in stored]),
        doubled_tasks=_more_than_once([mark.task for mark in stored]),
        unknown=tuple(key for key in by_key if key not in sent),
    )


def _more_than_once(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name, count in Counter(names).items() if count > 1)
