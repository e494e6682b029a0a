"""Rows of a spreadsheet or CSV under known headings, each cell with its address and its doubts.

In:  the bytes of an .xlsx, .xls, .ods or .csv file and the headings that are understood.
Out: rows of text by canonical column, and complaints that name the cell.
Numbers in a spreadsheet arrive as floats: a candidate number stored as one may have lost its leading zeros
or, beyond 15 digits, its last digits. Such a cell keeps the mark `numeric`, so that its reader can refuse it.
"""

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from models.errors import Complaint, Complaints, InputRefused, Sentence, mark_text

MAX_ROWS = 200_000
MAX_COLUMNS = 500
MAX_CELL = 500
_ENCODINGS = ("utf-8-sig", "gb18030")


class SheetRefused(InputRefused):
    """The file cannot be read as a table at all."""

    code = "sheet.refused"
    sentence = mark_text("{name} cannot be read as a table: {why}.")
    remedy = mark_text("Save it as .xlsx, or as CSV in UTF-8, and try again.")


@dataclass(frozen=True, slots=True)
class TextCell:
    """One cell: its text without surrounding space, where it stands, and whether it was kept as a number."""

    text: str
    place: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row by canonical column name; a column that the file lacks is an empty cell."""

    number: int
    cells: Mapping[str, TextCell]

    def text(self, column: str) -> str:
        """The text of a cell."""
        return self.cells[column].text


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows under the heading row, and the columns that nobody asked for."""

    rows: tuple[SheetRow, ...]
    columns: tuple[str, ...]
    ignored: tuple[str, ...]
    complaints: Complaints


def row_of(place: str) -> int:
    """The row of a cell's address, 0 for what is no cell: complaints stand in the order of the rows."""
    digits = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits) if digits.isdecimal() else 0


