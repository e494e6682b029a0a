"""Records of who was expected: schools, classes, candidates, and what became of each in each paper."""

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.columns import Base, Word, row_id
from models.words import EntryStatus


class School(Base):
    """A school of the county; `centre` is the centre school (中心校) that it belongs to."""

    __tablename__ = "school"

    id: Mapped[row_id]
    name: Mapped[str] = mapped_column(String(200), unique=True)
    centre: Mapped[str] = mapped_column(String(200), default="")


class SchoolClass(Base):
    """A class of one school in one exam."""

    __tablename__ = "school_class"
    __table_args__ = (UniqueConstraint("exam_id", "school_id", "name"),)

    id: Mapped[row_id]
    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"))
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    name: Mapped[str] = mapped_column(String(100))


class Candidate(Base):
    """A person on the roster of one exam. `number` is text: leading zeros matter."""

    __tablename__ = "candidate"
    __table_args__ = (UniqueConstraint("exam_id", "number"), Index(None, "class_id"), Index(None, "school_id"))

    id: Mapped[row_id]
    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"))
    number: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(100))
    student_number: Mapped[str] = mapped_column(String(40), default="")
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    class_id: Mapped[int] = mapped_column(ForeignKey("school_class.id"))
    room: Mapped[str] = mapped_column(String(40), default="")
    seat: Mapped[str] = mapped_column(String(40), default="")


class PaperEntry(Base):
    """One candidate in one paper. `status` stays empty until it is known; the known ones are never merged.

    `status_source` is ``sheet`` where the status follows from what was scanned, ``person`` where somebody set it.
    """

    __tablename__ = "paper_entry"
    __table_args__ = (UniqueConstraint("paper_id", "candidate_id"), Index(None, "candidate_id"))

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"))
    status: Mapped[EntryStatus | None] = mapped_column(Word(EntryStatus))
    status_source: Mapped[str] = mapped_column(String(10), default="")
    status_reason: Mapped[str] = mapped_column(String(500), default="")
