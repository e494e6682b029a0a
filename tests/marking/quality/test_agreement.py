"""The indicators of a marking's quality against the worked examples of the domain, and others done by hand."""

import numpy as np
import pytest

from marking.quality.agreement import agreement, has_safe_marks, is_safe, overlap
from marking.quality.panel import Scale


def test_overlap_of_two_distributions():
    own, everybody = np.array([0.1, 0.2, 0.4, 0.2, 0.1]), np.array([0.05, 0.15, 0.6, 0.15, 0.05])
    assert overlap(own, everybody) == pytest.approx(80.0)
    assert overlap(own * 144, everybody * 20_000) == pytest.approx(80.0)  # counts do as well as shares


def test_safe_marks_of_sixty_points_lie_from_40_8_to_44_4():
    marks = np.array([40.5, 40.8, 42.0, 44.4, 44.5])
    assert is_safe(marks, 60.0).tolist() == [False, True, True, True, False]


def test_a_short_scale_may_have_no_safe_mark_at_all():
    assert has_safe_marks(Scale(60.0, 1.0, 6.0))
    assert has_safe_marks(Scale(12.0, 0.5, 2.0))
    assert not has_safe_marks(Scale(12.0, 1.0, 2.0))


def test_agreement_counts_up_to_and_including_the_tolerance():
    marker = np.array([0, 0, 0, 0, 1])
    own, other = np.array([8.0, 8.0, 9.0, 5.0, 3.0]), np.array([8.0, 9.0, 7.0, 8.0, 3.0])
    found = agreement(marker, own, other, Scale(12.0, 1.0, 2.0), 3)
    assert found.n.tolist() == [4, 1, 0]
    assert found.exact[:2].tolist() == [0.25, 1.0]
    assert found.adjacent[:2].tolist() == [0.5, 1.0]
    assert found.within[:2].tolist() == [0.75, 1.0]
    assert found.failed.tolist() == [1, 0, 0]
    assert found.mean[0] == pytest.approx((0 - 1 + 2 - 3) / 4)
    assert found.sd[0] == pytest.approx(np.std([0, -1, 2, -3], ddof=1))
    assert np.isnan(found.within[2])
    assert np.isnan(found.sd[1])


def test_half_marks_are_not_lost_to_binary_fractions():
    own, other = np.array([0.3]), np.array([0.1])
    assert agreement(np.array([0]), own, other, Scale(1.0, 0.1, 0.2), 1).within.tolist() == [1.0]
