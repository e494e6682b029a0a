"""From files to placed sheets: open, call, save. Everything can be killed at any moment and started again.

In:  paths, the paper's context, where pages are read (an Executor). Out: BatchResult.
What is done is said by rows alone: files entered, pages read, pages placed or waiting. `add` does whatever of its
paper is not done, so the command that was killed, given again, goes on; several at once do not harm each other.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from models.blobs import BlobStore
from models.database import Database
from models.errors import InputRefused, mark_text
from models.people import Candidate, PaperEntry
from models.sheet import Batch, PageImage, PageReadingRecord, ScanFile
from models.words import ExceptionCode, PageCode, PageState
from scanning.assemble import FilePlace, SideSeen, follow, spots
from scanning.balance import Balance, balance_of
from scanning.context import ScanContext
from scanning.dispatch.executor import Executor
from scanning.exception_rules import CODE_UNREAD, Identity, Roster, identify, spoken_texts
from scanning.intake.apart import OpenApart
from scanning.intake.ledger import (
    Delivery,
    enter_batch,
    files_by_blob,
    finish_batch,
    in_chunks,
    open_file,
    unfinished_batches,
    unopened_files,
    unread_pages,
)
from scanning.intake.receive import find_files, keep_files
from scanning.page_work import GivenPage, PageWork, StoredReading
from scanning.reading.evidence import candidate_from_json
from scanning.reading.result import CandidateReading, PageReading
from scanning.save import save_readings
from scanning.settle import settle_entry, settle_loose

__all__ = ["BatchResult", "NoCard", "Progress", "ScanContext", "add", "assemble_batch", "read_chunk", "resume"]

_log = logging.getLogger(__name__)

PAGES_AT_ONCE = 8  # readings saved in one transaction: little is read again after a kill, few transactions
_KEYS_AT_ONCE = 500

Progress = Callable[[str, int, int], None]


class NoCard(InputRefused):
    """Nothing can be read without the drawing of the card."""

    code = "scan.no_card"
    sentence = mark_text("The paper {paper} has no answer card, so nothing can be read.")
    remedy = mark_text("Create the exam with its card first.")


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a delivery came to. `batch_id` is None where every file was known; `balance` is over `batches`."""

    batch_id: int | None
    batches: tuple[int, ...]
    files: int
    files_known: int
    balance: Balance

    @property
    def needs_person(self) -> bool:
        """Whether something of this delivery waits for a person."""
        return self.balance.needs_person


def _silent(_what: str, _done: int, _total: int) -> None:
    return


def add(
    database: Database,
    blobs: BlobStore,
    context: ScanContext,
    paths: Sequence[Path],
    *,
    operator: str,
    executor: Executor,
    progress: Progress = _silent,
    duplex: bool = True,
) -> BatchResult:
    """Take in what lies under the paths, read it, place it. Idempotent by content, resumable after a kill.

    `progress` is told ``files``, ``pages`` or ``sheets`` with how many of how many are done. `duplex` False says
    that the sides were scanned one by one, so that no side may inherit its number from a neighbour.
    Raises NoCard, PathMissing, NothingToScan before anything was changed.
    """
    if not context.cards:
        raise NoCard(paper=context.paper.id)
    given = find_files(paths)
    kept = keep_files(blobs, given, progress=lambda done, total: progress("files", done, total))
    name = ", ".join(path.name or str(path) for path in paths)
    with database.write() as session:
        delivery = enter_batch(session, context.paper_id, kept, name=name, operator=operator, duplex=duplex)
    resumed = resume(database, blobs, context, executor, progress)
    return _result(database, context, delivery, resumed)


def _result(database: Database, context: ScanContext, delivery: Delivery, resumed: Sequence[int]) -> BatchResult:
    batches = tuple(sorted(set(delivery.batches) | set(resumed)))
    with database.read() as session:
        balance = balance_of(session, context.paper_id, batches)
    return BatchResult(delivery.batch_id, batches, delivery.files, delivery.files_known, balance)


def resume(
    database: Database, blobs: BlobStore, context: ScanContext, executor: Executor, progress: Progress = _silent
) -> tuple[int, ...]:
    """Do whatever of this paper is not done; answers the batches that had anything left."""
    with database.read() as session:
        unfinished = unfinished_batches(session, context.paper_id)
        files = unopened_files(session, context.paper_id)
    with OpenApart() as opener:
        for file_id in files:
            open_file(database, blobs, file_id, opener=opener)
    with database.read() as session:
        pages = unread_pages(session, context.paper_id)
    _read_pages(database, blobs, context, pages, executor, progress=progress)
    for batch_id in unfinished:
        assemble_batch(database, context, batch_id, progress)
    return tuple(unfinished)


