"""What goes with marking without being a mark: proposed exemplars, late scores, what stands beside the answer."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from marking.rounds.late import keep_late, late_marks
from marking.rounds.submit import find_task
from models.audit import record
from models.words import AuditVerb
from web.access.guard import needs
from web.access.permissions import Permission
from web.access.services import services
from web.api import marking_forms as forms
from web.api.describe import INTEGER, MOMENT, POINTS, TEXT, described, listed, mapped, of
from web.marking_desk import place, place_of_task
from web.references import references_of

blueprint = Blueprint("api_marking_notes", __name__, url_prefix="/api/v1/marking")

_NOTE = of(
    ("points", "images"), title=TEXT, text=TEXT, points=TEXT,
    images=listed(of(url=TEXT, w=INTEGER, h=INTEGER)),
)  # fmt: skip


@blueprint.post("/tasks/<task>/exemplar")
@needs(Permission.MARK_RESPONSE)
@described("Propose an own response to the leader as an exemplar.", gives=of(task=TEXT))
def propose(task: str) -> ResponseReturnValue:
    """Note the proposal in the audit log."""
    found = place_of_task(task)
    with services().database.write() as session:
        find_task(session, task, found.seat.user_id)
        record(session, AuditVerb.EXEMPLAR_NAMED, f"task:{task}", actor_id=found.seat.user_id, group=found.group.id)
    return jsonify({"task": task})


@blueprint.post("/tasks/<task>/late")
@needs(Permission.MARK_RESPONSE)
@described(
    "Offer a score that came too late to the leader as a note; it does not count.",
    takes=of(key=TEXT, version=INTEGER, parts=mapped(POINTS)),
    gives=of(task=TEXT),
)
def offer(task: str) -> ResponseReturnValue:
    """Keep the note."""
    form = forms.score_form(task, forms.object_body())
    found = place_of_task(form.task)
    with services().database.write() as session:
        keep_late(session, found.group, form, found.seat.user_id, told=True)
    return jsonify({"task": task})


@blueprint.get("/groups/<int:group_id>/late")
@needs(Permission.LEAD_GROUP)
@described(
    "Scores that came too late and were offered to the leader as notes.",
    gives=of(late=listed(of(marker=TEXT, task=TEXT, points=POINTS, parts=mapped(POINTS), at=MOMENT))),
)
def late(group_id: int) -> ResponseReturnValue:
    """The notes of a group."""
    with services().database.read() as session:
        found = place(session, group_id, Permission.LEAD_GROUP)
        notes = [
            {"marker": one.marker, "task": one.task, "points": one.points, "parts": one.parts, "at": one.at.isoformat()}
            for one in late_marks(session, found.group.id)
        ]
    return jsonify({"late": notes})


@blueprint.get("/groups/<int:group_id>/references")
@needs(Permission.MARK_RESPONSE)
@described(
    "What stands beside the answer: mark scheme, model answer, examples.",
    gives=of(rubric=listed(_NOTE), reference=listed(_NOTE), examples=listed(_NOTE)),
)
def references(group_id: int) -> ResponseReturnValue:
    """The references of a group."""
    with services().database.read() as session:
        found = place(session, group_id)
        return jsonify(references_of(session, found.group, found.seat.school_id))
