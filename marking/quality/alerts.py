"""Which markers need a word, and why: alarms that stay rare however large the panel and however often one looks.

Two conditions hold for every alarm of severity, consistency or drift: it is far beyond chance, and large enough to
matter. "Beyond chance" is set for the whole panel and all looks together: `AlarmPolicy` says how many markers of a
group may be named without cause, on average, during the whole marking.

In:  PanelMarks, Scale. Out: PanelFindings: the fitted figures, and alerts in the order of their weight.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import comb

import numpy as np

from marking.quality.agreement import Agreement, with_seeds, with_self
from marking.quality.drift import Drift, find_drift
from marking.quality.fit import PanelFit, fit_panel
from marking.quality.habits import Pace, Run, Spread, pace, runs, spread
from marking.quality.limits import FIRST_LOOK, limit
from marking.quality.panel import PanelMarks, Scale


class Reason(StrEnum):
    """Why a marker, or the group as a whole, is named."""

    SEVERE = "severe"
    LENIENT = "lenient"
    INCONSISTENT = "inconsistent"
    HARSHER = "harsher"
    MILDER = "milder"
    APART = "apart"  # two markers differ and nothing says which of them is right
    SEEDS = "seeds"
    SELF = "self"
    SAFE = "safe"
    STRAIGHT = "straight"
    HASTY = "hasty"
    GROUP_BIAS = "group_bias"
    UNCONNECTED = "unconnected"


@dataclass(frozen=True, slots=True)
class AlarmPolicy:
    """How careful alarms are.

    The first block is the number of markers named without cause during the whole marking of a group, on average, by
    each kind of alarm: together less than one in two groups. The second says what is large enough to matter, as a share
    of the full mark or of the usual figure.
    """

    severity: float = 0.05
    spread: float = 0.03
    drift: float = 0.30
    seeds: float = 0.02
    own: float = 0.02
    safe: float = 0.03
    straight: float = 0.02

    least_markers: int = 20  # a smaller panel is judged like one of so many: it shall not be named more easily
    worth: float = 0.05  # a severity of 0.6 points in 12
    drift_worth: float = 0.03  # drift is told earlier: it goes on growing
    spread_worth: float = 1.4  # times the usual spread
    safe_worth: float = 0.8  # times the group's standard deviation
    haste: float = 0.4  # of the usual seconds
    haste_marks: int = 30
    expected_failures: float = 0.1  # of seeds and own repeats: so many may fail for everybody
    failures_looks: float = 5.0  # such a share is a step function: so many looks at it are as good as all


@dataclass(frozen=True, slots=True)
class Alert:
    """One reason to look at one marker; `marker` is None where it concerns the whole group.

    `value` is what was found and `usual` what is usual, `error` the standard error of `value` (None: has none); in
    points, except: inconsistent (standard deviations), seeds and self (failed, of `marks`), safe (standard deviations),
    straight (length of the run; `usual` is the mark), hasty (seconds). `marks` is what it rests on. `weight` orders
    alerts: how many times its limit the evidence has reached.
    """

    marker: int | None
    reason: Reason
    value: float
    usual: float
    error: float | None
    marks: int
    weight: float
    begins: float | None = None


@dataclass(frozen=True, slots=True)
class PanelFindings:
    """Everything that is known of a panel."""

    fit: PanelFit
    drift: Drift
    seeds: Agreement
    own: Agreement
    spread: Spread
    runs: list[Run | None]
    pace: Pace
    alerts: tuple[Alert, ...]


def judge(marks: PanelMarks, scale: Scale, planned: float, policy: AlarmPolicy | None = None) -> PanelFindings:
    """Find out what is to be known of a panel; `planned` is how many marks each marker will give, on average."""
    rules = policy or AlarmPolicy()
    fit = fit_panel(marks, scale)
    found = PanelFindings(
        fit=fit,
        drift=find_drift(marks, fit),
        seeds=with_seeds(marks, scale),
        own=with_self(marks, scale),
        spread=spread(marks, scale),
        runs=runs(marks, planned),
        pace=pace(marks),
        alerts=(),
    )
    alerts = [
        *_severity(found, scale, planned, rules),
        *_consistency(found, planned, rules),
        *_drifting(found, scale, planned, rules),
        *_failures(found.seeds, Reason.SEEDS, rules.seeds, rules),
        *_failures(found.own, Reason.SELF, rules.own, rules),
        *_habits(found, planned, rules),
        *_group(found, scale, planned, rules),
    ]
    alerts.sort(key=lambda alert: (alert.marker is not None, -alert.weight))
    return PanelFindings(fit, found.drift, found.seeds, found.own, found.spread, found.runs, found.pace, tuple(alerts))


def _share(budget: float, found: PanelFindings, rules: AlarmPolicy) -> float:
    """The part of a budget that one marker has."""
    at_work = int(np.count_nonzero(found.spread.n + found.fit.compared > 0))
    return budget / max(at_work, rules.least_markers)


def _severity(found: PanelFindings, scale: Scale, planned: float, rules: AlarmPolicy) -> list[Alert]:
    fit, alerts = found.fit, []
    share = _share(rules.severity, found, rules)
    for marker in np.flatnonzero(fit.compared >= FIRST_LOOK["level"]).tolist():
        value, error = float(fit.severity[marker]), float(fit.severity_se[marker])
        bound = limit("level", share, max(planned, fit.compared[marker]))
        if error > 0 and abs(value) >= rules.worth * scale.full and abs(value) >= bound * error:
            two_alone = np.count_nonzero(fit.component == fit.component[marker]) == 2 and np.isnan(fit.bias)
            reason = Reason.SEVERE if value < 0 else Reason.LENIENT
            alerts.append(
                Alert(
                    marker, Reason.APART if two_alone else reason, value, 0.0, error, int(fit.compared[marker]),
                    abs(value) / error / bound,
                )
            )  # fmt: skip
    alone = (fit.compared < FIRST_LOOK["level"]) & (found.spread.n >= FIRST_LOOK["level"])
    for marker in np.flatnonzero(alone).tolist():
        bound = limit("level", share, max(planned, int(found.spread.n[marker])))
        alerts += _by_mean(found, marker, scale, bound, rules)
    return alerts


def _by_mean(found: PanelFindings, marker: int, scale: Scale, bound: float, rules: AlarmPolicy) -> list[Alert]:
    """Without enough responses in common: the own mean against the group's, since responses are dealt out at random."""
    n = int(found.spread.n[marker])
    value = float(found.spread.mean[marker]) - found.spread.group_mean
    error = found.spread.group_sd / float(np.sqrt(n))
    if not error > 0 or abs(value) < rules.worth * scale.full or abs(value) < bound * error:
        return []
    reason = Reason.SEVERE if value < 0 else Reason.LENIENT
    return [Alert(marker, reason, value, 0.0, error, n, abs(value) / error / bound)]