def read_chunk(
    database: Database, blobs: BlobStore, context: ScanContext, page_ids: Sequence[int], executor: Executor
) -> int:
    """Read those of these page images that wait to be read; what Celery is given: ids. Answers how many were new."""
    return _read_pages(database, blobs, context, page_ids, executor)


def _read_pages(
    database: Database,
    blobs: BlobStore,
    context: ScanContext,
    page_ids: Sequence[int],
    executor: Executor,
    *,
    progress: Progress = _silent,
) -> int:
    if not page_ids:
        return 0
    new = 0
    chunk: list[StoredReading] = []
    work = PageWork(tuple(reversed(context.cards.items())))
    for seen, outcome in enumerate(executor.run(work, _given(database, blobs, page_ids)), start=1):
        if outcome.result is not None:
            chunk.append(outcome.result)
        else:
            code = outcome.code or PageCode.CRASHED
            reading = PageReading(side=None, code=code, detail=outcome.detail)
            chunk.append(StoredReading(outcome.given.page_id, None, reading, None))
        if len(chunk) >= PAGES_AT_ONCE:
            new += save_readings(database, blobs, chunk)
            chunk = []
            progress("pages", seen, len(page_ids))
    if chunk:
        new += save_readings(database, blobs, chunk)
    progress("pages", len(page_ids), len(page_ids))
    return new


def _given(database: Database, blobs: BlobStore, page_ids: Iterable[int]) -> Iterator[GivenPage]:
    """The bytes of the pages that still wait, fetched as the workers take them."""
    for ids in in_chunks(page_ids, 4 * PAGES_AT_ONCE):
        with database.read() as session:
            rows = session.execute(
                select(PageImage.id, PageImage.blob).where(PageImage.id.in_(ids), PageImage.state == PageState.RECEIVED)
            )
            keys = {row.id: row.blob for row in rows}
        for page_id in ids:
            if page_id in keys:
                yield GivenPage(page_id, blobs.get(keys[page_id]))


@dataclass(frozen=True, slots=True)
class _Claim:
    """Whose a page is, by itself or by the page that it follows; `code` says why nobody knows."""

    page_id: int
    entry_id: int | None
    claimed_by: str
    follows_id: int | None
    code: ExceptionCode | None


def assemble_batch(database: Database, context: ScanContext, batch_id: int, progress: Progress = _silent) -> bool:
    """Place the read pages of a batch, once all of them are read. Answers whether the batch is finished."""
    with database.read() as session:
        if not _all_read(session, batch_id):
            return False
        claims = _claims(session, context, batch_id)
    with database.write() as session:
        for some in _grouped(claims, 200):
            _save_claims(session, some)
    entries = list(dict.fromkeys(claim.entry_id for claim in claims if claim.entry_id is not None))
    loose = [claim for claim in claims if claim.entry_id is None]
    total = len(entries) + len(loose)
    for done, entry_id in enumerate(entries, start=1):
        with database.write() as session:  # one transaction for each sheet
            settle_entry(session, context, entry_id)
        progress("sheets", done, total)
    for done, claim in enumerate(loose, start=len(entries) + 1):
        with database.write() as session:
            settle_loose(session, context, [claim.page_id], claim.code or ExceptionCode.SIDES_INCOMPLETE)
        progress("sheets", done, total)
    with database.write() as session:
        return finish_batch(session, batch_id)


def _all_read(session: Session, batch_id: int) -> bool:
    unopened = select(func.count()).select_from(ScanFile)
    unread = select(func.count()).select_from(PageImage)
    return not session.scalar(
        unopened.where(ScanFile.batch_id == batch_id, ScanFile.done.is_(False))
    ) and not session.scalar(unread.where(PageImage.batch_id == batch_id, PageImage.state == PageState.RECEIVED))


def _claims(session: Session, context: ScanContext, batch_id: int) -> list[_Claim]:
    """For every page of the batch that is read and not yet placed: whose it is. The same however often it is asked."""
    batch = session.get_one(Batch, batch_id)
    sides, rows = _sides_in_scan(session, context.paper_id, batch)
    undecided = [row for row in rows.values() if row.batch_id == batch_id and row.state is PageState.READ]
    followed = follow(sides, duplex=batch.duplex)
    numbered = [row.id for row in undecided if row.number_status and CODE_UNREAD not in row.detail]
    needed = set(numbered) | {followed[row.id] for row in undecided if row.id in followed}
    identities = identities_of(session, context.paper_id, sorted(needed))
    claims: list[_Claim] = []
    for row in sorted(undecided, key=lambda row: row.id):
        front_id = followed.get(row.id)
        if row.claimed_by:
            # a claim of an interrupted run, or a person's
            code = None if row.entry_id is not None else ExceptionCode.SIDES_INCOMPLETE
            claims.append(_Claim(row.id, row.entry_id, row.claimed_by, row.follows_id, code))
        elif CODE_UNREAD in row.detail:
            # the layout of a side can be mistaken for another's; without its machine code a person has to look
            claims.append(_Claim(row.id, None, "", None, ExceptionCode.UNREGISTERED))
        elif row.number_status:
            own = identities[row.id]
            claims.append(_Claim(row.id, own.entry_id, "number" if own.entry_id else "", None, own.code))
        elif front_id is not None and rows[front_id].state is not PageState.DISCARDED:
            front = rows[front_id]
            entry_id = front.entry_id or identities[front_id].entry_id
            code = None if entry_id is not None else identities[front_id].code
            claims.append(_Claim(row.id, entry_id, "neighbour" if entry_id else "", front_id, code))
        else:
            claims.append(_Claim(row.id, None, "", None, ExceptionCode.SIDES_INCOMPLETE))
    return claims


