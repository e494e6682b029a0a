"""How item scores become a paper total and totals over papers: pure arithmetic by the rule sheet.

Item scores stay exact; the total is rounded once, where the rule sheet says (domain.md 3.4). A total exists
only when everything that counts has its score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from models.paper import Paper, Total
from models.points import ZERO, round_half_up

HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Composed:
    """A candidate's score in one paper; None where something is still missing."""

    objective: Decimal | None
    subjective: Decimal | None
    total: Decimal | None


def compose(paper: Paper, scores: Mapping[str, Decimal], not_counting: frozenset[str] = frozenset()) -> Composed:
    """Add item scores (by item no) up; `not_counting` are members of choose-groups that do not count.

    `drop_and_rescale` items leave the total, and the rest is scaled to the full mark: T' = (T - t)·M/(M - V)
    (domain.md 4.8). With `at: item` each item is rounded before it is added.
    """
    void = dict(paper.rules.void)
    dropped = {no for no, policy in void.items() if policy == "drop_and_rescale"}
    sums = {True: Fraction(0), False: Fraction(0)}
    complete = {True: True, False: True}
    for item in paper.items:
        if item.no in not_counting:
            continue
        objective = item.kind.is_objective
        points = scores.get(item.no)
        if points is None:
            complete[objective] = complete[objective] and item.no in dropped
        elif item.no not in dropped:
            rounded = round_half_up(points, paper.rules.round.to) if paper.rules.round.at == "item" else points
            sums[objective] += Fraction(rounded)
    total = None
    if all(complete.values()):
        lost = sum((Fraction(paper.item(no).points) for no in dropped), Fraction(0))
        exact = sums[True] + sums[False]
        if lost:
            exact = exact * Fraction(paper.full_mark) / (Fraction(paper.full_mark) - lost)
        at_total = paper.rules.round.at == "total"
        total = round_half_up(exact, paper.rules.round.to if at_total else HUNDREDTH)
    return Composed(
        round_half_up(sums[True], HUNDREDTH) if complete[True] else None,
        round_half_up(sums[False], HUNDREDTH) if complete[False] else None,
        total,
    )


def exam_total(
    total: Total, papers: Mapping[str, Decimal | None], away: frozenset[str] = frozenset()
) -> Decimal | None:
    """A total over papers by its weights; None while one of its papers may still get a score.

    `away` are the papers in which it is settled that the candidate has none: absent, lost, violation, not entered.
    Such a paper ends the total, counts as zero, or is left out, as the total says.
    """
    exact = Fraction(0)
    some = False
    for part in total.parts:
        points = papers.get(part.paper)
        if points is None:
            if part.paper not in away or total.absent == "none":
                return None
            points = ZERO if total.absent == "zero" else None
        if points is not None:
            exact += Fraction(points) * Fraction(part.weight)
            some = True
    return round_half_up(exact, HUNDREDTH) if some else None
