"""A marking group as tasks and rounds need it, and who sits down to mark it.

In:  row ids. Out: frozen values; nothing here writes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from models.errors import NotFound, mark_text
from models.exam import ExamRecord, GroupRecord, PaperRecord
from models.paper import GroupPart
from models.points import parse_points, round_half_up
from models.task import MarkingTask
from models.words import Boundary, Compare, MarkingMode, PaperState


class TaskRole(StrEnum):
    """Who may claim a task."""

    MARKER = "marker"
    LEADER = "leader"


@dataclass(frozen=True, slots=True)
class QualityPlan:
    """How the marking of a group is watched (models/exam.py says what each means)."""

    qualification: bool = False
    qualify_percent: int = 80
    seed_every: int = 20
    repeat_every: int = 0
    tolerance: Decimal | None = None
    pause_after_seeds: int = 0
    salt: str = ""


def usual_tolerance(full_mark: Decimal) -> Decimal:
    """Where to begin before the trial has said more (domain.md 3.6): about a tenth of the full mark."""
    for most, tolerance in ((8, 1), (12, 2), (20, 3)):
        if full_mark <= most:
            return Decimal(tolerance)
    return round_half_up(full_mark / 10, Decimal(1))


@dataclass(frozen=True, slots=True)
class MarkingGroup:
    """A marking group with its rules and the paper and exam that it lies in."""

    id: int
    key: str
    title: str
    exam_id: int
    exam_title: str
    paper_id: int
    paper_title: str
    paper_state: PaperState
    mode: MarkingMode
    tolerance: Decimal
    boundary: Boundary
    compare: Compare
    full_mark: Decimal
    parts: tuple[GroupPart, ...]
    own_school_excluded: bool
    paused: bool
    quality: QualityPlan = field(default_factory=QualityPlan)
    waived_schools: frozenset[int] = frozenset()
    school_quotas: Mapping[int, int] = field(default_factory=dict)
    double_percent: int = 0
    trial_open: bool = False

    @property
    def is_open(self) -> bool:
        """Whether marks may still be given: nobody has signed the subject off."""
        return not self.paused and self.paper_state not in (PaperState.SUBJECT_SIGNED, PaperState.COMPOSED)

    @property
    def is_locked(self) -> bool:
        """Whether mode, tolerance, boundary and comparison are fixed: formal marking has begun."""
        return list(PaperState).index(self.paper_state) >= list(PaperState).index(PaperState.FORMAL_MARKING)

    @property
    def full_tolerance(self) -> Decimal:
        """How far two marks on one response may lie apart and still agree, where it is only watched, not settled."""
        if self.quality.tolerance is not None:
            return self.quality.tolerance
        return self.tolerance or usual_tolerance(self.full_mark)

    def excludes(self, school_id: int | None) -> bool:
        """Whether a marker of this school is kept away from the own school's responses."""
        return self.own_school_excluded and school_id is not None and school_id not in self.waived_schools

    def as_doubled(self) -> "MarkingGroup":
        """The rules for a response of a group marked once that got a hidden second mark."""
        return replace(self, mode=MarkingMode.DOUBLE) if self.mode is MarkingMode.SINGLE else self

    def counted(self, part_ids: Iterable[str]) -> tuple[GroupPart, ...]:
        """The score fields of one task, in the group's order; all of them where a task names none."""
        named = set(part_ids)
        return tuple(part for part in self.parts if not named or part.id in named)

    def short_name(self, part: GroupPart) -> str:
        """The name on screen and in calls where it is unmistakable: ``(1)`` for ``16(1)``."""
        short = part.id.removeprefix(part.item)
        if not short or sum(other.id.removeprefix(other.item) == short for other in self.parts) > 1:
            return part.id
        return short


@dataclass(frozen=True, slots=True)
class Seat:
    """A person who sits down to mark a group: as a marker, as a leader, or as both."""

    user_id: int
    school_id: int | None
    marks: bool = True
    leads: bool = False

    @property
    def roles(self) -> tuple[TaskRole, ...]:
        """Whose tasks the person may claim."""
        roles = ((TaskRole.MARKER, self.marks), (TaskRole.LEADER, self.leads))
        return tuple(role for role, held in roles if held)


