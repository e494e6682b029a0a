"""How often two marks would lie too far apart under each tolerance, told from the trial (domain.md 3.6).

In:  the trial marks of every script, the rules of the group. Out: one Prediction for each tolerance. Pure arithmetic.
A script that everybody marked says what two of them, drawn at random, would have given it: its share of pairs that are
not within the tolerance. The prediction is the mean of these shares over the scripts, with its standard error.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from math import sqrt

from marking.rounds.policy import MarkPoints, SettleRules, is_within
from models.points import ZERO

MOST_ROWS = 25
AIM = 0.15  # domain.md 3.6: the smallest tolerance with a predicted third-mark rate of at most 10 to 15 %


@dataclass(frozen=True, slots=True)
class Prediction:
    """The share of responses that would need a further mark; `error` is its standard error, None for one script."""

    tolerance: Decimal
    rate: float
    error: float | None
    scripts: int
    pairs: int


def predict(scripts: Sequence[Sequence[MarkPoints]], rules: SettleRules) -> list[Prediction]:
    """A prediction for each tolerance in mark steps, from 0 to where nothing is left apart.

    Scripts with fewer than two marks say nothing; empty where none says anything.
    """
    pairs = [list(combinations(marks, 2)) for marks in scripts if len(marks) > 1]
    if not pairs:
        return []
    step = min(part.step for part in rules.parts)
    found: list[Prediction] = []
    tolerance = ZERO
    while len(found) < MOST_ROWS and tolerance <= rules.full_mark:
        found.append(_prediction(pairs, replace(rules, tolerance=tolerance)))
        if found[-1].rate == 0:
            break
        tolerance += step
    return found


def _prediction(pairs: Sequence[Sequence[tuple[MarkPoints, MarkPoints]]], rules: SettleRules) -> Prediction:
    shares = [sum(not is_within(one, other, rules) for one, other in own) / len(own) for own in pairs]
    count = len(shares)
    mean = sum(shares) / count
    error = None
    if count > 1:
        error = sqrt(sum((share - mean) ** 2 for share in shares) / (count - 1) / count)
    return Prediction(rules.tolerance, mean, error, count, sum(len(own) for own in pairs))


def suggested(predictions: Sequence[Prediction]) -> Prediction | None:
    """The smallest tolerance that keeps the rate within the aim."""
    return next((one for one in predictions if one.rate <= AIM), None)