def _sides_in_scan(session: Session, paper_id: int, batch: Batch) -> tuple[list[SideSeen], dict[int, PageImage]]:
    """Every page of the delivery in its place, pages of files that were known before included."""
    blobs = [str(file["blob"]) for file in batch.manifest]
    files = files_by_blob(session, paper_id, blobs)
    stored: dict[int, ScanFile] = {}
    rows: list[PageImage] = []
    ids = [file_id for file_id, _ in files.values()]
    for some in in_chunks(ids, _KEYS_AT_ONCE):
        stored.update({file.id: file for file in session.scalars(select(ScanFile).where(ScanFile.id.in_(some)))})
        rows += session.scalars(select(PageImage).where(PageImage.file_id.in_(some)))
    places = []
    seen: set[str] = set()
    for order, file in enumerate(batch.manifest):
        blob = str(file["blob"])
        if blob in files and blob not in seen:
            seen.add(blob)
            file_id = files[blob][0]
            places.append(FilePlace(file_id, order, str(file["name"]), stored[file_id].pages))
    spot = spots(places)
    sides = [
        SideSeen(
            row.id,
            spot[row.file_id].sequence,
            spot[row.file_id].position + row.number - 1,
            row.side if CODE_UNREAD not in row.detail else None,
            bool(row.number_status),
            row.card_id,
        )
        for row in rows
    ]
    return sides, {row.id: row for row in rows}


def identities_of(session: Session, paper_id: int, page_ids: Sequence[int]) -> dict[int, Identity]:
    """Whose these pages are by their own evidence."""
    candidates: dict[int, CandidateReading] = {}
    for some in in_chunks(page_ids, _KEYS_AT_ONCE):
        found = session.execute(
            select(PageReadingRecord.page_image_id, PageReadingRecord.reading["candidate"])
            .where(PageReadingRecord.page_image_id.in_(some))
            .order_by(PageReadingRecord.id)
        )
        candidates.update({page_id: candidate_from_json(stored) for page_id, stored in found})
    roster = find_on_roster(session, paper_id, set().union(*(spoken_texts(one) for one in candidates.values())))
    return {page_id: identify(candidate, roster) for page_id, candidate in candidates.items()}


def find_on_roster(session: Session, paper_id: int, texts: Iterable[str]) -> Roster:
    """The entries of a paper whose candidate number or student number is among these texts."""
    by_number: dict[str, int] = {}
    by_student: dict[str, list[int]] = {}
    wanted = sorted(texts)
    for start in range(0, len(wanted), _KEYS_AT_ONCE):
        some = wanted[start : start + _KEYS_AT_ONCE]
        rows = session.execute(
            select(PaperEntry.id, Candidate.number, Candidate.student_number)
            .join(Candidate, Candidate.id == PaperEntry.candidate_id)
            .where(PaperEntry.paper_id == paper_id, Candidate.number.in_(some) | Candidate.student_number.in_(some))
        )
        for entry_id, number, student_number in rows:
            by_number[number] = entry_id
            if student_number:
                by_student.setdefault(student_number, []).append(entry_id)
    return Roster(by_number, {text: tuple(sorted(set(ids))) for text, ids in by_student.items()})


def _save_claims(session: Session, claims: Sequence[_Claim]) -> None:
    statement = (
        update(PageImage)
        .where(PageImage.id == bindparam("page"), PageImage.state == PageState.READ, PageImage.claimed_by == "")
        .values(entry_id=bindparam("entry"), claimed_by=bindparam("how"), follows_id=bindparam("front"))
    )
    session.connection().execute(
        statement,
        [
            {"page": claim.page_id, "entry": claim.entry_id, "how": claim.claimed_by, "front": claim.follows_id}
            for claim in claims
        ],
    )


def _grouped(claims: Sequence[_Claim], size: int) -> Iterator[Sequence[_Claim]]:
    for start in range(0, len(claims), size):
        yield claims[start : start + size]
