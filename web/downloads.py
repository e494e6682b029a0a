"""Answers that are files: a safe name, and never taken for a page of ours."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from flask import Response

from models.errors import NotFound, mark_text
from models.table import Cell, Table, as_csv
from web.spreadsheet import as_workbook, as_xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NOT_ASCII = re.compile(r"[^\x20-\x7e]+")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|;%]+')


def safe_name(name: str) -> str:
    """A file name without signs that some system takes for more than a name; Chinese stays."""
    return _UNSAFE.sub("_", name).strip(" .")[:150] or "file"


def attachment(response: Response, name: str) -> Response:
    """Let the browser save this answer under a name.

    A header is Latin-1 at most, and the server drops the whole answer for one Chinese letter in it: names
    beyond ASCII travel as `filename*` (RFC 6266), beside a plain one for programs that do not know it.
    """
    name = safe_name(name)
    plain = _NOT_ASCII.sub("_", name)
    given = {"filename": plain} if plain == name else {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}
    response.headers.set("Content-Disposition", "attachment", **given)
    return response


def workbook_file(tables: Mapping[str, Table], name: str) -> Response:
    """Several tables as one workbook, a sheet for each."""
    return attachment(Response(as_workbook(tables), mimetype=XLSX), f"{name}.xlsx")


def table_file(table: Table, kind: str, name: str) -> Response:
    """A table as `csv` or `xlsx`. Raises NotFound for any other kind of file."""
    if kind not in ("csv", "xlsx"):
        raise NotFound(what=mark_text("table"), name=f"{name}.{kind}"[:60])
    if kind == "xlsx":
        return attachment(Response(as_xlsx(table), mimetype=XLSX), f"{name}.xlsx")
    rows: list[tuple[Cell, ...]] = list(table.rows)
    return attachment(Response(as_csv(table.columns, rows), content_type="text/csv; charset=utf-8"), f"{name}.csv")
