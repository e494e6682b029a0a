"""A person's decisions about scans: added beside the evidence, audited, and harmless when they are given twice.

In:  a session that writes, the paper's context, what was decided, and who decided it. After every decision the sheets
that it touches are settled anew, so that what follows from it follows at once: a number that is taken makes both
sheets wait (E04), a number that becomes free places the sheet that is left. Readings are never changed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import record
from models.columns import now
from models.errors import InputRefused, NotFound, mark_text
from models.people import Candidate, PaperEntry
from models.sheet import PageImage, SheetException
from models.words import AuditVerb, EntryStatus, ExceptionCode, ExceptionState, FieldKind, PageState
from scanning.cards.template import Field
from scanning.context import ScanContext
from scanning.exception_rows import rows_about
from scanning.settle import PERSON, SHEET, settle_entry, settle_loose


class NumberNotOnRoster(InputRefused):
    """The number that was given is nobody's in this paper."""

    code = "resolve.number_unknown"
    sentence = mark_text("Nobody on the roster of this paper has the number {number}.")
    remedy = mark_text("Check the number, or add the candidate to the roster first.")


class PageUnplaceable(InputRefused):
    """A page that was not read as a side of this card cannot become part of a sheet."""

    code = "resolve.page_unreadable"
    sentence = mark_text("Page {page} was not read as a side of this paper's card, so it cannot be placed.")
    remedy = mark_text("Scan the sheet again and discard this page.")


class SidesDoNotFit(InputRefused):
    """Two pages that cannot be sides of one sheet."""

    code = "resolve.sides_do_not_fit"
    sentence = mark_text("Page {page} cannot be a side of the sheet of page {front}: {why}.")
    remedy = mark_text("Choose the page that shows the other side of the same sheet.")


class ReasonMissing(InputRefused):
    """A decision that needs its reason."""

    code = "resolve.reason_missing"
    sentence = mark_text("This decision needs a reason.")
    remedy = mark_text("Write down in a few words why.")


class ValueRefused(InputRefused):
    """A value that the field cannot have."""

    code = "resolve.value_refused"
    sentence = mark_text("The field {field} cannot be {value}.")
    remedy = mark_text("Give option letters that the card has, or nothing for a blank.")


class PageDiscarded(InputRefused):
    """The page was discarded; nothing more is decided about it."""

    code = "resolve.page_discarded"
    sentence = mark_text("Page {page} was discarded: {why}.")
    remedy = mark_text("Scan the sheet again if it is needed after all.")
    http_status = 409


@dataclass(frozen=True, slots=True)
class Person:
    """Who decides: the account where there is one, and the name for the log."""

    id: int | None
    name: str


def set_number(
    session: Session, context: ScanContext, page_id: int, number: str, *, person: Person, reason: str = ""
) -> None:
    """Say whose sheet a page is; the sides that follow it in the scan go with it.

    Raises NumberNotOnRoster, PageUnplaceable, PageDiscarded, NotFound.
    """
    page = _page(session, context, page_id)
    if page.side is None:
        raise PageUnplaceable(page=page_id)
    entry_id = _entry_of(session, context, number)
    if page.entry_id == entry_id and page.claimed_by == "person":
        return
    before = page.entry_id
    pages = [page, *_followers(session, page)]
    for each in pages:
        each.entry_id = entry_id
        each.claimed_by = "person" if each is page or each.claimed_by == "person" else "neighbour"
    _decide(session, [one.id for one in pages], _PLACING, person, action="number", number=number, reason=reason)
    record(
        session,
        AuditVerb.EXCEPTION_RESOLVED,
        f"page:{page_id}",
        actor_id=person.id,
        actor=person.name,
        action="number",
        before=before,
        entry=entry_id,
        reason=reason,
    )
    session.flush()
    _settle(session, context, {before, entry_id})


def attach_side(
    session: Session, context: ScanContext, page_id: int, front_id: int, *, person: Person, reason: str = ""
) -> None:
    """Say that a page is another side of the sheet whose numbered side is `front_id`.

    Raises SidesDoNotFit, PageUnplaceable, PageDiscarded, NotFound.
    """
    page, front = _page(session, context, page_id), _page(session, context, front_id)
    if page.side is None or front.side is None:
        raise PageUnplaceable(page=page_id if page.side is None else front_id)
    if page.side == front.side or page.id == front.id:
        raise SidesDoNotFit(page=page_id, front=front_id, why=mark_text("both show the same side"))
    if page.card_id != front.card_id:
        raise SidesDoNotFit(page=page_id, front=front_id, why=mark_text("they are different versions of the card"))
    if page.follows_id == front.id and page.entry_id == front.entry_id and page.claimed_by == "person":
        return
    before = page.entry_id
    page.follows_id, page.entry_id, page.claimed_by = front.id, front.entry_id, "person"
    _decide(session, [page.id], _PLACING, person, action="attached", front=front_id, reason=reason)
    record(
        session,
        AuditVerb.EXCEPTION_RESOLVED,
        f"page:{page_id}",
        actor_id=person.id,
        actor=person.name,
        action="attached",
        front=front_id,
        before=before,
        reason=reason,
    )
    session.flush()
    _settle(session, context, {before, front.entry_id})
    if front.entry_id is None:
        settle_loose(session, context, [page.id], _open_code(session, front_id))


