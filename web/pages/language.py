"""Choosing the language: remembered by this browser and, for people who are logged in, by their account."""

from flask import Blueprint, make_response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import update

from models.errors import UsageError, mark_text
from models.staff import User
from models.words import Lang
from web.access import cookies
from web.access.guard import maybe_user, public
from web.access.local import local_path
from web.access.services import services

blueprint = Blueprint("language", __name__)


@blueprint.post("/language")
@public
def choose() -> ResponseReturnValue:
    """Speak the chosen language from here on."""
    wanted = request.form.get("language", "")
    if wanted not in set(Lang):
        raise UsageError(why=mark_text("the language is zh or en"))
    kept, user = services(), maybe_user()
    if user is not None and user.language != wanted:
        with kept.database.write() as session:
            session.execute(update(User).where(User.id == user.id).values(language=wanted))
    response = make_response(redirect(local_path(request.form.get("next"))))
    cookies.set_language_cookie(response, kept.settings, wanted)
    return response
