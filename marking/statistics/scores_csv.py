"""Read the table that `export scores` writes, from this system or an office's own sheet, into a ScoreMatrix."""

from decimal import Decimal

import numpy as np

from marking.scores.totals import compose
from marking.setup.sections import nearest_name
from marking.statistics.csv_table import TableRefused, TableRow, complaint, read_table
from marking.statistics.matrix import ScoreMatrix
from models.errors import Complaint, mark_text
from models.paper import Paper
from models.points import ZERO, parse_points, show_points, to_hundredths
from models.words import EntryStatus

# columns of a person that an office's sheet may have beside ours
_BESIDE = frozenset(
    {
        "paper",
        "name",
        "student_number",
        "centre",
        "room",
        "seat",
        "姓名",
        "学籍号",
        "中心校",
        "考场",
        "座位",
        "考场号",
        "座位号",
    }
)
_OWN = ("candidate", "school", "class", "status", "objective", "subjective", "total")
_STATUSES = {
    "正常": EntryStatus.PRESENT,
    "参考": EntryStatus.PRESENT,
    "实考": EntryStatus.PRESENT,
    "缺考": EntryStatus.ABSENT,
    "缺卷": EntryStatus.LOST,
    "违纪": EntryStatus.VIOLATION,
    "空白": EntryStatus.BLANK,
    "未报": EntryStatus.NOT_ENTERED,
} | {status.value: status for status in EntryStatus}


def read_scores(data: bytes, paper: Paper) -> ScoreMatrix:
    """The matrix of a table of scores, for this paper.

    A `total` is used as it stands; where the column is missing it is composed from the items by the paper's
    rules. An item's score is its own column, or the sum of its parts. An empty cell is no score. Whoever has a
    total and no `status` is present; where the column is missing, whoever has no total is absent. Raises
    TableUnreadable and TableRefused.
    """
    columns, rows = read_table(data)
    complaints = _column_faults(columns, paper)
    if complaints:
        raise TableRefused(complaints)
    reader = _ScoreReader(paper, columns)
    for row in rows:
        reader.take(row)
    if reader.complaints:
        raise TableRefused(reader.complaints)
    return reader.matrix()


def _column_faults(columns: list[str], paper: Paper) -> list[Complaint]:
    nos = [item.no for item in paper.items]
    parts = [item.part_id(part) for item in paper.items for part in item.parts]
    known = {*_OWN, *nos, *parts}
    faults: list[Complaint] = []
    if "candidate" not in columns:
        faults.append(complaint(1, "candidate", mark_text("is missing.")))
    for name in columns:
        if name in known or name in _BESIDE:
            continue
        nearest = nearest_name(name, known)
        if nearest:
            faults.append(
                complaint(1, name or "''", mark_text("is not a known column; did you mean {nearest}?"), nearest=nearest)
            )
        else:
            faults.append(complaint(1, name or "''", mark_text("is neither a known column nor an item of the paper.")))
    if "total" not in columns:
        missing = [
            item.no
            for item in paper.items
            if item.no not in columns and not (item.parts and all(item.part_id(part) in columns for part in item.parts))
        ]
        if missing:
            faults.append(
                complaint(
                    1,
                    "total",
                    mark_text("is missing, and so are the items that it could be added up from: {items}."),
                    items=", ".join(missing),
                )
            )
    return faults


