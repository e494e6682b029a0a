"""Keep what was read on page images: evidence first, then one row each; twice is the same as once.

In:  StoredReadings of pages that wait to be read. Crops and pictures are durable before the rows that name them.
A page that was read meanwhile by somebody else is left as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import __version__
from models.blobs import BlobStore
from models.columns import now
from models.database import Database
from models.sheet import CropRecord, PageImage, PagePreview, PageReadingRecord
from models.words import PageState
from scanning.exception_rows import exception_row
from scanning.exception_rules import refused
from scanning.page_work import StoredReading
from scanning.reading.evidence import reading_to_json

READER = f"kaiyue {__version__}"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A reading whose images are kept: blob keys of its crops, in their order, and of its small picture."""

    read: StoredReading
    crops: tuple[str, ...]
    preview: str | None


def save_readings(database: Database, blobs: BlobStore, readings: Sequence[StoredReading]) -> int:
    """Keep readings, all in one transaction. Answers how many were new."""
    kept = [
        _Kept(
            read,
            tuple(blobs.put(crop.jpeg, sync=False) for crop in read.reading.crops),
            blobs.put(read.preview, sync=False) if read.preview is not None else None,
        )
        for read in readings
    ]
    blobs.sync()
    documents = [reading_to_json(read.reading) for read in readings]
    with database.write() as session:
        return sum(_save(session, one, document) for one, document in zip(kept, documents, strict=True))


def _save(session: Session, kept: _Kept, document: dict[str, object]) -> int:
    read, reading = kept.read, kept.read.reading
    candidate = reading.candidate
    taken = session.execute(
        update(PageImage)
        .where(PageImage.id == read.page_id, PageImage.state == PageState.RECEIVED)
        .values(
            state=PageState.READ if reading.code is None else PageState.WAITING,
            code=reading.code,
            detail=(reading.detail if reading.code is not None else " ".join(reading.warnings))[:1000],
            card_id=read.card_id,
            side=reading.side,
            residual_mm=reading.residual_mm,
            number_read=candidate.value[:40] if candidate.present else "",
            number_status=candidate.status.value if candidate.present else "",
            read_at=now(),
        )
        .returning(PageImage.paper_id, PageImage.batch_id)
    ).one_or_none()
    if taken is None:
        return 0
    paper_id, batch_id = taken
    session.add(PageReadingRecord(page_image_id=read.page_id, card_id=read.card_id, reader=READER, reading=document))
    session.add_all(
        CropRecord(
            page_image_id=read.page_id,
            region=crop.region,
            part=crop.part,
            blob=key,
            width_px=crop.width_px,
            height_px=crop.height_px,
            ink=crop.ink,
            overflow_mm2=crop.overflow_mm2,
        )
        for crop, key in zip(reading.crops, kept.crops, strict=True)
    )
    if kept.preview is not None:
        session.add(PagePreview(page_image_id=read.page_id, blob=kept.preview))
    if reading.code is not None:
        finding = refused(read.page_id, reading.code, reading.detail)
        session.add(exception_row(finding, paper_id=paper_id, batch_id=batch_id))
    return 1
