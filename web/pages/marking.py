"""The pages of marking: my groups, and the screen on which one group is marked."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from marking.tasks.groups import MarkingGroup, Seat
from marking.tasks.progress import GroupCounts, OwnCounts, own_counts, shown_counts
from models.points import show_points
from web.access.guard import current_user, needs
from web.access.permissions import Permission
from web.access.services import services
from web.api.marking_answers import part
from web.layout import csrf_token
from web.marking_desk import Place, desk, place, places
from web.marking_texts import (
    action_names,
    flag_names,
    key_names,
    panels,
    reason_names,
    revisit_names,
    screen_texts,
    tool_names,
)

blueprint = Blueprint("marking", __name__, url_prefix="/marking")


@dataclass(frozen=True, slots=True)
class Entry:
    """One tile of the list."""

    group: MarkingGroup
    seat: Seat
    counts: GroupCounts
    own: OwnCounts

    @property
    def full_mark(self) -> str:
        """As people write it."""
        return show_points(self.group.full_mark)

    @property
    def waiting(self) -> int:
        """Whether there is something to do here for this person."""
        return (self.counts.open if self.seat.marks else 0) + (self.counts.problem if self.seat.leads else 0)


@blueprint.get("")
@needs(Permission.MARK_RESPONSE)
def home() -> ResponseReturnValue:
    """My groups with their counts."""
    with services().database.read() as session:
        found = places(session)
        entries = [
            Entry(
                each.group,
                each.seat,
                shown_counts(session, each.group),
                own_counts(session, each.group.id, each.seat.user_id),
            )
            for each in found
        ]
    return render_template("marking/home.html", entries=entries)


@blueprint.get("/<int:group_id>")
@needs(Permission.MARK_RESPONSE)
def screen(group_id: int) -> ResponseReturnValue:
    """The marking screen of one group."""
    with services().database.read() as session:
        found = place(session, group_id)
    return render_template(
        "marking/screen.html",
        group=found.group,
        seat=found.seat,
        full_mark=show_points(found.group.full_mark),
        modules=_modules(),
        tools=tool_names(),
        panels=panels(),
        revisit_reasons=revisit_names(),
        config=_config(found),
    )


@cache
def _modules() -> tuple[str, ...]:
    """The script's modules, for browsers to fetch all at once instead of one after the other."""
    folder = files("web") / "static" / "marking"
    return tuple(sorted(one.name for one in folder.iterdir() if one.name.endswith(".js") and one.name != "screen.js"))


def _config(found: Place) -> dict[str, Any]:
    """What the screen's script needs to know; nothing about anybody else."""
    person, group = current_user(), found.group
    return {
        "user": {"id": person.id, "username": person.username},
        "csrf_token": csrf_token(),
        "group": {"id": group.id, "open": group.is_open, "parts": [part(group, one) for one in group.parts]},
        "screen": {
            "number": desk().screens.new_number(),
            "elsewhere": desk().screens.elsewhere(person.id, group.id),
        },
        "texts": screen_texts(),
        "actions": action_names(),
        "key_names": key_names(),
        "flags": flag_names(),
        "reasons": reason_names(),
    }
