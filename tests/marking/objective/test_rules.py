"""The worked examples of domain.md 4, and what must hold for every policy."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marking.objective.rules import (
    AnswerRefused,
    KeyRefused,
    PolicyRefused,
    ScoringRule,
    formula_score,
    parse_answer,
    parse_key,
    parse_policy,
    policy_faults,
    possible_results,
    score_answer,
    score_item,
    section_points,
    total_without_item,
)
from models.paper import Item
from models.words import ItemKind


def points_of(answer, key, points, policy="half", kind=ItemKind.MULTIPLE, options=4, floor="0"):
    rule = ScoringRule(
        kind, options, parse_key(kind, options, key), Decimal(points), parse_policy(policy), Decimal(floor)
    )
    return str(score_answer(rule, parse_answer(kind, options, answer)))


@pytest.mark.parametrize(
    ("key", "answer", "policy", "points", "expected"),
    [
        # domain.md 4.2: K=AC
        ("AC", "AC", "all_or_none", "6", "6"),
        ("AC", "AC", "half", "6", "6"),
        ("AC", "AC", "by_count", "6", "6"),
        ("AC", "A", "all_or_none", "6", "0"),
        ("AC", "A", "half", "6", "3"),
        ("AC", "A", "by_count", "6", "3"),
        ("AC", "A", "flat:2", "5", "2"),
        ("AC", "ABC", "all_or_none", "6", "0"),
        ("AC", "ABC", "half", "6", "0"),
        ("AC", "ABC", "by_count", "6", "0"),
        ("AC", "ABC", "flat:2", "5", "0"),
        # K=ACD
        ("ACD", "ACD", "all_or_none", "6", "6"),
        ("ACD", "ACD", "half", "6", "6"),
        ("ACD", "ACD", "by_count", "6", "6"),
        ("ACD", "ACD", "flat:2", "5", "5"),
        ("ACD", "A", "all_or_none", "6", "0"),
        ("ACD", "A", "half", "6", "3"),
        ("ACD", "A", "by_count", "6", "2"),
        ("ACD", "A", "flat:2", "5", "2"),
        ("ACD", "AC", "all_or_none", "6", "0"),
        ("ACD", "AC", "half", "6", "3"),
        ("ACD", "AC", "by_count", "6", "4"),
        ("ACD", "AC", "flat:2", "5", "2"),
        ("ACD", "AB", "half", "6", "0"),
        ("ACD", "AB", "by_count", "6", "0"),
        ("ACD", "AB", "flat:2", "5", "0"),
        ("ACD", "", "all_or_none", "6", "0"),
        ("ACD", "", "half", "6", "0"),
        ("ACD", "", "by_count", "6", "0"),
        ("ACD", "", "flat:2", "5", "0"),
        ("ABCD", "AB", "by_count", "6", "3"),
        # per option: x = y = 0.5
        ("ACD", "ABC", "per_option:0.5,-0.5", "6", "0.5"),
        ("ACD", "B", "per_option:0.5,-0.5", "6", "0"),
        ("ACD", "ACD", "per_option:0.5,-0.5", "6", "1.5"),
        # tables, by number of right options and by size of the key as well
        ("ACD", "A", "table:1=2,2=4", "6", "2"),
        ("ACD", "CA", "table:1=2,2=4", "6", "4"),
        ("ACD", "A", "table:3/1=2,3/2=4", "6", "2"),
        ("ACD", "AC", "table:3/1=2,3/2=4", "6", "4"),
        ("AC", "A", "table:1=1,2/1=3", "6", "3"),
        # 4.3: one right option
        ("C", "C", "half", "6", "6"),
        ("C", "CD", "half", "6", "0"),
        # a key with alternatives: the better one counts
        ("AB|ACD", "ACD", "half", "6", "6"),
        ("AB|ACD", "B", "half", "6", "3"),
        ("AB|ACD", "BC", "half", "6", "0"),
    ],
)
def test_worked_examples_of_multiple_items(key, answer, policy, points, expected):
    assert points_of(answer, key, points, policy) == expected


@pytest.mark.parametrize(
    ("kind", "key", "answer", "expected"),
    [
        (ItemKind.SINGLE, "A", "A", "3"),
        (ItemKind.SINGLE, "A", "B", "0"),
        (ItemKind.SINGLE, "A", "", "0"),
        (ItemKind.SINGLE, "A", "AB", "0"),
        (ItemKind.SINGLE, "A|C", "C", "3"),
        (ItemKind.SINGLE, "A|C", "A", "3"),
        (ItemKind.SINGLE, "A|C", "AC", "0"),
        (ItemKind.JUDGE, "T", "T", "3"),
        (ItemKind.JUDGE, "T", "F", "0"),
        (ItemKind.JUDGE, "F", "TF", "0"),
        (ItemKind.JUDGE, "T|F", "F", "3"),
    ],
)
def test_single_and_judge_items_earn_all_or_nothing_whatever_the_default_policy(kind, key, answer, expected):
    assert points_of(answer, key, "3", "half", kind=kind) == expected


def test_a_judge_section_with_deductions_has_a_floor():
    marks = [("T", 7), ("F", 2), ("", 1)]  # seven right, two wrong, one blank, +1 and -0.5: domain.md 4.4
    results = [
        Decimal(points_of(answer, "T", "1", "per_option:1,-0.5", kind=ItemKind.JUDGE, floor="-1"))
        for answer, times in marks
        for _ in range(times)
    ]
    assert section_points(results) == Decimal("6.0")
    assert section_points([Decimal("-0.5"), Decimal("-0.5")]) == 0
    assert points_of("F", "T", "1", "per_option:1,-0.5", kind=ItemKind.JUDGE) == "0"


@pytest.mark.parametrize("kind", [ItemKind.SINGLE, ItemKind.JUDGE])
def test_the_one_right_option_earns_full_points_under_every_policy(kind: ItemKind) -> None:
    key = "T" if kind is ItemKind.JUDGE else "B"
    for policy in ("all_or_none", "half", "by_count", "flat:1", "table:1=1", "per_option:0.5,-0.5"):
        assert points_of(key, key, "3", policy, kind=kind) == "3"


def test_formula_score_and_void_items_as_worked_out():
    assert formula_score(30, 9, 4) == 27
    rescaled = total_without_item(Decimal(76), Decimal(0), Decimal(4), Decimal(100))
    assert rescaled == Fraction(7600, 96)
    assert round(float(rescaled), 2) == 79.17


@pytest.mark.parametrize(
    "text",
    [
        "some",
        "half:2",
        "flat",
        "flat:",
        "flat:x",
        "flat:-1",
        "table:",
        "table:1",
        "table:0=1",
        "table:3/3=6",
        "table:1=2,1=3",
        "table:1=-2",
        "per_option:1",
        "per_option:1,2",
        "per_option:1,-1,0",
        "flat:nan",
        "flat:1e400",
        "flat:1_0",
    ],
)
def test_a_policy_that_says_nothing_clear_is_refused(text):
    with pytest.raises(PolicyRefused):
        parse_policy(text)


@pytest.mark.parametrize(
    ("key", "points", "policy", "fault"),
    [
        ("ACD", "5", "by_count", "it can give 5/3 points, which is not whole hundredths"),
        ("AC", "0.01", "half", "it can give 1/200 points, which is not whole hundredths"),
        ("AC", "6", "flat:6.5", "it can give 6.5 points where the item has 6"),
        ("AC", "6", "flat:1.005", "it can give 201/200 points, which is not whole hundredths"),
        ("ACD", "6", "table:1=2", "its table has no entry for 2 right of 3"),
        ("ACD", "1", "per_option:0.5,-0.5", "it can give 1.5 points where the item has 1"),
    ],
)
def test_policies_that_cannot_serve_an_item_are_named(key, points, policy, fault):
    rule = ScoringRule(
        ItemKind.MULTIPLE, 4, parse_key(ItemKind.MULTIPLE, 4, key), Decimal(points), parse_policy(policy)
    )
    assert [str(found) for found in policy_faults(rule)] == [fault]


def test_possible_results_are_exact():
    rule = ScoringRule(ItemKind.MULTIPLE, 4, ("ACD",), Decimal(5), parse_policy("by_count"))
    assert possible_results(rule) == (0, Fraction(5, 3), Fraction(10, 3), 5)
    with pytest.raises(PolicyRefused):
        score_answer(rule, frozenset("A"))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ItemKind.MULTIPLE, "E"),
        (ItemKind.MULTIPLE, ""),
        (ItemKind.MULTIPLE, "A|"),
        (ItemKind.MULTIPLE, "AA"),
        (ItemKind.SINGLE, "AB"),
        (ItemKind.JUDGE, "A"),
    ],
)
def test_keys_that_do_not_fit_their_item_are_refused(kind, text):
    with pytest.raises(KeyRefused):
        parse_key(kind, 4, text)


def test_keys_are_kept_sorted_and_once():
    assert parse_key(ItemKind.MULTIPLE, 4, "dca | AB|ba") == ("ACD", "AB")


def test_an_answer_with_an_unknown_letter_is_refused_not_scored():
    with pytest.raises(AnswerRefused):
        parse_answer(ItemKind.SINGLE, 4, "E")


def test_a_stored_item_scores_through_its_policy_text():
    item = Item("11", ItemKind.MULTIPLE, Decimal(6), options=4, key=("ACD",), policy="by_count")
    assert score_item(item, "AC") == 4
    assert score_item(item, "") == 0


subsets = st.sets(st.sampled_from("ABCD")).map("".join)
policies = st.sampled_from(["all_or_none", "half", "by_count", "flat:2", "table:1=1,2=2,3=3", "per_option:1.5,-1"])


@settings(deadline=None, derandomize=True, max_examples=300)
@given(key=st.sets(st.sampled_from("ABCD"), min_size=1).map("".join), answer=subsets, policy=policies)
def test_a_score_is_one_of_the_possible_results_within_the_points_and_full_for_the_key(key, answer, policy):
    rule = ScoringRule(ItemKind.MULTIPLE, 4, parse_key(ItemKind.MULTIPLE, 4, key), Decimal(12), parse_policy(policy))
    score = score_answer(rule, frozenset(answer))
    assert 0 <= score <= 12
    assert Fraction(score) in possible_results(rule)
    if not policy.startswith("per_option"):
        assert score_answer(rule, frozenset(key)) == 12
        assert score == 0 or set(answer) <= set(key)
