"""The shape of a drift: nothing up to some share of a marker's work so far, then a steady climb until now."""

import numpy as np

from marking.quality.panel import Floats

# One shape raises the alarm: every further one would raise the limit for all. A ramp over the last 70 % of the work so
# far stays close to ramps that begin sooner or later, and to jumps (correlation 0.85 and more up to a jump at 75 %).
ALARM = 0.3
BEGINNINGS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # to say afterwards where it began


def ramp(n: int, begin: float) -> Floats:
    """Shape (n,): 0 for the share `begin` of the marks, then in a line to about 1 at the last one."""
    place = (np.arange(n) + 0.5) / n
    shape: Floats = np.clip(place - begin, 0.0, None) / (1.0 - begin)
    return shape
