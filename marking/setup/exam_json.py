"""An exam as JSON for the table that stores it, and back without loss: decimals as text, words as their values.

This is the stored definition, not the exam file: ranges are expanded, defaults are filled in and rules merged.
A key that is missing (written by an earlier version) takes the default of its field.
"""

import dataclasses
import types
import typing
from collections.abc import Hashable
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from models.paper import Exam

Json = dict[str, Any]
Record = TypeVar("Record")


def exam_to_json(exam: Exam) -> Json:
    """The exam as JSON values."""
    return typing.cast("Json", _to_json(exam))


def exam_from_json(data: Json) -> Exam:
    """The exam that exam_to_json wrote. Raises ValueError for anything else."""
    return _record(Exam, data)


def _to_json(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_to_json(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    return value


@cache
def _types_of(record: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(record)


def _record(record: type[Record], data: object) -> Record:
    if not isinstance(data, dict):
        raise ValueError(f"{data!r} is not a stored {record.__name__}")
    types_of = _types_of(typing.cast("Hashable", record))
    unknown = set(data) - set(types_of)
    if unknown:
        raise ValueError(f"a stored {record.__name__} has no {', '.join(sorted(unknown))}")
    try:
        return record(**{name: _from_json(types_of[name], value) for name, value in data.items()})
    except (TypeError, ArithmeticError) as err:
        raise ValueError(f"not a stored {record.__name__}: {err}") from err


def _from_json(kind: Any, data: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if data is None:
            return None
        return _from_json(next(one for one in arguments if one is not type(None)), data)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_from_json(arguments[0], one) for one in data)
        return tuple(_from_json(one, value) for one, value in zip(arguments, data, strict=True))
    if origin is typing.Literal:
        if data not in arguments:
            raise ValueError(f"{data!r} is not one of {arguments}")
        return data
    if dataclasses.is_dataclass(kind):
        return _record(typing.cast("type", kind), data)
    if kind is float:
        return float(data)
    if issubclass(kind, Enum | Decimal):
        return kind(data)
    if not isinstance(data, kind):
        raise ValueError(f"{data!r} is not a {kind.__name__}")
    return data
