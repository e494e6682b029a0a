"""How tasks are dealt out, as numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """How tasks are dealt out.

    A marker's screen keeps `hold` tasks and asks again at `refill_below` left; nobody holds more than `limit`.
    Near the end, while fewer than `tail_factor` open tasks are left for each marker at work, `tail_hand` are
    handed out at a time so that nobody hoards the tail.
    """

    lease_s: int = 600
    hold: int = 8
    refill_below: int = 4
    limit: int = 32
    tail_factor: int = 3
    tail_hand: int = 2
