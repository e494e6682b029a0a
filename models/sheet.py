"""Records of what came from the scanner: batches, files, page images, readings, sheets, exceptions.

For every batch: pages in = placed + waiting + discarded, over distinct images; repeats are counted as known.
Uploaded bytes are blobs and never change; what a person decides is added beside what was read.
"""

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, case, text
from sqlalchemy.orm import Mapped, mapped_column

from models.columns import Base, Word, blob_key, json_list, json_value, maybe_blob, maybe_time, row_id, utc_now
from models.words import ExceptionCode, ExceptionState, PageCode, PageState


class Batch(Base):
    """One delivery from the scanner for one paper.

    `manifest` lists the delivered files in natural order, known ones too: ``{"name", "blob"}``. Which sides are
    neighbours follows from it. `finished_at` is set once every page is placed, waiting or discarded.
    """

    __tablename__ = "batch"
    __table_args__ = (Index(None, "paper_id"),)

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    name: Mapped[str] = mapped_column(String(300))
    operator: Mapped[str] = mapped_column(String(100), default="")
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    duplex: Mapped[bool] = mapped_column(default=True, comment="sides follow each other as 1, 2, 1, 2 …")
    manifest: Mapped[json_list]
    received_at: Mapped[utc_now]
    finished_at: Mapped[maybe_time]


class ScanFile(Base):
    """One file of a batch, by content: the same bytes are taken in once per paper.

    `known` counts pages of it that had come before in another file; `done` once every page has its row.
    """

    __tablename__ = "scan_file"
    __table_args__ = (UniqueConstraint("paper_id", "blob"), Index(None, "batch_id"))

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    position: Mapped[int] = mapped_column(comment="natural order within the batch, from 0")
    name: Mapped[str] = mapped_column(String(1000), comment="as given; never used as a path")
    blob: Mapped[blob_key]
    size: Mapped[int]
    pages: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    done: Mapped[bool] = mapped_column(default=False)


class PageImage(Base):
    """One scanned side. `blob` names the image bytes (of the whole file where the file could not be opened).

    `code` says why it could not be read; `number_read` and `number_status` are this side's own vote. `entry_id` is
    whose page it is as far as known and `claimed_by` who says so: its own ``number``, the ``neighbour`` that it
    follows in the scan (`follows_id`), or a ``person``. Whether it is placed there is another question: two sheets
    may claim one entry, and then both wait.
    """

    __tablename__ = "page_image"
    __table_args__ = (
        UniqueConstraint("paper_id", "blob"),
        Index(None, "batch_id", "state"),
        Index(None, "file_id"),
        Index(None, "entry_id"),
        Index(None, "follows_id"),
    )

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("scan_file.id"))
    number: Mapped[int] = mapped_column(comment="1-based page number inside its file")
    inside: Mapped[str] = mapped_column(
        String(1000),
        default="",
        server_default=text("''"),
        comment="path inside an archive, with the page of a document; empty outside",
    )
    blob: Mapped[blob_key]
    state: Mapped[PageState] = mapped_column(Word(PageState), default=PageState.RECEIVED)
    code: Mapped[PageCode | None] = mapped_column(Word(PageCode))
    detail: Mapped[str] = mapped_column(String(1000), default="")
    card_id: Mapped[int | None] = mapped_column(ForeignKey("card.id"))
    side: Mapped[int | None]
    residual_mm: Mapped[float | None]
    number_read: Mapped[str] = mapped_column(String(40), default="")
    number_status: Mapped[str] = mapped_column(String(10), default="")
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("paper_entry.id"))
    claimed_by: Mapped[str] = mapped_column(String(10), default="", comment="number | neighbour | person")
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("page_image.id"))
    discard_reason: Mapped[str] = mapped_column(String(500), default="")
    read_at: Mapped[maybe_time]


def file_of_page() -> ColumnElement[str]:
    """The name of a page image's file as it was given, and in an archive the path inside it."""
    return case((PageImage.inside == "", ScanFile.name), else_=ScanFile.name + "/" + PageImage.inside)


