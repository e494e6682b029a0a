"""The scripts of a marking group: drawn for the trial, chosen with a reference mark for training, seeds and examples.

In:  responses that have arrived, a leader's points. Out: Script rows; a seed's reference mark is the candidate's score
(domain.md 2.8), so it is a leader's decision on the response; every other use leaves the response to live marking.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from marking.plan.errors import PlanRefused
from marking.rounds.correct import correct_response
from marking.rounds.submit import ScoreForm, read_parts
from marking.tasks.conditions import TRAINING, is_live
from marking.tasks.groups import MarkingGroup
from marking.tasks.hidden import source_of
from models.audit import record
from models.errors import NotFound, mark_text
from models.exam import GroupRecord
from models.points import ZERO, parse_points, plain, show_points
from models.quality import Script
from models.sheet import CropRecord
from models.staff import User
from models.task import Mark, MarkingTask, TaskImage
from models.words import AuditVerb, ScoreSource, ScriptUse, TaskStage

MOST_AT_ONCE = 200
WITH_REFERENCE = (ScriptUse.PRACTICE, ScriptUse.QUALIFICATION, ScriptUse.SEED, ScriptUse.EXEMPLAR, ScriptUse.ERROR)

_dice = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class TrialMark:
    """What one person gave a trial script; `parts` by part id."""

    name: str
    points: Decimal
    parts: Mapping[str, Decimal]


@dataclass(slots=True)
class ShownScript:
    """One response that was drawn or chosen: its uses with their script ids, its images, the trial marks."""

    entry_id: int
    code: str
    uses: dict[ScriptUse, int] = field(default_factory=dict)
    reference: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    images: tuple[tuple[str, int, int], ...] = ()
    marks: tuple[TrialMark, ...] = ()


def draw_trial(session: Session, group: MarkingGroup, count: int, *, actor_id: int, at: datetime) -> int:
    """Draw responses at random for the trial, beside those drawn before; answers how many. Raises PlanRefused."""
    if not 1 <= count <= MOST_AT_ONCE:
        raise PlanRefused(why=mark_text("a trial takes 1 to 200 responses at a time"))
    if group.is_locked:
        raise PlanRefused(why=mark_text("formal marking has begun, and the trial is over"))
    drawn = exists().where(
        Script.group_id == group.id, Script.entry_id == MarkingTask.entry_id, Script.retired_at.is_(None)
    )
    choices = session.scalars(
        select(MarkingTask.entry_id)
        .where(MarkingTask.group_id == group.id, is_live(MarkingTask), MarkingTask.blank.is_(False), ~drawn)
        .distinct()
    ).all()
    if not choices:
        raise PlanRefused(why=mark_text("no response has arrived that was not drawn before"))
    chosen = _dice.sample(list(choices), min(count, len(choices)))
    session.add_all(
        Script(group_id=group.id, entry_id=entry_id, use=ScriptUse.TRIAL, parts={}, chosen_by=actor_id, chosen_at=at)
        for entry_id in chosen
    )
    session.flush()
    record(session, AuditVerb.TRIAL_CHANGED, f"group:{group.id}", actor_id=actor_id, drawn=len(chosen))
    return len(chosen)


def set_trial(session: Session, group: MarkingGroup, *, opened: bool, actor_id: int) -> None:
    """Open the trial, in which everybody gets the same scripts and nothing else, or end it. Raises PlanRefused."""
    if opened and group.is_locked:
        raise PlanRefused(why=mark_text("formal marking has begun, and the trial is over"))
    session.get_one(GroupRecord, group.id).trial_open = opened
    record(session, AuditVerb.TRIAL_CHANGED, f"group:{group.id}", actor_id=actor_id, open=opened)


def choose_script(
    session: Session,
    group: MarkingGroup,
    entry_id: int,
    use: ScriptUse,
    given: Mapping[str, object],
    note: str,
    *,
    actor_id: int,
    at: datetime,
) -> int:
    """Give a response that was drawn a reference mark and a use; choosing again replaces the mark. Answers the script.

    Raises NotFound, PlanRefused, IllegalMark, and for a seed what `correct_response` does.
    """
    scripts = _in_use(session, group.id, entry_id)
    source = source_of(session, group.id, entry_id)
    if not scripts or source is None:
        raise NotFound(what=mark_text("response"), name=str(entry_id))
    if use not in WITH_REFERENCE:
        raise PlanRefused(why=mark_text("a script is chosen for training, as a seed, or as an example"))
    parts = read_parts(group, source.part_ids, ScoreForm("", "", 0, parts=given))
    points = plain(sum(parts.values(), ZERO))
    if use is ScriptUse.SEED:
        correct_response(
            session, group, entry_id, {part: show_points(value) for part, value in parts.items()},
            note.strip() or "seed", actor_id=actor_id, at=at, decides=ScoreSource.SEED,
        )  # fmt: skip
    script = next((one for one in scripts if one.use is use), None)
    if script is None:
        script = Script(group_id=group.id, entry_id=entry_id, use=use)
        session.add(script)
    script.points, script.parts = points, {part: show_points(value) for part, value in parts.items()}
    script.note, script.chosen_by, script.chosen_at = note.strip()[:500], actor_id, at
    session.flush()
    record(
        session, AuditVerb.SCRIPT_CHOSEN, f"group:{group.id}", actor_id=actor_id, script=script.id, use=use.value,
        points=show_points(points),
    )  # fmt: skip
    return script.id


def retire_script(session: Session, group: MarkingGroup, script_id: int, *, actor_id: int, at: datetime) -> None:
    """Deal a script no more; what was marked on it stays, and a seed's score too. Raises NotFound."""
    script = session.get(Script, script_id)
    if script is None or script.group_id != group.id or script.retired_at is not None:
        raise NotFound(what=mark_text("script"), name=str(script_id))
    script.retired_at = at
    record(
        session, AuditVerb.SCRIPT_CHOSEN, f"group:{group.id}", actor_id=actor_id, script=script.id,
        use=script.use.value, retired=True,
    )  # fmt: skip


