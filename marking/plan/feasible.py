"""Whether a group's people are enough, and which responses nobody may mark as things stand.

In:  who takes part, with schools and roles; the mode; how many responses each school has; what is open.
Out: gaps, each naming a school, a round and why. `gaps_by_plan` looks ahead, before opening; `gaps_now` looks at
the open tasks and who has seen what.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marking.plan.people import Person, group_people
from marking.tasks.conditions import LIVE, OPEN, PROBLEM, is_seen
from marking.tasks.groups import MarkingGroup, TaskRole
from models.people import Candidate, PaperEntry, School
from models.task import MarkingTask
from models.words import Gate, MarkingMode


class Why(StrEnum):
    """Why nobody may mark a response."""

    NOBODY = "nobody"  # there are too few people with this role
    OWN_SCHOOL = "own_school"  # the only ones left are of the candidate's own school
    INVOLVED = "involved"  # everybody left has marked it in another round
    QUOTA = "quota"  # everybody left has reached the quota


@dataclass(frozen=True, slots=True)
class Needed:
    """Who marks a response at the most: markers who differ from each other, then leaders who differ from all before.

    `always` counts the markers that every response needs; the others come in where marks differ too far.
    """

    always: int
    markers: int
    leaders: int


_NEEDED = {
    MarkingMode.SINGLE: Needed(1, 1, 0),
    MarkingMode.LEADER: Needed(1, 1, 1),
    MarkingMode.LEADER_CHECK: Needed(1, 1, 2),
    MarkingMode.DOUBLE: Needed(2, 2, 1),
    MarkingMode.DOUBLE_THIRD: Needed(2, 3, 1),
    MarkingMode.DOUBLE_LEADER: Needed(2, 2, 2),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """Responses of one school that lack people: `missing` of them for `role` in the round named.

    `always` is False for a round that only comes where marks differ; `responses` counts those concerned.
    """

    school_id: int
    school: str
    responses: int
    round: int
    role: TaskRole
    missing: int
    why: Why
    always: bool


def needed_by(group: MarkingGroup) -> Needed:
    """How many people the group's responses need; with a share of hidden second marks two and a leader."""
    needed = _NEEDED[group.mode]
    if group.mode is MarkingMode.SINGLE and group.double_percent > 0:
        doubled = _NEEDED[MarkingMode.DOUBLE]
        return Needed(doubled.always, doubled.markers, doubled.leaders)
    return needed


def gaps_by_plan(group: MarkingGroup, people: Iterable[Person], schools: Mapping[int, tuple[str, int]]) -> list[Gap]:
    """What the plan lacks for each school's responses; `schools` maps id to name and number of candidates.

    Distinct people for every round exist exactly where there are enough markers, enough leaders, and enough of both
    together (Hall's condition for two kinds).
    """
    active = [person for person in people if person.is_active and person.member.gate is not Gate.REFUSED]
    needed = needed_by(group)
    gaps: list[Gap] = []
    for school_id, (name, responses) in schools.items():
        may = [person for person in active if not (group.excludes(person.school_id) and person.school_id == school_id)]
        gaps += _school_gaps(needed, active, may, school_id, name, responses)
    return gaps


