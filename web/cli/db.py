"""`kaiyue db`: the schema of the database."""

import click

from web.i18n import _


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the database to the schema of this version."""
    from models.database import Database, sqlite_url
    from models.migrate import is_current
    from models.migrate import upgrade as run_steps
    from web.settings import load_settings

    settings = load_settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url or sqlite_url(settings.data / "kaiyue.sqlite"))
    if is_current(database):
        click.echo(_("The database is up to date."))
        return
    run_steps(database)
    click.echo(_("The database was brought up to date."))
