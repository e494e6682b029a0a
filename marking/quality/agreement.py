"""How well marks agree: with the reference of a seed, with the own earlier mark, with the group (domain.md 2.8).

In:  arrays of marks by marker. Out: shares as fractions 0..1, differences in points; NaN where there is nothing.
"""

from dataclasses import dataclass

import numpy as np

from marking.quality.panel import Bools, Floats, Ints, PanelMarks, Scale, count_by, mean_by, sd_by

SAFE_AT, SAFE_WITHIN = 0.71, 0.03  # the band of marks that are called safe ones: 71 % of the full mark, 3 % either way
_EQUAL = 1e-9  # points are whole hundredths; as floats they are equal within this


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pairs of an own mark and another one, by marker; arrays of shape (markers,).

    `exact` is the share of equal ones, `within` that of differences up to the tolerance, `failed` counts the others;
    `adjacent` is the share of differences of at most one mark step. `mean` and `sd` (n - 1) are those of own - other.
    """

    n: Ints
    exact: Floats
    adjacent: Floats
    within: Floats
    failed: Ints
    mean: Floats
    sd: Floats


def agreement(marker: Ints, own: Floats, other: Floats, scale: Scale, markers: int) -> Agreement:
    """Compare own marks with others, pair by pair."""
    apart = own - other
    away = np.abs(apart)
    return Agreement(
        n=count_by(marker, markers),
        exact=mean_by(marker, (away <= _EQUAL).astype(float), markers),
        adjacent=mean_by(marker, (away <= scale.step + _EQUAL).astype(float), markers),
        within=mean_by(marker, (away <= scale.tolerance + _EQUAL).astype(float), markers),
        failed=count_by(marker[away > scale.tolerance + _EQUAL], markers),
        mean=mean_by(marker, apart, markers),
        sd=sd_by(marker, apart, markers),
    )


def with_seeds(marks: PanelMarks, scale: Scale) -> Agreement:
    """Own marks against the reference marks of seed scripts (专家一致性)."""
    chosen = marks.seed
    return agreement(marks.marker[chosen], marks.points[chosen], marks.reference[chosen], scale, marks.markers)


def with_self(marks: PanelMarks, scale: Scale) -> Agreement:
    """Own marks on responses that came again, against the first ones (自评一致性)."""
    chosen = marks.repeat
    return agreement(marks.marker[chosen], marks.points[chosen], marks.earlier[chosen], scale, marks.markers)


def overlap(one: Floats, other: Floats) -> float:
    """How much two distributions have in common, 0 to 100 (总体一致性): 100 * sum of the smaller shares."""
    return float(100.0 * np.minimum(one / one.sum(), other / other.sum()).sum())


def is_safe(points: Floats, full: float) -> Bools:
    """Which marks lie in the band of safe ones (保险分): of 60 points, from 40.8 to 44.4."""
    low, high = (SAFE_AT - SAFE_WITHIN) * full, (SAFE_AT + SAFE_WITHIN) * full
    found: Bools = (points >= low - _EQUAL) & (points <= high + _EQUAL)
    return found


def has_safe_marks(scale: Scale) -> bool:
    """Whether any mark that can be given lies in the band at all: of 12 points in whole steps none does."""
    return bool(is_safe(np.arange(0.0, scale.full + scale.step / 2, scale.step), scale.full).any())
