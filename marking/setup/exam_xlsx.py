"""Take an exam from a workbook: the same keys as the text file, as columns (docs/exam-file.md has the layout).

In:  the bytes of an xlsx file with the sheets `exam`, `papers`, `items` and, where needed, `groups`, `rules`,
     `totals`, `variants`.
Out: the document that a text file would have given, and a function that names its places by sheet and cell.
"""

import io
import re
import zipfile
from dataclasses import dataclass, field
from decimal import Decimal

from python_calamine import CalamineError, CalamineWorkbook

from marking.setup.document import DocumentTooLarge, DocumentUnreadable, Number, Value
from models.errors import Sentence, mark_text

MAX_UNPACKED_BYTES = 50_000_000
MAX_ROWS = 20_000
MAX_COLUMNS = 60

_CARD = ("size", "width_mm", "height_mm", "sides", "columns", "number")
_NESTED = {
    "choose_group": ("choose", "group"),
    "choose_take": ("choose", "take"),
    "choose_policy": ("choose", "policy"),
    "grid_columns": ("grid", "columns"),
    "grid_rows": ("grid", "rows"),
    "grid_cell_mm": ("grid", "cell_mm"),
}
_SHEETS = ("exam", "papers", "items", "groups", "rules", "totals", "variants")


@dataclass(slots=True)
class _Row:
    """One row of a sheet: its cells by column name, and where each stands (`items!F5`)."""

    place: str
    cells: dict[str, Value] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)


class Places:
    """Names a place of the document (`papers[0].items[3].key`) by the cell that it came from."""

    def __init__(self) -> None:
        self.cells: dict[str, str] = {}

    def __call__(self, place: str) -> str:
        """The cell, or the row and what is missing in it; the place itself where no sheet holds it."""
        known = place
        while known and known not in self.cells:
            known = re.sub(r"(?:\.[^.\[\]]*|\[\d+\]|^[^.\[\]]+)$", "", known)
        if not known:
            return place
        rest = place[len(known) :].lstrip(".")
        return f"{self.cells[known]} ({rest})" if rest else self.cells[known]


def read_workbook(data: bytes) -> tuple[Value, Places]:
    """The document of a workbook and the names of its places.

    Raises DocumentUnreadable and DocumentTooLarge.
    """
    sheets = _sheets(data)
    places = Places()
    document: dict[str, Value] = {}
    for row in sheets.get("exam", []):
        name = row.cells.get("key")
        if not isinstance(name, str):
            raise DocumentUnreadable(
                why=Sentence(mark_text("{place} needs a word in the column key"), {"place": row.place})
            )
        if name == "digits":
            document["candidate_number"] = {"digits": row.cells.get("value")}
            places.cells["candidate_number"] = row.place
        else:
            document[name] = row.cells.get("value")
            places.cells[name] = row.place
    papers = _papers(sheets, places)
    totals = _totals(sheets.get("totals", []), places)
    if totals:
        document["totals"] = totals
    shared = _rules([row for row in sheets.get("rules", []) if not row.cells.get("paper")], "rules", places)
    if document.get("kaiyue") == "paper/1" and len(papers) == 1:
        places.cells = {place.removeprefix("papers[0]").lstrip("."): cell for place, cell in places.cells.items()}
        only = papers[0]
        assert isinstance(only, dict)
        return {**only, **document, **({"rules": shared} if shared else {})}, places
    if shared:
        document["rules"] = shared
    document["papers"] = papers
    return document, places