def discard_page(
    session: Session, context: ScanContext, page_id: int, reason: str, *, person: Person, whole_sheet: bool = False
) -> None:
    """Take a page out of everything, with the reason; its image and reading stay. Raises ReasonMissing, NotFound.

    With `whole_sheet` the sides that follow it in the scan go with it.
    """
    if not reason.strip():
        raise ReasonMissing
    page = _page(session, context, page_id, discarded_too=True)
    if page.state is PageState.DISCARDED:
        return
    followers = _followers(session, page)
    pages = [page, *followers] if whole_sheet else [page]
    touched = {each.entry_id for each in (page, *followers)}
    for each in pages:
        each.state, each.discard_reason = PageState.DISCARDED, reason.strip()[:500]
        record(
            session,
            AuditVerb.PAGE_DISCARDED,
            f"page:{each.id}",
            actor_id=person.id,
            actor=person.name,
            reason=reason.strip(),
        )
    ids = [one.id for one in pages]
    _decide(session, ids, frozenset(ExceptionCode), person, action="discarded", reason=reason.strip())
    left = [] if whole_sheet else followers
    for each in left:
        # its number came from the discarded side; nobody knows it now
        each.follows_id = None
        if each.claimed_by != "person":
            each.entry_id, each.claimed_by, each.state = None, "", PageState.WAITING
    session.flush()
    _settle(session, context, touched)
    loose = [each.id for each in left if each.entry_id is None]
    if loose:
        settle_loose(session, context, loose, ExceptionCode.SIDES_INCOMPLETE)


def decide_field(
    session: Session, context: ScanContext, page_id: int, field: str, value: str, *, person: Person
) -> None:
    """Confirm or correct what an objective field (``item:3``, ``variant``) says.

    `value` is option letters, ``T``/``F``, or empty for a blank. Raises ValueRefused, PageDiscarded, NotFound.
    """
    page = _page(session, context, page_id)
    seen = _field(context, page, field)
    labels = list(dict.fromkeys(bubble.label for bubble in seen.bubbles))
    if seen.kind not in (FieldKind.SINGLE, FieldKind.MULTIPLE, FieldKind.JUDGE, FieldKind.VARIANT):
        raise ValueRefused(field=field, value=value)
    if any(letter not in labels for letter in value) or len(set(value)) != len(value):
        raise ValueRefused(field=field, value=value)
    ordered = "".join(label for label in labels if label in value)
    code = ExceptionCode.OBJECTIVE_DOUBTFUL
    _decide_value(session, context, page, code=code, field=field, value=ordered, person=person)


def decide_choice(
    session: Session, context: ScanContext, page_id: int, group: str, items: Collection[str], *, person: Person
) -> None:
    """Say which items of a choose-group count; none means that nothing was answered.

    Raises ValueRefused for items that are not in the group or more than it takes.
    """
    page = _page(session, context, page_id)
    members = context.paper.choose_members(group)
    if not members:
        raise NotFound(what=mark_text("choose-group"), name=group)
    rule = members[0].choose
    nos = [item.no for item in members]
    if any(no not in nos for no in items) or (rule is not None and len(set(items)) > rule.take):
        raise ValueRefused(field=f"choose:{group}", value="+".join(items))
    value = "+".join(no for no in nos if no in items)
    code = ExceptionCode.CHOICE_DOUBTFUL
    _decide_value(session, context, page, code=code, field=f"choose:{group}", value=value, person=person)


def set_status(
    session: Session, context: ScanContext, entry_id: int, status: EntryStatus, reason: str, *, person: Person
) -> None:
    """Say what became of a candidate in this paper. Raises ReasonMissing, NotFound."""
    if not reason.strip():
        raise ReasonMissing
    entry = session.scalars(
        select(PaperEntry).where(PaperEntry.id == entry_id, PaperEntry.paper_id == context.paper_id)
    ).one_or_none()
    if entry is None:
        raise NotFound(what=mark_text("candidate"), name=str(entry_id))
    if entry.status is status and entry.status_source != SHEET and entry.status_reason == reason.strip()[:500]:
        return
    before = entry.status.value if entry.status else None
    entry.status, entry.status_source, entry.status_reason = status, PERSON, reason.strip()[:500]
    record(
        session,
        AuditVerb.STATUS_SET,
        f"entry:{entry_id}",
        actor_id=person.id,
        actor=person.name,
        before=before,
        after=status.value,
        reason=reason.strip(),
    )
    session.flush()
    _settle(session, context, {entry_id})
    subject = f"entry:{entry_id}"
    for row in rows_about(session, [], entry_id):
        if row.subject == subject and row.state is ExceptionState.OPEN:
            _close(row, person, action="status", status=status.value, reason=reason.strip())
    session.flush()


