"""Ranks and lines: competition ranks, standard scores, percentile ranks, lines by rank that take all ties.

In:  int64 hundredths of those who count. Out: one value per candidate in the same order, or a line.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from marking.statistics.matrix import Hundredths, scatter_of


def ranks_of(values: Hundredths, rule: Literal["competition", "dense"] = "competition") -> NDArray[np.int64]:
    """The rank of each, 1 for the highest: 1, 2, 2, 4 (competition) or 1, 2, 2, 3 (dense)."""
    if rule == "dense":
        _distinct, place = np.unique(-values, return_inverse=True)
        return np.asarray(place + 1, dtype=np.int64)
    ordered = np.sort(values)
    return np.asarray(len(values) - np.searchsorted(ordered, values, side="right") + 1, dtype=np.int64)


def z_scores_of(values: Hundredths) -> NDArray[np.float64]:
    """(x - mean) / sd of each, sd over n; 0 for everyone where nothing varies."""
    n, scatter = len(values), scatter_of(values)
    if scatter == 0:
        return np.zeros(n, dtype=np.float64)
    return np.asarray((n * values - int(values.sum())) / math.sqrt(scatter), dtype=np.float64)


def t_scores_of(values: Hundredths) -> NDArray[np.float64]:
    """T = 50 + 10 z of each."""
    return np.asarray(50 + 10 * z_scores_of(values), dtype=np.float64)


def t500_scores_of(values: Hundredths) -> NDArray[np.float64]:
    """500 + 100 z of each."""
    return np.asarray(500 + 100 * z_scores_of(values), dtype=np.float64)


def percentile_ranks_of(values: Hundredths) -> NDArray[np.float64]:
    """100 (below + half of the equal) / n of each."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    upto = np.searchsorted(ordered, values, side="right")
    return np.asarray(100 * (below + upto) / (2 * max(len(values), 1)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Line:
    """A line: the lowest score that is on it, and how many reach it."""

    score_hundredths: int
    count: int


def line_by_rank(values: Hundredths, places: int) -> Line | None:
    """The line that the best `places` reach, with everyone who ties the last of them; None of nobody."""
    if places < 1 or len(values) == 0:
        return None
    ordered = np.sort(values)[::-1]
    score = int(ordered[min(places, len(ordered)) - 1])
    return Line(score, int((values >= score).sum()))


def near_line(values: Hundredths, line_hundredths: int, below_hundredths: int) -> NDArray[np.bool_]:
    """Who is just short of a line (临界生): line - below <= x < line."""
    return np.asarray((values >= line_hundredths - below_hundredths) & (values < line_hundredths), dtype=np.bool_)


def at_least(values: Hundredths, threshold: Fraction) -> int:
    """How many reach a threshold in points, exactly and inclusively."""
    return int((values >= math.ceil(threshold * 100)).sum())
