"""Formal marking waits for signatures on the rule sheet as it stands, and for people who may mark."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, update

from marking.plan.change import change_plan, plan_of
from marking.plan.people import relax_exclusion
from marking.plan.rule_sheet import rule_sheet, sign
from marking.setup.states import (
    AdvanceBlocked,
    advance_paper,
    begin_scanning,
    check_scanning,
    paper_warnings,
    sign_at_the_desk,
)
from models.database import Database
from models.records import AuditEvent, Card, ExamRecord, PaperRecord, RuleSignature
from models.words import AuditVerb, ExamState, MarkingMode, PaperState
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.marking_work import AT


def scanning(database: Database, **plan: object) -> MarkingData:
    data = make_marking_data(database, one_part("13", **plan), one_part("14"), candidates=4, schools=2)
    data.seat("l0", leads=True)
    with database.write() as session:
        session.execute(update(ExamRecord).values(state=ExamState.ROSTER_LOCKED))
        session.execute(update(PaperRecord).values(state=PaperState.SCANNING))
        session.add(Card(paper_id=data.paper_id, version=1, sides=1, hash="0" * 64, card_blob="0" * 64))
    return data


def advance(data: MarkingData, target: PaperState) -> str:
    """What stands in the way; empty when the paper has advanced."""
    with data.database.write() as session:
        try:
            advance_paper(session, session.get_one(PaperRecord, data.paper_id), target)
        except AdvanceBlocked as err:
            return str(err.details["complaints"])
    return ""


def test_formal_marking_waits_for_the_signature_of_every_group_whose_marks_settle(database: Database) -> None:
    data = scanning(database, mode=MarkingMode.DOUBLE, tolerance="2")
    for name in "abc":
        data.seat(name)
    assert "the rule sheet is not signed for 第13题" in advance(data, PaperState.FORMAL_MARKING)
    assert advance(data, PaperState.TRIAL_MARKING) == ""
    with database.write() as session:
        sheet = rule_sheet(session, data.paper_id)
        assert [group.key for group in sheet.unsigned] == ["13"]  # one marker and no tolerance: nothing to agree on
        sign(session, sheet, [data.groups["14"]], name="别组组长")
    assert advance(data, PaperState.FORMAL_MARKING)
    with database.write() as session:
        sign(session, rule_sheet(session, data.paper_id), [data.groups["13"]], name="组长")
        change_plan(
            session, data.groups["13"], replace(plan_of(data.group("13")), double_percent=0, seed_every=7),
            actor_id=data.users["l0"], at=AT,
        )  # fmt: skip
        assert rule_sheet(session, data.paper_id).unsigned == ()  # how marking is watched is no rule of the scores
    assert advance(data, PaperState.FORMAL_MARKING) == ""


def test_a_changed_rule_needs_a_new_signature(database: Database) -> None:
    data = scanning(database, mode=MarkingMode.DOUBLE, tolerance="2")
    with database.write() as session:
        first = rule_sheet(session, data.paper_id)
        sign(session, first, [data.groups["13"]], name="组长")
        change_plan(
            session, data.groups["14"], replace(plan_of(data.group("14")), mode=MarkingMode.LEADER),
            actor_id=data.users["l0"], at=AT,
        )  # fmt: skip
        second = rule_sheet(session, data.paper_id)
    assert second.sha != first.sha
    assert {group.key for group in second.unsigned} == {"13", "14"}


def test_the_command_line_writes_down_who_signed_the_printed_sheet_and_who_says_so(database: Database) -> None:
    data = scanning(database, mode=MarkingMode.DOUBLE, tolerance="2")
    for name in "abc":
        data.seat(name)
    with database.write() as session:
        paper = session.get_one(PaperRecord, data.paper_id)
        sha = sign_at_the_desk(session, paper, name="王组长", actor="root")
        assert sign_at_the_desk(session, paper, name="王组长", actor="root") == ""
        signature = session.query(RuleSignature).one()
        assert (signature.sha, signature.name, signature.user_id) == (sha, "王组长", None)
        event = session.query(AuditEvent).filter_by(verb=AuditVerb.RULES_SIGNED).one()
        assert (event.actor, event.detail["signer"]) == ("root", "王组长")
    assert advance(data, PaperState.FORMAL_MARKING) == ""


def test_formal_marking_waits_for_a_locked_roster(database: Database) -> None:
    data = scanning(database)
    data.seat("a")
    with database.write() as session:
        session.execute(update(ExamRecord).values(state=ExamState.DRAFT))
    assert advance(data, PaperState.TRIAL_MARKING) == ""
    assert "the roster of the exam is not locked" in advance(data, PaperState.FORMAL_MARKING)
    with database.write() as session:
        session.execute(update(ExamRecord).values(state=ExamState.ROSTER_LOCKED))
    assert advance(data, PaperState.FORMAL_MARKING) == ""
    with database.write() as session:  # for a late candidate it may be opened again
        session.execute(update(ExamRecord).values(state=ExamState.DRAFT))
    assert "roster" not in advance(data, PaperState.SUBJECT_SIGNED)


def test_scanning_waits_for_an_approved_card_unless_whoever_brings_the_scans_approves_it(database: Database) -> None:
    data = scanning(database)
    with database.write() as session:
        paper = session.get_one(PaperRecord, data.paper_id)
        paper.state = PaperState.DRAFT
        with pytest.raises(AdvanceBlocked, match="its answer card is not approved"):
            check_scanning(session, paper, approves=False)
        check_scanning(session, paper, approves=True)
        assert begin_scanning(session, paper, actor="赵扫描")
        steps = [
            (event.actor, event.detail["before"], event.detail["after"])
            for event in session.query(AuditEvent).filter_by(verb=AuditVerb.PAPER_ADVANCED)
        ]
        assert steps == [("赵扫描", "draft", "card_approved"), ("赵扫描", "card_approved", "scanning")]
        assert not begin_scanning(session, paper, actor="赵扫描")
        check_scanning(session, paper, approves=False)
        paper.state = PaperState.CARD_APPROVED
        check_scanning(session, paper, approves=False)
        session.execute(delete(Card))
        with pytest.raises(AdvanceBlocked, match="no answer card"):
            check_scanning(session, paper, approves=True)


def test_responses_that_only_their_own_teachers_could_mark_are_named_before_opening(database: Database) -> None:
    data = scanning(database)
    data.seat("a", school=0)

    def warned() -> str:
        with database.read() as session:
            paper = session.get_one(PaperRecord, data.paper_id)
            assert not paper_warnings(session, paper, PaperState.SUBJECT_SIGNED)
            return str(paper_warnings(session, paper, PaperState.TRIAL_MARKING))

    assert warned().count("nobody may give mark 1") == 2  # both groups, for the school of the only marker
    with database.write() as session:
        for key in ("13", "14"):
            relax_exclusion(session, data.group(key), [data.schools[0]], "一人评卷", actor_id=data.users["l0"])
    assert warned() == ""


@pytest.mark.parametrize("words", [{"mode": MarkingMode.DOUBLE, "tolerance": "2"}])
def test_the_same_rules_make_the_same_sheet_on_both_databases(database: Database, words: dict[str, object]) -> None:
    data = scanning(database, **words)
    with database.read() as session:
        sheet = rule_sheet(session, data.paper_id)
    document = {**sheet.document, "exam": "e"}
    assert document["groups"][0] == {
        "id": "13", "title": "第13题", "full_mark": "12", "parts": [{"id": "13", "points": "12", "step": "1"}],
        "mode": "2+adjudication", "tolerance": "2", "boundary": "inclusive", "compare": "total", "double_percent": 0,
    }  # fmt: skip
    assert len(sheet.sha) == 64
