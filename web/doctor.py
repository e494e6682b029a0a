"""Look this computer over before exam day: each finding with what was measured and what to do about it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import numpy as np

from models.errors import KaiyueError, NotFound, mark_text
from models.paper import CardSpec, Item, Paper, PaperSize
from models.words import ItemKind, NumberEntry
from scanning.cards.builder import build_card
from scanning.cards.drawing import CardDesign
from scanning.cards.fonts import find_fonts
from scanning.cards.pdf import blank_pdf
from scanning.cards.preview import page_pngs
from web.addresses import lan_addresses
from web.i18n import _, error_texts
from web.settings import Settings
from web.wiring import configured_font
from web.words import name_of

# seen with A3 double-sided cards at 200 dpi: two pages of about 0.6 MB, their crops of about 0.4 MB, and readings
BYTES_PER_CANDIDATE_AND_PAPER = 2_200_000
PAPERS = 6  # subjects of an ordinary county exam
SPEED_TEST_S = 1.5
TOPICS = (  # what a finding is about; where looking failed, the code of the error stands in its place
    mark_text("disk"),
    mark_text("port"),
    mark_text("address"),
    mark_text("clock"),
    mark_text("fonts"),
    mark_text("tesseract"),
    mark_text("speed"),
    mark_text("print"),
    mark_text("registration"),
)
USUAL_DPI = (100, 150, 200, 240, 250, 300, 400, 600)  # what scanners offer
SHEET_TOLERANCE = 0.005  # of a side; a scan cropped to the sheet is less exact than that and is not guessed at
SCALE_TOLERANCE = 0.01  # a print shrunk by more than this was "fitted to the page"


class Verdict(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it stands, what was measured, what to do (empty when nothing)."""

    topic: str
    verdict: Verdict
    seen: str
    remedy: str = ""


def examine(settings: Settings, candidates: int, test_card: Path | None = None) -> list[Finding]:
    """Every finding, in the order in which a person would put things right."""
    looks: list[Callable[[], Finding]] = [
        lambda: look_at_disk(settings.data, candidates),
        lambda: look_at_port(settings.host, settings.port),
        look_at_address,
        lambda: look_at_clock(settings.data),
        lambda: look_at_fonts(settings),
        look_at_tesseract,
        lambda: look_at_speed(settings),
    ]
    findings = []
    for look in looks:
        try:
            findings.append(look())
        except KaiyueError as err:
            sentence, remedy = error_texts(err)
            findings.append(Finding(err.code, Verdict.BAD, sentence, remedy))
    if test_card is not None:
        findings += look_at_print(test_card)
    return findings


def look_at_disk(data: Path, candidates: int) -> Finding:
    """Room for an exam of this many candidates."""
    place = data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    needed = candidates * PAPERS * BYTES_PER_CANDIDATE_AND_PAPER
    seen = _(
        "{free} GB free; {candidates} candidates in {papers} papers need about {needed} GB.",
        free=_gigabytes(free),
        candidates=candidates,
        papers=PAPERS,
        needed=_gigabytes(needed),
    )
    if free >= 2 * needed:
        return Finding("disk", Verdict.GOOD, seen)
    verdict = Verdict.WARNING if free >= needed else Verdict.BAD
    return Finding("disk", verdict, seen, _("Free some space, or choose a larger disk with KAIYUE_DATA; "
                                           "leave room for a backup of the same size."))  # fmt: skip


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f}"


def look_at_port(host: str, port: int) -> Finding:
    """Whether the server could listen where it is told to."""
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError as err:
            return Finding(
                "port",
                Verdict.WARNING,
                _("Port {port} on {host} is taken or not allowed: {why}.", port=port, host=host, why=err.strerror),
                _("If Kaiyue is not running already, set KAIYUE_PORT to another number."),
            )
    return Finding("port", Verdict.GOOD, _("Port {port} on {host} is free.", port=port, host=host))


def look_at_address() -> Finding:
    """The address that markers would type."""
    addresses = lan_addresses()
    if addresses:
        return Finding("address", Verdict.GOOD, _("Others on this network reach this computer at {address}.",
                                                  address=", ".join(addresses)))  # fmt: skip
    return Finding(
        "address",
        Verdict.WARNING,
        _("This computer has no address on a local network."),
        _("Connect it to the school's network or open a hotspot before markers come."),
    )


def look_at_clock(data: Path) -> Finding:
    """A clock that is far off makes leases and records wrong; without a network, only plain signs can be seen."""
    now = datetime.now(UTC)
    newest = max((path.stat().st_mtime for path in (data, Path(__file__)) if path.exists()), default=0.0)
    local = datetime.now().astimezone()
    seen = _("It is {local} here ({zone}).", local=local.strftime("%Y-%m-%d %H:%M"), zone=local.strftime("UTC%z"))
    if now.timestamp() + 86_400 < newest:
        return Finding("clock", Verdict.BAD, seen + " " + _("Files here are newer than that."),
                       _("Set the date and time of this computer."))  # fmt: skip
    return Finding("clock", Verdict.GOOD, seen)


def look_at_fonts(settings: Settings) -> Finding:
    """A Chinese font that can be embedded in printed cards."""
    fonts = find_fonts(configured_font(settings))
    return Finding(
        "fonts",
        Verdict.GOOD,
        _(
            "Cards are printed with {fonts}.",
            fonts=", ".join(str(font.fontName).removeprefix("kaiyue-") for font in fonts.fonts),
        ),
    )


