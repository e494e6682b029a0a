"""The office that the tests of the web room share: built once, copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.office import Office, build_office, open_office


@pytest.fixture(scope="session")
def office_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A filled data folder, below a path with Chinese letters and spaces."""
    folder = tmp_path_factory.mktemp("office") / "数据 目录"
    return folder, build_office(folder)


@pytest.fixture
def office(office_template: tuple[Path, dict[str, int]], tmp_path: Path) -> Iterator[Office]:
    """The office in the lan profile."""
    opened = open_office(office_template[0], tmp_path / "数据 目录", office_template[1])
    yield opened
    opened.kept.database.dispose()


@pytest.fixture
def internet_office(office_template: tuple[Path, dict[str, int]], tmp_path: Path) -> Iterator[Office]:
    """The office in the internet profile, behind a proxy at 127.0.0.1."""
    opened = open_office(
        office_template[0],
        tmp_path / "internet",
        office_template[1],
        KAIYUE_PROFILE="internet",
        KAIYUE_TRUSTED_PROXY="127.0.0.1",
    )
    yield opened
    opened.kept.database.dispose()
