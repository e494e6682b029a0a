"""The limits of alarms: monotone, above those of a single look, and kept by blameless markers."""

import numpy as np
import pytest

from marking.quality.limits import FIRST_LOOK, HORIZONS, SHARES, limit
from marking.quality.ramps import ALARM, ramp

_TWO_SIDED = {0.05: 1.96, 0.01: 2.576, 0.001: 3.291}


@pytest.mark.parametrize("kind", ["level", "drift"])
def test_limits_grow_as_fewer_are_to_be_named_and_as_one_looks_longer(kind):
    by_share = [limit(kind, share, 250) for share in (0.1, *SHARES, 0.0001)]
    by_marks = [limit(kind, 0.01, marks) for marks in (60, *HORIZONS, 6000)]
    assert by_share == sorted(by_share)
    assert by_marks == sorted(by_marks)
    for share, once in _TWO_SIDED.items():
        assert limit(kind, share, 250) > once


@pytest.mark.parametrize("kind", ["level", "drift"])
def test_only_the_stated_share_of_blameless_markers_ever_crosses_the_limit(kind):
    rng = np.random.default_rng(8)
    errors = rng.standard_normal((3000, 250))
    top = np.zeros(3000)
    for n in range(FIRST_LOOK[kind], 251, 5):
        shape = np.ones(n) if kind == "level" else ramp(n, ALARM)
        top = np.maximum(top, np.abs(errors[:, :n] @ shape) / np.linalg.norm(shape))
    assert np.mean(top > limit(kind, 0.05, 250)) == pytest.approx(0.05, abs=0.012)
    assert np.mean(top > limit(kind, 0.01, 250)) == pytest.approx(0.01, abs=0.006)
    assert np.mean(top > 1.96) > 0.15  # what a limit for one look would do
