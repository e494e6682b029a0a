"""The objective scores of a paper: points = f(confirmed reading, key version), nothing else.

A doubtful response has no score until a person has confirmed it.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.objective.rules import score_item
from marking.setup.structure import StoredPaper
from models.exam import AnswerKey
from models.paper import Item
from models.people import PaperEntry
from models.points import ZERO
from models.response import Response
from models.words import EntryStatus, ResponseStatus


@dataclass(frozen=True, slots=True)
class ObjectiveScores:
    """Points by (entry id, item id), the key version they follow from, and how many responses wait for a person."""

    key_version: int
    points: dict[tuple[int, int], Decimal]
    waiting: int


def keyed_items(session: Session, stored: StoredPaper) -> tuple[int, dict[int, Item]]:
    """The newest key version and the objective items by row id with that version's alternatives."""
    newest = session.scalars(
        select(AnswerKey).where(AnswerKey.paper_id == stored.id).order_by(AnswerKey.version.desc()).limit(1)
    ).one()
    return newest.version, {
        stored.item_ids[item.no]: replace(item, key=tuple(newest.keys.get(item.no, item.key)))
        for item in stored.paper.objective_items
    }


def objective_scores(session: Session, stored: StoredPaper) -> ObjectiveScores:
    """Work the objective scores of a paper out from its responses."""
    version, items = keyed_items(session, stored)
    floors = dict(stored.paper.rules.floors)
    void = dict(stored.paper.rules.void)
    points: dict[tuple[int, int], Decimal] = {}
    cache: dict[tuple[int, str], Decimal] = {}
    waiting = 0
    for entry_id, item_id, value, status in session.execute(
        select(Response.entry_id, Response.item_id, Response.value, Response.status)
        .join(PaperEntry, PaperEntry.id == Response.entry_id)
        .where(PaperEntry.paper_id == stored.id, Response.item_id.in_(items))
        .where(PaperEntry.status.in_((EntryStatus.PRESENT, EntryStatus.BLANK)))
    ):
        item = items[item_id]
        policy = void.get(item.no)
        if policy == "all_present" or (policy == "answered_only" and value):
            points[entry_id, item_id] = item.points
        elif status is ResponseStatus.DOUBTFUL:
            waiting += 1
        else:
            answer = (item_id, value)
            if answer not in cache:
                cache[answer] = score_item(item, value, floors.get(item.no, ZERO))
            points[entry_id, item_id] = cache[answer]
    return ObjectiveScores(version, points, waiting)
