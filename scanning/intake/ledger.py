"""The ledger of what came in: batches, files, page images; nothing is taken in twice.

The same bytes are taken in once per paper, whatever they are called, in whatever order, by however many at once:
the UNIQUE constraints on `scan_file` and `page_image` hold it; what is looked up before only makes the message.
Whether something is done is said by rows (`scan_file.done`, page states); a killed run goes on from there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.audit import record
from models.blobs import BlobStore
from models.columns import now
from models.database import Database
from models.exam import PaperRecord
from models.sheet import Batch, PageImage, ScanFile
from models.words import AuditVerb, PageCode, PageState
from scanning.exception_rows import exception_row
from scanning.exception_rules import refused
from scanning.intake.apart import Opener
from scanning.intake.names import printable
from scanning.intake.receive import TOO_LARGE_HEAD, KeptFile
from scanning.intake.unpack import SourcePage, UnpackLimits, unpack_bytes

_KEYS_AT_ONCE = 500  # SQLite takes a limited number of values in one statement


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one delivery: its batch (None: every file was known) and all batches that its files are in."""

    batch_id: int | None
    batches: tuple[int, ...]
    files: int
    files_known: int


def lock_paper(session: Session, paper_id: int) -> None:
    """Let deliveries of one paper follow each other on PostgreSQL; on SQLite the write transaction does."""
    session.execute(select(PaperRecord.id).where(PaperRecord.id == paper_id).with_for_update(key_share=True))


def enter_batch(
    session: Session, paper_id: int, files: Sequence[KeptFile], *, name: str, operator: str, duplex: bool = True
) -> Delivery:
    """Enter the files that are new as one batch; none is made when there are none. Files are compared by content."""
    lock_paper(session, paper_id)
    known = files_by_blob(session, paper_id, [file.blob for file in files])
    new: dict[str, tuple[int, KeptFile]] = {}
    for position, file in enumerate(files):
        if file.blob not in known:
            new.setdefault(file.blob, (position, file))
    batch_id: int | None = None
    if new:
        batch = Batch(
            paper_id=paper_id,
            name=name[:300],
            operator=operator[:100],
            duplex=duplex,
            manifest=[{"name": file.name, "blob": file.blob} for file in files],
        )
        session.add(batch)
        session.flush()
        batch_id = batch.id
        session.add_all(
            ScanFile(
                paper_id=paper_id,
                batch_id=batch_id,
                position=position,
                name=file.name[:1000],
                blob=file.blob,
                size=file.size,
            )
            for position, file in new.values()
        )
        record(session, AuditVerb.BATCH_RECEIVED, f"batch:{batch_id}", actor=operator, files=len(new), name=name[:300])
        session.flush()
    batches = sorted({batch for _, batch in known.values()} | ({batch_id} if batch_id is not None else set()))
    return Delivery(batch_id, tuple(batches), len(files), len(files) - len(new))


def files_by_blob(session: Session, paper_id: int, blobs: Sequence[str]) -> dict[str, tuple[int, int]]:
    """File id and batch id of those contents that this paper knows."""
    found: dict[str, tuple[int, int]] = {}
    for start in range(0, len(blobs), _KEYS_AT_ONCE):
        rows = session.execute(
            select(ScanFile.blob, ScanFile.id, ScanFile.batch_id).where(
                ScanFile.paper_id == paper_id, ScanFile.blob.in_(blobs[start : start + _KEYS_AT_ONCE])
            )
        )
        found.update({blob: (file_id, batch_id) for blob, file_id, batch_id in rows})
    return found


def unopened_files(session: Session, paper_id: int) -> list[int]:
    """Files whose pages have not been entered yet."""
    return list(
        session.scalars(
            select(ScanFile.id)
            .where(ScanFile.paper_id == paper_id, ScanFile.done.is_(False))
            .order_by(ScanFile.batch_id, ScanFile.position)
        )
    )


@dataclass(frozen=True, slots=True)
class KeptPage:
    """One page image of a file: its blob, or why there is none to read."""

    number: int
    blob: str
    code: PageCode | None = None
    detail: str = ""
    inside: str = ""


def open_file(
    database: Database,
    blobs: BlobStore,
    file_id: int,
    limits: UnpackLimits | None = None,
    opener: Opener | None = None,
) -> int:
    """Enter the pages of one file, all or none. Answers how many pages it has; 0 when somebody else was first."""
    with database.read() as session:
        file = session.get_one(ScanFile, file_id)
        name, blob, done = file.name, file.blob, file.done
    if done:
        return 0
    pages = list(_keep_pages(blobs, name, blob, limits or UnpackLimits(), opener))
    blobs.sync()
    with database.write() as session:
        lock_paper(session, file.paper_id)
        return _enter_pages(session, file_id, pages)


