"""Trial and scripts of a marking group: draw, open the trial, see how far marks lie apart, choose reference marks."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marking.plan import scripts
from marking.plan.calibrate import predict, suggested
from marking.rounds.settle import rules_of
from marking.tasks.groups import MarkingGroup
from models.columns import now
from models.points import show_points
from models.words import ScriptUse
from web.access.guard import needs
from web.access.permissions import Permission
from web.access.services import services
from web.i18n import _
from web.leading import act, back, find, tabs_of, text, whole_or, word
from web.plan_view import USES

blueprint = Blueprint("scripts", __name__, url_prefix="/marking/<int:group_id>/scripts")

NEED = Permission.LEAD_GROUP


@blueprint.get("")
@needs(NEED)
def show(group_id: int) -> ResponseReturnValue:
    """Everything that was drawn and chosen."""
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        shown = scripts.scripts_of(session, group)
    predictions = predict([[mark.parts for mark in one.marks] for one in shown], rules_of(group))
    return render_template(
        "leading/scripts.html", group=group, tabs=tabs_of(group), shown=shown, predictions=predictions,
        suggested=suggested(predictions), uses=USES, with_reference=scripts.WITH_REFERENCE, ScriptUse=ScriptUse,
        full_mark=show_points(group.full_mark),
    )  # fmt: skip


@blueprint.post("/draw")
@needs(NEED)
def draw(group_id: int) -> ResponseReturnValue:
    """Draw responses for the trial."""

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        count = scripts.draw_trial(session, group, whole_or("count", 20), actor_id=actor, at=now())
        return _("{count} responses were drawn for the trial.", count=count)

    act(group_id, NEED, do)
    return back("scripts.show", group_id=group_id)


@blueprint.post("/trial")
@needs(NEED)
def trial(group_id: int) -> ResponseReturnValue:
    """Open the trial or end it."""
    opened = bool(request.form.get("open"))

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        scripts.set_trial(session, group, opened=opened, actor_id=actor)
        return _("The trial is open: everybody gets the trial scripts.") if opened else _("The trial has ended.")

    act(group_id, NEED, do)
    return back("scripts.show", group_id=group_id)


@blueprint.post("/<int:entry_id>/choose")
@needs(NEED)
def choose(group_id: int, entry_id: int) -> ResponseReturnValue:
    """Give a response a reference mark and a use."""

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        given = {part.id: text(f"part {part.id}", 20) for part in group.parts if text(f"part {part.id}", 20)}
        use = word("use", ScriptUse, ScriptUse.TRIAL)
        scripts.choose_script(session, group, entry_id, use, given, text("note"), actor_id=actor, at=now())
        return _("The reference mark is kept.")

    act(group_id, NEED, do)
    return back("scripts.show", group_id=group_id, _anchor=f"response-{entry_id}")


@blueprint.post("/<int:entry_id>/retire")
@needs(NEED)
def retire(group_id: int, entry_id: int) -> ResponseReturnValue:
    """Deal a script no more; the form names it."""

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        scripts.retire_script(session, group, whole_or("script", 0), actor_id=actor, at=now())
        return _("The script is dealt no more.")

    act(group_id, NEED, do)
    return back("scripts.show", group_id=group_id, _anchor=f"response-{entry_id}")
