"""Add columns to tables that hold data, on both databases; called from migrations.

On SQLite Alembic would copy the whole table and drop the old one, which foreign keys from other tables forbid while
there are rows. SQLite can add a column in place, with its foreign key, as long as it is empty or has a default.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateColumn


def add_column(table: str, column: "sa.Column[object]", *, refers_to: str = "") -> None:
    """Add one column; `refers_to` names the table whose `id` it refers to."""
    if op.get_bind().dialect.name != "sqlite":
        op.add_column(table, column)
        if refers_to:
            op.create_foreign_key(f"fk_{table}_{column.name}", table, refers_to, [str(column.name)], ["id"])
        return
    sa.Table(table, sa.MetaData(), column)  # a column has to stand in some table before it can be written down
    written = str(CreateColumn(column).compile(dialect=op.get_bind().dialect)).strip()
    if refers_to:
        written += f" CONSTRAINT fk_{table}_{column.name} REFERENCES {refers_to} (id)"
    op.execute(f"ALTER TABLE {table} ADD COLUMN {written}")
