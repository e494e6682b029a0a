"""Back-reading (抽检): draw settled responses by a rule, read them again, agree or correct.

In:  a SampleRule. Out: a stored sample whose responses wait in random order; the results of reading them. A response
that was drawn once is not drawn again. Corrections go through marking/rounds/correct.py.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, exists, func, or_, select, update
from sqlalchemy.orm import Session

from marking.rounds.correct import Correction, correct_response
from marking.tasks.conditions import DONE, is_live
from marking.tasks.groups import MarkingGroup, TaskRole
from marking.tasks.hidden import source_of
from models.audit import record
from models.errors import Conflict, InputRefused, NotFound, mark_text
from models.paper import GroupPart
from models.points import show_points
from models.quality import QualitySample, SampleCheck
from models.sheet import CropRecord
from models.staff import User
from models.task import GroupScore, Mark, MarkingTask, TaskImage
from models.words import AuditVerb, CheckResult, ScoreSource

MOST_AT_ONCE = 500

_dice = random.SystemRandom()


class SampleKind(StrEnum):
    """How a sample is drawn."""

    RANDOM = "random"
    BAND = "band"
    MARKER = "marker"
    EXTREMES = "extremes"


@dataclass(frozen=True, slots=True)
class SampleRule:
    """What to draw: `low` and `high` bound a band of scores, both included; `user_id` is whose marks are read."""

    kind: SampleKind
    count: int
    low: Decimal | None = None
    high: Decimal | None = None
    user_id: int | None = None

    def stored(self) -> dict[str, Any]:
        """As it is kept with the sample."""
        points = {
            name: show_points(value) for name, value in (("low", self.low), ("high", self.high)) if value is not None
        }
        marker = {} if self.user_id is None else {"user_id": self.user_id}
        return {"kind": self.kind.value, "count": self.count, **points, **marker}


class SampleRefused(InputRefused):
    """A rule that draws nothing, or cannot be followed."""

    code = "sample.refused"
    sentence = mark_text("No sample was drawn: {why}.")
    remedy = mark_text("Change the rule and draw again.")


class CheckDone(Conflict):
    """Somebody has read this response in the meantime."""

    code = "sample.done"
    sentence = mark_text("This response of the sample has been read in the meantime.")
    remedy = mark_text("Go on with the next one.")


@dataclass(frozen=True, slots=True)
class SampleLine:
    """One sample with how far it has been read."""

    id: int
    rule: Mapping[str, Any]
    drawn_by: str
    drawn_at: datetime
    results: Mapping[CheckResult, int]

    @property
    def total(self) -> int:
        """How many responses were drawn."""
        return sum(self.results.values())

    @property
    def waiting(self) -> int:
        """How many are still to be read."""
        return self.results.get(CheckResult.WAITING, 0)


@dataclass(frozen=True, slots=True)
class GivenMark:
    """A mark on a response that is read again; by name, for the leader."""

    round: int
    marker: str
    points: Decimal
    parts: Mapping[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One response of a sample: its images, what counts now, and every mark that stands."""

    check_id: int
    position: int
    result: CheckResult
    images: tuple[tuple[str, int, int], ...]
    parts: tuple[GroupPart, ...]
    score: Decimal | None
    score_parts: Mapping[str, str]
    source: ScoreSource | None
    marks: tuple[GivenMark, ...]


def draw_sample(session: Session, group: MarkingGroup, rule: SampleRule, *, actor_id: int, at: datetime) -> int:
    """Draw and store a sample; answers its id. Raises SampleRefused."""
    if not 1 <= rule.count <= MOST_AT_ONCE:
        raise SampleRefused(why=mark_text("a sample has 1 to 500 responses"))
    if rule.kind is SampleKind.BAND and (rule.low is None or rule.high is None or rule.low > rule.high):
        raise SampleRefused(why=mark_text("a band needs a lower and an upper score"))
    if rule.kind is SampleKind.MARKER and rule.user_id is None:
        raise SampleRefused(why=mark_text("no marker was chosen"))
    choices = session.scalars(_choices(group, rule, actor_id)).all()
    if not choices:
        raise SampleRefused(why=mark_text("no response fits the rule that was not drawn before"))
    drawn = _dice.sample(list(choices), min(rule.count, len(choices)))
    sample = QualitySample(group_id=group.id, rule=rule.stored(), drawn_by=actor_id, drawn_at=at)
    session.add(sample)
    session.flush()
    session.add_all(
        SampleCheck(sample_id=sample.id, entry_id=entry_id, position=position)
        for position, entry_id in enumerate(drawn)
    )
    session.flush()
    record(
        session, AuditVerb.SAMPLE_DRAWN, f"group:{group.id}", actor_id=actor_id, sample=sample.id, drawn=len(drawn),
        rule=rule.stored(),
    )  # fmt: skip
    return sample.id


def _choices(group: MarkingGroup, rule: SampleRule, actor_id: int) -> Select[int]:
    """Settled responses that fit, without those drawn before and without what the person has marked."""
    drawn = exists().where(
        SampleCheck.entry_id == GroupScore.entry_id,
        SampleCheck.sample_id == QualitySample.id,
        QualitySample.group_id == group.id,
    )
    own = exists().where(
        MarkingTask.entry_id == GroupScore.entry_id, MarkingTask.group_id == group.id,
        MarkingTask.marker_id == actor_id, is_live(MarkingTask),
    )  # fmt: skip
    statement = select(GroupScore.entry_id).where(
        GroupScore.group_id == group.id, GroupScore.source != ScoreSource.BLANK, ~drawn, ~own
    )
    if rule.kind is SampleKind.BAND:
        statement = statement.where(GroupScore.points >= rule.low, GroupScore.points <= rule.high)
    elif rule.kind is SampleKind.EXTREMES:
        statement = statement.where(or_(GroupScore.points == 0, GroupScore.points == group.full_mark))
    elif rule.kind is SampleKind.MARKER:
        statement = statement.where(
            exists().where(
                MarkingTask.entry_id == GroupScore.entry_id, MarkingTask.group_id == group.id,
                MarkingTask.marker_id == rule.user_id, MarkingTask.state == DONE,
                MarkingTask.role == TaskRole.MARKER.value, is_live(MarkingTask),
            )
        )  # fmt: skip
    return statement


