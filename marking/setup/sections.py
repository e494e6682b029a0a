"""Walk through a document and collect every complaint, each with its place and what to change.

A `Section` is one mapping of the document at a place such as ``papers[0].items[3]``. Its readers answer the
value, or a stand-in (the default) after complaining, so that one pass finds everything that is wrong.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from marking.setup.document import Number, Value
from models.errors import Complaint, Complaints, Sentence, mark_text
from models.points import is_whole_hundredths, parse_points, plain, show_points

MAX_TEXT = 200
MAX_PROSE = 4000
_ID = re.compile(r"[^\W_](?:[\w.\-]*[\w\-])?")
# names that Windows keeps for devices: an exam's folder could not be made there
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))})

Word = TypeVar("Word", bound=StrEnum)


@dataclass(slots=True)
class Desk:
    """Where complaints are collected while a document is read."""

    complaints: list[Complaint] = field(default_factory=list)
    sums: list[Complaint] = field(default_factory=list)

    def complain(self, place: str, template: str, /, **values: object) -> None:
        """Note one complaint; `template` is a catalogue text."""
        self.complaints.append(Complaint(place, Sentence(template, values)))

    @property
    def all(self) -> Complaints:
        """Every complaint, in the order found."""
        return Complaints((*self.complaints, *self.sums))


def under(place: str, name: str) -> str:
    """The place of a key inside a mapping."""
    return f"{place}.{name}" if place else name


def show(value: Value) -> str:
    """A value of the document as a person wrote it, shortened."""
    match value:
        case Number():
            shown = value.text
        case str():
            shown = value
        case None:
            shown = "null"
        case bool():
            shown = "true" if value else "false"
        case list():
            shown = "[…]"
        case dict():
            shown = "{…}"
    return shown if len(shown) <= 60 else shown[:57] + "…"


def clean_id(text: str) -> str:
    """An id in its one spelling: full-width letters and digits become plain ones, surrounding space goes."""
    return unicodedata.normalize("NFKC", text).strip()


def id_fault(text: str, longest: int) -> Sentence | None:
    """What is wrong with an id that becomes a column, a file name and a part of a web address."""
    if not text:
        return Sentence(mark_text("it is empty"))
    if len(text) > longest:
        return Sentence(mark_text("{value} is longer than {longest} characters"), {"value": text, "longest": longest})
    if not _ID.fullmatch(text) or text.lower().split(".")[0] in _DEVICES:
        return Sentence(
            mark_text("{value} cannot be an id: use letters, digits, . _ and -, beginning with a letter or digit"),
            {"value": text},
        )
    return None


class Section:
    """One mapping of the document, read key by key."""

    def __init__(self, value: Value, place: str, desk: Desk) -> None:
        self.place = place
        self.desk = desk
        self.known: dict[str, None] = {}
        self.values: Mapping[str, Value] = {}
        self.is_mapping = isinstance(value, dict)
        if isinstance(value, dict):
            self.values = value
        elif value is not None:
            desk.complain(place, mark_text("{value} stands where keys and values belong."), value=show(value))

    def at(self, name: str) -> str:
        """The place of one of its keys."""
        return under(self.place, name)

    def complain(self, name: str, template: str, /, **values: object) -> None:
        """Note a complaint about one of its keys."""
        self.desk.complain(self.at(name), template, **values)

    def has(self, name: str) -> bool:
        """Whether the key is given (null counts as not given)."""
        self.known[name] = None
        return self.values.get(name) is not None

    def get(self, name: str) -> Value:
        """The raw value of a key."""
        self.known[name] = None
        return self.values.get(name)

    def _missing(self, name: str, required: bool) -> None:
        if required and self.is_mapping:
            self.complain(name, mark_text("is missing."))

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        """A short text; a number is taken as it is written."""
        value = self.get(name)
        if value is None:
            self._missing(name, required)
            return default
        if isinstance(value, Number):
            return value.text
        if not isinstance(value, str):
            self.complain(name, mark_text("{value} is not a text."), value=show(value))
            return default
        text = unicodedata.normalize("NFC", value).strip()
        if len(text) > MAX_TEXT or any(unicodedata.category(letter) == "Cc" for letter in text):
            self.complain(
                name, mark_text("is longer than {longest} characters, or has line breaks in it."), longest=MAX_TEXT
            )
            return default
        if required and not text:
            self.complain(name, mark_text("is empty."))
        return text

    def prose(self, name: str) -> str:
        """A text of several lines, such as a mark scheme."""
        value = self.get(name)
        if value is None:
            return ""
        if isinstance(value, Number):
            return value.text
        if not isinstance(value, str):
            self.complain(name, mark_text("{value} is not a text."), value=show(value))
            return ""
        text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\t", " ").strip()
        if len(text) > MAX_PROSE or any(unicodedata.category(letter) == "Cc" and letter != "\n" for letter in text):
            self.complain(
                name,
                mark_text("is longer than {longest} characters, or has something else than text in it."),
                longest=MAX_PROSE,
            )
            return ""
        return text

    def id(self, name: str, *, longest: int = 40) -> str:
        """An id, required; empty after a complaint."""
        text = clean_id(self.text(name, required=True))
        fault = id_fault(text, longest) if text else None
        if fault:
            self.complain(name, mark_text("{fault}."), fault=fault)
            return ""
        return text

    def word(self, name: str, words: type[Word], default: Word | None = None) -> Word | None:
        """One word of a closed list; None (or the default) after a complaint."""
        text = self.text(name, required=default is None)
        if not text:
            return default
        wanted = text.replace(" ", "").replace("＋", "+").lower()
        try:
            return words(wanted)
        except ValueError:
            self.complain(
                name,
                mark_text("{value} is not one of: {words}."),
                value=text,
                words=", ".join(word.value for word in words),
            )
            return default

    def number(
        self,
        name: str,
        default: Decimal | None = None,
        *,
        above: Decimal | None = None,
        least: Decimal | None = None,
        most: Decimal | None = None,
        required: bool = False,
    ) -> Decimal | None:
        """An exact number within bounds; the default when it is absent or was complained about."""
        value = self.get(name)
        if value is None:
            self._missing(name, required)
            return default
        try:
            if isinstance(value, Number):
                number = parse_points(value.value)
            elif isinstance(value, str):
                number = parse_points(value)
            else:
                raise ValueError
        except ValueError:
            self.complain(name, mark_text("{value} is not a number."), value=show(value))
            return default
        if above is not None and number <= above:
            self.complain(name, mark_text("{value} must be above {bound}."), value=number, bound=above)
            return default
        if least is not None and number < least:
            self.complain(name, mark_text("{value} must be at least {bound}."), value=number, bound=least)
            return default
        if most is not None and number > most:
            self.complain(name, mark_text("{value} must be at most {bound}."), value=number, bound=most)
            return default
        return number

    def points(
        self,
        name: str,
        default: Decimal | None = None,
        *,
        above: Decimal | None = None,
        least: Decimal | None = None,
        most: Decimal | None = None,
        required: bool = False,
    ) -> Decimal | None:
        """A number of points: whole hundredths within bounds."""
        number = self.number(name, default, above=above, least=least, most=most, required=required)
        if number is not None and not is_whole_hundredths(number):
            self.complain(
                name, mark_text("{value} is not a whole number of hundredths of a point."), value=show_points(number)
            )
            return default
        return number

    def whole(self, name: str, default: int | None, least: int, most: int, *, required: bool = False) -> int | None:
        """A whole number within bounds."""
        number = self.number(name, None, least=Decimal(least), most=Decimal(most), required=required)
        if number is None:
            return default
        if number != plain(number).to_integral_value():
            self.complain(name, mark_text("{value} is not a whole number."), value=number)
            return default
        return int(number)

    def length_mm(self, name: str) -> float:
        """A length of a sheet in mm, required; 210 after a complaint."""
        number = self.number(name, None, least=Decimal(100), most=Decimal(1000), required=True)
        return 210.0 if number is None else float(number)

    def section(self, name: str) -> "Section":
        """An inner mapping; an empty one when it is absent."""
        return Section(self.get(name), self.at(name), self.desk)

    def sections(self, name: str, *, required: bool = False) -> list["Section"]:
        """An inner list of mappings."""
        value = self.get(name)
        if value is None or value == []:
            if required and self.is_mapping:
                self.complain(name, mark_text("is missing or empty: list at least one."))
            return []
        if not isinstance(value, list):
            self.complain(name, mark_text("{value} stands where a list belongs."), value=show(value))
            return []
        return [Section(inner, f"{self.at(name)}[{index}]", self.desk) for index, inner in enumerate(value)]

    def texts(self, name: str) -> list[str]:
        """A list of short texts; one text alone is split at commas."""
        value = self.get(name)
        if value is None:
            return []
        if isinstance(value, str):
            parts: list[Value] = list(re.split(r"[,，;；、]", value))
        elif isinstance(value, list):
            parts = value
        elif isinstance(value, Number):
            parts = [value]
        else:
            self.complain(name, mark_text("{value} stands where a list belongs."), value=show(value))
            return []
        found: list[str] = []
        for index, part in enumerate(parts):
            if isinstance(part, Number):
                found.append(part.text)
            elif isinstance(part, str) and len(part) <= MAX_TEXT:
                if part.strip():
                    found.append(unicodedata.normalize("NFC", part).strip())
            else:
                self.desk.complain(
                    f"{self.at(name)}[{index}]", mark_text("{value} is not a short text."), value=show(part)
                )
        return found

    def finish(self) -> None:
        """Complain about every key that was not asked for, with the nearest known name."""
        for name in self.values:
            if name not in self.known:
                nearest = nearest_name(name, self.known)
                if nearest:
                    self.complain(name, mark_text("is not a known key; did you mean {nearest}?"), nearest=nearest)
                else:
                    self.complain(
                        name, mark_text("is not a known key; known here are: {known}."), known=", ".join(self.known)
                    )


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that somebody most likely meant."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None
