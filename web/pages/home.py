"""The home page: what this person can do here, and what waits."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from web.access.guard import current_user, signed_in
from web.access.services import services
from web.home import tasks_for

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """One tile for each thing to do."""
    with services().database.read() as session:
        tiles = tasks_for(session, current_user())
    return render_template("home.html", tiles=tiles)
