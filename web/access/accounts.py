"""The accounts of an exam: finding them, a new password for whoever forgot theirs, shutting one and opening it again.

An exam manager reaches an account only when all of its rights lie in exams that are the manager's own: a new password
for somebody with wider rights would hand those rights over. The command line, at the server itself, has no such limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session

from marking.setup.staffing import first_password
from models.audit import record
from models.database import Database
from models.errors import NotFound, mark_text
from models.people import School
from models.staff import Grant, User
from models.words import AuditVerb, Role
from web.access.errors import AccountBeyondOwn, AccountIsOwn
from web.access.passwords import hash_passwords
from web.access.permissions import Permission
from web.access.policy import Scope, allowed
from web.access.sessions import SignedIn, end_other_sessions


@dataclass(frozen=True, slots=True)
class Account:
    """An account with rights in an exam; `roles` in the order of the enumeration, `within` whether all its rights
    lie in exams that the person who looks manages, `own` whether it is that person's.
    """

    id: int
    username: str
    name: str
    school: str
    roles: tuple[Role, ...]
    active: bool
    within: bool
    own: bool


def find_accounts(
    session: Session, exam_id: int, looker: SignedIn, wanted: str, most: int
) -> tuple[list[Account], int]:
    """At most `most` accounts with rights in the exam, by user name, and how many there are.

    `wanted` is a part of the user name, the name or the school; all accounts when empty.
    """
    like = f"%{_plain(wanted)}%"
    parts = (User.username, User.name, School.name)
    matches = or_(*(part.ilike(like, escape="\\") for part in parts)) if wanted else true()
    rows = (
        select(User.id, User.username, User.name, School.name, User.active)
        .join(School, School.id == User.school_id, isouter=True)
        .where(User.id.in_(select(Grant.user_id).where(Grant.exam_id == exam_id)), matches)
    )
    total = session.scalar(select(func.count()).select_from(rows.subquery())) or 0
    found = session.execute(rows.order_by(User.username).limit(most)).all()
    grants: dict[int, list[Grant]] = {row[0]: [] for row in found}
    for grant in session.scalars(select(Grant).where(Grant.user_id.in_(list(grants)))):
        grants[grant.user_id].append(grant)
    return [
        Account(
            user_id,
            username,
            name,
            school or "",
            tuple(role for role in Role if any(each.role is role for each in grants[user_id])),
            active,
            _within(grants[user_id], looker),
            user_id == looker.id,
        )
        for user_id, username, name, school, active in found
    ], total


def account_under(session: Session, exam_id: int, user_id: int, manager: SignedIn) -> User:
    """An account of the exam that this manager may reset or shut.

    Raises NotFound where it has no rights in the exam, AccountIsOwn, AccountBeyondOwn where it has rights elsewhere.
    """
    user = session.get(User, user_id)
    grants = session.scalars(select(Grant).where(Grant.user_id == user_id)).all()
    if user is None or all(grant.exam_id != exam_id for grant in grants):
        raise NotFound(what=mark_text("account"), name=user_id)
    if user.id == manager.id:
        raise AccountIsOwn
    if not _within(grants, manager):
        raise AccountBeyondOwn(username=user.username)
    return user


def find_account(session: Session, username: str) -> User:
    """The account of this user name. Raises NotFound."""
    user = session.scalar(select(User).where(User.username == username))
    if user is None:
        raise NotFound(what=mark_text("account"), name=username[:60])
    return user


def give_new_password(database: Database, user_id: int, *, actor: str) -> str:
    """Replace the password of an account by a random one, end its sessions, and answer it: it is kept nowhere.

    The hash is computed outside the transaction; it takes a quarter of a second.
    """
    password = first_password()
    (hashed,) = hash_passwords([password])
    with database.write() as session:
        user = session.get_one(User, user_id)
        user.password_hash = hashed
        end_other_sessions(session, user_id)
        record(session, AuditVerb.PASSWORD_RESET, f"user:{user.username}", actor=actor)
    return password


def set_active(session: Session, user: User, active: bool, *, actor: str) -> None:
    """Shut an account, which ends its sessions at once, or open it again. What it marked stays."""
    if user.active is active:
        return
    user.active = active
    if not active:
        end_other_sessions(session, user.id)
    verb = AuditVerb.ACCOUNT_OPENED if active else AuditVerb.ACCOUNT_SHUT
    record(session, verb, f"user:{user.username}", actor=actor)


def _within(grants: Sequence[Grant], manager: SignedIn) -> bool:
    return all(
        grant.exam_id is not None
        and bool(allowed(manager.grants, Permission.IMPORT_PEOPLE, Scope(exam_id=grant.exam_id)))
        for grant in grants
    )


def _plain(text: str) -> str:
    """The text with the wildcards of LIKE taken for what they are."""
    return "".join("\\" + letter if letter in "\\%_" else letter for letter in text)
