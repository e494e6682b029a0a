"""The desk of E13: what counts of a choose-group is proposed, and nothing counts only where a person says so."""

import io

import pytest
from sqlalchemy import select

from models.card import Card
from models.exam import ExamRecord, PaperRecord
from models.sheet import Batch, PageImage, ScanFile, SheetException
from models.words import ExceptionCode, ExceptionState, PageState
from tests.support.office import Office

EXAM = """
kaiyue: exam/1
id: c
title: 选做
kind: mock
grade: 9
candidate_number: {digits: 8}
papers:
  - id: math
    title: 数学
    full_mark: 13
    card: {size: A4, sides: 1, columns: 1, number: bubbles+barcode}
    items:
      - {no: "1", kind: single, options: 4, key: A, points: 3}
      - {no: "2", kind: written, points: 10, step: 1, height_mm: 40, choose: {group: 选做, take: 1}}
      - {no: "3", kind: written, points: 10, step: 1, height_mm: 40, choose: {group: 选做, take: 1}}
"""


@pytest.fixture
def choice(office: Office) -> int:
    """An open choice of one of the items 2 and 3, for which the rules propose 3."""
    file = {"file": (io.BytesIO(EXAM.encode()), "c.yaml")}
    assert office.as_person("manager").send("POST", "/exams/new", data=file).headers["Location"] == "/exams/c"
    with office.kept.database.write() as session:
        paper_id = session.execute(
            select(PaperRecord.id).join(ExamRecord, ExamRecord.id == PaperRecord.exam_id).where(ExamRecord.key == "c")
        ).scalar_one()
        blob = session.get_one(PageImage, office.ids["page"]).blob
        card_id = session.execute(select(Card.id).where(Card.paper_id == paper_id)).scalar_one()
        batch = Batch(paper_id=paper_id, name="第1考场", operator="王")
        session.add(batch)
        session.flush()
        file_row = ScanFile(paper_id=paper_id, batch_id=batch.id, position=0, name="1.jpg", blob=blob, size=1)
        session.add(file_row)
        session.flush()
        page = PageImage(
            paper_id=paper_id, batch_id=batch.id, file_id=file_row.id, number=1, blob=blob, state=PageState.WAITING,
            card_id=card_id, side=1,
        )  # fmt: skip
        session.add(page)
        session.flush()
        exception = SheetException(
            paper_id=paper_id, batch_id=batch.id, page_image_id=page.id, subject=f"page:{page.id}/choose:选做",
            field="choose:选做", code=ExceptionCode.CHOICE_DOUBTFUL, resolution={},
            detail={"proposal": ["3"], "note": "number_missing", "filled": []},
        )  # fmt: skip
        session.add(exception)
        session.flush()
        return exception.id


def decided(office: Office, number: int) -> tuple[ExceptionState, object]:
    with office.kept.database.read() as session:
        row = session.get_one(SheetException, number)
        return row.state, row.resolution.get("value")


def test_the_desk_proposes_what_the_rules_propose(office: Office, choice: int) -> None:
    page = office.as_person("manager").get(f"/exceptions/{choice}").text
    field = page[page.index('name="items"') :].split(">", 1)[0]
    assert 'value="3"' in field
    assert " required" in field


@pytest.mark.parametrize("empty", ["", "  ", "+", "，"])
def test_an_empty_choice_is_refused(office: Office, choice: int, empty: str) -> None:
    answer = office.as_person("manager").send("POST", f"/exceptions/{choice}/choice", data={"items": empty})
    assert answer.status_code == 422
    assert decided(office, choice) == (ExceptionState.OPEN, None)


def test_none_of_them_is_a_choice_of_its_own(office: Office, choice: int) -> None:
    manager = office.as_person("manager")
    answer = manager.send("POST", f"/exceptions/{choice}/choice", data={"items": "3", "none": "1"})
    assert answer.status_code == 302
    assert decided(office, choice) == (ExceptionState.RESOLVED, "")


def test_the_items_that_were_given_count(office: Office, choice: int) -> None:
    assert office.as_person("manager").send("POST", f"/exceptions/{choice}/choice", data={"items": " 2 "}).location
    assert decided(office, choice) == (ExceptionState.RESOLVED, "2")
