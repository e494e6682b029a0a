"""The long errands: what each kind of job does. Every one may run twice without harm."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marking.setup.structure import find_paper_by_id
from models.errors import mark_text
from models.exam import GroupRecord, PaperRecord
from models.job import Job
from models.task import GroupScore
from models.words import JobState
from scanning.balance import balance_of
from scanning.intake.unpack import is_scan
from web.background import after_scanning
from web.jobs import Handler, Progress, enqueue_again
from web.scanning import take_in
from web.uploads import delivery_folder, drop_delivery
from web.wiring import Services

SCAN = "scan"
FOLLOW = "follow"
_LONGEST_FOLLOW = timedelta(minutes=2)
_MOST_NAMED = 50  # files that are told to be no scans
KIND_NAMES = {SCAN: mark_text("reading a delivery"), FOLLOW: mark_text("following decisions about scans")}


def take_delivery(kept: Services, detail: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Take an uploaded delivery in, read it, place it, open marking; then drop the uploaded copies."""
    paper_id = int(detail["paper_id"])
    token = str(detail["delivery"])
    folder = delivery_folder(kept.settings, token)
    left_out = sorted(child.name for child in folder.iterdir() if not is_scan(child))
    with kept.database.read() as session:
        stored = find_paper_by_id(session, paper_id)
    result = take_in(
        kept,
        stored,
        [folder],
        operator=str(detail.get("operator", "")),
        progress=lambda what, done, total: progress(done, total) if what == "pages" else progress.alive(),
        duplex=bool(detail.get("duplex", True)),
    )
    drop_delivery(kept.settings, token)
    balance = result.balance
    if result.batch_id is not None:  # not the counts of older batches that files of this delivery had come in
        with kept.database.read() as session:
            balance = balance_of(session, paper_id, [result.batch_id])
    return {
        "batch": result.batch_id,
        "files": result.files,
        "files_known": result.files_known,
        "files_left_out": left_out[:_MOST_NAMED],
        "pages_in": balance.pages_in,
        "placed": balance.placed,
        "waiting": balance.waiting,
        "discarded": balance.discarded,
        "needs_person": result.needs_person,
    }


def follow_decisions(kept: Services, detail: Mapping[str, Any], _progress: Progress) -> Mapping[str, Any]:
    """Open marking and bring scores up to date after people have decided about scans, or have marked."""
    return {"tasks": after_scanning(kept, int(detail["paper_id"]))}


def ask_to_follow(session: Session, paper_id: int) -> None:
    """Ask, in the transaction of a decision, for what follows from it."""
    enqueue_again(session, FOLLOW, f"{FOLLOW}:{paper_id}", {"paper_id": paper_id})


def papers_behind(session: Session, exam_id: int) -> list[int]:
    """The papers of an exam in which marks have settled since what follows from them was last worked out.

    The time of an errand is that of its end; a mark that settled while it ran is asked for again.
    """
    settled = session.execute(
        select(PaperRecord.id, func.max(GroupScore.settled_at))
        .join(GroupRecord, GroupRecord.paper_id == PaperRecord.id)
        .join(GroupScore, GroupScore.group_id == GroupRecord.id)
        .where(PaperRecord.exam_id == exam_id)
        .group_by(PaperRecord.id)
    ).all()
    followed: dict[int, datetime] = {}
    for job in session.scalars(select(Job).where(Job.kind == FOLLOW, Job.state == JobState.DONE)):
        paper_id = int(job.detail["paper_id"])
        followed[paper_id] = max(followed.get(paper_id, job.updated_at), job.updated_at)
    return [
        paper_id for paper_id, at in settled if paper_id not in followed or at > followed[paper_id] - _LONGEST_FOLLOW
    ]


HANDLERS: dict[str, Handler] = {SCAN: take_delivery, FOLLOW: follow_decisions}
