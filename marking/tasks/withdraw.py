"""Take tasks back whose image is no longer this candidate's: it was replaced, discarded, or is somebody else's.

Their marks stay in the table and no longer count (domain.md 2.5); once a sheet is placed again, `create_tasks` deals
its images out from the first round on. While a sheet only waits for a decision (a second scan of it has come, say)
nothing is taken back: an accident at the scanner must not cost anybody's marks.
"""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from marking.rounds.void import void_responses
from marking.tasks.conditions import LIVE, WITHDRAWN
from models.columns import now
from models.database import Database
from models.exam import GroupRecord
from models.sheet import CropRecord, PageImage, Placement, Sheet
from models.task import MarkingTask, TaskImage
from models.words import PageState


def withdraw_stale(database: Database, paper_id: int, *, at: datetime | None = None) -> int:
    """Withdraw every live task of a paper that shows a page which is decidedly not this candidate's any more."""
    with database.read() as session:
        stale = _stale(session, paper_id)
    withdrawn = 0
    for entry_id, items in stale.items():
        with database.write() as session:
            # looked at again inside the transaction: somebody may have placed the sheet meanwhile
            if entry_id in _stale(session, paper_id, entry_id):
                withdrawn += void_responses(session, entry_id, items, at or now())
    return withdrawn


def _stale(session: Session, paper_id: int, entry_id: int | None = None) -> dict[int, set[str]]:
    own = aliased(Sheet)
    rows = session.execute(
        select(MarkingTask.entry_id, CropRecord.region)
        .join(GroupRecord, GroupRecord.id == MarkingTask.group_id)
        .join(TaskImage, TaskImage.task_id == MarkingTask.id)
        .join(CropRecord, CropRecord.id == TaskImage.crop_id)
        .join(PageImage, PageImage.id == CropRecord.page_image_id)
        .outerjoin(Placement, (Placement.page_image_id == PageImage.id) & Placement.active)
        .outerjoin(Sheet, (Sheet.id == Placement.sheet_id) & Sheet.active)
        .outerjoin(own, (own.entry_id == MarkingTask.entry_id) & own.active)
        .where(
            GroupRecord.paper_id == paper_id,
            MarkingTask.kind == LIVE,
            MarkingTask.state != WITHDRAWN,
            # somebody else's, or left out of the sheet that this candidate has now, or thrown away
            (Sheet.entry_id != MarkingTask.entry_id)
            | (Sheet.id.is_(None) & own.id.is_not(None))
            | (PageImage.state == PageState.DISCARDED),
            *([MarkingTask.entry_id == entry_id] if entry_id is not None else []),
        )
        .distinct()
    )
    found: dict[int, set[str]] = defaultdict(set)
    for owner, region in rows:
        found[owner].add(region)
    return found
