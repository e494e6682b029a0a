"""The audit log: who did what to what. Rows are added, never changed; names of candidates stay out of it."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.columns import Base, Word, json_value, row_id, utc_now
from models.words import AuditVerb


class AuditEvent(Base):
    """One event."""

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "verb", "at"),)

    id: Mapped[row_id]
    at: Mapped[utc_now]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    actor: Mapped[str] = mapped_column(String(100), default="", comment="login name, or who ran the command")
    verb: Mapped[AuditVerb] = mapped_column(Word(AuditVerb))
    object: Mapped[str] = mapped_column(String(200), default="")
    detail: Mapped[json_value]


def record(
    session: Session, verb: AuditVerb, obj: str, *, actor_id: int | None = None, actor: str = "", **detail: object
) -> None:
    """Write an event in the transaction of the change that it tells of."""
    session.add(AuditEvent(verb=verb, object=obj, actor_id=actor_id, actor=actor, detail=dict(detail)))
