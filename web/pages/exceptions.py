"""The exceptions desk: the list by code, one exception with its evidence, the wall of doubtful answers."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marking.setup.structure import find_paper_by_id
from models.errors import InputRefused, KaiyueError, NotFound, UsageError, mark_text
from models.sheet import Batch, SheetException
from models.words import EntryStatus, ExceptionCode, ExceptionState
from scanning.resolve import Person
from web.access.guard import current_user, needs
from web.access.objects import exception_of, page_of, whole_paper
from web.access.permissions import Permission
from web.access.services import services
from web.decisions import FORM_FIELD, Subject, decide
from web.downloads import table_file
from web.errands import ask_to_follow
from web.exception_advice import best_guess, exception_advice, page_detail
from web.exceptions_view import (
    NOTE_CODES,
    NUMBER_CODES,
    ONLY_DISCARD_CODES,
    STATUS_CODES,
    counts_by_code,
    evidence_of,
    exception_table,
    first_page_of,
    likely_candidates,
    next_open,
    on_wall,
    open_exceptions,
    reopened,
    who_is,
)
from web.i18n import _, error_texts
from web.scanning import scan_context

blueprint = Blueprint("exceptions", __name__)
blueprint.add_app_template_filter(best_guess)
blueprint.add_app_template_filter(page_detail)

_LISTED = 300
_ON_WALL = 24


@blueprint.get("/exams/<exam_key>/papers/<paper_key>/exceptions")
@needs(Permission.SEE_SCANS)
def index(exam_key: str, paper_key: str) -> ResponseReturnValue:
    """The open exceptions of a paper, by code."""
    wanted = request.args.get("code", "")
    code = ExceptionCode(wanted) if wanted in set(ExceptionCode) else None
    with services().database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.SEE_SCANS)
        counts = counts_by_code(session, found.paper.id)
        listed = open_exceptions(session, found.paper.id, code, _LISTED)
    return render_template(
        "scans/exceptions.html",
        found=found,
        counts=counts,
        listed=listed,
        code=code,
        count=counts.get(code, 0) if code is not None else sum(counts.values()),
        on_wall=on_wall(counts),
    )


@blueprint.get("/exams/<exam_key>/papers/<paper_key>/exceptions.<kind>")
@needs(Permission.SEE_SCANS)
def download(exam_key: str, paper_key: str, kind: str) -> ResponseReturnValue:
    """Every open exception of a paper as a file."""
    with services().database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.SEE_SCANS)
        table = exception_table(open_exceptions(session, found.paper.id, None))
    return table_file(table, kind, f"{exam_key}-{paper_key}-exceptions")


@blueprint.get("/exceptions/<int:exception_id>")
@needs(Permission.SEE_SCANS)
def show(exception_id: int) -> ResponseReturnValue:
    """One exception with its page and its evidence, and what can be decided."""
    return _desk(exception_id, None)


@blueprint.post("/exceptions/<int:exception_id>/<action>")
@needs(Permission.RESOLVE_EXCEPTION)
def resolve(exception_id: int, action: str) -> ResponseReturnValue:
    """Decide, and go to the next one."""
    kept, user = services(), current_user()
    with kept.database.read() as session:
        found, _row = exception_of(session, exception_id, Permission.RESOLVE_EXCEPTION)
        context = scan_context(kept, find_paper_by_id(session, found.paper.id))
    try:
        with kept.database.write() as session:
            _found, row = exception_of(session, exception_id, Permission.RESOLVE_EXCEPTION)
            subject = Subject(row.id, row.page_image_id, row.entry_id, row.field)
            decide(session, context, action, subject, request.form, Person(user.id, user.username))
            ask_to_follow(session, found.paper.id)
            following = next_open(session, row)
            left = row.id if row.state is ExceptionState.OPEN else reopened(session, row)
    except (InputRefused, UsageError) as error:
        return _desk(exception_id, error)
    if left is not None:
        flash(_("The decision was kept; something about this page still waits."), "warn")
        return redirect(url_for("exceptions.show", exception_id=left))
    flash(_("The decision was kept."), "good")
    if following is None:
        return redirect(url_for("exceptions.index", exam_key=found.exam.key, paper_key=found.paper.key))
    return redirect(url_for("exceptions.show", exception_id=following))


@blueprint.get("/exams/<exam_key>/papers/<paper_key>/doubtful")
@needs(Permission.RESOLVE_EXCEPTION)
def wall(exam_key: str, paper_key: str) -> ResponseReturnValue:
    """Doubtful answers and choices side by side: each with its picture and the best guess."""
    with services().database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.RESOLVE_EXCEPTION)
        counts = counts_by_code(session, found.paper.id)
        listed = [
            each
            for code in (ExceptionCode.OBJECTIVE_DOUBTFUL, ExceptionCode.CHOICE_DOUBTFUL)
            for each in open_exceptions(session, found.paper.id, code, _ON_WALL)
        ][:_ON_WALL]
    return render_template("scans/wall.html", found=found, listed=listed, count=on_wall(counts))


@blueprint.post("/exams/<exam_key>/papers/<paper_key>/doubtful")
@needs(Permission.RESOLVE_EXCEPTION)
def decide_wall(exam_key: str, paper_key: str) -> ResponseReturnValue:
    """Keep what was confirmed or corrected on the wall; answers that were not touched stay doubtful."""
    kept, user = services(), current_user()
    with kept.database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.RESOLVE_EXCEPTION)
        context = scan_context(kept, find_paper_by_id(session, found.paper.id))
    given = {name.removeprefix("value-"): value for name, value in request.form.items() if name.startswith("value-")}
    refused: list[KaiyueError] = []
    decided = 0
    for text, value in list(given.items())[:_ON_WALL]:
        if not request.form.get(f"sure-{text}") or not (text.isascii() and text.isdigit() and len(text) < 19):
            continue
        try:
            with kept.database.write() as session:
                row = session.get(SheetException, int(text))
                if row is None or row.paper_id != found.paper.id:
                    raise NotFound(what=mark_text("exception"), name=text)
                subject = Subject(row.id, row.page_image_id, row.entry_id, row.field)
                action = "choice" if row.code is ExceptionCode.CHOICE_DOUBTFUL else "value"
                decide(session, context, action, subject, {FORM_FIELD[action]: value}, Person(user.id, user.username))
            decided += 1
        except InputRefused as error:
            refused.append(error)
    with kept.database.write() as session:
        ask_to_follow(session, found.paper.id)
    flash(_("{count} answers were decided.", count=decided), "good")
    for each in refused:
        flash(" ".join(error_texts(each)), "wrong")
    return redirect(url_for("exceptions.wall", exam_key=exam_key, paper_key=paper_key))


@blueprint.get("/pages/<int:page_id>")
@needs(Permission.SEE_SCANS)
def page(page_id: int) -> ResponseReturnValue:
    """One page with everything that was read on it."""
    with services().database.read() as session:
        found, row = page_of(session, page_id, Permission.SEE_SCANS)
        evidence = evidence_of(session, row)
        batch = session.get_one(Batch, row.batch_id)
    return render_template("scans/page.html", found=found, evidence=evidence, batch=batch)


def _desk(exception_id: int, error: KaiyueError | None) -> ResponseReturnValue:
    with services().database.read() as session:
        found, row = exception_of(session, exception_id, Permission.SEE_SCANS)
        first = first_page_of(session, row)
        evidence = evidence_of(session, first) if first is not None else None
        numbered = row.code in NUMBER_CODES and row.code is not ExceptionCode.SIDES_INCOMPLETE
        likely = likely_candidates(session, found.paper.id, first.number_read or "") if numbered and first else []
        who = who_is(session, row.entry_id)
        following = next_open(session, row)
    page = render_template(
        "scans/exception.html",
        found=found,
        exception=row,
        evidence=evidence,
        who=who,
        following=following,
        problem=error_texts(error) if error is not None else None,
        is_number=row.code in NUMBER_CODES,
        is_status=row.code in STATUS_CODES,
        is_note=row.code in NOTE_CODES,
        is_answer=row.code is ExceptionCode.OBJECTIVE_DOUBTFUL,
        is_choice=row.code is ExceptionCode.CHOICE_DOUBTFUL,
        statuses=list(EntryStatus),
        likely=likely,
        advice=exception_advice(row.code),
        only_discard=row.code in ONLY_DISCARD_CODES,
    )
    return make_response(page, error.http_status if error is not None else 200)