def cell_name(row: int, column: int) -> str:
    """The address of a cell as spreadsheets write it: row and column from 1, ``B7``."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def _both(headings: Mapping[str, Sequence[str]], required: Sequence[str]) -> str:
    """Required columns by both names under which people know them, such as `candidate (考号)`."""
    return ", ".join(f"{name} ({headings[name][0]})" if headings.get(name) else name for name in required)


def read_sheet(
    data: bytes,
    name: str,
    headings: Mapping[str, Sequence[str]],
    required: Sequence[str],
    *,
    any_other: bool = False,
) -> Sheet:
    """Find the heading row and read what is below it.

    `headings` maps canonical names to the headings that stand for them; with `any_other` further columns
    are kept under their own heading. Raises SheetRefused when the file is no table or required columns are missing.
    """
    grid = _grid(data, name)
    found = _find_headings(grid, headings, required)
    if found is None:
        raise SheetRefused(name=name, why=Sentence(mark_text("it has no heading row with {columns}"),
                                                   {"columns": _both(headings, required)}))  # fmt: skip
    top, columns, ignored = found
    complaints: list[Complaint] = []
    if any_other:
        for index, heading in ignored:
            if heading in columns:
                complaints.append(_double(top, index, heading))
            else:
                columns[heading] = index
    names = list(columns) + [column for column in headings if column not in columns]
    rows: list[SheetRow] = []
    for number, cells in enumerate(grid[top + 1 :], start=top + 2):
        if not any(cell.text for cell in cells):
            continue
        row = {
            column: cells[columns[column]]
            if column in columns and columns[column] < len(cells)
            else TextCell("", cell_name(number, columns.get(column, 0) + 1))
            for column in names
        }
        complaints += [
            Complaint(cell.place, Sentence(mark_text("the cell is longer than {most} characters."), {"most": MAX_CELL}))
            for cell in row.values()
            if len(cell.text) > MAX_CELL
        ]
        rows.append(SheetRow(number, row))
    doubled = _doubled(grid[top], headings, top)
    others = () if any_other else tuple(heading for _, heading in ignored)
    return Sheet(tuple(rows), tuple(columns), others, Complaints((*doubled, *complaints)))


def _doubled(cells: Sequence[TextCell], headings: Mapping[str, Sequence[str]], top: int) -> list[Complaint]:
    seen: set[str] = set()
    complaints = []
    for index, cell in enumerate(cells):
        canonical = _canonical(cell.text, headings)
        if canonical and canonical in seen:
            complaints.append(_double(top, index, cell.text))
        if canonical:
            seen.add(canonical)
    return complaints


def _double(top: int, index: int, heading: str) -> Complaint:
    return Complaint(
        cell_name(top + 1, index + 1),
        Sentence(mark_text("the heading {heading} stands there a second time."), {"heading": heading}),
    )


def _canonical(heading: str, headings: Mapping[str, Sequence[str]]) -> str | None:
    plain = unicodedata.normalize("NFKC", heading).strip().lower().replace(" ", "_")
    for canonical, names in headings.items():
        if plain == canonical or plain in names:
            return canonical
    return None


def _find_headings(
    grid: list[list[TextCell]], headings: Mapping[str, Sequence[str]], required: Sequence[str]
) -> tuple[int, dict[str, int], list[tuple[int, str]]] | None:
    # offices put a title or two above the headings; deeper than ten rows it is no heading any more
    for top, cells in enumerate(grid[:10]):
        columns: dict[str, int] = {}
        ignored: list[tuple[int, str]] = []
        for index, cell in enumerate(cells):
            canonical = _canonical(cell.text, headings)
            if canonical is not None:
                columns.setdefault(canonical, index)
            elif cell.text:
                ignored.append((index, cell.text))
        if all(column in columns for column in required):
            return top, columns, ignored
    return None


def _grid(data: bytes, name: str) -> list[list[TextCell]]:
    if not data.strip():
        raise SheetRefused(name=name, why=Sentence(mark_text("it is empty")))
    if data[:4] == b"PK\x03\x04" or data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _from_workbook(data, name)
    return _from_csv(data, name)


def _from_workbook(data: bytes, name: str) -> list[list[TextCell]]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError

    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = workbook.get_sheet_by_index(0)
        values = sheet.to_python(skip_empty_area=False, nrows=MAX_ROWS + 1)
    except PasswordError as err:
        raise SheetRefused(name=name, why=Sentence(mark_text("it is protected by a password"))) from err
    except (CalamineError, ZipError, OSError, ValueError) as err:
        raise SheetRefused(name=name, why=Sentence(mark_text("it is damaged or of another kind"))) from err
    if len(values) > MAX_ROWS or (values and len(values[0]) > MAX_COLUMNS):
        raise SheetRefused(
            name=name,
            why=Sentence(
                mark_text("it has more than {rows} rows or {columns} columns"),
                {"rows": MAX_ROWS, "columns": MAX_COLUMNS},
            ),
        )
    return [
        [_workbook_cell(value, cell_name(row, column)) for column, value in enumerate(cells, start=1)]
        for row, cells in enumerate(values, start=1)
    ]


def _workbook_cell(value: object, place: str) -> TextCell:
    match value:
        case bool():
            return TextCell("TRUE" if value else "FALSE", place)
        case int():
            return TextCell(str(value), place, numeric=True)
        case float():
            whole = value == int(value) if abs(value) < 1e18 else False
            return TextCell(str(int(value)) if whole else repr(value), place, numeric=True)
        case datetime() | date() | time() | timedelta():
            return TextCell(str(value), place)
        case _:
            return TextCell(_clean(str(value)), place)


def _from_csv(data: bytes, name: str) -> list[list[TextCell]]:
    text = _decode(data, name)
    try:
        delimiter = "\t" if text.partition("\n")[0].count("\t") > text.partition("\n")[0].count(",") else ","
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as err:
        raise SheetRefused(name=name, why=str(err)) from err
    if len(lines) > MAX_ROWS or any(len(line) > MAX_COLUMNS for line in lines):
        raise SheetRefused(
            name=name,
            why=Sentence(
                mark_text("it has more than {rows} rows or {columns} columns"),
                {"rows": MAX_ROWS, "columns": MAX_COLUMNS},
            ),
        )
    return [
        [TextCell(_clean(value), cell_name(row, column)) for column, value in enumerate(cells, start=1)]
        for row, cells in enumerate(lines, start=1)
    ]


def _decode(data: bytes, name: str) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = _ENCODINGS
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SheetRefused(name=name, why=Sentence(mark_text("it is neither a spreadsheet nor text")))


def _clean(text: str) -> str:
    """Without surrounding space of any kind (no-break and ideographic included) and without control characters."""
    kept = "".join(letter for letter in text if letter in "\t " or unicodedata.category(letter) not in ("Cc", "Cf"))
    return kept.replace("\u00a0", " ").replace("\u3000", " ").strip()
