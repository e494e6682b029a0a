"""Open marking tasks for every response that has arrived: run after each chunk of scans, as often as one likes.

In:  stored responses, active placements and their crops. Out: tasks of the first rounds, and their images.
A candidate's task in a group is opened once the sheet is complete and every item of the group that counts has a
response and a crop. An undecided choice waits; a blank response is dealt out with a flag, and a person gives the zero.
"""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from marking.tasks.conditions import is_live
from marking.tasks.groups import MarkingGroup, find_groups, marks_wanted_at_first, role_of_round
from marking.tasks.rows import NewTask, add_tasks, add_zeros, drop_zeros
from models.database import Database
from models.exam import ItemRecord
from models.people import Candidate, PaperEntry
from models.response import Response
from models.sheet import CropRecord, Placement, Sheet
from models.task import MarkingTask, TaskImage
from models.words import EntryStatus, MarkingMode

CHUNK = 400  # entries per write transaction: some 20 ms of SQLite, so that markers at work do not notice


@dataclass(frozen=True, slots=True)
class Given:
    """What one candidate gave for one item: `chosen` is None outside choose-groups or while nobody has decided."""

    blank: bool
    chosen: bool | None
    placed: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """What is dealt out of one candidate's answers to one group: the items that count, in the group's order.

    `items` is empty where no answer to a choose-group counts.
    """

    items: tuple[str, ...]
    blank: bool = False


def ready(items: tuple[str, ...], optional: frozenset[str], given: Mapping[str, Given]) -> Ready | None:
    """What to deal out, or None while something is missing or undecided.

    `optional` are the members of choose-groups. Where none of them counts, because nothing was answered or the rule
    says so, there is nothing to mark: the score is zero (domain.md 4.5).
    """
    known: dict[str, Given] = {}
    for item in items:
        answer = given.get(item)
        if answer is None or (answer.chosen is None and item in optional):
            return None
        known[item] = answer
    counted = [item for item in items if item not in optional or known[item].chosen]
    if not counted:
        return Ready(())
    if not all(known[item].placed for item in counted):
        return None
    return Ready(tuple(counted), all(known[item].blank for item in counted))


def create_tasks(database: Database, paper_id: int) -> int:
    """Open what can be opened for one paper; answers how many tasks are new."""
    with database.read() as session:
        groups = find_groups(session, paper_id=paper_id)
        item_ids: dict[str, int] = {}
        optional: set[str] = set()
        for no, item_id, choose_group in session.execute(
            select(ItemRecord.no, ItemRecord.id, ItemRecord.choose_group).where(ItemRecord.paper_id == paper_id)
        ):
            item_ids[no] = item_id
            if choose_group:
                optional.add(no)
    added = 0
    for group in groups:
        with database.read() as session:
            waiting = _entries_without_tasks(session, group)
        bounds = [*range(0, len(waiting), CHUNK), len(waiting)]
        for start, end in pairwise(bounds):
            chunk = dict(waiting[start:end])
            with database.read() as session:
                plan = _plan(session, group, item_ids, frozenset(optional), chunk)
            if plan.tasks or plan.none_counts:
                with database.write() as session:
                    drop_zeros(session, group.id, {task.entry_id for task in plan.tasks})
                    added += add_tasks(session, plan.tasks)
                    add_zeros(session, group.id, plan.none_counts)
    if added:
        database.look_at(MarkingTask, TaskImage)
    return added


def _entries_without_tasks(session: Session, group: MarkingGroup) -> list[tuple[int, int]]:
    """Present candidates with a complete sheet and no live task in the group, as (entry id, school id)."""
    has_task = exists().where(
        MarkingTask.entry_id == PaperEntry.id,
        MarkingTask.group_id == group.id,
        is_live(MarkingTask),
    )
    rows = session.execute(
        select(PaperEntry.id, Candidate.school_id)
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .join(Sheet, Sheet.entry_id == PaperEntry.id)
        .where(
            PaperEntry.paper_id == group.paper_id,
            PaperEntry.status == EntryStatus.PRESENT,
            Sheet.active,
            Sheet.complete,
            ~has_task,
        )
        .order_by(PaperEntry.id)
    )
    return [(entry_id, school_id) for entry_id, school_id in rows]


@dataclass(slots=True)
class _Plan:
    tasks: list[NewTask]
    none_counts: list[int]


def _plan(
    session: Session,
    group: MarkingGroup,
    item_ids: Mapping[str, int],
    optional: frozenset[str],
    schools: Mapping[int, int],
) -> _Plan:
    items = tuple(dict.fromkeys(part.item for part in group.parts))
    crops = _crops(session, items, list(schools))
    given = _given(session, {item_ids[item]: item for item in items}, crops, list(schools))
    plan = _Plan([], [])
    for entry_id, school_id in schools.items():
        deal = ready(items, optional & set(items), given[entry_id])
        if deal is None:
            continue
        if not deal.items:
            plan.none_counts.append(entry_id)
            continue
        parts = tuple(part.id for part in group.parts if part.item in deal.items)
        doubled = is_doubled(group, entry_id)
        mode = group.as_doubled().mode if doubled else group.mode
        crop_ids = tuple(crop for item in deal.items for crop in crops[entry_id][item])
        plan.tasks += [
            NewTask(
                group_id=group.id,
                entry_id=entry_id,
                school_id=school_id,
                round=round_,
                role=role_of_round(mode, round_),
                doubled=doubled,
                crop_ids=crop_ids,
                part_ids=() if len(parts) == len(group.parts) else parts,
                blank=deal.blank,
            )
            for round_ in marks_wanted_at_first(mode)
        ]
    return plan


def is_doubled(group: MarkingGroup, entry_id: int) -> bool:
    """Whether this response of a group marked once gets a hidden second mark.

    Drawn from the group's secret, so that a response keeps its lot however often its tasks are opened anew.
    """
    if group.mode is not MarkingMode.SINGLE or group.double_percent <= 0:
        return False
    drawn = hmac.new(group.quality.salt.encode(), f"double/{entry_id}".encode(), hashlib.sha256).digest()
    return int.from_bytes(drawn[:8], "big") % 10_000 < group.double_percent * 100


def _crops(session: Session, items: tuple[str, ...], entry_ids: list[int]) -> dict[int, dict[str, list[int]]]:
    """The crops of each candidate's items by entry and item, in reading order."""
    found: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    rows = session.execute(
        select(Sheet.entry_id, CropRecord.region, CropRecord.id)
        .join(Placement, Placement.sheet_id == Sheet.id)
        .join(CropRecord, CropRecord.page_image_id == Placement.page_image_id)
        .where(Sheet.entry_id.in_(entry_ids), Sheet.active, Placement.active, CropRecord.region.in_(items))
        .order_by(Sheet.entry_id, CropRecord.part, CropRecord.id)
    )
    for entry_id, item, crop_id in rows:
        found[entry_id][item].append(crop_id)
    return found


def _given(
    session: Session, item_of: Mapping[int, str], crops: Mapping[int, Mapping[str, list[int]]], entry_ids: list[int]
) -> dict[int, dict[str, Given]]:
    found: dict[int, dict[str, Given]] = defaultdict(dict)
    rows = session.execute(
        select(Response.entry_id, Response.item_id, Response.blank, Response.chosen).where(
            Response.entry_id.in_(entry_ids), Response.item_id.in_(list(item_of))
        )
    )
    for entry_id, item_id, blank, chosen in rows:
        item = item_of[item_id]
        found[entry_id][item] = Given(blank, chosen, bool(crops.get(entry_id, {}).get(item)))
    return found
