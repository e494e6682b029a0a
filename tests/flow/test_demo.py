"""The demonstration, small: built by the real command, it balances and hides nothing."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_demonstration_is_built_balances_and_can_be_built_on(tmp_path: Path) -> None:
    data = tmp_path / "演示 data"
    command = [sys.executable, "-m", "web", "demo", "--no-serve", "--candidates", "18", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    balances = re.findall(r"= .*", done.stdout)
    assert len(balances) >= 4
    for line in done.stdout.splitlines():
        if " = " in line:
            whole, parts = line.split(" = ")
            assert int(re.findall(r"\d+", whole)[-1]) == sum(int(number) for number in re.findall(r"\d+", parts)), line
    again = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    same = [line for line in again.stdout.splitlines() if " = " in line]
    assert same == [line for line in done.stdout.splitlines() if " = " in line]
    shown = subprocess.run(
        [sys.executable, "-m", "web", "stats", "g9-mock1", "math", "--json", "--data", str(data)],
        capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert json.loads(shown.stdout)["paper"]["n_enrolled"] == 18
