"""How Alembic reaches the database: always through the engine that models/migrate.py hands over."""

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from models.records import Base


def _plain_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our column types as what the database keeps, so that old steps never depend on today's code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,  # SQLite alters a table by copying it
        transactional_ddl=True,
        render_item=_plain_type,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
