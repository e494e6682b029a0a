"""A plain table on its way to a file: named columns, rows of typed cells, and a CSV that a spreadsheet opens safely."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from models.points import show_points

Cell = str | int | float | Decimal | None

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Table:
    """Column names and rows of the same width."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula (ASVS 1.2.10): a quote is put before a dangerous start."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def show_cell(cell: Cell) -> str:
    """One cell as CSV text: numbers stay numbers, text is made safe, None is empty."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return show_points(cell)
    if isinstance(cell, str):
        return safe_text(cell)
    return str(cell)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table as CSV text with `\\n` line ends and a byte order mark, so that spreadsheets see UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([show_cell(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()
