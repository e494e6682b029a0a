"""Check what a marker drew: vectors on a crop, in shares of its width and height.

In:  parsed JSON. Out: the same, reduced to what is known. A list entry is an object with `kind`, `image` (position of
the crop, from 0) and, by kind: `at` [x, y] · `box` [x, y, width, height] · `line` [[x, y], …] · `text` · `part` and
`value` (the stamp of a part's points). Everything lies between 0 and 1 and is rounded to 1/10,000 of the crop.
"""

import json
from collections.abc import Mapping
from typing import Any

from marking.rounds.errors import MarkMalformed
from models.errors import mark_text

MOST = 200  # of them on one response; a full page of ticks has about forty
MOST_BYTES = 16_384
MOST_BYTES_EACH = 2_048
MOST_TEXT = 200

_NEEDS = {
    "tick": ("at",),
    "cross": ("at",),
    "half": ("at",),
    "underline": ("line",),
    "box": ("box",),
    "text": ("at", "text"),
    "stamp": ("at", "part", "value"),
    "pen": ("line",),
}


def check_annotations(given: object) -> list[dict[str, Any]]:
    """The annotations worth keeping. Raises MarkMalformed for anything else than such a list."""
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST:
        raise MarkMalformed(why=mark_text("the annotations are not a list, or there are too many"))
    checked = [_one(entry) for entry in given]
    if _size(checked) > MOST_BYTES or any(_size(entry) > MOST_BYTES_EACH for entry in checked):
        raise MarkMalformed(why=mark_text("the annotations take too much room"))
    return checked


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


def _one(entry: object) -> dict[str, Any]:
    if not isinstance(entry, Mapping) or entry.get("kind") not in _NEEDS:
        raise MarkMalformed(why=mark_text("an annotation is of no known kind"))
    kind = str(entry["kind"])
    image = entry.get("image", 0)
    if not isinstance(image, int) or isinstance(image, bool) or not 0 <= image < 100:
        raise MarkMalformed(why=mark_text("an annotation names no image"))
    kept: dict[str, Any] = {"kind": kind, "image": image}
    for name in _NEEDS[kind]:
        kept[name] = _field(name, entry.get(name))
    return kept


def _field(name: str, value: object) -> object:
    if name == "at":
        return _numbers(value, 2)
    if name == "box":
        return _numbers(value, 4)
    if name == "line":
        if not isinstance(value, list) or not 2 <= len(value) <= 500:
            raise MarkMalformed(why=mark_text("a line has too few points, or too many"))
        return [_numbers(point, 2) for point in value]
    text = str(value) if isinstance(value, str) else ""
    if not text or len(text) > MOST_TEXT or not text.isprintable():
        raise MarkMalformed(why=mark_text("the text of an annotation is missing, too long or not printable"))
    return text


def _numbers(value: object, count: int) -> list[float]:
    if not isinstance(value, list) or len(value) != count:
        raise MarkMalformed(why=mark_text("an annotation has no place"))
    try:
        numbers = [round(float(number), 4) for number in value]
    except (TypeError, ValueError, OverflowError) as err:
        raise MarkMalformed(why=mark_text("an annotation has no place")) from err
    if not all(0 <= number <= 1 for number in numbers):
        raise MarkMalformed(why=mark_text("an annotation lies outside its image"))
    return numbers
