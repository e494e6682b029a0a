"""Reading what a marking screen sends: numbers stay exact, and unknown fields are ignored."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import request

from marking.rounds.annotations import check_annotations
from marking.rounds.errors import MarkMalformed
from marking.rounds.submit import ScoreForm, check_form
from models.errors import mark_text
from models.words import ProblemReason
from web.api.body import BodyRefused, parsed_json

MOST_WANTED = 16
MOST_HELD = 100


def body() -> Any:
    """The JSON of this request with numbers as exact decimals; an empty object where there is none."""
    data = request.get_data()
    if not data:
        return {}
    return parsed_json(data)


def object_body() -> dict[str, Any]:
    """The JSON object of this request. Raises BodyRefused."""
    value = body()
    if not isinstance(value, dict):
        raise BodyRefused(why=mark_text("it is not a JSON object"))
    return value


def wanted(value: Mapping[str, Any], default: int) -> int:
    """How many tasks are asked for, within bounds."""
    want = value.get("want", default)
    if isinstance(want, bool) or not isinstance(want, int):
        raise BodyRefused(why=mark_text("want must be a whole number"))
    return max(0, min(want, MOST_WANTED))


def held(value: Mapping[str, Any]) -> list[str] | None:
    """The tasks that a screen says it holds; None where it says nothing."""
    holding = value.get("holding")
    if holding is None:
        return None
    if not isinstance(holding, list) or len(holding) > MOST_HELD or not all(isinstance(one, str) for one in holding):
        raise BodyRefused(why=mark_text("holding must be a list of task ids"))
    return [str(one) for one in holding]


def screen_of(value: Mapping[str, Any]) -> int | None:
    """The number of the marking screen that asks; None for other programs."""
    number = value.get("screen")
    if number is None or (isinstance(number, int) and not isinstance(number, bool)):
        return number
    raise BodyRefused(why=mark_text("screen must be a whole number"))


def score_form(task: object, value: object) -> ScoreForm:
    """A score as sent. Raises MarkMalformed (422) for what is no score at all."""
    if not isinstance(value, Mapping) or not isinstance(task, str):
        raise MarkMalformed(why=mark_text("it is not a JSON object"))
    key, version = value.get("key"), value.get("version")
    if not isinstance(key, str):
        raise MarkMalformed(why=mark_text("its key is missing, or not 1 to 80 plain characters"))
    if not isinstance(version, int) or isinstance(version, bool):
        raise MarkMalformed(why=mark_text("the version of the task is missing"))
    parts = value.get("parts")
    if parts is not None and not isinstance(parts, Mapping):
        raise MarkMalformed(why=mark_text("parts is not an object"))
    image, reason, dwell_ms = value.get("image"), value.get("reason"), value.get("dwell_ms")
    if image is not None and not isinstance(image, str):
        raise MarkMalformed(why=mark_text("the image is not an address"))
    form = ScoreForm(
        task=task,
        key=key,
        version=version,
        parts=parts,
        total=value.get("total"),
        annotations=check_annotations(value.get("annotations")),
        dwell_ms=_whole(dwell_ms),
        image=image.rsplit("/", 1)[-1] if image else "",
        reason=reason if isinstance(reason, str) else "",
    )
    check_form(form)
    return form


def _whole(value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        whole = int(value)
        if abs(whole) < 10**9:
            return whole
    raise MarkMalformed(why=mark_text("the time on screen is impossible"))


def problem_form(value: Mapping[str, Any]) -> tuple[ProblemReason, str, int | None]:
    """Reason, note and version of a problem. Raises MarkMalformed."""
    reason, note, version = value.get("reason"), value.get("note", ""), value.get("version")
    if reason not in {one.value for one in ProblemReason}:
        raise MarkMalformed(why=mark_text("the reason is not one of the list"))
    if not isinstance(note, str) or len(note) > 500:
        raise MarkMalformed(why=mark_text("a text is too long"))
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise MarkMalformed(why=mark_text("the version of the task is missing"))
    return ProblemReason(reason), note, version
