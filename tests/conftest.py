"""What many tests share: both databases, fresh and migrated; visible skips; no network beyond loopback."""

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from models.blobs import FolderBlobs
from models.database import Database, sqlite_url
from models.migrate import upgrade
from models.words import Lang
from tests.support.postgres import NoPostgres, running_postgres
from web.i18n import set_language

SKIPPED = {word.strip() for word in os.environ.get("KAIYUE_TEST_SKIP", "").split(",") if word.strip()}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, visibly, what KAIYUE_TEST_SKIP names; nightly tests run only when they are asked for."""
    for item in items:
        for word in SKIPPED:
            if item.get_closest_marker(word):
                item.add_marker(pytest.mark.skip(reason=f"KAIYUE_TEST_SKIP names {word}"))
        if item.get_closest_marker("nightly") and not os.environ.get("KAIYUE_NIGHTLY"):
            item.add_marker(pytest.mark.skip(reason="part of make nightly"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this computer."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        route_only = self.type == socket.SOCK_DGRAM and address[0] == "192.0.2.1"  # asks for a route, sends nothing
        outside = self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(("127.", "::1"))
        if outside and not route_only:
            raise AssertionError(f"a test tried to reach {address}")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("KAIYUE_")]:
        if name not in ("KAIYUE_TEST_SKIP", "KAIYUE_REAL_SHEETS", "KAIYUE_NIGHTLY", "KAIYUE_ARTEFACTS"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def chinese_first() -> None:
    """Every test begins in the first language, whichever one the test before it spoke."""
    set_language(Lang.ZH)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a running PostgreSQL; a test that needs it fails with what to install where there is none."""
    try:
        with running_postgres() as url:
            yield url
    except NoPostgres as err:
        pytest.fail(str(err))


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """A migrated database that fresh ones are copied from."""
    name = "kaiyue_template"
    _execute(postgres_server, f"CREATE DATABASE {name}")
    database = Database(make_url(postgres_server).set(database=name).render_as_string(hide_password=False))
    upgrade(database)
    database.dispose()
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that fresh ones are copied from."""
    path = tmp_path_factory.mktemp("template") / "kaiyue.sqlite"
    database = Database(sqlite_url(path))
    upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The URL of a fresh, migrated PostgreSQL database."""
    name = "t" + uuid.uuid4().hex
    _execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    _execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_database(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """A fresh, migrated SQLite database."""
    path = tmp_path / "数据 库.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(sqlite_url(path))
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh, migrated database of either kind: every rule that the database holds is tested on both."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    database = Database(request.getfixturevalue("postgres_url"))
    yield database
    database.dispose()


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    """An empty folder for evidence."""
    return FolderBlobs(tmp_path / "证据 blobs")


def _execute(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
