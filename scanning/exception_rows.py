"""Exceptions as rows: what is found is opened, what no longer holds is closed, what a person decided stays decided."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from models.columns import now
from models.sheet import SheetException
from models.words import ExceptionState
from scanning.exception_rules import Finding

CLOSED_BY_ITSELF = "settled"  # resolution action of an exception that ended without a decision about it


def exception_row(
    finding: Finding, *, paper_id: int, batch_id: int | None, entry_id: int | None = None
) -> SheetException:
    """The open row of a finding."""
    return SheetException(
        paper_id=paper_id,
        batch_id=batch_id,
        page_image_id=finding.page_id,
        entry_id=entry_id,
        subject=finding.subject,
        field=finding.field,
        code=finding.code,
        page_code=finding.page_code,
        detail=dict(finding.detail),
        resolution={},
    )


def rows_about(session: Session, page_ids: Collection[int], entry_id: int | None = None) -> list[SheetException]:
    """Every exception about these page images or this candidate, open and resolved, oldest first."""
    about: list[ColumnElement[bool]] = [SheetException.page_image_id.in_(page_ids)]
    if entry_id is not None:
        about.append(SheetException.subject == f"entry:{entry_id}")
    return list(session.scalars(select(SheetException).where(or_(*about)).order_by(SheetException.id)))


def is_decided(row: SheetException) -> bool:
    """Whether a person resolved it, rather than that it ended by itself."""
    return row.state is ExceptionState.RESOLVED and row.resolution.get("action") != CLOSED_BY_ITSELF


def keep_in_step(
    session: Session,
    rows: Sequence[SheetException],
    findings: Sequence[Finding],
    *,
    paper_id: int,
    batch_of: dict[int, int],
    entry_id: int | None,
) -> None:
    """Open what was found and is not open, close what is open and was not found; `rows` are all rows about it.

    What stands beside a placed sheet and was decided by a person is not opened again; what makes a page wait is,
    because it follows from how things are now.
    """
    open_rows = {(row.subject, row.code): row for row in rows if row.state is ExceptionState.OPEN}
    decided = {(row.subject, row.code) for row in rows if is_decided(row)}
    wanted = {
        (finding.subject, finding.code): finding
        for finding in findings
        if finding.code.blocks_placement or (finding.subject, finding.code) not in decided
    }
    for key, row in open_rows.items():
        if key not in wanted:
            row.state, row.resolved_at, row.resolution = (
                ExceptionState.RESOLVED,
                now(),
                {"action": CLOSED_BY_ITSELF},
            )
    session.flush()  # an open row of the same subject must be closed before another is opened
    for key, finding in wanted.items():
        known = open_rows.get(key)
        if known is None:
            batch_id = batch_of.get(finding.page_id) if finding.page_id is not None else None
            session.add(exception_row(finding, paper_id=paper_id, batch_id=batch_id, entry_id=entry_id))
        else:
            known.entry_id = entry_id
            if known.detail != dict(finding.detail):
                known.detail = dict(finding.detail)
