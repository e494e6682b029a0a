"""Who may do what to which object: a pure function of grants, permission and scope that also says why.

A grant joins a role to a scope; a column that it leaves empty means everywhere below what it names. An
object states the whole chain that it lies in: a paper names its exam, a group its paper and exam.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from models.words import Role
from web.access.permissions import PERMISSIONS_OF, Permission


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a grant holds, or where an object lies; ids of records, empty where nothing is named."""

    exam_id: int | None = None
    paper_id: int | None = None
    group_id: int | None = None
    school_id: int | None = None
    class_id: int | None = None
    candidate_id: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A role that a person holds, and where."""

    role: Role
    scope: Scope


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, and the reason in English for the security log."""

    yes: bool
    why: str

    def __bool__(self) -> bool:
        return self.yes


_COLUMNS = tuple(field.name for field in fields(Scope))
Match = Callable[[Scope, Scope], bool]


def holds(grants: Iterable[Held], permission: Permission) -> Decision:
    """Whether the permission is held anywhere at all: what opens a route, before an object is known."""
    for grant in grants:
        if permission in PERMISSIONS_OF[grant.role]:
            return Decision(True, f"{grant.role} brings {permission}")
    return Decision(False, f"no grant brings {permission}")


def allowed(grants: Iterable[Held], permission: Permission, scope: Scope) -> Decision:
    """Whether the permission is held for the whole of an object: every column that the grant names is the object's."""
    return _decide(grants, permission, scope, _covers)


def reaches(grants: Iterable[Held], permission: Permission, scope: Scope) -> Decision:
    """Whether the permission is held for some part of an object.

    Enough only for a page that shows each person their own part of it, such as the list of a school's exams.
    """
    return _decide(grants, permission, scope, _touches)


def _decide(grants: Iterable[Held], permission: Permission, scope: Scope, match: Match) -> Decision:
    elsewhere = False
    for grant in grants:
        if permission not in PERMISSIONS_OF[grant.role]:
            continue
        if match(grant.scope, scope):
            return Decision(True, f"{grant.role} brings {permission} here")
        elsewhere = True
    if elsewhere:
        return Decision(False, f"{permission} is held, but not here")
    return Decision(False, f"no grant brings {permission}")


def _covers(grant: Scope, target: Scope) -> bool:
    return all(
        getattr(grant, column) is None or getattr(grant, column) == getattr(target, column) for column in _COLUMNS
    )


def _touches(grant: Scope, target: Scope) -> bool:
    return all(
        getattr(grant, column) is None
        or getattr(target, column) is None
        or getattr(grant, column) == getattr(target, column)
        for column in _COLUMNS
    )
