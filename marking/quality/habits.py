"""Habits that show in a marker's own marks alone: playing safe, giving one mark again and again, haste.

Responses are dealt out at random, so that everybody's marks should be spread alike and mixed alike.

In:  PanelMarks. Out: arrays of shape (markers,); NaN where there is nothing to say.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from marking.quality.agreement import has_safe_marks, is_safe
from marking.quality.panel import Bools, Floats, Ints, PanelMarks, Scale, count_by, mean_by, sd_by


@dataclass(frozen=True, slots=True)
class Spread:
    """How a marker's marks are spread beside everybody's; blank responses left out.

    `ratio` is the own standard deviation over the group's, `strength` the evidence for its being smaller (negative) or
    larger in standard errors. `safe` is the share of marks in the band of safe ones, `group_safe` everybody's; NaN
    where no mark that can be given lies in that band.
    """

    n: Ints
    mean: Floats
    sd: Floats
    ratio: Floats
    strength: Floats
    safe: Floats
    group_mean: float
    group_sd: float
    group_safe: float


@dataclass(frozen=True, slots=True)
class Run:
    """The longest telling run of equal marks: how long, of which mark, and how many such runs chance would bring."""

    length: int
    points: float
    expected: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for one response: each marker's median, how many it rests on, and the median of everybody's medians."""

    n: Ints
    seconds: Floats
    usual: float


def counted(marks: PanelMarks) -> Bools:
    """The marks that a distribution is made of: live ones, something written on the response, no third marks.

    A third mark is asked for where two differ: such responses are not like the others.
    """
    found: Bools = marks.live & ~marks.blank & ~marks.third
    return found


def spread(marks: PanelMarks, scale: Scale) -> Spread:
    """Compare everybody's spread with the group's."""
    chosen = counted(marks)
    marker, points = marks.marker[chosen], marks.points[chosen]
    n, own = count_by(marker, marks.markers), sd_by(marker, points, marks.markers)
    safe, can_be_safe = is_safe(points, scale.full), has_safe_marks(scale)
    nothing = float("nan")
    group_mean = float(points.mean()) if len(points) else nothing
    group_sd = float(points.std(ddof=1)) if len(points) > 1 else nothing
    ratio = own / group_sd if group_sd > 0 else np.full(marks.markers, np.nan)
    # the logarithm of a variance has the variance (kurtosis - 1) / n
    kurtosis = float(np.mean((points - group_mean) ** 4) / group_sd**4) if group_sd > 0 else nothing
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = 2 * np.log(np.maximum(ratio, 1e-6)) / np.sqrt(max(kurtosis - 1, 0.2) / n)
    return Spread(
        n=n,
        mean=mean_by(marker, points, marks.markers),
        sd=own,
        ratio=ratio,
        strength=np.where(np.isfinite(ratio), strength, np.nan),
        safe=mean_by(marker, safe.astype(float), marks.markers) if can_be_safe else np.full(marks.markers, np.nan),
        group_mean=group_mean,
        group_sd=group_sd,
        group_safe=float(safe.mean()) if len(points) and can_be_safe else nothing,
    )


def runs(marks: PanelMarks, planned: float) -> list[Run | None]:
    """For each marker the run of equal marks that chance explains worst.

    Of n marks of which a share p is this one, at most n * (1 - p) * p**length runs of that length are to be expected
    (and the first mark may begin one); p is the share among everybody's marks. n is what a marker will give in all
    (`planned`), and every mark that occurs may make a run: so it holds for all looks during the whole marking.
    """
    chosen = np.flatnonzero(counted(marks))
    chosen = chosen[np.lexsort((marks.at[chosen], marks.marker[chosen]))]
    marker, points = marks.marker[chosen], marks.points[chosen]
    found: list[Run | None] = [None] * marks.markers
    if len(chosen) == 0:
        return found
    values, number = np.unique(points, return_inverse=True)
    share = (np.bincount(number) + 1.0) / (len(points) + len(values) + 1.0)
    begins = np.flatnonzero(np.r_[True, (points[1:] != points[:-1]) | (marker[1:] != marker[:-1])])
    length = np.diff(np.r_[begins, len(points)])
    chance = share[number[begins]]
    own_n = np.maximum(count_by(marker, marks.markers)[marker[begins]], planned)
    expected = len(values) * chance**length * (1 + np.maximum(own_n - length, 0) * (1 - chance))
    for at in np.lexsort((expected, marker[begins]))[::-1]:
        who = int(marker[begins[at]])
        found[who] = Run(int(length[at]), float(points[begins[at]]), float(expected[at]))
    return found


def pace(marks: PanelMarks) -> Pace:
    """The median time of each marker; responses whose time is not known, and training, left out."""
    known = ~np.isnan(marks.seconds) & ~marks.blank
    marker, seconds = marks.marker[known], marks.seconds[known]
    order = np.lexsort((seconds, marker))
    marker, seconds = marker[order], seconds[order]
    edges = np.searchsorted(marker, np.arange(marks.markers + 1))
    own = np.array([np.median(seconds[low:high]) if high > low else np.nan for low, high in pairwise(edges.tolist())])
    heard = own[np.isfinite(own)]
    return Pace(np.diff(edges).astype(np.int64), own, float(np.median(heard)) if len(heard) else float("nan"))
