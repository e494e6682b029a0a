"""What the pages of a marking group's leader share: finding the group, reading forms, going back with a sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marking.tasks.groups import MarkingGroup
from models.errors import InputRefused, KaiyueError, mark_text
from models.points import parse_points
from web.access.guard import current_user, may
from web.access.permissions import Permission
from web.access.services import services
from web.i18n import error_texts
from web.marking_desk import place, scope_of


class FormUnclear(InputRefused):
    """A field of a form holds something else than what belongs there."""

    code = "form.unclear"
    sentence = mark_text("{field}: {value} is no number that could stand here.")
    remedy = mark_text("Correct the field and save again.")


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of a group's leader."""

    endpoint: str
    title: str
    permission: Permission


TABS = (
    Tab("board.show", mark_text("Board"), Permission.WATCH_MARKING),
    Tab("samples.index", mark_text("Samples"), Permission.LEAD_GROUP),
    Tab("scripts.show", mark_text("Trial and scripts"), Permission.LEAD_GROUP),
    Tab("plan.show", mark_text("Plan"), Permission.PLAN_MARKING),
    Tab("plan_people.show", mark_text("People"), Permission.PLAN_MARKING),
    Tab("rules.show", mark_text("Rule sheet"), Permission.PLAN_MARKING),
)


def tabs_of(group: MarkingGroup) -> list[Tab]:
    """The pages that this person may open."""
    return [tab for tab in TABS if may(tab.permission, scope_of(group))]


def find(session: Session, group_id: int, permission: Permission) -> MarkingGroup:
    """A group that the person leads or plans. Raises NotFound."""
    return place(session, group_id, permission).group


def act(group_id: int, permission: Permission, do: Callable[[Session, MarkingGroup, int], str | None]) -> None:
    """Do one step in one transaction and flash the sentence that it answers, or why it was refused."""
    try:
        with services().database.write() as session:
            group = find(session, group_id, permission)
            said = do(session, group, current_user().id)
    except KaiyueError as error:
        if error.http_status == 404 or error.http_status >= 500:
            raise
        flash(" ".join(error_texts(error)), "wrong")
        return
    if said:
        flash(said, "good")


def back(endpoint: str, **values: Any) -> ResponseReturnValue:
    """To a page of the group, after a step."""
    return redirect(url_for(endpoint, **values))


def whole(name: str, *, empty: int | None = None, most: int = 10**6) -> int | None:
    """A whole number of the form; `empty` where nothing stands there. Raises FormUnclear."""
    text = request.form.get(name, "").strip()
    if not text:
        return empty
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise FormUnclear(field=name, value=text[:40])
    return int(text)


def whole_or(name: str, empty: int) -> int:
    """As `whole`, where something has to stand."""
    value = whole(name, empty=empty)
    return empty if value is None else value


def points(name: str, *, empty: Decimal | None = None) -> Decimal | None:
    """Points of the form; `empty` where nothing stands there. Raises FormUnclear."""
    given = request.form.get(name, "").strip()
    return points_of(name, given) if given else empty


def points_of(name: str, given: str) -> Decimal:
    """Points from a text. Raises FormUnclear."""
    try:
        return parse_points(given)
    except ValueError as err:
        raise FormUnclear(field=name, value=given[:40]) from err


E = TypeVar("E", bound=StrEnum)


def word(name: str, words: type[E], empty: E) -> E:
    """A word of a closed list; `empty` where the form holds none of them."""
    given = request.form.get(name, "")
    return words(given) if given in list(words) else empty


def text(name: str, most: int = 500) -> str:
    """A text of the form."""
    return request.form.get(name, "").strip()[:most]
