"""Logging in and out for programs."""

from flask import Blueprint, current_app, jsonify, make_response, request
from flask.typing import ResponseReturnValue

from web.access import cookies
from web.access.guard import current_user, maybe_user, public, signed_in
from web.access.login import log_in, log_out
from web.access.password_gate import GATE
from web.access.services import services
from web.access.sessions import SignedIn, find_session
from web.api.body import json_body, text_of
from web.api.describe import BOOLEAN, INTEGER, TEXT, described, listed, of

blueprint = Blueprint("api_session", __name__, url_prefix="/api/v1/session")

_USER = of(
    id=INTEGER,
    username=TEXT,
    name=TEXT,
    language=TEXT,
    roles=listed(TEXT),
)
_SESSION = of(user=_USER, csrf_token=TEXT)


@blueprint.post("")
@public
@described("Log in; the answer sets the session cookie.", takes=of(username=TEXT, password=TEXT), gives=_SESSION)
def create() -> ResponseReturnValue:
    """Begin a session."""
    kept, before = services(), maybe_user()
    body = json_body("username", "password")
    opened = log_in(
        kept.database,
        current_app.extensions[GATE],
        kept.settings,
        username=text_of(body, "username"),
        password=text_of(body, "password"),
        address=request.remote_addr or "",
        replaces=before.session_id if before is not None else None,
    )
    with kept.database.read() as session:
        user = find_session(session, opened.token, kept.settings.session_idle_s)
    if user is None:  # disabled between the two statements
        return jsonify({}), 401
    response = make_response(jsonify(_said(user)))
    cookies.set_session(response, kept.settings, opened.token)
    return response


@blueprint.get("")
@signed_in
@described("Who is logged in, with the token that writes carry.", gives=_SESSION)
def show() -> ResponseReturnValue:
    """The session of this request."""
    return jsonify(_said(current_user()))


@blueprint.delete("")
@signed_in
@described("Log out.", gives=of(ended=BOOLEAN))
def end() -> ResponseReturnValue:
    """End the session."""
    kept, user = services(), current_user()
    log_out(kept.database, session_id=user.session_id, user_id=user.id, username=user.username)
    response = make_response(jsonify({"ended": True}))
    cookies.clear_session(response, kept.settings)
    return response


def _said(user: SignedIn) -> dict[str, object]:
    return {
        "user": {
            "id": user.id,
            "username": user.username,
            "name": user.name,
            "language": user.language,
            "roles": sorted({grant.role.value for grant in user.grants}),
        },
        "csrf_token": user.csrf_token,
    }
