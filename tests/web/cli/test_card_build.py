"""`kaiyue card build` as a person calls it: files, exit codes, messages, and no database anywhere."""

import io
import json

import pypdfium2
import pytest
from PIL import Image

from scanning.cards.files import load_card
from web.cli import main

PAPER = """\
kaiyue: paper/1
id: math
title: 数学
full_mark: 112
candidate_number: {digits: 8}
card: {size: A4, sides: 2, columns: 1, number: bubbles+barcode}
items:
  - {no: "1-10", kind: single, options: 4, key: BCADABDCAB, points: 3}
  - {no: "11", kind: multiple, options: 4, key: ACD, points: 6, policy: by_count}
  - {no: "12", kind: judge, key: "T", points: 2}
  - {no: "13", kind: written, points: 4, step: 0.5, height_mm: 18}
  - {no: "16", kind: written, points: 10, step: 1, height_mm: 45,
     parts: [{no: "(1)", points: 2}, {no: "(2)", points: 8}]}
  - {no: "20,21", kind: written, points: 12, height_mm: 40, choose: {group: 选做, take: 1}}
  - {no: "22", kind: essay, points: 48, grid: {columns: 20, rows: 25, cell_mm: 8}}
"""
EXAM = """\
kaiyue: exam/1
id: g9
title: 九年级模拟
kind: mock
grade: 9
candidate_number: {digits: 6}
papers:
  - id: math
    title: 数学
    full_mark: 3
    card: {size: A4, sides: 1, columns: 1, number: bubbles}
    items: [{no: "1", kind: single, options: 4, key: A, points: 3}]
  - id: chinese
    title: 语文
    full_mark: 3
    card: {size: A3, sides: 2, columns: 3, number: preprinted}
    items: [{no: "1", kind: single, options: 4, key: A, points: 3}]
"""


@pytest.fixture(autouse=True)
def english_and_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("KAIYUE_LANG", "en")
    monkeypatch.chdir(tmp_path)


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return caught.value.code, said.out, said.err


def written(tmp_path, text, name="paper.yaml"):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


def test_card_json_pdf_and_a_page_image_for_each_side(capsys, tmp_path):
    out = tmp_path / "数学 答题卡"
    code, said, _err = run(capsys, "card", "build", written(tmp_path, PAPER), "--out", out)
    assert code == 0
    assert "2 side(s), 15 fields" in said
    assert sorted(file.name for file in out.iterdir()) == ["card.json", "card.pdf", "page-1.png", "page-2.png"]
    card = load_card(out / "card.json")
    assert [region.id for page in card.pages for region in page.regions] == ["13", "16", "20", "21", "22"]
    document = pypdfium2.PdfDocument(out / "card.pdf")
    assert len(document) == 2
    document.close()
    image = Image.open(io.BytesIO((out / "page-1.png").read_bytes()))
    assert image.size == (1654, 2339)  # A4 at 200 dpi
    assert not (tmp_path / "data").exists()  # no database was made


def test_json_is_one_document(capsys, tmp_path):
    code, said, _err = run(capsys, "card", "build", written(tmp_path, PAPER), "--out", tmp_path / "o", "--json")
    document = json.loads(said)
    assert (code, document["paper"], document["pages"], document["fields"], document["regions"]) == (
        0,
        "math",
        2,
        15,
        5,
    )
    assert document["hash"] == load_card(tmp_path / "o" / "card.json").hash


def test_one_paper_of_an_exam_file_is_named(capsys, tmp_path):
    file = written(tmp_path, EXAM)
    code, _said, err = run(capsys, "card", "build", file, "--out", tmp_path / "o")
    assert (code, err.split(":")[0]) == (3, "error[card.which_paper]")
    assert "math, chinese" in err
    code, _said, err = run(capsys, "card", "build", file, "--out", tmp_path / "o", "--paper", "physics")
    assert (code, err.split(":")[0]) == (3, "error[not_found]")
    assert not (tmp_path / "o").exists()
    code, _said, _err = run(capsys, "card", "build", file, "--out", tmp_path / "o", "--paper", "chinese")
    assert code == 0
    assert load_card(tmp_path / "o" / "card.json").pages[1].size.width_mm == 420.0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("columns: 20, rows", "columns: 23, rows"), "card.grid_too_wide"),
        (("sides: 2", "sides: 1"), "card.does_not_fit"),
        (("height_mm: 18", "height_mm: 4"), "card.too_low"),
        (("full_mark: 112", "full_mark: 113"), "exam_file.points_do_not_sum"),
        (("kaiyue: paper/1", "kaiyue: card/1"), "exam_file.wrong_format"),
    ],
)
def test_a_refused_card_ends_with_3_and_writes_nothing(capsys, tmp_path, change, error):
    file = written(tmp_path, PAPER.replace(*change))
    code, said, err = run(capsys, "card", "build", file, "--out", tmp_path / "o")
    assert (code, said, err.split(":")[0]) == (3, "", f"error[{error}]")
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "o").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(capsys, tmp_path):
    (tmp_path / "o").write_text("in the way")
    code, _said, err = run(capsys, "card", "build", written(tmp_path, PAPER), "--out", tmp_path / "o")
    assert (code, err.split(":")[0]) == (3, "error[card.cannot_write]")


def test_a_missing_font_file_is_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("KAIYUE_FONT", str(tmp_path / "none.ttf"))
    code, _said, err = run(capsys, "card", "build", written(tmp_path, PAPER), "--out", tmp_path / "o")
    assert (code, err.split(":")[0]) == (3, "error[card.font_unusable]")


def test_help_lists_the_commands_of_the_group(capsys):
    code, said, _err = run(capsys, "card", "--help")
    assert code == 0
    assert "build" in said
