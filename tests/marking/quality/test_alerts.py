"""Whom the board names: the simulated panel whose habits are known, and habits one at a time."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.panel import NEVER, REASON_OF, first_named, study
from marking.quality.alerts import AlarmPolicy, Reason, judge
from marking.quality.drift import find_drift
from marking.quality.fit import fit_panel
from marking.quality.panel import PanelMarks, Scale
from samples.panel import Habit, PanelPlan, simulate_panel

NOBODY = PanelPlan(markers=12, responses=900, severe=0, lenient=0, careless=0, drifting=0)


def test_the_panel_names_its_seven_constant_markers_by_40_percent_and_hardly_anybody_else():
    found = study(PanelPlan(), seeds=5, looks=5)
    assert found.seven_by_40 == 5
    assert found.latest_constant <= 0.4
    assert max(found.drift_named_at) <= 0.8
    assert sum(share <= 0.6 for share in found.drift_named_at) >= 3
    assert found.others_a_panel <= 0.5


def test_a_drift_that_is_complete_by_60_percent_is_named_by_then():
    found = study(PanelPlan(drift_ends=0.6), seeds=4, looks=5)
    assert found.eight_by_60 == 4


@pytest.mark.nightly
@pytest.mark.parametrize("drift_ends", [1.0, 0.6])
def test_twenty_panels_looked_at_after_every_five_percent(drift_ends):
    found = study(PanelPlan(drift_ends=drift_ends), seeds=20, looks=20)
    assert found.seven_by_40 == 20
    assert found.eight_by_60 >= (20 if drift_ends < 1 else 15)
    assert found.others_a_panel <= 0.5


def test_a_constant_marker_is_severe_and_not_said_to_drift():
    habits, named = first_named(replace(PanelPlan(), drifting=0), 1, 5)
    assert all(named.get((marker, REASON_OF[habit]), NEVER) <= 0.4 for marker, habit in habits.items())
    drifting = {marker for marker, reason in named if reason in (Reason.HARSHER, Reason.MILDER)}
    assert not drifting & {marker for marker, habit in habits.items() if habit is not Habit.CARELESS}


def test_without_any_habit_far_fewer_are_named_than_a_limit_for_one_look_would_name():
    named_careful, named_careless = 0, 0
    for seed in range(8):
        panel = simulate_panel(NOBODY, seed)
        for share in (0.2, 0.4, 0.6, 0.8, 1.0):
            found = judge(panel.until(share), NOBODY.scale, planned=150)
            named_careful += len({alert.marker for alert in found.alerts})
            level = found.fit.severity / found.fit.severity_se
            named_careless += int(np.count_nonzero(np.abs(level) > 1.96))
    assert named_careful <= 3
    assert named_careless >= 20


def _drifting(panel_plan: PanelPlan, seed: int) -> tuple[PanelMarks, Scale]:
    return simulate_panel(panel_plan, seed).marks, panel_plan.scale


def test_a_drift_is_said_with_its_size_and_its_beginning():
    plan = replace(NOBODY, drifting=1, drift=-2.0, drift_begins=0.5)
    marks, scale = _drifting(plan, 2)
    fit = fit_panel(marks, scale)
    moved = find_drift(marks, fit)
    assert moved.strength[0] < -6
    assert moved.change[0] == pytest.approx(-2.0, abs=4 * moved.change_se[0])
    assert 0.3 <= moved.begins[0] <= 0.6
    alert = next(a for a in judge(marks, scale, 150).alerts if a.marker == 0 and a.reason is Reason.HARSHER)
    assert alert.value == pytest.approx(moved.change[0])
    assert alert.begins == moved.begins[0]


def test_growing_milder_is_told_apart_from_growing_harsher():
    plan = replace(NOBODY, drifting=1, drift=2.0)
    marks, scale = _drifting(plan, 4)
    reasons = {a.reason for a in judge(marks, scale, 150).alerts if a.marker == 0}
    assert Reason.MILDER in reasons
    assert Reason.HARSHER not in reasons


def _changed(marks: PanelMarks, **columns: np.ndarray) -> PanelMarks:
    values = {
        name: getattr(marks, name)
        for name in ("marker", "response", "points", "at", "seconds", "reference", "earlier", "blank", "third")
    }
    return PanelMarks(**{**values, **columns}, markers=marks.markers)


def _reasons(marks: PanelMarks, marker: int, scale: Scale = NOBODY.scale) -> set[Reason]:
    return {alert.reason for alert in judge(marks, scale, planned=150).alerts if alert.marker == marker}


def test_playing_safe_is_named():
    marks = simulate_panel(NOBODY, 6).marks
    own = marks.live & (marks.marker == 3)
    pulled = np.where(own, np.round(8 + (marks.points - 8) * 0.4), marks.points)
    assert Reason.SAFE in _reasons(_changed(marks, points=pulled), 3)
    assert Reason.SAFE not in _reasons(marks, 3)


def test_one_mark_again_and_again_is_named_where_chance_does_not_explain_it():
    marks = simulate_panel(NOBODY, 6).marks
    own = np.flatnonzero(marks.live & (marks.marker == 5))[40:55]
    same = marks.points.copy()
    same[own] = 7.0
    assert Reason.STRAIGHT in _reasons(_changed(marks, points=same), 5)
    # where nearly every response deserves full marks, long runs of them are nothing
    easy = _changed(marks, points=np.where(np.arange(marks.n) % 25 == 0, 0.0, 12.0))
    assert all(Reason.STRAIGHT not in _reasons(easy, marker) for marker in range(12))
    # nor are runs of zeros on blank responses
    blank = np.zeros(marks.n, dtype=bool)
    blank[own] = True
    assert Reason.STRAIGHT not in _reasons(_changed(marks, points=same, blank=blank), 5)


def test_haste_is_named():
    marks = simulate_panel(NOBODY, 6).marks
    hasty = np.where(marks.marker == 2, marks.seconds / 4, marks.seconds)
    assert _reasons(_changed(marks, seconds=hasty), 2) == {Reason.HASTY}


def test_failing_seeds_and_contradicting_oneself_are_named():
    marks = simulate_panel(replace(NOBODY, seed_every=10), 6).marks
    failed = np.where(marks.seed & (marks.marker == 1), np.minimum(marks.reference + 4, 12.0), marks.points)
    failed = np.where(marks.seed & (marks.marker == 1) & (marks.reference > 8), marks.reference - 4, failed)
    assert Reason.SEEDS in _reasons(_changed(marks, points=failed), 1)
    earlier = np.full(marks.n, np.nan)
    for marker in (1, 2):
        again = np.flatnonzero(marks.live & (marks.marker == marker))[100:112]
        earlier[again] = marks.points[again] + (4 if marker == 1 else 0)
    found = _changed(marks, earlier=earlier)
    assert Reason.SELF in _reasons(found, 1)
    assert Reason.SELF not in _reasons(found, 2)


def test_two_markers_alone_who_differ_are_both_told_since_nobody_knows_who_is_right():
    plan = replace(NOBODY, markers=2, responses=120, severe=1, severity=-1.6, seed_every=0)
    found = judge(simulate_panel(plan, 1).marks, plan.scale, planned=120)
    assert {(a.marker, a.reason) for a in found.alerts} >= {(0, Reason.APART), (1, Reason.APART)}
    assert not {a.reason for a in found.alerts} & {Reason.SEVERE, Reason.LENIENT}


def test_whoever_shares_nothing_with_the_others_is_said_to_be_incomparable():
    marks = simulate_panel(NOBODY, 6).marks
    apart = marks.only(~((marks.marker == 7) & marks.seed))
    response = np.where(apart.marker == 7, apart.response + 100_000, apart.response)
    assert Reason.UNCONNECTED in _reasons(_changed(apart, response=response), 7)
    assert Reason.UNCONNECTED not in _reasons(_changed(apart, response=response), 6)


def test_single_marks_are_judged_by_the_mean_since_responses_are_dealt_at_random():
    plan = replace(NOBODY, severe=1, severity=-3.0, seed_every=0)
    marks = simulate_panel(plan, 1).marks
    _, first = np.unique(marks.response, return_index=True)
    once = marks.only(np.isin(np.arange(marks.n), first))
    found = {(a.marker, a.reason) for a in judge(once, plan.scale, planned=75).alerts}
    assert (0, Reason.SEVERE) in found
    assert not {who for who, reason in found if reason in (Reason.SEVERE, Reason.LENIENT)} - {0}


def test_a_whole_group_beside_the_reference_marks_is_told_as_such():
    marks = simulate_panel(replace(NOBODY, seed_every=10), 6).marks
    found = judge(_changed(marks, reference=np.minimum(marks.reference + 1, 12.0)), NOBODY.scale, planned=150)
    alert = next(alert for alert in found.alerts if alert.marker is None)
    assert alert.reason is Reason.GROUP_BIAS
    assert alert.value == pytest.approx(-1.0, abs=0.2)
    assert not {a.reason for a in found.alerts if a.marker is not None} & {Reason.SEVERE, Reason.LENIENT}


def test_nothing_marked_yet_names_nobody():
    marks = simulate_panel(NOBODY, 6).marks
    found = judge(marks.only(np.zeros(marks.n, dtype=bool)), NOBODY.scale, planned=0)
    assert found.alerts == ()


def test_the_budgets_of_false_alarms_stay_below_one_in_two_panels():
    rules = AlarmPolicy()
    assert (rules.severity + rules.spread + rules.drift + rules.seeds + rules.own + rules.safe + rules.straight) <= 0.5
