"""Conditions on marking tasks as SQL literals.

Literals, not parameters: only then can SQLite prove that its partial indexes apply (models/task.py).
"""

from sqlalchemy import ColumnElement, and_, literal_column

from models.task import MarkingTask

OPEN: ColumnElement[str] = literal_column("'open'")
LEASED: ColumnElement[str] = literal_column("'leased'")
DONE: ColumnElement[str] = literal_column("'done'")
PROBLEM: ColumnElement[str] = literal_column("'problem'")
WITHDRAWN: ColumnElement[str] = literal_column("'withdrawn'")
VOIDED: ColumnElement[str] = literal_column("'voided'")
LIVE: ColumnElement[str] = literal_column("'live'")
REPEAT: ColumnElement[str] = literal_column("'repeat'")
SEED: ColumnElement[str] = literal_column("'seed'")
TRAINING: ColumnElement[str] = literal_column("'training'")


def is_live(task: type[MarkingTask]) -> ColumnElement[bool]:
    """Whether the task can reach a candidate's score: live, and neither withdrawn nor voided."""
    return and_(task.kind == LIVE, task.state.not_in([WITHDRAWN, VOIDED]))


def is_seen(task: type[MarkingTask]) -> ColumnElement[bool]:
    """Whether the task shows its response to its marker for good: once only, live or as a seed, voided or not."""
    return and_(task.kind.in_([LIVE, SEED]), task.state != WITHDRAWN)
