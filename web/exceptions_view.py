"""What the exceptions desk shows: the open exceptions of a paper, and one of them with its evidence side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.people import Candidate, PaperEntry, School, SchoolClass
from models.sheet import PageImage, PageReadingRecord, ScanFile, SheetException, file_of_page
from models.table import Table
from models.words import ExceptionCode, ExceptionState, PageState
from scanning.balance import NotScanned, not_scanned
from scanning.reading.evidence import reading_from_json
from scanning.reading.result import FieldReading, PageReading
from web.i18n import _
from web.layout import clock, field_name, file_name
from web.scanning import exception_title

NUMBER_CODES = frozenset(
    {
        ExceptionCode.NUMBER_MISSING,
        ExceptionCode.NUMBER_MULTIPLE,
        ExceptionCode.NUMBER_UNKNOWN,
        ExceptionCode.NUMBER_TWICE,
        ExceptionCode.NUMBER_CONFLICT,
        ExceptionCode.SIDES_INCOMPLETE,
    }
)
# a sheet whose other side is lost for good is decided by what is recorded of its candidate
STATUS_CODES = frozenset({ExceptionCode.BLANK_SHEET, ExceptionCode.ABSENT_CONFLICT, ExceptionCode.SIDES_INCOMPLETE})
ONLY_DISCARD_CODES = frozenset({ExceptionCode.WRONG_CARD, ExceptionCode.UNREGISTERED})
NOTE_CODES = frozenset({ExceptionCode.OUTSIDE_FRAME, ExceptionCode.POOR_IMAGE})
_MOST_DIFFERENCES = 2  # digits; with three of eight almost any two candidates of one school would be alike
_LIKELY_SHOWN = 5
_NEAR = 3  # pages before and after in the scan that are offered as the other side


@dataclass(frozen=True, slots=True)
class Who:
    """A candidate as the desk names them."""

    number: str
    name: str
    school: str
    class_name: str
    room: str
    seat: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    exception: SheetException
    number_read: str
    number: str
    name: str
    school: str
    file: str
    image: int  # number of the image inside the file
    number_shown: int  # the same, 1 where the file's path inside an archive says it already


@dataclass(frozen=True, slots=True)
class Evidence:
    """A page with everything that helps to decide about it."""

    page: PageImage
    file: str
    reading: PageReading | None
    who: Who | None
    claimants: Sequence[PageImage] = ()
    near: Sequence[tuple[PageImage, str]] = ()
    exceptions: Sequence[SheetException] = field(default=())

    def field_reading(self, field_id: str) -> FieldReading | None:
        """What was read in one field."""
        if self.reading is None:
            return None
        return next((each for each in self.reading.fields if each.id == field_id), None)


def counts_by_code(session: Session, paper_id: int) -> dict[ExceptionCode, int]:
    """Open exceptions of a paper by code, in the order of the codes."""
    rows = session.execute(
        select(SheetException.code, func.count())
        .where(SheetException.paper_id == paper_id, SheetException.state == ExceptionState.OPEN)
        .group_by(SheetException.code)
        .order_by(SheetException.code)
    )
    return {row[0]: row[1] for row in rows}


def on_wall(counts: Mapping[ExceptionCode, int]) -> int:
    """How many doubtful answers and choices can be decided side by side."""
    return counts.get(ExceptionCode.OBJECTIVE_DOUBTFUL, 0) + counts.get(ExceptionCode.CHOICE_DOUBTFUL, 0)


def open_exceptions(
    session: Session, paper_id: int, code: ExceptionCode | None, limit: int | None = None
) -> list[Listed]:
    """The open exceptions of a paper by code, oldest first: of one code or of all, at most `limit`."""
    statement = (
        select(
            SheetException,
            PageImage.number_read,
            Candidate.number,
            Candidate.name,
            School.name,
            file_of_page(),
            PageImage.number,
            PageImage.inside,
        )
        .outerjoin(PageImage, PageImage.id == SheetException.page_image_id)
        .outerjoin(ScanFile, ScanFile.id == PageImage.file_id)
        .outerjoin(PaperEntry, PaperEntry.id == SheetException.entry_id)
        .outerjoin(Candidate, Candidate.id == PaperEntry.candidate_id)
        .outerjoin(School, School.id == Candidate.school_id)
        .where(SheetException.paper_id == paper_id, SheetException.state == ExceptionState.OPEN)
        .order_by(SheetException.code, SheetException.id)
        .limit(limit)
    )
    if code is not None:
        statement = statement.where(SheetException.code == code)
    return [
        Listed(
            row[0],
            row[1] or "",
            row[2] or "",
            row[3] or "",
            row[4] or "",
            row[5] or "",
            row[6] or 1,
            1 if row[7] else row[6] or 1,
        )
        for row in session.execute(statement)
    ]


def exception_table(listed: Sequence[Listed]) -> Table:
    """The list as a table for a file, to be worked through with the bags of sheets at hand."""
    titles = (
        _("Code"),
        _("What"),
        _("Field"),
        _("Candidate number"),
        _("Name"),
        _("School"),
        _("File"),
        _("Image"),
        _("Since"),
    )
    rows = tuple(
        (
            each.exception.code.value,
            exception_title(each.exception.code),
            field_name(each.exception.field),
            each.number or each.number_read,
            each.name,
            each.school,
            file_name(each.file),
            each.image if each.file else None,
            clock(each.exception.opened_at),
        )
        for each in listed
    )
    return Table(titles, rows)


def missing_table(missing: Sequence[NotScanned]) -> Table:
    """Who was expected and not scanned, as a table for a file."""
    titles = (_("Candidate number"), _("Name"), _("School"), _("Class"), _("Room"), _("Seat"))
    rows = tuple((one.number, one.name, one.school, one.class_name, one.room, one.seat) for one in missing)
    return Table(titles, rows)


def next_open(session: Session, exception: SheetException) -> int | None:
    """The next open exception of the same paper: of the same code first, then in the order of the list."""
    for same in (True, False):
        statement = select(SheetException.id).where(
            SheetException.paper_id == exception.paper_id,
            SheetException.state == ExceptionState.OPEN,
            SheetException.id != exception.id,
        )
        if same:
            statement = statement.where(SheetException.code == exception.code)
        passed = SheetException.id < exception.id if same else SheetException.code < exception.code
        found = session.scalar(statement.order_by(passed, SheetException.code, SheetException.id).limit(1))
        if found is not None:
            return found
    return None


def reopened(session: Session, exception: SheetException) -> int | None:
    """What still keeps the page of a decided exception waiting: an exception that follows from how things are now."""
    if exception.page_image_id is None:
        return None
    return session.scalar(
        select(SheetException.id)
        .where(
            SheetException.page_image_id == exception.page_image_id,
            SheetException.state == ExceptionState.OPEN,
            SheetException.code.in_(NUMBER_CODES),
        )
        .order_by(SheetException.id)
        .limit(1)
    )


def likely_candidates(session: Session, paper_id: int, number_read: str) -> list[NotScanned]:
    """Who is expected, has no page yet and whose number comes closest to what was read, where that says anything."""

    def differences(candidate: NotScanned) -> int:
        return sum(one != other for one, other in zip(number_read, candidate.number, strict=True))

    missing = [each for each in not_scanned(session, paper_id) if len(each.number) == len(number_read)]
    near = [each for each in missing if differences(each) <= _MOST_DIFFERENCES]
    return sorted(near, key=lambda each: (differences(each), each.number))[:_LIKELY_SHOWN]


def evidence_of(session: Session, page: PageImage) -> Evidence:
    """A page with its reading, whose it is, who else claims to be that, and its neighbours in the scan."""
    stored = session.scalar(
        select(PageReadingRecord.reading)
        .where(PageReadingRecord.page_image_id == page.id)
        .order_by(PageReadingRecord.id.desc())
        .limit(1)
    )
    claimants: Sequence[PageImage] = ()
    if page.entry_id is not None:
        claimants = session.scalars(
            select(PageImage)
            .where(
                PageImage.entry_id == page.entry_id,
                PageImage.paper_id == page.paper_id,
                PageImage.id != page.id,
                PageImage.state != PageState.DISCARDED,
            )
            .order_by(PageImage.side, PageImage.id)
            .limit(8)
        ).all()
    near = [
        (other, file)
        for other, file in session.execute(
            select(PageImage, file_of_page())
            .join(ScanFile, ScanFile.id == PageImage.file_id)
            .where(
                PageImage.batch_id == page.batch_id,
                PageImage.id.between(page.id - _NEAR, page.id + _NEAR),
                PageImage.id != page.id,
                PageImage.side.is_not(None),
                PageImage.side != page.side,
                PageImage.state != PageState.DISCARDED,
            )
            .order_by(PageImage.id)
        )
    ]
    exceptions = session.scalars(
        select(SheetException)
        .where(SheetException.page_image_id == page.id, SheetException.state == ExceptionState.OPEN)
        .order_by(SheetException.id)
    ).all()
    return Evidence(
        page=page,
        file=session.scalar(
            select(file_of_page())
            .select_from(PageImage)
            .join(ScanFile, ScanFile.id == PageImage.file_id)
            .where(PageImage.id == page.id)
        )
        or "",
        reading=reading_from_json(stored) if stored is not None else None,
        who=who_is(session, page.entry_id),
        claimants=claimants,
        near=near,
        exceptions=exceptions,
    )


def who_is(session: Session, entry_id: int | None) -> Who | None:
    """The candidate of an entry."""
    if entry_id is None:
        return None
    row = session.execute(
        select(Candidate.number, Candidate.name, School.name, SchoolClass.name, Candidate.room, Candidate.seat)
        .join(PaperEntry, PaperEntry.candidate_id == Candidate.id)
        .join(School, School.id == Candidate.school_id)
        .join(SchoolClass, SchoolClass.id == Candidate.class_id)
        .where(PaperEntry.id == entry_id)
    ).one_or_none()
    return Who(*row) if row is not None else None


def first_page_of(session: Session, exception: SheetException) -> PageImage | None:
    """The page that an exception is best decided on: its own, or the first one of its candidate."""
    if exception.page_image_id is not None:
        return session.get(PageImage, exception.page_image_id)
    if exception.entry_id is None:
        return None
    return session.scalar(
        select(PageImage)
        .where(PageImage.entry_id == exception.entry_id)
        .order_by(PageImage.side, PageImage.id)
        .limit(1)
    )
