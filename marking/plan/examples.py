"""The responses that a leader has chosen as examples, for whoever marks the group to look at beside the own work.

In:  a group and the school of the person who looks. Out: reference marks, notes and images, never of whom. A response
that is a seed or qualifies people at the same time is left out: its reference mark would give the answer away.
"""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.tasks.groups import MarkingGroup
from marking.tasks.hidden import source_of
from marking.tasks.training import scripts_in_use
from models.quality import Script
from models.sheet import CropRecord
from models.task import TaskImage
from models.words import ScriptUse

_SHOWN = (ScriptUse.EXEMPLAR, ScriptUse.ERROR)
_SECRET = (ScriptUse.SEED, ScriptUse.QUALIFICATION)


@dataclass(frozen=True, slots=True)
class Example:
    """A response to look at; `images` are keys with width and height in px, `points` the reference mark."""

    use: ScriptUse
    points: Decimal | None
    note: str
    images: tuple[tuple[str, int, int], ...]


def examples_for(session: Session, group: MarkingGroup, school_id: int | None) -> list[Example]:
    """The examples that somebody of this school may see: exemplars before typical errors, each in order of choice."""
    found = []
    for script in _shown(session, group, school_id):
        source = source_of(session, group.id, script.entry_id)
        if source is None:
            continue
        images = session.execute(
            select(TaskImage.key, CropRecord.width_px, CropRecord.height_px)
            .join(CropRecord, CropRecord.id == TaskImage.crop_id)
            .where(TaskImage.task_id == source.id)
            .order_by(TaskImage.position)
        )
        shown = tuple((row.key, row.width_px, row.height_px) for row in images)
        found.append(Example(script.use, script.points, script.note, shown))
    return found


def is_example(session: Session, group: MarkingGroup, entry_id: int, school_id: int | None) -> bool:
    """Whether somebody of this school may look at a response as an example."""
    return any(script.entry_id == entry_id for script in _shown(session, group, school_id))


def _shown(session: Session, group: MarkingGroup, school_id: int | None) -> list[Script]:
    secret = {script.entry_id for use in _SECRET for script in scripts_in_use(session, group.id, use)}
    own_school = school_id if group.excludes(school_id) else None
    return [
        script
        for use in _SHOWN
        for script in scripts_in_use(session, group.id, use, own_school)
        if script.entry_id not in secret
    ]
