"""The plan of a marking group: how its marks settle and how its marking is watched; what nobody may mark."""

from dataclasses import replace

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.plan.change import Plan, change_plan, plan_of
from marking.plan.feasible import check_group
from marking.plan.people import relax_exclusion, restore_exclusion
from marking.plan.tolerance import Effect, change_tolerance, effects
from marking.tasks.groups import MarkingGroup
from models.audit import record
from models.columns import now
from models.errors import KaiyueError
from models.exam import GroupRecord
from models.people import School
from models.points import ZERO, show_points
from models.words import AuditVerb, Boundary, Compare, MarkingMode
from web.access.guard import needs
from web.access.permissions import Permission
from web.access.services import services
from web.i18n import _, error_texts
from web.leading import act, back, find, points, points_of, tabs_of, text, whole, whole_or, word
from web.plan_view import BOUNDARIES, COMPARES, gap_sentences

blueprint = Blueprint("plan", __name__, url_prefix="/marking/<int:group_id>/plan")

NEED = Permission.PLAN_MARKING


@blueprint.get("")
@needs(NEED)
def show(group_id: int) -> ResponseReturnValue:
    """The plan, and what it lacks. `?tolerance=` shows what another tolerance would do."""
    asked = request.args.get("tolerance", "").strip()
    found: list[Effect] | None = None
    problem = None
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        check = check_group(session, group)
        waived = list(session.scalars(select(School.name).where(School.id.in_(group.waived_schools))))
        if asked:
            try:
                found = effects(session, group, points_of("tolerance", asked))
            except KaiyueError as error:
                problem = " ".join(error_texts(error))
    return render_template(
        "leading/plan.html",
        group=group,
        tabs=tabs_of(group),
        plan=plan_of(group),
        full_mark=show_points(group.full_mark),
        tolerance=show_points(group.tolerance),
        modes=list(MarkingMode),
        boundaries=BOUNDARIES,
        compares=COMPARES,
        blocking=gap_sentences(check.blocking),
        possible=gap_sentences(gap for gap in check.planned if not gap.always),
        stuck_schools=sorted({(gap.school_id, gap.school) for gap in (*check.planned, *check.stuck)}),
        waived=waived,
        asked=asked,
        effects=found,
        problem=problem,
    )


@blueprint.post("/change")
@needs(NEED)
def save(group_id: int) -> ResponseReturnValue:
    """Put a plan in force."""

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        before = plan_of(group)
        after = _read_plan(group, before)
        change_plan(session, group.id, after, actor_id=actor, at=now())
        return _("The plan is in force.") if after != before else _("Nothing was changed.")

    act(group_id, NEED, do)
    return back("plan.show", group_id=group_id)


def _read_plan(group: MarkingGroup, before: Plan) -> Plan:
    watched = replace(
        before,
        seed_every=whole_or("seed_every", 0),
        repeat_every=whole_or("repeat_every", 0),
        quality_tolerance=points("quality_tolerance"),
        pause_after_seeds=whole_or("pause_after_seeds", 0),
        qualification=bool(request.form.get("qualification")),
        qualify_percent=whole_or("qualify_percent", before.qualify_percent),
    )
    if group.is_locked:
        return watched
    return replace(
        watched,
        mode=word("mode", MarkingMode, before.mode),
        tolerance=points("tolerance", empty=ZERO) or ZERO,
        boundary=word("boundary", Boundary, before.boundary),
        compare=word("compare", Compare, before.compare),
        double_percent=whole_or("double_percent", 0),
        steps={part.id: points(f"step {part.id}", empty=part.step) or part.step for part in group.parts},
    )


@blueprint.post("/tolerance")
@needs(NEED)
def settle_anew(group_id: int) -> ResponseReturnValue:
    """Change the tolerance after formal marking has begun; the page has shown what that does."""

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        wanted = points("tolerance", empty=group.tolerance) or ZERO
        count = change_tolerance(session, group, wanted, text("reason"), actor_id=actor, at=now())
        return _("The tolerance is now {points}; {count} responses have another score.",
                 points=show_points(wanted), count=count)  # fmt: skip

    act(group_id, NEED, do)
    return back("plan.show", group_id=group_id)


@blueprint.post("/exclusion")
@needs(NEED)
def exclusion(group_id: int) -> ResponseReturnValue:
    """Relax the exclusion of the own school with a reason, for one school or for all; or restore it."""

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        if request.form.get("restore"):
            restore_exclusion(session, group, actor_id=actor)
            return _("Markers are kept away from their own schools again.")
        school = whole("school")
        relax_exclusion(session, group, None if school is None else [school], text("reason"), actor_id=actor)
        return _("The exclusion was relaxed; who did it and why is written down.")

    act(group_id, NEED, do)
    return back("plan.show", group_id=group_id)


@blueprint.post("/pause")
@needs(NEED)
def pause(group_id: int) -> ResponseReturnValue:
    """Stop the marking of the group, or let it go on."""

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        stop = bool(request.form.get("stop"))
        session.get_one(GroupRecord, group.id).paused = stop
        record(session, AuditVerb.PLAN_CHANGED, f"group:{group.id}", actor_id=actor, paused=stop, reason=text("reason"))
        return _("The group is paused.") if stop else _("The group goes on.")

    act(group_id, NEED, do)
    return back("plan.show", group_id=group_id)