def look_at_tesseract() -> Finding:
    """The reader of printed numbers, one more voice beside bubbles and barcode."""
    command = shutil.which("tesseract")
    if command is None:
        return Finding(
            "tesseract",
            Verdict.WARNING,
            _("Tesseract is not installed: printed candidate numbers are not read as one more voice."),
            _("Install the package tesseract-ocr (on Windows: the Tesseract installer) if your cards carry them."),
        )
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=False, timeout=20)
    first = (said.stdout or said.stderr).splitlines()
    return Finding("tesseract", Verdict.GOOD, first[0] if first else command)


def look_at_speed(settings: Settings) -> Finding:
    """How fast this computer reads: whole pages of a real card, decoded, read and cut, on one core."""
    import cv2

    from scanning.read_page import read_bytes

    design = doctor_card()
    page = page_pngs(blank_pdf(design, find_fonts(configured_font(settings))))[0]
    image = cv2.imdecode(np.frombuffer(page, np.uint8), cv2.IMREAD_GRAYSCALE)
    jpeg = cv2.imencode(".jpg", np.asarray(image), [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        read_bytes(jpeg, design.template)
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < SPEED_TEST_S:
            read_bytes(jpeg, design.template)
            count += 1
        rate = count / (time.perf_counter() - started)
    finally:
        cv2.setNumThreads(threads)
    cores = os.cpu_count() or 1
    seen = _(
        "{rate} A4 pages a second on one core; {cores} cores read about {hour} pages an hour.",
        rate=f"{rate:.0f}",
        cores=cores,
        hour=f"{rate * cores * 3600:.0f}",
    )
    if rate * cores >= 5:  # a production scanner delivers up to 160 sheets a minute, 5 sides a second
        return Finding("speed", Verdict.GOOD, seen)
    return Finding("speed", Verdict.WARNING, seen, _("Reading would be slower than a fast scanner: close other "
                                                     "programs, or read on another computer."))  # fmt: skip


def doctor_card() -> CardDesign:
    """The card that `--test-card` expects: it is printed, scanned, and measured."""
    items = (
        *(Item(str(no), ItemKind.SINGLE, Decimal(2), options=4, key=("A",)) for no in range(1, 31)),
        *(Item(str(no), ItemKind.WRITTEN, Decimal(10), height_mm=28.0) for no in range(31, 35)),
    )
    spec = CardSpec(PaperSize("A4", 210.0, 297.0), 1, 1, NumberEntry.BUBBLES, 8)
    return build_card(Paper("test-card", "打印与扫描测试", Decimal(100), items, (), spec))


def look_at_print(scan: Path) -> list[Finding]:
    """Measure a scan of the printed test card: is it recognised, and was it printed at its true size?"""
    from scanning.page.image import Refusal, decode_page
    from scanning.read_page import read_and_locate

    if not scan.is_file():
        raise NotFound(what=mark_text("file"), name=str(scan))
    data = scan.read_bytes()
    image = decode_page(data)
    if isinstance(image, Refusal):
        return [Finding("print", Verdict.BAD, _("The scan cannot be read: {why}.", why=_(name_of(image.code))),
                        _("Scan the test card again as a grey JPEG at 200 dpi."))]  # fmt: skip
    design = doctor_card()
    reading, registration = read_and_locate(image.grey, design.template)
    if registration is None:
        return [
            Finding(
                "print",
                Verdict.BAD,
                _("The test card was not recognised: {why}.", why=_(name_of(reading.code))),
                _('Print test-card.pdf at 100 % (not "fit to page"), scan the whole sheet, and try again.'),
            )
        ]
    findings = [
        Finding(
            "registration",
            Verdict.GOOD,
            _(
                "The marks were found to within {residual} mm, turned by {skew}°.",
                residual=f"{registration.residual_mm:.2f}",
                skew=f"{registration.skew_deg:.1f}",
            ),
        )
    ]
    dpi = _dpi(data)
    if dpi is None:
        return [*findings, Finding("print", Verdict.WARNING, _("The scan does not say its resolution, so the size of "
                                                               "the print cannot be measured."),
                                   _("Let the scanner write the resolution into the file."))]  # fmt: skip
    corners = registration.map.apply(np.array([[20.0, 20.0], [190.0, 20.0], [20.0, 277.0]]))
    across = float(np.hypot(*(corners[1] - corners[0]))) / (170.0 * dpi[0] / 25.4)
    down = float(np.hypot(*(corners[2] - corners[0]))) / (257.0 * dpi[1] / 25.4)
    seen = _("The print measures {across} % across and {down} % down of its true size.",
             across=f"{across * 100:.1f}", down=f"{down * 100:.1f}")  # fmt: skip
    if abs(across - 1) <= SCALE_TOLERANCE and abs(down - 1) <= SCALE_TOLERANCE:
        return [*findings, Finding("print", Verdict.GOOD, seen)]
    return [*findings, Finding("print", Verdict.WARNING, seen, _("Print at 100 %, without \"fit to page\"; reading "
                                                                 "still works, but bubbles are smaller."))]  # fmt: skip


def _dpi(data: bytes) -> tuple[float, float] | None:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        dpi = image.info.get("dpi")
        sides_px = sorted(image.size)
    if dpi and 50 <= float(dpi[0]) <= 1200 and 50 <= float(dpi[1]) <= 1200:
        return float(dpi[0]), float(dpi[1])
    # A file that does not say it, but has the size of a whole A4 sheet at a resolution that scanners offer.
    for usual in USUAL_DPI:
        sheet_px = [side_mm * usual / 25.4 for side_mm in (210.0, 297.0)]
        if all(abs(side / whole - 1) <= SHEET_TOLERANCE for side, whole in zip(sides_px, sheet_px, strict=True)):
            return float(usual), float(usual)
    return None
