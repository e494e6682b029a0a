"""`kaiyue rules` as a person and another program use it: golden values, exit codes, exactly one JSON document."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from models.errors import KaiyueError
from web.cli.rules import rules


def run(*arguments):
    return CliRunner().invoke(rules, list(arguments))


SETTLE = [
    ("2+1+adjudication", "12", "3", "0.5", ["6", "12", "10.5"], {"points": "11.25", "source": "third", "next": None}),
    ("2+1+adjudication", "12", "3", "1", ["6", "12", "9"], {"points": "10.5", "source": "third_tie", "next": None}),
    ("2+1+adjudication", "60", "6", "1", ["40", "54", "47"], {"points": None, "source": None, "next": "adjudication"}),
    ("2+1+adjudication", "12", "2", "1", ["8", "11"], {"points": None, "source": None, "next": "third"}),
    ("2+1+1", "10", "2", "1", ["2", "8"], {"points": None, "source": None, "next": "leader"}),
    ("2+adjudication", "10", "1", "1", ["7"], {"points": None, "source": None, "next": "second"}),
    ("1+1", "10", "0", "1", ["9", "6"], {"points": "6", "source": "leader", "next": None}),
    ("single", "10", "0", "0.5", ["9.5"], {"points": "9.5", "source": "single", "next": None}),
]


@pytest.mark.parametrize(("mode", "full", "tolerance", "step", "marks", "expected"), SETTLE)
def test_settle_answers_points_source_and_next(mode, full, tolerance, step, marks, expected):
    result = run("settle", "--full", full, "--step", step, "--tolerance", tolerance, "--mode", mode, *marks, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == expected


def test_settle_with_a_strict_boundary():
    arguments = ["settle", "--full", "10", "--step", "1", "--tolerance", "2", "--mode", "2+1+adjudication", "--json"]
    assert json.loads(run(*arguments, "8", "10").stdout)["points"] == "9"
    assert json.loads(run(*arguments, "--strict", "8", "10").stdout)["next"] == "third"
    assert json.loads(run(*arguments, "--strict", "8", "10", "9").stdout)["points"] == "9.5"


@pytest.mark.parametrize(
    ("marks", "step", "code"),
    [
        (["10.5"], "0.5", "marking.illegal_mark"),
        (["0.3"], "0.5", "marking.illegal_mark"),
        (["-1"], "1", "marking.illegal_mark"),
        (["8", "8"], "1", "marking.too_many_marks"),
        (["8"], "0.01", "marking.illegal_mark"),
    ],
)
def test_marks_that_nobody_may_give_are_refused(marks, step, code):
    result = run("settle", "--full", "10", "--step", step, "--tolerance", "0", "--mode", "single", *marks)
    assert isinstance(result.exception, KaiyueError)
    assert result.exception.code == code
    assert result.exception.exit_code == 3
    assert result.stdout == ""


@pytest.mark.parametrize("marks", [[], ["eight"], ["nan"], ["--what"]])
def test_words_that_are_no_marks_are_usage_errors(marks):
    assert run("settle", "--full", "10", "--mode", "single", *marks).exit_code == 2


SCORE = [
    ("multiple", "ACD", "6", "by_count", "AC", "4"),
    ("multiple", "ACD", "6", "half", "A", "3"),
    ("multiple", "ACD", "5", "flat:2", "A", "2"),
    ("multiple", "ACD", "6", "all_or_none", "AC", "0"),
    ("multiple", "ACD", "6", "table:3/1=2,3/2=4", "AC", "4"),
    ("multiple", "ACD", "6", "per_option:0.5,-0.5", "ABC", "0.5"),
    ("multiple", "ACD", "6", "half", "", "0"),
    ("single", "A|C", "3", "half", "C", "3"),
    ("single", "A", "3", "half", "AB", "0"),
    ("judge", "T", "2", "half", "T", "2"),
]


@pytest.mark.parametrize(("kind", "key", "points", "policy", "answer", "expected"), SCORE)
def test_score_answers_points_as_text(kind, key, points, policy, answer, expected):
    arguments = ["--kind", kind, "--options", "4", "--key", key, "--points", points, "--policy", policy]
    result = run("score", *arguments, "--answer", answer, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"points": expected}
    assert run("score", *arguments, "--answer", answer).stdout == expected + "\n"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"--policy": "by_count", "--points": "5"}, "policy.invalid"),
        ({"--policy": "some"}, "policy.invalid"),
        ({"--key": "AE"}, "key.invalid"),
        ({"--answer": "E"}, "answer.invalid"),
    ],
)
def test_what_cannot_be_scored_is_refused(change, code):
    arguments = {"--kind": "multiple", "--options": "4", "--key": "ACD", "--points": "6", "--answer": "A"} | change
    result = run("score", *[word for pair in arguments.items() for word in pair])
    assert isinstance(result.exception, KaiyueError)
    assert (result.exception.code, result.exception.exit_code) == (code, 3)


def test_the_command_itself_answers_and_refuses():
    command = [sys.executable, "-m", "web", "rules", "settle", "--full", "12", "--step", "1", "--tolerance", "2"]
    fine = subprocess.run(
        [*command, "--mode", "2+1+adjudication", "4", "12", "8", "7", "--json"], capture_output=True, check=False
    )
    assert (fine.returncode, fine.stderr) == (0, b"")
    assert json.loads(fine.stdout) == {"points": "7", "source": "adjudicated", "next": None}
    refused = subprocess.run([*command, "--mode", "single", "13"], capture_output=True, check=False)
    assert (refused.returncode, refused.stdout) == (3, b"")
    assert refused.stderr.startswith(b"error[marking.illegal_mark]: ")
    assert refused.stderr.count(b"\n") == 1
    assert subprocess.run([*command, "--mode", "triple", "3"], capture_output=True, check=False).returncode == 2
