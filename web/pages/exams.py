"""Exams: the list, one exam with its papers and balance, creating one, and taking it to its next state."""

from typing import TypeVar

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from marking.setup.exam_file import read_exam
from marking.setup.overview import exam_overview
from marking.setup.states import advance_exam, advance_paper, exam_blockers
from marking.setup.structure import find_paper_by_id
from models.audit import record
from models.errors import Complaints, KaiyueError, NotFound, UsageError, mark_text
from models.exam import ExamRecord, PaperRecord
from models.people import Candidate
from models.staff import Grant
from models.words import AuditVerb, ExamState, PaperState, Role
from web.access.guard import current_user, needs, takes_upload
from web.access.objects import exam_part, whole_exam, whole_paper
from web.access.permissions import Permission
from web.access.policy import Scope, reaches
from web.access.services import services
from web.background import refresh_scores
from web.cards import card_of, create_exam, names_to_complete, newest_card, personal_cards
from web.downloads import attachment
from web.errands import ask_to_follow, papers_behind
from web.exam_view import panels_of, schools_of
from web.i18n import _, error_texts
from web.uploads import one_file

S = TypeVar("S", ExamState, PaperState)

blueprint = Blueprint("exams", __name__, url_prefix="/exams")


_MOST_TOLD = 60  # names in one notice
# what cannot be taken back is asked for twice
_FINAL_STATES = {
    PaperState.SUBJECT_SIGNED: mark_text("No mark is accepted after this, and it cannot be taken back."),
    PaperState.COMPOSED: mark_text("Schools and students see their results after this, and it cannot be taken back."),
}


@blueprint.get("")
@needs(Permission.SEE_EXAM)
def index() -> ResponseReturnValue:
    """Every exam that the person may see."""
    grants = current_user().grants
    with services().database.read() as session:
        papers = select(PaperRecord.exam_id, func.count().label("papers")).group_by(PaperRecord.exam_id).subquery()
        people = select(Candidate.exam_id, func.count().label("people")).group_by(Candidate.exam_id).subquery()
        rows = [
            (exam, paper_count or 0, people_count or 0)
            for exam, paper_count, people_count in session.execute(
                select(ExamRecord, papers.c.papers, people.c.people)
                .outerjoin(papers, papers.c.exam_id == ExamRecord.id)
                .outerjoin(people, people.c.exam_id == ExamRecord.id)
                .order_by(ExamRecord.created_at.desc(), ExamRecord.id.desc())
            )
            if reaches(grants, Permission.SEE_EXAM, Scope(exam_id=exam.id))
        ]
    return render_template("exams/index.html", rows=rows)


@blueprint.get("/new")
@needs(Permission.CREATE_EXAM)
def new() -> ResponseReturnValue:
    """The form for an exam file."""
    return render_template("exams/new.html", problem=None)


@blueprint.post("/new")
@needs(Permission.CREATE_EXAM)
@takes_upload
def create() -> ResponseReturnValue:
    """Store an exam from its file with the cards of its papers; whoever creates it manages it."""
    kept, user = services(), current_user()
    try:
        exam = read_exam(one_file("file").data)
        create_exam(kept, exam, actor=user.username)
    except KaiyueError as error:
        if error.http_status >= 500:
            raise
        page = render_template("exams/new.html", problem=error_texts(error), complaints=_complaints(error))
        return make_response(page, error.http_status)
    with kept.database.write() as session:
        exam_id = session.execute(select(ExamRecord.id).where(ExamRecord.key == exam.id)).scalar_one()
        if not any(grant.role is Role.EXAM_MANAGER and grant.scope == Scope() for grant in user.grants):
            session.add(Grant(user_id=user.id, role=Role.EXAM_MANAGER, exam_id=exam_id))
    flash(_("The exam {title} was created. Import its roster next.", title=exam.title), "good")
    return redirect(url_for("exams.show", exam_key=exam.id))


def _complaints(error: KaiyueError) -> Complaints:
    found = error.details.get("complaints")
    return found if isinstance(found, Complaints) else Complaints()


