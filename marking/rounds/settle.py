"""Carry a response on after each mark: the next round, or the score that it settles on.

In:  the counting marks of one response (candidate and marking group). Out: tasks, and one GroupScore row.
Everything is derived again from the marks each time, so running it twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, func, literal_column, select, update
from sqlalchemy.orm import Session

from marking.rounds.policy import Outcome, SettleRules, settle
from marking.tasks.claim import take_back
from marking.tasks.groups import MarkingGroup, role_of_round
from marking.tasks.rows import NewTask, add_tasks
from models.people import PaperEntry
from models.points import parse_points, show_points
from models.task import GroupScore, Mark, MarkingTask, TaskImage
from models.words import ScoreSource, TaskState


@dataclass(frozen=True, slots=True)
class CountingMark:
    """The latest mark of one live task."""

    task_id: int
    round: int
    marker_id: int
    parts: dict[str, Decimal]
    decides: bool  # a leader's mark on a problem response ends the matter


def rules_of(group: MarkingGroup) -> SettleRules:
    """The settling rules of a stored group."""
    return SettleRules(group.mode, group.parts, group.full_mark, group.tolerance, group.boundary, group.compare)


def lock_response(session: Session, entry_id: int) -> None:
    """Let one transaction at a time work on this candidate's marks.

    Two markers who submit rounds 1 and 2 together would otherwise each see only the own mark, and nobody would
    settle. SQLite has one writer anyway. The lock leaves rows that refer to the entry alone.
    """
    session.execute(select(PaperEntry.id).where(PaperEntry.id == entry_id).with_for_update(key_share=True))


def counting_marks(session: Session, group_id: int, entry_id: int) -> list[CountingMark]:
    """The marks that count for a response, in the order of the rounds."""
    latest = (
        select(func.max(Mark.revision)).where(Mark.task_id == MarkingTask.id).correlate(MarkingTask).scalar_subquery()
    )
    rows = session.execute(
        select(MarkingTask.id, MarkingTask.round, Mark.marker_id, Mark.parts, MarkingTask.problem)
        .join(Mark, Mark.task_id == MarkingTask.id)
        .where(
            MarkingTask.entry_id == entry_id,
            MarkingTask.group_id == group_id,
            MarkingTask.kind == literal_column("'live'"),
            MarkingTask.state != literal_column("'withdrawn'"),
            MarkingTask.points.is_not(None),
            Mark.revision == latest,
        )
        .order_by(MarkingTask.round)
    )
    return [
        CountingMark(
            task_id,
            round_,
            marker_id,
            {part: parse_points(points) for part, points in parts.items()},
            decides=problem is not None,
        )
        for task_id, round_, marker_id, parts, problem in rows
    ]


def settle_response(session: Session, group: MarkingGroup, entry_id: int, at: datetime) -> Outcome | None:
    """Settle one response as far as its marks go; None while a round before the last mark is still missing."""
    marks = counting_marks(session, group.id, entry_id)
    outcome = outcome_of(marks, rules_of(group))
    if outcome is not None and outcome.is_settled:
        _keep_score(session, group.id, entry_id, outcome, at)
        _withdraw_rest(session, group.id, entry_id, at)
        return outcome
    session.execute(delete(GroupScore).where(GroupScore.entry_id == entry_id, GroupScore.group_id == group.id))
    if outcome is not None:
        _open_round(session, group, entry_id, len(marks) + 1)
    return outcome


def outcome_of(marks: Sequence[CountingMark], rules: SettleRules) -> Outcome | None:
    """What the marks amount to; None while an earlier round is still missing or nothing was marked."""
    for mark in marks:
        if mark.decides:
            return Outcome(sum(mark.parts.values(), Decimal(0)), mark.parts, ScoreSource.LEADER, None)
    if not marks or [mark.round for mark in marks] != list(range(1, len(marks) + 1)):
        return None
    return settle([mark.parts for mark in marks], rules)


def _keep_score(session: Session, group_id: int, entry_id: int, outcome: Outcome, at: datetime) -> None:
    assert outcome.points is not None
    assert outcome.source is not None
    kept = session.scalar(select(GroupScore).where(GroupScore.entry_id == entry_id, GroupScore.group_id == group_id))
    if kept is None:
        kept = GroupScore(entry_id=entry_id, group_id=group_id)
        session.add(kept)
    kept.points = outcome.points
    kept.parts = {part: show_points(points) for part, points in outcome.parts.items()}
    kept.source = outcome.source
    kept.parts_disagree = outcome.parts_disagree
    kept.settled_at = at
    session.flush()


def _withdraw_rest(session: Session, group_id: int, entry_id: int, at: datetime) -> None:
    """Nobody need mark what a leader has decided; marks already given stay beside the decision."""
    rest = session.scalars(
        select(MarkingTask.id).where(
            MarkingTask.entry_id == entry_id,
            MarkingTask.group_id == group_id,
            MarkingTask.kind == literal_column("'live'"),
            MarkingTask.state.in_([TaskState.OPEN, TaskState.LEASED, TaskState.PROBLEM]),
            MarkingTask.points.is_(None),
        )
    ).all()
    if rest:
        take_back(session, rest, "withdrawn", at)
        session.execute(
            update(MarkingTask)
            .where(MarkingTask.id.in_(rest))
            .values(state=TaskState.WITHDRAWN, version=MarkingTask.version + 1)
            .execution_options(synchronize_session=False)
        )


def _open_round(session: Session, group: MarkingGroup, entry_id: int, round_: int) -> None:
    first = session.scalars(
        select(MarkingTask).where(
            MarkingTask.entry_id == entry_id,
            MarkingTask.group_id == group.id,
            MarkingTask.kind == literal_column("'live'"),
            MarkingTask.state != literal_column("'withdrawn'"),
            MarkingTask.round == 1,
        )
    ).one()
    crops = session.scalars(
        select(TaskImage.crop_id).where(TaskImage.task_id == first.id).order_by(TaskImage.position)
    ).all()
    add_tasks(
        session,
        [
            NewTask(
                group_id=group.id,
                entry_id=entry_id,
                school_id=first.school_id,
                round=round_,
                role=role_of_round(group.mode, round_),
                crop_ids=tuple(crops),
                part_ids=tuple(first.part_ids),
                blank=first.blank,
            )
        ],
    )
