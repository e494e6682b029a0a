"""Reading a JSON body: an object with known fields, nothing deeper than anybody needs."""

import json
import re
from decimal import Decimal
from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from models.errors import KaiyueError, Sentence, mark_text

_MOST_DIGITS = 18  # a whole number with more does not fit into any column
_ODD_ESCAPE = re.compile(r"\\u(?:d[89a-f]|0000)", re.IGNORECASE)


class BodyRefused(KaiyueError):
    """A JSON body is not what the call takes."""

    code = "request.malformed"
    sentence = mark_text("The body of the request is not what this call takes: {why}.")
    remedy = mark_text("See /api/v1/openapi.json.")
    exit_code = 2
    http_status = 400


def json_body(*fields: str) -> dict[str, Any]:
    """The JSON object of this request with no field but these. Raises BodyRefused."""
    value = json_value()
    if not isinstance(value, dict):
        raise BodyRefused(why=mark_text("it is not a JSON object"))
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise BodyRefused(why=Sentence(mark_text("there is no field {field}"), {"field": unknown[0][:80]}))
    return value


def json_value() -> Any:
    """Whatever JSON this request carries, see parsed_json. Raises BodyRefused."""
    if not request.is_json:
        raise UnsupportedMediaType
    return parsed_json(request.get_data())


def parsed_json(data: bytes) -> Any:
    """JSON with fractions as exact decimals, and numbers that no column holds as well. Raises BodyRefused."""
    try:
        text = data.decode("utf-8")
        value = json.loads(text, parse_float=Decimal, parse_int=_whole_number, parse_constant=_refuse)
        if _ODD_ESCAPE.search(text):
            # half a surrogate pair is no character, and NUL is none that PostgreSQL keeps
            said = json.dumps(value, ensure_ascii=False, default=str)
            said.encode("utf-8")
            if "\\u0000" in said:
                raise ValueError("NUL")
    except ValueError as err:
        raise BodyRefused(why=mark_text("it is not JSON")) from err
    except RecursionError as err:  # thousands of opened brackets
        raise BodyRefused(why=mark_text("it is nested too deeply")) from err
    return value


def _whole_number(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _MOST_DIGITS else Decimal(digits)


def _refuse(name: str) -> None:
    raise ValueError(name)


def text_of(body: dict[str, Any], field: str) -> str:
    """A field that must be there and be text. Raises BodyRefused."""
    value = body.get(field)
    if not isinstance(value, str):
        raise BodyRefused(why=Sentence(mark_text("{field} must be a string"), {"field": field}))
    return value
