"""Where alarms begin: the table in marking/quality/limits.py, computed anew by simulation.

    python -m benchmarks.alarm_limits [--runs 40000]

A marker who does nothing wrong gives errors that are standard normal once divided by their spread. How high do the
board's statistics of such a marker climb, looked at again and again while the marks grow from few to as many as a
marker will give? The table holds, by that number, the heights that only the given share ever reaches.
"""

import argparse

import numpy as np

from marking.quality.limits import FIRST_LOOK, HORIZONS, SHARES
from marking.quality.ramps import ALARM, ramp

_GROWTH = 1.06  # looks further apart than this see what the ones in between would; closer ones change nothing
_CHUNK = 2500


def highest(runs: int, rng: np.random.Generator) -> dict[str, dict[int, np.ndarray]]:
    """The highest value of each statistic in each run, over all looks up to each horizon."""
    found: dict[str, dict[int, list[np.ndarray]]] = {kind: {end: [] for end in HORIZONS} for kind in FIRST_LOOK}
    for _ in range(max(1, runs // _CHUNK)):
        errors = rng.standard_normal((_CHUNK, HORIZONS[-1])).astype(np.float32)
        for kind, first in FIRST_LOOK.items():
            top = np.zeros(_CHUNK, dtype=np.float32)
            looks = {int(n) for n in first * _GROWTH ** np.arange(200) if n <= HORIZONS[-1]} | set(HORIZONS)
            for n in sorted(looks):
                shape = (np.ones(n) if kind == "level" else ramp(n, ALARM)).astype(np.float32)
                np.maximum(top, np.abs(errors[:, :n] @ shape) / np.linalg.norm(shape), out=top)
                if n in HORIZONS:
                    found[kind][n].append(top.copy())
    return {kind: {end: np.concatenate(tops) for end, tops in by_end.items()} for kind, by_end in found.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tops = highest(options.runs, np.random.default_rng(options.seed))
    for kind, by_end in tops.items():
        for end, values in by_end.items():
            print(kind, end, [round(float(np.quantile(values, 1 - share)), 2) for share in SHARES])


if __name__ == "__main__":
    main()
