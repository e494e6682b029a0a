"""How far the scores would repeat: Cronbach's alpha and the standard error of measurement (domain.md 5.2)."""

import math
from fractions import Fraction

from marking.statistics.matrix import Hundredths, scatter_of


def alpha_of(scores: Hundredths) -> float | None:
    """k/(k-1) (1 - sum of item variances / variance of their sum); `scores` int64 (n, k) hundredths, complete.

    None with fewer than two items or candidates, or where the sums do not vary.
    """
    n, k = scores.shape
    if k < 2 or n < 2:
        return None
    of_sum = scatter_of(scores.sum(axis=1))
    if of_sum == 0:
        return None
    of_items = sum(scatter_of(scores[:, column]) for column in range(k))
    exact = Fraction(k, k - 1) * (1 - Fraction(of_items, of_sum))
    return exact.numerator / exact.denominator


def standard_error(sd: float | None, alpha: float | None) -> float | None:
    """SEM = sd √(1 - alpha), in points."""
    if sd is None or alpha is None:
        return None
    return sd * math.sqrt(max(0.0, 1 - alpha))