class PageReadingRecord(Base):
    """What the reader said about a page image, whole and unchanged: the evidence beside every decision."""

    __tablename__ = "page_reading"
    __table_args__ = (Index(None, "page_image_id"),)

    id: Mapped[row_id]
    page_image_id: Mapped[int] = mapped_column(ForeignKey("page_image.id"))
    card_id: Mapped[int | None] = mapped_column(ForeignKey("card.id"))
    reader: Mapped[str] = mapped_column(String(40), comment="version of the reader")
    reading: Mapped[json_value]
    read_at: Mapped[utc_now]


class Sheet(Base):
    """The piece of paper of one candidate in one paper. At most one sheet of an entry is active."""

    __tablename__ = "sheet"
    __table_args__ = (
        Index(
            "uq_sheet_active_entry",
            "entry_id",
            unique=True,
            sqlite_where=text("active = 1"),
            postgresql_where=text("active"),
        ),
    )

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("paper_entry.id"))
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    active: Mapped[bool] = mapped_column(default=True)
    complete: Mapped[bool] = mapped_column(default=False, comment="every side of the card is placed")
    created_at: Mapped[utc_now]


class Placement(Base):
    """Which page image is which side of which sheet. Replaced placements stay, inactive."""

    __tablename__ = "placement"
    __table_args__ = (
        Index(
            "uq_placement_active_side",
            "sheet_id",
            "side",
            unique=True,
            sqlite_where=text("active = 1"),
            postgresql_where=text("active"),
        ),
        Index(
            "uq_placement_active_page",
            "page_image_id",
            unique=True,
            sqlite_where=text("active = 1"),
            postgresql_where=text("active"),
        ),
    )

    id: Mapped[row_id]
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"))
    side: Mapped[int]
    page_image_id: Mapped[int] = mapped_column(ForeignKey("page_image.id"))
    active: Mapped[bool] = mapped_column(default=True)
    how: Mapped[str] = mapped_column(String(40), comment="number | neighbour | person")
    placed_at: Mapped[utc_now]
    placed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class SheetException(Base):
    """Something about a page, sheet or candidate that needs a person; the evidence stays beside the decision."""

    __tablename__ = "sheet_exception"
    __table_args__ = (
        Index(
            "uq_sheet_exception_open_subject",
            "subject",
            "code",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(None, "paper_id", "state", "code"),
        Index(None, "page_image_id"),
    )

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    page_image_id: Mapped[int | None] = mapped_column(ForeignKey("page_image.id"))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("paper_entry.id"))
    subject: Mapped[str] = mapped_column(String(200), comment="what it is about: page:7, page:7/item:3, entry:12")
    field: Mapped[str] = mapped_column(String(100), default="")
    code: Mapped[ExceptionCode] = mapped_column(Word(ExceptionCode))
    page_code: Mapped[PageCode | None] = mapped_column(Word(PageCode))
    detail: Mapped[json_value]
    state: Mapped[ExceptionState] = mapped_column(Word(ExceptionState), default=ExceptionState.OPEN)
    opened_at: Mapped[utc_now]
    resolved_at: Mapped[maybe_time]
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    resolution: Mapped[json_value]


class CropRecord(Base):
    """The image cut from one response region of one page image; `region` is the item no."""

    __tablename__ = "crop"
    __table_args__ = (UniqueConstraint("page_image_id", "region", "part"),)

    id: Mapped[row_id]
    page_image_id: Mapped[int] = mapped_column(ForeignKey("page_image.id"))
    region: Mapped[str] = mapped_column(String(40))
    part: Mapped[int]
    blob: Mapped[blob_key]
    width_px: Mapped[int]
    height_px: Mapped[int]
    ink: Mapped[float] = mapped_column(comment="share of the region that carries writing")
    overflow_mm2: Mapped[float] = mapped_column(default=0.0)


class PagePreview(Base):
    """A small picture of a page image for lists, made when it was read."""

    __tablename__ = "page_preview"

    page_image_id: Mapped[int] = mapped_column(ForeignKey("page_image.id"), primary_key=True)
    blob: Mapped[maybe_blob]