class _ScoreReader:
    """Takes the rows of a table of scores one by one and builds the matrix."""

    def __init__(self, paper: Paper, columns: list[str]) -> None:
        self.paper = paper
        self.has_total_column = "total" in columns
        self.items = tuple(
            item.no
            for item in paper.items
            if item.no in columns or (item.parts and all(item.part_id(part) in columns for part in item.parts))
        )
        self.column_of = {no: index for index, no in enumerate(self.items)}
        self.lines: dict[str, int] = {}
        self.schools: list[str] = []
        self.classes: list[str] = []
        self.statuses: list[EntryStatus | None] = []
        self.scores: list[list[int]] = []
        self.given: list[list[bool]] = []
        self.totals: list[int | None] = []
        self.complaints: list[Complaint] = []
        self.floors = dict(paper.rules.floors)

    def take(self, row: TableRow) -> None:
        """Add one row, or complain about it."""
        candidate = row.cells.get("candidate", "")
        if not candidate:
            self.complaints.append(complaint(row.line, "candidate", mark_text("is empty.")))
            return
        if candidate in self.lines:
            self.complaints.append(
                complaint(
                    row.line,
                    "candidate",
                    mark_text("{value} stands in row {first} as well."),
                    value=candidate,
                    first=self.lines[candidate],
                )
            )
            return
        points = self._item_points(row)
        total = self._total(row, points)
        status = self._status(row, total is not None)
        self.lines[candidate] = row.line
        self.schools.append(row.cells.get("school", ""))
        self.classes.append(row.cells.get("class", ""))
        self.statuses.append(status)
        self.scores.append([to_hundredths(points.get(no, ZERO)) for no in self.items])
        self.given.append([no in points for no in self.items])
        self.totals.append(None if total is None else to_hundredths(total))

    def _points(self, row: TableRow, column: str, full: Decimal, least: Decimal = ZERO) -> Decimal | None:
        """The points of a cell; None for an empty one and after a complaint."""
        text = row.cells.get(column, "")
        if not text:
            return None
        try:
            points = parse_points(text)
            to_hundredths(points)
        except ValueError:
            self.complaints.append(
                complaint(row.line, column, mark_text("{value} is not a number of points."), value=text)
            )
            return None
        if not least <= points <= full:
            self.complaints.append(
                complaint(
                    row.line,
                    column,
                    mark_text("{value} is not between {least} and {full}."),
                    value=text,
                    least=show_points(least),
                    full=show_points(full),
                )
            )
            return None
        return points

    def _item_points(self, row: TableRow) -> dict[str, Decimal]:
        points: dict[str, Decimal] = {}
        for item in self.paper.items:
            if item.no not in self.column_of:
                continue
            parts = [self._points(row, item.part_id(part), part.points) for part in item.parts]
            found = self._points(row, item.no, item.points, min(ZERO, self.floors.get(item.no, ZERO)))
            if found is None and not row.cells.get(item.no):
                known = [part for part in parts if part is not None]
                found = sum(known, ZERO) if parts and len(known) == len(parts) else None
            if found is not None:
                points[item.no] = found
        return points

    def _total(self, row: TableRow, points: dict[str, Decimal]) -> Decimal | None:
        if self.has_total_column:
            return self._points(row, "total", self.paper.full_mark)
        return compose(self.paper, points, self._not_chosen(points)).total

    def _not_chosen(self, points: dict[str, Decimal]) -> frozenset[str]:
        """Members of choose-groups without a score, where as many as are taken have one."""
        left_out: set[str] = set()
        for name in self.paper.choose_groups:
            members = self.paper.choose_members(name)
            scored = [member for member in members if member.no in points]
            take = members[0].choose.take if members[0].choose else 0
            if len(scored) >= take:
                left_out.update(member.no for member in members if member.no not in points)
        return frozenset(left_out)

    def _status(self, row: TableRow, has_total: bool) -> EntryStatus | None:
        text = row.cells.get("status", "")
        if not text:
            if has_total:
                return EntryStatus.PRESENT
            return None if "status" in row.cells else EntryStatus.ABSENT
        status = _STATUSES.get(text.lower())
        if status is None:
            self.complaints.append(
                complaint(
                    row.line,
                    "status",
                    mark_text("{value} is not one of: {words}."),
                    value=text,
                    words=", ".join(one.value for one in EntryStatus),
                )
            )
            return EntryStatus.PRESENT
        return status

    def matrix(self) -> ScoreMatrix:
        """The matrix of all rows taken."""
        shape = (len(self.lines), len(self.items))
        return ScoreMatrix(
            candidates=tuple(self.lines),
            schools=tuple(self.schools),
            classes=tuple(self.classes),
            statuses=tuple(self.statuses),
            items=self.items,
            scores=np.array(self.scores, dtype=np.int64).reshape(shape),
            given=np.array(self.given, dtype=np.bool_).reshape(shape),
            totals=np.array([total or 0 for total in self.totals], dtype=np.int64),
            has_total=np.array([total is not None for total in self.totals], dtype=np.bool_),
        )
