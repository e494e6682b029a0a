"""Place sheets that waited only because their number was not on the roster, once it is.

In:  the database, the paper as scanning sees it. Out: how many pages found their candidate.
What was read decides, by the same rules as for a new delivery; whatever a person has said about a page stays.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.sheet import PageImage, SheetException
from models.words import ExceptionCode, ExceptionState, PageState
from scanning.context import ScanContext
from scanning.run import identities_of
from scanning.settle import settle_entry


def place_newcomers(database: Database, context: ScanContext) -> int:
    """Give every page whose number has come onto the roster to its candidate, with the sides that follow it."""
    with database.read() as session:
        waiting = _waiting(session, context.paper_id)
        known = {page: one.entry_id for page, one in identities_of(session, context.paper_id, waiting).items()}
    placed = 0
    for page_id, entry_id in known.items():
        if entry_id is None:
            continue
        with database.write() as session:  # one transaction for each sheet
            pages = _still_loose(session, page_id)
            for page in pages:
                page.entry_id = entry_id
                page.claimed_by = "number" if page.id == page_id else "neighbour"
            if pages:
                session.flush()
                settle_entry(session, context, entry_id)
            placed += len(pages)
    return placed


def _waiting(session: Session, paper_id: int) -> list[int]:
    """The pages with a number of their own that nobody on the roster had."""
    return list(
        session.scalars(
            select(PageImage.id)
            .join(SheetException, SheetException.page_image_id == PageImage.id)
            .where(
                SheetException.paper_id == paper_id,
                SheetException.code == ExceptionCode.NUMBER_UNKNOWN,
                SheetException.state == ExceptionState.OPEN,
                PageImage.state == PageState.WAITING,
                PageImage.entry_id.is_(None),
                PageImage.number_status != "",
            )
            .order_by(PageImage.id)
        )
    )


def _still_loose(session: Session, page_id: int) -> list[PageImage]:
    """The page and what follows it in the scan, as far as they are nobody's; nothing where the page has an owner."""
    pages = session.scalars(
        select(PageImage)
        .where(
            (PageImage.id == page_id) | (PageImage.follows_id == page_id),
            PageImage.state == PageState.WAITING,
            PageImage.entry_id.is_(None),
        )
        .order_by(PageImage.id)
        .with_for_update()
    ).all()
    return list(pages) if any(page.id == page_id for page in pages) else []
