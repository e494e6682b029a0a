"""Records of who works here: accounts, what each may do and where, and their sessions.

A grant joins a role to a scope; empty scope columns mean "everywhere below what is named". Sessions live
on the server, so that logging out, disabling an account or changing a role works at once.
"""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.columns import Base, Word, maybe_time, row_id, utc_now, utc_time
from models.words import Role


class User(Base):
    """An account. `password_hash` is scrypt; an empty one cannot log in."""

    __tablename__ = "user_account"

    id: Mapped[row_id]
    username: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(300), default="")
    school_id: Mapped[int | None] = mapped_column(ForeignKey("school.id"))
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(5), default="")
    created_at: Mapped[utc_now]


class Grant(Base):
    """A role within a scope: exam, paper, marking group, school, class, or (for a student) one candidate."""

    __tablename__ = "access_grant"
    __table_args__ = (Index(None, "user_id"), Index(None, "group_id"))

    id: Mapped[row_id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    role: Mapped[Role] = mapped_column(Word(Role))
    exam_id: Mapped[int | None] = mapped_column(ForeignKey("exam.id"))
    paper_id: Mapped[int | None] = mapped_column(ForeignKey("paper.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("marking_group.id"))
    school_id: Mapped[int | None] = mapped_column(ForeignKey("school.id"))
    class_id: Mapped[int | None] = mapped_column(ForeignKey("school_class.id"))
    candidate_id: Mapped[int | None] = mapped_column(ForeignKey("candidate.id"))
    created_at: Mapped[utc_now]


class LoginSession(Base):
    """One login. Only the SHA-256 of its token is kept."""

    __tablename__ = "login_session"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[row_id]
    token_sha: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[utc_now]
    seen_at: Mapped[utc_now]
    expires_at: Mapped[utc_time]
    ended_at: Mapped[maybe_time]


class LoginAttempt(Base):
    """A failed login, kept for an hour: budgets per account and per address; nothing is ever locked for good."""

    __tablename__ = "login_attempt"
    __table_args__ = (Index(None, "username", "at"), Index(None, "address", "at"))

    id: Mapped[row_id]
    username: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(64), default="")
    at: Mapped[utc_now]
