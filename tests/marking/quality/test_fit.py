"""The two-way fit: worked examples whose answers are known by hand, and what must not change it."""

import numpy as np
import pytest

from marking.quality.fit import fit_panel
from marking.quality.panel import PanelMarks, Scale
from samples.panel import Habit, PanelPlan, simulate_panel

TWELVE = Scale(12.0, 1.0, 2.0)


def make_marks(
    rows: list[tuple[int, int, float]],
    *,
    markers: int,
    reference: dict[int, float] | None = None,
    third: frozenset[int] = frozenset(),
) -> PanelMarks:
    """Marks from (marker, response, points); `reference` by response makes seeds, `third` are row numbers."""
    n = len(rows)
    known = reference or {}
    return PanelMarks(
        marker=np.array([row[0] for row in rows], dtype=np.int64),
        response=np.array([row[1] for row in rows], dtype=np.int64),
        points=np.array([row[2] for row in rows], dtype=float),
        at=np.arange(n, dtype=float),
        seconds=np.full(n, 20.0),
        reference=np.array([known.get(row[1], np.nan) for row in rows]),
        earlier=np.full(n, np.nan),
        blank=np.zeros(n, dtype=bool),
        third=np.array([at in third for at in range(n)], dtype=bool),
        markers=markers,
    )


def test_two_markers_who_always_differ_by_two_are_one_above_and_one_below_the_middle():
    rows = [(who, response, 6.0 + who * 2 + response % 3) for response in range(30) for who in (0, 1)]
    fit = fit_panel(make_marks(rows, markers=2), TWELVE)
    assert fit.severity == pytest.approx([-1.0, 1.0])
    assert fit.compared.tolist() == [30, 30]
    assert fit.components == 1
    assert np.isnan(fit.bias)


def test_severity_travels_along_a_chain_of_common_responses():
    # 0 gives 1 less than 1, 1 gives 2 less than 2: from the middle marker they lie at -1, 0 and +2
    rows = [(who, response, 5.0 + who) for response in range(20) for who in (0, 1)]
    rows += [(who, response, 4.0 + 2 * (who - 1)) for response in range(20, 40) for who in (1, 2)]
    fit = fit_panel(make_marks(rows, markers=3), TWELVE)
    assert fit.severity == pytest.approx([-1.0, 0.0, 2.0])


def test_the_standard_error_is_that_of_the_textbook_for_two_markers():
    # 100 differences of +1 and -1: each marker's error has variance 1/2 and SD of the mean difference is 0.1, so that
    # each of the two lies 0.05 from their middle
    rows = []
    for response in range(100):
        rows += [(0, response, 6.0 + (1 if response % 2 else -1)), (1, response, 6.0)]
    fit = fit_panel(make_marks(rows, markers=2), TWELVE)
    assert fit.severity == pytest.approx([0.0, 0.0], abs=1e-9)
    assert fit.severity_se == pytest.approx([0.05, 0.05], rel=0.05)


def test_markers_without_common_responses_are_not_compared_and_seeds_join_them():
    rows = [(who, response, 6.0 + who) for response in range(25) for who in (0, 1)]
    rows += [(who, response, 6.0) for response in range(25, 45) for who in (2, 3)]
    apart = fit_panel(make_marks([*rows, (4, 60, 3.0)], markers=5), TWELVE)
    assert apart.components == 2
    assert apart.component.tolist() == [0, 0, 1, 1, -1]
    assert np.isnan(apart.severity[4])

    seeds = [(who, 50 + at, 7.0) for who in (0, 2) for at in range(20)]
    joined = fit_panel(make_marks(rows + seeds, markers=4, reference={50 + at: 8.0 for at in range(20)}), TWELVE)
    assert joined.components == 1
    # against the reference 0 and 2 lie at -1; 1 at 0; 3, equal to 2, at -1: the middle of the four is -1
    assert joined.bias == pytest.approx(-1.0, abs=0.05)
    assert joined.severity == pytest.approx([0.0, 1.0, 0.0, 0.0], abs=0.05)


def test_the_order_of_rows_and_the_names_of_responses_do_not_matter():
    panel = simulate_panel(PanelPlan(markers=8, responses=200), 3)
    marks = panel.marks
    turned = marks.only(np.arange(marks.n)[::-1] >= 0)  # a copy
    shuffle = np.random.default_rng(0).permutation(marks.n)
    other = marks.only(shuffle)
    renamed = PanelMarks(
        other.marker, 5000 - other.response, other.points, other.at, other.seconds, other.reference, other.earlier,
        other.blank, other.third, other.markers,
    )  # fmt: skip
    one, two = fit_panel(turned, TWELVE), fit_panel(renamed, TWELVE)
    assert two.severity == pytest.approx(one.severity)
    assert two.spread == pytest.approx(one.spread)


def test_standard_errors_tell_the_truth():
    """Over many panels without any habit, severities divided by their standard errors spread like a normal value."""
    plan = PanelPlan(markers=12, responses=300, severe=0, lenient=0, careless=0, drifting=0)
    scores = []
    for seed in range(25):
        fit = fit_panel(simulate_panel(plan, seed).marks, plan.scale)
        scores += ((fit.severity - fit.severity.mean()) / fit.severity_se).tolist()
    assert np.std(scores) == pytest.approx(1.0, abs=0.12)


def test_a_careless_marker_counts_for_less_and_gets_the_spread_that_it_has():
    plan = PanelPlan(markers=10, responses=1500, severe=0, lenient=0, careless=1, drifting=0)
    panel = simulate_panel(plan, 5)
    fit = fit_panel(panel.marks, plan.scale)
    assert panel.habits == {0: Habit.CARELESS}
    assert fit.spread[0] == pytest.approx(2.06, rel=0.12)  # 0.5 and 2.0, and the rounding to whole points
    assert fit.typical_spread == pytest.approx(0.58, rel=0.1)
    assert fit.severity_se[0] > 2 * fit.severity_se[1]
    assert fit.spread_strength[0] > 10
    assert np.abs(fit.spread_strength[1:]).max() < 4


def test_third_marks_do_not_make_the_first_two_look_careless():
    """A third mark exists only where two differ: beside it, everybody differs more than usual."""
    rng = np.random.default_rng(2)
    rows: list[tuple[int, int, float]] = []
    third = set()
    for response in range(900):
        a, b = rng.permutation(3)[:2].tolist()
        one, other = (float(np.clip(round(6 + rng.normal(0, 0.7)), 0, 12)) for _ in (0, 1))
        rows += [(a, response, one), (b, response, other)]
        if abs(one - other) >= 2:
            third.add(len(rows))
            rows.append((3, response, 6.0))
    seen = fit_panel(make_marks(rows, markers=4, third=frozenset(third)), TWELVE)
    without = fit_panel(make_marks([row for at, row in enumerate(rows) if at not in third], markers=3), TWELVE)
    assert seen.spread[:3] == pytest.approx(without.spread, rel=0.05)


def test_nothing_at_all_and_full_agreement_are_no_trouble():
    empty = fit_panel(make_marks([], markers=3), TWELVE)
    assert empty.components == 0
    assert np.isnan(empty.severity).all()
    same = fit_panel(make_marks([(who, at, 5.0) for at in range(30) for who in (0, 1)], markers=2), TWELVE)
    assert same.severity.tolist() == [0.0, 0.0]
    assert (same.severity_se > 0).all()
