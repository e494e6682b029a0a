"""Records of what is sat: exams, papers, items, answer keys, marking groups.

The checked exam file is kept whole as `definition` (marking/setup/exam_file.py turns it into plain values
and back); the columns beside it are what queries need.
"""

import secrets
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.columns import Base, Word, exact_points, json_list, json_value, maybe_points, row_id, utc_now
from models.words import Boundary, Compare, ExamKind, ExamState, ItemKind, MarkingMode, PaperState


class ExamRecord(Base):
    """One sitting. `key` is the id of the exam file."""

    __tablename__ = "exam"

    id: Mapped[row_id]
    key: Mapped[str] = mapped_column(String(100), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    kind: Mapped[ExamKind] = mapped_column(Word(ExamKind))
    grade: Mapped[int | None]
    number_digits: Mapped[int]
    state: Mapped[ExamState] = mapped_column(Word(ExamState), default=ExamState.DRAFT)
    definition: Mapped[json_value]
    created_at: Mapped[utc_now]


class PaperRecord(Base):
    """One subject's questions. `key` is the paper's id in the exam file."""

    __tablename__ = "paper"
    __table_args__ = (UniqueConstraint("exam_id", "key"), CheckConstraint("full_mark > 0", name="full_mark_positive"))

    id: Mapped[row_id]
    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"))
    key: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(300))
    position: Mapped[int]
    full_mark: Mapped[exact_points]
    state: Mapped[PaperState] = mapped_column(Word(PaperState), default=PaperState.DRAFT)


class ItemRecord(Base):
    """The smallest thing that earns points."""

    __tablename__ = "item"
    __table_args__ = (UniqueConstraint("paper_id", "no"),)

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    no: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    kind: Mapped[ItemKind] = mapped_column(Word(ItemKind))
    points: Mapped[exact_points]
    choose_group: Mapped[str] = mapped_column(String(100), default="")


class AnswerKey(Base):
    """One version of a paper's key: `keys` maps item no to its alternatives. A correction is a new version."""

    __tablename__ = "answer_key"
    __table_args__ = (UniqueConstraint("paper_id", "version"),)

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    version: Mapped[int]
    keys: Mapped[json_value]
    reason: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[utc_now]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class GroupRecord(Base):
    """A marking group: items cut, dealt out and marked together.

    `parts` lists its score fields in order: ``{"id", "item", "points", "step"}`` with points as text.
    `double_percent` of the responses of a group that is marked once get a hidden second mark. One task in `seed_every`
    is a seed script and one in `repeat_every` an own one again (0: none); `salt` hides where. Such marks agree when
    they differ by at most `quality_tolerance`; a person is paused once `pause_after_seeds` of the last five seeds
    failed (0: never). With `qualification` nobody marks before `qualify_percent` of the qualification scripts agreed.
    """

    __tablename__ = "marking_group"
    __table_args__ = (UniqueConstraint("paper_id", "key"),)

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    key: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(300))
    position: Mapped[int]
    mode: Mapped[MarkingMode] = mapped_column(Word(MarkingMode))
    tolerance: Mapped[exact_points]
    boundary: Mapped[Boundary] = mapped_column(Word(Boundary), default=Boundary.INCLUSIVE)
    compare: Mapped[Compare] = mapped_column(Word(Compare), default=Compare.TOTAL)
    full_mark: Mapped[exact_points]
    parts: Mapped[json_list]
    own_school_excluded: Mapped[bool] = mapped_column(default=True)
    waived_schools: Mapped[json_list] = mapped_column(comment="ids of schools whose markers may mark their own")
    school_quotas: Mapped[json_value] = mapped_column(comment="tasks that the markers of a school share, by its id")
    paused: Mapped[bool] = mapped_column(default=False)
    double_percent: Mapped[int] = mapped_column(default=0)
    trial_open: Mapped[bool] = mapped_column(default=False)
    qualification: Mapped[bool] = mapped_column(default=False)
    qualify_percent: Mapped[int] = mapped_column(default=80)
    seed_every: Mapped[int] = mapped_column(default=20)
    repeat_every: Mapped[int] = mapped_column(default=0)
    quality_tolerance: Mapped[maybe_points]
    pause_after_seeds: Mapped[int] = mapped_column(default=0)
    salt: Mapped[str] = mapped_column(String(32), default=lambda: secrets.token_hex(16))

    def part_fields(self) -> list[dict[str, Any]]:
        """The score fields as stored."""
        return list(self.parts)
