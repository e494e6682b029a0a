"""Practice and qualification before live marking, where a group asks for them (domain.md 2.7).

A person first marks the practice scripts and sees the reference mark after each, then the qualification scripts.
Whoever agrees on enough of them is qualified; anybody else waits for the leader. Training marks never enter a score.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.tasks.conditions import TRAINING
from marking.tasks.groups import MarkingGroup, Seat
from marking.tasks.hidden import copy_images, copy_of, source_of
from marking.tasks.members import Member, keep_member
from models.people import Candidate, PaperEntry
from models.quality import Script
from models.staff import User
from models.task import MarkingTask
from models.words import Gate, ScriptUse, TaskKind, TaskStage, TaskState

_NEXT = {Gate.PRACTICE: (TaskStage.PRACTICE, ScriptUse.PRACTICE),
         Gate.QUALIFICATION: (TaskStage.QUALIFICATION, ScriptUse.QUALIFICATION)}  # fmt: skip


def prepare_training(session: Session, group: MarkingGroup, seat: Seat, member: Member, at: datetime) -> None:
    """Give a person who comes for the first time the practice scripts; where there are none, the next stage."""
    if member.gate is None:
        enter(session, group, seat, Gate.PRACTICE, at)


def prepare_trial(session: Session, group: MarkingGroup, seat: Seat, at: datetime) -> None:
    """Give a person the trial scripts that he or she has not had: everybody of the trial marks the same ones."""
    _reserve(session, group, seat, TaskStage.TRIAL, ScriptUse.TRIAL, at, again=False)


def enter(session: Session, group: MarkingGroup, seat: Seat, gate: Gate, at: datetime) -> None:
    """Begin a stage: reserve its scripts for the person. A stage without scripts is passed over."""
    if gate in _NEXT:
        stage, use = _NEXT[gate]
        if not _reserve(session, group, seat, stage, use, at):
            following = Gate.QUALIFICATION if gate is Gate.PRACTICE else Gate.QUALIFIED
            return enter(session, group, seat, following, at)
    return keep_member(session, group.id, seat.user_id, at, gate=gate)


def _reserve(
    session: Session,
    group: MarkingGroup,
    seat: Seat,
    stage: TaskStage,
    use: ScriptUse,
    at: datetime,
    *,
    again: bool = True,
) -> int:
    """One open task for each script of a use that the person has not had at this stage.

    Where none is new they all come `again`, for whoever begins a stage once more.
    """
    scripts = scripts_in_use(session, group.id, use, None if not group.excludes(seat.school_id) else seat.school_id)
    had = set(
        session.scalars(
            select(MarkingTask.script_id).where(
                MarkingTask.group_id == group.id, MarkingTask.kind == TRAINING, MarkingTask.stage == stage,
                MarkingTask.reserved_for == seat.user_id,
            )
        )
    )  # fmt: skip
    new = [script for script in scripts if script.id not in had]
    return reserve(session, group, seat.user_id, new or (scripts if again else []), stage, at)


def reserve(
    session: Session, group: MarkingGroup, user_id: int, scripts: list[Script], stage: TaskStage, at: datetime
) -> int:
    """Open a training task on each of these scripts for one person; answers how many there are."""
    opened = 0
    for script in scripts:
        source = source_of(session, group.id, script.entry_id)
        if source is None:
            continue
        task = copy_of(group, source, TaskKind.TRAINING, reserved_for=user_id, script_id=script.id, at=at, stage=stage)
        session.add(task)
        session.flush()
        copy_images(session, source.id, task.id)
        opened += 1
    return opened


def scripts_in_use(session: Session, group_id: int, use: ScriptUse, not_school: int | None = None) -> list[Script]:
    """The scripts of one use, oldest first; without those of one school where it is named."""
    statement = select(Script).where(Script.group_id == group_id, Script.use == use, Script.retired_at.is_(None))
    if not_school is not None:
        statement = (
            statement.join(PaperEntry, PaperEntry.id == Script.entry_id)
            .join(Candidate, Candidate.id == PaperEntry.candidate_id)
            .where(Candidate.school_id != not_school)
        )
    return list(session.scalars(statement.order_by(Script.id)))


def after_training_mark(session: Session, group: MarkingGroup, task: MarkingTask, user_id: int, at: datetime) -> None:
    """Carry a person on once the last task of a stage is marked."""
    if task.stage not in (TaskStage.PRACTICE, TaskStage.QUALIFICATION):
        return
    rows = session.execute(
        select(MarkingTask.state, MarkingTask.points, Script.points)
        .join(Script, Script.id == MarkingTask.script_id)
        .where(
            MarkingTask.group_id == group.id,
            MarkingTask.kind == TRAINING,
            MarkingTask.stage == task.stage,
            MarkingTask.reserved_for == user_id,
            MarkingTask.created_at == task.created_at,
        )
    ).all()
    if any(state not in (TaskState.DONE, TaskState.PROBLEM) for state, _, _ in rows):
        return
    seat = Seat(user_id, session.scalar(select(User.school_id).where(User.id == user_id)))
    if task.stage is TaskStage.PRACTICE:
        enter(session, group, seat, Gate.QUALIFICATION, at)
        return
    agreed = sum(
        own is not None and reference is not None and abs(own - reference) <= group.full_tolerance
        for _, own, reference in rows
    )
    passed = agreed * 100 >= group.quality.qualify_percent * len(rows)
    keep_member(session, group.id, user_id, at, gate=Gate.QUALIFIED if passed else Gate.REFUSED)