def _sheets(data: bytes) -> dict[str, list[_Row]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(entry.file_size for entry in packed.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise DocumentTooLarge(why=Sentence(mark_text("it unpacks to {size} bytes"), {"size": unpacked}))
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        found: dict[str, list[_Row]] = {}
        for title in book.sheet_names:
            name = title.strip().lower()
            if name in _SHEETS:
                sheet = book.get_sheet_by_name(title)
                if (sheet.height or 0) > MAX_ROWS or (sheet.width or 0) > MAX_COLUMNS:
                    raise DocumentTooLarge(why=Sentence(mark_text("the sheet {sheet} is too large"), {"sheet": title}))
                found[name] = _rows(name, sheet.to_python(skip_empty_area=False))
    except (CalamineError, zipfile.BadZipFile, OSError) as err:
        raise DocumentUnreadable(why=Sentence(mark_text("it is not a workbook that can be opened"))) from err
    return found


def _rows(sheet: str, cells: list[list[object]]) -> list[_Row]:
    if not cells:
        return []
    header = [str(cell).strip().lower() for cell in cells[0]]
    rows: list[_Row] = []
    for number, line in enumerate(cells[1:], start=2):
        row = _Row(f"{sheet}!{number}:{number}")
        for index, (name, cell) in enumerate(zip(header, line, strict=False)):
            at = f"{sheet}!{_letter(index)}{number}"
            value = _value(cell, at)
            if name and value is not None:
                row.cells[name] = value
                row.at[name] = at
        if row.cells:
            rows.append(row)
    return rows


def _letter(index: int) -> str:
    """The letter of a column, A for 0."""
    high, low = divmod(index, 26)
    return (_letter(high - 1) if high else "") + chr(ord("A") + low)


def _value(cell: object, at: str) -> Value:
    """A cell as the text file would have given it. A workbook holds numbers in binary: they are taken as shown."""
    match cell:
        case bool():
            return cell
        case int() | float():
            number = Decimal(repr(cell))
            text = format(number.to_integral_value() if number == number.to_integral_value() else number, "f")
            return Number(text, Decimal(text))
        case str():
            return cell.strip() or None
        case None:
            return None
    raise DocumentUnreadable(
        why=Sentence(mark_text("{cell} holds a date or a time; give the column the format text"), {"cell": at})
    )


def _papers(sheets: dict[str, list[_Row]], places: Places) -> list[Value]:
    papers: list[Value] = []
    index_of: dict[str, int] = {}
    for index, row in enumerate(sheets.get("papers", [])):
        place = f"papers[{index}]"
        places.cells[place] = row.place
        paper: dict[str, Value] = {}
        card: dict[str, Value] = {}
        for name, value in row.cells.items():
            (card if name in _CARD else paper)[name] = value
            places.cells[f"{place}.card.{name}" if name in _CARD else f"{place}.{name}"] = row.at[name]
        if "width_mm" in card or "height_mm" in card:
            card["size"] = {name: card.pop(name) for name in ("width_mm", "height_mm") if name in card}
        if card:
            paper["card"] = card
        index_of[_text(row.cells.get("id"))] = index
        papers.append(paper)
    for sheet, key in (("items", "items"), ("groups", "groups"), ("variants", "variants"), ("rules", "rules")):
        by_paper: dict[int, list[_Row]] = {}
        for row in sheets.get(sheet, []):
            named = _text(row.cells.get("paper"))
            if sheet == "rules" and not named:
                continue
            if not named and len(papers) == 1:
                by_paper.setdefault(0, []).append(row)
            elif named in index_of:
                by_paper.setdefault(index_of[named], []).append(row)
            else:
                raise DocumentUnreadable(
                    why=Sentence(
                        mark_text("{place} names the paper {paper}, which the sheet papers does not have"),
                        {"place": row.place, "paper": named or "''"},
                    )
                )
        for index, rows in by_paper.items():
            paper_value = papers[index]
            assert isinstance(paper_value, dict)
            place = f"papers[{index}].{key}"
            if sheet == "variants":
                paper_value[key] = _variants(rows, place, places)
            elif sheet == "rules":
                paper_value[key] = _rules(rows, place, places)
            else:
                paper_value[key] = [_entry(row, f"{place}[{number}]", places, sheet) for number, row in enumerate(rows)]
    return papers


def _text(value: Value) -> str:
    return value.text if isinstance(value, Number) else value if isinstance(value, str) else ""


def _entry(row: _Row, place: str, places: Places, sheet: str) -> Value:
    """One item or group of a paper."""
    places.cells[place] = row.place
    entry: dict[str, Value] = {}
    for name, value in row.cells.items():
        if name == "paper":
            continue
        if sheet == "items" and name in _NESTED:
            outer, inner = _NESTED[name]
            nested = entry.setdefault(outer, {})
            assert isinstance(nested, dict)
            nested[inner] = value
            places.cells[f"{place}.{outer}.{inner}"] = row.at[name]
            continue
        places.cells[f"{place}.{name}"] = row.at[name]
        if sheet == "items" and name == "parts" and isinstance(value, str):
            entry[name] = _parts(value)
        elif sheet == "items" and name == "key" and isinstance(value, str) and re.search("[,，;；]", value):
            entry[name] = [one.strip() for one in re.split("[,，;；]", value)]
        else:
            entry[name] = value
    return entry


def _parts(text: str) -> Value:
    """`(1)=2; (2)=4` as the list of parts that a text file has."""
    parts: list[Value] = []
    for piece in re.split("[;；,，]", text):
        no, _equals, points = piece.partition("=")
        part: dict[str, Value] = {"no": no.strip()}
        if points.strip():
            part["points"] = points.strip()
        parts.append(part)
    return parts


def _rules(rows: list[_Row], place: str, places: Places) -> dict[str, Value]:
    """Rows of rule and value; `round.at`, `round.to`, `void.3` and `floors.12` are two levels."""
    rules: dict[str, Value] = {}
    for row in rows:
        name, value = _text(row.cells.get("rule")), row.cells.get("value")
        outer, dot, inner = name.partition(".")
        places.cells[f"{place}.{name}"] = row.place
        if dot:
            nested = rules.setdefault(outer, {})
            if isinstance(nested, dict):
                nested[inner] = value
        else:
            rules[name] = value
    return rules


def _totals(rows: list[_Row], places: Places) -> list[Value]:
    """Rows of id, title, paper, weight and absent; the rows of one id are one total."""
    totals: dict[str, dict[str, Value]] = {}
    for row in rows:
        total_id = _text(row.cells.get("id"))
        total = totals.setdefault(total_id, {"id": total_id, "parts": []})
        place = f"totals[{list(totals).index(total_id)}]"
        places.cells.setdefault(place, row.place)
        parts = total["parts"]
        assert isinstance(parts, list)
        places.cells[f"{place}.parts[{len(parts)}]"] = row.place
        parts.append({name: row.cells[name] for name in ("paper", "weight") if name in row.cells})
        for name, value in row.cells.items():
            if name not in ("id", "paper", "weight"):
                total[name] = value
    return list(totals.values())


def _variants(rows: list[_Row], place: str, places: Places) -> Value:
    """Rows of variant, printed and stands: which item of variant A stands at a printed number."""
    variants: dict[str, Value] = {}
    for row in rows:
        name = _text(row.cells.get("variant"))
        variant = variants.setdefault(name, {})
        assert isinstance(variant, dict)
        printed = _text(row.cells.get("printed"))
        if printed:
            order = variant.setdefault("order", {})
            assert isinstance(order, dict)
            order[printed] = row.cells.get("stands")
            places.cells[f"{place}.{name}.order.{printed}"] = row.place
    return variants
