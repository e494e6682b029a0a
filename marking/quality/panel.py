"""What the quality figures are computed from: every mark of a marking group as columns of numbers.

In:  nothing; these are plain arrays of one length n. Out: the same, sorted, with what follows from them.
Points are float64 here: severity and its like are estimates. Nothing in this folder settles a score.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scale:
    """What points a response can get. `tolerance` is the largest difference of two marks that agree."""

    full: float
    step: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class PanelMarks:
    """The independent marks of a group in the order in which they were given; every array has shape (n,).

    `marker` counts from 0 to `markers` - 1, `response` from 0. `at` is the moment in seconds, `seconds` how long the
    response was on screen (NaN: unknown). `reference` is the mark that was agreed on beforehand where the response is a
    seed script, `earlier` the marker's own first mark where it was dealt out again; NaN elsewhere. `blank` are
    responses on which nothing is written, `third` marks that were asked for because two others differ too far. Marks of
    leaders who saw the others are not among them: they are not independent.
    """

    marker: Ints
    response: Ints
    points: Floats
    at: Floats
    seconds: Floats
    reference: Floats
    earlier: Floats
    blank: Bools
    third: Bools
    markers: int
    _live: Bools = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep which marks are live work: neither seeds nor repeats."""
        object.__setattr__(self, "_live", np.isnan(self.reference) & np.isnan(self.earlier))

    @property
    def n(self) -> int:
        """How many marks there are."""
        return len(self.marker)

    @property
    def live(self) -> Bools:
        """Marks that can reach a candidate's score."""
        return self._live

    @property
    def seed(self) -> Bools:
        """Marks on seed scripts."""
        return ~np.isnan(self.reference)

    @property
    def repeat(self) -> Bools:
        """Marks on own responses that came again."""
        return ~np.isnan(self.earlier)

    def only(self, chosen: Bools) -> Self:
        """The chosen marks."""
        return type(self)(
            self.marker[chosen],
            self.response[chosen],
            self.points[chosen],
            self.at[chosen],
            self.seconds[chosen],
            self.reference[chosen],
            self.earlier[chosen],
            self.blank[chosen],
            self.third[chosen],
            self.markers,
        )


def count_by(marker: Ints, markers: int) -> Ints:
    """How many rows each marker has, shape (markers,)."""
    return np.bincount(marker, minlength=markers).astype(np.int64)


def mean_by(marker: Ints, values: Floats, markers: int) -> Floats:
    """The mean of each marker's values, NaN where there are none."""
    count = np.bincount(marker, minlength=markers)
    total = np.bincount(marker, weights=values, minlength=markers)
    mean: Floats = np.divide(total, count, out=np.full(markers, np.nan), where=count > 0)
    return mean


def sd_by(marker: Ints, values: Floats, markers: int) -> Floats:
    """The standard deviation (n - 1) of each marker's values, NaN below two."""
    count = np.bincount(marker, minlength=markers)
    away = values - np.nan_to_num(mean_by(marker, values, markers))[marker]
    squares = np.bincount(marker, weights=away**2, minlength=markers)
    sd: Floats = np.sqrt(np.divide(squares, count - 1, out=np.full(markers, np.nan), where=count > 1))
    return sd
