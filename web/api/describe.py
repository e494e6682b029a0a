"""What an API route takes and gives, declared beside it; /api/v1/openapi.json is made from these.

Schemas are the JSON Schema subset of OpenAPI 3.1, made by the small functions below.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Schema = dict[str, Any]
View = TypeVar("View", bound=Callable[..., Any])

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
POINTS: Schema = {"type": "string", "description": "Points, exact to the hundredth", "pattern": r"^-?\d+(\.\d{1,2})?$"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
FILE: Schema = {"type": "string", "format": "binary"}
ANYTHING: Schema = {}

_ATTRIBUTE = "kaiyue_description"


@dataclass(frozen=True, slots=True)
class Description:
    """One route in words and schemas. `media` is what it answers with."""

    summary: str
    takes: Schema | None
    gives: Schema
    media: str
    takes_media: str


def described(
    summary: str,
    *,
    takes: Schema | None = None,
    gives: Schema,
    media: str = "application/json",
    takes_media: str = "application/json",
) -> Callable[[View], View]:
    """Describe a route of /api/v1; stands below the guard's decorator."""

    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, Description(summary, takes, gives, media, takes_media))
        return view

    return mark


def description_of(view: Callable[..., Any]) -> Description | None:
    """The description of a view, None where it has none."""
    return getattr(view, _ATTRIBUTE, None)


def of(optional: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object with these properties; all are present except the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def listed(items: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items}


def mapped(values: Schema) -> Schema:
    """An object whose keys are data."""
    return {"type": "object", "additionalProperties": values}


def maybe(schema: Schema) -> Schema:
    """What the schema says, or null."""
    return {"anyOf": [schema, {"type": "null"}]}
