"""The doctor measures; a print that was shrunk, a port that is taken and a full disk are named with what to do."""

import json
import socket
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from scanning.cards.fonts import find_fonts
from scanning.cards.pdf import blank_pdf
from scanning.cards.preview import page_pngs
from web.cli.doctor import doctor
from web.doctor import Verdict, doctor_card, look_at_disk, look_at_port, look_at_print


@pytest.fixture(scope="module")
def printed() -> Image.Image:
    """The test card at 200 dpi."""
    return Image.open(BytesIO(page_pngs(blank_pdf(doctor_card(), find_fonts()))[0])).convert("L")


def scan(printed: Image.Image, path: Path, *, scale: float = 1.0, dpi: int | None = 200) -> Path:
    """The printed card on the scanner's glass, printed at some scale."""
    small = printed.resize((round(printed.width * scale), round(printed.height * scale)), Image.Resampling.BICUBIC)
    sheet = Image.new("L", printed.size, 250)
    sheet.paste(small, ((printed.width - small.width) // 2, (printed.height - small.height) // 2))
    options = {"dpi": (dpi, dpi)} if dpi else {}
    sheet.save(path, quality=85, **options)
    return path


def test_a_print_at_its_true_size_is_good(printed: Image.Image, tmp_path: Path) -> None:
    findings = {each.topic: each for each in look_at_print(scan(printed, tmp_path / "t.jpg"))}
    assert findings["print"].verdict is Verdict.GOOD
    assert "100.0" in findings["print"].seen


def test_a_print_fitted_to_the_page_is_measured_and_named(printed: Image.Image, tmp_path: Path) -> None:
    findings = {each.topic: each for each in look_at_print(scan(printed, tmp_path / "t.jpg", scale=0.96))}
    assert findings["print"].verdict is Verdict.WARNING
    assert "96.0" in findings["print"].seen
    assert findings["print"].remedy


def test_a_scan_of_the_whole_sheet_is_measured_even_where_the_file_does_not_say_its_resolution(
    printed: Image.Image, tmp_path: Path
) -> None:
    findings = {each.topic: each for each in look_at_print(scan(printed, tmp_path / "t.jpg", scale=0.96, dpi=None))}
    assert findings["print"].verdict is Verdict.WARNING
    assert "96.0" in findings["print"].seen


def test_a_scan_of_no_known_size_or_without_the_card_is_not_measured(printed: Image.Image, tmp_path: Path) -> None:
    cut = Image.open(scan(printed, tmp_path / "t.jpg", dpi=None))
    cut.crop((0, 20, cut.width - 30, cut.height)).save(tmp_path / "cut.jpg", quality=85)
    unknown = {each.topic: each for each in look_at_print(tmp_path / "cut.jpg")}
    assert unknown["print"].verdict is Verdict.WARNING
    assert "%" not in unknown["print"].seen
    Image.new("L", (1654, 2339), 240).save(tmp_path / "empty.jpg")
    assert [each.verdict for each in look_at_print(tmp_path / "empty.jpg")] == [Verdict.BAD]


def test_too_little_room_is_bad_and_enough_is_good(tmp_path: Path) -> None:
    assert look_at_disk(tmp_path / "not yet there", 1).verdict is Verdict.GOOD
    finding = look_at_disk(tmp_path, 10_000_000_000)
    assert finding.verdict is Verdict.BAD
    assert finding.remedy


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finding = look_at_port("127.0.0.1", port)
    assert finding.verdict is Verdict.WARNING
    assert str(port) in finding.seen


def test_the_command_answers_one_document_with_every_topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAIYUE_DATA", str(tmp_path / "data"))
    card = tmp_path / "card.pdf"
    done = CliRunner().invoke(doctor, ["--json", "--candidates", "10", "--print-test-card", str(card)])
    assert done.exception is None, done.output
    findings = json.loads(done.stdout)["findings"]
    assert [each["topic"] for each in findings] == ["disk", "port", "address", "clock", "fonts", "tesseract", "speed"]
    assert all(each["remedy"] for each in findings if each["verdict"] != "good")
    assert card.read_bytes().startswith(b"%PDF-")
