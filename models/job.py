"""Records of long errands: the table is the truth, whoever carries the work."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.columns import Base, Word, json_value, maybe_time, row_id, utc_now
from models.words import JobState


class Job(Base):
    """One errand with its progress; `key` makes asking twice harmless."""

    __tablename__ = "job"

    id: Mapped[row_id]
    kind: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    state: Mapped[JobState] = mapped_column(Word(JobState), default=JobState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[maybe_time]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    detail: Mapped[json_value]
    error: Mapped[str] = mapped_column(String(2000), default="")
    created_at: Mapped[utc_now]
    updated_at: Mapped[utc_now]
