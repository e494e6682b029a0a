"""Rosters and staff: a table is checked and previewed first, and taken in only when the preview is accepted.

The preview changes nothing: the import runs in a session that is rolled back. The file travels again with the
confirmation, so that nothing personal waits on the server for an answer that may never come.
"""

from collections.abc import Sequence

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marking.setup.roster import HEADINGS as ROSTER_HEADINGS
from marking.setup.roster import RosterResult, import_roster, read_roster
from marking.setup.staffing import HEADINGS as STAFF_HEADINGS
from marking.setup.staffing import ROLE_WORDS, StaffLine, StaffResult, import_staff, keep_hashes, read_staff
from marking.setup.structure import find_papers
from models.errors import Complaints, KaiyueError, NotFound, mark_text
from models.table import Table
from models.words import Lang, Role
from web.access.errors import RoleBeyondOwn
from web.access.guard import current_user, needs, takes_upload
from web.access.objects import whole_exam
from web.access.passwords import hash_passwords
from web.access.permissions import ROLE_NAMES, Permission
from web.access.services import services
from web.downloads import XLSX, attachment, table_file
from web.i18n import _, current_language, error_texts
from web.scanning import match_roster
from web.spreadsheet import as_xlsx
from web.uploads import UploadedFile, one_file

blueprint = Blueprint("people", __name__, url_prefix="/exams/<exam_key>")

_TITLES = {"roster": mark_text("Import the roster"), "staff": mark_text("Import the staff")}


@blueprint.get("/roster")
@needs(Permission.IMPORT_PEOPLE)
def roster(exam_key: str) -> ResponseReturnValue:
    """The form for a roster."""
    return _page(exam_key, "roster")


@blueprint.post("/roster")
@needs(Permission.IMPORT_PEOPLE)
@takes_upload
def import_roster_file(exam_key: str) -> ResponseReturnValue:
    """Check a roster, or take it in when `confirm` is given."""
    confirmed = bool(request.form.get("confirm"))
    try:
        result = _take_roster(exam_key, one_file("file"), confirmed=confirmed)
    except KaiyueError as error:
        return _refused(exam_key, "roster", error)
    if not confirmed:
        return _page(exam_key, "roster", roster=result)
    flash(_("{added} candidates added, {changed} changed.", added=result.added, changed=result.changed), "good")
    if result.added + result.changed:
        with services().database.read() as session:
            papers = find_papers(session, exam_key)
        found = sum(match_roster(services(), stored) for stored in papers)
        if found:
            flash(_("{count} pages that waited for their number have found their candidate.", count=found), "good")
    return redirect(url_for("exams.show", exam_key=exam_key))


@blueprint.get("/empty/<which>.xlsx")
@needs(Permission.IMPORT_PEOPLE)
def empty_table(exam_key: str, which: str) -> ResponseReturnValue:
    """An empty table with the headings that the import knows, to be filled in."""
    with services().database.read() as session:
        whole_exam(session, exam_key, Permission.IMPORT_PEOPLE)
    headings = {"roster": ROSTER_HEADINGS, "staff": STAFF_HEADINGS}.get(which)
    if headings is None:
        raise NotFound(what=mark_text("table"), name=which[:60])
    names = tuple(others[0] if current_language() is Lang.ZH else name for name, others in headings.items())
    book = as_xlsx(Table(names, ()), to_fill=True)
    return attachment(Response(book, mimetype=XLSX), f"{exam_key}-{which}.xlsx")


@blueprint.get("/staff")
@needs(Permission.IMPORT_PEOPLE)
def staff(exam_key: str) -> ResponseReturnValue:
    """The form for a staff table."""
    return _page(exam_key, "staff")


@blueprint.post("/staff")
@needs(Permission.IMPORT_PEOPLE)
@takes_upload
def import_staff_file(exam_key: str) -> ResponseReturnValue:
    """Check a staff table, or take it in when `confirm` is given; the answer is then the list of first passwords."""
    confirmed = bool(request.form.get("confirm"))
    try:
        result = _take_staff(exam_key, one_file("file"), confirmed=confirmed)
    except KaiyueError as error:
        return _refused(exam_key, "staff", error)
    if not confirmed:
        return _page(exam_key, "staff", staff=result)
    if not result.credentials:
        flash(_("{grants} rights added; no account is new.", grants=result.grants), "good")
        return redirect(url_for("exams.show", exam_key=exam_key))
    rows = tuple((each.username, each.name, each.password) for each in result.credentials)
    titles = (_("User name"), _("Name"), _("First password"))
    return _once(table_file(Table(titles, rows), "csv", f"{exam_key}-first-passwords"))


def _take_roster(exam_key: str, file: UploadedFile, *, confirmed: bool) -> RosterResult:
    kept, actor = services(), current_user().username
    with kept.database.read() as session:
        digits = whole_exam(session, exam_key, Permission.IMPORT_PEOPLE).number_digits
    checked = read_roster(file.data, file.name, digits)
    with (kept.database.write if confirmed else kept.database.read)() as session:
        exam = whole_exam(session, exam_key, Permission.IMPORT_PEOPLE)
        return import_roster(session, exam, checked, actor=actor)


def _take_staff(exam_key: str, file: UploadedFile, *, confirmed: bool) -> StaffResult:
    """Passwords are hashed after the rows are in, outside the transaction: hashing fifty takes seconds.

    Until its hash is there an account has none and cannot log in.
    """
    kept, user = services(), current_user()
    table = read_staff(file.data, file.name)
    _refuse_escalation(table.lines)
    with (kept.database.write if confirmed else kept.database.read)() as session:
        exam = whole_exam(session, exam_key, Permission.IMPORT_PEOPLE)
        result = import_staff(session, exam, table, actor=user.username)
    if confirmed and result.credentials:
        hashes = hash_passwords([each.password for each in result.credentials])
        with kept.database.write() as session:
            keep_hashes(session, result.credentials, hashes)
    return result


def _refuse_escalation(lines: Sequence[StaffLine]) -> None:
    """An exam manager gives out rights within the exam; system administrators are named on the command line only."""
    for line in lines:
        if line.role is Role.ADMIN:
            raise RoleBeyondOwn(place=line.places["role"], role=ROLE_NAMES[line.role])


def _refused(exam_key: str, kind: str, error: KaiyueError) -> ResponseReturnValue:
    if error.http_status == 404 or error.http_status >= 500:
        raise error
    found = error.details.get("complaints")
    page = _page(exam_key, kind, problem=error_texts(error), complaints=found if isinstance(found, Complaints) else ())
    return make_response(page, error.http_status)


def _page(exam_key: str, kind: str, **values: object) -> str:
    with services().database.read() as session:
        exam = whole_exam(session, exam_key, Permission.IMPORT_PEOPLE)
    # the words that the import knows are Chinese or those of the code, whatever the language of the page
    first = {role: word for word, role in reversed(ROLE_WORDS.items())}
    given = [role for role in Role if role is not Role.ADMIN]
    words = [first[role] if current_language() is Lang.ZH else role.value for role in given]
    return render_template("exams/people.html", exam=exam, kind=kind, title=_TITLES[kind], role_words=words, **values)


def _once(response: Response) -> Response:
    """First passwords are shown once and kept nowhere."""
    response.headers["Cache-Control"] = "no-store"
    return response
