"""Boards that are computed once for all who look, by one thread at a time, and only when a mark has changed.

However many leaders watch, two hundred markers go on marking.
"""

import threading
import time
from datetime import datetime

from sqlalchemy.orm import Session

from marking.quality.board import Board, read_board
from marking.quality.load import version
from marking.tasks.groups import MarkingGroup


class BoardsKept:
    """Boards by group, at least `rest_s` apart; each is kept as long as no mark changes, for a minute at most."""

    def __init__(self, rest_s: float = 10.0) -> None:
        self._rest_s = rest_s
        self._lock = threading.Lock()
        self._kept: dict[int, tuple[float, object, Board]] = {}
        self._computing: dict[int, threading.Lock] = {}

    def of(self, session: Session, group: MarkingGroup, at: datetime) -> Board:
        """The board of a group; while another thread computes it, the one before."""
        kept = self._kept.get(group.id)
        if kept is not None and time.monotonic() - kept[0] < self._rest_s:
            return kept[2]
        with self._lock:
            own = self._computing.setdefault(group.id, threading.Lock())
        if not own.acquire(blocking=kept is None):
            assert kept is not None
            return kept[2]
        try:
            kept = self._kept.get(group.id)
            if kept is not None and time.monotonic() - kept[0] < self._rest_s:
                return kept[2]
            token: object = (version(session, group.id), group, int(at.timestamp() // 60))
            board = kept[2] if kept is not None and kept[1] == token else read_board(session, group, at)
            self._kept[group.id] = (time.monotonic(), token, board)
            return board
        finally:
            own.release()