def _consistency(found: PanelFindings, planned: float, rules: AlarmPolicy) -> list[Alert]:
    fit, alerts = found.fit, []
    share = _share(rules.spread, found, rules)
    for marker in np.flatnonzero(fit.compared >= FIRST_LOOK["level"]).tolist():
        bound = limit("level", share, max(planned, fit.compared[marker]))
        strength = float(fit.spread_strength[marker])
        if strength >= bound and fit.spread[marker] >= rules.spread_worth * fit.typical_spread:
            alerts.append(
                Alert(
                    marker, Reason.INCONSISTENT, float(fit.spread[marker]), fit.typical_spread, None,
                    int(fit.compared[marker]), strength / bound,
                )
            )  # fmt: skip
    return alerts


def _drifting(found: PanelFindings, scale: Scale, planned: float, rules: AlarmPolicy) -> list[Alert]:
    moved, alerts = found.drift, []
    share = _share(rules.drift, found, rules)
    for marker in np.flatnonzero(np.isfinite(moved.strength)).tolist():
        strength, reached = float(moved.strength[marker]), float(moved.reached[marker])
        compared = int(found.fit.compared[marker])
        bound = limit("drift", share, max(planned, compared))
        # a marker who was always severe is severe, not drifting: the ramp must explain more than a constant does
        grows = abs(strength) > abs(float(moved.level[marker]))
        if grows and abs(strength) >= bound and abs(reached) >= rules.drift_worth * scale.full:
            alerts.append(
                Alert(
                    marker, Reason.HARSHER if strength < 0 else Reason.MILDER, float(moved.change[marker]), 0.0,
                    float(moved.change_se[marker]), compared, abs(strength) / bound, float(moved.begins[marker]),
                )
            )  # fmt: skip
    return alerts


