"""Carry a response on after each mark: the next round, or the score that it settles on.

In:  the counting marks of one response (candidate and marking group). Out: tasks, and one GroupScore row.
Everything is derived again from the marks each time, so running it twice changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from marking.rounds.policy import Outcome, SettleRules, settle_with_spare
from marking.tasks.conditions import is_live
from marking.tasks.groups import MarkingGroup, role_of_round
from marking.tasks.lease import take_back
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
    decides: ScoreSource | None = None  # a leader's mark on a problem response, say, ends the matter
    doubled: bool = False


def rules_of(group: MarkingGroup) -> SettleRules:
    """The settling rules of a stored group."""
    return SettleRules(group.mode, group.parts, group.full_mark, group.tolerance, group.boundary, group.compare)


def lock_response(session: Session, entry_id: int) -> None:
    """Let one transaction at a time work on this candidate's marks.

    Two markers who submit rounds 1 and 2 together would otherwise each see only the own mark, and nobody would
    settle. SQLite has one writer anyway. The lock leaves rows that refer to the entry alone.
    """
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(PaperEntry.id).where(PaperEntry.id == entry_id).with_for_update(key_share=True))


@dataclass(frozen=True, slots=True)
class _Response:
    """What is known of one response: the marks that count, the tasks without a mark, and whether it had settled."""

    marks: list[CountingMark]
    unmarked: list[int]
    rounds: frozenset[int]
    scored: bool


_LATEST = select(func.max(Mark.revision)).where(Mark.task_id == MarkingTask.id).correlate(MarkingTask).scalar_subquery()
_OF_GROUP = (  # built once: every mark asks for the tasks of its response
    select(
        MarkingTask.entry_id,
        MarkingTask.id,
        MarkingTask.round,
        MarkingTask.points,
        MarkingTask.problem,
        MarkingTask.decides,
        MarkingTask.doubled,
        Mark.marker_id,
        Mark.parts,
        select(GroupScore.id)
        .where(GroupScore.entry_id == MarkingTask.entry_id, GroupScore.group_id == MarkingTask.group_id)
        .correlate(MarkingTask)
        .scalar_subquery()
        .label("score_id"),
    )
    .outerjoin(Mark, (Mark.task_id == MarkingTask.id) & (Mark.revision == _LATEST))
    .where(MarkingTask.group_id == bindparam("group_id"), is_live(MarkingTask))
    .order_by(MarkingTask.entry_id, MarkingTask.round)
)
_TASKS = _OF_GROUP.where(MarkingTask.entry_id == bindparam("entry_id"))


def _response(session: Session, group_id: int, entry_id: int) -> _Response:
    rows = session.execute(_TASKS, {"entry_id": entry_id, "group_id": group_id}).all()
    return _Response(
        marks=[_counting(row) for row in rows if row.points is not None],
        unmarked=[row.id for row in rows if row.points is None],
        rounds=frozenset(row.round for row in rows),
        scored=any(row.score_id is not None for row in rows),
    )


def _counting(row: Any) -> CountingMark:
    return CountingMark(
        row.id,
        row.round,
        row.marker_id,
        {part: parse_points(points) for part, points in row.parts.items()},
        decides=row.decides or (ScoreSource.LEADER if row.problem is not None else None),
        doubled=row.doubled,
    )


def every_counting_mark(session: Session, group_id: int) -> dict[int, list[CountingMark]]:
    """The marks that count for every response of a group, by entry, in the order of the rounds."""
    found: dict[int, list[CountingMark]] = {}
    for row in session.execute(_OF_GROUP, {"group_id": group_id}):
        if row.points is not None:
            found.setdefault(row.entry_id, []).append(_counting(row))
    return found


def counting_marks(session: Session, group_id: int, entry_id: int) -> list[CountingMark]:
    """The marks that count for a response, in the order of the rounds."""
    return _response(session, group_id, entry_id).marks


def settle_response(session: Session, group: MarkingGroup, entry_id: int, at: datetime) -> Outcome | None:
    """Settle one response as far as its marks go; None while a round before the last mark is still missing."""
    known = _response(session, group.id, entry_id)
    group = _as_dealt(group, known.marks)
    outcome = outcome_of(known.marks, rules_of(group))
    if outcome is not None and outcome.is_settled:
        _keep_score(session, group.id, entry_id, outcome, at)
        _withdraw(session, known.unmarked, at)
        return outcome
    if known.scored:
        session.execute(delete(GroupScore).where(GroupScore.entry_id == entry_id, GroupScore.group_id == group.id))
    if outcome is not None and len(known.marks) + 1 not in known.rounds:
        _open_round(session, group, entry_id, len(known.marks) + 1)
    return outcome


def outcome_under(group: MarkingGroup, marks: Sequence[CountingMark]) -> Outcome | None:
    """What the marks of a response amount to under the rules of a group; nothing is written."""
    return outcome_of(marks, rules_of(_as_dealt(group, marks)))


def _as_dealt(group: MarkingGroup, marks: Sequence[CountingMark]) -> MarkingGroup:
    return group.as_doubled() if any(mark.doubled for mark in marks) else group


def outcome_of(marks: Sequence[CountingMark], rules: SettleRules) -> Outcome | None:
    """What the marks amount to; None while an earlier round is still missing or nothing was marked."""
    for mark in reversed(marks):  # the latest decision is the one that holds
        if mark.decides is not None:
            return Outcome(sum(mark.parts.values(), Decimal(0)), mark.parts, mark.decides, None)
    if not marks or [mark.round for mark in marks] != list(range(1, len(marks) + 1)):
        return None
    return settle_with_spare([mark.parts for mark in marks], rules)[0]


_SCORE = ("points", "parts", "source", "parts_disagree", "settled_at")


def _keeping(insert: Callable[..., Any]) -> Any:
    new = insert(GroupScore)
    values = {column: new.excluded[column] for column in _SCORE}
    return new.on_conflict_do_update(index_elements=["entry_id", "group_id"], set_=values)


_KEEP = {"sqlite": _keeping(sqlite.insert), "postgresql": _keeping(postgresql.insert)}


def _keep_score(session: Session, group_id: int, entry_id: int, outcome: Outcome, at: datetime) -> None:
    assert outcome.points is not None
    assert outcome.source is not None
    session.execute(
        _KEEP[session.get_bind().dialect.name],
        {
            "entry_id": entry_id,
            "group_id": group_id,
            "points": outcome.points,
            "parts": {part: show_points(points) for part, points in outcome.parts.items()},
            "source": outcome.source,
            "parts_disagree": outcome.parts_disagree,
            "settled_at": at,
        },
    )


def _withdraw(session: Session, unmarked: Sequence[int], at: datetime) -> None:
    """Nobody need mark what a leader has decided; marks already given stay beside the decision."""
    if unmarked:
        take_back(session, unmarked, "withdrawn", at)
        session.execute(
            update(MarkingTask)
            .where(MarkingTask.id.in_(unmarked))
            .values(state=TaskState.WITHDRAWN, version=MarkingTask.version + 1)
            .execution_options(synchronize_session=False)
        )


def _open_round(session: Session, group: MarkingGroup, entry_id: int, round_: int) -> None:
    first = session.scalars(
        select(MarkingTask).where(
            MarkingTask.entry_id == entry_id,
            MarkingTask.group_id == group.id,
            is_live(MarkingTask),
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
                doubled=first.doubled,
            )
        ],
    )
