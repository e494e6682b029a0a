"""What the statistics pages show of the newest computation of a paper, cut to what the person may see.

The document is that of contracts.md 6. Whoever holds the permission for the whole paper sees all of it; a school
sees its own row, its own classes and candidates, and the county's figures as a level to compare with.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.reports.figures import Bar, Point, band_label, bar_chart, point_chart
from marking.statistics.distribution import bands_of
from models.errors import mark_text
from models.exam import ItemRecord, PaperRecord
from models.people import Candidate, PaperEntry, School, SchoolClass
from models.points import to_hundredths
from models.score import PaperScore, StatisticsRun
from models.table import Cell, Table
from web.i18n import _
from web.layout import number, percent
from web.words import name_of

Document = dict[str, Any]

# Charts are elements written by an XML library, with every text in them escaped: that is why Markup may take them.
_BAND_WIDTHS = tuple(Decimal(width) for width in (1, 2, 5, 10, 20, 25, 50, 100))
_MOST_BANDS = 15  # more do not fit their labels below the bars
_MOST_SCHOOLS_DRAWN = 40
_SCHOOLS_WIDTH_PX = 1180  # it has the whole width of the page


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table on the page: heading, key in the document, and how its numbers are shown."""

    title: str
    key: str
    kind: str = "number"


UNIT_COLUMNS = (
    ("n_enrolled", mark_text("Enrolled"), "count"),
    ("n", mark_text("Scored"), "count"),
    ("n_absent", mark_text("Absent"), "count"),
    ("mean", mark_text("Mean"), "number"),
    ("sd", mark_text("Standard deviation"), "number"),
    ("max", mark_text("Highest"), "points"),
    ("min", mark_text("Lowest"), "points"),
    ("median", mark_text("Median"), "number"),
    ("excellent_rate", mark_text("Excellent rate"), "percent"),
    ("good_rate", mark_text("Good rate"), "percent"),
    ("pass_rate", mark_text("Pass rate"), "percent"),
    ("low_rate", mark_text("Low rate"), "percent"),
    ("ratio", mark_text("Ratio to the mean"), "number"),
    ("excess_rate", mark_text("Above the mean by"), "percent"),
    ("t", mark_text("T score"), "number"),
)


# what stands beside the letters among the options chosen
OTHER_CHOICES = {
    "blank": mark_text("blank"),
    "multi": mark_text("several chosen"),
    "doubtful": mark_text("doubtful"),
}


@dataclass(frozen=True, slots=True)
class View:
    """One statistics page. `school` is empty for the whole paper."""

    run: StatisticsRun
    school: School | None
    summary: Document
    overall: Document
    items: list[Document]
    schools: list[Document]
    classes: list[Document]
    rules: Document
    balance: Document


def view_of(run: StatisticsRun, school: School | None) -> View | None:
    """The page of a whole paper, or of one school; None where nobody is scored yet, or the school has no row."""
    document: Document = run.result
    if not document["paper"].get("n_scored"):
        return None
    schools, classes = list(document.get("schools", [])), list(document.get("classes", []))
    summary = document["paper"]
    if school is not None:
        own = [row for row in schools if row.get("school") == school.name]
        if not own:
            return None
        summary, schools = own[0], own
        classes = [row for row in classes if row.get("school") == school.name]
    return View(
        run=run,
        school=school,
        summary=summary,
        overall=document["paper"],
        items=list(document.get("items", [])),
        schools=schools,
        classes=classes,
        rules=dict(document.get("rules", {})),
        balance=dict(document.get("balance", {})) if school is None else {},
    )


def totals(session: Session, paper_id: int, school_id: int | None = None) -> NDArray[np.int64]:
    """The composed totals of a paper, in hundredths, of everybody or of one school."""
    statement = (
        select(PaperScore.total)
        .join(PaperEntry, PaperEntry.id == PaperScore.entry_id)
        .where(PaperEntry.paper_id == paper_id, PaperScore.total.is_not(None))
    )
    if school_id is not None:
        statement = statement.join(Candidate, Candidate.id == PaperEntry.candidate_id).where(
            Candidate.school_id == school_id
        )
    return np.array([to_hundredths(total) for total in session.scalars(statement) if total is not None], dtype=np.int64)


def band_width(full_mark: Decimal) -> Decimal:
    """A round width that makes at most 15 bands; ten points where the full mark is 120 or 150."""
    return next((width for width in _BAND_WIDTHS if full_mark / width <= _MOST_BANDS), _BAND_WIDTHS[-1])


def distribution_chart(values: NDArray[np.int64], full_mark: Decimal) -> Markup:
    """How many candidates lie in each score band, lowest first."""
    bands = bands_of(values, full_mark, band_width(full_mark))[::-1]
    bars = [
        Bar(
            band_label(band.low, band.high),
            band.count,
            _("{band} points: {count} candidates", band=band_label(band.low, band.high), count=band.count),
        )
        for band in bands
    ]
    return Markup(bar_chart("distribution", bars, x_label=_("Score"), y_label=_("Candidates"), whole_numbers=True))  # noqa: S704 - as above


