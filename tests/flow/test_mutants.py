"""Damaged files through the real commands in processes of their own: none breaks them, none is lost (FZ-1).

300 in every run, 2,000 at night. The harness has its negative controls below: it must notice a lost file, a doubled
one, a crash and a page that was accepted although its end is missing.
"""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from models.words import PageCode
from scanning.cards.files import dump_card
from scanning.page import image as decoding
from scanning.page.image import PageImage, decode_page
from tests.scanning.drawn_cards import answer, as_file, drawn_card, print_page, scan, usual_answers
from tests.support.mutants import OPERATORS, Mutant, damage, mutants

ROOT = Path(__file__).parents[2]
CARD = drawn_card(sides=1)
ANSWERS = usual_answers()
HEAD = "file,page,side,field,value,status,margin"
BROKEN = {PageCode.CRASHED.value, PageCode.TIMED_OUT.value}


def whole_files() -> dict[str, bytes]:
    """One sheet at 150 dpi as every kind of file."""
    page = CARD.pages[0]
    grey = scan(answer(print_page(page), page, ANSWERS), scale=(0.75, 0.75))
    picture = Image.fromarray(grey)
    jpeg = as_file(grey, ".jpg")
    pillow_heif.register_heif_opener()

    def saved(image, kind, **options) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    pdf = io.BytesIO()
    canvas = Canvas(pdf, pagesize=(595, 842))
    canvas.drawImage(ImageReader(io.BytesIO(jpeg)), 0, 0, 595, 842)
    canvas.save()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.jpg", jpeg)
    return {
        "jpg": jpeg,
        "png": as_file(grey),
        "lzw-tif": saved(picture, "TIFF", compression="tiff_lzw"),
        "g4-tif": saved(picture.point(lambda v: 255 * (v > 150)).convert("1"), "TIFF", compression="group4"),
        "pdf": pdf.getvalue(),
        "zip": archive.getvalue(),
        "heic": saved(picture.convert("RGB"), "HEIF", quality=60),
    }


def complaints(table: str, given: list[Mutant]) -> list[str]:
    """What a readings table says wrongly about damaged files; empty when all is well."""
    rows = list(csv.DictReader(io.StringIO(table)))
    pages = Counter((Path(row["file"]).name, row["page"]) for row in rows if row["field"] == "_page")
    codes = {(Path(row["file"]).name, row["page"]): row["value"] for row in rows if row["field"] == "_page"}
    found = [f"{name} page {page} is listed {times} times" for (name, page), times in pages.items() if times != 1]
    found += [f"{key} ended with {code}" for key, code in codes.items() if code in BROKEN]
    listed = {name for name, _ in pages}
    for mutant in given:
        if mutant.name not in listed:
            found.append(f"{mutant.name} is lost")
        elif mutant.operator == "truncate" and not codes[mutant.name, "1"]:
            found.append(f"{mutant.name} was read although its end is missing")
    found += [f"{name} was not given" for name in listed - {mutant.name for mutant in given}]
    return found


def silently_wrong(table: str) -> dict[str, list[str]]:
    """By file, the fields that say with certainty what nobody filled in: no decoder can name all damage."""
    found: dict[str, list[str]] = {}
    for row in csv.DictReader(io.StringIO(table)):
        if row["status"] == "ok" and row["field"] in ANSWERS and row["value"] != ANSWERS[row["field"]]:
            found.setdefault(Path(row["file"]).name, []).append(row["field"])
    return found


