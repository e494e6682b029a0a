"""Results that cannot be written where they were asked for are refused, and nothing is lost by it."""

import os
from pathlib import Path

import pytest

from web.cli import main

EXAM = """
kaiyue: exam/1
id: small
title: 小测
kind: monthly
candidate_number: {digits: 4}
papers:
  - id: m
    title: 数学
    full_mark: 10
    card: {size: A4, sides: 1, columns: 1, number: bubbles}
    items: [{no: "1-5", kind: single, options: 4, key: ABCDA, points: 2}]
"""
STAFF = "username,name,school,role,paper,group\nwang,王老师,,marker,m,\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An exam, a staff table, and `taken`: a file where a folder would have to be."""
    monkeypatch.setenv("KAIYUE_DATA", str(tmp_path / "数据 data"))
    monkeypatch.setenv("KAIYUE_LANG", "en")
    (tmp_path / "exam.yaml").write_text(EXAM, encoding="utf-8")
    (tmp_path / "staff.csv").write_text(STAFF, encoding="utf-8")
    (tmp_path / "taken").write_text("", encoding="utf-8")
    assert call("exam", "create", str(tmp_path / "exam.yaml")) == 0
    return tmp_path


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return int(str(left.value.code))


@pytest.mark.parametrize("command", [["export", "scores", "small"], ["card", "export", "small", "m"]])
def test_a_result_that_cannot_be_written_is_one_line(
    folder: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert call(*command, "--out", str(folder / "taken" / "x.csv")) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error[output.cannot_write]: ")
    assert said.err.count("\n") == 1


def test_an_export_makes_its_folder_and_leaves_no_half_file(folder: Path) -> None:
    assert call("export", "scores", "small", "--out", str(folder / "导出 out" / "scores.csv")) == 0
    assert [file.name for file in (folder / "导出 out").iterdir()] == ["scores.csv"]


@pytest.mark.skipif(os.name != "posix", reason="devices have names in folders on POSIX only")
def test_an_export_to_a_device_does_not_replace_it(folder: Path) -> None:
    (folder / "null").symlink_to("/dev/null")
    assert call("export", "scores", "small", "--out", str(folder / "null")) == 0
    assert (folder / "null").is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="/dev/stdout is a link on POSIX only")
def test_an_export_to_a_link_goes_where_the_link_leads_and_leaves_it(folder: Path) -> None:
    # As /dev/stdout does under `> file`: it leads to an ordinary file, which must not become a new one either.
    (folder / "file.csv").write_text("", encoding="utf-8")
    number = (folder / "file.csv").stat().st_ino
    (folder / "stdout").symlink_to(folder / "file.csv")
    assert call("export", "scores", "small", "--out", str(folder / "stdout")) == 0
    assert (folder / "stdout").is_symlink()
    assert (folder / "file.csv").stat().st_ino == number
    assert (folder / "file.csv").read_text(encoding="utf-8-sig").startswith("candidate,")


def test_a_name_that_no_font_can_print_stops_nobodys_card_and_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "roster.csv").write_text(
        "candidate,name,school,class\n0001,李四,一中,1班\n0002,张\U0002cb4a,一中,1班\n", encoding="utf-8"
    )
    assert call("roster", "import", "small", str(folder / "roster.csv")) == 0
    capsys.readouterr()
    assert call("card", "export", "small", "m", "--out", str(folder / "cards"), "--per-candidate") == 4
    said = capsys.readouterr()
    assert "0002 张\U0002cb4a: \U0002cb4a (U+2CB4A)" in said.err
    assert "0001" not in said.err
    assert (folder / "cards" / "candidates.pdf").read_bytes().startswith(b"%PDF")


def test_no_account_is_made_when_its_password_could_not_be_written_down(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    staff = str(folder / "staff.csv")
    assert call("staff", "import", "small", staff, "--credentials", str(folder / "taken" / "p.csv")) == 3
    assert "error[output.cannot_write]: " in capsys.readouterr().err
    words = folder / "passwords.csv"
    assert call("staff", "import", "small", staff, "--credentials", str(words)) == 0
    assert "1 accounts and 1 rights added" in capsys.readouterr().out
    first = words.read_text(encoding="utf-8-sig").splitlines()
    assert first[0] == "username,name,password"
    assert first[1].startswith("wang,王老师,")
    assert call("staff", "import", "small", staff, "--credentials", str(words)) == 0
    assert words.read_text(encoding="utf-8-sig").splitlines() == first  # nobody new: what is there stays


def test_a_credentials_file_without_anybody_is_not_left_behind(folder: Path) -> None:
    (folder / "bad.csv").write_text(STAFF.replace("marker", "wizard"), encoding="utf-8")
    for arguments in (["bad.csv"], ["staff.csv", "--dry-run"]):
        path = [str(folder / arguments[0]), *arguments[1:]]
        call("staff", "import", "small", *path, "--credentials", str(folder / "none.csv"))
    assert not (folder / "none.csv").exists()


@pytest.mark.parametrize("address", ["foo", "oracle://x", "nosuch+driver://x/y"])
def test_what_is_no_database_address_is_refused(
    folder: Path, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAIYUE_DATABASE_URL", address)
    capsys.readouterr()
    assert call("exam", "show", "small") == 3
    assert capsys.readouterr().err.startswith("error[database.unusable]: ")
