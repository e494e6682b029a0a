"""How far a figure must lie from the usual before it is an alarm, when it is looked at again and again.

A board is looked at all day. A limit made for one look (1.96 standard errors, say) is crossed sooner or later by nearly
every marker. These limits hold for all looks together, from the first one until as many marks as a marker will give:
of markers who do nothing wrong, only the stated share ever crosses them (benchmarks/alarm_limits.py makes the table).
"""

from itertools import pairwise
from math import log, sqrt

# A statistic is looked at once it rests on so many marks.
FIRST_LOOK = {"level": 20, "drift": 60}

HORIZONS = (125, 250, 500, 1000, 2000)
SHARES = (0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005)
_LIMITS: dict[str, tuple[tuple[float, ...], ...]] = {
    "level": (
        (2.65, 2.98, 3.21, 3.43, 3.67, 3.88, 4.01),
        (2.74, 3.07, 3.29, 3.51, 3.76, 3.93, 4.11),
        (2.82, 3.14, 3.36, 3.57, 3.84, 4.02, 4.20),
        (2.88, 3.19, 3.42, 3.63, 3.89, 4.08, 4.23),
        (2.93, 3.24, 3.46, 3.67, 3.92, 4.11, 4.26),
    ),
    "drift": (
        (2.69, 3.02, 3.23, 3.45, 3.73, 3.91, 4.05),
        (2.90, 3.19, 3.41, 3.62, 3.86, 4.04, 4.21),
        (3.02, 3.31, 3.52, 3.73, 3.97, 4.16, 4.31),
        (3.10, 3.40, 3.61, 3.79, 4.03, 4.19, 4.33),
        (3.17, 3.46, 3.67, 3.83, 4.06, 4.22, 4.35),
    ),
}


def limit(kind: str, share: float, marks: float) -> float:
    """The limit, in standard errors, that the given share of blameless markers ever crosses; `kind` level or drift.

    `marks` is how many marks a marker will give. Between and beyond the rows of the table, the square of the limit
    grows with the logarithm of the share, and the limit with that of the number of marks.
    """
    by_marks = [_by_share(row, share) for row in _LIMITS[kind]]
    return _between(marks, HORIZONS, by_marks)


def _by_share(row: tuple[float, ...], share: float) -> float:
    squared = _between(share, SHARES, [value**2 for value in row])
    return sqrt(max(squared, 0.0))


def _between(at: float, places: tuple[float, ...], values: list[float]) -> float:
    """A value on the line through the two nearest places, on a logarithmic scale."""
    rising = places[0] < places[-1]
    steps = list(pairwise(zip(places, values, strict=True)))
    (low, first), (high, second) = next((step for step in steps if (at <= step[1][0]) == rising), steps[-1])
    return first + (second - first) * (log(at) - log(low)) / (log(high) - log(low))
