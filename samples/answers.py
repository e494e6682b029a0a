"""What each simulated candidate answers, and what every answer is truly worth.

In:  an Exam, the roster with hidden abilities, a seed.
Out: one Sitting per candidate and paper: chosen options, which items of a choose-group, true points per part.
The chances follow a logistic item model, so that facility, discrimination and distractors look like a real exam's:
P(right) = guess + (1 - guess) / (1 + exp(-a (ability - b))) (three-parameter logistic; Birnbaum 1968).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from zlib import crc32

import numpy as np

from models.paper import OPTION_LETTERS, Exam, Item, Paper
from models.points import round_half_up
from models.words import ItemKind
from samples.people import Entrant


@dataclass(frozen=True, slots=True)
class Sitting:
    """One candidate in one paper. `labels` per objective item in option order, empty for a blank one.

    `true_points` per item or part id as in the score files; `taken` are the items answered per choose-group.
    """

    candidate: str
    paper: str
    absent: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    taken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    true_points: Mapping[str, Decimal] = field(default_factory=dict)
    blank: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _ItemTruth:
    """How an item behaves: discrimination, difficulty, and the wrong option that draws most."""

    a: float
    b: float
    lure: int


def sit_exam(
    exam: Exam, roster: Sequence[Entrant], seed: int, absences: Mapping[str, frozenset[str]] | None = None
) -> dict[tuple[str, str], Sitting]:
    """Every candidate's answers by (candidate, paper); `absences` names the absent candidates per paper."""
    sittings: dict[tuple[str, str], Sitting] = {}
    for paper in exam.papers:
        truths = {item.no: _item_truth(paper, item, seed) for item in paper.items}
        away = (absences or {}).get(paper.id, frozenset())
        for entrant in roster:
            rng = np.random.default_rng([seed, 3, crc32(paper.id.encode()), crc32(entrant.candidate.encode())])
            absent = entrant.candidate in away
            sittings[entrant.candidate, paper.id] = (
                Sitting(entrant.candidate, paper.id, absent=True)
                if absent
                else _sit(paper, entrant.candidate, entrant.ability + rng.normal(0, 0.35), truths, rng)
            )
    return sittings


def _item_truth(paper: Paper, item: Item, seed: int) -> _ItemTruth:
    rng = np.random.default_rng([seed, 4, crc32(f"{paper.id}/{item.no}".encode())])
    return _ItemTruth(a=float(rng.uniform(0.8, 2.0)), b=float(rng.normal(-0.4, 0.8)), lure=int(rng.integers(0, 26)))


def _chance(ability: float, truth: _ItemTruth) -> float:
    return float(1.0 / (1.0 + np.exp(-truth.a * (ability - truth.b))))


def _sit(
    paper: Paper, candidate: str, ability: float, truths: Mapping[str, _ItemTruth], rng: np.random.Generator
) -> Sitting:
    labels: dict[str, str] = {}
    points: dict[str, Decimal] = {}
    blank: set[str] = set()
    taken: dict[str, tuple[str, ...]] = {}
    for group in paper.choose_groups:
        members = paper.choose_members(group)
        picks = sorted(rng.choice(len(members), size=members[0].choose.take if members[0].choose else 1, replace=False))
        taken[group] = tuple(members[int(pick)].no for pick in picks)
    for item in paper.items:
        chance = _chance(ability, truths[item.no])
        if item.kind is ItemKind.MULTIPLE:
            labels[item.no] = _several(item, chance, rng)
        elif item.kind.is_objective:
            labels[item.no] = _one(item, chance, truths[item.no].lure, rng)
        elif item.choose and item.no not in taken[item.choose.group]:
            blank.add(item.no)
        else:
            _work(item, chance, points, blank, rng)
    return Sitting(candidate, paper.id, False, labels, taken, points, frozenset(blank))


def _one(item: Item, chance: float, lure: int, rng: np.random.Generator) -> str:
    options = item.labels
    if rng.random() < 0.01:
        return ""
    right = item.key[0]
    if rng.random() < 1 / len(options) + (1 - 1 / len(options)) * chance:
        return right
    wrong = [option for option in options if option != right]
    return wrong[lure % len(wrong)] if rng.random() < 0.55 else wrong[int(rng.integers(len(wrong)))]


def _several(item: Item, chance: float, rng: np.random.Generator) -> str:
    if rng.random() < 0.01:
        return ""
    right = set(item.key[0])
    chosen = {
        option
        for option in item.labels
        if rng.random() < (0.35 + 0.63 * chance if option in right else 0.28 * (1 - chance))
    }
    return "".join(letter for letter in OPTION_LETTERS if letter in chosen) or item.key[0][0]


def _work(item: Item, chance: float, points: dict[str, Decimal], blank: set[str], rng: np.random.Generator) -> None:
    """True points of a written item: later parts are harder; the hopeless leave it blank."""
    units = [(item.part_id(part), part.points) for part in item.parts] or [(item.no, item.points)]
    if rng.random() < 0.12 * (1 - chance) ** 2:
        blank.add(item.no)
        points.update({unit: Decimal(0) for unit, _ in units})
        return
    for order, (unit, full) in enumerate(units):
        level = chance ** (1 + 0.6 * order)
        spread = 18.0 if item.kind is ItemKind.ESSAY else 3.0
        if item.kind is ItemKind.ESSAY:
            level = 0.45 + 0.45 * level  # markers give essays neither nothing nor everything
        share = rng.beta(max(level, 0.02) * spread, max(1 - level, 0.02) * spread)
        points[unit] = round_half_up(Decimal(str(round(float(share), 4))) * full, item.step)


def worth(sitting: Sitting, item: Item) -> Decimal:
    """The true points of a written item, over all its parts."""
    units = [item.part_id(part) for part in item.parts] or [item.no]
    return sum((sitting.true_points.get(unit, Decimal(0)) for unit in units), Decimal(0))
