"""The values of a template.json, each asked for by what it has to be, and refused with its place.

In:  bytes, or values that `json` has made. Out: plain typed values. Raises the refusals of importers.refusals.
"""

import json
import math
from typing import Any, NoReturn

from models.errors import mark_text
from scanning.cards.importers.refusals import TemplateRefused, TemplateTooLarge, TemplateUnreadable

MOST_BYTES = 2_000_000  # the largest public template is 60 kB


def parse_template(data: bytes) -> dict[str, Any]:
    """The template's object. Raises TemplateUnreadable, TemplateTooLarge, TemplateRefused."""
    if len(data) > MOST_BYTES:
        raise TemplateTooLarge(place="template", found=f"{len(data)} bytes", most=f"{MOST_BYTES} bytes")
    try:
        root = json.loads(
            data.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_unique, parse_int=_short_int
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as err:
        why = str(err) if isinstance(err, ValueError) else mark_text("it is nested too deeply")
        raise TemplateUnreadable(file="template.json", why=why) from err
    if not isinstance(root, dict):
        raise TemplateUnreadable(file="template.json", why=mark_text("it is not an object"))
    if "fieldBlocks" not in root and "qBlocks" in root:
        raise TemplateRefused(
            place="qBlocks", why=mark_text("this is the template format of before 2021"), found="qBlocks"
        )
    return root


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _short_int(text: str) -> int:
    if len(text) > 12:
        raise ValueError(f"{text[:12]}… is not a length")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def as_object(raw: object, place: str) -> dict[str, Any]:
    """An object."""
    if not isinstance(raw, dict):
        raise TemplateRefused(place=place, why=mark_text("an object is needed here"), found=shortened(raw))
    return raw


def as_array(raw: object, place: str) -> list[Any]:
    """A list."""
    if not isinstance(raw, list):
        raise TemplateRefused(place=place, why=mark_text("a list is needed here"), found=shortened(raw))
    return raw


def as_text(raw: object, place: str) -> str:
    """A short printable text; a whole number is taken for its digits."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if not isinstance(raw, str) or not raw.strip() or len(raw) > 200 or not raw.isprintable():
        raise TemplateRefused(place=place, why=mark_text("a short text is needed here"), found=shortened(raw))
    return raw


def as_number(raw: object, place: str, least: float, most: float) -> float:
    """A number between `least` and `most`."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        raise TemplateRefused(place=place, why=mark_text("a number is needed here"), found=shortened(raw))
    if not least <= raw <= most:
        raise TemplateRefused(place=place, why=mark_text("the number is out of range"), found=shortened(raw))
    return float(raw)


def as_pair(raw: object, place: str, least: float, most: float) -> tuple[float, float]:
    """Two such numbers."""
    given = as_array(raw, place)
    if len(given) != 2:
        raise TemplateRefused(place=place, why=mark_text("two numbers are needed here"), found=shortened(raw))
    return as_number(given[0], place, least, most), as_number(given[1], place, least, most)


def shortened(raw: object) -> str:
    """What was found, shortened for one line."""
    text = repr(raw)
    return text if len(text) <= 60 else f"{text[:57]}…"
