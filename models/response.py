"""The doorway between scanning and marking: what one candidate gave for one item."""

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.columns import Base, Word, maybe_time, row_id
from models.words import ResponseStatus


class Response(Base):
    """One answer. `value` is option letters, ``T``/``F``, or empty for a written one.

    `status`: read with certainty, doubtful (blocks scoring), or confirmed by a person; `source` is ``read``
    or ``person``. For written items `blank` says that the region carries no ink. `chosen` is False for a
    member of a choose-group that does not count, and empty where nobody has decided.
    """

    __tablename__ = "response"
    __table_args__ = (UniqueConstraint("entry_id", "item_id"), Index(None, "item_id"), Index(None, "page_image_id"))

    id: Mapped[row_id]
    entry_id: Mapped[int] = mapped_column(ForeignKey("paper_entry.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    page_image_id: Mapped[int | None] = mapped_column(ForeignKey("page_image.id"))
    value: Mapped[str] = mapped_column(String(40), default="")
    status: Mapped[ResponseStatus] = mapped_column(Word(ResponseStatus))
    margin: Mapped[float | None]
    source: Mapped[str] = mapped_column(String(10), default="read")
    blank: Mapped[bool] = mapped_column(default=False)
    chosen: Mapped[bool | None]
    confirmed_at: Mapped[maybe_time]
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
