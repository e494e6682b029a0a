"""Rules that the database itself holds for tables whose rows are added and never changed."""

from alembic import op

_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION kaiyue_refuse_change() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are added, never changed', TG_TABLE_NAME;
END;
$$ LANGUAGE plpgsql
"""


def protect(tables: tuple[str, ...]) -> None:
    """Refuse UPDATE, DELETE (and TRUNCATE) on these tables; called from migrations."""
    if op.get_bind().dialect.name == "sqlite":
        for table in tables:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are added, never changed'); END"
                )
        return
    op.execute(_POSTGRES_FUNCTION)
    for table in tables:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION kaiyue_refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION kaiyue_refuse_change()"
        )


def unprotect(tables: tuple[str, ...]) -> None:
    """Take the rules away again; called when a migration is undone."""
    if op.get_bind().dialect.name == "sqlite":
        for table in tables:
            for verb in ("update", "delete"):
                op.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
        return
    for table in tables:
        op.execute(f"DROP TRIGGER IF EXISTS {table}_no_change ON {table}")
        op.execute(f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}")
