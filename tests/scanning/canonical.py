"""The stored state of one paper's scans without row numbers and times: equal states give equal text."""

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.blobs import FolderBlobs
from models.database import Database
from models.exam import ItemRecord
from models.people import Candidate, PaperEntry
from models.response import Response
from models.sheet import (
    Batch,
    CropRecord,
    PageImage,
    PagePreview,
    PageReadingRecord,
    Placement,
    ScanFile,
    Sheet,
    SheetException,
)
from models.words import ExceptionState


def dump(database: Database) -> str:
    """Everything that scanning stored, by business keys, as sorted JSON lines."""
    with database.read() as session:
        rows = _rows(session)
    return "\n".join(sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows))


def _rows(session: Session) -> list[Any]:
    owners = select(PaperEntry.id, Candidate.number).join(Candidate, Candidate.id == PaperEntry.candidate_id)
    numbers: dict[int | None, str] = {row.id: row.number for row in session.execute(owners)}
    items = {row.id: row.no for row in session.execute(select(ItemRecord.id, ItemRecord.no))}
    pages = {page.id: page for page in session.scalars(select(PageImage))}
    blob_of: dict[int | None, str] = {page.id: page.blob for page in pages.values()}
    files = {file.id: file for file in session.scalars(select(ScanFile))}
    rows: list[Any] = [
        ["batch", b.name, b.operator, b.manifest, b.finished_at is not None] for b in session.scalars(select(Batch))
    ]
    rows += [["file", f.name, f.blob, f.position, f.pages, f.known, f.done] for f in files.values()]
    rows += [
        [
            "page", page.blob, files[page.file_id].blob, page.number, page.state, page.code, page.detail, page.side,
            page.number_read, page.number_status, numbers.get(page.entry_id), page.claimed_by,
            blob_of.get(page.follows_id), page.discard_reason,
        ]
        for page in pages.values()
    ]  # fmt: skip
    rows += [["reading", blob_of[r.page_image_id], r.reading] for r in session.scalars(select(PageReadingRecord))]
    rows += [["preview", blob_of[p.page_image_id], p.blob] for p in session.scalars(select(PagePreview))]
    rows += [
        ["crop", blob_of[c.page_image_id], c.region, c.part, c.blob, c.ink] for c in session.scalars(select(CropRecord))
    ]
    rows += [
        ["placed", numbers[sheet.entry_id], placement.side, blob_of[placement.page_image_id], placement.how]
        for placement, sheet in session.execute(
            select(Placement, Sheet).join(Sheet, Sheet.id == Placement.sheet_id).where(Placement.active, Sheet.active)
        )
    ]
    rows += [
        ["response", numbers[r.entry_id], items[r.item_id], r.value, r.status, r.blank, r.chosen, r.margin]
        for r in session.scalars(select(Response))
    ]
    rows += [["entry", numbers[e.id], e.status, e.status_source] for e in session.scalars(select(PaperEntry))]
    rows += [
        ["exception", row.code, row.page_code, row.field, blob_of.get(row.page_image_id), numbers.get(row.entry_id)]
        for row in session.scalars(select(SheetException).where(SheetException.state == ExceptionState.OPEN))
    ]
    return rows


def check_blobs(blobs: FolderBlobs) -> int:
    """Re-hash every blob; what a crash left may only be temporary. Answers how many blobs there are."""
    count = 0
    for path in blobs.root.rglob("*"):
        if path.is_file() and path.suffix != ".tmp":
            blobs.get(path.name)
            count += 1
    return count