def _keep_pages(
    blobs: BlobStore, name: str, file_blob: str, limits: UnpackLimits, opener: Opener | None
) -> Iterator[KeptPage]:
    """Every page of a file, its image kept; memory holds one page beside the file."""
    data = blobs.get(file_blob)
    if data.startswith(TOO_LARGE_HEAD):
        yield KeptPage(1, file_blob, PageCode.TOO_LARGE, data[len(TOO_LARGE_HEAD) :].decode("ascii").replace("\n", " "))
        return
    alone: KeptPage | None = None
    for number, source in enumerate(unpack_bytes(data, name, limits, opener), start=1):
        if source.code is not None and number == 1:
            alone = KeptPage(
                1, file_blob, source.code, source.detail, source.inside
            )  # perhaps the file itself cannot be opened
            continue
        if alone is not None:
            yield _keep_damaged(blobs, file_blob, alone)
            alone = None
        if source.code is not None:
            yield _keep_damaged(blobs, file_blob, KeptPage(number, "", source.code, source.detail, source.inside))
        else:
            yield KeptPage(number, blobs.put(_image_bytes(source), sync=False), inside=source.inside)
    if alone is not None:
        yield alone


def _keep_damaged(blobs: BlobStore, file_blob: str, page: KeptPage) -> KeptPage:
    """A page without an image of its own gets a note that says where it is: no two pages may share a blob."""
    note = f"kaiyue: a page that could not be taken out of its file\nfile {file_blob}\npage {page.number}\n"
    return replace(page, blob=blobs.put(note.encode("ascii"), sync=False))


def _image_bytes(source: SourcePage) -> bytes:
    """The bytes to keep: as stored in the file, or a lossless PNG of what had to be decoded."""
    if source.data is not None:
        return source.data
    if source.grey is None:
        raise ValueError(f"page {source.page} of {source.file} has neither image nor code")
    bilevel = "one_bit" in source.warnings  # stays one bit deep, so that the reader knows and warns
    options = (cv2.IMWRITE_PNG_BILEVEL, 1) if bilevel else (cv2.IMWRITE_PNG_COMPRESSION, 1)
    done, encoded = cv2.imencode(".png", source.grey, options)
    if not done:
        raise ValueError(f"a page of {source.grey.shape} px cannot be encoded")
    return encoded.tobytes()


def _enter_pages(session: Session, file_id: int, pages: Sequence[KeptPage]) -> int:
    claimed = session.scalar(
        update(ScanFile)
        .where(ScanFile.id == file_id, ScanFile.done.is_(False))
        .values(done=True, pages=len(pages))
        .returning(ScanFile.id)
    )
    if claimed is None:
        return 0
    file = session.get_one(ScanFile, file_id)
    entered = 0
    damaged: list[tuple[KeptPage, int]] = []
    for page in pages:
        page_id = _enter_page(session, file, page)
        if page_id is None:
            continue
        entered += 1
        if page.code is not None:
            damaged.append((page, page_id))
    file.known = len(pages) - entered
    for page, page_id in damaged:
        if page.code is not None:
            finding = refused(page_id, page.code, page.detail)
            session.add(exception_row(finding, paper_id=file.paper_id, batch_id=file.batch_id))
    return len(pages)


def _enter_page(session: Session, file: ScanFile, page: KeptPage) -> int | None:
    """Add the row of a page; None when this paper has the same image already."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(PageImage)
        .values(
            paper_id=file.paper_id,
            batch_id=file.batch_id,
            file_id=file.id,
            number=page.number,
            inside=printable(page.inside, most=1000),
            blob=page.blob,
            state=PageState.RECEIVED if page.code is None else PageState.WAITING,
            code=page.code,
            detail=printable(page.detail, most=1000),
            number_read="",
            number_status="",
            claimed_by="",
            discard_reason="",
        )
        .on_conflict_do_nothing(index_elements=["paper_id", "blob"])
        .returning(PageImage.id)
    )
    return session.scalar(statement)


def unread_pages(session: Session, paper_id: int) -> list[int]:
    """Page images that wait to be read, in the order in which they came."""
    return list(
        session.scalars(
            select(PageImage.id)
            .join(ScanFile, ScanFile.id == PageImage.file_id)
            .where(PageImage.paper_id == paper_id, PageImage.state == PageState.RECEIVED)
            .order_by(PageImage.batch_id, ScanFile.position, PageImage.number)
        )
    )


def unfinished_batches(session: Session, paper_id: int) -> list[int]:
    """Batches with anything still to do, oldest first."""
    return list(
        session.scalars(
            select(Batch.id).where(Batch.paper_id == paper_id, Batch.finished_at.is_(None)).order_by(Batch.id)
        )
    )


def finish_batch(session: Session, batch_id: int) -> bool:
    """Close a batch when every page of it is placed, waiting or discarded; answers whether it is closed."""
    unopened = select(func.count()).select_from(ScanFile)
    unopened = unopened.where(ScanFile.batch_id == batch_id, ScanFile.done.is_(False))
    undecided = select(func.count()).select_from(PageImage)
    undecided = undecided.where(
        PageImage.batch_id == batch_id, PageImage.state.in_((PageState.RECEIVED, PageState.READ))
    )
    if session.scalar(unopened) or session.scalar(undecided):
        return False
    session.execute(update(Batch).where(Batch.id == batch_id, Batch.finished_at.is_(None)).values(finished_at=now()))
    return True


def in_chunks(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    """Ids in groups of at most `size`."""
    chunk: list[int] = []
    for one in ids:
        chunk.append(one)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
