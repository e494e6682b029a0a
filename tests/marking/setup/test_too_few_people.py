"""Where tasks are left that nobody may ever take, the gate names who is missing."""

import pytest
from sqlalchemy import update

from marking.setup.states import paper_blockers
from models.database import Database
from models.exam import PaperRecord
from models.task import MarkingTask
from models.words import MarkingMode, PaperState
from tests.support.marking_data import make_marking_data, one_part


def said(database: Database, paper_id: int) -> str:
    with database.read() as session:
        return str(paper_blockers(session, session.get_one(PaperRecord, paper_id), PaperState.SUBJECT_SIGNED))


@pytest.mark.parametrize("mode", [MarkingMode.LEADER_CHECK, MarkingMode.DOUBLE_LEADER])
def test_a_leader_who_has_marked_needs_another_one_to_decide(database: Database, mode: MarkingMode) -> None:
    data = make_marking_data(database, one_part(mode=mode), candidates=2)
    for marker in ("a", "b"):
        data.seat(marker)
    data.seat("head", leads=True)
    assert "more leaders" not in said(database, data.paper_id)  # nothing waits for a leader yet
    with database.write() as session:
        session.execute(update(MarkingTask).values(role="leader"))
    assert "第13题 needs 1 more leaders" in said(database, data.paper_id)
    data.seat("second head", leads=True)
    assert "more leaders" not in said(database, data.paper_id)


def test_a_third_mark_needs_a_third_marker(database: Database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE_THIRD), candidates=2)
    for marker in ("a", "b"):
        data.seat(marker)
    assert "more markers" not in said(database, data.paper_id)  # two of them can still agree
    with database.write() as session:
        session.execute(update(MarkingTask).where(MarkingTask.round == 2).values(round=3))
    assert "第13题 needs 1 more markers" in said(database, data.paper_id)
    data.seat("c")
    assert "more markers" not in said(database, data.paper_id)
