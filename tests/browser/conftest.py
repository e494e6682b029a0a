"""A browser for each file of tests, and a served paper with answers to mark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from models.blobs import FolderBlobs
from models.database import Database
from tests.support.browser import Served, chromium, served
from tests.support.marking_app import give_passwords, make_app, staffed
from tests.support.marking_data import GroupPlan, MarkingData, make_marking_data, one_part

STEPS = GroupPlan("17", (("17(1)", "17", "4", "1"), ("17(2)", "17", "4", "0.5"), ("17(3)", "17", "12", "1")))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def data(sqlite_database: Database, blobs: FolderBlobs) -> MarkingData:
    """Three marking groups: 13 of six points, 14 of twelve in half marks, 17 in three parts."""
    plans = (one_part("13", "6"), one_part("14", "12", "0.5"), STEPS)
    made = staffed(make_marking_data(sqlite_database, *plans, candidates=30, blobs=blobs), markers=2)
    give_passwords(sqlite_database)
    return made


@pytest.fixture
def server(data: MarkingData, blobs: FolderBlobs, tmp_path: Path) -> Iterator[Served]:
    with served(make_app(data.database, blobs, tmp_path)) as found:
        yield found
