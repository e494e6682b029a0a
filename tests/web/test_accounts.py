"""Accounts of an exam: a new password, shutting and opening, and what a manager may not reach."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from models.audit import AuditEvent
from models.exam import ExamRecord
from models.staff import Grant, User
from models.words import AuditVerb, Role
from tests.support.office import PASSWORD, Office
from tests.web.test_sessions import sign_in
from web.cli import main


def id_of(office: Office, username: str) -> int:
    with office.kept.database.read() as session:
        return session.scalars(select(User.id).where(User.username == username)).one()


def verbs(office: Office) -> list[AuditVerb]:
    with office.kept.database.read() as session:
        return list(session.scalars(select(AuditEvent.verb).order_by(AuditEvent.id)))


def test_a_new_password_is_shown_once_and_ends_the_sessions(office: Office) -> None:
    marker, manager = office.as_person("marker"), office.as_person("manager")
    answer = manager.send("POST", f"/exams/a/accounts/{id_of(office, 'marker')}/password")
    assert answer.headers["Cache-Control"].startswith("no-store")
    password = re.search(r'<code class="secret">([^<]+)</code>', answer.text)[1]
    assert marker.get("/api/v1/session").status_code == 401
    assert sign_in(office, "marker")[1].status_code == 401
    assert sign_in(office, "marker", password)[1].status_code == 200
    assert password not in manager.get("/exams/a/accounts").text
    assert AuditVerb.PASSWORD_RESET in verbs(office)


def test_a_shut_account_is_out_until_it_is_opened(office: Office) -> None:
    marker, manager = office.as_person("marker"), office.as_person("manager")
    address = f"/exams/a/accounts/{id_of(office, 'marker')}/active"
    assert manager.send("POST", address, data={"active": "0"}).status_code == 302
    assert marker.get("/api/v1/session").status_code == 401
    assert sign_in(office, "marker")[1].status_code == 401
    assert manager.send("POST", address, data={"active": "1"}).status_code == 302
    assert sign_in(office, "marker")[1].status_code == 200
    assert marker.get("/api/v1/session").status_code == 401, "the old session stays ended"
    assert [verb for verb in verbs(office) if verb in (AuditVerb.ACCOUNT_SHUT, AuditVerb.ACCOUNT_OPENED)] == [
        AuditVerb.ACCOUNT_SHUT,
        AuditVerb.ACCOUNT_OPENED,
    ]


@pytest.mark.parametrize("step", ["password", "active"])
def test_rights_outside_the_own_exams_are_out_of_reach(office: Office, step: str) -> None:
    manager = office.as_person("manager")
    marker = id_of(office, "marker")
    with office.kept.database.write() as session:
        other = session.scalars(select(ExamRecord.id).where(ExamRecord.key == "b")).one()
        session.add(Grant(user_id=marker, role=Role.EXAM_MANAGER, exam_id=other))
    answer = manager.send("POST", f"/exams/a/accounts/{marker}/{step}", data={"active": "0"})
    assert answer.status_code == 302
    assert sign_in(office, "marker")[1].status_code == 200
    page = manager.get("/exams/a/accounts").text
    assert "不属于您负责的考试" in page
    assert f"accounts/{marker}/password" not in page


def test_system_administrators_strangers_and_oneself_are_out_of_reach(office: Office) -> None:
    manager = office.as_person("manager")
    with office.kept.database.write() as session:
        exam = session.scalars(select(ExamRecord.id).where(ExamRecord.key == "a")).one()
        admin = session.scalars(select(User.id).where(User.username == "admin")).one()
        session.add(Grant(user_id=admin, role=Role.MARKER, exam_id=exam))
    assert manager.send("POST", f"/exams/a/accounts/{admin}/password").status_code == 302
    assert sign_in(office, "admin")[1].status_code == 200
    assert manager.send("POST", f"/exams/a/accounts/{id_of(office, 'marker_b')}/password").status_code == 404
    assert manager.send("POST", f"/exams/a/accounts/{id_of(office, 'manager')}/password").status_code == 302
    assert sign_in(office, "manager")[1].status_code == 200
    assert AuditVerb.PASSWORD_RESET not in verbs(office)


def test_accounts_are_found_by_name_number_and_school(office: Office) -> None:
    manager = office.as_person("manager")
    assert "student_1" in manager.get("/exams/a/accounts").text
    assert "marker_b" not in manager.get("/exams/a/accounts").text
    found = manager.get("/exams/a/accounts?q=SCANN").text
    assert "scanner" in found
    assert "student_1" not in found
    assert "没有符合条件的账号" in manager.get("/exams/a/accounts?q=100%25").text


def test_the_command_line_gives_a_new_password(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(Path(office.kept.settings.data))
    with pytest.raises(SystemExit) as left:
        main(["staff", "password", "marker_b", "--data", folder])
    assert left.value.code == 0
    password = capsys.readouterr().out.strip()
    assert sign_in(office, "marker_b")[1].status_code == 401
    assert sign_in(office, "marker_b", password)[1].status_code == 200
    assert password != PASSWORD
    with pytest.raises(SystemExit) as left:
        main(["staff", "password", "nobody-of-that-name", "--data", folder])
    assert left.value.code == 3
