"""Mix seeds and own responses again into what is dealt, unannounced: nothing that a marker is sent tells them apart.

In each stretch of `seed_every` dealt tasks one place, drawn from a secret of the group, is a seed script that the
marker has not seen; in each stretch of `repeat_every` one is an own response of some time ago. What cannot be filled
stays live work. Such marks never enter a candidate's score (domain.md 2.8, 3.8).
"""

import hashlib
import hmac
import random
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from marking.tasks.conditions import DONE, LIVE, REPEAT, WITHDRAWN
from marking.tasks.groups import MarkingGroup, Seat, TaskRole
from marking.tasks.rows import random_priority
from models.people import Candidate, PaperEntry
from models.quality import Script
from models.task import MarkingTask, TaskImage
from models.words import ScriptUse, TaskKind, TaskStage, TaskState

NOT_AGAIN_BEFORE = 20  # an own response comes again once this many others have been marked in between
_CHOOSE_FROM = 200

_dice = random.SystemRandom()


def places_for_hidden(group: MarkingGroup, user_id: int, dealt: int, room: int) -> Mapping[int, TaskKind]:
    """Which of the next `room` places of a person, counted from 0, are for a hidden task, and of which kind.

    Own responses come again once formal marking has begun; seeds are there as soon as a leader has chosen some.
    """
    quality = group.quality
    found: dict[int, TaskKind] = {}
    repeat_every = quality.repeat_every if group.is_locked else 0
    for kind, every in ((TaskKind.REPEAT, repeat_every), (TaskKind.SEED, quality.seed_every)):
        if every > 1:
            for place in range(room):
                stretch, at = divmod(dealt + place, every)
                if at == _drawn(quality.salt, user_id, kind, stretch, every):
                    found[place] = kind
    return found


