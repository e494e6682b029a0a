"""The balance of a paper's scans: pages in = placed + waiting + discarded, and who is still missing.

In:  a session; a paper, or some of its batches. Out: plain counts, computed from the rows each time.
A page that was received and is not yet placed waits, whether for a person or for its turn: the balance holds at
every moment, after an interruption too. `unfinished` are those among the waiting whose turn has not come.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from models.order import natural_key
from models.people import Candidate, PaperEntry, School, SchoolClass
from models.sheet import Batch, PageImage, ScanFile, Sheet, SheetException
from models.words import EntryStatus, ExceptionCode, ExceptionState, PageState

# Notes for whoever looks, not work that waits: a marker sees ink that runs on, and the page was read in spite of it.
_NOTES = frozenset({ExceptionCode.OUTSIDE_FRAME, ExceptionCode.POOR_IMAGE})
# What explains that there is no sheet: absent, lost, violation, not entered.
_EXPLAINED = [status for status in EntryStatus if not status.has_score]


@dataclass(frozen=True, slots=True)
class Balance:
    """Counts over distinct page images. `known` are repeats of images that had come before.

    `waiting` counts the `unfinished` as well: pages that are taken in, but not yet read and placed.
    """

    files: int
    pages_in: int
    placed: int
    waiting: int
    discarded: int
    unfinished: int
    known: int
    by_code: dict[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether every page is accounted for."""
        return self.pages_in == self.placed + self.waiting + self.discarded

    @property
    def needs_person(self) -> bool:
        """Whether a page waits for a person or an exception asks for a decision."""
        return self.waiting > self.unfinished or any(code not in _NOTES for code in self.by_code)


@dataclass(frozen=True, slots=True)
class BatchBalance:
    """The balance of one batch."""

    batch_id: int
    name: str
    operator: str
    finished: bool
    balance: Balance


@dataclass(frozen=True, slots=True)
class Candidates:
    """What became of the expected candidates.

    Each is exactly one of: `scanned`, their sheet is placed; `recorded`, there is no sheet and somebody has said why
    (absent, lost, violation, not entered); `waiting`, pages claim to be theirs and wait for a person; `not_scanned`,
    there is no page (E11). `by_status` and `unknown` count the same candidates by what is recorded of them.
    """

    expected: int
    scanned: int
    by_status: dict[str, int]
    unknown: int
    not_scanned: int
    waiting: int = 0
    recorded: int = 0

    @property
    def holds(self) -> bool:
        """Whether every candidate is accounted for."""
        return self.expected == self.scanned + self.waiting + self.recorded + self.not_scanned


def balance_of(session: Session, paper_id: int, batches: Collection[int] | None = None) -> Balance:
    """The balance of a paper, or of some of its batches together."""
    found = _balances(session, paper_id, batches)
    codes: dict[str, int] = {}
    for balance in found.values():
        for code, count in balance.by_code.items():
            codes[code] = codes.get(code, 0) + count
    return Balance(
        files=sum(one.files for one in found.values()),
        pages_in=sum(one.pages_in for one in found.values()),
        placed=sum(one.placed for one in found.values()),
        waiting=sum(one.waiting for one in found.values()),
        discarded=sum(one.discarded for one in found.values()),
        unfinished=sum(one.unfinished for one in found.values()),
        known=sum(one.known for one in found.values()),
        by_code=dict(sorted(codes.items())),
    )


def batch_balances(session: Session, paper_id: int) -> list[BatchBalance]:
    """Every batch of a paper with its balance, oldest first."""
    balances = _balances(session, paper_id, None)
    batches = session.scalars(select(Batch).where(Batch.paper_id == paper_id).order_by(Batch.id))
    return [
        BatchBalance(batch.id, batch.name, batch.operator, batch.finished_at is not None, balances[batch.id])
        for batch in batches
    ]


