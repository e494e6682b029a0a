"""Does the leader's board name the right markers, in time, and leave the others alone?

    python -m benchmarks.panel                    20 panels of each kind
    python -m benchmarks.panel --seeds 5 --looks 10

A simulated panel (samples/panel.py): 30 markers, 3,000 responses of 12 points, all marked twice, one seed script among
20 dealt. Three markers are severe by 1.2 points, two lenient by as much, two careless (a further error of SD 2.0), one
drifts from 0 to -1.5 beginning at 20 % of the own share. The board is looked at after every 5 % of the marking, and
whoever is named even once counts as named.

How soon a drift can be known at all depends on how far honest markers differ, so several spreads of their error are
shown, and besides a drift that goes on until the end one that reaches -1.5 at 60 %. Exit code 1: in the main case (an
error of SD 0.5) a constant habit was not named by 40 %, or more than one other marker in two panels was named.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, field

import numpy as np

from marking.quality.alerts import Reason, judge
from samples.panel import Habit, PanelPlan, simulate_panel

REASON_OF = {
    Habit.SEVERE: Reason.SEVERE,
    Habit.LENIENT: Reason.LENIENT,
    Habit.CARELESS: Reason.INCONSISTENT,
    Habit.DRIFTING: Reason.HARSHER,
}
NEVER = 9.0
_CASES = tuple((error, ends) for ends in (1.0, 0.6) for error in (0.4, 0.5, 0.6, 0.8))


@dataclass
class Study:
    """What was found in several panels of one kind; shares of the marking."""

    error: float
    drift_ends: float
    panels: int = 0
    seven_by_40: int = 0
    eight_by_60: int = 0
    others: int = 0
    others_by_reason: dict[str, int] = field(default_factory=dict)
    latest_constant: float = 0.0
    drift_named_at: list[float] = field(default_factory=list)
    ms_a_look: float = 0.0

    @property
    def others_a_panel(self) -> float:
        """How many markers without a habit were named, on average."""
        return self.others / max(self.panels, 1)


def first_named(plan: PanelPlan, seed: int, looks: int) -> tuple[dict[int, Habit], dict[tuple[int, Reason], float]]:
    """Who has which habit, and at which share of the marking each reason was first given for each marker."""
    panel = simulate_panel(plan, seed)
    named: dict[tuple[int, Reason], float] = {}
    for look in range(1, looks + 1):
        found = judge(panel.until(look / looks), plan.scale, planned=panel.marks.n / plan.markers)
        for alert in found.alerts:
            if alert.marker is not None:
                named.setdefault((alert.marker, alert.reason), look / looks)
    return panel.habits, named


def study(plan: PanelPlan, seeds: int, looks: int) -> Study:
    """Look at several panels."""
    found = Study(plan.error, plan.drift_ends)
    began = time.perf_counter()
    for seed in range(seeds):
        habits, named = first_named(plan, seed, looks)
        at = {marker: named.get((marker, REASON_OF[habit]), NEVER) for marker, habit in habits.items()}
        constant = [share for marker, share in at.items() if habits[marker] is not Habit.DRIFTING]
        found.panels += 1
        found.seven_by_40 += max(constant) <= 0.4
        found.eight_by_60 += max(at.values()) <= 0.6
        found.latest_constant = max(found.latest_constant, *constant)
        found.drift_named_at += [share for marker, share in at.items() if habits[marker] is Habit.DRIFTING]
        found.others += len({marker for marker, _ in named if marker not in habits})
        for marker, reason in named:
            if marker not in habits:
                found.others_by_reason[reason.value] = found.others_by_reason.get(reason.value, 0) + 1
    found.ms_a_look = (time.perf_counter() - began) * 1000 / seeds / looks
    return found


def main() -> int:
    """Run every case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--looks", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    studies = [study(PanelPlan(error=error, drift_ends=ends), options.seeds, options.looks) for error, ends in _CASES]
    if options.json:
        print(json.dumps([asdict(each) for each in studies]))
    else:
        print("error  drift to -1.5 at  seven by 40 %  eight by 60 %  drift named at (median, last)  others a panel")
        for each in studies:
            at = np.array(each.drift_named_at)
            print(
                f"{each.error:5.1f}  {each.drift_ends:15.0%}  {each.seven_by_40:6d} of {each.panels:<3d}"
                f"  {each.eight_by_60:6d} of {each.panels:<3d}  {np.median(at):14.0%} {at.max():10.0%}"
                f"  {each.others_a_panel:18.2f}  {each.others_by_reason}"
            )
    main_case = next(each for each in studies if (each.error, each.drift_ends) == (0.5, 1.0))
    return int(main_case.seven_by_40 < main_case.panels or main_case.others_a_panel > 0.5)


if __name__ == "__main__":
    sys.exit(main())
