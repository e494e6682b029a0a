"""Open a CSV table as people save them: its encoding, separator and column names, each cell with its place.

UTF-8 with or without a byte order mark, UTF-16 with one, or GB 18030 (which includes GBK) as Chinese
spreadsheets save it; commas, semicolons or tabs; any line ends.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from models.errors import Complaint, Complaints, InputRefused, Sentence, mark_text

MOST_TOLD = 20  # a wrong column gives one complaint a row: the first are enough to see what is wrong

ALIASES = {
    "考号": "candidate",
    "准考证号": "candidate",
    "学校": "school",
    "班级": "class",
    "状态": "status",
    "客观题": "objective",
    "主观题": "subjective",
    "总分": "total",
    "题号": "item",
    "小题": "item",
    "作答": "value",
    "科目": "paper",
}


class TableRefused(InputRefused):
    """A table of scores or responses with faults; `complaints` holds each with its place."""

    code = "table.invalid"
    sentence = mark_text("The table has {count} fault(s). {complaints}")
    remedy = mark_text("Correct these places and try again.")

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = Complaints(complaints)
        super().__init__(count=len(self.complaints), complaints=Complaints(self.complaints[:MOST_TOLD]))


class TableUnreadable(InputRefused):
    """Not a CSV table at all."""

    code = "table.unreadable"
    sentence = mark_text("The table cannot be read: {why}.")
    remedy = mark_text("Save it as CSV with the columns that `kaiyue export` writes.")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row with its line in the file; cells by column name."""

    line: int
    cells: dict[str, str]


def _place(line: int, column: str) -> str:
    return f"row {line}, column {column}"


def complaint(line: int, column: str, template: str, /, **values: object) -> Complaint:
    """A complaint about one cell; `template` is a catalogue text."""
    return Complaint(_place(line, column), Sentence(template, values))


def read_table(data: bytes) -> tuple[list[str], list[TableRow]]:
    """The column names (ours, where an alias is known) and the rows that are not empty.

    Raises TableUnreadable and TableRefused.
    """
    text = _decode(data)
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as err:
        raise TableUnreadable(why=Sentence(mark_text("it is not CSV: {problem}"), {"problem": str(err)})) from err
    if not lines:
        raise TableUnreadable(why=Sentence(mark_text("it is empty")))
    columns = [ALIASES.get(cell.strip(), cell.strip().replace("（", "(").replace("）", ")")) for cell in lines[0]]
    while columns and not columns[-1]:
        columns.pop()
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise TableRefused([complaint(1, name, mark_text("is there twice.")) for name in twice])
    rows: list[TableRow] = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            raise TableRefused([complaint(number, str(len(columns) + 1), mark_text("has no name in the first row."))])
        rows.append(TableRow(number, {name: _clean(cell) for name, cell in zip(columns, cells, strict=False)}))
    return columns, rows


def _decode(data: bytes) -> str:
    marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    encodings = ("utf-16",) if marked else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise TableUnreadable(why=Sentence(mark_text("it is not text in UTF-8 or GBK")))


def _clean(cell: str) -> str:
    """A cell without surrounding space and without the quote that keeps a spreadsheet from taking it as a formula."""
    cell = cell.strip()
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@" else cell
