"""How severe and how consistent each marker is: a two-way fit of responses and markers, with standard errors.

The model: a mark = what the response deserves + the marker's severity + an error whose spread is the marker's own.
Nothing is assumed of what responses deserve: only marks on the same response are compared, with each other and, on
seed scripts, with the reference mark. Severities are weighted least squares; the spreads come from a second fit, of the
squared differences, and weight the first; the two alternate until they stand still.

In:  PanelMarks, Scale. Out: PanelFit, in points. A negative severity means marks below the others': harsh.
Only markers joined by common responses, directly or through others or seeds, can be compared; `component` says who.
"""

from dataclasses import dataclass

import numpy as np

from marking.quality.panel import Bools, Floats, Ints, PanelMarks, Scale

_ROUNDS = 6  # the weights change by less than one per cent after the fourth
_PRIOR_MARKS = 8.0  # a marker's spread is believed to be the usual one until about so many marks speak
_LEAST_SHARE = 0.2  # of a mark step: the smallest spread that is believed, since marks are given in steps
_WINDSOR = 4.0  # standard errors beyond which one difference counts as if it lay there: a slip of the hand is one slip


@dataclass(frozen=True, slots=True)
class PanelFit:
    """Arrays of shape (markers,). NaN where a marker has nothing in common with anybody.

    `severity` is against the middle (median) of the markers of the same component. `spread` is the standard deviation
    of the marker's own error, `typical_spread` the usual one of the group; `spread_strength` is the evidence, in
    standard errors, that the own one is larger (negative: smaller) than the usual one. `compared` counts the marks that
    could be compared. `component` numbers the connected sets of markers, -1 for a marker who shares nothing.
    `bias` is how far the group as a whole lies from the reference marks, with its standard error; NaN without seeds.
    """

    severity: Floats
    severity_se: Floats
    spread: Floats
    spread_strength: Floats
    typical_spread: float
    compared: Ints
    component: Ints
    bias: float
    bias_se: float

    @property
    def components(self) -> int:
        """How many sets of markers cannot be compared with each other."""
        return int(self.component.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Comparisons of two marks on one response, shape (p,); node `markers` stands for the reference mark.

    `first` and `second` are the indices of the marks. `usual` tells comparisons of marks that were dealt out whatever
    others said: a third mark is asked for only where two differ, so beside it they differ more than they usually do.
    """

    one: Ints
    other: Ints
    difference: Floats
    first: Ints
    second: Ints
    usual: Bools


def fit_panel(marks: PanelMarks, scale: Scale) -> PanelFit:
    """Fit severities and spreads of all markers together."""
    nodes = marks.markers + 1  # the last one is the reference mark
    live, pairs = _live_pairs(marks)
    seeds = np.flatnonzero(marks.seed)
    least = (_LEAST_SHARE * scale.step) ** 2
    component = _components(nodes, pairs, marks.marker[seeds])
    compared = _compared(marks, live, seeds)
    seed_marker = marks.marker[seeds]
    seed_difference = marks.points[seeds] - marks.reference[seeds]

    variance = np.full(nodes, max(_first_guess(pairs, seed_difference), least))
    variance[-1] = 0.0
    severity = np.zeros(nodes)
    covariance = np.zeros((nodes, nodes))
    typical = float(variance[0])
    for _ in range(_ROUNDS):
        weight = _pair_weights(marks, pairs, variance)
        seed_weight = 1.0 / np.maximum(variance[seed_marker], least)
        one = np.concatenate([pairs.one, seed_marker])
        other = np.concatenate([pairs.other, np.full(len(seeds), nodes - 1)])
        difference = np.concatenate([pairs.difference, seed_difference])
        severity, covariance = _solve(nodes, component, one, other, difference, np.concatenate([weight, seed_weight]))
        typical, variance = _spreads(pairs, seed_marker, seed_difference, severity, covariance, variance, least)
    strength = _spread_strength(pairs, seed_marker, seed_difference, severity, variance, typical)
    return _result(marks.markers, severity, covariance, variance, typical, strength, compared, component)


def _live_pairs(marks: PanelMarks) -> tuple[Ints, _Pairs]:
    """Every two live marks on one response, with their indices."""
    live = np.flatnonzero(marks.live)
    live = live[np.lexsort((marks.at[live], marks.response[live]))]
    response = marks.response[live]
    ones, others = [], []
    for lag in range(1, len(live)):
        same = np.flatnonzero(response[lag:] == response[:-lag])
        if len(same) == 0:
            break
        ones.append(live[same])
        others.append(live[same + lag])
    first = np.concatenate(ones) if ones else np.empty(0, dtype=np.int64)
    second = np.concatenate(others) if others else np.empty(0, dtype=np.int64)
    difference = marks.points[first] - marks.points[second]
    usual = ~(marks.third[first] | marks.third[second])
    return live, _Pairs(marks.marker[first], marks.marker[second], difference, first, second, usual)


def _first_guess(pairs: _Pairs, seed_difference: Floats) -> float:
    """A spread to begin with, robust against the few who mark wildly: from the median absolute difference."""
    halves = np.concatenate([np.abs(pairs.difference[pairs.usual]) / np.sqrt(2), np.abs(seed_difference)])
    if len(halves) == 0:
        return 0.0
    return float((1.4826 * np.median(halves)) ** 2 or np.mean(halves**2))


def _pair_weights(marks: PanelMarks, pairs: _Pairs, variance: Floats) -> Floats:
    """The weight of each comparison: of m marks on one response, w_a * w_b / (sum of all w)."""
    weight = 1.0 / variance[marks.marker]
    count = int(marks.response.max(initial=-1)) + 1
    total = np.bincount(marks.response[marks.live], weights=weight[marks.live], minlength=count)
    return weight[pairs.first] * weight[pairs.second] / total[marks.response[pairs.first]]


def _solve(
    nodes: int, component: Ints, one: Ints, other: Ints, difference: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """Severities that sum to zero in each component, and their covariance."""
    matrix = np.zeros((nodes, nodes))
    np.add.at(matrix, (one, other), -weight)
    matrix += matrix.T
    matrix[np.diag_indices(nodes)] = -matrix.sum(axis=1)
    right = np.bincount(one, weights=weight * difference, minlength=nodes)
    right -= np.bincount(other, weights=weight * difference, minlength=nodes)
    # one level of each component is free: fixing its sum at zero makes the matrix regular and changes nothing else
    scale = max(float(np.trace(matrix)) / nodes, 1e-9)
    for part in range(-1, int(component.max(initial=-1)) + 1):
        members = np.flatnonzero(component == part)
        if part < 0:
            matrix[members, members] += scale
        else:
            matrix[np.ix_(members, members)] += scale / len(members)
    inverse: Floats = np.linalg.inv(matrix).astype(np.float64)
    severity: Floats = inverse @ right
    for part in range(int(component.max(initial=-1)) + 1):
        members = np.flatnonzero(component == part)
        inverse[np.ix_(members, members)] -= 1.0 / (scale * len(members))
    return severity, inverse


def _spreads(
    pairs: _Pairs,
    seed_marker: Ints,
    seed_difference: Floats,
    severity: Floats,
    covariance: Floats,
    variance: Floats,
    least: float,
) -> tuple[float, Floats]:
    """The variance of each marker's error from the squared differences that severities do not explain."""
    nodes = len(variance)
    one = np.concatenate([pairs.one[pairs.usual], seed_marker])
    other = np.concatenate([pairs.other[pairs.usual], np.full(len(seed_marker), nodes - 1)])
    if len(one) == 0:
        return float(np.sqrt(least)), variance
    spread = variance[one] + variance[other]
    rest = np.concatenate([pairs.difference[pairs.usual], seed_difference]) - (severity[one] - severity[other])
    used_up = covariance[one, one] + covariance[other, other] - 2 * covariance[one, other]
    squared = np.minimum(rest**2, _WINDSOR**2 * spread) + np.clip(used_up, 0, 0.5 * spread)
    weight = 1.0 / (2 * spread**2)
    typical = float(np.median(variance[:-1][np.bincount(one, minlength=nodes)[:-1] > 0])) if len(one) else least
    matrix = np.zeros((nodes, nodes))
    np.add.at(matrix, (one, other), weight)
    matrix += matrix.T
    total: Floats = np.bincount(one, weights=weight, minlength=nodes).astype(np.float64)
    total = total + np.bincount(other, weights=weight, minlength=nodes)
    prior = _PRIOR_MARKS / (2 * (variance + typical) ** 2)  # as much as so many comparisons with a usual marker
    matrix[np.diag_indices(nodes)] += total + prior
    right: Floats = np.bincount(one, weights=weight * squared, minlength=nodes).astype(np.float64)
    right = right + np.bincount(other, weights=weight * squared, minlength=nodes) + prior * typical
    matrix[-1, :], matrix[:, -1], matrix[-1, -1], right[-1] = 0.0, 0.0, 1.0, 0.0  # a reference mark has no error
    found: Floats = np.maximum(np.linalg.solve(matrix, right), least)
    found[-1] = 0.0
    heard = np.bincount(np.concatenate([one, other]), minlength=nodes)[:-1] > 0
    return float(np.sqrt(np.median(found[:-1][heard]))), found


def _spread_strength(
    pairs: _Pairs, seed_marker: Ints, seed_difference: Floats, severity: Floats, variance: Floats, typical: float
) -> Floats:
    """Squared differences against what they would be for a marker of the usual spread, as standard normal values.

    Their sum is nearly chi-squared (Wilson and Hilferty's cube root makes it normal); where errors have heavier tails
    than a normal distribution has, as those of people do, it counts for fewer of them.
    """
    nodes = len(variance)
    reference = np.full(len(seed_marker), nodes - 1)
    one = np.concatenate([pairs.one[pairs.usual], seed_marker])
    other = np.concatenate([pairs.other[pairs.usual], reference])
    rest = np.concatenate([pairs.difference[pairs.usual], seed_difference]) - (severity[one] - severity[other])
    spread = variance[one] + variance[other]
    squared = np.minimum(rest**2, _WINDSOR**2 * spread)
    share = squared / spread if len(squared) else np.ones(1)
    tails = max(2.0, float(np.var(share) / np.mean(share) ** 2)) if np.mean(share) > 0 else 2.0
    usual = typical**2
    total = np.bincount(one, weights=squared / (usual + variance[other]), minlength=nodes)
    from_other = (other < nodes - 1) * squared / (usual + variance[one])
    total += np.bincount(other, weights=from_other, minlength=nodes)
    count = np.bincount(one, minlength=nodes) + np.bincount(other, minlength=nodes)
    count, total = count[:-1], total[:-1]
    free = np.maximum(count * 2.0 / tails, 1e-9)
    cube_root = np.cbrt(np.divide(total, count, out=np.ones(nodes - 1), where=count > 0))
    strength = (cube_root - (1 - 2 / (9 * free))) / np.sqrt(2 / (9 * free))
    return np.where(count > 0, strength, np.nan)


def _components(nodes: int, pairs: _Pairs, seed_marker: Ints) -> Ints:
    """Numbers of connected sets of nodes by their size, the largest first; -1 for nodes that share nothing."""
    one = np.concatenate([pairs.one, seed_marker])
    other = np.concatenate([pairs.other, np.full(len(seed_marker), nodes - 1)])
    label = np.arange(nodes)
    while True:  # every node takes the smallest label of its neighbours until nothing moves
        smaller = label.copy()
        np.minimum.at(smaller, one, label[other])
        np.minimum.at(smaller, other, label[one])
        smaller = smaller[smaller]
        if np.array_equal(smaller, label):
            break
        label = smaller
    joined = np.zeros(nodes, dtype=bool)
    joined[one] = True
    joined[other] = True
    sizes = np.bincount(label, minlength=nodes)
    order = sorted({int(each) for each in label[joined]}, key=lambda each: (-sizes[each], each))
    number = np.full(nodes, -1, dtype=np.int64)
    for place, each in enumerate(order):
        number[(label == each) & joined] = place
    return number


def _compared(marks: PanelMarks, live: Ints, seeds: Ints) -> Ints:
    count = int(marks.response.max(initial=-1)) + 1
    beside = np.bincount(marks.response[live], minlength=count)[marks.response[live]] > 1
    used = np.concatenate([marks.marker[live[beside]], marks.marker[seeds]])
    return np.bincount(used, minlength=marks.markers).astype(np.int64)


def _result(
    markers: int,
    severity: Floats,
    covariance: Floats,
    variance: Floats,
    typical: float,
    strength: Floats,
    compared: Ints,
    component: Ints,
) -> PanelFit:
    own, error = np.full(markers, np.nan), np.full(markers, np.nan)
    bias = bias_se = float("nan")
    for part in range(int(component.max(initial=-1)) + 1):
        members = np.flatnonzero(component[:-1] == part)
        middle = float(np.median(severity[members]))
        own[members] = severity[members] - middle
        # the standard error is that of the difference from the mean of the members
        centred = covariance[np.ix_(members, members)]
        centred = centred - centred.mean(axis=0)[None, :] - centred.mean(axis=1)[:, None] + centred.mean()
        error[members] = np.sqrt(np.maximum(np.diag(centred), 0.0))
        if component[-1] == part:
            bias = middle - float(severity[-1])
            weights = np.full(len(component), 0.0)
            weights[members] = 1.0 / len(members)
            weights[-1] = -1.0
            bias_se = float(np.sqrt(max(weights @ covariance @ weights, 0.0)))
    heard: Bools = compared > 0
    return PanelFit(
        severity=own,
        severity_se=error,
        spread=np.where(heard, np.sqrt(variance[:-1]), np.nan),
        spread_strength=strength,
        typical_spread=typical,
        compared=compared,
        component=component[:-1],
        bias=bias,
        bias_se=bias_se,
    )
