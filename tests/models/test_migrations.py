"""Migrations keep the rows that are there."""

from sqlalchemy import text

from models.database import Database
from models.migrate import downgrade, upgrade

_ROWS = (
    "INSERT INTO exam (id, key, title, kind, number_digits, state, definition, created_at) "
    "VALUES (1, 'e', '', 'mock', 8, 'draft', '{}', '2026-01-01')",
    "INSERT INTO paper (id, exam_id, key, title, position, full_mark, state) VALUES (1, 1, 'p', '', 0, 1200, 'draft')",
    "INSERT INTO marking_group (id, paper_id, key, title, position, mode, tolerance, boundary, compare, full_mark, "
    "parts, own_school_excluded, paused) "
    "VALUES (1, 1, 'g', '', 0, 'single', 0, 'inclusive', 'total', 1200, '[]', true, false), "
    "(2, 1, 'h', '', 1, 'single', 0, 'inclusive', 'total', 1200, '[]', true, false)",
    "INSERT INTO school (id, name, centre) VALUES (1, 's', '')",
    "INSERT INTO school_class (id, exam_id, school_id, name) VALUES (1, 1, 1, 'c')",
    "INSERT INTO candidate (id, exam_id, number, name, student_number, school_id, class_id, room, seat) "
    "VALUES (1, 1, '1', '', '', 1, 1, '', '')",
    "INSERT INTO paper_entry (id, paper_id, candidate_id, status_source, status_reason) VALUES (1, 1, 1, '', '')",
    "INSERT INTO user_account (id, username, name, password_hash, active, language, created_at) "
    "VALUES (1, 'u', '', '', true, '', '2026-01-01')",
    "INSERT INTO marking_task (id, code, group_id, entry_id, school_id, round, role, kind, state, priority, marker_id, "
    "version, blank, note, part_ids, points, created_at) "
    "VALUES (1, 'c', 1, 1, 1, 1, 'marker', 'live', 'done', 1, 1, 2, false, '', '[]', 500, '2026-01-01')",
    "INSERT INTO mark (id, task_id, revision, version, marker_id, points, parts, annotations, image, dwell_ms, reason, "
    "key, request_sha, marked_at) VALUES (1, 1, 1, 2, 1, 500, '{}', '[]', '', 0, '', 'k', '', '2026-01-01')",
)


def test_marks_of_the_first_version_live_on_and_every_group_gets_a_secret_of_its_own(database: Database) -> None:
    downgrade(database, "0001")
    with database.write() as session:
        for statement in _ROWS:
            session.execute(text(statement))
    upgrade(database)
    with database.read() as session:
        assert session.execute(text("SELECT count(*), sum(points) FROM mark")).one() == (1, 500)
        task = session.execute(text("SELECT state, points, reserved_for, doubled FROM marking_task")).one()
        assert (task.state, task.points, task.reserved_for, bool(task.doubled)) == ("done", 500, None, False)
        salts = session.execute(text("SELECT salt, seed_every, repeat_every FROM marking_group ORDER BY id")).all()
        assert len({row.salt for row in salts}) == 2
        assert all(len(row.salt) == 32 and (row.seed_every, row.repeat_every) == (20, 0) for row in salts)