def _balances(session: Session, paper_id: int, batches: Collection[int] | None) -> dict[int, Balance]:
    def mine(paper: ColumnElement[int], batch: ColumnElement[int]) -> ColumnElement[bool]:
        return (paper == paper_id) if batches is None else (paper == paper_id) & batch.in_(batches)

    ids = session.scalars(select(Batch.id).where(mine(Batch.paper_id.expression, Batch.id.expression))).all()
    files = {
        batch_id: (count, known)
        for batch_id, count, known in session.execute(
            select(ScanFile.batch_id, func.count(), func.sum(ScanFile.known))
            .where(mine(ScanFile.paper_id.expression, ScanFile.batch_id.expression))
            .group_by(ScanFile.batch_id)
        )
    }
    states: dict[int, dict[PageState, int]] = {}
    for batch_id, state, count in session.execute(
        select(PageImage.batch_id, PageImage.state, func.count())
        .where(mine(PageImage.paper_id.expression, PageImage.batch_id.expression))
        .group_by(PageImage.batch_id, PageImage.state)
    ):
        states.setdefault(batch_id, {})[state] = count
    codes: dict[int, dict[str, int]] = {}
    for owner, code, count in session.execute(
        select(SheetException.batch_id, SheetException.code, func.count())
        .where(SheetException.state == ExceptionState.OPEN, SheetException.paper_id == paper_id)
        .group_by(SheetException.batch_id, SheetException.code)
    ):
        codes.setdefault(owner or 0, {})[code.value] = count
    return {
        batch_id: _balance(files.get(batch_id), states.get(batch_id, {}), codes.get(batch_id, {})) for batch_id in ids
    }


def _balance(files: tuple[int, int] | None, states: dict[PageState, int], codes: dict[str, int]) -> Balance:
    count, known = files or (0, 0)
    unfinished = states.get(PageState.RECEIVED, 0) + states.get(PageState.READ, 0)
    return Balance(
        files=count,
        pages_in=sum(states.values()),
        placed=states.get(PageState.PLACED, 0),
        waiting=states.get(PageState.WAITING, 0) + unfinished,
        discarded=states.get(PageState.DISCARDED, 0),
        unfinished=unfinished,
        known=known,
        by_code=dict(sorted(codes.items())),
    )


def candidates_of(session: Session, paper_id: int) -> Candidates:
    """How many were expected, scanned, and what is known of each."""
    rows = session.execute(
        select(PaperEntry.status, func.count()).where(PaperEntry.paper_id == paper_id).group_by(PaperEntry.status)
    )
    by_status: dict[EntryStatus | None, int] = {status: count for status, count in rows}  # noqa: C416 - rows, not pairs
    each = select(_place().label("place")).where(PaperEntry.paper_id == paper_id).subquery()
    found = session.execute(select(each.c.place, func.count()).group_by(each.c.place))
    places: dict[str, int] = {where: count for where, count in found}  # noqa: C416 - rows, not pairs
    return Candidates(
        expected=sum(by_status.values()),
        scanned=places.get("scanned", 0),
        by_status={status.value: by_status.get(status, 0) for status in EntryStatus},
        unknown=by_status.get(None, 0),
        not_scanned=places.get("not_scanned", 0),
        waiting=places.get("waiting", 0),
        recorded=places.get("recorded", 0),
    )


def _place() -> ColumnElement[str]:
    """Where an entry stands, as one of the words of Candidates."""
    sheet = select(Sheet.id).where(Sheet.entry_id == PaperEntry.id, Sheet.active.is_(True)).exists()
    claimed = (
        select(PageImage.id).where(PageImage.entry_id == PaperEntry.id, PageImage.state != PageState.DISCARDED).exists()
    )
    return case(
        (sheet, "scanned"),
        (PaperEntry.status.in_(_EXPLAINED), "recorded"),
        (claimed, "waiting"),
        else_="not_scanned",
    )


@dataclass(frozen=True, slots=True)
class NotScanned:
    """A candidate who was expected, of whom there is no page and whose absence nobody has recorded (E11)."""

    entry_id: int
    number: str
    name: str
    room: str
    seat: str
    school: str
    class_name: str


def not_scanned(session: Session, paper_id: int) -> list[NotScanned]:
    """Everyone who is missing, by room and seat as people count them: seat 2 comes before seat 10."""
    missing = [NotScanned(*row) for row in session.execute(_not_scanned(paper_id))]
    return sorted(missing, key=lambda one: (natural_key(one.room), natural_key(one.seat), one.number))


def _not_scanned(paper_id: int) -> Select[int, str, str, str, str, str, str]:
    return (
        select(
            PaperEntry.id,
            Candidate.number,
            Candidate.name,
            Candidate.room,
            Candidate.seat,
            School.name,
            SchoolClass.name,
        )
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .join(School, School.id == Candidate.school_id)
        .join(SchoolClass, SchoolClass.id == Candidate.class_id)
        .where(PaperEntry.paper_id == paper_id, _place() == "not_scanned")
    )
