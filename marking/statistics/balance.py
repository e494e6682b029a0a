"""How evenly a county's schools did: coefficient of variation, between-school share, ICC (domain.md 5.4)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from marking.statistics.matrix import Hundredths, number


@dataclass(frozen=True, slots=True)
class Balance:
    """`cv` is weighted by size; `eta2` = SS between / SS total; `icc` = ICC(1), not below 0. None where undefined."""

    cv: float | None
    eta2: float | None
    icc: float | None


def weighted_variation(sizes: Sequence[int], means: Sequence[Fraction]) -> float | None:
    """√(Σ (n_i/N)(x_i - X)²) / X with X the size-weighted mean; None with fewer than two units or X = 0."""
    everyone = sum(sizes)
    if len(sizes) < 2 or everyone == 0:
        return None
    middle = sum((size * mean for size, mean in zip(sizes, means, strict=True)), Fraction(0)) / everyone
    if middle == 0:
        return None
    spread = sum((size * (mean - middle) ** 2 for size, mean in zip(sizes, means, strict=True)), Fraction(0)) / everyone
    return math.sqrt(spread) / float(middle)


def balance_of(units: Sequence[Hundredths]) -> Balance:
    """The balance of units (schools), each with the hundredths of those who count; empty units are left out."""
    filled = [unit for unit in units if len(unit)]
    if len(filled) < 2:
        return Balance(None, None, None)
    sizes = [len(unit) for unit in filled]
    sums = [int(unit.sum()) for unit in filled]
    squares = sum(int((unit * unit).sum()) for unit in filled)
    everyone, grand = sum(sizes), sum(sums)
    total = Fraction(squares) - Fraction(grand * grand, everyone)
    within = squares - sum((Fraction(one * one, size) for one, size in zip(sums, sizes, strict=True)), Fraction(0))
    between = total - within
    means = [Fraction(one, 100 * size) for one, size in zip(sums, sizes, strict=True)]
    return Balance(
        cv=weighted_variation(sizes, means),
        eta2=number(between / total) if total else None,
        icc=_icc(sizes, between, within),
    )


def _icc(sizes: Sequence[int], between: Fraction, within: Fraction) -> float | None:
    units, everyone = len(sizes), sum(sizes)
    if everyone == units:
        return None
    ms_between, ms_within = between / (units - 1), within / (everyone - units)
    # the size that unequal units amount to
    typical = (everyone - Fraction(sum(size * size for size in sizes), everyone)) / (units - 1)
    whole = ms_between + (typical - 1) * ms_within
    return number(max(Fraction(0), (ms_between - ms_within) / whole)) if whole else None
