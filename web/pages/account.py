"""The own account: what one may do, and a new password."""

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from models.errors import KaiyueError
from web.access.errors import (
    LoginBusy,
    LoginTooOften,
    PasswordNotRepeated,
    PasswordTooWeak,
    PresentPasswordWrong,
)
from web.access.guard import current_user, signed_in
from web.access.login import change_password
from web.access.password_gate import GATE
from web.access.services import services
from web.i18n import _, error_texts

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """Who I am here."""
    return _page(None)


@blueprint.post("/password")
@signed_in
def new_password() -> ResponseReturnValue:
    """Take a new password and end the other sessions of this account."""
    user, kept = current_user(), services()
    try:
        if request.form.get("new", "") != request.form.get("again", ""):
            raise PasswordNotRepeated
        change_password(
            kept.database,
            current_app.extensions[GATE],
            user_id=user.id,
            session_id=user.session_id,
            old=request.form.get("old", ""),
            new=request.form.get("new", ""),
            address=request.remote_addr or "",
        )
    except (PresentPasswordWrong, LoginTooOften, LoginBusy, PasswordTooWeak, PasswordNotRepeated) as error:
        return _page(error)
    flash(_("Your password has been changed; you were logged out everywhere else."), "good")
    return redirect(url_for("account.show"))


def _page(error: KaiyueError | None) -> ResponseReturnValue:
    problem = error_texts(error) if error is not None else None
    return make_response(render_template("account.html", problem=problem), error.http_status if error else 200)