def samples_of(session: Session, group_id: int) -> list[SampleLine]:
    """The samples of a group, the newest first."""
    rows = session.execute(
        select(QualitySample, User.name)
        .join(User, User.id == QualitySample.drawn_by)
        .where(QualitySample.group_id == group_id)
        .order_by(QualitySample.id.desc())
    ).all()
    counts: dict[int, dict[CheckResult, int]] = {}
    for sample_id, result, count in session.execute(
        select(SampleCheck.sample_id, SampleCheck.result, func.count())
        .join(QualitySample, QualitySample.id == SampleCheck.sample_id)
        .where(QualitySample.group_id == group_id)
        .group_by(SampleCheck.sample_id, SampleCheck.result)
    ):
        counts.setdefault(sample_id, {})[result] = count
    return [SampleLine(one.id, one.rule, name, one.drawn_at, counts.get(one.id, {})) for one, name in rows]


def next_of(session: Session, group: MarkingGroup, sample_id: int) -> Shown | None:
    """The first response of a sample that nobody has read; None when all are. Raises NotFound."""
    _sample(session, group, sample_id)
    check = session.scalars(
        select(SampleCheck)
        .where(SampleCheck.sample_id == sample_id, SampleCheck.result == CheckResult.WAITING)
        .order_by(SampleCheck.position)
        .limit(1)
    ).first()
    return None if check is None else _shown(session, group, check)


def agree(session: Session, group: MarkingGroup, check_id: int, *, actor_id: int, at: datetime) -> None:
    """Note that the score of a response is right. Raises NotFound and CheckDone."""
    check = _check(session, group, check_id)
    _close(session, check, CheckResult.AGREED, actor_id, at)


def correct(
    session: Session, group: MarkingGroup, check_id: int, given: Mapping[str, object], reason: str, *, actor_id: int,
    at: datetime,
) -> Correction:  # fmt: skip
    """Give a response of a sample another score. Raises what `correct_response` does, NotFound and CheckDone."""
    check = _check(session, group, check_id)
    done = correct_response(session, group, check.entry_id, given, reason, actor_id=actor_id, at=at)
    _close(session, check, CheckResult.CORRECTED, actor_id, at)
    return done


def _close(session: Session, check: SampleCheck, result: CheckResult, actor_id: int, at: datetime) -> None:
    closed = session.scalars(
        update(SampleCheck)
        .where(SampleCheck.id == check.id, SampleCheck.result == CheckResult.WAITING)
        .values(result=result, checked_by=actor_id, checked_at=at)
        .returning(SampleCheck.id)
        .execution_options(synchronize_session=False)
    ).first()
    if closed is None:
        raise CheckDone
    record(
        session, AuditVerb.SAMPLE_CHECKED, f"sample:{check.sample_id}", actor_id=actor_id, position=check.position,
        result=result.value,
    )  # fmt: skip


def _sample(session: Session, group: MarkingGroup, sample_id: int) -> QualitySample:
    sample = session.get(QualitySample, sample_id)
    if sample is None or sample.group_id != group.id:
        raise NotFound(what=mark_text("sample"), name=str(sample_id))
    return sample


def _check(session: Session, group: MarkingGroup, check_id: int) -> SampleCheck:
    check = session.get(SampleCheck, check_id)
    if check is None:
        raise NotFound(what=mark_text("sample"), name=str(check_id))
    _sample(session, group, check.sample_id)
    return check


def _shown(session: Session, group: MarkingGroup, check: SampleCheck) -> Shown:
    source = source_of(session, group.id, check.entry_id)
    images = session.execute(
        select(TaskImage.key, CropRecord.width_px, CropRecord.height_px)
        .join(CropRecord, CropRecord.id == TaskImage.crop_id)
        .where(TaskImage.task_id == (source.id if source is not None else 0))
        .order_by(TaskImage.position)
    ).all()
    score = session.scalars(
        select(GroupScore).where(GroupScore.entry_id == check.entry_id, GroupScore.group_id == group.id)
    ).first()
    rows = session.execute(
        select(MarkingTask.id, MarkingTask.round, User.name, Mark.points, Mark.parts, Mark.reason)
        .join(Mark, Mark.task_id == MarkingTask.id)
        .join(User, User.id == Mark.marker_id)
        .where(
            MarkingTask.entry_id == check.entry_id, MarkingTask.group_id == group.id, is_live(MarkingTask),
            MarkingTask.points.is_not(None),
        )
        .order_by(MarkingTask.round, Mark.revision)
    )  # fmt: skip
    latest = {row.id: GivenMark(row.round, row.name, row.points, row.parts, row.reason) for row in rows}
    return Shown(
        check_id=check.id,
        position=check.position,
        result=check.result,
        images=tuple((key, width, height) for key, width, height in images),
        parts=group.counted(source.part_ids if source is not None else ()),
        score=None if score is None else score.points,
        score_parts={} if score is None else score.parts,
        source=None if score is None else score.source,
        marks=tuple(latest.values()),
    )
