"""The accounts of an exam: who has one, a new password for whoever forgot theirs, shutting and opening."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from models.errors import KaiyueError, UsageError, mark_text
from web.access.accounts import account_under, find_accounts, give_new_password, set_active
from web.access.guard import current_user, needs
from web.access.objects import whole_exam
from web.access.permissions import ROLE_NAMES, Permission
from web.access.services import services
from web.i18n import _, error_texts

blueprint = Blueprint("accounts", __name__, url_prefix="/exams/<exam_key>/accounts")

_LISTED = 300


@blueprint.get("")
@needs(Permission.IMPORT_PEOPLE)
def index(exam_key: str) -> ResponseReturnValue:
    """Everybody who has rights in the exam."""
    return _page(exam_key)


@blueprint.post("/<int:user_id>/password")
@needs(Permission.IMPORT_PEOPLE)
def new_password(exam_key: str, user_id: int) -> ResponseReturnValue:
    """Give an account a new random password, shown in this one answer. Raises NotFound."""
    kept, manager = services(), current_user()
    try:
        with kept.database.read() as session:
            exam = whole_exam(session, exam_key, Permission.IMPORT_PEOPLE)
            user = account_under(session, exam.id, user_id, manager)
    except KaiyueError as error:
        return _refused(exam_key, error)
    password = give_new_password(kept.database, user.id, actor=manager.username)
    return _page(exam_key, given=(user.username, user.name, password))


@blueprint.post("/<int:user_id>/active")
@needs(Permission.IMPORT_PEOPLE)
def shut_or_open(exam_key: str, user_id: int) -> ResponseReturnValue:
    """Shut an account or open it again. Raises NotFound, UsageError."""
    manager = current_user()
    wanted = request.form.get("active", "")
    try:
        with services().database.write() as session:
            exam = whole_exam(session, exam_key, Permission.IMPORT_PEOPLE)
            user = account_under(session, exam.id, user_id, manager)
            if wanted not in ("0", "1"):
                raise UsageError(why=mark_text("active is 0 or 1"))
            set_active(session, user, wanted == "1", actor=manager.username)
            name = user.name or user.username
    except KaiyueError as error:
        return _refused(exam_key, error)
    flash(_("{name} can log in again.", name=name) if wanted == "1" else _("{name} is shut out.", name=name), "good")
    return redirect(url_for("accounts.index", exam_key=exam_key, q=request.form.get("q", "")[:100] or None))


def _refused(exam_key: str, error: KaiyueError) -> ResponseReturnValue:
    if error.http_status in (400, 404) or error.http_status >= 500:
        raise error
    flash(" ".join(error_texts(error)), "wrong")
    return redirect(url_for("accounts.index", exam_key=exam_key))


def _page(exam_key: str, given: tuple[str, str, str] | None = None) -> str:
    wanted = request.values.get("q", "").strip()[:100]
    with services().database.read() as session:
        exam = whole_exam(session, exam_key, Permission.IMPORT_PEOPLE)
        accounts, total = find_accounts(session, exam.id, current_user(), wanted, _LISTED)
    return render_template(
        "exams/accounts.html",
        exam=exam,
        accounts=accounts,
        total=total,
        wanted=wanted,
        given=given,
        role_names=ROLE_NAMES,
    )
