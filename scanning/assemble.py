"""Page images become sheets: which back follows which front, and whether what claims one candidate is one sheet.

In:  for each page image its place in the scan, the side its own machine code names, and whether this side carries a
     candidate number. Out: which back belongs to which front; a verdict for each candidate.

Whose a page is comes from the page itself. A side without a number inherits its front's only where the scan itself
is beyond doubt: front and back are neighbours, 1, 2, 1, 2 …, from the first page of the file (or of the natural order
of a folder) up to here. At the first break everything that would have to lean on a neighbour is left to a person;
nothing is shifted. Where breaks are many the sides were not scanned as a duplex stack at all, and neighbours that
look right are an accident: then nothing is inherited, before the break either.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

# One page lost in eight pairs is a mishap of a duplex scan; more than that is another order. A stack of single
# sides in random order has about as many breaks as pairs.
PAIRS_FOR_ONE_BREAK = 8

_TRAILING_NUMBER = re.compile(r"^(.*?)(\d{1,12})$")


@dataclass(frozen=True, slots=True)
class SideSeen:
    """One page image at its place in the scan.

    `sequence` names what was scanned in one go and `position` the place in it. `side` is None for what could not be
    read as a side of this paper's card; such a page holds its place. `has_number` says whether this side's card has a
    place for the candidate number.
    """

    page_id: int
    sequence: str
    position: int
    side: int | None
    has_number: bool = False
    card_id: int | None = None


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A file of a batch as the order of scanning sees it: its name as given and how many pages it holds."""

    file_id: int
    order: int
    name: str
    pages: int


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a file's first page stands: the sequence and the position in it."""

    sequence: str
    position: int


def spots(files: Iterable[FilePlace]) -> dict[int, Spot]:
    """The place of each file's first page; files of several pages are sequences of their own.

    Files of one page each, in one folder and named alike up to a trailing number, are one sequence. Their numbers
    are their positions where they run close together, so that a missing file leaves a gap instead of shifting
    what follows; otherwise (times of day, random numbers) their order is.
    """
    found: dict[int, Spot] = {}
    folders: dict[str, list[tuple[FilePlace, int | None]]] = defaultdict(list)
    for file in files:
        if file.pages != 1:
            found[file.file_id] = Spot(f"file:{file.file_id}", 1)
            continue
        path = PurePosixPath(file.name.replace("\\", "/"))
        match = _TRAILING_NUMBER.match(path.stem)
        prefix, number = (match[1], int(match[2])) if match else ("", None)
        key = f"{path.parent}/{prefix}#" if match else f"{path.parent}/"
        folders[key].append((file, number))
    for key, members in folders.items():
        members.sort(key=lambda member: member[0].order)
        numbers = [number for _, number in members if number is not None]
        close = len(set(numbers)) == len(members) and max(numbers) - min(numbers) < len(members) * 3 // 2 + 2
        for place, (file, number) in enumerate(members):
            found[file.file_id] = Spot(key, number if close and number is not None else place)
    return found


def follow(pages: Iterable[SideSeen], *, duplex: bool) -> dict[int, int]:
    """For each side without a number the front that it follows: page id -> page id. `duplex` False: none."""
    if not duplex:
        return {}
    sequences: dict[str, list[SideSeen]] = defaultdict(list)
    for page in pages:
        sequences[page.sequence].append(page)
    found: dict[int, int] = {}
    for members in sequences.values():
        found.update(_follow_in(sorted(members, key=lambda page: (page.position, page.page_id))))
    return found


def _follow_in(pages: Sequence[SideSeen]) -> dict[int, int]:
    needs = [page for page in pages if page.side is not None and not page.has_number]
    if not needs:
        return {}  # every readable side says by itself whose it is
    if len({page.position for page in pages}) < len(pages):
        return {}  # two pages at one place: the order is not known
    start = pages[0].position
    at = {page.position: page for page in pages}
    pairs: dict[int, int] = {}
    broken = False
    for page in pages:
        if page.side is None:
            continue  # it holds its place; its partner, if it has one, stays alone
        first_of_pair = (page.position - start) % 2 == 0
        if first_of_pair != (page.side % 2 == 1):
            broken = True
            break
        if first_of_pair:
            continue
        front = at.get(page.position - 1)
        if front is None or front.side is None:
            continue
        if front.side != page.side - 1 or front.card_id != page.card_id:
            broken = True
            break
        if front.has_number and not page.has_number:
            pairs[page.page_id] = front.page_id
    if broken and not _looks_duplex(pages, at):
        return {}
    return pairs


def _looks_duplex(pages: Sequence[SideSeen], at: Mapping[int, SideSeen]) -> bool:
    """Whether nearly every readable page has its other side as a neighbour, in whatever rhythm."""
    paired: set[int] = set()
    excused = 0
    for page in pages:
        after = at.get(page.position + 1)
        if page.side is None or page.side % 2 == 0:
            continue
        if after is not None and after.side == page.side + 1:
            paired |= {page.page_id, after.page_id}
        elif after is None or after.side is None:
            excused += 1  # its other side is missing or unreadable at its own place
    readable = sum(page.side is not None for page in pages)
    lonely = readable - len(paired) - excused
    return lonely <= max(1, len(paired) // 2 // PAIRS_FOR_ONE_BREAK)


class Verdict(StrEnum):
    """What the pages that claim one candidate amount to."""

    NOTHING = "nothing"
    ONE_SHEET = "one_sheet"
    INCOMPLETE = "incomplete"
    TWICE = "twice"
    MIXED_CARDS = "mixed_cards"


@dataclass(frozen=True, slots=True)
class Claim:
    """A page image that says (or of which it was said) that it is a side of one candidate's sheet."""

    page_id: int
    side: int
    card_id: int


def judge(claims: Sequence[Claim], sides_of_card: Mapping[int, int]) -> Verdict:
    """Whether the claims on one candidate are exactly one whole sheet; order and time play no part.

    A side that is there twice is never picked from: all pages wait, whichever came first.
    """
    if not claims:
        return Verdict.NOTHING
    count = Counter(claim.side for claim in claims)
    if max(count.values()) > 1:
        return Verdict.TWICE
    if len({claim.card_id for claim in claims}) > 1:
        return Verdict.MIXED_CARDS
    wanted = set(range(1, sides_of_card[claims[0].card_id] + 1))
    return Verdict.ONE_SHEET if set(count) == wanted else Verdict.INCOMPLETE
