"""Whether a marker grows harsher or milder over the own marks.

Each mark that can be compared says what the marker's severity was at that moment: its difference from what the others
(or the reference mark of a seed) say of the response. These differences, in the order of marking, are held against a
ramp (marking/quality/ramps.py).

In:  PanelMarks, PanelFit. Out: Drift, arrays of shape (markers,); points; NaN below the first look.
"""

from dataclasses import dataclass

import numpy as np

from marking.quality.fit import PanelFit
from marking.quality.limits import FIRST_LOOK
from marking.quality.panel import Floats, Ints, PanelMarks
from marking.quality.ramps import ALARM, BEGINNINGS, ramp

_BELIEF = 40.0  # the restlessness is taken to be 1 until about so many marks speak
_SUSPECT = 2.5  # standard errors from which a marker's own drift is taken out of what is compared with others
_WINDSOR = 4.0  # standard errors: one mark further off counts as if it lay there


@dataclass(frozen=True, slots=True)
class Moments:
    """What each comparable mark says of its marker's severity at that moment, by marker and time; shape (m,).

    `own` is the severity that the mark shows, `variance` that of its error, `mark` the number of the mark in the panel.
    """

    marker: Ints
    own: Floats
    variance: Floats
    mark: Ints


@dataclass(frozen=True, slots=True)
class Drift:
    """How each marker's severity moves.

    `strength` is the evidence for a ramp and `level` that for a constant severity, both in standard errors, with their
    sign, from a severity of zero. `reached` is the severity that the ramp has come to by now. `change` is how much the
    severity has moved since the ramp began, whatever it was before, with its standard error; `begins` is the share of
    the marker's work so far at which the marks say that it began.
    """

    strength: Floats
    level: Floats
    reached: Floats
    change: Floats
    change_se: Floats
    begins: Floats


def moments(marks: PanelMarks, fit: PanelFit, moving: Floats | None = None) -> Moments:
    """Each mark against the others on its response, or against the reference of its seed.

    `moving`, shape (n,), is how far each mark's marker stood at that moment from the own constant severity: whoever
    marks beside a drifting colleague must not seem to drift the other way.
    """
    variance = np.nan_to_num(fit.spread, nan=1.0) ** 2
    severity = np.nan_to_num(fit.severity)
    weight = 1.0 / variance[marks.marker]
    count = int(marks.response.max(initial=-1)) + 1
    live = marks.live
    total = np.bincount(marks.response[live], weights=weight[live], minlength=count)
    deserved = marks.points - severity[marks.marker]
    if moving is not None:
        deserved = deserved - moving
    said = np.bincount(marks.response[live], weights=(weight * deserved)[live], minlength=count)
    beside = np.bincount(marks.response[live], minlength=count)[marks.response] > 1
    own = np.full(marks.n, np.nan)
    error = np.full(marks.n, np.nan)
    rest = np.where(live & beside, total[marks.response] - weight, np.nan)
    others = said[marks.response] - weight * deserved
    compared = live & beside & (rest > 0)
    own[compared] = (marks.points - others / rest)[compared]
    error[compared] = (1.0 / weight + 1.0 / rest)[compared]
    seed = marks.seed
    middle = 0.0 if np.isnan(fit.bias) else fit.bias
    own[seed] = (marks.points - marks.reference - middle)[seed]
    error[seed] = variance[marks.marker[seed]]
    used = np.flatnonzero(~np.isnan(own))
    used = used[np.lexsort((marks.at[used], marks.marker[used]))]
    return Moments(marks.marker[used], own[used], error[used], used.astype(np.int64))


def find_drift(marks: PanelMarks, fit: PanelFit) -> Drift:
    """Hold everybody against a ramp, then again with those who seem to move set right where others are compared."""
    seen = moments(marks, fit)
    first = drift(seen, marks.markers)
    moving = _moving(marks, seen, first)
    return drift(moments(marks, fit, moving), marks.markers) if moving.any() else first


def _moving(marks: PanelMarks, seen: Moments, moved: Drift) -> Floats:
    found = np.zeros(marks.n)
    edges = np.searchsorted(seen.marker, np.arange(marks.markers + 1))
    suspects = np.isfinite(moved.strength) & (np.abs(moved.strength) >= _SUSPECT)
    suspects &= np.abs(moved.strength) > np.abs(moved.level)
    for marker in np.flatnonzero(suspects).tolist():
        own = slice(int(edges[marker]), int(edges[marker + 1]))
        shape = ramp(own.stop - own.start, float(moved.begins[marker]))
        found[seen.mark[own]] = float(moved.change[marker]) * (shape - shape.mean())
    return found


def drift(seen: Moments, markers: int, usual: float = 0.0) -> Drift:
    """Hold every marker's moments against a ramp; `usual` is the spread of constant severities that is no fault."""
    found = np.full((6, markers), np.nan)
    edges = np.searchsorted(seen.marker, np.arange(markers + 1))
    for marker in range(markers):
        begin, end = int(edges[marker]), int(edges[marker + 1])
        if end - begin >= FIRST_LOOK["drift"]:
            found[:, marker] = _of_one(seen.own[begin:end], seen.variance[begin:end], usual**2)
    return Drift(*found)


def _of_one(own: Floats, variance: Floats, usual: float) -> tuple[float, ...]:
    weight = 1.0 / variance
    middle = float(weight @ own / weight.sum())
    spread = np.sqrt(variance)
    own = middle + np.clip((own - middle) / spread, -_WINDSOR, _WINDSOR) * spread
    weight = weight / _restlessness(own / spread)
    level = float(weight @ own / np.sqrt(weight.sum()))
    along, length = _along(ramp(len(own), ALARM), own, weight, usual)
    begins = max(BEGINNINGS, key=lambda begin: _evidence(ramp(len(own), begin), own, weight, usual))
    shape = ramp(len(own), begins)
    free = shape - float(shape @ weight / weight.sum())  # what a constant severity cannot explain
    precision = float(weight @ free**2)
    change = float((weight * free) @ own) / precision
    return along / length**0.5, level, along / length, change, precision**-0.5, begins


def _restlessness(own: Floats) -> float:
    """The variance of moments in standard errors, from one mark to the next: a slow drift does not swell it.

    About 1; a marker's spread in the panel's fit takes the drift itself for error. Few marks are not believed.
    """
    steps = np.diff(own)
    return float((steps @ steps / 2 + _BELIEF) / (len(steps) + _BELIEF))


def _evidence(shape: Floats, own: Floats, weight: Floats, usual: float) -> float:
    along, length = _along(shape, own, weight, usual)
    return float(abs(along) / length**0.5)


def _along(shape: Floats, own: Floats, weight: Floats, usual: float) -> tuple[float, float]:
    """Inner products of a shape with the moments and with itself, weighted by the inverse of their covariance.

    That is diag(1 / weight) + usual * (all ones): errors of their own, and one constant severity for all.
    """
    shrink = usual / (1.0 + usual * float(weight.sum()))
    shape_sum = float(shape @ weight)
    along = float((shape * weight) @ own) - shrink * shape_sum * float(weight @ own)
    return along, float(weight @ shape**2) - shrink * shape_sum**2
