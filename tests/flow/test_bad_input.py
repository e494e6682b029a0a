"""Bad input gets its own code and sentence; the rest of the batch goes on; nothing is lost."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest

from samples.trouble import picture
from scanning.cards.files import load_card
from tests.flow.test_whole_exam import EXAM, FILLED, ROSTER, fill, kaiyue

PAPER = """
kaiyue: paper/1
id: other
title: 别的科目
full_mark: 10
candidate_number: {digits: 4}
card: {size: A4, sides: 1, columns: 1, number: bubbles}
items: [{no: "1-5", kind: single, options: 4, key: ABCDA, points: 2}]
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exam, one good sheet, and everything that goes wrong with files."""
    root = tmp_path_factory.mktemp("坏 输入")
    for name, text in (("exam.yaml", EXAM), ("roster.csv", ROSTER), ("other.yaml", PAPER)):
        (root / name).write_text(text, encoding="utf-8")
    data = root / "data"
    kaiyue(data, "exam", "create", str(root / "exam.yaml"))
    kaiyue(data, "roster", "import", "small", str(root / "roster.csv"))
    kaiyue(data, "card", "export", "small", "m", "--out", str(root / "card"))
    kaiyue(data, "card", "build", str(root / "other.yaml"), "--out", str(root / "other"))
    scans = root / "scans"
    scans.mkdir()
    blank = cv2.imdecode(np.fromfile(root / "card" / "page-1.png", np.uint8), cv2.IMREAD_GRAYSCALE)
    good = fill(load_card(root / "card" / "card.json"), np.asarray(blank), "0001")
    (scans / "1-good.jpg").write_bytes(good)
    cut = fill(load_card(root / "card" / "card.json"), np.asarray(blank), "0002")
    (scans / "2-truncated.jpg").write_bytes(cut[: len(cut) * 6 // 10])
    with pikepdf.open(root / "card" / "card.pdf") as pdf:
        pdf.save(scans / "3-locked.pdf", encryption=pikepdf.Encryption(owner="o", user="u"))
    (scans / "4-text.jpg").write_text("这不是图片", encoding="utf-8")
    (scans / "5-photo.jpg").write_bytes(picture(np.random.default_rng(7)))
    (scans / "6-other-card.png").write_bytes((root / "other" / "page-1.png").read_bytes())
    assert set(FILLED) >= {"0001", "0002"}
    return root


WANTED = {
    "2-truncated.jpg": "truncated_image",
    "3-locked.pdf": "encrypted_file",
    "4-text.jpg": "not_an_image",
    "5-photo.jpg": "unregistered",
    "6-other-card.png": "wrong_card",
}


def test_read_names_each_bad_file_and_reads_the_rest(office: Path) -> None:
    out = office / "readings.csv"
    kaiyue(
        office / "data", "read", "--card", str(office / "card" / "card.json"), "--out", str(out),
        str(office / "scans"), expect=4,
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    pages = {Path(row["file"]).name: row for row in rows if row["field"] == "_page"}
    assert pages.keys() == {"1-good.jpg", *WANTED}
    assert (pages["1-good.jpg"]["status"], pages["1-good.jpg"]["value"]) == ("ok", "")
    assert {name: pages[name]["value"] for name in WANTED} == WANTED
    assert {pages[name]["status"] for name in WANTED} == {"doubtful"}
    assert {Path(row["file"]).name for row in rows if row["field"] != "_page"} == {"1-good.jpg"}


def test_scan_add_keeps_every_bad_file_as_a_page_that_waits(office: Path) -> None:
    data = office / "data"
    kaiyue(data, "scan", "add", "small", "m", str(office / "scans"), expect=4)
    kaiyue(data, "export", "exceptions", "small", "--out", str(office / "exceptions.csv"))
    rows = list(csv.DictReader(io.StringIO((office / "exceptions.csv").read_text(encoding="utf-8-sig"))))
    found = {Path(row["file"]).name: row["page_code"] for row in rows if row["page_code"]}
    assert found == WANTED


def test_an_exam_file_whose_points_do_not_sum_is_refused_with_its_own_code(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(EXAM.replace("full_mark: 35", "full_mark: 36"), encoding="utf-8")
    for language, word in (("zh", "满分"), ("en", "full mark")):
        done = subprocess.run(
            [sys.executable, "-m", "web", "exam", "create", str(bad), "--data", str(tmp_path / "data")],
            capture_output=True, text=True, encoding="utf-8", check=False,
            env={**os.environ, "KAIYUE_LANG": language},
        )  # fmt: skip
        assert done.returncode == 3
        assert done.stderr.startswith("error[exam_file.points_do_not_sum]: ")
        assert word in done.stderr
        assert "35" in done.stderr
        assert "36" in done.stderr
        assert len(done.stderr.splitlines()) == 1
