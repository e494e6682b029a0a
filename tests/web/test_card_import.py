"""`kaiyue card import`: the card file, the list of what did not come along, and the exit codes."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanning.cards.files import load_card
from tests.scanning.foreign_sheets import Style, make_sheet, scan, template_bytes
from web.cli import main


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A template and one scanned sheet of it, under a name that Windows and Linux both take."""
    place = tmp_path / "别人的 卡"
    place.mkdir()
    sheet = make_sheet(71, Style("ring", letters=True, grey=110, anchor="none"), items=10)
    (place / "template.json").write_bytes(template_bytes(sheet))
    (place / "sample.jpg").write_bytes(scan(sheet, 71, 12))
    return place


def test_a_card_that_fits_its_sample_ends_with_0(folder, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["card", "import", "--omrchecker", str(folder / "template.json"), "--out", str(out), "--json"]
    code, text, _err = run([*arguments, "--image", str(folder / "sample.jpg")], capsys)
    answer = json.loads(text)
    assert code == 0
    assert answer["needs_person"] is False
    assert answer["sample"]["found"] is True
    card = load_card(out / "card.json")
    assert answer["hash"] == card.hash
    assert answer["fields"] == len(card.pages[0].fields) == 11


def test_what_a_person_must_look_at_ends_with_4(folder, tmp_path, capsys):
    template = json.loads((folder / "template.json").read_text(encoding="utf-8"))
    template["preProcessors"] = [{"name": "CropOnLogo", "options": {"relativePath": "logo.png"}}]
    (folder / "template.json").write_text(json.dumps(template), encoding="utf-8")
    arguments = ["card", "import", "--omrchecker", str(folder / "template.json"), "--out", str(tmp_path / "out")]
    code, text, _err = run(arguments, capsys)
    assert code == 4
    assert "preProcessors[0]" in text


def test_a_refused_template_writes_nothing_and_ends_with_3(folder, tmp_path, capsys):
    (folder / "template.json").write_text('{"fieldBlocks": {}}', encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["card", "import", "--omrchecker", str(folder / "template.json"), "--out", str(out)]
    code, _text, err = run(arguments, capsys)
    assert code == 3
    assert err.startswith("error[card.import.key]")
    assert "pageDimensions" in err
    assert not out.exists()


def test_a_blank_card_becomes_proposals_that_wait_for_a_person(tmp_path, capsys):
    sheet = make_sheet(72, Style("ring", letters=True, grey=110, anchor="none"), items=20)
    picture, out = tmp_path / "空白卡.png", tmp_path / "out"
    picture.write_bytes(cv2.imencode(".png", sheet.blank)[1].tobytes())
    code, text, _err = run(["card", "import", "--image", str(picture), "--out", str(out), "--json"], capsys)
    answer = json.loads(text)
    assert code == 4
    assert (answer["proposed"], answer["needs_person"], answer["items"], answer["grids"]) == (True, True, 20, 1)
    assert answer["hash"] == load_card(out / "card.json").hash
    assert sorted(one.name for one in out.iterdir()) == ["card.json", "overlay-1.png", "page-1.png"]
    assert cv2.imread(str(out / "overlay-1.png")).shape[:2] == cv2.imread(str(out / "page-1.png")).shape[:2]


def test_a_picture_without_bubbles_writes_nothing_and_ends_with_3(tmp_path, capsys):
    picture, out = tmp_path / "white.png", tmp_path / "out"
    picture.write_bytes(cv2.imencode(".png", np.full((1500, 1000), 240, np.uint8))[1].tobytes())
    code, _text, err = run(["card", "import", "--image", str(picture), "--out", str(out)], capsys)
    assert code == 3
    assert err.startswith("error[card.import.nothing_found]")
    assert not out.exists()


def test_without_a_template_and_an_image_the_command_says_what_it_needs(tmp_path, capsys):
    code, _text, err = run(["card", "import", "--out", str(tmp_path / "out")], capsys)
    assert code == 2
    assert "--image" in err
