"""Change the plan of a marking group, and bring its tasks in line with it.

Before formal marking a leader may change everything. Tasks that nobody has touched get the rounds of the new plan;
responses that carry marks settle anew by the new rules. Afterwards what decides how marks settle is locked, except for
the tolerance, whose change is shown before it is made (marking/plan/tolerance.py).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marking.plan.errors import PlanLocked, PlanRefused
from marking.rounds.policy import IllegalMark, check_step
from marking.rounds.settle import settle_response
from marking.tasks.conditions import is_live
from marking.tasks.create import is_doubled
from marking.tasks.groups import MarkingGroup, find_group, marks_wanted_at_first, role_of_round
from marking.tasks.rows import NewTask, add_tasks
from models.audit import record
from models.errors import mark_text
from models.exam import GroupRecord
from models.points import ZERO, is_multiple, show_points
from models.task import MarkingTask, TaskImage
from models.words import AuditVerb, Boundary, Compare, MarkingMode, TaskState

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """What a leader may set for a group; `steps` maps score field to mark step."""

    mode: MarkingMode
    tolerance: Decimal
    boundary: Boundary
    compare: Compare
    steps: Mapping[str, Decimal]
    double_percent: int = 0
    seed_every: int = 20
    repeat_every: int = 0
    quality_tolerance: Decimal | None = None
    pause_after_seeds: int = 0
    qualification: bool = False
    qualify_percent: int = 80


def plan_of(group: MarkingGroup) -> Plan:
    """The plan in force."""
    return Plan(
        mode=group.mode,
        tolerance=group.tolerance,
        boundary=group.boundary,
        compare=group.compare,
        steps={part.id: part.step for part in group.parts},
        double_percent=group.double_percent,
        seed_every=group.quality.seed_every,
        repeat_every=group.quality.repeat_every,
        quality_tolerance=group.quality.tolerance,
        pause_after_seeds=group.quality.pause_after_seeds,
        qualification=group.quality.qualification,
        qualify_percent=group.quality.qualify_percent,
    )


def change_plan(session: Session, group_id: int, plan: Plan, *, actor_id: int, at: datetime) -> MarkingGroup:
    """Put a plan in force. Run it in a write transaction. Raises PlanLocked, PlanRefused."""
    before = find_group(session, group_id)
    old = plan_of(before)
    if plan == old:
        return before
    _check(before, plan)
    settles = (plan.mode, plan.tolerance, plan.boundary, plan.compare, plan.steps)
    locked = settles != (old.mode, old.tolerance, old.boundary, old.compare, old.steps)
    if locked and before.is_locked:
        raise PlanLocked(group=before.title, what=mark_text("how marks settle"))
    stored = session.get_one(GroupRecord, group_id)
    stored.mode, stored.tolerance = plan.mode, plan.tolerance
    stored.boundary, stored.compare = plan.boundary, plan.compare
    stored.parts = [{**part, "step": show_points(plan.steps[part["id"]])} for part in stored.parts]
    stored.double_percent = plan.double_percent
    stored.seed_every, stored.repeat_every = plan.seed_every, plan.repeat_every
    stored.quality_tolerance, stored.pause_after_seeds = plan.quality_tolerance, plan.pause_after_seeds
    stored.qualification, stored.qualify_percent = plan.qualification, plan.qualify_percent
    session.flush()
    after = find_group(session, group_id)
    record(session, AuditVerb.PLAN_CHANGED, f"group:{group_id}", actor_id=actor_id, change=_difference(old, plan))
    if locked or plan.double_percent != old.double_percent:
        bring_in_line(session, after, at)
    return after


def _difference(old: Plan, new: Plan) -> dict[str, object]:
    def said(value: object) -> object:
        if isinstance(value, Decimal):
            return show_points(value)
        return {key: show_points(step) for key, step in value.items()} if isinstance(value, Mapping) else value

    return {
        name: [said(getattr(old, name)), said(getattr(new, name))]
        for name in Plan.__dataclass_fields__
        if getattr(old, name) != getattr(new, name)
    }


def _check(group: MarkingGroup, plan: Plan) -> None:
    if not ZERO <= plan.tolerance <= group.full_mark:
        raise PlanRefused(why=mark_text("the tolerance must lie between 0 and the full mark"))
    if plan.quality_tolerance is not None and not ZERO <= plan.quality_tolerance <= group.full_mark:
        raise PlanRefused(why=mark_text("the tolerance must lie between 0 and the full mark"))
    if set(plan.steps) != {part.id for part in group.parts}:
        raise PlanRefused(why=mark_text("a step is missing"))
    for part in group.parts:
        step = plan.steps[part.id]
        try:
            check_step(step)
        except IllegalMark as err:
            raise PlanRefused(why=err.details["why"]) from err
        if not is_multiple(part.points, step):
            raise PlanRefused(why=mark_text("the full mark is not a whole number of steps"))
    if not (0 <= plan.double_percent <= 100 and 0 <= plan.qualify_percent <= 100):
        raise PlanRefused(why=mark_text("a share must lie between 0 and 100 %"))
    if min(plan.seed_every, plan.repeat_every, plan.pause_after_seeds) < 0 or 1 in (plan.seed_every, plan.repeat_every):
        raise PlanRefused(why=mark_text("one in so many must be 0 for never, or at least 2"))


def bring_in_line(session: Session, group: MarkingGroup, at: datetime) -> None:
    """Give untouched responses the rounds that the plan asks for, and settle all others anew."""
    tasks: dict[int, list[MarkingTask]] = defaultdict(list)
    for task in session.scalars(select(MarkingTask).where(MarkingTask.group_id == group.id, is_live(MarkingTask))):
        tasks[task.entry_id].append(task)
    wanted: list[NewTask] = []
    surplus: list[int] = []
    touched: list[int] = []
    for entry_id, own in tasks.items():
        if any(task.points is not None or task.problem is not None for task in own):
            touched.append(entry_id)
            continue
        doubled = is_doubled(group, entry_id)
        mode = group.as_doubled().mode if doubled else group.mode
        rounds = marks_wanted_at_first(mode)
        for task in own:
            task.doubled = doubled
            task.role = role_of_round(mode, task.round).value
            if task.round not in rounds and task.state is TaskState.OPEN:
                surplus.append(task.id)
        first = min(own, key=lambda task: task.round)
        missing = [round_ for round_ in rounds if round_ not in {task.round for task in own}]
        wanted += [_new(group, first, round_, mode, doubled=doubled) for round_ in missing]
    session.flush()
    for start in range(0, len(surplus), _CHUNK):
        session.execute(
            update(MarkingTask)
            .where(MarkingTask.id.in_(surplus[start : start + _CHUNK]), MarkingTask.state == TaskState.OPEN)
            .values(state=TaskState.WITHDRAWN, version=MarkingTask.version + 1)
            .execution_options(synchronize_session=False)
        )
    _add(session, wanted, {entry_id: own[0].id for entry_id, own in tasks.items()})
    for entry_id in touched:
        settle_response(session, group, entry_id, at)


def _new(group: MarkingGroup, first: MarkingTask, round_: int, mode: MarkingMode, *, doubled: bool) -> NewTask:
    return NewTask(
        group_id=group.id, entry_id=first.entry_id, school_id=first.school_id, round=round_,
        role=role_of_round(mode, round_), crop_ids=(), part_ids=tuple(first.part_ids), blank=first.blank,
        doubled=doubled,
    )  # fmt: skip


def _add(session: Session, wanted: list[NewTask], source_of: Mapping[int, int]) -> None:
    """Add tasks with the images of another task on the same response."""
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        crops: dict[int, list[int]] = defaultdict(list)
        for task_id, crop_id in session.execute(
            select(TaskImage.task_id, TaskImage.crop_id)
            .where(TaskImage.task_id.in_([source_of[task.entry_id] for task in chunk]))
            .order_by(TaskImage.task_id, TaskImage.position)
        ):
            crops[task_id].append(crop_id)
        add_tasks(session, [task.showing(crops[source_of[task.entry_id]]) for task in chunk])
