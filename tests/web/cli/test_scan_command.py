"""`kaiyue scan add` and `status` as a person calls them: exit codes, the balance, the same command twice."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from models.sheet import PageImage, ScanFile
from tests.scanning.scans import Scans, make_scans, store
from web.cli import main
from web.settings import load_settings
from web.wiring import open_services


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Scans:
    return make_scans(tmp_path_factory.mktemp("scans"))


@pytest.fixture
def exam(scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setenv("KAIYUE_DATA", str(tmp_path / "数据 data"))
    monkeypatch.setenv("KAIYUE_LANG", "en")
    monkeypatch.setenv("KAIYUE_JOBS", "1")
    opened = open_services(load_settings())
    store(scans, opened.database, opened.blobs)
    opened.database.dispose()
    return scans.exam.id, scans.exam.papers[0].id


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return int(str(left.value.code))


def test_a_clean_sheet_is_done_and_a_lone_front_waits_for_a_person(
    scans: Scans, exam: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    whole = [str(file) for file in scans.files[-2:]]
    assert call("scan", "add", *exam, *whole, "--operator", "王老师") == 0
    said = capsys.readouterr()
    assert "2 pages in = 2 placed + 0 waiting + 0 discarded" in said.out
    assert "pages: 2/2" in said.err
    assert "this first delivery approves it in the name of 王老师" in said.err
    assert call("scan", "add", *exam, *whole) == 0
    said = capsys.readouterr()
    assert "All 2 files were known already" in said.out
    assert "approves" not in said.err
    assert call("scan", "add", *exam, str(scans.files[0])) == 4
    assert "E06" in capsys.readouterr().out


def test_the_status_is_one_json_document_that_balances(
    scans: Scans, exam: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    call("scan", "add", *exam, *[str(file) for file in scans.files[-3:]], "--operator", "王老师")
    capsys.readouterr()
    assert call("scan", "status", *exam, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    (paper,) = answer["papers"]
    (batch,) = paper["batches"]
    assert batch["operator"] == "王老师"
    assert batch["finished"]
    for counts in (paper, batch):
        assert counts["files"] == counts["pages_in"] == 3
        assert counts["pages_in"] == counts["placed"] + counts["waiting"] + counts["discarded"]
        assert counts["balanced"]
    people = paper["candidates"]
    assert people["expected"] == 6
    assert people["scanned"] + people["waiting"] + people["recorded"] + people["not_scanned"] == 6
    assert len(paper["not_scanned"]) == paper["candidates"]["not_scanned"]
    # what was asked for as a whole carries the same counts, and every batch with its paper
    assert {name: answer[name] for name in ("files", "pages_in", "placed", "waiting", "discarded", "by_code")} == {
        name: paper[name] for name in ("files", "pages_in", "placed", "waiting", "discarded", "by_code")
    }
    assert answer["batches"] == [{"paper": exam[1], **batch}]
    assert call("scan", "status", exam[0]) == 0
    assert "3 files, 3 pages in" in capsys.readouterr().out


@pytest.mark.parametrize("broken", ["exam", "paper", "path"])
def test_what_does_not_exist_is_refused_and_nothing_changes(
    scans: Scans, exam: tuple[str, str], capsys: pytest.CaptureFixture[str], broken: str, tmp_path: Path
) -> None:
    names = {"exam": exam[0], "paper": exam[1], "path": str(scans.files[0])}
    names[broken] = str(tmp_path / "nowhere") if broken == "path" else "nowhere"
    assert call("scan", "add", names["exam"], names["paper"], names["path"]) == 3
    assert capsys.readouterr().err.startswith("error[")
    with open_services(load_settings()).database.read() as session:
        assert session.query(PageImage).count() == 0


def test_without_a_path_it_is_a_usage_error(exam: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call("scan", "add", *exam) == 2
    capsys.readouterr()


def test_files_are_named_by_what_was_given_and_never_by_where_it_lay(
    scans: Scans, exam: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = scans.files[0].parent
    assert call("scan", "add", *exam, str(scans.files[0])) == 4
    monkeypatch.chdir(folder)
    assert call("scan", "add", *exam, ".") == 0  # the other sides have come, and nothing on them is doubtful
    monkeypatch.chdir(folder.parent)
    tables = [tmp_path / "exceptions.csv", tmp_path / "responses.csv"]
    for table in tables:
        assert call("export", table.stem, *exam, "--out", str(table)) == 0
    written = "".join(table.read_text("utf-8-sig") for table in tables)
    opened = open_services(load_settings())
    with opened.database.read() as session:
        names = set(session.scalars(select(ScanFile.name)))
    opened.database.dispose()
    assert scans.files[0].name in names
    assert names - {scans.files[0].name} == {
        (Path(folder.name) / file.relative_to(folder)).as_posix() for file in scans.files[1:]
    }
    assert scans.files[0].name in written
    assert str(folder.parent) not in written
