"""A simulated panel of markers whose habits are known: what the leader's board must find, and whom it must leave alone.

In:  a PanelPlan with a seed. Out: SimulatedPanel: the marks as PanelMarks, in the order in which they were given, and
the truth about each marker. Responses are dealt out at random: both marks of a response soon after each other, to
two different people, everybody in turn; among every `seed_every` dealt one is a seed script.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from marking.quality.panel import Floats, Ints, PanelMarks, Scale


class Habit(StrEnum):
    """What is the matter with a marker."""

    SEVERE = "severe"
    LENIENT = "lenient"
    CARELESS = "careless"
    DRIFTING = "drifting"


@dataclass(frozen=True, slots=True)
class PanelPlan:
    """Who marks what, and how. Points; `error` is the standard deviation of everybody's own error before rounding.

    The habits are given to the first markers in this order. `drift_begins` and `drift_ends` are shares of the
    drifting marker's own work.
    """

    markers: int = 30
    responses: int = 3000
    full: float = 12.0
    step: float = 1.0
    tolerance: float = 2.0
    error: float = 0.5
    seed_every: int = 20
    seed_scripts: int = 60
    severe: int = 3
    severity: float = -1.2
    lenient: int = 2
    leniency: float = 1.2
    careless: int = 2
    carelessness: float = 2.0
    drifting: int = 1
    drift: float = -1.5
    drift_begins: float = 0.2
    drift_ends: float = 1.0

    @property
    def scale(self) -> Scale:
        """The points that a response can get."""
        return Scale(self.full, self.step, self.tolerance)


@dataclass(frozen=True, slots=True)
class SimulatedPanel:
    """The marks and the truth: the habit of each marker who has one."""

    plan: PanelPlan
    marks: PanelMarks
    habits: dict[int, Habit]

    def until(self, share: float) -> PanelMarks:
        """What had been marked when this share of all marks was given."""
        return self.marks.only(np.arange(self.marks.n) < round(share * self.marks.n))


def simulate_panel(plan: PanelPlan, seed: int) -> SimulatedPanel:
    """Let a panel mark everything."""
    rng = np.random.default_rng(seed)
    habits = _habits(plan)
    marker, response = _dealt(plan, rng)
    place, own_total = _places(marker, plan.markers)
    # what responses deserve: an item of middling difficulty, with a few empty and a few perfect answers
    deserved = np.round(plan.full * rng.beta(2.2, 1.6, plan.responses + plan.seed_scripts) / plan.step) * plan.step
    points = deserved[response] + _severity(plan, habits, marker, place / own_total[marker])
    points += rng.normal(0.0, plan.error, len(marker))
    careless = np.isin(marker, [who for who, habit in habits.items() if habit is Habit.CARELESS])
    points += careless * rng.normal(0.0, plan.carelessness, len(marker))
    points = np.clip(np.round(points / plan.step) * plan.step, 0.0, plan.full)
    is_seed = response >= plan.responses
    marks = PanelMarks(
        marker=marker,
        response=response,
        points=points,
        at=np.arange(len(marker), dtype=np.float64) * 3.0,
        seconds=rng.lognormal(np.log(20.0), 0.4, len(marker)),
        reference=np.where(is_seed, deserved[response], np.nan),
        earlier=np.full(len(marker), np.nan),
        blank=np.zeros(len(marker), dtype=bool),
        third=np.zeros(len(marker), dtype=bool),
        markers=plan.markers,
    )
    return SimulatedPanel(plan, marks, habits)


def _habits(plan: PanelPlan) -> dict[int, Habit]:
    counts = (
        (Habit.SEVERE, plan.severe),
        (Habit.LENIENT, plan.lenient),
        (Habit.CARELESS, plan.careless),
        (Habit.DRIFTING, plan.drifting),
    )
    return dict(enumerate(habit for habit, count in counts for _ in range(count)))


def _severity(plan: PanelPlan, habits: dict[int, Habit], marker: Ints, progress: Floats) -> Floats:
    constant = {Habit.SEVERE: plan.severity, Habit.LENIENT: plan.leniency}
    level = np.array([constant.get(habits.get(who, Habit.CARELESS), 0.0) for who in range(plan.markers)])
    drifting = np.isin(marker, [who for who, habit in habits.items() if habit is Habit.DRIFTING])
    climbed = np.clip((progress - plan.drift_begins) / (plan.drift_ends - plan.drift_begins), 0.0, 1.0)
    found: Floats = level[marker] + drifting * plan.drift * climbed
    return found


def _places(marker: Ints, markers: int) -> tuple[Ints, Ints]:
    """The place of each mark among the marker's own, from 0, and how many each marker gives."""
    total = np.bincount(marker, minlength=markers)
    order = np.argsort(marker, kind="stable")
    place = np.empty(len(marker), dtype=np.int64)
    place[order] = np.arange(len(marker)) - np.repeat(np.cumsum(total) - total, total)
    return place, total.astype(np.int64)


def _dealt(plan: PanelPlan, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Who marks which response, in the order of marking; seeds are numbered after the responses."""
    marker: list[int] = []
    response: list[int] = []
    dealt = [0] * plan.markers
    unseen = [list(plan.responses + rng.permutation(plan.seed_scripts)) for _ in range(plan.markers)]
    seed_at = rng.integers(0, max(plan.seed_every, 1), plan.markers).tolist()
    waiting: list[tuple[int, int]] = []  # responses with one mark, and by whom
    fresh = iter(range(plan.responses))
    turns = rng.permuted(np.tile(np.arange(plan.markers), (2 * plan.responses // plan.markers + 1, 1)), axis=1).ravel()
    for who in turns.tolist():
        taken = next((at for at, (_, by) in enumerate(waiting[:2]) if by != who), None) if len(waiting) > 20 else None
        if taken is not None:
            chosen = waiting.pop(taken)[0]
        else:
            chosen = next(fresh, -1)
            if chosen >= 0:
                waiting.append((chosen, who))
            else:
                last = next((at for at, (_, by) in enumerate(waiting) if by != who), None)
                if last is None:
                    continue
                chosen = waiting.pop(last)[0]
        marker.append(who)
        response.append(chosen)
        dealt[who] += 1
        if plan.seed_every and dealt[who] % plan.seed_every == seed_at[who] and unseen[who]:
            marker.append(who)
            response.append(int(unseen[who].pop()))
    return np.array(marker, dtype=np.int64), np.array(response, dtype=np.int64)
