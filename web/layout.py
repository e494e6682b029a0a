"""What every page shows around its content: who is here, where they may go, the languages, the form token."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flask import Flask, request, url_for

from models.errors import mark_text
from models.words import Lang
from web.access import cookies
from web.access.guard import may, maybe_user
from web.access.permissions import Permission
from web.access.policy import Scope
from web.access.services import services
from web.i18n import _, current_language
from web.page_pictures import has_picture
from web.scanning import exception_title
from web.words import name_of


@dataclass(frozen=True, slots=True)
class Door:
    """One entry of the navigation: an endpoint, shown to whoever may enter."""

    endpoint: str
    title: str
    permissions: tuple[Permission, ...]
    more_rooms: tuple[str, ...] = ()

    @property
    def rooms(self) -> tuple[str, ...]:
        """The blueprints behind it, to show where one is."""
        return (self.endpoint.partition(".")[0], *self.more_rooms)


DOORS: tuple[Door, ...] = (
    Door("exams.index", mark_text("Exams"), (Permission.SEE_EXAM,), ("people", "batches", "exceptions")),
    Door(
        "marking.home",
        mark_text("Marking"),
        (Permission.MARK_RESPONSE,),
        ("board", "plan", "plan_people", "rules", "recall", "scripts", "samples", "misplaced", "grouping"),
    ),
    Door("statistics.index", mark_text("Statistics"), (Permission.SEE_STATISTICS,)),
    Door("results.index", mark_text("My results"), (Permission.SEE_OWN_RESULT,)),
    Door("status.show", mark_text("System"), (Permission.SEE_STATUS,)),
)


_FIELDS = {
    "candidate": mark_text("Candidate number"),
    "absent": mark_text("Absent mark"),
    "variant": mark_text("Variant"),
}


def add_layout(app: Flask) -> None:
    """Give the templates what the base page needs, and the filters that all pages share."""

    @app.context_processor
    def layout() -> dict[str, object]:
        user = maybe_user()
        doors = [
            door
            for door in DOORS
            if door.endpoint in app.view_functions and any(may(permission) for permission in door.permissions)
        ]
        return {
            "user": user,
            "doors": doors,
            "language": current_language(),
            "languages": ((Lang.ZH, "中文"), (Lang.EN, "English")),
            "csrf_token": csrf_token,
            "here": request.full_path.rstrip("?"),
            "static": static,
        }

    app.add_template_global(lambda word: _(name_of(word)), "name_of")
    app.add_template_global(exception_title, "exception_title")
    app.add_template_global(lambda exam, paper: Scope(exam_id=exam.id, paper_id=paper.id), "panel_scope")
    app.add_template_global(has_picture, "has_picture")
    app.add_template_filter(file_name, "file_name")
    app.add_template_filter(field_name, "field_name")
    app.add_template_filter(clock, "clock")
    app.add_template_filter(number, "number")
    app.add_template_filter(points, "points")
    app.add_template_filter(percent, "percent")


def csrf_token() -> str:
    """The token that forms of this page carry."""
    user = maybe_user()
    return user.csrf_token if user is not None else cookies.new_visitor_token(services().settings)


def static(name: str) -> str:
    """The address of a static file; the version makes browsers fetch a new one after an upgrade."""
    from models import __version__

    return url_for("static", filename=name, v=__version__)


def file_name(path: str) -> str:
    """The last two parts of a name as it was given: where a scan lay on a computer concerns nobody.

    An archive is shown with the whole path inside it.
    """
    parts = path.split("/")
    archive = next((at for at, part in enumerate(parts[:-1]) if part.lower().endswith(".zip")), len(parts))
    return "/".join(parts[min(archive, max(len(parts) - 2, 0)) :])


def clock(moment: datetime) -> str:
    """A moment as the clocks of this computer show it: an office thinks in its own time, the tables keep UTC."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def field_name(field: str) -> str:
    """A field of the card as people call it: the item's number, the group to choose from, or what else it is for."""
    if ":" in field:
        return field.partition(":")[2]
    return _(_FIELDS[field]) if field in _FIELDS else field


def number(value: object, places: int = 2) -> str:
    """A number for reading: points as they are, floats rounded for display only, a dash where there is nothing."""
    if value is None:
        return "–"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, float):
        return f"{value:.{places}f}"
    return str(value)


def points(value: float | None) -> str:
    """Points that were computed as a float, as people write them: 8.5, 12, never 12.00."""
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def percent(value: float | None, places: int = 1) -> str:
    """A fraction as a percentage, a dash where it is undefined."""
    return "–" if value is None else _("{value} %", value=f"{value * 100:.{places}f}")
