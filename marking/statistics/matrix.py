"""The scores of one paper as whole numbers: what every statistic is computed from.

Scores are int64 hundredths of a point, so that sums are exact and no order of adding makes a difference;
quotients are taken as fractions and become floats once, at the end. Standard deviations divide by n.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from models.words import EntryStatus

Hundredths = NDArray[np.int64]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreMatrix:
    """One row per enrolled candidate, one column per item.

    `scores` int64 (n, m) in hundredths, meaningful where `given` bool (n, m) is set: an item that was not
    chosen, or not yet marked, has no score rather than 0. `totals` int64 (n,) likewise with `has_total`.
    Everybody on the roster is a row, whatever became of them. A status is None while nobody knows it.
    """

    candidates: tuple[str, ...]
    schools: tuple[str, ...]
    classes: tuple[str, ...]
    statuses: tuple[EntryStatus | None, ...]
    items: tuple[str, ...]
    scores: Hundredths
    given: Chosen
    totals: Hundredths
    has_total: Chosen

    @property
    def counted(self) -> Chosen:
        """Who counts, bool (n,): present (a blank sheet is a present candidate with 0) and with a total."""
        present = np.array([status is not None and status.has_score for status in self.statuses], dtype=np.bool_)
        return np.asarray(present & self.has_total, dtype=np.bool_)

    def rows_of(self, status: EntryStatus) -> int:
        """How many candidates have this status."""
        return sum(1 for one in self.statuses if one is status)

    def column(self, item: str) -> int | None:
        """The column of an item; None where the scores do not have it."""
        return self.items.index(item) if item in self.items else None


def mean_of(values: Hundredths) -> Fraction | None:
    """Exact mean in points; None of nothing."""
    return Fraction(int(values.sum()), 100 * len(values)) if len(values) else None


def scatter_of(values: Hundredths) -> int:
    """Population variance times n², in hundredths squared: n Σx² - (Σx)², a whole number."""
    total = int(values.sum())
    return len(values) * int(np.dot(values, values)) - total * total


def deviation_of(values: Hundredths) -> float | None:
    """Population standard deviation in points; None of nothing."""
    n = len(values)
    return math.sqrt(scatter_of(values)) / (100 * n) if n else None


def correlation_of(left: Hundredths, right: Hundredths) -> float | None:
    """Pearson's r; None where one of them does not vary or fewer than two candidates are there."""
    n = len(left)
    both = scatter_of(left) * scatter_of(right)
    if n < 2 or both == 0:
        return None
    shared = n * int(np.dot(left, right)) - int(left.sum()) * int(right.sum())
    return shared / math.sqrt(both)


def number(value: Fraction | None) -> float | None:
    """An exact quotient as the nearest float."""
    return None if value is None else value.numerator / value.denominator
