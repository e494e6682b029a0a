"""Records of scores and statistics: all derived, all recomputable from readings and marks."""

from sqlalchemy import Float, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.columns import Base, Word, exact_points, json_value, maybe_points, row_id, utc_now
from models.words import ScoreSource


class ItemScore(Base):
    """What one candidate earned for one item (`part` empty) or one part of it (``(1)``)."""

    __tablename__ = "item_score"
    __table_args__ = (UniqueConstraint("entry_id", "item_id", "part"), Index(None, "item_id"))

    id: Mapped[row_id]
    entry_id: Mapped[int] = mapped_column(ForeignKey("paper_entry.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    part: Mapped[str] = mapped_column(String(40), default="")
    points: Mapped[exact_points]
    source: Mapped[ScoreSource] = mapped_column(Word(ScoreSource))
    key_version: Mapped[int | None] = mapped_column(comment="answer key that an objective score was computed with")


class PaperScore(Base):
    """One candidate's score in one paper; `total` is empty until every item has its score."""

    __tablename__ = "paper_score"

    id: Mapped[row_id]
    entry_id: Mapped[int] = mapped_column(ForeignKey("paper_entry.id"), unique=True)
    objective: Mapped[maybe_points]
    subjective: Mapped[maybe_points]
    total: Mapped[maybe_points]
    composed_at: Mapped[utc_now]


class TotalScore(Base):
    """One candidate's sum over papers, by the exam's rule for it."""

    __tablename__ = "total_score"
    __table_args__ = (UniqueConstraint("candidate_id", "total"),)

    id: Mapped[row_id]
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"))
    total: Mapped[str] = mapped_column(String(100), comment="id of the total in the exam file")
    points: Mapped[maybe_points]


class StatisticsRun(Base):
    """One computation of a paper's statistics: the rules it used and what went in."""

    __tablename__ = "statistics_run"
    __table_args__ = (Index(None, "paper_id"),)

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    input_sha: Mapped[str] = mapped_column(String(64))
    rules: Mapped[json_value]
    result: Mapped[json_value]
    computed_at: Mapped[utc_now]


class Statistic(Base):
    """One number of a statistics table: `level` is paper, item, school or class; empty `value` is undefined."""

    __tablename__ = "statistic"
    __table_args__ = (UniqueConstraint("run_id", "level", "unit", "indicator"),)

    id: Mapped[row_id]
    run_id: Mapped[int] = mapped_column(ForeignKey("statistics_run.id"))
    level: Mapped[str] = mapped_column(String(20))
    unit: Mapped[str] = mapped_column(String(300), default="", comment="item no, school name, or school/class")
    indicator: Mapped[str] = mapped_column(String(60))
    value: Mapped[float | None] = mapped_column(Float(53))
