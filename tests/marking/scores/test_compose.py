"""Item scores and totals agree, whatever was chosen, written and marked in a choose-group (domain.md 4.5)."""

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from marking.scores.compose import compose_paper
from marking.setup.exam_file import read_exam
from marking.setup.structure import StoredPaper, find_paper, store_exam
from marking.tasks.create import create_tasks
from models.database import Database
from models.records import Batch, ExamRecord, GroupScore, ItemScore, MarkingTask, PaperScore, Response, ScanFile, School
from models.words import ScoreSource
from tests.support.marking_data import MarkingData, _add_candidates
from tests.support.marking_work import mark_next

EXAM = """
kaiyue: exam/1
id: e
title: 小考试
kind: mock
grade: 9
candidate_number: {digits: 8}
papers:
  - id: math
    title: 数学
    full_mark: 20
    card: {size: A4, sides: 1, columns: 1, number: bubbles}
    items:
      - {no: "6", kind: written, points: 4, step: 0.5, height_mm: 20}
      - {no: "8,9,10", kind: written, points: 8, height_mm: 20, choose: {group: 选做, take: 2}}
"""


@pytest.fixture
def paper(database: Database) -> tuple[MarkingData, StoredPaper]:
    """Two candidates: the first has chosen nothing and written nothing in the choose-group, the second took 8 and 9."""
    data = MarkingData(database)
    with database.write() as session:
        store_exam(session, read_exam(EXAM.encode()))
        stored = find_paper(session, "e", "math")
        data.exam_id, data.paper_id = session.scalars(select(ExamRecord.id)).one(), stored.id
        data.groups |= dict(stored.group_ids)
        school = School(name="一中")
        session.add(school)
        batch = Batch(paper_id=stored.id, name="b")
        session.add(batch)
        session.flush()
        data.schools.append(school.id)
        file = ScanFile(paper_id=stored.id, batch_id=batch.id, position=0, name="f", blob="0" * 64, size=1)
        session.add(file)
        session.flush()
        _add_candidates(session, data, 2, (data.exam_id, stored.id, batch.id, file.id), stored.item_ids, (), [])
        optional = [stored.item_ids[no] for no in ("8", "9", "10")]
        first, second = data.entries
        session.execute(
            update(Response)
            .where(Response.entry_id == first, Response.item_id.in_(optional))
            .values(chosen=False, blank=True)
        )
        for item_id, chosen in zip(optional, (True, True, False), strict=True):
            session.execute(
                update(Response).where(Response.entry_id == second, Response.item_id == item_id).values(chosen=chosen)
            )
    return data, stored


def totals(data: MarkingData, stored: StoredPaper) -> dict[int, Decimal | None]:
    compose_paper(data.database, stored)
    with data.database.read() as session:
        return {score.entry_id: score.total for score in session.scalars(select(PaperScore))}


def choice_group(data: MarkingData) -> str:
    (key,) = [key for key in data.groups if key != "6"]
    return key


def test_who_answers_nothing_of_a_choose_group_gets_a_zero_and_nobody_a_task(paper) -> None:
    data, stored = paper
    first, second = data.entries
    create_tasks(data.database, stored.id)
    assert create_tasks(data.database, stored.id) == 0
    key = choice_group(data)
    with data.database.read() as session:
        own = session.scalars(select(MarkingTask).where(MarkingTask.group_id == data.groups[key])).all()
        assert [(task.entry_id, task.part_ids) for task in own] == [(second, ["8", "9"])]
        zero = session.scalars(select(GroupScore)).one()
        assert (zero.entry_id, zero.points, zero.source) == (first, 0, ScoreSource.BLANK)
    marker = data.seat("m")
    for _ in range(2):
        mark_next(data, marker, "3.5", "6")
    assert totals(data, stored) == {first: Decimal("3.5"), second: None}


def test_a_later_decision_that_an_answer_counts_takes_the_zero_back(paper) -> None:
    data, stored = paper
    first = data.entries[0]
    create_tasks(data.database, stored.id)
    with data.database.write() as session:
        session.execute(
            update(Response)
            .where(Response.entry_id == first, Response.item_id == stored.item_ids["10"])
            .values(chosen=True, blank=False)
        )
    marker = data.seat("m")
    for _ in range(2):
        mark_next(data, marker, "3.5", "6")
    assert create_tasks(data.database, stored.id) == 1
    assert totals(data, stored)[first] is None  # a task is open again
    with data.database.read() as session:
        task = session.scalars(
            select(MarkingTask).where(
                MarkingTask.group_id == data.groups[choice_group(data)], MarkingTask.entry_id == first
            )
        ).one()
        assert task.part_ids == ["10"]


def test_a_mark_beside_an_item_also_stands_in_the_total(paper) -> None:
    """As tasks were dealt before: the first member blank, and a person saw writing that the reader had not."""
    data, stored = paper
    first = data.entries[0]
    create_tasks(data.database, stored.id)
    with data.database.write() as session:
        session.execute(update(GroupScore).values(points=Decimal(3), parts={"8": "3"}, source=ScoreSource.SINGLE))
    marker = data.seat("m")
    for _ in range(2):
        mark_next(data, marker, "3.5", "6")
    assert totals(data, stored)[first] == Decimal("6.5")
    with data.database.read() as session:
        points = session.scalars(
            select(ItemScore.points).where(ItemScore.entry_id == first, ItemScore.part == "")
        ).all()
        assert sum(points) == Decimal("6.5")
