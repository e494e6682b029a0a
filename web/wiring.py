"""Where settings become things: the database, the evidence folder, the secret key of one data folder."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

import models.records  # noqa: F401 - whoever opens the database knows every table that its foreign keys name
from models.blobs import BlobStore, FolderBlobs
from models.database import Database, DatabaseUnusable, sqlite_url
from models.errors import KaiyueError, mark_text
from models.migrate import is_current, upgrade
from web.settings import Settings, load_settings


class DataFolderUnusable(KaiyueError):
    """The data folder cannot be made or written to."""

    code = "data.unusable"
    sentence = mark_text("The data folder {where} cannot be used: {why}.")
    remedy = mark_text("Choose another one with --data or KAIYUE_DATA.")
    exit_code = 3


class SchemaOutdated(KaiyueError):
    """The database was made by another version."""

    code = "database.outdated"
    sentence = mark_text("The database has the schema of another version.")
    remedy = mark_text("Make a backup, then run `kaiyue db upgrade`.")
    exit_code = 3
    http_status = 503


@dataclass(frozen=True, slots=True)
class Services:
    """What commands and requests work with."""

    settings: Settings
    database: Database
    blobs: BlobStore


def open_services(settings: Settings | None = None) -> Services:
    """Open the data folder, making it with an up-to-date database when it is new.

    Raises DataFolderUnusable, DatabaseUnusable, or SchemaOutdated for a database of another version.
    """
    settings = settings or load_settings()
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        blobs = FolderBlobs(settings.data / "blobs")
    except OSError as err:
        raise DataFolderUnusable(where=str(settings.data), why=err.strerror or str(err)) from err
    file = settings.data / "kaiyue.sqlite"
    url = settings.database_url or sqlite_url(file)
    try:
        database = Database(url, pool_size=settings.threads + 8)
    except (SQLAlchemyError, ImportError, ValueError) as err:  # no address of a database, or of a kind without driver
        raise DatabaseUnusable(where="KAIYUE_DATABASE_URL", why=type(err).__name__) from err
    fresh = database.is_sqlite and not file.exists()
    try:
        if fresh or (not database.is_sqlite and _is_empty(database)):
            upgrade(database)
        elif not is_current(database):
            raise SchemaOutdated
    except KaiyueError:
        raise
    except Exception as err:
        raise DatabaseUnusable(where=database.engine.url.render_as_string(), why=str(err).splitlines()[0]) from err
    return Services(settings, database, blobs)


def _is_empty(database: Database) -> bool:
    from sqlalchemy import inspect

    return not inspect(database.engine).get_table_names()


def configured_font(settings: Settings | None = None) -> Path | None:
    """The font file that KAIYUE_FONT names; None leaves the choice to the system's fonts."""
    font = (settings or load_settings()).font
    return Path(font).expanduser() if font else None


def secret_key(settings: Settings) -> str:
    """The configured key, or the data folder's own random one, made on first use and readable by its owner only."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data / "secret.key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return path.read_text(encoding="ascii").strip()