def items_chart(items: list[Document]) -> Markup:
    """Facility against discrimination, one point for each item."""
    points = [
        Point(
            float(item["facility"]),
            float(item["discrimination"]),
            str(item["no"]),
            _(
                "Item {no}: facility {facility}, discrimination {discrimination}",
                no=item["no"],
                facility=number(float(item["facility"])),
                discrimination=number(float(item["discrimination"])),
            ),
        )
        for item in items
        if item.get("facility") is not None and item.get("discrimination") is not None
    ]
    lowest = min([0.0, *(point.y for point in points)])
    chart = point_chart(
        "items",
        points,
        x_label=_("Facility (high means easy)"),
        y_label=_("Discrimination"),
        x_range=(-0.03, 1.03),
        y_range=(lowest - 0.05, 1.05),
        x_guides=(0.3, 0.7),
        y_guides=(0.2, 0.4),
    )
    return Markup(chart)  # noqa: S704 - as above


def schools_chart(schools: list[Document], overall_mean: float | None) -> Markup:
    """The mean of each school, highest first, with the level of all."""
    ordered = sorted((row for row in schools if row.get("mean") is not None), key=lambda row: -float(row["mean"]))
    bars = [
        Bar(
            str(row["school"]),
            float(row["mean"]),
            _(
                "{school}: mean {mean}, pass rate {rate}",
                school=row["school"],
                mean=number(float(row["mean"])),
                rate=percent(row.get("pass_rate")),
            ),
        )
        for row in ordered[:_MOST_SCHOOLS_DRAWN]
    ]
    title = _("Mean of all: {mean}", mean=number(overall_mean))
    chart = bar_chart(
        "schools",
        bars,
        x_label=_("School"),
        y_label=_("Mean score"),
        line=overall_mean,
        line_title=title,
        width_px=_SCHOOLS_WIDTH_PX,
    )
    return Markup(chart)  # noqa: S704 - as above


def unit_table(rows: list[Document], *, classes: bool) -> Table:
    """Schools or classes as a table for a file."""
    names = (_("School"), _("Class")) if classes else (_("School"),)
    keys = ("school", "class") if classes else ("school",)
    columns = (*names, *(_(title) for _key, title, _kind in UNIT_COLUMNS))
    body = tuple(
        (*(row.get(key, "") for key in keys), *(row.get(key) for key, _title, _kind in UNIT_COLUMNS)) for row in rows
    )
    return Table(columns, body)


def item_table(items: list[Document]) -> Table:
    """Items as a table for a file, with how many chose each option."""
    keys = ("no", "full", "facility", "discrimination", "r_total", "r_rest")
    titles = (
        _("Item"),
        _("Full mark"),
        _("Facility"),
        _("Discrimination"),
        _("Correlation with the total"),
        _("Correlation with the rest"),
    )
    options = list(dict.fromkeys(label for item in items for label in item.get("options") or {}))
    options.sort(key=lambda label: (label in OTHER_CHOICES, label))
    rows = [
        (
            *(item.get(key) for key in keys),
            *((item.get("options") or {}).get(each, {}).get("count") for each in options),
        )
        for item in items
    ]
    return Table((*titles, *(_(OTHER_CHOICES.get(label, label)) for label in options)), tuple(rows))


def candidate_table(session: Session, paper: PaperRecord, school_id: int | None) -> Table:
    """The candidates of a paper with what they scored, of everybody or of one school."""
    statement = (
        select(
            Candidate.number,
            Candidate.name,
            School.name,
            SchoolClass.name,
            PaperEntry.status,
            PaperScore.objective,
            PaperScore.subjective,
            PaperScore.total,
        )
        .join(PaperEntry, PaperEntry.candidate_id == Candidate.id)
        .join(School, School.id == Candidate.school_id)
        .join(SchoolClass, SchoolClass.id == Candidate.class_id)
        .outerjoin(PaperScore, PaperScore.entry_id == PaperEntry.id)
        .where(PaperEntry.paper_id == paper.id)
        .order_by(School.name, SchoolClass.name, Candidate.number)
    )
    if school_id is not None:
        statement = statement.where(Candidate.school_id == school_id)
    titles = (
        _("Candidate number"),
        _("Name"),
        _("School"),
        _("Class"),
        _("Status"),
        _("Objective"),
        _("Subjective"),
        _("Total score"),
    )
    rows: list[tuple[Cell, ...]] = [
        (no, name, school, class_name, _(name_of(status)), objective, subjective, total)
        for no, name, school, class_name, status, objective, subjective, total in session.execute(statement)
    ]
    return Table(titles, tuple(rows))


def item_kinds(session: Session, paper_id: int) -> dict[str, str]:
    """The kind of each item by its number, in the language of the page."""
    rows = session.execute(select(ItemRecord.no, ItemRecord.kind).where(ItemRecord.paper_id == paper_id))
    return {no: _(name_of(kind)) for no, kind in rows}
