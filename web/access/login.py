"""Logging in and out, with budgets instead of locks.

Wrong passwords cost the account and the address that they came from: within one minute at most 10 for an account,
5 of them from one address, and 60 from one address over all accounts (a whole school may share one). Whoever
is over a budget waits until the minute has passed; nobody is locked out for good, and a stranger who guesses
from one address cannot keep the owner out who comes from another.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models.audit import record
from models.columns import now
from models.database import Database
from models.staff import LoginAttempt, User
from models.words import AuditVerb
from web.access.errors import LoginRefused, LoginTooOften, PresentPasswordWrong
from web.access.password_gate import PasswordGate, check_strength
from web.access.sessions import NewSession, end_other_sessions, end_session, open_session
from web.settings import Settings

WINDOW_S = 60
PER_ACCOUNT = 10
PER_ACCOUNT_AND_ADDRESS = 5
PER_ADDRESS = 60
_KEEP_S = 3600
_MOST_NAME = 100


def log_in(
    database: Database,
    gate: PasswordGate,
    settings: Settings,
    *,
    username: str,
    password: str,
    address: str,
    replaces: int | None = None,
) -> NewSession:
    """Check name and password and begin a new session, ending the one that this browser had (`replaces`).

    Raises LoginTooOften before any password is checked, LoginBusy, or LoginRefused.
    """
    username, address = username.strip()[:_MOST_NAME], address[:64]
    moment = now()
    with database.read() as session:
        wait_s = _wait_s(session, username, address, moment)
        if wait_s > 0:
            raise LoginTooOften(wait_s=wait_s)
        row = session.execute(
            select(User.id, User.password_hash, User.active).where(User.username == username)
        ).one_or_none()
    matches = gate.matches(row.password_hash if row is not None else "", password)
    if row is None or not matches or not row.active:
        with database.write() as session:
            session.execute(delete(LoginAttempt).where(LoginAttempt.at < moment - timedelta(seconds=_KEEP_S)))
            session.add(LoginAttempt(username=username, address=address))
            record(session, AuditVerb.LOGIN_FAILED, "session", actor_id=row.id if row else None, address=address)
        raise LoginRefused
    with database.write() as session:
        if replaces is not None:
            end_session(session, replaces)
        opened = open_session(session, row.id, settings.session_absolute_s)
        record(session, AuditVerb.LOGIN, "session", actor_id=row.id, actor=username, address=address)
    return opened


def log_out(database: Database, *, session_id: int, user_id: int, username: str) -> None:
    """End a session; its token is refused from the next request on."""
    with database.write() as session:
        end_session(session, session_id)
        record(session, AuditVerb.LOGOUT, "session", actor_id=user_id, actor=username)


def change_password(
    database: Database, gate: PasswordGate, *, user_id: int, session_id: int, old: str, new: str, address: str
) -> None:
    """Give the account a new password and end its other sessions.

    Raises PasswordTooWeak, LoginTooOften, LoginBusy, or PresentPasswordWrong.
    """
    moment = now()
    with database.read() as session:
        user = session.execute(select(User.username, User.password_hash).where(User.id == user_id)).one()
        wait_s = _wait_s(session, user.username, address, moment)
    if wait_s > 0:
        raise LoginTooOften(wait_s=wait_s)
    check_strength(new, user.username)
    if not gate.matches(user.password_hash, old):
        with database.write() as session:
            session.add(LoginAttempt(username=user.username, address=address[:64]))
        raise PresentPasswordWrong
    stored = gate.hash(new)
    with database.write() as session:
        session.get_one(User, user_id).password_hash = stored
        end_other_sessions(session, user_id, keep=session_id)


def _wait_s(session: Session, username: str, address: str, moment: datetime) -> int:
    """Seconds until the next attempt is allowed; 0 when it is allowed now."""
    since = moment - timedelta(seconds=WINDOW_S)
    account = LoginAttempt.username == username
    place = LoginAttempt.address == address
    over: list[datetime] = []
    for budget, rows in ((PER_ACCOUNT, account), (PER_ACCOUNT_AND_ADDRESS, account & place), (PER_ADDRESS, place)):
        count, oldest = session.execute(
            select(func.count(), func.min(LoginAttempt.at)).where(rows, LoginAttempt.at > since)
        ).one()
        if count >= budget:
            over.append(oldest)
    if not over:
        return 0
    return max(1, int((max(over) + timedelta(seconds=WINDOW_S) - moment).total_seconds()) + 1)
