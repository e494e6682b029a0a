"""Boards that are computed once for all who look, by one thread at a time, and only when a mark has changed.

However many leaders watch, two hundred markers go on marking.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from marking.quality.board import Board, read_board
from marking.quality.load import version
from marking.tasks.groups import MarkingGroup


@dataclass(frozen=True, slots=True)
class _Kept:
    """A board with the moment until which nobody asks again, and what it was computed from."""

    until: float
    token: object
    board: Board


class BoardsKept:
    """Boards by group; each is kept as long as no mark changes, for a minute at most.

    Two computations of a board lie at least `rest_s` apart, and at least `rests` times what the last one took in CPU
    time: of a very large group too, whoever looks costs at most one twentieth of a core.
    """

    def __init__(self, rest_s: float = 10.0, rests: float = 20.0) -> None:
        self._rest_s = rest_s
        self._rests = rests
        self._lock = threading.Lock()
        self._kept: dict[int, _Kept] = {}
        self._computing: dict[int, threading.Lock] = {}

    def of(self, session: Session, group: MarkingGroup, at: datetime) -> Board:
        """The board of a group; while another thread computes it, the one before."""
        kept = self._kept.get(group.id)
        if kept is not None and time.monotonic() < kept.until:
            return kept.board
        with self._lock:
            own = self._computing.setdefault(group.id, threading.Lock())
        if not own.acquire(blocking=kept is None):
            assert kept is not None
            return kept.board
        try:
            kept = self._kept.get(group.id)
            if kept is not None and time.monotonic() < kept.until:
                return kept.board
            began = time.thread_time()
            token: object = (version(session, group.id), group, int(at.timestamp() // 60))
            board = kept.board if kept is not None and kept.token == token else read_board(session, group, at)
            rest_s = max(self._rest_s, self._rests * (time.thread_time() - began))
            self._kept[group.id] = _Kept(time.monotonic() + rest_s, token, board)
            return board
        finally:
            own.release()
