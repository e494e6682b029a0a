"""The database: SQLite by default, PostgreSQL through the same calls.

SQLite runs as reliability.md 3.4 says: WAL, `synchronous=FULL` (an acknowledged mark survives a power cut),
foreign keys on, the driver's own transactions off, `BEGIN IMMEDIATE` for writers so that no transaction
ever has to upgrade its snapshot, and writers serialised inside the process by a lock that waits fairly.
Write transactions hold no image work, no hashing and no rendering.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from models.columns import Base
from models.errors import KaiyueError, mark_text

_log = logging.getLogger(__name__)

SLOW_WRITE_S = 0.05  # a writer that holds the database longer makes two hundred markers wait


class DatabaseUnusable(KaiyueError):
    """The configured database cannot be used."""

    code = "database.unusable"
    sentence = mark_text("The database at {where} cannot be used: {why}.")
    remedy = mark_text("Check KAIYUE_DATA and KAIYUE_DATABASE_URL.")
    exit_code = 3
    http_status = 503


class Database:
    """One engine with a door for readers and a door for writers."""

    def __init__(self, url: str, *, pool_size: int = 40, busy_timeout_ms: int = 10_000) -> None:
        parsed = make_url(url)
        self.url = url
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._write_lock = threading.Lock()
        if self.is_sqlite:
            self.engine = create_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=10,
                connect_args={"isolation_level": None, "timeout": busy_timeout_ms / 1000, "check_same_thread": False},
            )
            _use_sqlite_rules(self.engine, busy_timeout_ms)
        else:
            if parsed.drivername == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
            self.engine = create_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=10,
                pool_pre_ping=True,
                connect_args={
                    "options": "-c timezone=UTC -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s"
                },
            )
        self._writer = self.engine.execution_options(kaiyue_write=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads; what it changed by mistake is rolled back. What was read stays readable."""
        with Session(self.engine, expire_on_commit=False) as session:
            try:
                yield session
            finally:
                session.expunge_all()  # a rollback would empty every object that was read
                session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are committed when the block ends, all or none.

        On SQLite only one writer of this process is inside at a time; other processes wait by the busy timeout.
        """
        if not self.is_sqlite:
            with Session(self._writer, expire_on_commit=False) as session, session.begin():
                yield session
            return
        with self._write_lock:
            started = time.perf_counter()
            with Session(self._writer, expire_on_commit=False) as session, session.begin():
                yield session
            held_s = time.perf_counter() - started
        if held_s > SLOW_WRITE_S:
            _log.debug("a write transaction held the database for %.0f ms", held_s * 1000)

    def look_at(self, *records: type[Base]) -> None:
        """Let PostgreSQL count tables that have just grown: until it has, within a minute by itself, it plans as if
        they were empty, and a claim among four thousand tasks takes 370 ms instead of 4. SQLite needs no such look.
        """
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                connection.exec_driver_sql(f"ANALYZE {', '.join(record.__tablename__ for record in records)}")

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def sqlite_url(path: Path) -> str:
    """The address of a SQLite file, also below folders with Chinese names and spaces."""
    return f"sqlite+pysqlite:///{path.as_posix()}"


def _use_sqlite_rules(engine: Engine, busy_timeout_ms: int) -> None:
    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={busy_timeout_ms}",
            "temp_store=MEMORY",
            "cache_size=-32768",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("kaiyue_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
