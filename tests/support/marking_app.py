"""The real application over test data, and people who log in to it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models.blobs import FolderBlobs
from models.database import Database
from models.staff import User
from tests.support.marking_data import MarkingData
from web.access.cookies import session_name
from web.access.passwords import hash_passwords
from web.access.services import KEY
from web.access.sessions import open_session
from web.app import create_app
from web.settings import load_settings
from web.wiring import Services

PASSWORD = "correct horse 42"


def make_app(database: Database, blobs: FolderBlobs, folder: Path) -> Flask:
    settings = load_settings({"KAIYUE_DATA": str(folder), "KAIYUE_SECRET_KEY": "k" * 32})
    app = create_app(Services(settings, database, blobs))
    app.config["TESTING"] = True
    return app


def give_passwords(database: Database) -> None:
    """The same password for every account."""
    with database.write() as session:
        session.execute(update(User).values(password_hash=hash_passwords([PASSWORD])[0]))


@dataclass
class Caller:
    """One logged-in person's client; everything that the server ever said to them is in `heard`."""

    client: FlaskClient
    csrf_token: str = ""
    heard: list[bytes] = field(default_factory=list)

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        response = self.client.open(
            path if path.startswith("/api") else f"/api/v1/marking{path}",
            method=method,
            json=body,
            headers={"X-CSRF-Token": self.csrf_token, **more},
        )
        self.heard.append(str(response.headers).encode() + response.data)
        return response


def post_form(caller: "Caller", path: str, **form: object):
    """Send a form of a page as the browser does, and follow to the page that answers."""
    return caller.client.post(path, data={"csrf_token": caller.csrf_token, **form}, follow_redirects=True)


def log_in(app: Flask, username: str) -> Caller:
    """A client with a session of its own; the password is checked elsewhere, because scrypt is slow on purpose."""
    kept = services_of(app)
    with kept.database.write() as session:
        user_id = session.scalars(select(User.id).where(User.username == username)).one()
        opened = open_session(session, user_id, 3600)
    caller = Caller(app.test_client(), opened.csrf_token)
    caller.client.set_cookie(session_name(kept.settings), opened.token)
    return caller


def services_of(app: Flask) -> Services:
    found: Services = app.extensions[KEY]
    return found


def staffed(data: MarkingData, *, markers: int = 2, leaders: int = 1) -> MarkingData:
    """Markers m0, m1 … and leaders l0 …; see `give_passwords` for those who log in by hand."""
    for number in range(markers):
        data.seat(f"m{number}")
    for number in range(leaders):
        data.seat(f"l{number}", leads=True)
    return data
