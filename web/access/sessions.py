"""Sessions on the server: a random token in the cookie, its SHA-256 in the table, a new one at each login.

Every request reads the session, the account and its grants in one query, so that logging out, disabling an
account or changing a role works on the very next request.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from models.columns import now
from models.staff import Grant, LoginSession, User
from web.access.policy import Held, Scope

SEEN_EVERY_S = 60  # a session writes its sign of life at most this often: markers' requests stay reads


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person behind a request."""

    id: int
    username: str
    name: str
    school_id: int | None
    language: str
    session_id: int
    csrf_token: str
    seen_at: datetime
    grants: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a login hands out: the token goes into the cookie and nowhere else."""

    token: str
    csrf_token: str
    session_id: int


_HOLDER = (  # built once: every request asks for it
    select(
        LoginSession.id,
        LoginSession.csrf_token,
        LoginSession.seen_at,
        User.id,
        User.username,
        User.name,
        User.school_id,
        User.language,
        Grant.role,
        Grant.exam_id,
        Grant.paper_id,
        Grant.group_id,
        Grant.school_id,
        Grant.class_id,
        Grant.candidate_id,
    )
    .join(User, User.id == LoginSession.user_id)
    .join(Grant, Grant.user_id == User.id, isouter=True)
    .where(
        LoginSession.token_sha == bindparam("token_sha"),
        LoginSession.ended_at.is_(None),
        LoginSession.expires_at > bindparam("moment"),
        LoginSession.seen_at > bindparam("seen_since"),
        User.active,
    )
    .order_by(Grant.id)
)


def open_session(session: Session, user_id: int, absolute_s: int) -> NewSession:
    """Begin a session for an account, to end `absolute_s` seconds from now at the latest."""
    token, csrf_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    row = LoginSession(
        token_sha=_sha(token),
        user_id=user_id,
        csrf_token=csrf_token,
        expires_at=now() + timedelta(seconds=absolute_s),
    )
    session.add(row)
    session.flush()
    return NewSession(token, csrf_token, row.id)


def find_session(session: Session, token: str, idle_s: int) -> SignedIn | None:
    """Who holds this token; None when it is unknown, ended, too old, idle too long, or its account is disabled."""
    if not token or len(token) > 100:
        return None
    moment = now()
    given = {"token_sha": _sha(token), "moment": moment, "seen_since": moment - timedelta(seconds=idle_s)}
    rows = session.execute(_HOLDER, given).all()
    if not rows:
        return None
    person = SignedIn(
        session_id=rows[0][0],
        csrf_token=rows[0][1],
        seen_at=rows[0][2],
        id=rows[0][3],
        username=rows[0][4],
        name=rows[0][5],
        school_id=rows[0][6],
        language=rows[0][7],
    )
    return replace(
        person,
        grants=tuple(
            Held(row[8], Scope(*cast("tuple[int | None, ...]", row[9:15]))) for row in rows if row[8] is not None
        ),
    )


def touch_session(session: Session, session_id: int) -> None:
    """Write a sign of life."""
    session.execute(update(LoginSession).where(LoginSession.id == session_id).values(seen_at=now()))


def end_session(session: Session, session_id: int) -> None:
    """End one session: its token is refused from the next request on."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.ended_at.is_(None))
        .values(ended_at=now())
    )


def end_other_sessions(session: Session, user_id: int, keep: int | None = None) -> None:
    """End every session of an account except `keep`: after a new password, or when it is disabled."""
    statement = update(LoginSession).where(LoginSession.user_id == user_id, LoginSession.ended_at.is_(None))
    if keep is not None:
        statement = statement.where(LoginSession.id != keep)
    session.execute(statement.values(ended_at=now()))


def _sha(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
