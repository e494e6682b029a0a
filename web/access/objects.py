"""Finding what a route is about, and hiding it from whoever may not see it.

One place decides: unknown and hidden objects raise the same NotFound. `reaches` is enough for an exam's own page, which
shows each person their part; everything else asks for the whole scope of the object.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound, mark_text
from models.exam import ExamRecord, PaperRecord
from models.job import Job
from models.people import Candidate, PaperEntry
from models.sheet import Batch, PageImage, SheetException
from web.access.guard import current_user, require
from web.access.permissions import Permission
from web.access.policy import Scope, reaches


@dataclass(frozen=True, slots=True)
class FoundPaper:
    """A paper with its exam."""

    exam: ExamRecord
    paper: PaperRecord

    @property
    def scope(self) -> Scope:
        """Where it lies."""
        return Scope(exam_id=self.exam.id, paper_id=self.paper.id)


def exam_part(session: Session, key: str, permission: Permission) -> ExamRecord:
    """An exam of which the person may see at least a part. Raises NotFound."""
    exam = session.scalar(select(ExamRecord).where(ExamRecord.key == key))
    if exam is None or not reaches(current_user().grants, permission, Scope(exam_id=exam.id)):
        raise NotFound(what=mark_text("exam"), name=key)
    return exam


def whole_exam(session: Session, key: str, permission: Permission) -> ExamRecord:
    """An exam for the whole of which the person has the permission. Raises NotFound."""
    exam = session.scalar(select(ExamRecord).where(ExamRecord.key == key))
    if exam is None:
        raise NotFound(what=mark_text("exam"), name=key)
    require(permission, Scope(exam_id=exam.id), what=mark_text("exam"), name=key)
    return exam


def whole_paper(session: Session, exam_key: str, paper_key: str, permission: Permission) -> FoundPaper:
    """A paper for the whole of which the person has the permission. Raises NotFound."""
    found = _paper(session, exam_key, paper_key)
    require(permission, found.scope, what=mark_text("paper"), name=f"{exam_key}/{paper_key}")
    return found


def paper_part(session: Session, exam_key: str, paper_key: str, permission: Permission) -> FoundPaper:
    """A paper of which the person may see at least a part: a school its own candidates. Raises NotFound."""
    found = _paper(session, exam_key, paper_key)
    if not reaches(current_user().grants, permission, found.scope):
        raise NotFound(what=mark_text("paper"), name=f"{exam_key}/{paper_key}")
    return found


def _paper(session: Session, exam_key: str, paper_key: str) -> FoundPaper:
    row = session.execute(
        select(ExamRecord, PaperRecord)
        .join(PaperRecord, PaperRecord.exam_id == ExamRecord.id)
        .where(ExamRecord.key == exam_key, PaperRecord.key == paper_key)
    ).one_or_none()
    if row is None:
        raise NotFound(what=mark_text("paper"), name=f"{exam_key}/{paper_key}")
    return FoundPaper(row[0], row[1])


def _paper_by_id(session: Session, paper_id: int) -> FoundPaper:
    row = session.execute(
        select(ExamRecord, PaperRecord)
        .join(PaperRecord, PaperRecord.exam_id == ExamRecord.id)
        .where(PaperRecord.id == paper_id)
    ).one()
    return FoundPaper(row[0], row[1])


def batch_of(session: Session, batch_id: int, permission: Permission) -> tuple[FoundPaper, Batch]:
    """A batch with its paper. Raises NotFound."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise NotFound(what=mark_text("batch"), name=batch_id)
    found = _paper_by_id(session, batch.paper_id)
    require(permission, found.scope, what=mark_text("batch"), name=batch_id)
    return found, batch


def page_of(session: Session, page_id: int, permission: Permission) -> tuple[FoundPaper, PageImage]:
    """A page image with its paper. Raises NotFound."""
    page = session.get(PageImage, page_id)
    if page is None:
        raise NotFound(what=mark_text("page"), name=page_id)
    found = _paper_by_id(session, page.paper_id)
    require(permission, found.scope, what=mark_text("page"), name=page_id)
    return found, page


def exception_of(session: Session, exception_id: int, permission: Permission) -> tuple[FoundPaper, SheetException]:
    """An exception with its paper. Raises NotFound."""
    exception = session.get(SheetException, exception_id)
    if exception is None:
        raise NotFound(what=mark_text("exception"), name=exception_id)
    found = _paper_by_id(session, exception.paper_id)
    require(permission, found.scope, what=mark_text("exception"), name=exception_id)
    return found, exception


def job_of(session: Session, job_id: int) -> Job:
    """An errand: its owner may look at it, and whoever may see the scans of its paper. Raises NotFound."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(what=mark_text("errand"), name=job_id)
    if job.detail.get("user_id") == current_user().id:
        return job
    paper_id = job.detail.get("paper_id")
    if not isinstance(paper_id, int):
        raise NotFound(what=mark_text("errand"), name=job_id)
    require(Permission.SEE_SCANS, _paper_by_id(session, paper_id).scope, what=mark_text("errand"), name=job_id)
    return job


def own_entry(session: Session, exam_key: str, paper_key: str) -> tuple[FoundPaper, PaperEntry, Candidate]:
    """The entry in this paper of the candidate whose results the person may see: their own. Raises NotFound."""
    found = _paper(session, exam_key, paper_key)
    own = [grant.scope.candidate_id for grant in current_user().grants if grant.scope.candidate_id is not None]
    row = session.execute(
        select(PaperEntry, Candidate)
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .where(PaperEntry.paper_id == found.paper.id, Candidate.id.in_(own))
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFound(what=mark_text("paper"), name=f"{exam_key}/{paper_key}")
    entry, candidate = row
    scope = Scope(
        exam_id=found.exam.id,
        paper_id=found.paper.id,
        school_id=candidate.school_id,
        class_id=candidate.class_id,
        candidate_id=candidate.id,
    )
    require(Permission.SEE_OWN_RESULT, scope, what=mark_text("paper"), name=f"{exam_key}/{paper_key}")
    return found, entry, candidate
