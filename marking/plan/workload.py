"""Who marked how much and for how long: per teacher and per school, for fees and for the next exam's quotas.

Hours are the time that responses were on screen, at most ten minutes for each mark: a lunch break is no work.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.exam import GroupRecord, PaperRecord
from models.people import School
from models.staff import User
from models.task import Mark, MarkingTask
from models.words import TaskKind

MOST_MS = 600_000  # a response on screen for longer was left alone


@dataclass(slots=True)
class Load:
    """What one teacher, or the teachers of one school, did in one group.

    `scripts` counts responses, `rounds` live tasks marked by round (a leader's under 0), `hidden` seeds and own
    ones again, `training` training marks; `changed` marks that replaced an earlier one.
    """

    school: str
    name: str
    username: str
    paper: str
    group: str
    people: int = 1
    scripts: int = 0
    rounds: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    hidden: int = 0
    training: int = 0
    changed: int = 0
    hours: float = 0.0
    first: datetime | None = None
    last: datetime | None = None

    @property
    def marks(self) -> int:
        """Live tasks marked, in all rounds."""
        return sum(self.rounds.values())


def workload(session: Session, exam_id: int, group_ids: list[int] | None = None) -> list[Load]:
    """One line for each teacher and group, in the order of school, name, paper and group."""
    where = [PaperRecord.exam_id == exam_id]
    if group_ids is not None:
        where.append(GroupRecord.id.in_(group_ids))
    loads: dict[tuple[int, int], Load] = {}
    capped = func.min(Mark.dwell_ms, MOST_MS) if _is_sqlite(session) else func.least(Mark.dwell_ms, MOST_MS)
    rows = session.execute(
        select(
            Mark.marker_id,
            MarkingTask.group_id,
            MarkingTask.kind,
            MarkingTask.role,
            MarkingTask.round,
            Mark.revision > 1,
            func.count(),
            func.count(func.distinct(MarkingTask.entry_id)),
            func.sum(capped),
            func.min(Mark.marked_at),
            func.max(Mark.marked_at),
        )
        .join(MarkingTask, MarkingTask.id == Mark.task_id)
        .join(GroupRecord, GroupRecord.id == MarkingTask.group_id)
        .join(PaperRecord, PaperRecord.id == GroupRecord.paper_id)
        .where(*where)
        .group_by(
            Mark.marker_id, MarkingTask.group_id, MarkingTask.kind, MarkingTask.role, MarkingTask.round,
            Mark.revision > 1,
        )
    ).all()  # fmt: skip
    people = _people(session, [row[0] for row in rows])
    groups = _groups(session, [row[1] for row in rows])
    for marker_id, group_id, kind, role, round_, again, count, scripts, ms, first, last in rows:
        name, username, school = people[marker_id]
        paper, group, _order = groups[group_id]
        load = loads.setdefault((marker_id, group_id), Load(school, name, username, paper, group))
        _add(load, kind, 0 if role == "leader" else round_, int(count), int(scripts), again=bool(again))
        load.hours += int(ms or 0) / 3_600_000
        load.first = first if load.first is None or first < load.first else load.first
        load.last = last if load.last is None or last > load.last else load.last
    order = {key: (load.school, load.name, load.username, groups[key[1]][2]) for key, load in loads.items()}
    return [loads[key] for key in sorted(loads, key=lambda key: order[key])]


def _add(load: Load, kind: TaskKind, round_: int, count: int, scripts: int, *, again: bool) -> None:
    if kind is TaskKind.LIVE:
        if again:
            load.changed += count
        else:
            load.rounds[round_] += count
            load.scripts += scripts
    elif kind is TaskKind.TRAINING:
        load.training += count
    else:
        load.hidden += count


def by_school(loads: list[Load]) -> list[Load]:
    """One line for each school and group."""
    found: dict[tuple[str, str, str], Load] = {}
    people: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for load in loads:
        key = (load.school, load.paper, load.group)
        total = found.setdefault(key, Load(load.school, "", "", load.paper, load.group))
        people[key].add(load.username)
        total.people = len(people[key])
        total.scripts += load.scripts
        for round_, count in load.rounds.items():
            total.rounds[round_] += count
        total.hidden += load.hidden
        total.training += load.training
        total.changed += load.changed
        total.hours += load.hours
    return list(found.values())


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _people(session: Session, user_ids: list[int]) -> dict[int, tuple[str, str, str]]:
    rows = session.execute(
        select(User.id, User.name, User.username, School.name)
        .outerjoin(School, School.id == User.school_id)
        .where(User.id.in_(set(user_ids)))
    )
    return {user_id: (name, username, school or "") for user_id, name, username, school in rows}


def _groups(session: Session, group_ids: list[int]) -> dict[int, tuple[str, str, tuple[int, int]]]:
    rows = session.execute(
        select(GroupRecord.id, PaperRecord.title, GroupRecord.title, PaperRecord.position, GroupRecord.position)
        .join(PaperRecord, PaperRecord.id == GroupRecord.paper_id)
        .where(GroupRecord.id.in_(set(group_ids)))
    )
    return {group_id: (paper, group, (first, second)) for group_id, paper, group, first, second in rows}
