"""The leader's board: progress, pace and quality of one marking group, computed at most every few seconds.

In:  a group; its marks as columns (marking/quality/load.py). Out: Board, plain values, the same for every language.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from marking.quality.agreement import overlap
from marking.quality.alerts import Alert, PanelFindings, judge
from marking.quality.load import (
    GroupMarks,
    Name,
    TaskCount,
    load_marks,
    names_of,
    raised_by,
    scale_of,
    settled_by_source,
    task_counts,
)
from marking.quality.panel import Bools, Floats, Scale, count_by, mean_by
from marking.tasks.groups import MarkingGroup, TaskRole
from models.words import ScoreSource, TaskState

PACE_S = 30 * 60.0  # the pace is that of the last half hour
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class Progress:
    """Live tasks of one round (0: those of leaders). `per_hour` is the pace of the last half hour, `left_s` at it."""

    round: int
    open: int
    held: int
    done: int
    problem: int
    per_hour: float
    left_s: float | None

    @property
    def total(self) -> int:
        """All of them."""
        return self.open + self.held + self.done + self.problem

    @property
    def left(self) -> int:
        """What still needs a mark."""
        return self.total - self.done


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of responses, 0..1; None where there is none to divide by.

    `discrepancy` is of those with two marks, and `discrepancies` counts them; `third` and `adjudicated` are of those
    that have settled.
    """

    discrepancy: float | None
    discrepancies: int
    third: float | None
    adjudicated: float | None
    settled: int
    by_source: dict[str, int]


@dataclass(frozen=True, slots=True)
class MarkerFigures:
    """One marker: points, shares 0..1, seconds; None where nothing is known.

    `done` counts live marks, `share` holds how often each mark was given (by `Board.scale_points`). `agreed` is the
    share of own marks within the tolerance of what the response settled on, of those marked more than once; `third`
    the share of own first and second marks whose response went on to a further mark.
    """

    user_id: int
    who: Name
    done: int
    held: int
    per_hour: float
    seconds: float | None
    mean: float | None
    sd: float | None
    share: tuple[float, ...]
    overlap: float | None
    safe: float | None
    agreed: float | None
    third: float | None
    problems: int
    seeds: int
    seeds_within: float | None
    seeds_exact: float | None
    seeds_mean: float | None
    repeats: int
    repeats_within: float | None
    repeats_exact: float | None
    repeats_sd: float | None
    compared: int
    severity: float | None
    severity_se: float | None
    spread: float | None
    drift: float | None
    drift_se: float | None
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """What a leader sees of a group. `marks` and `findings` are for the pages of single markers."""

    at: datetime
    progress: tuple[Progress, ...]
    rates: Rates
    mean: float | None
    sd: float | None
    scale: Scale
    scale_points: tuple[float, ...]
    share: tuple[float, ...]
    typical_spread: float | None
    bias: float | None
    bias_se: float | None
    markers: tuple[MarkerFigures, ...]
    alerts: tuple[Alert, ...]
    marks: GroupMarks = field(repr=False)
    findings: PanelFindings = field(repr=False)

    @property
    def done(self) -> int:
        """Marks given."""
        return sum(each.done for each in self.progress)

    @property
    def total(self) -> int:
        """Marks that are known to be needed."""
        return sum(each.total for each in self.progress)

    @property
    def leader_waiting(self) -> int:
        """Responses that wait for a leader."""
        return sum(each.open + each.problem for each in self.progress if each.round == 0)

    @property
    def left_s(self) -> float | None:
        """Until everything is marked at the present pace; None where nobody is marking."""
        rounds = [each for each in self.progress if each.round > 0 and each.left]
        pace = sum(each.per_hour for each in self.progress if each.round > 0)
        return sum(each.left for each in rounds) / pace * 3600 if pace > 0 else (0.0 if not rounds else None)

    def named(self, marker: int | None) -> tuple[Alert, ...]:
        """The alerts of one marker by number, or of the group."""
        return tuple(alert for alert in self.alerts if alert.marker == marker)


def read_board(session: Session, group: MarkingGroup, at: datetime) -> Board:
    """Compute a group's board."""
    marks = load_marks(session, group)
    counts = task_counts(session, group.id)
    people = {*marks.user_ids, *(each.marker_id for each in counts if each.marker_id is not None)}
    return make_board(
        group, marks, counts, settled_by_source(session, group.id), names_of(session, people),
        raised_by(session, group.id), at,
    )  # fmt: skip