def _failures(agreed: Agreement, reason: Reason, budget: float, rules: AlarmPolicy) -> list[Alert]:
    """More marks beyond the tolerance than chance explains, where the others' share of them is usual."""
    alerts = []
    total, failed = int(agreed.n.sum()), int(agreed.failed.sum())
    share = budget / max(int(np.count_nonzero(agreed.n)), rules.least_markers) / rules.failures_looks
    for marker in np.flatnonzero(agreed.failed >= 2).tolist():
        n, own = int(agreed.n[marker]), int(agreed.failed[marker])
        others = (failed - own) / (total - n) if total > n else 0.0
        chance = _tail(n, own, min(max(others, rules.expected_failures), 0.99))
        if chance <= share:
            weight = float(np.log(chance) / np.log(share)) if chance > 0 else 10.0
            alerts.append(Alert(marker, reason, float(own), others * n, None, n, weight))
    return alerts


def _tail(n: int, k: int, p: float) -> float:
    """The chance of at least k failures in n, each with the chance p."""
    return 1.0 - float(sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k)))


def _habits(found: PanelFindings, planned: float, rules: AlarmPolicy) -> list[Alert]:
    alerts = []
    seen, speed = found.spread, found.pace
    safe_share, straight_share = _share(rules.safe, found, rules), _share(rules.straight, found, rules)
    for marker in np.flatnonzero(seen.n >= FIRST_LOOK["level"]).tolist():
        n, strength = int(seen.n[marker]), float(seen.strength[marker])
        bound = limit("level", safe_share, max(planned, n))
        if strength <= -bound and seen.ratio[marker] <= rules.safe_worth:
            alerts.append(Alert(marker, Reason.SAFE, float(seen.sd[marker]), seen.group_sd, None, n, -strength / bound))
        run = found.runs[marker]
        if run is not None and run.expected <= straight_share:
            weight = float(np.log(max(run.expected, 1e-300)) / np.log(straight_share))
            alerts.append(Alert(marker, Reason.STRAIGHT, float(run.length), run.points, None, n, weight))
    for marker in np.flatnonzero(speed.n >= rules.haste_marks).tolist():
        seconds = float(speed.seconds[marker])
        if seconds < rules.haste * speed.usual:
            weight = rules.haste * speed.usual / max(seconds, 0.01)
            alerts.append(Alert(marker, Reason.HASTY, seconds, speed.usual, None, int(speed.n[marker]), weight))
    return alerts


def _group(found: PanelFindings, scale: Scale, planned: float, rules: AlarmPolicy) -> list[Alert]:
    """What concerns the group as a whole, and markers who cannot be compared with it."""
    fit, alerts = found.fit, []
    seeds = int(found.seeds.n.sum())
    if fit.bias_se > 0 and seeds >= FIRST_LOOK["level"] and abs(fit.bias) >= rules.worth * scale.full:
        bound = limit("level", rules.severity, max(planned, seeds))
        if abs(fit.bias) >= bound * fit.bias_se:
            weight = abs(fit.bias) / fit.bias_se / bound
            alerts.append(Alert(None, Reason.GROUP_BIAS, fit.bias, 0.0, fit.bias_se, seeds, weight))
    if fit.components:
        for marker in np.flatnonzero((found.spread.n >= FIRST_LOOK["level"]) & (fit.component != 0)).tolist():
            alerts.append(Alert(marker, Reason.UNCONNECTED, 0.0, 0.0, None, int(found.spread.n[marker]), 0.0))
    return alerts
