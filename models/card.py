"""Records of printed cards. A version that was scanned never changes; a change is a new version."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.columns import Base, blob_key, maybe_blob, row_id, utc_now


class Card(Base):
    """One version of a paper's answer card; the drawing itself (card.json) and its PDF are blobs."""

    __tablename__ = "card"
    __table_args__ = (UniqueConstraint("paper_id", "version"),)

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    version: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64), comment="names the design; the same as in card.json")
    sides: Mapped[int]
    card_blob: Mapped[blob_key]
    pdf_blob: Mapped[maybe_blob]
    created_at: Mapped[utc_now]