def read_all(folder: Path, given: list[Mutant]) -> str:
    """The table that `kaiyue read` writes about these files. Fails when the command itself does."""
    scans = folder / "scans"
    scans.mkdir()
    for mutant in given:
        (scans / mutant.name).write_bytes(mutant.data)
    (folder / "card.json").write_bytes(dump_card(CARD))
    command = [sys.executable, "-m", "web", "read", "--card", str(folder / "card.json"), "--jobs", "2"]
    done = subprocess.run(
        [*command, "--out", str(folder / "out.csv"), str(scans)],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=20 * len(given), check=False,
        env={**os.environ, "KAIYUE_LANG": "en"},
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    return (folder / "out.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 300), *(pytest.param(seed, 500, marks=pytest.mark.nightly) for seed in range(2, 6))]
)
def test_no_damage_breaks_reading_or_loses_a_file(tmp_path, seed, count) -> None:
    given = list(mutants(whole_files(), seed, count))
    assert {(mutant.kind, mutant.operator) for mutant in given} == {
        (kind, operator) for kind in whole_files() for operator in OPERATORS
    }
    table = read_all(tmp_path, given)
    assert complaints(table, given) == []
    wrong = silently_wrong(table)
    by_kind = Counter(mutant.kind for mutant in given if mutant.name in wrong)
    # HEIC has no checks of its own, and its decoder paints over what is damaged. JPEG and fax data are checked here.
    assert sum(times for kind, times in by_kind.items() if kind != "heic") <= count // 100, by_kind
    assert by_kind["heic"] <= count // 30, by_kind


def test_files_that_nothing_happened_to_are_read(tmp_path) -> None:
    given = [Mutant(f"whole-{kind}.{kind.rpartition('-')[2]}", kind, "", data) for kind, data in whole_files().items()]
    table = read_all(tmp_path, [*given, Mutant("cut.jpg", "jpg", "truncate", given[0].data[:-100])])
    rows = [row for row in csv.DictReader(io.StringIO(table)) if row["field"] == "_page"]
    assert {Path(row["file"]).name: row["value"] for row in rows if row["value"]} == {"cut.jpg": "truncated_image"}


def test_the_harness_notices_what_it_is_for() -> None:
    good, cut = Mutant("a.jpg", "jpg", "bit", b""), Mutant("b.jpg", "jpg", "truncate", b"")
    row = "s/{},1,{},{},{},{},0.00"
    right = [row.format("a.jpg", 1, "_page", "", "ok"), row.format("b.jpg", "", "_page", "truncated_image", "doubtful")]
    assert complaints("\n".join([HEAD, *right]), [good, cut]) == []
    for wrong in (
        right[:1],
        [*right, right[0]],
        [right[0], row.format("b.jpg", "", "_page", "crashed", "doubtful")],
        [right[0], row.format("b.jpg", "", "_page", "timed_out", "doubtful")],
        [right[0], row.format("b.jpg", 1, "_page", "", "ok")],
        [*right, row.format("c.jpg", 1, "_page", "", "ok")],
    ):
        assert len(complaints("\n".join([HEAD, *wrong]), [good, cut])) == 1, wrong
    values = [row.format("a.jpg", 1, "item:1", "D", "ok"), row.format("b.jpg", 1, "item:1", "D", "doubtful")]
    assert silently_wrong("\n".join([HEAD, *right, *values])) == {"a.jpg": ["item:1"]}


def test_the_decoder_alone_would_accept_most_truncated_jpegs(monkeypatch) -> None:
    jpeg = whole_files()["jpg"]
    cut = [damage(jpeg, "truncate", np.random.default_rng([9, at])) for at in range(40)]
    assert not any(isinstance(decode_page(data), PageImage) for data in cut)
    monkeypatch.setattr(decoding, "has_end", lambda data, kind: True)
    monkeypatch.setattr(decoding, "_has_missing_tail", lambda grey: False)
    monkeypatch.setattr(decoding, "_jpeg_damage", lambda data, warning: None)
    assert sum(isinstance(decode_page(data + b"\xff\xd9"), PageImage) for data in cut) > 20


ROSTERS = """
import json, sys
from pathlib import Path
from marking.setup.roster import read_roster
from models.errors import KaiyueError
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        rows = repr(read_roster(path.read_bytes(), path.name, 4))
    except KaiyueError as error:
        rows = ""
    print(json.dumps([path.name, rows]), flush=True)
"""


@pytest.mark.parametrize("count", [70, pytest.param(700, marks=pytest.mark.nightly)])
def test_a_damaged_roster_is_refused_or_read_as_it_was(tmp_path, count) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["考号", "姓名", "学校", "班级"])
    for number in range(1, 60):
        sheet.append([f"{number:04d}", f"考生{number}", "一中", "九年级1班"])
    buffer = io.BytesIO()
    book.save(buffer)
    given = list(mutants({"xlsx": buffer.getvalue()}, 3, count))
    for mutant in given:
        (tmp_path / mutant.name).write_bytes(mutant.data)
    (tmp_path / "whole.xlsx").write_bytes(buffer.getvalue())
    done = subprocess.run(
        [sys.executable, "-c", ROSTERS, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=20 * count, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = dict(json.loads(line) for line in done.stdout.splitlines())
    assert rows.keys() == {"whole.xlsx", *(mutant.name for mutant in given)}
    whole = rows.pop("whole.xlsx")
    assert "0059" in whole
    assert {name for name, found in rows.items() if found not in ("", whole)} == set()
    assert sum(not found for found in rows.values()) > count // 2
