"""Back-reading for a group's leaders: draw a sample of settled responses, read them again, agree or correct."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marking.quality import sampling
from marking.quality.sampling import SampleKind, SampleRule
from marking.rounds.late import late_marks
from marking.tasks.groups import MarkingGroup
from models.columns import now
from models.errors import KaiyueError, mark_text
from models.points import show_points
from models.words import CheckResult
from web.access.guard import current_user, needs
from web.access.permissions import Permission
from web.access.services import services
from web.i18n import _, error_texts
from web.leading import act, back, find, points, tabs_of, text, whole, whole_or, word
from web.pages.board import board_of
from web.words import name_of

blueprint = Blueprint("samples", __name__, url_prefix="/marking")

NEED = Permission.LEAD_GROUP

KINDS = {
    SampleKind.RANDOM: mark_text("at random"),
    SampleKind.BAND: mark_text("scores in a band"),
    SampleKind.MARKER: mark_text("marks of one person"),
    SampleKind.EXTREMES: mark_text("zeros and full marks"),
}
RESULTS = {
    CheckResult.WAITING: mark_text("to be read"),
    CheckResult.AGREED: mark_text("agreed"),
    CheckResult.CORRECTED: mark_text("corrected"),
}


@blueprint.get("/<int:group_id>/samples")
@needs(NEED)
def index(group_id: int) -> ResponseReturnValue:
    """The samples of a group, a form for a new one, and the marks that came too late and were offered as notes."""
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        lines = sampling.samples_of(session, group_id)
        board = board_of(session, group)
        notes = late_marks(session, group_id)
    people = {line.user_id: line.who.name for line in board.markers}
    return render_template(
        "leading/samples.html",
        group=group,
        tabs=tabs_of(group),
        lines=[(line, said(line.rule, people)) for line in lines],
        kinds=KINDS,
        results=RESULTS,
        markers=sorted(people.items(), key=lambda one: one[1]),
        chosen=request.args.get("marker", type=int),
        full_mark=show_points(group.full_mark),
        notes=notes,
    )


def said(rule: Mapping[str, object], people: Mapping[int, str]) -> str:
    """How a sample was drawn, in words."""
    kind = SampleKind(str(rule["kind"]))
    if kind is SampleKind.BAND:
        return _("scores from {low} to {high}", low=rule["low"], high=rule["high"])
    if kind is SampleKind.MARKER:
        user_id = rule["user_id"]
        return _("marks of {name}", name=people.get(user_id, str(user_id)) if isinstance(user_id, int) else "")
    return _(KINDS[kind])


@blueprint.post("/<int:group_id>/samples/draw")
@needs(NEED)
def draw(group_id: int) -> ResponseReturnValue:
    """Draw a sample and open it."""
    try:
        rule = SampleRule(
            word("kind", SampleKind, SampleKind.RANDOM), whole_or("count", 20), points("low"), points("high"),
            whole("marker"),
        )  # fmt: skip
        with services().database.write() as session:
            group = find(session, group_id, NEED)
            sample_id = sampling.draw_sample(session, group, rule, actor_id=current_user().id, at=now())
    except KaiyueError as error:
        if error.http_status == 404 or error.http_status >= 500:
            raise
        flash(" ".join(error_texts(error)), "wrong")
        return back("samples.index", group_id=group_id)
    return redirect(url_for("samples.show", group_id=group_id, sample_id=sample_id))


@blueprint.get("/<int:group_id>/samples/<int:sample_id>")
@needs(NEED)
def show(group_id: int, sample_id: int) -> ResponseReturnValue:
    """The next response of a sample that is to be read, or that all are."""
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        shown = sampling.next_of(session, group, sample_id)
        line = next(each for each in sampling.samples_of(session, group_id) if each.id == sample_id)
    return render_template(
        "leading/sample.html",
        group=group,
        tabs=tabs_of(group),
        line=line,
        shown=shown,
        results=RESULTS,
        source=None if shown is None or shown.source is None else name_of(shown.source),
    )


@blueprint.post("/<int:group_id>/samples/<int:sample_id>/<int:check_id>")
@needs(NEED)
def decide(group_id: int, sample_id: int, check_id: int) -> ResponseReturnValue:
    """Agree with the score of a response, or give it another one with a reason."""

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        if request.form.get("decision") != "correct":
            sampling.agree(session, group, check_id, actor_id=actor, at=now())
            return ""
        given = {part.id: text(f"part {part.id}", 20) for part in group.parts if text(f"part {part.id}", 20)}
        done = sampling.correct(session, group, check_id, given, text("reason", 200), actor_id=actor, at=now())
        return _("Corrected from {before} to {after}.",
                 before="–" if done.before is None else show_points(done.before),
                 after=show_points(done.after))  # fmt: skip

    act(group_id, NEED, do)
    return back("samples.show", group_id=group_id, sample_id=sample_id)