def acknowledge(session: Session, context: ScanContext, exception_id: int, *, person: Person) -> None:
    """Say that a note (ink beyond its frame, a poor image) was seen. Raises NotFound, ValueRefused for other codes."""
    row = session.scalars(
        select(SheetException).where(SheetException.id == exception_id, SheetException.paper_id == context.paper_id)
    ).one_or_none()
    if row is None:
        raise NotFound(what=mark_text("exception"), name=str(exception_id))
    if row.code not in (ExceptionCode.OUTSIDE_FRAME, ExceptionCode.POOR_IMAGE):
        raise ValueRefused(field=row.code.value, value="acknowledged")
    if row.state is ExceptionState.OPEN:
        _close(row, person, action="seen")
        record(session, AuditVerb.EXCEPTION_RESOLVED, row.subject, actor_id=person.id, actor=person.name, action="seen")


_PLACING = frozenset(code for code in ExceptionCode if code.blocks_placement)


def _page(session: Session, context: ScanContext, page_id: int, *, discarded_too: bool = False) -> PageImage:
    page = session.scalars(
        select(PageImage).where(PageImage.id == page_id, PageImage.paper_id == context.paper_id)
    ).one_or_none()
    if page is None:
        raise NotFound(what=mark_text("page"), name=str(page_id))
    if page.state is PageState.DISCARDED and not discarded_too:
        raise PageDiscarded(page=page_id, why=page.discard_reason)
    return page


def _followers(session: Session, page: PageImage) -> list[PageImage]:
    return list(
        session.scalars(
            select(PageImage)
            .where(PageImage.follows_id == page.id, PageImage.state != PageState.DISCARDED)
            .order_by(PageImage.id)
        )
    )


def _entry_of(session: Session, context: ScanContext, number: str) -> int:
    entry_id = session.scalar(
        select(PaperEntry.id)
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .where(PaperEntry.paper_id == context.paper_id, Candidate.number == number.strip())
    )
    if entry_id is None:
        raise NumberNotOnRoster(number=number)
    return entry_id


def _field(context: ScanContext, page: PageImage, field: str) -> Field:
    """The field as it is printed on this side of the card."""
    if page.side is not None and page.card_id is not None:
        for each in context.cards[page.card_id].page(page.side).fields:
            if each.id == field:
                return each
    raise NotFound(what=mark_text("field"), name=field)


def _decide_value(
    session: Session,
    context: ScanContext,
    page: PageImage,
    *,
    code: ExceptionCode,
    field: str,
    value: str,
    person: Person,
) -> None:
    """Keep a decision on a field as the resolution of its exception; one that never doubted gets a row of its own."""
    subject = f"page:{page.id}/{field}"
    rows = [row for row in rows_about(session, [page.id]) if row.subject == subject and row.code is code]
    decided = [row for row in rows if row.state is ExceptionState.RESOLVED and "value" in row.resolution]
    if decided and decided[-1].resolution["value"] == value and all(r.state is not ExceptionState.OPEN for r in rows):
        return
    open_row = next((row for row in rows if row.state is ExceptionState.OPEN), None)
    if open_row is None:
        open_row = SheetException(
            paper_id=context.paper_id,
            batch_id=page.batch_id,
            page_image_id=page.id,
            entry_id=page.entry_id,
            subject=subject,
            field=field,
            code=code,
            detail={"corrected": True},
            resolution={},
        )
        session.add(open_row)
    _close(open_row, person, action="value", value=value)
    record(
        session,
        AuditVerb.EXCEPTION_RESOLVED,
        subject,
        actor_id=person.id,
        actor=person.name,
        action="value",
        value=value,
    )
    session.flush()
    _settle(session, context, {page.entry_id})


def _decide(
    session: Session, page_ids: Sequence[int], codes: Collection[ExceptionCode], person: Person, **resolution: Any
) -> None:
    for row in rows_about(session, page_ids):
        if row.state is ExceptionState.OPEN and row.code in codes:
            _close(row, person, **resolution)
    session.flush()


def _close(row: SheetException, person: Person, **resolution: Any) -> None:
    row.state, row.resolved_at, row.resolved_by = ExceptionState.RESOLVED, now(), person.id
    row.resolution = {**resolution, "by": person.name}


def _open_code(session: Session, page_id: int) -> ExceptionCode:
    for row in rows_about(session, [page_id]):
        if row.state is ExceptionState.OPEN and row.code.blocks_placement:
            return row.code
    return ExceptionCode.SIDES_INCOMPLETE


def _settle(session: Session, context: ScanContext, entries: Collection[int | None]) -> None:
    for entry_id in sorted(one for one in entries if one is not None):
        settle_entry(session, context, entry_id)
