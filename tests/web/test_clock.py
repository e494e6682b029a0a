"""Pages show the time of this computer's clock; nothing on them formats a moment by itself."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import web
from models.sheet import Batch
from tests.support.office import Office
from web.layout import clock


@pytest.fixture
def in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system takes its time zone from its settings only")
    monkeypatch.setenv("TZ", "CST-8")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_shanghai")
def test_a_moment_is_shown_as_the_clock_here_shows_it(office: Office) -> None:
    assert clock(datetime(2026, 5, 31, 16, 5, tzinfo=UTC)) == "2026-06-01 00:05"
    with office.kept.database.write() as session:
        session.get_one(Batch, office.ids["batch"]).received_at = datetime(2026, 5, 31, 16, 5, tzinfo=UTC)
    assert "2026-06-01 00:05" in office.as_person("scanner").get(f"/batches/{office.ids['batch']}").text


def test_no_page_formats_a_moment_by_itself() -> None:
    pages = sorted((Path(web.__file__).parent / "templates").rglob("*.html"))
    assert pages
    assert [page.name for page in pages if "strftime" in page.read_text("utf-8")] == []
