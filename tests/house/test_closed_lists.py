"""Lists that must be closed: errors speak both languages, settings and commands are documented, locks name no host."""

import re
from collections import Counter
from pathlib import Path

import pytest

from web.catalogue import faults, names_in
from web.cli import COMMANDS
from web.reference import DOCS, PAGES, error_classes

ROOT = Path(__file__).resolve().parents[2]


def test_every_text_has_its_chinese() -> None:
    assert faults() == []


def test_every_error_has_a_code_of_its_own() -> None:
    codes = Counter(error.code for error in error_classes())
    assert [code for code, count in codes.items() if count > 1] == []
    assert [code for code in codes if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", code)] == []


def test_every_error_ends_in_an_exit_code_of_the_contract() -> None:
    assert {error.exit_code for error in error_classes()} <= {1, 2, 3, 4, 5}
    assert all(400 <= error.http_status < 600 for error in error_classes())


def test_a_remedy_promises_only_what_its_error_knows() -> None:
    """A `{name}` in a remedy that the sentence does not have would often stay unfilled."""
    odd = [error.code for error in error_classes() if names_in(error.remedy) - names_in(error.sentence)]
    assert odd == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_reference_pages_say_what_the_code_says(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page](), f"run: python -m web.reference  ({page})"


def test_every_command_is_in_the_manual() -> None:
    manual = "\n".join(path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md"))
    manual += (ROOT / "README.md").read_text(encoding="utf-8")
    assert [command for command in COMMANDS if f"kaiyue {command}" not in manual] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_hashes_and_name_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "file:" not in text
    pins = re.findall(r"^[a-z0-9][a-z0-9._-]*==\S+", text, re.MULTILINE)
    assert len(pins) > 30
    assert text.count("--hash=sha256:") >= len(pins)


def test_every_folder_of_tests_is_a_package() -> None:
    """Otherwise tests/marking would hide marking."""
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
