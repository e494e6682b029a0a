"""A printed card that nobody wrote on says nothing: every field is empty and no person is asked."""

from pathlib import Path

import pytest

from web.cli import main

# every kind of bubble that stands on a card only once or twice, with labels of one, two and more characters
PAPER = """
kaiyue: paper/1
id: p
title: 数学
full_mark: 63
candidate_number: {digits: 8}
card: {size: A4, sides: 2, columns: 1, number: bubbles+barcode}
variants: {A: {}, B: {order: {"1": "2", "2": "1"}}}
items:
  - {no: "1-3", kind: single, options: 4, key: BCA, points: 3}
  - {no: "4", kind: multiple, options: 7, key: ACG, points: 6}
  - {no: "5", kind: judge, key: "T", points: 2}
  - {no: "20,21", kind: written, points: 12, height_mm: 40, choose: {group: 选做, take: 1}}
  - {no: "108,188,888", kind: written, points: 12, height_mm: 40, choose: {group: 二选, take: 2}}
  - {no: "30", kind: written, points: 10, height_mm: 40}
"""


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return int(str(left.value.code))


def test_no_field_of_a_blank_card_is_doubtful(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "paper.yaml").write_text(PAPER, encoding="utf-8")
    assert call("card", "build", str(tmp_path / "paper.yaml"), "--out", str(tmp_path / "card")) == 0
    pages = sorted(str(page) for page in (tmp_path / "card").glob("page-*.png"))
    capsys.readouterr()
    code = call("read", "--card", str(tmp_path / "card" / "card.json"), *pages)
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines()[1:]]
    fields = {row[3]: (row[4], row[5]) for row in rows if row[3] != "_page"}
    assert fields.keys() >= {"candidate", "absent", "variant", "item:5", "choose:选做", "choose:二选"}
    assert set(fields.values()) == {("", "ok")}
    assert code == 0
