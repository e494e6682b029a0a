"""Which of a person's marking screens of a group is the current one: the newest that has asked for work.

Every screen gets a number from this server that is larger than any before, also after a restart. A screen is heard
when it asks for work, hands in a mark or renews a lease; from a newer one on, an older one gets nothing more to mark,
while what it still has to hand in is taken. Programs that send no number are not counted. Kept in memory: what is
forgotten at a restart, or not known to another process, is learned again from the next call, and only ever lets the
newer one win.
"""

import threading
import time
from dataclasses import dataclass

from models.errors import Conflict, mark_text

ALIVE_S = 90.0  # a screen renews its leases every 60 s


class TakenOver(Conflict):
    """A newer screen of the same person marks this group now."""

    code = "marking.taken_over"
    sentence = mark_text("Marking goes on in another window or on another computer, so nothing more is dealt out here.")
    remedy = mark_text("Go on there, or choose to go on here.")


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest screen, when it was last heard (seconds of the monotonic clock), and whether it is still open."""

    number: int
    at_s: float
    is_open: bool


class Screens:
    """The screens of one process by person and marking group."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._last = 0
        self._heard: dict[tuple[int, int], Heard] = {}

    def new_number(self) -> int:
        """A number larger than any before."""
        with self._guard:
            self._last = max(self._last + 1, time.time_ns() // 1_000_000)
            return self._last

    def elsewhere(self, user_id: int, group_id: int) -> int | None:
        """The number of a screen that is open at this moment."""
        with self._guard:
            heard = self._heard.get((user_id, group_id))
        if heard is None or not heard.is_open or time.monotonic() - heard.at_s > ALIVE_S:
            return None
        return heard.number

    def hear(self, user_id: int, group_id: int, number: int | None) -> bool:
        """Whether a screen is the current one; hearing a newer one makes it so."""
        return self._note(user_id, group_id, number, is_open=True)

    def close(self, user_id: int, group_id: int, number: int | None) -> bool:
        """Note that a screen is closing; False when a newer one has taken over, which holds its tasks now."""
        return self._note(user_id, group_id, number, is_open=False)

    def _note(self, user_id: int, group_id: int, number: int | None, *, is_open: bool) -> bool:
        if number is None:
            return True
        with self._guard:
            heard = self._heard.get((user_id, group_id))
            if heard is not None and number < heard.number:
                return False
            self._heard[user_id, group_id] = Heard(number, time.monotonic(), is_open)
        return True
