"""How the scores of a group lie: mean, spread, rates, bands, one-by-one table (domain.md 5.0)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from marking.statistics.cuts import at_least
from marking.statistics.matrix import Hundredths, deviation_of, mean_of, number
from models.paper import Rules
from models.words import Denominator


@dataclass(frozen=True, slots=True)
class Summary:
    """Points and rates of one group. Rates are fractions; None where nothing can be said (never 0 for nothing).

    `good_rate` is the share from good up to below excellent; `low_rate` is below the low threshold.
    """

    n: int
    mean: float | None
    max: float | None
    min: float | None
    median: float | None
    sd: float | None
    score_rate: float | None
    pass_rate: float | None
    excellent_rate: float | None
    good_rate: float | None
    low_rate: float | None


def summarize(values: Hundredths, full_mark: Decimal, rules: Rules, n_enrolled: int) -> Summary:
    """The summary of those who count; rates divide by them or, by the rules, by everyone enrolled."""
    n = len(values)
    if n == 0:
        return Summary(0, *[None] * 10)
    full = Fraction(full_mark)
    mean = mean_of(values)
    assert mean is not None
    everyone = n_enrolled if rules.denominator is Denominator.ENROLLED else n
    excellent = at_least(values, full * Fraction(rules.excellent))
    good = at_least(values, full * Fraction(rules.good))
    passed = at_least(values, full * Fraction(rules.pass_))
    not_low = at_least(values, full * Fraction(rules.low))
    return Summary(
        n=n,
        mean=number(mean),
        max=int(values.max()) / 100,
        min=int(values.min()) / 100,
        median=_median(values),
        sd=deviation_of(values),
        score_rate=number(mean / full),
        pass_rate=passed / everyone,
        excellent_rate=excellent / everyone,
        good_rate=(good - excellent) / everyone,
        low_rate=(n - not_low) / everyone,
    )


def _median(values: Hundredths) -> float:
    ordered = np.sort(values)
    n = len(ordered)
    return (int(ordered[(n - 1) // 2]) + int(ordered[n // 2])) / 200


@dataclass(frozen=True, slots=True)
class Band:
    """A score band [low, high) in points; the top band holds the full mark as well."""

    low: Decimal
    high: Decimal
    count: int


def bands_of(values: Hundredths, full_mark: Decimal, width: Decimal) -> tuple[Band, ...]:
    """Bands counted down from the full mark, highest first; the last begins at 0."""
    if width <= 0:
        raise ValueError("a band has a width")
    return tuple(_bands(values, full_mark, width))


def _bands(values: Hundredths, full_mark: Decimal, width: Decimal) -> Iterator[Band]:
    high = full_mark
    while high > 0:
        low = max(high - width, Decimal(0))
        inside = values >= math.ceil(low * 100)
        if high != full_mark:
            inside &= values < math.ceil(high * 100)
        yield Band(low, high, int(inside.sum()))
        high = low


@dataclass(frozen=True, slots=True)
class ScoreCount:
    """One line of the one-by-one table (一分一段): how many have this score, and how many this or more."""

    score_hundredths: int
    count: int
    cumulative: int


def one_by_one(values: Hundredths) -> tuple[ScoreCount, ...]:
    """Every score that somebody has, from the top."""
    scores, counts = np.unique(values, return_counts=True)
    lines: list[ScoreCount] = []
    so_far = 0
    for score, count in zip(scores[::-1].tolist(), counts[::-1].tolist(), strict=True):
        so_far += count
        lines.append(ScoreCount(score, count, so_far))
    return tuple(lines)
