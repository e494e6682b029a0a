"""Simulated markers: what a marker of known severity gives for an answer of known worth.

A pure function of habit and key: the same marker gives the same answer the same mark, whoever asks, in any order.
The driving through the HTTP calls is done elsewhere.
"""

from dataclasses import dataclass
from decimal import Decimal
from zlib import crc32

import numpy as np

from models.points import round_half_up


@dataclass(frozen=True, slots=True)
class MarkerHabit:
    """`severity` is a share of the full mark taken off (negative: generous); `noise` the spread, also a share."""

    severity: float
    noise: float
    seconds: float


def marker_habit(seed: int, username: str) -> MarkerHabit:
    """The habit of one marker: most are within 3 % of the truth, a few are harsh."""
    rng = np.random.default_rng([seed, 5, crc32(username.encode())])
    return MarkerHabit(
        severity=float(np.clip(rng.normal(0.0, 0.02), -0.06, 0.06)),
        noise=float(rng.uniform(0.015, 0.05)),
        seconds=float(rng.uniform(4, 15)),
    )


def give_mark(true: Decimal, full: Decimal, step: Decimal, habit: MarkerHabit, key: str) -> Decimal:
    """The points given: a multiple of `step` in 0..`full`; `key` names marker, task and part.

    Nothing and everything are plain to see, so they are nearly always marked as they are.
    """
    rng = np.random.default_rng([6, crc32(key.encode())])
    drawn = float(rng.normal(0.0, habit.noise)) - habit.severity
    if true in (Decimal(0), full) and abs(drawn) < 0.08:
        return true
    given = round_half_up(true + Decimal(str(round(drawn, 6))) * full, step)
    top = full - full % step
    return min(max(given, Decimal(0)), top)