def _in_use(session: Session, group_id: int, entry_id: int) -> Sequence[Script]:
    return session.scalars(
        select(Script).where(Script.group_id == group_id, Script.entry_id == entry_id, Script.retired_at.is_(None))
    ).all()


def scripts_of(session: Session, group: MarkingGroup) -> list[ShownScript]:
    """Every response with a script in use, in the order of drawing, with what the trial says of it."""
    found: dict[int, ShownScript] = {}
    for script in session.scalars(
        select(Script).where(Script.group_id == group.id, Script.retired_at.is_(None)).order_by(Script.id)
    ):
        shown = found.setdefault(script.entry_id, ShownScript(script.entry_id, ""))
        shown.uses[script.use] = script.id
        if script.points is not None:
            shown.reference, shown.note = script.parts, script.note
    marks = trial_marks(session, group.id)
    for entry_id, shown in found.items():
        source = source_of(session, group.id, entry_id)
        if source is not None:
            shown.code = source.code
            shown.images = tuple(
                (row.key, row.width_px, row.height_px)
                for row in session.execute(
                    select(TaskImage.key, CropRecord.width_px, CropRecord.height_px)
                    .join(CropRecord, CropRecord.id == TaskImage.crop_id)
                    .where(TaskImage.task_id == source.id)
                    .order_by(TaskImage.position)
                )
            )
        shown.marks = tuple(marks.get(entry_id, ()))
    return [shown for shown in found.values() if shown.code]


def trial_marks(session: Session, group_id: int) -> dict[int, list[TrialMark]]:
    """The latest mark of everybody on each trial script, by entry; by name within each."""
    rows = session.execute(
        select(MarkingTask.id, MarkingTask.entry_id, User.name, Mark.points, Mark.parts)
        .join(Mark, Mark.task_id == MarkingTask.id)
        .join(User, User.id == Mark.marker_id)
        .where(
            MarkingTask.group_id == group_id, MarkingTask.kind == TRAINING, MarkingTask.stage == TaskStage.TRIAL,
            MarkingTask.points.is_not(None),
        )
        .order_by(User.name, MarkingTask.id, Mark.revision)
    )  # fmt: skip
    latest: dict[int, tuple[int, TrialMark]] = {}
    for task_id, entry_id, name, points, parts in rows:
        latest[task_id] = entry_id, TrialMark(name, points, {part: parse_points(text) for part, text in parts.items()})
    found: dict[int, list[TrialMark]] = {}
    for entry_id, mark in latest.values():
        found.setdefault(entry_id, []).append(mark)
    return found
