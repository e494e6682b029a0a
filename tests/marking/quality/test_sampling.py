"""Back-reading: what each rule draws, and what agreeing and correcting do to scores, tasks and the log."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from marking.plan.errors import ReasonMissing
from marking.quality import sampling
from marking.quality.board import read_board
from marking.quality.sampling import CheckDone, SampleKind, SampleRefused, SampleRule
from marking.rounds.correct import OwnResponse, correct_response
from marking.rounds.errors import GroupClosed
from marking.rounds.policy import IllegalMark
from models.errors import NotFound
from models.exam import PaperRecord
from models.records import AuditEvent, GroupScore, Mark, MarkingTask, SampleCheck
from models.words import AuditVerb, CheckResult, MarkingMode, PaperState, ScoreSource, TaskState
from tests.support.marking_data import GroupPlan, MarkingData, make_marking_data, one_part
from tests.support.marking_work import AT, mark_next, scores, take, tasks_of

LATER = AT + timedelta(hours=1)


@pytest.fixture
def marked(database) -> MarkingData:
    """Eight responses of twelve points, marked once: m0 gave 0 3 6 9, m1 gave 12 5 6 7."""
    data = make_marking_data(database, one_part(), candidates=8, schools=1)
    for username, given in (("m0", ("0", "3", "6", "9")), ("m1", ("12", "5", "6", "7"))):
        for points in given:
            mark_next(data, data.seat(username), points)
    data.seat("l0", leads=True)
    data.seat("l1", leads=True)
    return data


def draw(data: MarkingData, rule: SampleRule, who: str = "l0") -> int:
    with data.database.write() as session:
        return sampling.draw_sample(session, data.group(), rule, actor_id=data.users[who], at=LATER)


def drawn_scores(data: MarkingData, sample_id: int) -> list[str]:
    with data.database.read() as session:
        rows = session.scalars(
            select(GroupScore.points)
            .join(SampleCheck, SampleCheck.entry_id == GroupScore.entry_id)
            .where(SampleCheck.sample_id == sample_id)
        )
        return sorted(str(points) for points in rows)


def entry_with(data: MarkingData, points: str) -> int:
    return next(entry for entry, (score, _) in scores(data).items() if score == points)


def correct(data: MarkingData, entry_id: int, points: str, who: str = "l0", reason: str = "漏看第二问"):
    with data.database.write() as session:
        return correct_response(
            session, data.group(), entry_id, {"13": points}, reason, actor_id=data.users[who], at=LATER
        )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (SampleRule(SampleKind.BAND, 10, Decimal(5), Decimal(7)), ["5", "6", "6", "7"]),
        (SampleRule(SampleKind.EXTREMES, 10), ["0", "12"]),
        (SampleRule(SampleKind.RANDOM, 100), ["0", "12", "3", "5", "6", "6", "7", "9"]),
    ],
)
def test_a_rule_draws_what_it_says(marked, rule, expected) -> None:
    assert drawn_scores(marked, draw(marked, rule)) == expected


def test_the_marks_of_one_marker_are_drawn(marked) -> None:
    rule = SampleRule(SampleKind.MARKER, 10, user_id=marked.users["m0"])
    assert drawn_scores(marked, draw(marked, rule)) == ["0", "3", "6", "9"]


def test_what_was_drawn_is_not_drawn_again_and_a_rule_that_fits_nothing_is_refused(marked) -> None:
    first = draw(marked, SampleRule(SampleKind.RANDOM, 5))
    second = draw(marked, SampleRule(SampleKind.RANDOM, 5))
    assert Counter(drawn_scores(marked, first) + drawn_scores(marked, second)) == Counter(
        ["0", "3", "6", "9", "12", "5", "6", "7"]
    )
    for rule in (
        SampleRule(SampleKind.RANDOM, 5),
        SampleRule(SampleKind.RANDOM, 0),
        SampleRule(SampleKind.BAND, 5, Decimal(7), Decimal(5)),
        SampleRule(SampleKind.MARKER, 5),
    ):
        with pytest.raises(SampleRefused):
            draw(marked, rule)


def test_a_leader_is_not_drawn_what_the_same_person_has_marked(marked) -> None:
    rule = SampleRule(SampleKind.RANDOM, 100)
    assert drawn_scores(marked, draw(marked, rule, "m0")) == ["12", "5", "6", "7"]


def test_reading_a_sample_to_its_end(marked) -> None:
    sample_id = draw(marked, SampleRule(SampleKind.EXTREMES, 10))
    leader = marked.users["l0"]
    for _ in range(2):
        with marked.database.write() as session:
            shown = sampling.next_of(session, marked.group(), sample_id)
            assert shown is not None
            assert [mark.points for mark in shown.marks] == [shown.score]
            assert len(shown.images) == 1
            if shown.score == 0:
                done = sampling.correct(
                    session, marked.group(), shown.check_id, {"13": "4"}, "写在背面", actor_id=leader, at=LATER
                )
                assert (done.before, done.after) == (0, 4)
            else:
                sampling.agree(session, marked.group(), shown.check_id, actor_id=leader, at=LATER)
    with marked.database.write() as session:
        assert sampling.next_of(session, marked.group(), sample_id) is None
        (line,) = sampling.samples_of(session, marked.group().id)
        assert dict(line.results) == {CheckResult.AGREED: 1, CheckResult.CORRECTED: 1}
        check_id = session.scalars(select(SampleCheck.id).where(SampleCheck.sample_id == sample_id)).first()
        with pytest.raises(CheckDone):
            sampling.agree(session, marked.group(), check_id, actor_id=leader, at=LATER)
        with pytest.raises(NotFound):
            sampling.next_of(session, marked.group(), 987654)
    verbs = [AuditVerb.SAMPLE_DRAWN, AuditVerb.SAMPLE_CHECKED, AuditVerb.MARK_CORRECTED]
    with marked.database.read() as session:
        events = Counter(session.scalars(select(AuditEvent.verb).where(AuditEvent.verb.in_(verbs))))
    assert events == {AuditVerb.SAMPLE_DRAWN: 1, AuditVerb.SAMPLE_CHECKED: 2, AuditVerb.MARK_CORRECTED: 1}


def test_a_correction_is_added_and_the_mark_before_stays(marked) -> None:
    entry_id = entry_with(marked, "3")
    done = correct(marked, entry_id, "8")
    assert (done.before, done.after) == (3, 8)
    assert scores(marked)[entry_id] == ("8", ScoreSource.CORRECTED)
    with marked.database.read() as session:
        given = session.execute(
            select(MarkingTask.round, Mark.points, Mark.marker_id, Mark.reason)
            .join(Mark, Mark.task_id == MarkingTask.id)
            .where(MarkingTask.entry_id == entry_id)
            .order_by(MarkingTask.round)
        ).all()
        event = session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.MARK_CORRECTED)).one()
    assert [(round_, str(points)) for round_, points, _, _ in given] == [(1, "3"), (2, "8")]
    assert given[1].marker_id == marked.users["l0"]
    assert given[1].reason == "漏看第二问"
    assert (event.detail["before"], event.detail["after"], event.detail["reason"]) == ("3", "8", "漏看第二问")


def test_correcting_again_adds_a_revision_and_another_leader_has_the_last_word(marked) -> None:
    entry_id = entry_with(marked, "3")
    correct(marked, entry_id, "8")
    correct(marked, entry_id, "7")
    assert scores(marked)[entry_id] == ("7", ScoreSource.CORRECTED)
    correct(marked, entry_id, "9", "l1")
    assert scores(marked)[entry_id] == ("9", ScoreSource.CORRECTED)
    with marked.database.read() as session:
        marks = session.scalars(select(Mark.points).join(MarkingTask, MarkingTask.id == Mark.task_id).where(
            MarkingTask.entry_id == entry_id)).all()  # fmt: skip
    assert sorted(str(points) for points in marks) == ["3", "7", "8", "9"]


def test_a_correction_needs_a_reason_legal_points_an_open_group_and_somebody_else(marked) -> None:
    entry_id = entry_with(marked, "3")
    with pytest.raises(ReasonMissing):
        correct(marked, entry_id, "8", reason="  ")
    with pytest.raises(IllegalMark):
        correct(marked, entry_id, "13")
    with pytest.raises(OwnResponse):
        correct(marked, entry_id, "8", "m0")
    with pytest.raises(NotFound), marked.database.write() as session:
        correct_response(session, marked.group(), 987654, {"13": "1"}, "x", actor_id=marked.users["l0"], at=LATER)
    with marked.database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.SUBJECT_SIGNED))
    with pytest.raises(GroupClosed):
        correct(marked, entry_id, "8")
    assert scores(marked)[entry_id] == ("3", ScoreSource.SINGLE)


def test_a_correction_ends_a_dispute_and_takes_the_open_third_mark_back(database) -> None:
    data = make_marking_data(database, one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance="1"), candidates=1, schools=1)
    one, other = data.seat("m0"), data.seat("m1")
    data.seat("l0", leads=True)
    mark_next(data, one, "2")
    mark_next(data, other, "8")
    correct(data, data.entries[0], "6")
    assert scores(data)[data.entries[0]] == ("6", ScoreSource.CORRECTED)
    assert {task.round: task.state for task in tasks_of(data)} == {
        1: TaskState.DONE, 2: TaskState.DONE, 3: TaskState.WITHDRAWN, 4: TaskState.DONE,
    }  # fmt: skip
    assert take(data, data.seat("m2")) == []
    with database.read() as session:
        board = read_board(session, data.group(), LATER)
    assert board.rates.by_source == {"corrected": 1}
    assert [line.who.username for line in board.markers if line.done] == ["m0", "m1"]


def test_parts_are_corrected_part_by_part(database) -> None:
    data = make_marking_data(database, GroupPlan(), candidates=1, schools=1)
    data.seat("l0", leads=True)
    with database.write() as session:
        done = correct_response(
            session, data.group(), data.entries[0], {"16(1)": "1", "16(2)": "3"}, "补评", actor_id=data.users["l0"],
            at=LATER,
        )  # fmt: skip
    assert (done.before, done.after) == (None, 4)
    with database.read() as session:
        stored = session.scalars(select(GroupScore)).one()
    assert stored.parts == {"16(1)": "1", "16(2)": "3"}
