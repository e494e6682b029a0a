"""Where a marking request finds its group, its seat and its answer: what the routes and pages of marking share."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import current_app
from sqlalchemy.orm import Session

from marking.quality.kept import BoardsKept
from marking.tasks.deal import Dealt, deal
from marking.tasks.groups import MarkingGroup, Seat, find_group, find_group_of_task, find_groups
from marking.tasks.progress import CountsKept, GroupCounts, OwnCounts, own_counts
from marking.tasks.queue_policy import QueuePolicy
from models.errors import NotFound, mark_text
from models.task import MarkingTask
from models.words import Role
from web.access.guard import current_user, require
from web.access.permissions import Permission
from web.access.policy import Scope, allowed
from web.access.services import services
from web.access.sessions import SignedIn
from web.screens import Screens, TakenOver
from web.view_log import ViewLog

_KEY = "kaiyue.marking"


@dataclass(slots=True)
class Desk:
    """What the marking requests of one process share."""

    policy: QueuePolicy
    counts: CountsKept = field(default_factory=CountsKept)
    views: ViewLog = field(default_factory=ViewLog)
    screens: Screens = field(default_factory=Screens)
    boards: BoardsKept = field(default_factory=BoardsKept)


@dataclass(frozen=True, slots=True)
class Place:
    """A group that the person may mark, and as what."""

    group: MarkingGroup
    seat: Seat


def desk() -> Desk:
    """The desk of this application."""
    found = current_app.extensions.get(_KEY)
    if not isinstance(found, Desk):
        policy = QueuePolicy(lease_s=services().settings.lease_s)
        found = current_app.extensions.setdefault(_KEY, Desk(policy))
    return found


def scope_of(group: MarkingGroup) -> Scope:
    """Where a group lies."""
    return Scope(exam_id=group.exam_id, paper_id=group.paper_id, group_id=group.id)


def seat_of(person: SignedIn, group: MarkingGroup) -> Seat:
    """As what the person may mark the group; a seat without any role where not at all."""
    scope = scope_of(group)
    as_marker = [grant for grant in person.grants if grant.role is Role.MARKER]
    return Seat(
        user_id=person.id,
        school_id=person.school_id,
        marks=bool(allowed(as_marker, Permission.MARK_RESPONSE, scope)),
        leads=bool(allowed(person.grants, Permission.LEAD_GROUP, scope)),
    )


def place(session: Session, group_id: int, permission: Permission = Permission.MARK_RESPONSE) -> Place:
    """A group of the person. Raises NotFound."""
    group = find_group(session, group_id)
    require(permission, scope_of(group), what=mark_text("marking group"), name=str(group_id))
    return Place(group, seat_of(current_user(), group))


def places(session: Session) -> list[Place]:
    """Every group that the person may mark or lead."""
    person = current_user()
    found = [Place(group, seat_of(person, group)) for group in find_groups(session)]
    return [each for each in found if each.seat.roles]


def place_of_task(code: str) -> Place:
    """The group of a task, found through the task's own id. Raises NotFound."""
    with services().database.read() as session:
        group = find_group_of_task(session, code)
    if group is None:
        raise NotFound(what=mark_text("marking task"), name=code[:40])
    # hidden behind the same words as a task that does not exist
    require(Permission.MARK_RESPONSE, scope_of(group), what=mark_text("marking task"), name=code[:40])
    return Place(group, seat_of(current_user(), group))


def is_current(found: Place, screen: int | None) -> bool:
    """Whether work may be dealt to this screen of the person; a newer one takes over from it."""
    return desk().screens.hear(found.seat.user_id, found.group.id, screen)


def need_current(found: Place, screen: int | None) -> None:
    """Raise TakenOver for a screen that a newer one has taken over from."""
    if not is_current(found, screen):
        raise TakenOver


def show(found: Place, tasks: Sequence[MarkingTask]) -> tuple[list[Dealt], GroupCounts, OwnCounts]:
    """What the screen shows of these tasks, and how far marking is."""
    with services().database.read() as session:
        own = own_counts(session, found.group.id, found.seat.user_id)
        counts = desk().counts.of(session, found.group, at_least=own.done)
        return deal(session, found.group, tasks), counts, own
