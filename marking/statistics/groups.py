"""Schools and classes beside the whole: means, rates, ratios and T (domain.md 5.3)."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from marking.statistics.distribution import Summary, summarize
from marking.statistics.matrix import Chosen, Hundredths, ScoreMatrix, mean_of, number
from models.paper import Paper
from models.words import EntryStatus


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """One school, or one class of it.

    `ratio` = mean / overall mean (比均率); `excess_rate` = (mean - overall) / overall (均分超率);
    `above_mean_rate` = share of its candidates above the overall mean (超均人数率); `t` = 50 + 10 (mean -
    overall) / overall sd (联考T分). None where undefined.
    """

    school: str
    class_: str
    n_enrolled: int
    n_absent: int
    summary: Summary
    ratio: float | None
    excess_rate: float | None
    above_mean_rate: float | None
    t: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Whom the figures of units speak about: the matrix with who counts in it, and the whole they stand beside."""

    matrix: ScoreMatrix
    counted: Chosen
    paper: Paper
    overall: Summary
    mean: Fraction | None

    def scores_of(self, rows: list[int]) -> Hundredths:
        """The totals of the rows that count."""
        chosen = np.array(rows, dtype=np.int64)
        return self.matrix.totals[chosen[self.counted[chosen]]]


def cohort_of(matrix: ScoreMatrix, paper: Paper) -> Cohort:
    """Everyone in the matrix."""
    counted = matrix.counted
    totals = matrix.totals[counted]
    overall = summarize(totals, paper.full_mark, paper.rules, len(matrix.candidates))
    return Cohort(matrix, counted, paper, overall, mean_of(totals))


def rows_by(matrix: ScoreMatrix, key: Callable[[int], tuple[str, str]]) -> list[tuple[tuple[str, str], list[int]]]:
    """Each unit that `key` gives for a row as (school, class), in order of names, with its rows; ("", "") is none."""
    found: dict[tuple[str, str], list[int]] = {}
    for row in range(len(matrix.candidates)):
        found.setdefault(key(row), []).append(row)
    found.pop(("", ""), None)
    return sorted(found.items())


def units_of(cohort: Cohort, key: Callable[[int], tuple[str, str]]) -> tuple[UnitFigures, ...]:
    """The figures of every unit that `key` gives for a row."""
    return tuple(_unit(cohort, unit, rows) for unit, rows in rows_by(cohort.matrix, key))


def _unit(cohort: Cohort, unit: tuple[str, str], rows: list[int]) -> UnitFigures:
    values = cohort.scores_of(rows)
    summary = summarize(values, cohort.paper.full_mark, cohort.paper.rules, len(rows))
    own, whole, overall_sd = mean_of(values), cohort.mean, cohort.overall.sd
    ratio = own / whole if own is not None and whole else None
    above = t = None
    if own is not None and whole is not None and overall_sd is not None:
        above = int((values * whole.denominator > whole.numerator * 100).sum()) / len(values)
        t = 50 + 10 * float(own - whole) / overall_sd if overall_sd else 50.0
    return UnitFigures(
        unit[0],
        unit[1],
        len(rows),
        sum(1 for row in rows if cohort.matrix.statuses[row] is EntryStatus.ABSENT),
        summary,
        number(ratio),
        None if ratio is None else number(ratio - 1),
        above,
        t,
    )
