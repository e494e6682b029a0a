"""All statistics of one paper from its score matrix, and the one document that shows them (contracts.md 6)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from marking.statistics.balance import Balance, balance_of
from marking.statistics.cuts import percentile_ranks_of, ranks_of, z_scores_of
from marking.statistics.distribution import Summary
from marking.statistics.groups import UnitFigures, cohort_of, rows_by, units_of
from marking.statistics.items import (
    NO_FIGURES,
    ItemFigures,
    OptionCount,
    extremes_of,
    figures_of,
    option_flags,
    options_of,
)
from marking.statistics.matrix import Chosen, ScoreMatrix, mean_of, number
from marking.statistics.reliability import alpha_of, standard_error
from models.paper import Item, Paper, Rules
from models.words import EntryStatus

Responses = Mapping[str, Mapping[str, str | None]]  # item -> candidate -> letters, "" blank, None doubtful

SMALL_SAMPLE = 30  # below this, figures of items say little (domain.md 5.2)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item: its figures, how its options were chosen, and what is odd about it."""

    no: str
    full: Decimal
    figures: ItemFigures
    options: Mapping[str, OptionCount] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One candidate; everything but the number is None for who does not count."""

    candidate: str
    total: float | None = None
    rank: int | None = None
    z: float | None = None
    t: float | None = None
    percentile_rank: float | None = None


@dataclass(frozen=True, slots=True)
class PaperStatistics:
    """Everything that was computed, with the rules it was computed by."""

    n_enrolled: int
    n_present: int
    n_absent: int
    summary: Summary
    alpha: float | None
    sem: float | None
    facility: float | None
    items: tuple[ItemRow, ...]
    candidates: tuple[CandidateRow, ...]
    schools: tuple[UnitFigures, ...]
    classes: tuple[UnitFigures, ...]
    balance: Balance
    rules: Rules


def compute(paper: Paper, matrix: ScoreMatrix, responses: Responses | None = None) -> PaperStatistics:
    """Every statistic of a paper. The order of the rows changes nothing but the order of `candidates`."""
    cohort = cohort_of(matrix, paper)
    counted, summary = cohort.counted, cohort.overall
    alpha = _alpha(paper, matrix, counted)
    return PaperStatistics(
        n_enrolled=len(matrix.candidates),
        n_present=sum(1 for status in matrix.statuses if status is not None and status.has_score),
        n_absent=matrix.rows_of(EntryStatus.ABSENT),
        summary=summary,
        alpha=alpha,
        sem=standard_error(summary.sd, alpha),
        facility=_facility(paper, matrix, counted, summary),
        items=_items(paper, matrix, counted, responses),
        candidates=_candidates(paper, matrix, counted),
        schools=units_of(cohort, lambda row: (matrix.schools[row], "")),
        classes=units_of(
            cohort, lambda row: (matrix.schools[row], matrix.classes[row]) if matrix.classes[row] else ("", "")
        ),
        balance=balance_of(
            [cohort.scores_of(rows) for _unit, rows in rows_by(matrix, lambda row: (matrix.schools[row], ""))]
        ),
        rules=paper.rules,
    )


def _is_void(paper: Paper, item: Item) -> bool:
    return any(no == item.no for no, _policy in paper.rules.void)


def _alpha(paper: Paper, matrix: ScoreMatrix, counted: Chosen) -> float | None:
    """Alpha over the items that everybody answers: void items and those of choose-groups are left out."""
    columns: list[int] = []
    for item in paper.items:
        if item.choose is not None or _is_void(paper, item):
            continue
        column = matrix.column(item.no)
        if column is None:
            return None
        columns.append(column)
    complete = counted & matrix.given[:, columns].all(axis=1)
    return alpha_of(matrix.scores[complete][:, columns])


def _facility(paper: Paper, matrix: ScoreMatrix, counted: Chosen, summary: Summary) -> float | None:
    """Σ(P_i · F_i) / ΣF_i over the items that are not void, a choose-group as one; mean / full without items."""
    if any(matrix.column(item.no) is None for item in paper.items):
        return summary.score_rate
    earned, full = Fraction(0), Fraction(0)
    items = [item for item in paper.items if not _is_void(paper, item)]
    for item in items:
        if item.choose is None:
            column = matrix.column(item.no)
            mean = mean_of(matrix.scores[counted & matrix.given[:, column], column])
            if mean is None:
                continue
            earned += mean
            full += Fraction(item.points)
    for name in dict.fromkeys(item.choose.group for item in items if item.choose):
        members = [item for item in items if item.choose and item.choose.group == name]
        columns = [matrix.items.index(member.no) for member in members]
        given = np.where(matrix.given[:, columns], matrix.scores[:, columns], 0).sum(axis=1)
        mean = mean_of(given[counted])
        first = members[0]
        if mean is not None and first.choose is not None:
            earned += mean
            full += Fraction(first.points) * min(first.choose.take, len(members))
    return number(earned / full) if full else None


def _items(paper: Paper, matrix: ScoreMatrix, counted: Chosen, responses: Responses | None) -> tuple[ItemRow, ...]:
    names = [matrix.candidates[row] for row in np.flatnonzero(counted)]
    extremes = extremes_of(matrix.totals[counted], names, paper.rules.group)
    rows: list[ItemRow] = []
    for item in paper.items:
        options: dict[str, OptionCount] = {}
        if responses is not None and item.kind.is_objective:
            options = options_of(item, responses.get(item.no, {}), names, extremes)
        figures = NO_FIGURES if _is_void(paper, item) else _figures(paper, matrix, counted, item)
        rows.append(ItemRow(item.no, item.points, figures, options, option_flags(item, options)))
    return tuple(rows)


def _figures(paper: Paper, matrix: ScoreMatrix, counted: Chosen, item: Item) -> ItemFigures:
    column = matrix.column(item.no)
    if column is None:
        return NO_FIGURES
    rows = np.flatnonzero(counted & matrix.given[:, column])
    return figures_of(
        matrix.scores[rows, column],
        matrix.totals[rows],
        [matrix.candidates[row] for row in rows],
        item.points,
        paper.rules.group,
    )


def _candidates(paper: Paper, matrix: ScoreMatrix, counted: Chosen) -> tuple[CandidateRow, ...]:
    totals = matrix.totals[counted]
    z_scores = z_scores_of(totals)
    figures = iter(
        zip(
            totals.tolist(),
            ranks_of(totals, paper.rules.rank).tolist(),
            z_scores.tolist(),
            percentile_ranks_of(totals).tolist(),
            strict=True,
        )
    )
    rows: list[CandidateRow] = []
    for candidate, counts in zip(matrix.candidates, counted.tolist(), strict=True):
        if not counts:
            rows.append(CandidateRow(candidate))
            continue
        total, rank, z, percentile = next(figures)
        rows.append(CandidateRow(candidate, total / 100, rank, z, 50 + 10 * z, percentile))
    return tuple(rows)


def as_document(statistics: PaperStatistics) -> dict[str, Any]:
    """The document of `stats compute --json`: fractions as numbers, counts as whole numbers, None where undefined."""
    summary = asdict(statistics.summary)
    scored = summary.pop("n")
    return {
        "paper": {
            "n_enrolled": statistics.n_enrolled,
            "n_present": statistics.n_present,
            "n_absent": statistics.n_absent,
            "n_scored": scored,
            **summary,
            "alpha": statistics.alpha,
            "sem": statistics.sem,
            "facility": statistics.facility,
            "small_sample": scored < SMALL_SAMPLE,
        },
        "items": [_item_document(row) for row in statistics.items],
        "candidates": [asdict(row) for row in statistics.candidates],
        "schools": [{"school": unit.school, **_unit_document(unit)} for unit in statistics.schools],
        "classes": [
            {"school": unit.school, "class": unit.class_, **_unit_document(unit)} for unit in statistics.classes
        ],
        "balance": asdict(statistics.balance),
        "rules": rules_document(statistics.rules),
    }


def _item_document(row: ItemRow) -> dict[str, Any]:
    figures = row.figures
    return {
        "no": row.no,
        "full": float(row.full),
        **asdict(figures),
        "options": {name: asdict(count) for name, count in row.options.items()},
        "flags": list(row.flags),
    }


def _unit_document(unit: UnitFigures) -> dict[str, Any]:
    summary = asdict(unit.summary)
    return {
        "n": summary.pop("n"),
        "n_enrolled": unit.n_enrolled,
        "n_absent": unit.n_absent,
        **summary,
        "ratio": unit.ratio,
        "excess_rate": unit.excess_rate,
        "above_mean_rate": unit.above_mean_rate,
        "t": unit.t,
    }


def rules_document(rules: Rules) -> dict[str, Any]:
    """The rule sheet as the exam file writes it, with every default filled in."""
    return {
        "boundary": rules.boundary.value,
        "round": {"at": rules.round.at, "to": float(rules.round.to)},
        "excellent": float(rules.excellent),
        "good": float(rules.good),
        "pass": float(rules.pass_),
        "low": float(rules.low),
        "denominator": rules.denominator.value,
        "rank": rules.rank,
        "group": float(rules.group),
        "void": dict(rules.void),
        "floors": {no: float(floor) for no, floor in rules.floors},
        "deviation": "population",
    }
