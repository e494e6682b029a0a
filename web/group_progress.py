"""How far the marking groups of papers are, for whoever organises an exam: counts only, nobody's marks."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.tasks.progress import GroupCounts, group_counts
from models.exam import GroupRecord


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One marking group with the counts of its tasks."""

    group_id: int
    title: str
    counts: GroupCounts


def group_lines(session: Session, paper_ids: list[int]) -> dict[int, list[GroupLine]]:
    """The marking groups of several papers by paper id, in their order: two statements whatever their number."""
    rows = session.execute(
        select(GroupRecord.paper_id, GroupRecord.id, GroupRecord.title)
        .where(GroupRecord.paper_id.in_(paper_ids))
        .order_by(GroupRecord.position)
    ).all()
    counts = group_counts(session, [row.id for row in rows])
    found: dict[int, list[GroupLine]] = {paper_id: [] for paper_id in paper_ids}
    for paper_id, group_id, title in rows:
        found[paper_id].append(GroupLine(group_id, title, counts[group_id]))
    return found
