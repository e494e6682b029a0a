"""Bring a candidate's sheet into the state that follows from the pages that claim it, whatever it was before.

In:  a session that writes, and the id of a paper entry or of pages that nobody knows yet. The state is a function of
the claims, of what was read and of what people decided, never of the order in which things arrived: two sheets for
one candidate both wait, whichever came first. Repeating it changes nothing. Readings and decisions are never touched.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.columns import now
from models.people import PaperEntry
from models.response import Response
from models.sheet import PageImage, PageReadingRecord, Placement, Sheet, SheetException
from models.words import EntryStatus, ExceptionCode, PageState, ResponseStatus
from scanning.answers import Answer, Decision, answers_of
from scanning.assemble import Claim, Verdict, judge
from scanning.context import ScanContext
from scanning.exception_rows import is_decided, keep_in_step, rows_about
from scanning.exception_rules import Finding, PlacedSide, side_findings, status_of
from scanning.reading.evidence import reading_from_json
from scanning.reading.result import PageReading

SHEET, PERSON = "sheet", "person"

_WAITING_CODES = {
    Verdict.INCOMPLETE: ExceptionCode.SIDES_INCOMPLETE,
    Verdict.TWICE: ExceptionCode.NUMBER_TWICE,
    Verdict.MIXED_CARDS: ExceptionCode.WRONG_CARD,
}


def settle_entry(session: Session, context: ScanContext, entry_id: int) -> Verdict:
    """Place the sheet of one candidate, or let its pages wait with the reason; answers which."""
    entry = session.scalars(select(PaperEntry).where(PaperEntry.id == entry_id).with_for_update(key_share=True)).one()
    pages = session.scalars(
        select(PageImage)
        .where(PageImage.entry_id == entry_id, PageImage.state != PageState.DISCARDED)
        .order_by(PageImage.side, PageImage.id)
    ).all()
    claims = [
        Claim(page.id, page.side, page.card_id) for page in pages if page.side is not None and page.card_id is not None
    ]
    verdict = judge(claims, context.sides_of_card)
    rows = rows_about(session, [page.id for page in pages], entry_id)
    if verdict is Verdict.ONE_SHEET:
        findings = _place(session, context, entry, pages, rows)
    else:
        _take_back(session, entry)
        findings = _waiting(pages, verdict)
    keep_in_step(
        session,
        rows,
        findings,
        paper_id=context.paper_id,
        batch_of={page.id: page.batch_id for page in pages},
        entry_id=entry_id,
    )
    session.flush()
    return verdict


def settle_loose(session: Session, context: ScanContext, page_ids: Sequence[int], code: ExceptionCode) -> None:
    """Let pages wait that belong to nobody yet, each with the code that says why."""
    pages = session.scalars(
        select(PageImage)
        .where(
            PageImage.id.in_(page_ids),
            PageImage.entry_id.is_(None),
            PageImage.state.in_((PageState.READ, PageState.WAITING)),
        )
        .order_by(PageImage.id)
        .with_for_update(key_share=True)  # two at once open the exception once; SQLite has one writer anyway
    ).all()
    findings = []
    for page in pages:
        page.state = PageState.WAITING
        detail: dict[str, object] = {"number": page.number_read} if page.number_read else {}
        if page.follows_id is not None:
            detail = {"follows": page.follows_id}
        findings.append(Finding(code, f"page:{page.id}", page.id, detail=detail))
    ids = [page.id for page in pages]
    keep_in_step(
        session,
        rows_about(session, ids),
        findings,
        paper_id=context.paper_id,
        batch_of={page.id: page.batch_id for page in pages},
        entry_id=None,
    )
    session.flush()


def _waiting(pages: Sequence[PageImage], verdict: Verdict) -> list[Finding]:
    code = _WAITING_CODES.get(verdict)
    findings = []
    for page in pages:
        page.state = PageState.WAITING
        if code is not None:
            detail = {"pages": [other.id for other in pages], "sides": [other.side for other in pages]}
            findings.append(Finding(code, f"page:{page.id}", page.id, detail=detail))
    return findings


def _take_back(session: Session, entry: PaperEntry) -> None:
    """Nobody knows which sheet is this candidate's: no sheet, no responses, no status that came from a sheet."""
    sheets = select(Sheet.id).where(Sheet.entry_id == entry.id, Sheet.active.is_(True)).scalar_subquery()
    session.execute(
        update(Placement).where(Placement.sheet_id.in_(sheets), Placement.active.is_(True)).values(active=False)
    )
    session.execute(
        update(Sheet).where(Sheet.entry_id == entry.id, Sheet.active.is_(True)).values(active=False, complete=False)
    )
    session.execute(delete(Response).where(Response.entry_id == entry.id))
    if entry.status_source == SHEET:
        entry.status, entry.status_source = None, ""


