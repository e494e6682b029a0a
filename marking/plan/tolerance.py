"""Change the tolerance of a group whose formal marking has begun: shown first, then made, with a reason.

Every response that carries marks settles anew by the new tolerance (domain.md 3.6). Third marks that are no longer
asked for stay in the table; rounds that are newly needed open.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marking.plan.errors import PlanRefused, ReasonMissing
from marking.rounds.settle import every_counting_mark, lock_response, outcome_under, settle_response
from marking.tasks.conditions import is_live
from marking.tasks.groups import MarkingGroup, find_group
from models.audit import record
from models.errors import mark_text
from models.exam import GroupRecord
from models.points import ZERO, show_points
from models.task import GroupScore, MarkingTask
from models.words import AuditVerb


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would do to one response: its score before and after, None where it is or would be open."""

    entry_id: int
    code: str
    before: Decimal | None
    after: Decimal | None


def effects(session: Session, group: MarkingGroup, tolerance: Decimal) -> list[Effect]:
    """Every response whose score would change; the public code of its first task names it."""
    _check(group, tolerance)
    changed = replace(group, tolerance=tolerance)
    kept: dict[int, Decimal] = {}
    for score in session.execute(select(GroupScore.entry_id, GroupScore.points).where(GroupScore.group_id == group.id)):
        kept[score.entry_id] = score.points
    codes = _codes(session, group.id)
    found = []
    for entry_id, marks in every_counting_mark(session, group.id).items():
        outcome = outcome_under(changed, marks)
        after = outcome.points if outcome is not None else None
        if after != kept.get(entry_id):
            found.append(Effect(entry_id, codes[entry_id], kept.get(entry_id), after))
    return sorted(found, key=lambda effect: effect.code)  # an order that says nothing of the candidates


def change_tolerance(
    session: Session, group: MarkingGroup, tolerance: Decimal, reason: str, *, actor_id: int, at: datetime
) -> int:
    """Make the change; answers how many responses have another score, or none any more. Raises ReasonMissing."""
    _check(group, tolerance)
    if not reason.strip():
        raise ReasonMissing
    touched = effects(session, group, tolerance)
    session.get_one(GroupRecord, group.id).tolerance = tolerance
    session.flush()
    after = find_group(session, group.id)
    for effect in touched:
        lock_response(session, effect.entry_id)
        settle_response(session, after, effect.entry_id, at)
    record(
        session, AuditVerb.PLAN_CHANGED, f"group:{group.id}", actor_id=actor_id,
        tolerance=[show_points(group.tolerance), show_points(tolerance)], reason=reason.strip()[:500],
        responses=len(touched),
    )  # fmt: skip
    return len(touched)


def _check(group: MarkingGroup, tolerance: Decimal) -> None:
    if not ZERO <= tolerance <= group.full_mark:
        raise PlanRefused(why=mark_text("the tolerance must lie between 0 and the full mark"))


def _codes(session: Session, group_id: int) -> dict[int, str]:
    """A public code for each response with a mark that counts."""
    rows = session.execute(
        select(MarkingTask.entry_id, func.min(MarkingTask.code))
        .where(MarkingTask.group_id == group_id, is_live(MarkingTask), MarkingTask.points.is_not(None))
        .group_by(MarkingTask.entry_id)
    )
    return {entry_id: code or "" for entry_id, code in rows}
