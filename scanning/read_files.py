"""Carry one page of a file through reading: decode, read, write crops and overlay, answer with what a table needs.

In:  SourcePage (intake/unpack.py) and a name for its files. Out: PageRow without pixels, cheap to send back.
Runs in worker processes: imports neither SQLAlchemy nor Flask.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from models.errors import mark_text
from models.words import PageCode
from scanning.cards.template import CardTemplate
from scanning.intake.unpack import SourcePage
from scanning.page.image import PageImage, Refusal, decode_page
from scanning.read_page import ReadingOptions, read_and_locate
from scanning.reading.overlay import draw_reading
from scanning.reading.result import Crop, PageReading


@dataclass(frozen=True, slots=True, eq=False)
class NamedPage:
    """A page of a file, and the safe unique stem that its crops and overlay are named after."""

    source: SourcePage
    stem: str


@dataclass(frozen=True, slots=True)
class PageRow:
    """One image and what was read on it; the reading's crops have been written and let go."""

    file: str
    page: int
    reading: PageReading


@dataclass(frozen=True, slots=True, eq=False)
class FileReader:
    """The work of one worker: a card, options, and where images go (None: nowhere)."""

    card: CardTemplate
    options: ReadingOptions
    crops_dir: Path | None = None
    overlay_dir: Path | None = None

    def __call__(self, named: NamedPage) -> PageRow:
        """Read one page. Raises OSError only when a crop or overlay cannot be written."""
        source = named.source
        image = _image_of(source, self.options)
        if isinstance(image, Refusal):
            reading = PageReading(side=None, code=image.code, detail=image.detail, warnings=source.warnings)
            return PageRow(source.file, source.page, reading)
        reading, registration = read_and_locate(image.grey, self.card, self.options, image.warnings)
        if self.crops_dir is not None:
            for name, crop in crop_names(named.stem, reading.crops):
                (self.crops_dir / name).write_bytes(crop.jpeg)
        if self.overlay_dir is not None:
            page = registration.page if registration is not None else None
            fitted = registration.map if registration is not None else None
            picture = draw_reading(image.grey, page, fitted, reading)
            _, encoded = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, 80))
            (self.overlay_dir / f"{named.stem}.jpg").write_bytes(encoded.tobytes())
        return PageRow(source.file, source.page, replace(reading, crops=()))


def _image_of(source: SourcePage, options: ReadingOptions) -> PageImage | Refusal:
    if source.code is not None:
        return Refusal(source.code, source.detail)
    if source.grey is not None:
        return PageImage(source.grey, source.warnings)
    if source.data is None:
        return Refusal(PageCode.UNREADABLE_FILE, mark_text("there is nothing in it"))
    return decode_page(source.data, options.limits)


def safe_name(text: str, longest_bytes: int = 120) -> str:
    """A text as part of a file name on every system: letters (any script), digits and ``-_.()`` stay."""
    safe = re.sub(r"[^\w\-.()（）]", "_", text).strip(". ") or "_"
    return safe.encode("utf-8")[:longest_bytes].decode("utf-8", "ignore")


def crop_names(stem: str, crops: tuple[Crop, ...]) -> list[tuple[str, Crop]]:
    """`<stem>-<region>-<part>.jpg` for every crop, none twice."""
    taken: set[str] = set()
    named = []
    for crop in crops:
        base = f"{stem}-{safe_name(crop.region, 60)}-{crop.part}"
        name, again = base, 2
        while name.casefold() in taken:  # two regions whose names differ only in what no file name may hold
            name, again = f"{base}~{again}", again + 1
        taken.add(name.casefold())
        named.append((f"{name}.jpg", crop))
    return named


class StemNames:
    """Gives every file a stem of its own, so that a.jpg and b/a.jpg do not overwrite each other's crops."""

    def __init__(self) -> None:
        self._by_file: dict[str, str] = {}
        self._taken: set[str] = set()

    def name(self, source: SourcePage) -> str:
        """`<file stem>-<page>`, safe and unique per file."""
        stem = self._by_file.get(source.file)
        if stem is None:
            base = safe_name(Path(source.file).stem)
            stem, again = base, 2
            while stem.casefold() in self._taken:
                stem, again = f"{base}~{again}", again + 1
            self._taken.add(stem.casefold())
            self._by_file[source.file] = stem
        return f"{stem}-{source.page}"
