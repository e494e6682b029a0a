"""Logging in and out: fixation, reuse, expiry, budgets, passwords (SE-3, SE-5)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models.audit import AuditEvent
from models.columns import now
from models.staff import LoginAttempt, LoginSession
from models.words import AuditVerb
from tests.support.office import PASSWORD, Office
from web.access import login, sessions
from web.access.errors import LoginBusy, PasswordTooWeak
from web.access.password_gate import PasswordGate, check_strength
from web.access.passwords import hash_passwords


def sign_in(office: Office, username: str, password: str = PASSWORD, client=None, address: str = "127.0.0.1"):
    client = client or office.client()
    body = {"username": username, "password": password}
    return client, client.post("/api/v1/session", json=body, environ_base={"REMOTE_ADDR": address})


def test_a_session_starts_and_ends(office: Office) -> None:
    client, answer = sign_in(office, "manager")
    assert answer.status_code == 200
    assert answer.json["user"]["roles"] == ["exam_manager"]
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert client.get("/api/v1/session").json == answer.json
    token = client.get_cookie("kaiyue_session").value
    headers = {"X-CSRF-Token": answer.json["csrf_token"]}
    assert client.delete("/api/v1/session", headers=headers).status_code == 200
    client.set_cookie("kaiyue_session", token)
    assert client.get("/api/v1/session").status_code == 401


def test_only_the_hash_of_a_token_is_kept(office: Office) -> None:
    client, _answer = sign_in(office, "manager")
    token = client.get_cookie("kaiyue_session").value
    with office.kept.database.read() as session:
        kept = session.scalars(select(LoginSession.token_sha)).all()
    assert token not in kept
    assert len(token) >= 43  # 256 bits


def test_a_token_from_before_the_login_is_worth_nothing_after_it(office: Office) -> None:
    client = office.client()
    client.set_cookie("kaiyue_session", "chosen-by-a-stranger")
    sign_in(office, "manager", client=client)
    assert client.get_cookie("kaiyue_session").value != "chosen-by-a-stranger"
    first = client.get_cookie("kaiyue_session").value
    sign_in(office, "scanner", client=client)
    client.set_cookie("kaiyue_session", first)
    assert client.get("/api/v1/session").status_code == 401


def test_sessions_end_when_they_idle_and_when_their_day_is_over(office: Office) -> None:
    idle, old = office.as_person("manager"), office.as_person("scanner")
    moment = now()
    with office.kept.database.write() as session:
        rows = session.scalars(select(LoginSession).order_by(LoginSession.id)).all()
        rows[0].seen_at = moment - timedelta(seconds=office.kept.settings.session_idle_s + 1)
        rows[1].expires_at = moment - timedelta(seconds=1)
    assert idle.get("/api/v1/session").status_code == 401
    assert old.get("/api/v1/session").status_code == 401


def test_a_request_keeps_a_session_alive_without_writing_each_time(office: Office) -> None:
    visitor = office.as_person("manager")
    almost = now() - timedelta(seconds=sessions.SEEN_EVERY_S + 5)
    with office.kept.database.write() as session:
        session.execute(update(LoginSession).values(seen_at=almost))
    visitor.get("/api/v1/session")
    with office.kept.database.read() as session:
        seen = session.scalars(select(LoginSession.seen_at)).one()
    assert seen > almost
    visitor.get("/api/v1/session")
    with office.kept.database.read() as session:
        assert session.scalars(select(LoginSession.seen_at)).one() == seen


def test_wrong_names_and_wrong_passwords_say_the_same(office: Office) -> None:
    _client, wrong = sign_in(office, "manager", "not the password")
    _client, unknown = sign_in(office, "nobody at all", "not the password")
    _client, disabled = sign_in(office, "disabled")
    assert wrong.status_code == unknown.status_code == disabled.status_code == 401
    assert wrong.json == unknown.json == disabled.json


def test_guesses_have_a_budget_and_nobody_is_locked_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login.PasswordGate, "matches", lambda _self, stored, given: given == PASSWORD)
    answers = [sign_in(office, "manager", f"guess {n}", address="10.0.0.9")[1].status_code for n in range(8)]
    assert answers == [401] * login.PER_ACCOUNT_AND_ADDRESS + [429] * 3
    _client, blocked = sign_in(office, "manager", address="10.0.0.9")
    assert blocked.status_code == 429
    assert 1 <= int(blocked.headers["Retry-After"]) <= 61
    _client, elsewhere = sign_in(office, "manager", address="10.0.0.10")
    assert elsewhere.status_code == 200
    with office.kept.database.write() as session:
        session.execute(update(LoginAttempt).values(at=now() - timedelta(seconds=61)))
    assert sign_in(office, "manager", address="10.0.0.9")[1].status_code == 200


def test_one_address_cannot_try_every_account(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login.PasswordGate, "matches", lambda _self, _stored, _given: False)
    answers = [sign_in(office, f"teacher{n}", "x", address="10.0.0.9")[1].status_code for n in range(62)]
    assert answers == [401] * login.PER_ADDRESS + [429] * 2


def test_logins_are_in_the_audit_log_without_the_password(office: Office) -> None:
    sign_in(office, "manager")
    sign_in(office, "manager", "wrong-and-secret")
    with office.kept.database.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.object == "session")).all()
    assert [event.verb for event in events] == [AuditVerb.LOGIN, AuditVerb.LOGIN_FAILED]
    assert all("secret" not in str(event.detail) for event in events)


def test_a_crowd_before_the_password_check_is_sent_away(office: Office) -> None:
    gate = PasswordGate(most_waiting=1)
    with gate._place(), pytest.raises(LoginBusy):
        gate.matches("", "x")
    assert not gate.matches("", "x")


@pytest.mark.parametrize("password", ["short", "12345678", "manager1", "aaaaaaaaaa", "x" * 201])
def test_passwords_that_are_guessed_first_are_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        check_strength(password, "manager1")


def test_a_new_password_ends_the_other_sessions(office: Office) -> None:
    here, elsewhere = office.as_person("manager"), office.as_person("manager")
    new = "three words in a row"
    answer = here.send("POST", "/account/password", data={"old": PASSWORD, "new": new, "again": new})
    assert answer.status_code == 302
    assert here.get("/api/v1/session").status_code == 200
    assert elsewhere.get("/api/v1/session").status_code == 401
    assert sign_in(office, "manager", PASSWORD)[1].status_code == 401
    assert sign_in(office, "manager", "three words in a row")[1].status_code == 200


def test_the_wrong_old_password_changes_nothing(office: Office) -> None:
    here = office.as_person("manager")
    new = "three words in a row"
    answer = here.send("POST", "/account/password", data={"old": "guess", "new": new, "again": new})
    assert answer.status_code == 401
    assert "当前密码不正确" in answer.text
    assert sign_in(office, "manager")[1].status_code == 200


def test_a_slip_in_the_new_password_changes_nothing(office: Office) -> None:
    here = office.as_person("manager")
    typed = {"old": PASSWORD, "new": "three words in a row", "again": "three words in a rwo"}
    answer = here.send("POST", "/account/password", data=typed)
    assert answer.status_code == 422
    assert "两次输入的新密码不一致" in answer.text
    assert sign_in(office, "manager")[1].status_code == 200


def test_hashes_are_as_strong_as_they_say() -> None:
    assert hash_passwords(["x"])[0].startswith("scrypt:32768:8:3$")