def _place(
    session: Session,
    context: ScanContext,
    entry: PaperEntry,
    pages: Sequence[PageImage],
    rows: Sequence[SheetException],
) -> list[Finding]:
    """Make these pages the candidate's sheet and derive everything that follows from it."""
    _place_pages(session, entry, pages)
    readings = latest_readings(session, [page.id for page in pages])
    sides = [placed_side(context, page, readings[page.id]) for page in pages]
    decided = decisions(rows)
    answers = answers_of(context, sides, decided)
    said = entry.status if entry.status_source != SHEET else None
    status = status_of(entry.id, sides, said)
    if entry.status_source == SHEET or entry.status is None:
        entry.status = status.status
        entry.status_source = SHEET if status.status is not None else ""
    findings = [finding for side in sides for finding in side_findings(side, decided)]
    if status.finding is not None:
        findings.append(status.finding)
    if entry.status is EntryStatus.ABSENT and status.finding is None:
        # An absent candidate answered nothing: nobody need say which variant an empty sheet is.
        session.execute(delete(Response).where(Response.entry_id == entry.id))
        return [finding for finding in findings if finding.code is not ExceptionCode.OBJECTIVE_DOUBTFUL]
    _save_answers(session, context, entry, answers.answers)
    return [*findings, *answers.findings]


def _place_pages(session: Session, entry: PaperEntry, pages: Sequence[PageImage]) -> None:
    sheet = session.scalars(select(Sheet).where(Sheet.entry_id == entry.id, Sheet.active.is_(True))).one_or_none()
    wanted = {page.id: page for page in pages}
    stale = select(Placement).where(Placement.active.is_(True), Placement.page_image_id.in_(wanted))
    if sheet is not None:
        stale = select(Placement).where(
            Placement.active.is_(True), Placement.page_image_id.in_(wanted) | (Placement.sheet_id == sheet.id)
        )
    standing: set[int] = set()
    for placement in session.scalars(stale).all():
        page = wanted.get(placement.page_image_id)
        same_sheet = sheet is not None and placement.sheet_id == sheet.id
        if same_sheet and page is not None and placement.side == page.side:
            standing.add(page.id)
        else:
            placement.active = False
    if sheet is None:
        sheet = Sheet(paper_id=entry.paper_id, entry_id=entry.id, batch_id=pages[0].batch_id)
        session.add(sheet)
    sheet.complete = True
    session.flush()  # placements that stand no more are let go before others take their place
    for page in pages:
        page.state = PageState.PLACED
        if page.id not in standing:
            session.add(Placement(sheet_id=sheet.id, side=page.side, page_image_id=page.id, how=page.claimed_by))
    session.flush()


def latest_readings(session: Session, page_ids: Sequence[int]) -> dict[int, PageReading]:
    """The newest reading of each page image."""
    rows = session.execute(
        select(PageReadingRecord.page_image_id, PageReadingRecord.reading)
        .where(PageReadingRecord.page_image_id.in_(page_ids))
        .order_by(PageReadingRecord.id)
    )
    return {page_id: reading_from_json(reading) for page_id, reading in rows}


def placed_side(context: ScanContext, page: PageImage, reading: PageReading) -> PlacedSide:
    """A page image with its reading and the areas of its card's regions."""
    areas: Mapping[tuple[str, int], float] = {}
    if page.card_id is not None and page.side is not None:
        card_page = context.cards[page.card_id].page(page.side)
        areas = {(region.id, region.part): region.rect.width_mm * region.rect.height_mm for region in card_page.regions}
    return PlacedSide(page.id, reading, areas)


def decisions(rows: Sequence[SheetException]) -> dict[str, Decision]:
    """What people decided about fields of a sheet; the newest decision on a field counts."""
    found: dict[str, Decision] = {}
    for row in rows:
        if is_decided(row) and row.field and "value" in row.resolution:
            found[row.field] = Decision(str(row.resolution["value"]), row.resolved_by)
    return found


def _save_answers(session: Session, context: ScanContext, entry: PaperEntry, answers: Sequence[Answer]) -> None:
    existing = {
        response.item_id: response
        for response in session.scalars(select(Response).where(Response.entry_id == entry.id))
    }
    for answer in answers:
        item_id = context.item_ids[answer.no]
        response = existing.get(item_id)
        if response is None:
            response = Response(entry_id=entry.id, item_id=item_id)
            session.add(response)
        confirmed = answer.status is ResponseStatus.CONFIRMED
        if confirmed and response.status is not ResponseStatus.CONFIRMED:
            response.confirmed_at = now()
        elif not confirmed:
            response.confirmed_at = None
        response.page_image_id = answer.page_id
        response.value = answer.value
        response.status = answer.status
        response.margin = answer.margin
        response.source = answer.source
        response.blank = answer.blank
        response.chosen = answer.chosen
        response.confirmed_by = answer.by
