"""Bring derived rows to what they should be, touching only those that differ, in short transactions.

Derived rows are worked out from a reading session first; only the differences are written, a few hundred at a time, so
that two hundred markers never wait for a whole paper to be composed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Result, delete, insert, update

from models.columns import Base
from models.database import Database

CHUNK = 400  # rows per transaction: a few milliseconds each


@dataclass(slots=True)
class Difference:
    """What has to change in one table: rows to add, rows to change (with their id), ids to remove."""

    table: type[Base]
    fresh: list[dict[str, Any]] = field(default_factory=list)
    stale: list[dict[str, Any]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many rows change."""
        return len(self.fresh) + len(self.stale) + len(self.gone)


def difference(
    table: type[Base],
    kept: Result[*tuple[Any, ...]],
    key: tuple[str, ...],
    wanted: Mapping[tuple[Any, ...], dict[str, Any]],
) -> Difference:
    """Compare rows (with `id`, the key columns and the value columns) with what is wanted under each key."""
    found = Difference(table)
    left = dict(wanted)
    for mapping in kept.mappings():
        values = left.pop(tuple(mapping[name] for name in key), None)
        if values is None:
            found.gone.append(mapping["id"])
        elif any(mapping[name] != value for name, value in values.items()):
            found.stale.append({"id": mapping["id"], **values})
    found.fresh = [{**dict(zip(key, place, strict=True)), **values} for place, values in left.items()]
    return found


def write(database: Database, differences: Iterable[Difference]) -> int:
    """Write differences chunk by chunk; answers how many rows changed. Runs twice without harm."""
    changed = 0
    for each in differences:
        table: Any = each.table
        for ids in _chunks(each.gone):
            with database.write() as session:
                session.execute(delete(table).where(table.id.in_(ids)))
        for rows in _chunks(each.stale):
            with database.write() as session:
                session.execute(update(table), rows)
        for rows in _chunks(each.fresh):
            with database.write() as session:
                session.execute(insert(table), rows)
        changed += each.size
    return changed


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    for at in range(0, len(rows), CHUNK):
        yield rows[at : at + CHUNK]
