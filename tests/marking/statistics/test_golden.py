"""The golden sets and worked numbers of domain.md 5, to the digits printed there."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from marking.statistics.balance import balance_of, weighted_variation
from marking.statistics.cuts import (
    line_by_rank,
    near_line,
    percentile_ranks_of,
    ranks_of,
    t500_scores_of,
    t_scores_of,
    z_scores_of,
)
from marking.statistics.distribution import bands_of, one_by_one, summarize
from marking.statistics.items import extremes_of, figures_of, point_biserial
from marking.statistics.matrix import deviation_of, mean_of
from marking.statistics.reliability import alpha_of, standard_error
from models.paper import Rules
from models.words import Denominator

TS1 = (95, 88, 88, 76, 72, 60, 60, 59, 38, 0)
TS2_TOTALS = (98, 92, 90, 85, 80, 76, 70, 64, 55, 48, 40)
TS2_ITEM = (4, 4, 3, 4, 3, 2, 3, 2, 1, 1, 0)
FULL = Decimal(100)


def hundredths(values):
    return np.array([round(Fraction(str(value)) * 100) for value in values], dtype=np.int64)


def test_ts1_points():
    summary = summarize(hundredths(TS1), FULL, Rules(), 11)
    assert (summary.n, summary.mean, summary.max, summary.min, summary.median) == (10, 63.6, 95, 0, 66)
    assert round(summary.sd, 2) == 26.74
    assert summary.score_rate == 0.636
    assert round(summarize(hundredths([*TS1, 0]), FULL, Rules(), 11).mean, 2) == 57.82
    without_zero = summarize(hundredths(TS1[:-1]), FULL, Rules(), 11)
    assert (round(without_zero.mean, 2), round(without_zero.sd, 2)) == (70.67, 17.17)


def test_ts1_rates():
    summary = summarize(hundredths(TS1), FULL, Rules(), 11)
    assert (summary.pass_rate, summary.excellent_rate, summary.good_rate, summary.low_rate) == (0.7, 0.3, 0.2, 0.2)
    other = summarize(hundredths(TS1), FULL, Rules(excellent=Decimal("0.80"), low=Decimal("0.30")), 11)
    assert (other.excellent_rate, other.low_rate) == (0.3, 0.1)
    enrolled = summarize(hundredths(TS1), FULL, Rules(denominator=Denominator.ENROLLED), 11)
    assert round(enrolled.pass_rate, 4) == 0.6364
    assert enrolled.mean == 63.6


def test_thresholds_are_inclusive_and_exact():
    # 0.85 x 120 = 102 exactly; a float would give 101.99999999999999
    at = summarize(hundredths([102, "101.99"]), Decimal(120), Rules(), 2)
    assert at.excellent_rate == 0.5
    low = summarize(hundredths([48, "47.99"]), Decimal(120), Rules(), 2)
    assert low.low_rate == 0.5


def test_ts1_ranks_bands_and_one_by_one():
    values = hundredths(TS1)
    assert ranks_of(values).tolist() == [1, 2, 2, 4, 5, 6, 6, 8, 9, 10]
    assert ranks_of(values, "dense").tolist() == [1, 2, 2, 3, 4, 5, 5, 6, 7, 8]
    assert [band.count for band in bands_of(values, FULL, Decimal(10))] == [1, 2, 2, 2, 1, 0, 1, 0, 0, 1]
    lines = [(line.score_hundredths // 100, line.count, line.cumulative) for line in one_by_one(values)]
    assert lines == [(95, 1, 1), (88, 2, 3), (76, 1, 4), (72, 1, 5), (60, 2, 7), (59, 1, 8), (38, 1, 9), (0, 1, 10)]


def test_bands_count_down_from_the_top_and_are_closed_below():
    bands = bands_of(hundredths([88.5, 90, 100]), FULL, Decimal(10))
    assert [(str(band.low), str(band.high), band.count) for band in bands[:2]] == [("90", "100", 2), ("80", "90", 1)]
    bands = bands_of(hundredths([115, 110, 5, 4, 0]), Decimal(115), Decimal(10))
    assert [(band.low, band.high, band.count) for band in (bands[0], bands[-2], bands[-1])] == [
        (105, 115, 2),
        (5, 15, 1),
        (0, 5, 2),
    ]


def test_ts1_standard_scores_and_percentile_ranks():
    values = hundredths(TS1)
    assert round(float(z_scores_of(values)[1]), 4) == 0.9126
    assert round(float(t_scores_of(values)[1]), 2) == 59.13
    assert round(float(t500_scores_of(values)[1]), 2) == 591.26
    assert percentile_ranks_of(values)[[0, 1, 5, 9]].tolist() == [95, 80, 40, 5]
    assert z_scores_of(hundredths([7, 7])).tolist() == [0, 0]


def test_the_teaching_example_of_standard_scores():
    values = hundredths([74, 79, 80, 83])
    assert round(deviation_of(values), 2) == 3.24
    assert [round(float(z), 2) for z in z_scores_of(values)] == [-1.54, 0, 0.31, 1.23]


def test_lines_by_rank_take_all_ties_and_near_is_below_the_line():
    values = hundredths(TS1)
    line = line_by_rank(values, 2)
    assert (line.score_hundredths, line.count) == (8800, 3)
    assert line_by_rank(values, 99).count == 10
    assert line_by_rank(hundredths([]), 3) is None
    assert values[near_line(values, 6000, 300)].tolist() == [5900]


def test_ts2_item_figures():
    names = [f"{n:02}" for n in range(11)]
    figures = figures_of(hundredths(TS2_ITEM), hundredths(TS2_TOTALS), names, Decimal(4), Decimal("0.27"))
    assert round(figures.facility, 4) == 0.6136
    assert figures.discrimination == 0.75
    assert round(figures.r_total, 4) == 0.9404
    assert round(figures.r_rest, 4) == 0.9312
    groups = extremes_of(hundredths(TS2_TOTALS), names, Decimal("0.27"))
    assert (groups.high.tolist(), groups.low.tolist()) == ([0, 1, 2], [8, 9, 10])
    item = hundredths(TS2_ITEM)
    assert (round(float(mean_of(item[groups.high]) / 4), 4), round(float(mean_of(item[groups.low]) / 4), 4)) == (
        0.9167,
        0.1667,
    )


@pytest.mark.parametrize(("n", "size"), [(2, 1), (3, 1), (4, 2), (11, 3), (100, 27), (101, 28)])
def test_extreme_groups_are_ceil_of_27_percent_exactly(n, size):
    groups = extremes_of(hundredths(range(n)), [f"{k:03}" for k in range(n)], Decimal("0.27"))
    assert (len(groups.high), len(groups.low)) == (size, size)
    assert set(groups.high.tolist()).isdisjoint(groups.low.tolist())


def test_ts3_point_biserial():
    right = np.array([1, 1, 1, 0, 1, 0, 0, 0], dtype=np.bool_)
    totals = hundredths([90, 85, 80, 75, 70, 65, 60, 55])
    assert float(mean_of(totals[right])) == 81.25
    assert float(mean_of(totals[~right])) == 63.75
    assert round(deviation_of(totals), 4) == 11.4564
    assert round(point_biserial(right, totals), 4) == 0.7638


def test_ts4_alpha():
    scores = hundredths([2, 3, 5, 1, 3, 4, 2, 2, 3, 0, 1, 2]).reshape(4, 3)
    assert [deviation_of(scores[:, k]) ** 2 for k in range(3)] == pytest.approx([0.6875, 0.6875, 1.25])
    assert deviation_of(scores.sum(axis=1)) ** 2 == pytest.approx(6.5)
    alpha = alpha_of(scores)
    assert round(alpha, 4) == 0.8942
    assert standard_error(math.sqrt(6.5), alpha) == pytest.approx(math.sqrt(6.5) * math.sqrt(1 - alpha))
    assert alpha_of(scores[:, :1]) is None
    assert alpha_of(scores[:1]) is None
    assert alpha_of(np.full((4, 3), 200, dtype=np.int64)) is None


def test_ts5_between_school_share():
    schools = [[60, 64, 68, 72], [70, 74, 78, 82], [80, 84, 88, 92]]
    balance = balance_of([hundredths(school) for school in schools])
    assert round(balance.eta2, 4) == 0.7692
    assert round(balance.icc, 4) == 0.7778


def test_unequal_schools_use_their_typical_size():
    # by hand: n 2, 3; sums 6, 24; SS_T = 4+16+36+64+100-900/5 = 40; SS_B = 18+192-180 = 30; SS_W = 10
    # MS_B = 30, MS_W = 10/3, n0 = 5 - 13/5 = 2.4; ICC = (80/3) / (30 + 1.4*10/3)
    balance = balance_of([hundredths([2, 4]), hundredths([6, 8, 10])])
    assert balance.eta2 == 0.75
    assert balance.icc == pytest.approx((80 / 3) / (30 + 14 / 3))


def test_variation_between_schools_is_weighted_by_size():
    books = [(45, 279), (37, 137), (89, 935), (76, 160), (55, 402)]
    assert round(weighted_variation([n for n, _ in books], [Fraction(b, n) for n, b in books]), 4) == 0.5153
    means = [Fraction(72), Fraction(81), Fraction(66)]
    assert round(weighted_variation([120, 200, 80], means), 4) == 0.0806
    assert round(weighted_variation([1, 1, 1], means), 4) == 0.0844
    assert weighted_variation([5], [Fraction(3)]) is None
    assert weighted_variation([5, 5], [Fraction(0), Fraction(0)]) is None


def test_balance_is_undefined_rather_than_zero():
    assert balance_of([hundredths([1, 2])]).cv is None
    even = balance_of([hundredths([5, 5]), hundredths([5, 5])])
    assert (even.cv, even.eta2, even.icc) == (0, None, None)
    assert balance_of([hundredths([5]), hundredths([7])]).icc is None
    assert balance_of([hundredths([0, 10]), hundredths([0, 10])]).icc == 0


def test_nothing_is_said_about_nobody():
    summary = summarize(hundredths([]), FULL, Rules(), 3)
    assert summary.n == 0
    assert (summary.mean, summary.sd, summary.pass_rate) == (None, None, None)
    one = figures_of(hundredths([3]), hundredths([50]), ["1"], Decimal(4), Decimal("0.27"))
    assert (one.facility, one.discrimination, one.r_total) == (0.75, None, None)