def _drawn(salt: str, user_id: int, kind: TaskKind, stretch: int, every: int) -> int:
    """A place within a stretch that nobody can work out without the group's secret."""
    said = f"{user_id}/{kind.value}/{stretch}".encode()
    return int.from_bytes(hmac.new(salt.encode(), said, hashlib.sha256).digest()[:8], "big") % every


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a hidden task will be made from."""

    kind: TaskKind
    source: MarkingTask
    script_id: int | None


def hidden_share(session: Session, group: MarkingGroup) -> float:
    """The share of what is dealt that is hidden at present."""
    quality = group.quality
    share = 1 / quality.repeat_every if quality.repeat_every > 1 and group.is_locked else 0.0
    if quality.seed_every > 1:
        seeds = exists().where(Script.group_id == group.id, Script.use == ScriptUse.SEED, Script.retired_at.is_(None))
        share += 1 / quality.seed_every if session.scalar(select(seeds)) else 0.0
    return share


def choose_hidden(session: Session, group: MarkingGroup, seat: Seat, kinds: Iterable[TaskKind]) -> list[Hidden]:
    """What there is to fill these places with, for this person."""
    if not seat.marks:
        return []
    found: list[Hidden] = []
    for kind in kinds:
        taken = {each.source.entry_id for each in found}
        choose = _unseen_seed if kind is TaskKind.SEED else _own_again
        one = choose(session, group, seat, taken)
        if one is not None:
            found.append(one)
    return found


def add_hidden(
    session: Session,
    group: MarkingGroup,
    seat: Seat,
    chosen: Sequence[Hidden],
    live: Sequence[int],
    until: datetime,
    at: datetime,
) -> list[int]:
    """Lease the hidden tasks to the person, each at some place among the live ones; answers their ids."""
    beside = session.scalars(select(MarkingTask.priority).where(MarkingTask.id.in_(live))).all() if chosen else []
    ids = []
    for each in chosen:
        task = copy_of(group, each.source, each.kind, reserved_for=seat.user_id, script_id=each.script_id, at=at)
        task.state, task.marker_id, task.lease_until, task.version = TaskState.LEASED, seat.user_id, until, 1
        task.priority = _dice.choice(beside) - _dice.choice((0, 1))
        if each.kind is TaskKind.REPEAT:
            task.source_id = each.source.id
        session.add(task)
        session.flush()
        copy_images(session, each.source.id, task.id)
        ids.append(task.id)
    return ids


def copy_of(
    group: MarkingGroup,
    source: MarkingTask,
    kind: TaskKind,
    *,
    reserved_for: int,
    script_id: int | None,
    at: datetime,
    stage: TaskStage | None = None,
) -> MarkingTask:
    """A task on the same response for one person, with a code of its own; `copy_images` gives it its images."""
    return MarkingTask(
        code=secrets.token_hex(16), group_id=group.id, entry_id=source.entry_id, school_id=source.school_id, round=1,
        role=TaskRole.MARKER.value, kind=kind, stage=stage, blank=source.blank, part_ids=list(source.part_ids),
        priority=random_priority(), reserved_for=reserved_for, script_id=script_id, created_at=at,
    )  # fmt: skip


def copy_images(session: Session, source_id: int, task_id: int) -> None:
    """The images of another task on the same response, under keys of their own."""
    rows = session.execute(
        select(TaskImage.position, TaskImage.crop_id).where(TaskImage.task_id == source_id).order_by(TaskImage.position)
    )
    for position, crop_id in rows.all():
        session.add(TaskImage(task_id=task_id, position=position, key=secrets.token_hex(20), crop_id=crop_id))
    session.flush()


def source_of(session: Session, group_id: int, entry_id: int) -> MarkingTask | None:
    """The newest task that shows a response as it stands: what its images and parts are copied from."""
    return session.scalars(
        select(MarkingTask)
        .where(MarkingTask.group_id == group_id, MarkingTask.entry_id == entry_id, MarkingTask.kind == LIVE)
        .order_by(MarkingTask.id.desc())
        .limit(1)
    ).first()


def _unseen_seed(session: Session, group: MarkingGroup, seat: Seat, taken: set[int]) -> Hidden | None:
    task = aliased(MarkingTask)
    seen = exists().where(
        task.entry_id == Script.entry_id,
        task.group_id == Script.group_id,
        (task.marker_id == seat.user_id) | (task.reserved_for == seat.user_id) | (task.raised_by == seat.user_id),
        task.state != WITHDRAWN,
    )
    statement = (
        select(Script.id, Script.entry_id)
        .join(PaperEntry, PaperEntry.id == Script.entry_id)
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .where(Script.group_id == group.id, Script.use == ScriptUse.SEED, Script.retired_at.is_(None), ~seen)
        .where(Script.chosen_by.is_(None) | (Script.chosen_by != seat.user_id))
    )
    if group.excludes(seat.school_id):
        statement = statement.where(Candidate.school_id != seat.school_id)
    choices = [(script_id, entry_id) for script_id, entry_id in session.execute(statement) if entry_id not in taken]
    if not choices:
        return None
    script_id, entry_id = _dice.choice(choices)
    source = source_of(session, group.id, entry_id)
    return None if source is None else Hidden(TaskKind.SEED, source, script_id)


def _own_again(session: Session, group: MarkingGroup, seat: Seat, taken: set[int]) -> Hidden | None:
    again = aliased(MarkingTask)
    own = session.scalars(
        select(MarkingTask)
        .where(
            MarkingTask.marker_id == seat.user_id,
            MarkingTask.group_id == group.id,
            MarkingTask.state == DONE,
            MarkingTask.kind == LIVE,
            MarkingTask.role == TaskRole.MARKER.value,
            ~exists().where(again.source_id == MarkingTask.id, again.kind == REPEAT),
        )
        .order_by(MarkingTask.done_at.desc(), MarkingTask.id.desc())
        .offset(NOT_AGAIN_BEFORE)
        .limit(_CHOOSE_FROM)
    ).all()
    choices = [task for task in own if task.entry_id not in taken]
    return Hidden(TaskKind.REPEAT, _dice.choice(choices), None) if choices else None