@blueprint.get("/<exam_key>")
@needs(Permission.SEE_EXAM)
def show(exam_key: str) -> ResponseReturnValue:
    """An exam: its papers, their states, and the balance of each."""
    with services().database.read() as session:
        exam = exam_part(session, exam_key, Permission.SEE_EXAM)
        behind = papers_behind(session, exam.id)
    if behind:
        with services().database.write() as session:
            for paper_id in behind:
                ask_to_follow(session, paper_id)
    with services().database.read() as session:
        exam = exam_part(session, exam_key, Permission.SEE_EXAM)
        overview = exam_overview(session, exam_key)
        panels = panels_of(session, exam.id, overview.papers)
        exam_target = ExamState.ROSTER_LOCKED if exam.state is ExamState.DRAFT else None
        blockers = exam_blockers(session, exam, exam_target) if exam_target is not None else Complaints()
    return render_template(
        "exams/show.html",
        exam=exam,
        overview=overview,
        panels=panels,
        exam_target=exam_target,
        blockers=blockers,
        states=list(PaperState),
        final_states=_FINAL_STATES,
        scope=Scope(exam_id=exam.id),
    )


@blueprint.post("/<exam_key>/advance")
@needs(Permission.ADVANCE)
def advance(exam_key: str) -> ResponseReturnValue:
    """Take the exam to a later state. Raises AdvanceBlocked."""
    target = _state(ExamState)
    with services().database.write() as session:
        exam = whole_exam(session, exam_key, Permission.ADVANCE)
        advance_exam(session, exam, target, actor=current_user().username)
    return redirect(url_for("exams.show", exam_key=exam_key))


@blueprint.post("/<exam_key>/papers/<paper_key>/advance")
@needs(Permission.ADVANCE)
def advance_one(exam_key: str, paper_key: str) -> ResponseReturnValue:
    """Take one paper to a later state. Raises AdvanceBlocked."""
    target = _state(PaperState)
    with services().database.read() as session:
        stored = find_paper_by_id(session, whole_paper(session, exam_key, paper_key, Permission.ADVANCE).paper.id)
    refresh_scores(services(), stored)  # the gates look at scores
    with services().database.write() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.ADVANCE)
        advance_paper(session, found.paper, target, actor=current_user().username)
    return redirect(url_for("exams.show", exam_key=exam_key))


@blueprint.get("/<exam_key>/papers/<paper_key>/card.<kind>")
@needs(Permission.SEE_CARD)
def card(exam_key: str, paper_key: str, kind: str) -> ResponseReturnValue:
    """The newest card of a paper, as its printable PDF or its drawing."""
    with services().database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.SEE_CARD)
    if kind not in ("pdf", "json"):
        raise UsageError(why=mark_text("a card comes as pdf or json"))
    _stored, drawing, pdf = newest_card(services(), found.paper.id)
    body, mimetype = (pdf, "application/pdf") if kind == "pdf" else (drawing, "application/json")
    return attachment(Response(body, mimetype=mimetype), f"{exam_key}-{paper_key}-card.{kind}")


@blueprint.get("/<exam_key>/papers/<paper_key>/schools/<int:school_id>/cards.pdf")
@needs(Permission.SEE_CARD)
def personal(exam_key: str, paper_key: str, school_id: int) -> ResponseReturnValue:
    """The cards of one school's candidates for printing, names and numbers filled in."""
    kept, user = services(), current_user()
    with kept.database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.SEE_CARD)
        stored = find_paper_by_id(session, found.paper.id)
        school = next(
            (each for each in schools_of(session, [found.paper.id])[found.paper.id] if each.id == school_id), None
        )
    if school is None:
        raise NotFound(what=mark_text("school"), name=school_id)
    template, _drawing, _blank = card_of(kept, stored)
    body = personal_cards(kept, stored.exam.title, stored.paper, template, stored.id, school_id=school_id)
    unfinished = names_to_complete(kept, stored.id, school_id=school_id)
    if unfinished:  # the answer is a file, so that the next page says it
        told = _("On these cards 〓 stands for characters that no font here has. Write them in, or set KAIYUE_FONT:")
        # a notice travels in a cookie of 4 KB, which a browser would drop whole
        more = "" if len(unfinished) <= _MOST_TOLD else f" … ({len(unfinished)})"
        flash(f"{told} {'; '.join(unfinished[:_MOST_TOLD])}{more}", "warn")
    with kept.database.write() as session:
        record(
            session, AuditVerb.EXPORTED, f"exam:{exam_key}", actor_id=user.id, actor=user.username,
            what="cards", paper=paper_key, school=school.name,
        )  # fmt: skip
    return attachment(Response(body, mimetype="application/pdf"), f"{exam_key}-{paper_key}-cards-{school.name}.pdf")


def _state(words: type[S]) -> S:
    wanted = request.form.get("state", "")
    if wanted not in set(words):
        raise UsageError(why=mark_text("there is no such state"))
    return words(wanted)
