"""`kaiyue read` from the outside: exact CSV, exit codes, crops and overlays, and pages that cannot be read."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanning.cards.files import dump_card
from tests.scanning.drawn_cards import answer, as_file, bubble_rect, drawn_card, fill, print_page, scan, usual_answers
from web.cli import main

CARD = drawn_card()
FRONT = CARD.pages[0]


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "评 卷"  # a space and Chinese: paths must not care
    folder.mkdir()
    (folder / "card.json").write_bytes(dump_card(CARD))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("KAIYUE_LANG", "en")
    return folder


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["read", *arguments])
    return int(left.value.code or 0)


def front(number="12345670"):
    return answer(print_page(FRONT), FRONT, usual_answers(number))


def rows_of(path: Path) -> list[list[str]]:
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in text
    return [line.split(",") for line in text.decode("utf-8-sig").splitlines()]


def test_the_table_is_exactly_as_the_contract_says(place) -> None:
    Path("a.png").write_bytes(as_file(scan(front("-2345670"))))
    Path("b.jpg").write_bytes(as_file(scan(print_page(CARD.pages[1]), turn=2), ".jpg"))
    assert run("--card", "card.json", "--out", "out.csv", "a.png", "b.jpg") == 0
    rows = rows_of(Path("out.csv"))
    assert rows[0] == ["file", "page", "side", "field", "value", "status", "margin"]
    assert [row[:6] for row in rows[1:4]] == [
        ["a.png", "1", "1", "_page", "", "ok"],
        ["a.png", "1", "1", "candidate", "-2345670", "ok"],
        ["a.png", "1", "1", "absent", "", "ok"],
    ]
    assert [row[4] for row in rows[4:34]] == list(usual_answers().values())[2:]
    assert [row[:6] for row in rows[34:]] == [["b.jpg", "1", "2", "_page", "", "ok"]]
    assert all(0 <= float(row[6]) <= 1 for row in rows[1:])
    assert not list(place.glob("*.part"))
    assert not list(place.glob(".*"))


def test_a_doubtful_value_or_a_coded_page_leaves_with_4_and_the_others_are_read(place) -> None:
    Path("in").mkdir()
    picture = front()
    fill(picture, bubble_rect(FRONT, "item:1", "C"), darkness=0.3)
    Path("in/1.png").write_bytes(as_file(scan(picture)))
    assert run("--card", "card.json", "--out", "out.csv", "in") == 4
    assert [row[3:6] for row in rows_of(Path("out.csv")) if row[5] == "doubtful"] == [["item:1", "A", "doubtful"]]

    good = as_file(scan(front()), ".jpg")
    Path("in/1.png").write_bytes(as_file(scan(front())))
    Path("in/2-cut.jpg").write_bytes(good[: len(good) // 2])
    Path("in/3-text.jpg").write_bytes(b"a shopping list, and a long one, with no picture in it")
    Path("in/4-blank.png").write_bytes(as_file(np.full((2339, 1654), 244, dtype=np.uint8)))
    Path("in/5-other.png").write_bytes(as_file(scan(print_page(drawn_card(paper="english").pages[0]))))
    Path("in/6-version.png").write_bytes(as_file(scan(print_page(drawn_card(version=2).pages[0]))))
    Path("in/7-empty.jpg").write_bytes(b"")
    assert run("--card", "card.json", "--out", "out.csv", "in") == 4
    pages = {Path(row[0]).name: row for row in rows_of(Path("out.csv")) if row[3] == "_page"}
    assert {name: row[4] for name, row in pages.items()} == {
        "1.png": "",
        "2-cut.jpg": "truncated_image",
        "3-text.jpg": "not_an_image",
        "4-blank.png": "blank_page",
        "5-other.png": "wrong_card",
        "6-version.png": "wrong_version",
        "7-empty.jpg": "unreadable_file",
    }
    assert all(row[2] == "" and row[5] == "doubtful" for name, row in pages.items() if name != "1.png")
    assert {row[0] for row in rows_of(Path("out.csv")) if row[3].startswith("item")} == {str(Path("in/1.png"))}


def test_an_invalid_card_or_no_path_at_all_is_refused_with_3(place, capsys) -> None:
    Path("a.png").write_bytes(as_file(scan(front())))
    Path("bad.json").write_text("{}", encoding="utf-8")
    assert run("--card", "bad.json", "--out", "out.csv", "a.png") == 3
    assert "error[card.invalid]" in capsys.readouterr().err
    assert run("--card", "card.json", "--out", "out.csv", "nowhere.png", "nor/here") == 3
    assert "error[not_found]" in capsys.readouterr().err
    assert not Path("out.csv").exists()
    # One path that exists is enough; the other is listed, never lost.
    assert run("--card", "card.json", "--out", "out.csv", "a.png", "nowhere.png") == 4
    listed = [row for row in rows_of(Path("out.csv")) if row[0] == "nowhere.png"]
    assert [row[3:6] for row in listed] == [["_page", "unreadable_file", "doubtful"]]


def test_a_folder_is_no_place_for_the_table_and_a_device_is_written_to_not_replaced(place, capsys) -> None:
    Path("a.png").write_bytes(as_file(scan(front())))
    Path("taken").mkdir()
    assert run("--card", "card.json", "--out", "taken", "a.png") == 3
    said = capsys.readouterr().err
    assert said.startswith("error[read.cannot_write]: ")
    assert said.count("\n") == 1
    assert not list(place.glob(".*.part"))
    if os.name == "posix":  # a name that leads to a device, so that no mistake here can harm the machine's own
        Path("null").symlink_to("/dev/null")
        assert run("--card", "card.json", "--out", "null", "a.png") == 0
        assert Path("null").is_symlink()
        # /dev/stdout leads to an ordinary file under `> file`: the link stays, and so does the file that it leads to.
        Path("file.csv").touch()
        number = Path("file.csv").stat().st_ino
        Path("stdout").symlink_to("file.csv")
        assert run("--card", "card.json", "--out", "stdout", "a.png") == 0
        assert Path("stdout").is_symlink()
        assert Path("file.csv").stat().st_ino == number
        assert ["a.png", "1", "1", "_page", "", "ok"] in [row[:6] for row in rows_of(Path("file.csv"))]


def test_crops_and_overlays_have_predictable_names_that_never_collide(place) -> None:
    for name in ("x/a.png", "y/a.png"):
        Path(name).parent.mkdir()
        Path(name).write_bytes(as_file(scan(front(), turn=2 if name[0] == "y" else 0)))
    assert run("--card", "card.json", "--out", "o.csv", "--crops", "crops", "--overlay", "seen", "x", "y") == 0
    names = ["a-1-31-1.jpg", "a-1-32-1.jpg", "a~2-1-31-1.jpg", "a~2-1-32-1.jpg"]
    assert sorted(one.name for one in Path("crops").iterdir()) == names
    assert sorted(one.name for one in Path("seen").iterdir()) == ["a-1.jpg", "a~2-1.jpg"]
    data = Path("crops/a-1-31-1.jpg").read_bytes()
    assert b"Exif" not in data
    crop = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert crop.ndim == 2  # grey
    # 180 x 40 mm at 200 dpi, upright also from the page that lay upside down.
    for name in names[::2]:
        shape = cv2.imdecode(np.frombuffer(Path("crops", name).read_bytes(), np.uint8), 0).shape
        assert abs(shape[1] - 1417) <= 3
        assert abs(shape[0] - 315) <= 3


def test_without_out_the_table_goes_to_stdout_and_json_is_one_document(place, capfd) -> None:
    Path("a.png").write_bytes(as_file(scan(front())))
    assert run("--card", "card.json", "a.png") == 0
    out, err = capfd.readouterr()
    assert out.removeprefix("\ufeff").splitlines()[1].startswith("a.png,1,1,_page,,ok,")
    assert "1 read, 0 refused" in err
    assert run("--card", "card.json", "--json", "a.png") == 0
    document = json.loads(capfd.readouterr().out)
    assert document["pages"] == document["read"] == 1
    assert document["fields"] == 32
    assert document["rows"][1]["value"] == "12345670"


def test_several_processes_give_the_same_table(place) -> None:
    Path("in").mkdir()
    for i in range(10):
        Path(f"in/{i}.jpg").write_bytes(as_file(scan(front(f"1234567{i}"), seed=i), ".jpg"))
    assert run("--card", "card.json", "--out", "two.csv", "--jobs", "2", "in") == 0
    assert run("--card", "card.json", "--out", "one.csv", "--jobs", "1", "in") == 0
    assert Path("two.csv").read_bytes() == Path("one.csv").read_bytes()
    numbers = [row[4] for row in rows_of(Path("two.csv")) if row[3] == "candidate"]
    assert numbers == [f"1234567{i}" for i in range(10)]


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to a child process")
def test_a_run_that_is_stopped_leaves_no_half_table(place) -> None:
    Path("in").mkdir()
    data = as_file(scan(front()), ".jpg")
    for i in range(200):  # more than are read before a busy machine comes round to the signal
        Path(f"in/{i}.jpg").write_bytes(data)
    command = [sys.executable, "-m", "web", "read", "--card", "card.json", "--out", "out.csv", "--jobs", "1", "in"]
    root = Path(__file__).parents[3]
    child = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - a shell's `&` ignores it
    )
    while not list(place.glob(".out.csv.*")) and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    child.wait(timeout=30)
    assert not Path("out.csv").exists()


def test_a_missing_card_is_named_before_a_missing_page(place, capsys) -> None:
    assert run("--card", "nothing.json", "x") == 3
    said = capsys.readouterr().err
    assert said.startswith("error[card.")
    assert "nothing.json" in said
    assert run("--card", "card.json", "x") == 3
    assert "file or folder" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="this system allows no such names")
def test_every_name_that_a_file_can_have_is_listed_once(place) -> None:
    good = as_file(scan(front()), ".jpg")
    names = ["全角　空格.jpg", "=cmd|' C calc'!A0.jpg", "a\nb.jpg", "-rf.jpg", "$(reboot).jpg", "e\u202egpj.jpg"]
    names += ["x" * 240 + ".jpg", "'; DROP TABLE--.jpg", "👩‍🏫.jpg", 'a,"b".jpg']
    Path("in").mkdir()
    for name in names:
        (Path("in") / name).write_bytes(good)
    os.link(
        os.fsencode(Path("in") / names[0]), os.fsencode("in/") + b"\xd7\xf7\xd2\xb5.jpg"
    )  # a name in another encoding
    assert run("--card", "card.json", "--out", "out.csv", "--crops", "crops", "in", "y" * 5000) == 4
    text = Path("out.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(text.splitlines(keepends=True)))
    listed = [row[0] for row in rows if row[3] == "_page"]
    wanted = [str(Path("in") / name) for name in [*names, "\ufffd\ufffd\u04b5.jpg"]]
    assert sorted(listed) == sorted([*wanted, "y" * 5000])
    assert {row[5] for row in rows if row[3] == "_page" and row[0] != "y" * 5000} == {"ok"}
    crops = [one.name for one in Path("crops").iterdir()]
    assert len(crops) == 2 * len(wanted)
    assert all(set(name).isdisjoint("/\\\n$;|'\"=,") for name in crops)
