"""`kaiyue exam advance`: what blocks a step, and who is written down as having signed the rule sheet."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from marking.setup.exam_file import read_exam
from models.audit import AuditEvent
from models.database import Database
from models.records import ExamRecord, PaperRecord, RuleSignature
from models.words import AuditVerb, ExamState, PaperState, Role
from tests.support.marking_data import add_user
from tests.web.cli.test_scan_command import call
from web.cards import create_exam
from web.settings import load_settings
from web.wiring import open_services

EXAM = """
kaiyue: exam/1
id: e
title: 小考试
kind: mock
grade: 9
candidate_number: {digits: 4}
papers:
  - id: math
    title: 数学
    full_mark: 12
    card: {size: A4, sides: 1, columns: 1, number: bubbles}
    items: [{no: "13", kind: written, points: 12, height_mm: 20}]
    groups: [{id: g, title: 第13题, items: ["13"], mode: 2+adjudication, tolerance: 2}]
"""


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("KAIYUE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KAIYUE_LANG", "en")
    opened = open_services(load_settings())
    create_exam(opened, read_exam(EXAM.encode()))
    (tmp_path / "roster.csv").write_text("candidate,name,school,class\n0001,王一,一中,1班\n", encoding="utf-8")
    assert call("roster", "import", "e", str(tmp_path / "roster.csv")) == 0
    assert call("exam", "advance", "e", "roster_locked") == 0
    assert call("exam", "advance", "e", "math", "card_approved") == 0
    with opened.database.read() as session:
        exam_id = session.scalar(select(ExamRecord.id))
    for name in "abc":
        add_user(opened.database, name, Role.MARKER, exam_id=exam_id)
    return opened.database


def signatures(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(RuleSignature.name)))


def test_nobody_signs_the_rule_sheet_by_running_the_command(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("exam", "advance", "e", "math", "formal_marking") == 0
    assert "Nobody has signed the rule sheet for 第13题" in capsys.readouterr().err
    assert signatures(database) == []
    with database.write() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.PAPER_ADVANCED)).all()
        assert [event.detail.get("unsigned") for event in events] == [None, ["第13题"]]
        session.execute(update(PaperRecord).values(state=PaperState.CARD_APPROVED))
    assert call("exam", "advance", "e", "math", "formal_marking", "--signed-by", "王组长") == 0
    assert "王组长 has signed the rule sheet" in capsys.readouterr().out
    assert signatures(database) == ["王组长"]
    with database.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.RULES_SIGNED)).one()
        assert event.detail["signer"] == "王组长"
        assert event.actor not in ("", "王组长")
        assert session.scalar(select(PaperRecord.state)) is PaperState.FORMAL_MARKING


def test_a_signature_is_not_kept_where_the_step_is_blocked_by_something_else(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.write() as session:
        session.execute(update(ExamRecord).values(state=ExamState.DRAFT))
    assert call("exam", "advance", "e", "math", "formal_marking", "--signed-by", "王组长") == 3
    assert "the roster of the exam is not locked" in capsys.readouterr().err
    assert signatures(database) == []
    assert call("exam", "advance", "e", "math", "trial_marking", "--signed-by", "王组长") == 2
