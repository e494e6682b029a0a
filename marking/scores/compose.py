"""Compose stored scores: responses and settled marks become item scores, item scores become totals.

Everything here is derived: running it again gives the same rows. It reads in sets and writes only differences.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.objective.score import objective_scores
from marking.scores.difference import Difference, difference, write
from marking.scores.totals import compose, exam_total
from marking.setup.exam_json import exam_from_json
from marking.setup.structure import StoredPaper, find_papers
from models.database import Database
from models.exam import ItemRecord, PaperRecord
from models.people import Candidate, PaperEntry
from models.points import ZERO, parse_points
from models.response import Response
from models.score import ItemScore, PaperScore, TotalScore
from models.task import GroupScore
from models.words import EntryStatus, ScoreSource

Place = tuple[int, int, str]  # entry id, item id, part ("" for the whole item)


@dataclass(frozen=True, slots=True)
class ComposeResult:
    """How many entries have a total, how many still miss something, how many objective responses wait, rows changed."""

    complete: int
    incomplete: int
    waiting: int
    changed: int


def compose_paper(database: Database, stored: StoredPaper) -> ComposeResult:
    """Bring every score of a paper up to date."""
    with database.read() as session:
        counting = _counting(session, stored)
        dropped = _not_counting(session, stored)
        objective = objective_scores(session, stored)
        items: dict[tuple[Any, ...], dict[str, Any]] = {
            (entry_id, item_id, ""): {
                "points": points,
                "source": ScoreSource.OBJECTIVE,
                "key_version": objective.key_version,
            }
            for (entry_id, item_id), points in objective.points.items()
        }
        for place, (points, source) in _subjective(session, stored, counting, dropped).items():
            items[place] = {"points": points, "source": source, "key_version": None}
        papers = _papers(stored, counting, dropped, items)
        changes = [_item_difference(session, stored, items), _paper_difference(session, stored, papers)]
    complete = sum(1 for values in papers.values() if values["total"] is not None)
    return ComposeResult(complete, len(papers) - complete, objective.waiting, write(database, changes))


def _counting(session: Session, stored: StoredPaper) -> dict[int, EntryStatus]:
    """Entries whose work counts, by id."""
    rows = session.execute(
        select(PaperEntry.id, PaperEntry.status).where(PaperEntry.paper_id == stored.id, PaperEntry.status.is_not(None))
    )
    return {entry_id: status for entry_id, status in rows if status is not None and status.has_score}


def _not_counting(session: Session, stored: StoredPaper) -> dict[int, frozenset[str]]:
    """Per entry the members of choose-groups that do not count: the rule or a person has chosen others, or nothing
    was answered at all, and then the group earns nothing. Undecided ones stay in and keep the total open.

    Where nothing counts because no writing was seen, and a person has marked one of them nevertheless, that one
    counts: what stands beside an item also stands in the total.
    """
    numbers = {
        stored.item_ids[item.no]: item.no
        for group in stored.paper.choose_groups
        for item in stored.paper.choose_members(group)
    }
    if not numbers:
        return {}
    out: dict[int, set[str]] = defaultdict(set)
    written: dict[int, set[str]] = defaultdict(set)
    for entry_id, item_id, blank in session.execute(
        select(Response.entry_id, Response.item_id, Response.blank).where(
            Response.item_id.in_(numbers), Response.chosen.is_(False)
        )
    ):
        out[entry_id].add(numbers[item_id])
        if not blank:
            written[entry_id].add(numbers[item_id])
    marked = _marked_members(session, stored, set(numbers.values()))
    for entry_id, members in out.items():
        for group in stored.paper.choose_groups:
            own = {item.no for item in stored.paper.choose_members(group)}
            if own <= members and not own & written[entry_id]:
                members.difference_update(own & marked.get(entry_id, set()))
    return {entry_id: frozenset(members) for entry_id, members in out.items()}


def _marked_members(session: Session, stored: StoredPaper, members: set[str]) -> dict[int, set[str]]:
    """Per entry the members of choose-groups that have a settled mark."""
    fields = {part.id: part.item for group in stored.paper.groups for part in group.parts if part.item in members}
    found: dict[int, set[str]] = defaultdict(set)
    for entry_id, parts in session.execute(
        select(GroupScore.entry_id, GroupScore.parts).where(GroupScore.group_id.in_(stored.group_ids.values()))
    ):
        found[entry_id] |= {fields[part_id] for part_id in parts if part_id in fields}
    return found


def _subjective(
    session: Session,
    stored: StoredPaper,
    counting: dict[int, EntryStatus],
    dropped: dict[int, frozenset[str]],
) -> dict[Place, tuple[Decimal, ScoreSource]]:
    """Item and part scores from settled group scores; an item marked by several groups needs all of them."""
    fields = {part.id: part for group in stored.paper.groups for part in group.parts}
    needed: dict[str, int] = defaultdict(int)
    for part in fields.values():
        needed[part.item] += 1
    wanted: dict[Place, tuple[Decimal, ScoreSource]] = {}
    sums: dict[tuple[int, str], Decimal] = defaultdict(lambda: ZERO)
    seen: dict[tuple[int, str], int] = defaultdict(int)
    sources: dict[tuple[int, str], ScoreSource] = {}
    for entry_id, parts, source in session.execute(
        select(GroupScore.entry_id, GroupScore.parts, GroupScore.source).where(
            GroupScore.group_id.in_(stored.group_ids.values())
        )
    ):
        if entry_id not in counting:
            continue
        for part_id, text in parts.items():
            no = fields[part_id].item
            points = parse_points(text)
            sums[entry_id, no] += points
            seen[entry_id, no] += 1
            sources[entry_id, no] = source
            if part_id != no:
                wanted[entry_id, stored.item_ids[no], part_id.removeprefix(no)] = (points, source)
    for (entry_id, no), points in sums.items():
        if seen[entry_id, no] == needed[no]:
            wanted[entry_id, stored.item_ids[no], ""] = (points, sources[entry_id, no])
    void = dict(stored.paper.rules.void)
    for entry_id, status in counting.items():
        for item in stored.paper.subjective_items:
            place = (entry_id, stored.item_ids[item.no], "")
            if void.get(item.no) == "all_present":
                wanted[place] = (item.points, ScoreSource.CORRECTED)
            elif status is EntryStatus.BLANK and item.no not in dropped.get(entry_id, frozenset()):
                wanted.setdefault(place, (ZERO, ScoreSource.BLANK))
    return wanted


def _papers(
    stored: StoredPaper,
    counting: dict[int, EntryStatus],
    dropped: dict[int, frozenset[str]],
    items: dict[tuple[Any, ...], dict[str, Any]],
) -> dict[tuple[Any, ...], dict[str, Any]]:
    numbers = {item_id: no for no, item_id in stored.item_ids.items()}
    scores: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for (entry_id, item_id, part), values in items.items():
        if not part:
            scores[entry_id][numbers[item_id]] = values["points"]
    papers: dict[tuple[Any, ...], dict[str, Any]] = {}
    for entry_id in counting:
        composed = compose(stored.paper, scores[entry_id], dropped.get(entry_id, frozenset()))
        papers[(entry_id,)] = {
            "objective": composed.objective,
            "subjective": composed.subjective,
            "total": composed.total,
        }
    return papers


def _item_difference(
    session: Session, stored: StoredPaper, wanted: dict[tuple[Any, ...], dict[str, Any]]
) -> Difference:
    kept = session.execute(
        select(
            ItemScore.id,
            ItemScore.entry_id,
            ItemScore.item_id,
            ItemScore.part,
            ItemScore.points,
            ItemScore.source,
            ItemScore.key_version,
        )
        .join(ItemRecord, ItemRecord.id == ItemScore.item_id)
        .where(ItemRecord.paper_id == stored.id)
    )
    return difference(ItemScore, kept, ("entry_id", "item_id", "part"), wanted)


def _paper_difference(
    session: Session, stored: StoredPaper, wanted: dict[tuple[Any, ...], dict[str, Any]]
) -> Difference:
    kept = session.execute(
        select(PaperScore.id, PaperScore.entry_id, PaperScore.objective, PaperScore.subjective, PaperScore.total)
        .join(PaperEntry, PaperEntry.id == PaperScore.entry_id)
        .where(PaperEntry.paper_id == stored.id)
    )
    return difference(PaperScore, kept, ("entry_id",), wanted)


def compose_totals(database: Database, exam_key: str) -> int:
    """Bring the totals over papers up to date; answers how many rows changed."""
    with database.read() as session:
        exam = find_papers(session, exam_key)[0].exam
        totals = exam_from_json(exam.definition).totals
        scores: dict[int, dict[str, Decimal | None]] = defaultdict(dict)
        away: dict[int, set[str]] = defaultdict(set)
        for candidate_id, key, status, points in session.execute(
            select(PaperEntry.candidate_id, PaperRecord.key, PaperEntry.status, PaperScore.total)
            .join(PaperRecord, PaperRecord.id == PaperEntry.paper_id)
            .outerjoin(PaperScore, PaperScore.entry_id == PaperEntry.id)
            .where(PaperRecord.exam_id == exam.id)
        ):
            scores[candidate_id][key] = points
            if status is not None and not status.has_score:
                away[candidate_id].add(key)
        wanted: dict[tuple[Any, ...], dict[str, Any]] = {
            (candidate_id, total.id): {"points": exam_total(total, papers, frozenset(away[candidate_id]))}
            for candidate_id, papers in scores.items()
            for total in totals
        }
        kept = session.execute(
            select(TotalScore.id, TotalScore.candidate_id, TotalScore.total, TotalScore.points)
            .join(Candidate, Candidate.id == TotalScore.candidate_id)
            .where(Candidate.exam_id == exam.id)
        )
        change = difference(TotalScore, kept, ("candidate_id", "total"), wanted)
    return write(database, [change])
