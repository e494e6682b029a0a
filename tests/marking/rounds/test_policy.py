"""The worked examples of domain.md 3 and its invariants (3.9)."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marking.rounds.policy import IllegalMark, SettleRules, TooManyMarks, check_mark, check_step, rules_of, settle
from models.paper import Group, GroupPart
from models.points import round_half_up, show_points
from models.words import Boundary, Compare, MarkingMode, NextMark, ScoreSource

SINGLE, LEADER, CHECK = MarkingMode.SINGLE, MarkingMode.LEADER, MarkingMode.LEADER_CHECK
DOUBLE, THIRD, DOUBLE_LEADER = MarkingMode.DOUBLE, MarkingMode.DOUBLE_THIRD, MarkingMode.DOUBLE_LEADER


def rules(mode, full, tolerance, step="0.5", boundary=Boundary.INCLUSIVE):
    part = GroupPart("16", "16", Decimal(full), Decimal(step))
    return SettleRules(mode, (part,), Decimal(full), Decimal(tolerance), boundary)


def settled(marks, chosen):
    outcome = settle([{"16": Decimal(mark)} for mark in marks.split()], chosen)
    points = None if outcome.points is None else show_points(outcome.points)
    assert outcome.points is None or sum(outcome.parts.values()) == outcome.points
    return points, outcome.source, outcome.next


ROWS = [  # domain.md 3.3
    ("1", THIRD, 12, 2, "8 9", "8.5", "double"),
    ("2", THIRD, 12, 2, "8 10", "9", "double"),
    ("3", THIRD, 12, 2, "8 11 9", "8.5", "third"),
    ("4", THIRD, 12, 2, "8 11 10", "10.5", "third"),
    ("5", THIRD, 12, 3, "6 12 8", "7", "third"),
    ("6", THIRD, 12, 3, "6 12 10.5", "11.25", "third"),
    ("7", THIRD, 12, 3, "6 12 9", "10.5", "third_tie"),
    ("8", THIRD, 20, 3, "10 16 13", "14.5", "third_tie"),
    ("9", THIRD, 12, 2, "4 12 8 7", "7", "adjudicated"),
    ("10", THIRD, 60, 6, "40 54 47 46", "46", "adjudicated"),
    ("11", THIRD, 60, 6, "48 57 52", "50", "third"),
    ("12", THIRD, 60, 6, "42 51 46", "44", "third"),
    ("13", THIRD, 60, 6, "42 51 47", "49", "third"),
    ("14 within", DOUBLE, 10, 1, "7 8", "7.5", "double"),
    ("14 outside", DOUBLE, 10, 1, "7 9 8", "8", "adjudicated"),
    ("15", LEADER, 10, 0, "6 7", "7", "leader"),
    ("16 within", CHECK, 10, 2, "6 7", "7", "leader"),
    ("16 outside", CHECK, 10, 2, "3 7 5", "5", "adjudicated"),
    ("17", LEADER, 10, 0, "9 6", "6", "leader"),
    ("18", DOUBLE_LEADER, 10, 2, "4 7 5", "4.5", "third"),
    ("19", DOUBLE_LEADER, 10, 2, "1 8 5 5.5", "5.5", "adjudicated"),
    ("20", DOUBLE_LEADER, 10, 2, "2 8 7", "7.5", "third"),
]


@pytest.mark.parametrize(("row", "mode", "full", "tolerance", "marks", "points", "source"), ROWS)
def test_worked_examples(row, mode, full, tolerance, marks, points, source):
    assert settled(marks, rules(mode, full, tolerance)) == (points, ScoreSource(source), None)


def test_worked_example_21_and_the_two_readings_of_the_boundary():
    strict = rules(THIRD, 10, 2, boundary=Boundary.STRICT)
    assert settled("8 10", strict) == (None, None, NextMark.THIRD)
    assert settled("8 10 9", strict) == ("9.5", ScoreSource.THIRD_TIE, None)
    assert settled("8 10", rules(THIRD, 10, 2)) == ("9", ScoreSource.DOUBLE, None)


def test_equal_marks_settle_under_every_boundary_even_without_any_tolerance():
    assert settled("8 8", rules(THIRD, 10, 0, boundary=Boundary.STRICT)) == ("8", ScoreSource.DOUBLE, None)
    assert settled("7 7", rules(CHECK, 10, 0, boundary=Boundary.STRICT)) == ("7", ScoreSource.LEADER, None)
    assert settled("8 8.5", rules(THIRD, 10, 0, boundary=Boundary.STRICT)) == (None, None, NextMark.THIRD)


@pytest.mark.parametrize(
    ("mode", "marks", "waits_for"),
    [
        (LEADER, "6", "leader"),
        (CHECK, "6", "leader"),
        (CHECK, "3 7", "adjudication"),
        (DOUBLE, "7", "second"),
        (DOUBLE, "7 10", "adjudication"),
        (THIRD, "7", "second"),
        (THIRD, "4 10", "third"),
        (THIRD, "1 10 5", "adjudication"),
        (DOUBLE_LEADER, "7", "second"),
        (DOUBLE_LEADER, "4 10", "leader"),
        (DOUBLE_LEADER, "1 10 5", "adjudication"),
    ],
)
def test_unsettled_marks_say_whose_mark_is_needed(mode, marks, waits_for):
    assert settled(marks, rules(mode, 10, 2)) == (None, None, NextMark(waits_for))


def test_one_mark_settles_where_one_person_marks():
    assert settled("6.5", rules(SINGLE, 10, 0)) == ("6.5", ScoreSource.SINGLE, None)


def test_a_real_engine_loses_three_and_a_half_marks_on_these():
    # 6, 12, 9 with tolerance 3: taking the first marker and dividing whole numbers gives 7 (domain.md 3.2)
    assert settled("6 12 9", rules(THIRD, 12, 3, step="1"))[0] == "10.5"
    assert settled("12 6 9", rules(THIRD, 12, 3, step="1"))[0] == "10.5"


@pytest.mark.parametrize(
    ("value", "to", "rounded"),
    [("7.75", "0.5", "8"), ("11.25", "0.5", "11.5"), ("11.25", "1", "11"), ("26.5", "0.5", "26.5")],
)
def test_rounding_is_half_up(value, to, rounded):
    assert round_half_up(Decimal(value), Decimal(to)) == Decimal(rounded)


def test_rounding_each_item_inflates_a_total_by_half_a_mark():
    items = [Decimal("8.5"), Decimal("7.75"), Decimal("10.25")]
    assert sum(items) == Decimal("26.5")
    assert sum(round_half_up(item, Decimal(1)) for item in items) == 27


def parted(compare, tolerance, mode=THIRD):
    parts = tuple(GroupPart(f"16({n})", "16", Decimal(4), Decimal(1)) for n in (1, 2, 3))
    return SettleRules(mode, parts, Decimal(12), Decimal(tolerance), compare=compare)


def mark(*points):
    return {f"16({n})": Decimal(value) for n, value in enumerate(points, start=1)}


def test_parts_are_averaged_one_by_one_and_a_disagreement_is_flagged():
    outcome = settle([mark(3, 1, 4), mark(1, 3, 4)], parted(Compare.TOTAL, 0))
    assert outcome.points == 8
    assert outcome.parts == mark(2, 2, 4)
    assert outcome.parts_disagree
    assert not settle([mark(3, 1, 4), mark(3, 1, 4)], parted(Compare.TOTAL, 0)).parts_disagree
    assert settle([mark(3, 1, 4), mark(1, 3, 4)], parted(Compare.EACH, 1)).next is NextMark.THIRD
    assert settle([mark(3, 1, 4), mark(2, 2, 4)], parted(Compare.EACH, 1)).points == 8


def test_both_asks_for_the_total_and_each_part():
    assert settle([mark(2, 2, 2), mark(3, 3, 3)], parted(Compare.EACH, 1)).points == Decimal("7.5")
    assert settle([mark(2, 2, 2), mark(3, 3, 3)], parted(Compare.BOTH, 1)).next is NextMark.THIRD
    assert settle([mark(3, 1, 4), mark(1, 3, 4)], parted(Compare.BOTH, 1)).next is NextMark.THIRD
    assert settle([mark(3, 1, 4), mark(2, 2, 4)], parted(Compare.BOTH, 1)).points == 8


def test_a_tie_of_parts_uses_the_third_with_the_higher_of_the_others():
    a, b, c = mark(4, 0, 0), mark(0, 4, 1), mark(2, 2, 1)
    for first, second in ((a, b), (b, a)):
        outcome = settle([first, second, c], parted(Compare.EACH, 2))
        assert outcome.source is ScoreSource.THIRD_TIE
        assert outcome.parts == mark(1, 3, 1)


def test_marks_of_different_chosen_items_never_agree():
    parts = tuple(GroupPart(no, no, Decimal(12), Decimal(1)) for no in ("20", "21"))
    chosen = SettleRules(DOUBLE, parts, Decimal(12), Decimal(2))
    assert settle([{"20": Decimal(8)}, {"21": Decimal(8)}], chosen).next is NextMark.ADJUDICATION
    assert settle([{"20": Decimal(8)}, {"20": Decimal(9)}], chosen).points == Decimal("8.5")
    with pytest.raises(IllegalMark):
        settle([{"20": Decimal(8), "21": Decimal(8)}], chosen)


@pytest.mark.parametrize("points", ["12.5", "-1", "0.3", "10.25"])
def test_illegal_points_are_refused(points):
    with pytest.raises(IllegalMark):
        settle([{"16": Decimal(points)}], rules(SINGLE, 12, 0))


def test_marks_must_name_the_parts_of_the_group():
    with pytest.raises(IllegalMark):
        check_mark({"17": Decimal(1)}, rules(SINGLE, 12, 0))
    with pytest.raises(IllegalMark):
        check_mark({"16(1)": Decimal(1)}, parted(Compare.TOTAL, 0))
    with pytest.raises(IllegalMark):
        check_mark({}, rules(SINGLE, 12, 0))


@pytest.mark.parametrize(
    ("mode", "marks"), [(SINGLE, "8 8"), (LEADER, "8 8 8"), (CHECK, "6 7 5"), (DOUBLE, "7 8 8"), (THIRD, "4 10 9 9")]
)
def test_a_mark_after_the_deciding_one_is_refused(mode, marks):
    with pytest.raises(TooManyMarks):
        settled(marks, rules(mode, 10, 2))


def test_nothing_settles_without_a_mark():
    with pytest.raises(ValueError, match="without a mark"):
        settle([], rules(SINGLE, 12, 0))


@pytest.mark.parametrize(
    ("step", "fine"), [("0.02", True), ("0.5", True), ("0.01", False), ("0", False), ("0.25", False)]
)
def test_half_of_a_step_is_whole_hundredths(step, fine):
    if fine:
        check_step(Decimal(step))
    else:
        with pytest.raises(IllegalMark):
            check_step(Decimal(step))


def test_the_rules_of_a_group_are_its_own():
    part = GroupPart("22", "22", Decimal(60), Decimal(1))
    group = Group("essay", "作文", (part,), THIRD, Decimal(6), Boundary.STRICT, Compare.BOTH, Decimal(60))
    assert rules_of(group) == SettleRules(THIRD, (part,), Decimal(60), Decimal(6), Boundary.STRICT, Compare.BOTH)


halves = st.integers(0, 24).map(lambda n: Decimal(n) / 2)
tolerances = st.integers(0, 12).map(lambda n: Decimal(n) / 2)
boundaries = st.sampled_from(list(Boundary))


@settings(deadline=None, derandomize=True, max_examples=400)
@given(st.sampled_from([DOUBLE, THIRD, DOUBLE_LEADER]), halves, halves, halves, halves, tolerances, boundaries)
def test_order_of_the_first_two_makes_no_difference_and_results_stay_between_the_marks(
    mode, a, b, c, e, tolerance, boundary
):
    chosen = rules(mode, 12, tolerance, boundary=boundary)
    given_marks = [a, b, c, e]
    for count in range(2, 5):
        try:
            outcome = settle([{"16": points} for points in given_marks[:count]], chosen)
        except TooManyMarks:
            with pytest.raises(TooManyMarks):
                settle([{"16": points} for points in [b, a, c, e][:count]], chosen)
            continue
        mirrored = settle([{"16": points} for points in [b, a, c, e][:count]], chosen)
        assert outcome == mirrored
        assert outcome.is_settled == (outcome.next is None) == (outcome.source is not None)
        if outcome.points is not None:
            assert 0 <= outcome.points <= 12
            assert sum(outcome.parts.values()) == outcome.points
            if outcome.source is not ScoreSource.ADJUDICATED:
                used = given_marks[:count]
                assert min(used) <= outcome.points <= max(used)
            else:
                assert outcome.points == given_marks[count - 1]


@settings(deadline=None, derandomize=True, max_examples=200)
@given(halves, tolerances)
def test_equal_marks_settle_at_themselves_under_the_inclusive_boundary(a, tolerance):
    for mode in (DOUBLE, THIRD, DOUBLE_LEADER, CHECK, LEADER):
        outcome = settle([{"16": a}, {"16": a}], rules(mode, 12, tolerance))
        assert outcome.points == a


three = st.tuples(*[st.integers(0, 4)] * 3)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(three, three, three, st.sampled_from(list(Compare)), st.integers(0, 4))
def test_parts_add_up_and_who_marked_first_does_not_matter(a, b, c, compare, tolerance):
    chosen = parted(compare, tolerance)
    try:
        outcome = settle([mark(*a), mark(*b), mark(*c)], chosen)
    except TooManyMarks:
        outcome = settle([mark(*a), mark(*b)], chosen)
        assert outcome == settle([mark(*b), mark(*a)], chosen)
        assert outcome.source is ScoreSource.DOUBLE
    else:
        assert outcome == settle([mark(*b), mark(*a), mark(*c)], chosen)
    if outcome.points is not None:
        assert sum(outcome.parts.values()) == outcome.points
