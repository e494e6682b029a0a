"""Tables as a workbook, one sheet each: numbers as numbers, everything else as text, so that nothing is a formula."""

import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import xlsxwriter

from models.table import Table

_WIDEST = 40
_COMPUTED = 7  # 104.785714… reads well as 104.7857


def as_xlsx(table: Table, title: str = "Kaiyue", *, to_fill: bool = False) -> bytes:
    """The bytes of the workbook; the heading row is frozen and can be filtered.

    With `to_fill` all cells below the headings are of the format text, so that a number typed there keeps its zeros.
    """
    return as_workbook({title: table}, to_fill=to_fill)


def as_workbook(tables: Mapping[str, Table], *, to_fill: bool = False) -> bytes:
    """The bytes of a workbook with one sheet for each table, named by its key."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        text = book.add_format({"num_format": "@"})
        heading = book.add_format({"bold": True, "bg_color": "#E6EEF6", "bottom": 1})
        for title, table in tables.items():
            _fill(book.add_worksheet(title[:31]), table, heading, text if to_fill else None)
    return out.getvalue()


def _fill(sheet: Any, table: Table, heading: Any, text: Any) -> None:
    for column, name in enumerate(table.columns):
        sheet.write_string(0, column, name, heading)
        widest = max((_width(row[column]) for row in table.rows), default=0)
        sheet.set_column(column, column, min(_WIDEST, max(_width(name), widest) + 2), text)
    for at, row in enumerate(table.rows, start=1):
        for column, cell in enumerate(row):
            if cell is None:
                continue
            if isinstance(cell, str):
                sheet.write_string(at, column, cell)
            else:
                sheet.write_number(at, column, float(cell) if isinstance(cell, Decimal) else cell)
    sheet.freeze_panes(1, 0)
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)


def _width(cell: object) -> int:
    """Columns that a cell takes: a Chinese letter takes two; a computed number is shown as far as its column goes."""
    if isinstance(cell, float):
        return min(len(str(cell)), _COMPUTED)
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in ("" if cell is None else str(cell)))
