"""Records of how a marking group is led: its people, chosen scripts, samples for back-reading, signed rule sheets."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.columns import Base, Word, json_list, json_value, maybe_points, maybe_time, row_id, utc_now
from models.words import CheckResult, Gate, MemberState, ScriptUse


class GroupMember(Base):
    """How one person takes part in a marking group; a person without a row takes part freely.

    `quota` is the most tasks the person marks here (empty: free pull). `dealt` counts what was handed out, so that
    seeds and repeats keep their distance. `gate` is empty where the group asks for no qualification.
    """

    __tablename__ = "group_member"
    __table_args__ = (
        UniqueConstraint("group_id", "user_id"),
        CheckConstraint("quota IS NULL OR quota >= 0", name="quota_not_negative"),
    )

    id: Mapped[row_id]
    group_id: Mapped[int] = mapped_column(ForeignKey("marking_group.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    state: Mapped[MemberState] = mapped_column(Word(MemberState), default=MemberState.ACTIVE)
    quota: Mapped[int | None]
    dealt: Mapped[int] = mapped_column(default=0)
    gate: Mapped[Gate | None] = mapped_column(Word(Gate))
    reason: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[utc_now]


class Script(Base):
    """A response that a leader has chosen: for the trial, as an example, to train with, or as a seed.

    `points` and `parts` are the reference mark; a trial script may have none yet. Retired scripts are dealt no more.
    """

    __tablename__ = "script"
    __table_args__ = (
        Index(
            "uq_script_in_use",
            "group_id",
            "entry_id",
            "use",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
        CheckConstraint("use NOT IN ('practice', 'qualification', 'seed') OR points IS NOT NULL", name="reference"),
    )

    id: Mapped[row_id]
    group_id: Mapped[int] = mapped_column(ForeignKey("marking_group.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("paper_entry.id"))
    use: Mapped[ScriptUse] = mapped_column(Word(ScriptUse))
    points: Mapped[maybe_points]
    parts: Mapped[json_value]
    note: Mapped[str] = mapped_column(String(500), default="")
    chosen_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    chosen_at: Mapped[utc_now]
    retired_at: Mapped[maybe_time]


class QualitySample(Base):
    """One drawing of settled responses for back-reading; `rule` says how it was drawn."""

    __tablename__ = "quality_sample"
    __table_args__ = (Index(None, "group_id"),)

    id: Mapped[row_id]
    group_id: Mapped[int] = mapped_column(ForeignKey("marking_group.id"))
    rule: Mapped[json_value]
    drawn_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    drawn_at: Mapped[utc_now]


class SampleCheck(Base):
    """One response of a sample: what the leader found when reading it again."""

    __tablename__ = "sample_check"
    __table_args__ = (UniqueConstraint("sample_id", "entry_id"),)

    id: Mapped[row_id]
    sample_id: Mapped[int] = mapped_column(ForeignKey("quality_sample.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("paper_entry.id"))
    position: Mapped[int]
    result: Mapped[CheckResult] = mapped_column(Word(CheckResult), default=CheckResult.WAITING)
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    checked_at: Mapped[maybe_time]


class RuleSignature(Base):
    """Who signed which rule sheet of a paper and when; `sha` names the sheet, which is kept whole. Rows only grow."""

    __tablename__ = "rule_signature"
    __table_args__ = (Index(None, "paper_id"),)

    id: Mapped[row_id]
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    name: Mapped[str] = mapped_column(String(100), comment="the signer, as shown on the sheet")
    group_ids: Mapped[json_list] = mapped_column(comment="ids of the marking groups that the signer answers for")
    sha: Mapped[str] = mapped_column(String(64))
    sheet: Mapped[json_value]
    signed_at: Mapped[utc_now]
