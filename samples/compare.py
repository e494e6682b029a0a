"""Hold what was read against the truth: silent errors first, then needless flags, refused pages, lost pages.

In:  PageTruth values; rows as `kaiyue read` writes them (contracts.md 5), or PageReading values.
Out: Comparison: counts, and every finding by file, page and field.

A *silent error* is a wrong value with status ``ok`` on a field that is not ambiguous, or any ``ok`` on a field that
must be doubted. A *needless flag* is ``doubtful`` on a field that is neither ambiguous nor irregular. A page is
*refused* when its `_page` row is doubtful although it shows a readable side, *foreign* when it was read although it
shows none, *misplaced* when the side is wrong, *lost* when there is no `_page` row at all.

`margins` counts, for `doubtful` and then for each tenth of the margin of ``ok`` values, fields that a person would not
have doubted and how many of them were guessed wrong, then the same for all fields.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from models.words import FieldKind, ReadingStatus
from samples.truth import PageTruth
from samples.visible import SeenField
from scanning.reading.result import PageReading

PAGE_FIELD = "_page"
MARGIN_BINS = 10
CANDIDATE_FIELD = "candidate"


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row of the readings."""

    file: str
    page: int
    side: int | None
    field: str
    value: str
    status: ReadingStatus
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: where, what was read and what is true."""

    file: str
    page: int
    field: str
    read: str
    true: str
    note: str = ""


@dataclass(slots=True)
class Comparison:
    """Counts over all pages that have a truth, and the findings behind them."""

    pages: int = 0
    fields: int = 0
    bubbles: int = 0
    ambiguous: int = 0
    doubtful: int = 0
    digits: int = 0
    strangers: int = 0
    margins: list[list[int]] = field(default_factory=lambda: [[0, 0, 0, 0] for _ in range(1 + MARGIN_BINS)])
    silent: list[Finding] = field(default_factory=list)
    silent_numbers: list[Finding] = field(default_factory=list)
    needless: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)
    foreign: list[Finding] = field(default_factory=list)
    misplaced: list[Finding] = field(default_factory=list)
    lost: list[Finding] = field(default_factory=list)

    @property
    def silent_ppm(self) -> float:
        """Silent errors (numbers among them) in parts per million of the bubbles on pages that were read."""
        return 1e6 * (len(self.silent) + len(self.silent_numbers)) / self.bubbles if self.bubbles else 0.0

    @property
    def needless_rate(self) -> float:
        """Needless flags per field that was read and not ambiguous."""
        clear = self.fields - self.ambiguous
        return len(self.needless) / clear if clear else 0.0

    def add(self, other: "Comparison") -> None:
        """Take in the counts and findings of another comparison."""
        for name in ("pages", "fields", "bubbles", "ambiguous", "doubtful", "digits", "strangers"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in zip(self.margins, other.margins, strict=True):
            mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]
        for name in ("silent", "silent_numbers", "needless", "refused", "foreign", "misplaced", "lost"):
            getattr(self, name).extend(getattr(other, name))


def rows_from_csv(text: str) -> list[ReadRow]:
    """The rows of a readings file. Raises KeyError or ValueError when it is not one."""
    rows: list[ReadRow] = []
    for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))):
        side = int(row["side"]) if row["side"] else None
        margin = float(row["margin"]) if row["margin"] else 0.0
        # A spreadsheet guard may stand before a value that begins with a dash (a blank first digit).
        value = row["value"][1:] if row["value"].startswith("'") else row["value"]
        rows.append(
            ReadRow(row["file"], int(row["page"]), side, row["field"], value, ReadingStatus(row["status"]), margin)
        )
    return rows


def rows_from_reading(file: str, page: int, reading: PageReading) -> list[ReadRow]:
    """The same rows, from the values that reading one page yields; the candidate field is the vote."""
    if reading.code is not None:
        return [ReadRow(file, page, None, PAGE_FIELD, reading.code.value, ReadingStatus.DOUBTFUL)]
    rows = [ReadRow(file, page, reading.side, PAGE_FIELD, "", ReadingStatus.OK)]
    vote = reading.candidate
    rows += [
        ReadRow(file, page, reading.side, one.id, one.value, one.status, one.margin)
        for one in reading.fields
        if not (one.id == CANDIDATE_FIELD and vote.present)
    ]
    if vote.present:
        rows.append(ReadRow(file, page, reading.side, CANDIDATE_FIELD, vote.value, vote.status, vote.margin))
    return rows


def compare(truths: Iterable[PageTruth], rows: Iterable[ReadRow]) -> Comparison:
    """Compare all pages; files are matched by their last path part when the whole path is not known."""
    by_page: dict[tuple[str, int], list[ReadRow]] = {}
    for row in rows:
        by_page.setdefault((_key(row.file), row.page), []).append(row)
    found = Comparison()
    for truth in truths:
        found.add(compare_page(truth, by_page.get((_key(truth.file), truth.page), [])))
    return found


def _key(file: str) -> str:
    return PurePath(file.replace("\\", "/")).name


def compare_page(truth: PageTruth, rows: Sequence[ReadRow]) -> Comparison:
    """Compare one page image."""
    found = Comparison(pages=1)
    page_row = next((row for row in rows if row.field == PAGE_FIELD), None)

    def finding(name: str, read: str, true: str, note: str = "") -> Finding:
        return Finding(truth.file, truth.page, name, read, true, note)

    if page_row is None:
        found.lost.append(finding(PAGE_FIELD, "", "a row"))
        return found
    if truth.side is None:
        found.strangers += 1
        if page_row.status is ReadingStatus.OK:
            found.foreign.append(finding(PAGE_FIELD, f"side {page_row.side}", ",".join(truth.troubles)))
        return found
    if page_row.status is not ReadingStatus.OK and page_row.side is None:
        found.refused.append(finding(PAGE_FIELD, page_row.value, f"side {truth.side}", ",".join(truth.troubles)))
        return found
    if page_row.side != truth.side:
        found.misplaced.append(finding(PAGE_FIELD, f"side {page_row.side}", f"side {truth.side}"))
        return found
    found.bubbles = truth.n_bubbles
    read = {row.field: row for row in rows}
    for seen in truth.fields:
        found.fields += 1
        found.ambiguous += seen.ambiguous
        if seen.kind is FieldKind.DIGITS:
            found.digits += len(seen.value)
        row = read.get(seen.id)
        if row is None:
            found.silent.append(finding(seen.id, "no row", seen.value))
            continue
        _judge(found, truth, seen, row)
    return found


def _judge(found: Comparison, truth: PageTruth, seen: SeenField, row: ReadRow) -> None:
    is_number = seen.kind is FieldKind.DIGITS
    is_ok = row.status is ReadingStatus.OK
    found.doubtful += not is_ok
    voices = {seen.value, truth.barcode} - {""} if seen.id == CANDIDATE_FIELD else {seen.value}
    conflict = len(voices) > 1 and "-" not in seen.value and "?" not in seen.value
    must_doubt = conflict or (seen.must_doubt and len(voices) < 2)
    manners = sorted({bubble.manner for bubble in truth.bubbles if bubble.field == seen.id and bubble.manner})
    note = f"margin {row.margin:.2f}; {'+'.join(manners) or 'blank'}"
    wrong = Finding(truth.file, truth.page, seen.id, row.value, seen.value, note)
    _count_margin(found, seen, row, row.value not in (voices or {""}))
    if is_ok:
        right = row.value in voices or (not voices and not row.value)
        excused = seen.ambiguous and (not is_number or not row.value or _agrees(row.value, seen))
        if must_doubt or not (right or excused):
            (found.silent_numbers if is_number else found.silent).append(wrong)
    elif not seen.ambiguous and not seen.irregular and not conflict:
        found.needless.append(wrong)


def _count_margin(found: Comparison, seen: SeenField, row: ReadRow, wrong: bool) -> None:
    at = 0
    if row.status is ReadingStatus.OK:
        at = 1 + min(int(row.margin * MARGIN_BINS), MARGIN_BINS - 1)
    counts = found.margins[at]
    counts[2] += 1
    counts[3] += wrong
    if not seen.ambiguous:
        counts[0] += 1
        counts[1] += wrong


def _agrees(value: str, seen: SeenField) -> bool:
    """Whether a number agrees in every column that is not ambiguous."""
    if not seen.value:  # only residue was there: nothing holds the columns together
        return True
    if len(value) != len(seen.value):
        return False
    return all(a == b for at, (a, b) in enumerate(zip(value, seen.value, strict=True)) if at not in seen.columns)