def make_board(
    group: MarkingGroup,
    marks: GroupMarks,
    counts: list[TaskCount],
    settled: dict[str, int],
    names: dict[int, Name],
    problems: dict[int, int],
    at: datetime,
) -> Board:
    """Put a board together from what was loaded; knows no database."""
    scale, panel = scale_of(group), marks.panel
    needed = sum(each.count for each in counts if each.role == TaskRole.MARKER.value)
    hidden = panel.n - int(np.count_nonzero(panel.live))
    findings = judge(panel, scale, (needed + hidden) / max(panel.markers, 1))
    now_s = at.timestamp()
    recent = panel.at >= now_s - PACE_S
    given = panel.points[panel.live]
    points = np.unique(given)
    group_share = _shares(given, points)
    markers = _markers(group, marks, findings, counts, names, problems, points, group_share, recent, now_s)
    return Board(
        at=at,
        progress=_progress(marks, counts, recent, now_s),
        rates=_rates(marks, settled),
        mean=float(given.mean()) if given.size else None,
        sd=float(given.std(ddof=1)) if given.size > 1 else None,
        scale=scale,
        scale_points=tuple(points.tolist()),
        share=tuple(group_share.tolist()),
        typical_spread=_or_none(findings.fit.typical_spread) if findings.fit.components else None,
        bias=_or_none(findings.fit.bias),
        bias_se=_or_none(findings.fit.bias_se),
        markers=markers,
        alerts=findings.alerts,
        marks=marks,
        findings=findings,
    )


def _shares(given: Floats, points: Floats) -> Floats:
    counts = np.bincount(np.searchsorted(points, given), minlength=len(points)).astype(np.float64)
    shares: Floats = counts / max(counts.sum(), 1.0)
    return shares


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _per_hour(count: int, times: Floats, now_s: float) -> float:
    """Marks an hour since the first of the recent ones, at least over five minutes: a marker has just sat down."""
    if not count:
        return 0.0
    since = max(now_s - float(times.min()), 300.0)
    return count / min(since, PACE_S) * 3600.0


def _progress(marks: GroupMarks, counts: list[TaskCount], recent: Bools, now_s: float) -> tuple[Progress, ...]:
    table: dict[int, Counter[str]] = {}
    for each in counts:
        round_ = 0 if each.role == TaskRole.LEADER.value else each.round
        table.setdefault(round_, Counter())[each.state] += each.count
    found = []
    for round_ in sorted(table, key=lambda one: one or 99):
        states = table[round_]
        own = recent & marks.panel.live & (marks.round == round_)
        pace = _per_hour(int(np.count_nonzero(own)), marks.panel.at[own], now_s)
        left = sum(states.values()) - states[TaskState.DONE.value]
        found.append(
            Progress(
                round_, states[TaskState.OPEN.value], states[TaskState.LEASED.value], states[TaskState.DONE.value],
                states[TaskState.PROBLEM.value], pace, left / pace * 3600 if pace else (None if left else 0.0),
            )
        )  # fmt: skip
    return tuple(found)


def _rates(marks: GroupMarks, settled: dict[str, int]) -> Rates:
    total = sum(settled.values())
    third = settled.get(ScoreSource.THIRD.value, 0) + settled.get(ScoreSource.THIRD_TIE.value, 0)
    decided = settled.get(ScoreSource.ADJUDICATED.value, 0)
    twice, apart = _pairs_apart(marks)
    return Rates(
        discrepancy=apart / twice if twice else None,
        discrepancies=apart,
        third=third / total if total else None,
        adjudicated=decided / total if total else None,
        settled=total,
        by_source=settled,
    )


def _pairs_apart(marks: GroupMarks) -> tuple[int, int]:
    """Responses with two independent marks, and those of them that went on to a further mark."""
    first = marks.panel.live & ~marks.panel.third
    count = int(marks.panel.response.max(initial=-1)) + 1
    times = np.bincount(marks.panel.response[first], minlength=count)
    disputed = np.bincount(marks.panel.response[first & marks.disputed], minlength=count) > 0
    twice = times >= 2
    return int(np.count_nonzero(twice)), int(np.count_nonzero(twice & disputed))


