"""Take marks of one marker back, from the page of the people: see first what it concerns, then do it with a reason."""

from datetime import datetime

from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marking.plan.errors import PersonUnknown
from marking.plan.people import Person, person_of
from marking.rounds.recall import Window, concerned, recall
from marking.rounds.revisits import revisits
from marking.tasks.groups import MarkingGroup
from models.columns import now
from models.errors import KaiyueError, NotFound, mark_text
from web.access.guard import current_user, needs
from web.access.permissions import Permission
from web.access.services import services
from web.i18n import _, error_texts
from web.leading import FormUnclear, back, find, tabs_of, text
from web.marking_texts import revisit_names

blueprint = Blueprint("recall", __name__, url_prefix="/marking/<int:group_id>/people/<int:user_id>/marks")

NEED = Permission.LEAD_GROUP


@blueprint.get("")
@needs(NEED)
def show(group_id: int, user_id: int) -> ResponseReturnValue:
    """What the marks of a person in a window are, before anything is done about them."""
    problem = ""
    try:
        window = _window(user_id, request.args.get("since", ""), request.args.get("until", ""))
    except FormUnclear as error:
        problem, window = " ".join(error_texts(error)), Window(user_id)
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        person = _person(session, group, user_id)
        found = concerned(session, group.id, window)
        changed = revisits(session, group.id, user_id)
    return render_template(
        "leading/recall.html", group=group, tabs=tabs_of(group), person=person, found=found, problem=problem,
        since=_local(window.since), until=_local(window.until), changed=changed, reasons=revisit_names(),
    )  # fmt: skip


@blueprint.post("/recall")
@needs(NEED)
def take_back(group_id: int, user_id: int) -> ResponseReturnValue:
    """Return the marks, or void them."""
    kept, void = services(), request.form.get("how") == "void"
    since, until = text("since", 30), text("until", 30)
    with kept.database.read() as session:
        group = find(session, group_id, NEED)
        _person(session, group, user_id)
    try:
        count = recall(
            kept.database, group.id, _window(user_id, since, until), text("reason"), void=void,
            actor_id=current_user().id, at=now(),
        )  # fmt: skip
    except KaiyueError as error:
        if error.http_status >= 500:
            raise
        flash(" ".join(error_texts(error)), "wrong")
        return back("recall.show", group_id=group_id, user_id=user_id, since=since, until=until)
    if void:
        flash(_("{count} marks are void; others mark these responses.", count=count), "good")
    else:
        flash(_("{count} marks went back to their marker.", count=count), "good")
    return back("plan_people.show", group_id=group_id)


def _person(session: Session, group: MarkingGroup, user_id: int) -> Person:
    """Somebody of the group. Raises NotFound for everybody else, known or not."""
    try:
        return person_of(session, group, user_id)
    except PersonUnknown as err:
        raise NotFound(what=mark_text("person"), name=str(user_id)) from err


def _window(user_id: int, since: str, until: str) -> Window:
    return Window(user_id, _moment("since", since), _moment("until", until))


def _moment(name: str, given: str) -> datetime | None:
    """A moment of the form, in the time of the server as all pages show it. Raises FormUnclear."""
    if not given.strip():
        return None
    try:
        return datetime.fromisoformat(given.strip()).astimezone()
    except (ValueError, OverflowError) as err:
        raise FormUnclear(field=name, value=given[:40]) from err


def _local(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%dT%H:%M")
