"""Logging in and out in the browser."""

from flask import Blueprint, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from web.access import cookies
from web.access.errors import LoginBusy, LoginRefused, LoginTooOften
from web.access.guard import current_user, maybe_user, public, signed_in
from web.access.local import local_path
from web.access.login import log_in, log_out
from web.access.password_gate import GATE
from web.access.services import services
from web.i18n import error_texts

blueprint = Blueprint("login", __name__)


@blueprint.get("/login")
@public
def form() -> ResponseReturnValue:
    """The login form; people who are logged in already go where they wanted."""
    wanted = local_path(request.args.get("next"))
    if maybe_user() is not None:
        return redirect(wanted)
    return render_template("login.html", next=wanted, username="", problem=None)


@blueprint.post("/login")
@public
def enter() -> ResponseReturnValue:
    """Begin a session, or show the form again with what was wrong."""
    kept = services()
    wanted = local_path(request.form.get("next"))
    username = request.form.get("username", "")
    before = maybe_user()
    try:
        opened = log_in(
            kept.database,
            current_app.extensions[GATE],
            kept.settings,
            username=username,
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            replaces=before.session_id if before is not None else None,
        )
    except (LoginRefused, LoginTooOften, LoginBusy) as error:
        page = render_template("login.html", next=wanted, username=username[:100], problem=error_texts(error))
        return make_response(page, error.http_status)
    response = make_response(redirect(wanted))
    cookies.set_session(response, kept.settings, opened.token)
    return response


@blueprint.post("/logout")
@signed_in
def leave() -> ResponseReturnValue:
    """End the session."""
    kept, user = services(), current_user()
    log_out(kept.database, session_id=user.session_id, user_id=user.id, username=user.username)
    response = make_response(redirect("/login"))
    cookies.clear_session(response, kept.settings)
    return response