def _markers(
    group: MarkingGroup,
    marks: GroupMarks,
    found: PanelFindings,
    counts: list[TaskCount],
    names: dict[int, Name],
    problems: dict[int, int],
    points: Floats,
    group_share: Floats,
    recent: Bools,
    now_s: float,
) -> tuple[MarkerFigures, ...]:
    panel = marks.panel
    held, done = Counter[int](), Counter[int]()
    for each in counts:
        if each.marker_id is not None and each.role == TaskRole.MARKER.value:
            (held if each.state == TaskState.LEASED.value else done)[each.marker_id] += each.count
    agreed, third = _agreed(marks, float(group.full_tolerance)), _third(marks)
    by_marker: dict[int, list[Alert]] = {}
    for alert in found.alerts:
        if alert.marker is not None:
            by_marker.setdefault(alert.marker, []).append(alert)
    lines = []
    for number, user_id in enumerate(marks.user_ids):
        own = panel.live & (panel.marker == number)
        share = _shares(panel.points[own], points)
        lately = recent & (panel.marker == number)
        fit, moved, seeds, self_ = found.fit, found.drift, found.seeds, found.own
        lines.append(
            MarkerFigures(
                user_id=user_id,
                who=names.get(user_id, Name(str(user_id), "", "")),
                done=done[user_id],
                held=held[user_id],
                per_hour=_per_hour(int(np.count_nonzero(lately)), panel.at[lately], now_s),
                seconds=_or_none(found.pace.seconds[number]),
                mean=float(panel.points[own].mean()) if own.any() else None,
                sd=float(panel.points[own].std(ddof=1)) if np.count_nonzero(own) > 1 else None,
                share=tuple(share.tolist()),
                overlap=overlap(share, group_share) if own.any() else None,
                safe=_or_none(found.spread.safe[number]),
                agreed=_or_none(agreed[number]),
                third=_or_none(third[number]),
                problems=problems.get(user_id, 0),
                seeds=int(seeds.n[number]),
                seeds_within=_or_none(seeds.within[number]),
                seeds_exact=_or_none(seeds.exact[number]),
                seeds_mean=_or_none(seeds.mean[number]),
                repeats=int(self_.n[number]),
                repeats_within=_or_none(self_.within[number]),
                repeats_exact=_or_none(self_.exact[number]),
                repeats_sd=_or_none(self_.sd[number]),
                compared=int(fit.compared[number]),
                severity=_or_none(fit.severity[number]),
                severity_se=_or_none(fit.severity_se[number]),
                spread=_or_none(fit.spread[number]),
                drift=_or_none(moved.change[number]),
                drift_se=_or_none(moved.change_se[number]),
                alerts=tuple(by_marker.get(number, ())),
            )
        )
    lines += [_not_yet(user_id, names, held, problems, points) for user_id in sorted({*held} - set(marks.user_ids))]
    return tuple(sorted(lines, key=lambda line: (-max((a.weight for a in line.alerts), default=0.0), line.who.name)))


def _not_yet(
    user_id: int, names: dict[int, Name], held: Counter[int], problems: dict[int, int], points: Floats
) -> MarkerFigures:
    """Somebody who holds responses and has marked none."""
    return MarkerFigures(
        user_id, names.get(user_id, Name(str(user_id), "", "")), 0, held[user_id], 0.0, None, None, None,
        (0.0,) * len(points), None, None, None, None, problems.get(user_id, 0), 0, None, None, None, 0, None, None,
        None, 0, None, None, None, None, None, (),
    )  # fmt: skip


def _agreed(marks: GroupMarks, tolerance: float) -> Floats:
    """Own marks within the tolerance of what the response settled on, where it was marked more than once."""
    panel = marks.panel
    count = int(panel.response.max(initial=-1)) + 1
    times = np.bincount(panel.response[panel.live], minlength=count)[panel.response]
    chosen = panel.live & ~np.isnan(marks.final) & ((times > 1) | marks.disputed)
    near = np.abs(panel.points[chosen] - marks.final[chosen]) <= tolerance + _EQUAL
    return mean_by(panel.marker[chosen], near.astype(np.float64), panel.markers)


def _third(marks: GroupMarks) -> Floats:
    """First and second marks whose response needed a further one, of those that settled or needed it (三评率)."""
    panel = marks.panel
    chosen = panel.live & ~panel.third & (marks.disputed | ~np.isnan(marks.final))
    if not count_by(panel.marker[chosen], panel.markers).any():
        return np.full(panel.markers, np.nan)
    return mean_by(panel.marker[chosen], marks.disputed[chosen].astype(np.float64), panel.markers)
