"""How well each item worked: facility, discrimination, correlations, option tables (domain.md 5.2)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from marking.statistics.matrix import Chosen, Hundredths, correlation_of, mean_of, number
from models.paper import Item
from models.words import ItemKind

BLANK, MULTI, DOUBTFUL = "blank", "multi", "doubtful"


@dataclass(frozen=True, slots=True)
class OptionCount:
    """How many chose an option: of all, and of the high and low group."""

    count: int
    share: float | None
    high: int
    low: int


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """The figures of one item; None where undefined.

    `facility` = mean / full points, high means easy. `discrimination` = score rate of the high group less that
    of the low group. `r_rest` correlates with the total without the item.
    """

    n: int
    mean: float | None
    facility: float | None
    discrimination: float | None
    r_total: float | None
    r_rest: float | None


NO_FIGURES = ItemFigures(0, None, None, None, None, None)


@dataclass(frozen=True, slots=True, eq=False)
class Extremes:
    """The high and the low group, as rows of those who count; both empty where they would overlap."""

    high: Hundredths
    low: Hundredths


def extremes_of(totals: Hundredths, candidates: Sequence[str], share: Decimal) -> Extremes:
    """The best and the weakest ceil(share x n) by total.

    Among equal totals the candidate number decides, so that the order of the rows makes no difference.
    """
    n = len(totals)
    size = math.ceil(Fraction(share) * n)
    if n < 2 or 2 * size > n:
        empty = np.zeros(0, dtype=np.int64)
        return Extremes(empty, empty)
    order = np.lexsort((np.array(candidates, dtype=np.str_), -totals)).astype(np.int64)
    return Extremes(order[:size], order[n - size :])


def discrimination_of(
    scores: Hundredths, totals: Hundredths, candidates: Sequence[str], full: Decimal, share: Decimal
) -> float | None:
    """D = P_high - P_low with groups of ceil(share x n) by total; None with fewer than two candidates."""
    groups = extremes_of(totals, candidates, share)
    high, low = mean_of(scores[groups.high]), mean_of(scores[groups.low])
    if high is None or low is None:
        return None
    return number((high - low) / Fraction(full))


def point_biserial(right: Chosen, totals: Hundredths) -> float | None:
    """(M_right - M_wrong) / sd · √(pq), the correlation of right or wrong with the total."""
    return correlation_of(right.astype(np.int64), totals)


def figures_of(
    scores: Hundredths, totals: Hundredths, candidates: Sequence[str], full: Decimal, share: Decimal
) -> ItemFigures:
    """All figures of an item over the candidates who have a score in it (only those who chose it)."""
    mean = mean_of(scores)
    if mean is None:
        return NO_FIGURES
    return ItemFigures(
        n=len(scores),
        mean=number(mean),
        facility=number(mean / Fraction(full)),
        discrimination=discrimination_of(scores, totals, candidates, full, share),
        r_total=correlation_of(scores, totals),
        r_rest=correlation_of(scores, totals - scores),
    )


def options_of(
    item: Item, answers: Mapping[str, str | None], candidates: Sequence[str], extremes: Extremes
) -> dict[str, OptionCount]:
    """How often each option was chosen by those who count, and by the high and low group.

    `answers`: candidate -> letters filled, empty for blank, None while doubtful; who is not in it is left out.
    More than one letter counts as `multi`, except on a multiple item, where it is no fault: each letter counts.
    """
    labels = item.labels
    names = [*labels, BLANK, *([] if item.kind is ItemKind.MULTIPLE else [MULTI]), DOUBTFUL]
    counts = {name: [0, 0, 0] for name in names}
    high = {int(row) for row in extremes.high}
    low = {int(row) for row in extremes.low}
    answered = 0
    for row, candidate in enumerate(candidates):
        if candidate not in answers:
            continue
        answered += 1
        for name in _names(item, answers[candidate]):
            counts[name][0] += 1
            counts[name][1] += row in high
            counts[name][2] += row in low
    if counts[DOUBTFUL][0] == 0:
        del counts[DOUBTFUL]
    return {
        name: OptionCount(count, count / answered if answered else None, upper, lower)
        for name, (count, upper, lower) in counts.items()
    }


def _names(item: Item, answer: str | None) -> list[str]:
    if answer is None:
        return [DOUBTFUL]
    if not answer:
        return [BLANK]
    if len(answer) == 1 or item.kind is ItemKind.MULTIPLE:
        return [*answer]
    return [MULTI]


def option_flags(item: Item, options: Mapping[str, OptionCount]) -> tuple[str, ...]:
    """What is odd about an item's options, as ``flag:letter``.

    A wrong option that more of the high than of the low group took, one that fewer than 5 % took, and a key
    that is not the most chosen.
    """
    if not options:
        return ()
    right = {letter for alternative in item.key for letter in alternative}
    flags: list[str] = []
    for label in item.labels:
        if label in right:
            continue
        figures = options[label]
        if figures.high > figures.low:
            flags.append(f"distractor_prefers_high:{label}")
        if figures.share is not None and figures.share < 0.05:
            flags.append(f"distractor_rare:{label}")
    most = max(options[label].count for label in item.labels)
    if item.kind is not ItemKind.MULTIPLE and all(options[label].count < most for label in right):
        flags.append("key_not_most_chosen")
    return tuple(flags)
