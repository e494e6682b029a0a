"""Batches of scans: the list with its balance, uploading, one batch with its pages."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from marking.setup.states import check_scanning
from marking.setup.structure import find_paper_by_id
from models.columns import now
from models.errors import NotFound, UsageError, mark_text
from models.exam import ExamRecord, PaperRecord
from models.job import Job
from models.people import Candidate, PaperEntry
from models.sheet import PageImage, ScanFile
from models.words import EntryStatus, JobState, PageState
from scanning.balance import balance_of, batch_balances, candidates_of, not_scanned
from scanning.resolve import Person, set_status
from web.access.guard import current_user, may, needs, takes_upload
from web.access.objects import batch_of, job_of, whole_paper
from web.access.permissions import Permission
from web.access.services import services
from web.deliveries import hand_over, open_delivery, owned
from web.downloads import table_file
from web.errands import SCAN, ask_to_follow
from web.exceptions_view import missing_table
from web.i18n import _
from web.scanning import scan_context
from web.uploads import FileMissing, keep_file

blueprint = Blueprint("batches", __name__)

_PAGES_SHOWN = 120
_MISSING_SHOWN = 200
_FAR = 10**9  # no batch has as many pages; a place beyond shows none
MISSING_STATUSES = (EntryStatus.ABSENT, EntryStatus.LOST, EntryStatus.VIOLATION, EntryStatus.NOT_ENTERED)


@blueprint.get("/exams/<exam_key>/papers/<paper_key>/batches")
@needs(Permission.SEE_SCANS)
def index(exam_key: str, paper_key: str) -> ResponseReturnValue:
    """Every batch of a paper with its balance, and who is missing."""
    with services().database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.SEE_SCANS)
        batches = batch_balances(session, found.paper.id)
        total = balance_of(session, found.paper.id)
        candidates = candidates_of(session, found.paper.id)
        missing = not_scanned(session, found.paper.id)
        running = [
            job
            for job in session.scalars(
                select(Job)
                .where(Job.kind == SCAN, Job.state.in_((JobState.QUEUED, JobState.RUNNING, JobState.FAILED)))
                .where(Job.updated_at > now() - timedelta(days=1))
                .order_by(Job.id.desc())
                .limit(50)
            )
            if job.detail.get("paper_id") == found.paper.id
        ]
    return render_template(
        "scans/batches.html",
        found=found,
        batches=batches[::-1],
        total=total,
        candidates=candidates,
        missing=missing[:_MISSING_SHOWN],
        missing_statuses=MISSING_STATUSES,
        running=running,
    )


@blueprint.post("/exams/<exam_key>/papers/<paper_key>/batches")
@needs(Permission.SCAN)
@takes_upload
def upload(exam_key: str, paper_key: str) -> ResponseReturnValue:
    """Scans in one form, for browsers whose scripts are off; the page sends them one by one otherwise."""
    kept, user = services(), current_user()
    with kept.database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.SCAN)
        check_scanning(session, found.paper, approves=may(Permission.ADVANCE, found.scope))
    files = [given for given in request.files.getlist("files") if given.filename]
    if not files:
        raise FileMissing
    token = open_delivery(
        kept.settings,
        paper_id=found.paper.id,
        user_id=user.id,
        name=request.form.get("name", ""),
        duplex=not request.form.get("separate"),
    )
    for given in files:
        keep_file(kept.settings, token, given)
    job_id = hand_over(kept, owned(kept.settings, token, user.id), operator=user.name)
    return redirect(url_for("batches.errand", job_id=job_id))


@blueprint.post("/exams/<exam_key>/papers/<paper_key>/missing/<int:entry_id>")
@needs(Permission.RESOLVE_EXCEPTION)
def explain_missing(exam_key: str, paper_key: str, entry_id: int) -> ResponseReturnValue:
    """Say what became of a candidate of whom there is no sheet: absent, lost, a violation, or not entered."""
    kept, user = services(), current_user()
    wanted, reason = request.form.get("status", ""), request.form.get("reason", "")[:500]
    with kept.database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.RESOLVE_EXCEPTION)
        if wanted not in MISSING_STATUSES:
            raise UsageError(why=mark_text("choose what became of the candidate"))
        context = scan_context(kept, find_paper_by_id(session, found.paper.id))
    with kept.database.write() as session:
        set_status(session, context, entry_id, EntryStatus(wanted), reason, person=Person(user.id, user.username))
        ask_to_follow(session, found.paper.id)
    flash(_("The decision was kept."), "good")
    return redirect(url_for("batches.index", exam_key=exam_key, paper_key=paper_key) + "#missing")


@blueprint.get("/exams/<exam_key>/papers/<paper_key>/missing.<kind>")
@needs(Permission.SEE_SCANS)
def download_missing(exam_key: str, paper_key: str, kind: str) -> ResponseReturnValue:
    """Everyone who was expected and not scanned, as a file."""
    with services().database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.SEE_SCANS)
        table = missing_table(not_scanned(session, found.paper.id))
    return table_file(table, kind, f"{exam_key}-{paper_key}-not-scanned")


@blueprint.get("/jobs/<int:job_id>")
@needs(Permission.SCAN, Permission.SEE_SCANS)
def errand(job_id: int) -> ResponseReturnValue:
    """How far the reading of a delivery is; the page asks again every two seconds."""
    with services().database.read() as session:
        job = job_of(session, job_id)
        paper = session.get(PaperRecord, job.detail.get("paper_id"))
        exam = session.get(ExamRecord, paper.exam_id) if paper is not None else None
    return render_template("scans/errand.html", job=job, result=job.detail.get("result", {}), exam=exam, paper=paper)


@blueprint.get("/batches/<int:batch_id>")
@needs(Permission.SEE_SCANS)
def show(batch_id: int) -> ResponseReturnValue:
    """The pages of a batch, by state."""
    wanted = request.args.get("state", "")
    states = [PageState(wanted)] if wanted in set(PageState) else list(PageState)
    try:
        start = min(max(0, int(request.args.get("from", "0"))), _FAR)
    except ValueError as err:
        raise NotFound(what=mark_text("page"), name=request.args.get("from", "")[:20]) from err
    with services().database.read() as session:
        found, batch = batch_of(session, batch_id, Permission.SEE_SCANS)
        balance = balance_of(session, found.paper.id, [batch_id])
        files = session.scalars(select(ScanFile).where(ScanFile.batch_id == batch_id).order_by(ScanFile.position)).all()
        condition = (PageImage.batch_id == batch_id) & PageImage.state.in_(states)
        count = session.scalar(select(func.count()).select_from(PageImage).where(condition)) or 0
        pages = session.execute(
            select(PageImage, ScanFile.name, Candidate.number)
            .join(ScanFile, ScanFile.id == PageImage.file_id)
            .outerjoin(PaperEntry, PaperEntry.id == PageImage.entry_id)
            .outerjoin(Candidate, Candidate.id == PaperEntry.candidate_id)
            .where(condition)
            .order_by(ScanFile.position, PageImage.number)
            .offset(start)
            .limit(_PAGES_SHOWN)
        ).all()
    return render_template(
        "scans/batch.html",
        found=found,
        batch=batch,
        balance=balance,
        files=files,
        pages=pages,
        state=wanted,
        count=count,
        start=start,
        step=_PAGES_SHOWN,
        page_states=(PageState.PLACED, PageState.WAITING, PageState.DISCARDED),
    )