def marks_wanted_at_first(mode: MarkingMode) -> tuple[int, ...]:
    """The rounds that exist from the start; the others follow from what the first ones say (domain.md 3.1)."""
    if mode in (MarkingMode.SINGLE, MarkingMode.LEADER, MarkingMode.LEADER_CHECK):
        return (1,)
    return (1, 2)


def role_of_round(mode: MarkingMode, round_: int) -> TaskRole:
    """Whether a marker or a leader gives the mark of this round."""
    markers = {
        MarkingMode.SINGLE: 1,
        MarkingMode.LEADER: 1,
        MarkingMode.LEADER_CHECK: 1,
        MarkingMode.DOUBLE: 2,
        MarkingMode.DOUBLE_THIRD: 3,
        MarkingMode.DOUBLE_LEADER: 2,
    }[mode]
    return TaskRole.MARKER if round_ <= markers else TaskRole.LEADER


# Built once: every call of a marking screen finds its group, and building a statement costs more than running it.
_STORED = (
    select(GroupRecord, PaperRecord.title, PaperRecord.state, ExamRecord.id, ExamRecord.title)
    .join(PaperRecord, PaperRecord.id == GroupRecord.paper_id)
    .join(ExamRecord, ExamRecord.id == PaperRecord.exam_id)
    .order_by(ExamRecord.id, PaperRecord.position, GroupRecord.position)
)
_BY_ID = _STORED.where(GroupRecord.id == bindparam("group_id"))
_BY_TASK = _STORED.join(MarkingTask, MarkingTask.group_id == GroupRecord.id).where(
    MarkingTask.code == bindparam("code")
)


def find_group(session: Session, group_id: int) -> MarkingGroup:
    """One group. Raises NotFound."""
    row = session.execute(_BY_ID, {"group_id": group_id}).one_or_none()
    if row is None:
        raise NotFound(what=mark_text("marking group"), name=str(group_id))
    return _group(row)


def find_group_of_task(session: Session, code: str) -> MarkingGroup | None:
    """The group of a task; None where there is no such task."""
    row = session.execute(_BY_TASK, {"code": code}).one_or_none()
    return None if row is None else _group(row)


def find_groups(
    session: Session, group_ids: Iterable[int] | None = None, paper_id: int | None = None
) -> list[MarkingGroup]:
    """The named groups, those of one paper, or all of them, in the order of exam, paper and group."""
    statement = _STORED
    if group_ids is not None:
        statement = statement.where(GroupRecord.id.in_(list(group_ids)))
    if paper_id is not None:
        statement = statement.where(GroupRecord.paper_id == paper_id)
    return [_group(row) for row in session.execute(statement)]


def _group(row: Row[GroupRecord, str, PaperState, int, str]) -> MarkingGroup:
    stored, paper_title, paper_state, exam_id, exam_title = row
    return MarkingGroup(
        id=stored.id,
        key=stored.key,
        title=stored.title,
        exam_id=exam_id,
        exam_title=exam_title,
        paper_id=stored.paper_id,
        paper_title=paper_title,
        paper_state=paper_state,
        mode=stored.mode,
        tolerance=stored.tolerance,
        boundary=stored.boundary,
        compare=stored.compare,
        full_mark=stored.full_mark,
        parts=tuple(
            GroupPart(part["id"], part["item"], parse_points(part["points"]), parse_points(part["step"]))
            for part in stored.parts
        ),
        own_school_excluded=stored.own_school_excluded,
        paused=stored.paused,
        quality=QualityPlan(
            qualification=stored.qualification,
            qualify_percent=stored.qualify_percent,
            seed_every=stored.seed_every,
            repeat_every=stored.repeat_every,
            tolerance=stored.quality_tolerance,
            pause_after_seeds=stored.pause_after_seeds,
            salt=stored.salt,
        ),
        waived_schools=frozenset(stored.waived_schools),
        school_quotas={int(school): quota for school, quota in stored.school_quotas.items()},
        double_percent=stored.double_percent,
        trial_open=stored.trial_open,
    )
