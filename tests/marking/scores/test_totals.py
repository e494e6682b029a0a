"""Totals over papers: every number worked out by hand."""

from decimal import Decimal
from typing import Literal

import pytest

from marking.scores.totals import exam_total
from models.paper import Total, TotalPart

Absent = Literal["none", "zero", "sum_of_present"]
MATH, ENGLISH = "math", "eng"


def total_of(absent: Absent) -> Total:
    parts = (TotalPart(MATH, Decimal("0.5")), TotalPart(ENGLISH, Decimal("1.5")))
    return Total("total", "总分", parts, absent)


@pytest.mark.parametrize(
    ("absent", "wanted"),
    [("none", None), ("zero", "16.5"), ("sum_of_present", "16.5")],  # 11 x 1.5; absent in the other paper
)
def test_a_paper_that_a_candidate_missed_counts_as_the_total_says(absent: Absent, wanted: str | None) -> None:
    points = exam_total(total_of(absent), {MATH: None, ENGLISH: Decimal(11)}, frozenset({MATH}))
    assert points == (None if wanted is None else Decimal(wanted))


@pytest.mark.parametrize("absent", ["none", "zero", "sum_of_present"])
def test_a_paper_still_in_marking_keeps_the_total_open_whatever_it_says_of_the_absent(absent: Absent) -> None:
    assert exam_total(total_of(absent), {MATH: None, ENGLISH: Decimal(11)}) is None
    assert exam_total(total_of(absent), {ENGLISH: Decimal(11)}) is None
    assert exam_total(total_of(absent), {MATH: None, ENGLISH: None}, frozenset({ENGLISH})) is None


def test_weights_and_the_rounding_to_hundredths() -> None:
    # 96.5 x 0.5 + 11 x 1.5 = 48.25 + 16.5; 96.55 x 0.5 = 48.275, together 64.775, half up
    assert exam_total(total_of("none"), {MATH: Decimal("96.5"), ENGLISH: Decimal(11)}) == Decimal("64.75")
    assert exam_total(total_of("none"), {MATH: Decimal("96.55"), ENGLISH: Decimal(11)}) == Decimal("64.78")


def test_who_missed_everything_has_zero_only_where_missing_counts_as_zero() -> None:
    away = frozenset({MATH, ENGLISH})
    nothing = {MATH: None, ENGLISH: None}
    assert exam_total(total_of("zero"), nothing, away) == 0
    assert exam_total(total_of("sum_of_present"), nothing, away) is None
