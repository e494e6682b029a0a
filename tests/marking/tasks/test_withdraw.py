"""A task whose image is no longer the candidate's is taken back, and dealt out anew when a sheet is placed again."""

from sqlalchemy import select, update

from marking.tasks.create import create_tasks
from marking.tasks.withdraw import withdraw_stale
from models.database import Database
from models.sheet import PageImage, Placement, Sheet
from models.task import MarkingTask
from models.words import PageState, TaskState
from tests.support.marking_data import make_marking_data


def states(database: Database) -> list[tuple[int, TaskState]]:
    with database.read() as session:
        rows = session.execute(select(MarkingTask.entry_id, MarkingTask.state).order_by(MarkingTask.id))
        return [(entry_id, state) for entry_id, state in rows]


def test_a_discarded_page_takes_its_tasks_along_and_nobody_elses(database: Database) -> None:
    data = make_marking_data(database, candidates=3)
    gone, *others = data.entries
    assert withdraw_stale(database, data.paper_id) == 0
    with database.write() as session:
        page = select(Placement.page_image_id).join(Sheet, Sheet.id == Placement.sheet_id).where(Sheet.entry_id == gone)
        session.execute(
            update(PageImage).where(PageImage.id.in_(page.scalar_subquery())).values(state=PageState.DISCARDED)
        )
    assert withdraw_stale(database, data.paper_id) == 1
    assert withdraw_stale(database, data.paper_id) == 0
    assert [state for entry, state in states(database) if entry == gone] == [TaskState.WITHDRAWN]
    assert {state for entry, state in states(database) if entry in others} == {TaskState.OPEN}


def test_a_sheet_that_waits_for_a_decision_keeps_its_tasks_until_another_takes_its_place(database: Database) -> None:
    data = make_marking_data(database, candidates=2)
    entry, other = data.entries
    with database.write() as session:
        session.execute(update(Sheet).where(Sheet.entry_id == entry).values(active=False))
    assert withdraw_stale(database, data.paper_id) == 0  # a second scan has come; nobody has decided yet
    with database.write() as session:
        batch_id = session.scalars(select(Sheet.batch_id).where(Sheet.entry_id == entry)).one()
        session.add(Sheet(paper_id=data.paper_id, entry_id=entry, batch_id=batch_id, complete=True))
    assert withdraw_stale(database, data.paper_id) == 1
    assert [state for owner, state in states(database) if owner == entry] == [TaskState.WITHDRAWN]
    assert [state for owner, state in states(database) if owner == other] == [TaskState.OPEN]
    create_tasks(database, data.paper_id)  # the new sheet has no responses yet: nothing is dealt out
    assert [state for owner, state in states(database) if owner == entry] == [TaskState.WITHDRAWN]


def test_a_page_that_turns_out_to_be_somebody_elses_is_dealt_out_anew(database: Database) -> None:
    data = make_marking_data(database, candidates=2)
    entry, other = data.entries
    with database.write() as session:
        session.execute(update(Sheet).where(Sheet.entry_id == other).values(active=False))
        session.execute(update(Sheet).where(Sheet.entry_id == entry).values(entry_id=other))
    assert withdraw_stale(database, data.paper_id) == 2
    assert {state for _, state in states(database)} == {TaskState.WITHDRAWN}
