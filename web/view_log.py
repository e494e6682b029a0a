"""Log who was shown which image, durably and cheaply.

Every request waits until its own row is committed before the bytes go out; requests that arrive while a commit is
under way share the next one, so that a room of markers costs a few commits a second and none is lost to a crash.
"""

import threading
from typing import Any

from sqlalchemy import insert

from models.columns import now
from models.database import Database
from models.task import ImageView


class ViewLog:
    """Rows waiting for the next commit."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._commit = threading.Lock()
        self._waiting: list[dict[str, Any]] = []
        self._written = 0
        self._queued = 0

    def record(self, database: Database, *, user_id: int, purpose: str, crop_id: int | None = None,
               page_image_id: int | None = None) -> None:  # fmt: skip
        """Return once the view is in the table."""
        row = {
            "user_id": user_id,
            "crop_id": crop_id,
            "page_image_id": page_image_id,
            "purpose": purpose,
            "at": now(),
        }
        with self._guard:
            self._waiting.append(row)
            self._queued += 1
            ticket = self._queued
        with self._commit:
            with self._guard:
                if self._written >= ticket:
                    return  # the request before this one took it along
                rows, self._waiting = self._waiting, []
            try:
                with database.write() as session:
                    session.execute(insert(ImageView), rows)
            except BaseException:
                with self._guard:
                    self._waiting = rows + self._waiting  # the others' turn comes; this request fails
                raise
            with self._guard:
                self._written += len(rows)