def _school_gaps(
    needed: Needed, active: list[Person], may: list[Person], school_id: int, name: str, responses: int
) -> list[Gap]:
    def count(people: list[Person], role: TaskRole | None) -> int:
        if role is None:
            return sum(person.marks or person.leads for person in people)
        return sum(person.marks if role is TaskRole.MARKER else person.leads for person in people)

    gaps: list[Gap] = []
    for role, wanted in ((TaskRole.MARKER, needed.markers), (TaskRole.LEADER, needed.leaders)):
        short = wanted - count(may, role)
        if short > 0:
            why = Why.OWN_SCHOOL if count(active, role) >= wanted else Why.NOBODY
            first = count(may, role) + 1 + (needed.markers if role is TaskRole.LEADER else 0)
            always = role is TaskRole.MARKER and count(may, role) < needed.always
            gaps.append(Gap(school_id, name, responses, first, role, short, why, always))
    together = needed.markers + needed.leaders - count(may, None)
    if not gaps and together > 0:
        role = TaskRole.LEADER if needed.leaders else TaskRole.MARKER
        gaps.append(
            Gap(school_id, name, responses, needed.markers + needed.leaders, role, together, Why.INVOLVED, always=False)
        )
    return gaps


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open tasks that are alike: same school, round and role, seen by the same people."""

    school_id: int
    round: int
    role: TaskRole
    seen_by: frozenset[int]


def gaps_now(
    group: MarkingGroup, people: Sequence[Person], waiting: Mapping[Waiting, int], names: Mapping[int, str]
) -> list[Gap]:
    """Open tasks that nobody who takes part at this moment may claim."""
    stuck: Counter[tuple[int, int, TaskRole, Why]] = Counter()
    for each, count in waiting.items():
        why = _why_stuck(group, people, each)
        if why is not None:
            stuck[each.school_id, each.round, each.role, why] += count
    return [
        Gap(school_id, names.get(school_id, ""), count, round_, role, 1, why, always=True)
        for (school_id, round_, role, why), count in sorted(stuck.items())
    ]


def _why_stuck(group: MarkingGroup, people: Sequence[Person], task: Waiting) -> Why | None:
    can = [
        person
        for person in people
        if person.is_active
        and (person.marks if task.role is TaskRole.MARKER else person.leads)
        and not (group.quality.qualification and person.member.gate is Gate.REFUSED)
    ]
    fresh = [person for person in can if person.user_id not in task.seen_by]
    other = [
        person for person in fresh if not (group.excludes(person.school_id) and person.school_id == task.school_id)
    ]
    if any(person.member.quota is None or person.done + person.held < person.member.quota for person in other):
        return None
    if other:
        return Why.QUOTA
    if fresh:
        return Why.OWN_SCHOOL
    return Why.INVOLVED if can else Why.NOBODY


@dataclass(frozen=True, slots=True)
class Feasibility:
    """The check of one group at this moment: by plan, and of what is open."""

    planned: tuple[Gap, ...]
    stuck: tuple[Gap, ...]

    @property
    def blocking(self) -> tuple[Gap, ...]:
        """Gaps in rounds that every response has, each told once: marking could not end."""
        planned = tuple(gap for gap in self.planned if gap.always)
        told = {(gap.school_id, gap.round, gap.role) for gap in planned}
        return planned + tuple(gap for gap in self.stuck if (gap.school_id, gap.round, gap.role) not in told)


def check_group(session: Session, group: MarkingGroup, people: Sequence[Person] | None = None) -> Feasibility:
    """Check one group."""
    people = group_people(session, group) if people is None else people
    rows = session.execute(
        select(Candidate.school_id, School.name, func.count())
        .join(PaperEntry, PaperEntry.candidate_id == Candidate.id)
        .join(School, School.id == Candidate.school_id)
        .where(PaperEntry.paper_id == group.paper_id)
        .group_by(Candidate.school_id, School.name)
        .order_by(School.name)
    )
    schools = {school_id: (name, count) for school_id, name, count in rows}
    names = {school_id: name for school_id, (name, _count) in schools.items()}
    return Feasibility(
        tuple(gaps_by_plan(group, people, schools)),
        tuple(gaps_now(group, people, _waiting(session, group.id), names)),
    )


def _waiting(session: Session, group_id: int) -> Counter[Waiting]:
    open_tasks = session.execute(
        select(MarkingTask.entry_id, MarkingTask.school_id, MarkingTask.round, MarkingTask.role).where(
            MarkingTask.group_id == group_id,
            MarkingTask.kind == LIVE,
            MarkingTask.state.in_([OPEN, PROBLEM]),
            MarkingTask.reserved_for.is_(None),
        )
    ).all()
    seen: dict[int, set[int]] = defaultdict(set)
    rows = session.execute(
        select(MarkingTask.entry_id, MarkingTask.marker_id, MarkingTask.raised_by).where(
            MarkingTask.group_id == group_id,
            is_seen(MarkingTask),
            (MarkingTask.marker_id.is_not(None)) | (MarkingTask.raised_by.is_not(None)),
        )
    )
    for entry_id, marker_id, raised_by in rows:
        seen[entry_id].update(user for user in (marker_id, raised_by) if user is not None)
    return Counter(
        Waiting(school_id, round_, TaskRole(role), frozenset(seen.get(entry_id, ())))
        for entry_id, school_id, round_, role in open_tasks
    )
