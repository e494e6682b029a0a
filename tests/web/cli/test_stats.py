"""`kaiyue stats compute` as another program calls it, with the golden sets of domain.md 5 as files."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from models.errors import KaiyueError
from web.cli.stats import stats

PAPER_KEYS = [
    "n_enrolled",
    "n_present",
    "n_absent",
    "mean",
    "max",
    "min",
    "median",
    "sd",
    "score_rate",
    "pass_rate",
    "excellent_rate",
    "good_rate",
    "low_rate",
    "alpha",
    "sem",
    "facility",
]

TS1 = "candidate,school,class,status,total\n" + "".join(
    f"{number:02},甲,1,present,{total}\n" for number, total in enumerate([95, 88, 88, 76, 72, 60, 60, 59, 38, 0])
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "数学 卷.yaml").write_text(
        "kaiyue: paper/1\nid: p\nfull_mark: 100\n"
        'items: [{no: "1", kind: written, points: 4}, {no: "2", kind: written, points: 96}]\n',
        encoding="utf-8",
    )
    (tmp_path / "ts1.csv").write_text(TS1 + "10,甲,1,absent,\n", encoding="utf-8-sig")
    totals = [98, 92, 90, 85, 80, 76, 70, 64, 55, 48, 40]
    item = [4, 4, 3, 4, 3, 2, 3, 2, 1, 1, 0]
    lines = [f"{n:02},{score},{total}" for n, (score, total) in enumerate(zip(item, totals, strict=True))]
    (tmp_path / "ts2.csv").write_text("candidate,1,total\n" + "\n".join(lines), encoding="utf-8")
    schools = {"a": (60, 64, 68, 72), "b": (70, 74, 78, 82), "c": (80, 84, 88, 92)}
    lines = [f"{name}{total},{name},{total}" for name, totals in schools.items() for total in totals]
    (tmp_path / "ts5.csv").write_text("candidate,school,total\n" + "\n".join(lines), encoding="utf-8")
    return tmp_path


def compute(folder, scores, *more):
    arguments = ["compute", "--paper", str(folder / "数学 卷.yaml"), "--scores", str(folder / scores), *more]
    return CliRunner().invoke(stats, arguments)


def document(folder, scores, *more):
    result = compute(folder, scores, "--json", *more)
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def test_ts1_through_the_command(folder):
    answer = document(folder, "ts1.csv")
    paper = answer["paper"]
    assert set(PAPER_KEYS) <= set(paper)
    assert (paper["n_enrolled"], paper["n_present"], paper["n_absent"]) == (11, 10, 1)
    assert (paper["mean"], paper["max"], paper["min"], paper["median"]) == (63.6, 95, 0, 66)
    assert round(paper["sd"], 2) == 26.74
    assert (paper["score_rate"], paper["pass_rate"], paper["excellent_rate"]) == (0.636, 0.7, 0.3)
    assert (paper["good_rate"], paper["low_rate"], paper["facility"]) == (0.2, 0.2, 0.636)
    assert (paper["alpha"], paper["sem"]) == (None, None)
    assert [row["rank"] for row in answer["candidates"]] == [1, 2, 2, 4, 5, 6, 6, 8, 9, 10, None]
    assert round(answer["candidates"][1]["z"], 4) == 0.9126
    assert round(answer["candidates"][1]["t"], 2) == 59.13
    assert [answer["candidates"][n]["percentile_rank"] for n in (0, 1, 5, 9)] == [95, 80, 40, 5]
    assert [row["no"] for row in answer["items"]] == ["1", "2"]
    assert answer["items"][0]["options"] == {}
    assert answer["items"][0]["facility"] is None
    assert answer["rules"]["denominator"] == "present"
    assert set(answer) == {"paper", "items", "candidates", "schools", "classes", "balance", "rules"}


def test_ts2_and_ts5_through_the_command(folder):
    item = document(folder, "ts2.csv")["items"][0]
    assert [round(item[name], 4) for name in ("facility", "discrimination", "r_total", "r_rest")] == [
        0.6136,
        0.75,
        0.9404,
        0.9312,
    ]
    answer = document(folder, "ts5.csv")
    assert round(answer["balance"]["icc"], 4) == 0.7778
    assert round(answer["balance"]["eta2"], 4) == 0.7692
    assert [school["mean"] for school in answer["schools"]] == [66, 76, 86]


def test_a_person_gets_tables(folder, monkeypatch):
    monkeypatch.setenv("KAIYUE_LANG", "en")
    result = compute(folder, "ts1.csv")
    assert result.exit_code == 0
    assert "11 enrolled, 10 present, 1 absent, 10 with a total" in result.stdout
    assert "mean: 63.60" in result.stdout
    assert "reliability (alpha): —" in result.stdout
    assert "pass rate: 70.00 %" in result.stdout


def test_faults_of_the_files_are_refused(folder):
    (folder / "bad.csv").write_text("candidate,total\n1,x\n", encoding="utf-8")
    for scores in ("bad.csv", "nowhere.csv"):
        result = compute(folder, scores, "--json")
        assert isinstance(result.exception, KaiyueError)
        assert result.exception.exit_code == 3
        assert result.stdout == ""


def test_the_command_itself(folder):
    command = [sys.executable, "-m", "web", "stats", "compute", "--paper", str(folder / "数学 卷.yaml"), "--json"]
    fine = subprocess.run([*command, "--scores", str(folder / "ts5.csv")], capture_output=True, check=False)
    assert (fine.returncode, fine.stderr) == (0, b"")
    assert json.loads(fine.stdout)["paper"]["n_present"] == 12
    (folder / "bad.csv").write_text("candidate,total\n1,101\n", encoding="utf-8")
    bad = subprocess.run([*command, "--scores", str(folder / "bad.csv")], capture_output=True, check=False)
    assert (bad.returncode, bad.stdout) == (3, b"")
    assert bad.stderr.startswith(b"error[table.invalid]: ")
    assert bad.stderr.count(b"\n") == 1


def test_a_name_that_is_no_command_goes_to_the_stored_exams(folder, monkeypatch):
    monkeypatch.setattr("web.cli.stats.STORED", "web.cli.no_such_module")
    assert CliRunner().invoke(stats, ["g9-mock1", "math"]).exit_code == 2
    module = """
import click


@click.command("stats_exam")
@click.argument("exam")
@click.argument("paper", default="")
@click.option("--level", default="exam")
def stats_exam(exam, paper, level):
    click.echo(f"{exam} {paper} {level}")
"""
    (folder / "stored_for_this_test.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr("web.cli.stats.STORED", "stored_for_this_test")
    assert CliRunner().invoke(stats, ["g9-mock1", "math", "--level", "class"]).stdout == "g9-mock1 math class\n"
    assert CliRunner().invoke(stats, ["--level", "school", "g9-mock1"]).stdout == "g9-mock1  school\n"
    assert CliRunner().invoke(stats, ["compute", "--help"]).exit_code == 0
