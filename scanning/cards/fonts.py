"""Which fonts print a card, and the check that every character has a glyph.

The PDF library drops characters that a font lacks without a word, so every text is compared with the fonts'
character maps first: a chain of fonts, each character from the first that has it, an error naming the rest.

Order: the configured file, the packages fonts-wqy-zenhei and fonts-arphic-uming, then Windows' own fonts.
Only TrueType outlines (glyf) can be embedded; a font with PostScript outlines is passed over.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from scanning.cards.drawing import MM_PER_PT
from scanning.cards.errors import FontUnusable, NoFont, Unprintable

SYSTEM_FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
)
WINDOWS_FONTS = ("simhei.ttf", "simsun.ttc", "msyh.ttc", "simsunb.ttf")
STAND_INS = "〓□?"  # what printers set for a character that they do not have; the first that a font has


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that one font prints."""

    font: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class FontChain:
    """Fonts in the order in which they are asked for a character."""

    fonts: tuple[TTFont, ...]

    def runs(self, text: str) -> list[Run]:
        """Split a text by the font that prints it. Raises Unprintable naming what no font has."""
        missing = self.missing(text)
        if missing:
            shown = ", ".join(f"{character} (U+{ord(character):04X})" for character in missing)
            raise Unprintable(characters=shown, text=text)
        runs: list[Run] = []
        for character in text:
            name = self._font_of(character)
            if runs and runs[-1].font == name:
                runs[-1] = Run(name, runs[-1].text + character)
            else:
                runs.append(Run(name or "", character))
        return runs

    def missing(self, text: str) -> list[str]:
        """The characters of a text that no font of the chain has, each once, in order."""
        return [character for character in dict.fromkeys(text) if self._font_of(character) is None]

    def printable(self, text: str) -> str:
        """The text with a stand-in for every character that no font of the chain has."""
        missing = self.missing(text)
        stand_in = next((mark for mark in STAND_INS if self._font_of(mark) is not None), "") if missing else ""
        return "".join(stand_in if character in missing else character for character in text)

    def width_mm(self, text: str, size_pt: float) -> float:
        """The printed width of a text. Raises Unprintable."""
        points = sum(pdfmetrics.stringWidth(run.text, run.font, size_pt) for run in self.runs(text))
        return float(points) * MM_PER_PT

    def _font_of(self, character: str) -> str | None:
        for font in self.fonts:
            if font.face.charToGlyph.get(ord(character)):
                return str(font.fontName)
        return None


def find_fonts(configured: Path | None = None) -> FontChain:
    """The chain of this computer. Raises FontUnusable for the configured file, NoFont when there is none at all."""
    fonts: list[TTFont] = []
    if configured is not None:
        try:
            fonts.append(_load(str(configured)))
        except (TTFError, OSError, ValueError) as error:
            raise FontUnusable(file=str(configured), why=str(error)) from error
    places = list(_known_places())
    for place in places:
        try:
            fonts.append(_load(place))
        except (TTFError, OSError, ValueError):
            continue  # absent here, or with outlines that cannot be embedded: the next one may do
    if not fonts:
        raise NoFont(places=", ".join(places))
    return FontChain(tuple(fonts))


def font_file(configured: str = "") -> Path | None:
    """The file of the first font of this computer, for drawing on images; None where there is none."""
    places = (*((configured,) if configured else ()), *_known_places())
    return next((Path(place) for place in places if Path(place).is_file()), None)


def _known_places() -> Iterable[str]:
    yield from SYSTEM_FONTS
    windows = os.environ.get("WINDIR")
    if windows:
        yield from (str(Path(windows) / "Fonts" / name) for name in WINDOWS_FONTS)


@cache
def _load(place: str) -> TTFont:
    """Parse a font file once per process and make it known to the PDF library under its own name."""
    path = Path(place)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    font = TTFont(f"kaiyue-{path.stem}", place)
    pdfmetrics.registerFont(font)
    return font
