"""Both databases keep the same promises."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.audit import record
from models.database import Database
from models.migrate import downgrade, is_current, upgrade
from models.records import APPEND_ONLY, AuditEvent, Base, ExamRecord, PaperRecord, School
from models.words import AuditVerb, ExamKind


def an_exam(database: Database) -> int:
    with database.write() as session:
        exam = ExamRecord(key="g9", title="模拟", kind=ExamKind.MOCK, number_digits=8, definition={"a": "零"})
        session.add(exam)
        session.flush()
        return exam.id


def test_the_migrations_make_exactly_the_tables_of_the_records(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_every_migration_can_be_undone_and_done_again(database: Database) -> None:
    downgrade(database, "base")
    assert not is_current(database)
    upgrade(database)
    assert is_current(database)


def test_points_come_back_exactly_and_are_compared_as_whole_hundredths(database: Database) -> None:
    exam_id = an_exam(database)
    with database.write() as session:
        for position in range(10):
            session.add(
                PaperRecord(exam_id=exam_id, key=f"p{position}", title="", position=position, full_mark=Decimal("0.10"))
            )
    with database.read() as session:
        assert session.scalar(text("select sum(full_mark) from paper")) == 100
        assert session.query(PaperRecord).first().full_mark == Decimal("0.1")
    with pytest.raises(Exception, match="hundredths"), database.write() as session:
        session.add(PaperRecord(exam_id=exam_id, key="bad", title="", position=11, full_mark=Decimal("0.001")))


def test_moments_keep_their_zone(database: Database) -> None:
    shanghai = timezone(timedelta(hours=8))
    moment = datetime(2026, 6, 1, 8, 30, tzinfo=shanghai)
    with database.write() as session:
        session.add(
            ExamRecord(key="t", title="", kind=ExamKind.MOCK, number_digits=8, definition={}, created_at=moment)
        )
    with database.read() as session:
        kept = session.query(ExamRecord).one().created_at
    assert kept == moment
    assert kept.tzinfo is UTC


@pytest.mark.parametrize("table", sorted(record_class.__tablename__ for record_class in APPEND_ONLY))
def test_rows_that_only_grow_cannot_be_changed_even_by_sql(database: Database, table: str) -> None:
    statements = [f"DELETE FROM {table}", f"UPDATE {table} SET id = id + 1"]
    if not database.is_sqlite:
        statements.append(f"TRUNCATE {table} CASCADE")
    _one_row_in_each(database)
    for statement in statements:
        with pytest.raises(DBAPIError, match="never changed"), database.write() as session:
            session.execute(text(statement))


def _one_row_in_each(database: Database) -> None:
    """A row of every append-only table, put in with foreign keys off: only the triggers are under test."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        rows = {
            "answer_key": "(id, paper_id, version, keys, reason, created_at) VALUES (1, 1, 1, '{}', '', '2026-01-01')",
            "audit_event": "(id, at, actor, verb, object, detail) VALUES (1, '2026-01-01', '', 'login', '', '{}')",
            "image_view": "(id, user_id, purpose, at) VALUES (1, 1, '', '2026-01-01')",
            "lease_end": "(id, task_id, marker_id, version, how, at) VALUES (1, 1, 1, 1, 'expired', '2026-01-01')",
            "mark": "(id, task_id, revision, version, marker_id, points, parts, annotations, image, dwell_ms, reason, "
            "key, request_sha, marked_at) VALUES (1, 1, 1, 1, 1, 0, '{}', '[]', '', 0, '', 'k', '', '2026-01-01')",
            "rule_signature": "(id, paper_id, name, group_ids, sha, sheet, signed_at) "
            "VALUES (1, 1, '', '[]', '', '{}', '2026-01-01')",
            "page_reading": "(id, page_image_id, reader, reading, read_at) VALUES (1, 1, '', '{}', '2026-01-01')",
        }
        for table, values in rows.items():
            connection.exec_driver_sql(f"INSERT INTO {table} {values}")
        connection.commit()
        if database.is_sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def test_what_was_read_stays_readable_after_the_session(database: Database) -> None:
    exam_id = an_exam(database)
    with database.read() as session:
        exam = session.get_one(ExamRecord, exam_id)
    assert exam.title == "模拟"


def test_a_failed_block_leaves_nothing_behind(database: Database) -> None:
    def half_way() -> None:
        with database.write() as session:
            session.add(School(name="一中"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_way()
    with database.read() as session:
        assert session.query(School).count() == 0


def test_many_writers_at_once_all_get_through(database: Database) -> None:
    """Deferred transactions on SQLite would answer some of these with "database is locked"."""
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(10):
                with database.write() as session:
                    session.query(School).count()
                    session.add(School(name=f"{number}-{turn}"))
        except BaseException as err:  # noqa: BLE001 - the test wants to see whatever happened in the thread
            failures.append(err)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as session:
        assert session.query(School).count() == 120


def test_an_event_is_written_with_the_change_or_not_at_all(database: Database) -> None:
    def half_way() -> None:
        with database.write() as session:
            record(session, AuditVerb.EXAM_CREATED, "exam:1", actor="kaowu")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_way()
    with database.read() as session:
        assert session.query(AuditEvent).count() == 0
