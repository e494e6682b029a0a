"""Records of marking: tasks under a lease, the images of each task, and the marks that were given.

A claim is one statement on `marking_task`; the partial unique indexes hold, whatever the code does, that a
round exists once and that nobody marks the same response twice, in any round, as a leader, as a seed script, or after
a leader has voided the first mark. Marks are added, never changed.
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.columns import Base, Word, exact_points, json_list, json_value, maybe_points, maybe_time, row_id, utc_now
from models.words import ProblemReason, ScoreSource, TaskKind, TaskStage, TaskState

_LIVE = "kind = 'live' AND state NOT IN ('withdrawn', 'voided')"
_WAITING = "state = 'open' AND reserved_for IS NULL"
_SEEN = "kind IN ('live', 'seed') AND state <> 'withdrawn' AND marker_id IS NOT NULL"


class MarkingTask(Base):
    """One candidate's answers to one marking group in one round.

    `code` is the random public id. `priority` is random: the order of dealing says nothing about the
    candidate or the scan. `version` fences a late submit. `school_id` is the candidate's school, copied so that the
    claim needs no join. `part_ids` are the score fields that count for this candidate (empty: all of the group's;
    a choose-group leaves some out). `points` repeats the mark that counts, so that queues and boards need no join;
    a reopened task keeps it until a new mark replaces it. `raised_by` passed the response up as a problem.
    `reserved_for` alone may claim it: a mark that was returned, a seed, an own one again, training. `doubled` marks the
    rounds of a hidden double marking. `decides` ends the matter with a leader's mark, whatever the mode. `script_id`
    names the seed or training script behind it, `source_id` the own task that it repeats.
    """

    __tablename__ = "marking_task"
    __table_args__ = (
        Index(
            "uq_marking_task_live_round",
            "entry_id",
            "group_id",
            "round",
            unique=True,
            sqlite_where=text(_LIVE),
            postgresql_where=text(_LIVE),
        ),
        Index(
            "uq_marking_task_live_marker",
            "entry_id",
            "group_id",
            "marker_id",
            unique=True,
            sqlite_where=text(_SEEN),
            postgresql_where=text(_SEEN),
        ),
        Index(
            "ix_marking_task_reserved",
            "reserved_for",
            "group_id",
            "priority",
            sqlite_where=text("state = 'open' AND reserved_for IS NOT NULL"),
            postgresql_where=text("state = 'open' AND reserved_for IS NOT NULL"),
        ),
        Index(
            "uq_marking_task_repeat",
            "source_id",
            unique=True,
            sqlite_where=text("kind = 'repeat'"),
            postgresql_where=text("kind = 'repeat'"),
        ),
        Index(
            "ix_marking_task_open",
            "group_id",
            "priority",
            sqlite_where=text(_WAITING),
            postgresql_where=text(_WAITING),
        ),
        Index("ix_marking_task_entry", "entry_id", "group_id"),
        Index("ix_marking_task_marker", "marker_id", "group_id", "state", "done_at"),
        Index("ix_marking_task_board", "group_id", "kind", "state", "role", "marker_id", "points"),
        Index(
            "ix_marking_task_leased",
            "group_id",
            "marker_id",
            "lease_until",
            sqlite_where=text("state = 'leased'"),
            postgresql_where=text("state = 'leased'"),
        ),
        Index(
            "ix_marking_task_lease",
            "lease_until",
            sqlite_where=text("state = 'leased'"),
            postgresql_where=text("state = 'leased'"),
        ),
        CheckConstraint("round >= 1", name="round_from_one"),
        CheckConstraint("state <> 'leased' OR (marker_id IS NOT NULL AND lease_until IS NOT NULL)", name="lease_owned"),
    )

    id: Mapped[row_id]
    code: Mapped[str] = mapped_column(String(32), unique=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("marking_group.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("paper_entry.id"))
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    round: Mapped[int]
    role: Mapped[str] = mapped_column(String(20), default="marker", comment="who may claim it: marker | leader")
    kind: Mapped[TaskKind] = mapped_column(Word(TaskKind), default=TaskKind.LIVE)
    state: Mapped[TaskState] = mapped_column(Word(TaskState), default=TaskState.OPEN)
    priority: Mapped[int]
    marker_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    lease_until: Mapped[maybe_time]
    version: Mapped[int] = mapped_column(default=0)
    blank: Mapped[bool] = mapped_column(default=False)
    problem: Mapped[ProblemReason | None] = mapped_column(Word(ProblemReason))
    note: Mapped[str] = mapped_column(String(500), default="")
    raised_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    part_ids: Mapped[json_list]
    points: Mapped[maybe_points]
    reserved_for: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    doubled: Mapped[bool] = mapped_column(default=False)
    decides: Mapped[ScoreSource | None] = mapped_column(Word(ScoreSource))
    stage: Mapped[TaskStage | None] = mapped_column(Word(TaskStage))
    script_id: Mapped[int | None] = mapped_column(ForeignKey("script.id"))
    source_id: Mapped[int | None] = mapped_column(ForeignKey("marking_task.id"))
    created_at: Mapped[utc_now]
    done_at: Mapped[maybe_time]


class LeaseEnd(Base):
    """A lease that ended without a mark: it ran out, was given back, or was taken away."""

    __tablename__ = "lease_end"
    __table_args__ = (Index(None, "task_id", "marker_id"),)

    id: Mapped[row_id]
    task_id: Mapped[int] = mapped_column(ForeignKey("marking_task.id"))
    marker_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    version: Mapped[int]
    how: Mapped[str] = mapped_column(String(20), comment="expired | released | withdrawn")
    at: Mapped[utc_now]


class TaskImage(Base):
    """One image of a task under a random key of its own, so that no address says whose it is."""

    __tablename__ = "task_image"
    __table_args__ = (UniqueConstraint("task_id", "position"),)

    id: Mapped[row_id]
    task_id: Mapped[int] = mapped_column(ForeignKey("marking_task.id"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(40), unique=True)
    crop_id: Mapped[int] = mapped_column(ForeignKey("crop.id"))


class Mark(Base):
    """What one marker gave one response in one round. Rows are added, never changed; the latest revision counts.

    `parts` maps score field id to points as text; `version` is the task's version that it made. `key` is made at
    the keypress; `request_sha` tells a repeated request from another one that reuses its key.
    """

    __tablename__ = "mark"
    __table_args__ = (
        UniqueConstraint("task_id", "revision"),
        CheckConstraint("points >= 0", name="points_not_negative"),
        Index(None, "marker_id", "marked_at"),
    )

    id: Mapped[row_id]
    task_id: Mapped[int] = mapped_column(ForeignKey("marking_task.id"))
    revision: Mapped[int]
    version: Mapped[int]
    marker_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    points: Mapped[exact_points]
    parts: Mapped[json_value]
    annotations: Mapped[json_list]
    image: Mapped[str] = mapped_column(String(64), default="", comment="key of the image on screen")
    dwell_ms: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(200), default="")
    key: Mapped[str] = mapped_column(String(80), unique=True)
    request_sha: Mapped[str] = mapped_column(String(64))
    marked_at: Mapped[utc_now]


class GroupScore(Base):
    """What the rounds of one response settled on; derived from marks, replaced when they settle anew."""

    __tablename__ = "group_score"
    __table_args__ = (UniqueConstraint("entry_id", "group_id"),)

    id: Mapped[row_id]
    entry_id: Mapped[int] = mapped_column(ForeignKey("paper_entry.id"))
    group_id: Mapped[int] = mapped_column(ForeignKey("marking_group.id"))
    points: Mapped[exact_points]
    parts: Mapped[json_value]
    source: Mapped[ScoreSource] = mapped_column(Word(ScoreSource))
    parts_disagree: Mapped[bool] = mapped_column(default=False)
    settled_at: Mapped[utc_now]


class ImageView(Base):
    """Who was shown which image, and why; added, never changed."""

    __tablename__ = "image_view"
    __table_args__ = (Index(None, "crop_id"),)

    id: Mapped[row_id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    crop_id: Mapped[int | None] = mapped_column(ForeignKey("crop.id"))
    page_image_id: Mapped[int | None] = mapped_column(ForeignKey("page_image.id"))
    purpose: Mapped[str] = mapped_column(String(40))
    at: Mapped[utc_now]
