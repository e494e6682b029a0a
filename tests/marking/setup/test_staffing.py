"""Staff tables become accounts and grants, each once."""

import pytest

from marking.setup.exam_file import read_exam
from marking.setup.roster import import_roster, read_roster
from marking.setup.staffing import StaffRefused, StaffResult, import_staff, keep_hashes, read_staff
from marking.setup.states import AdvanceBlocked, advance_exam, advance_paper
from marking.setup.structure import find_exam, find_paper, store_exam
from models.card import Card
from models.database import Database
from models.staff import Grant, User
from models.words import ExamState, PaperState, Role
from tests.marking.setup.test_roster import EXAM, GOOD

TABLE = """username,name,school,role,paper,group
kaowu,考务,,exam_manager,,
wang,王老师,一中,marker,c,1
wang,王老师,一中,marker,m,
li,李老师,二中,题组长,C,
yizhong,一中教务,一中,school,,
0001,王䶮,一中,student,,
"""


def take_in(database: Database, table: str) -> StaffResult:
    read = read_staff(table.encode(), "staff.csv")
    with database.write() as session:
        return import_staff(session, find_exam(session, "t1"), read)


@pytest.fixture
def exam(database: Database) -> Database:
    with database.write() as session:
        stored = store_exam(session, read_exam(EXAM))
        import_roster(session, stored, read_roster(GOOD.encode(), "r", 4))
    return database


def test_accounts_and_grants_are_made_once(exam: Database) -> None:
    first = take_in(exam, TABLE)
    assert (first.accounts, first.grants, first.unchanged) == (5, 6, 0)
    assert len({each.password for each in first.credentials}) == 5
    again = take_in(exam, TABLE)
    assert (again.accounts, again.grants, again.unchanged, again.credentials) == (0, 0, 6, ())
    with exam.write() as session:
        keep_hashes(session, first.credentials, ["hash of " + each.password for each in first.credentials])
    with exam.read() as session:
        paper = find_paper(session, "t1", "c")
        user = session.query(User).filter_by(username="wang").one()
        assert user.password_hash == "hash of " + next(c.password for c in first.credentials if c.username == "wang")
        grants = {(g.role, g.paper_id, g.group_id) for g in session.query(Grant).filter(Grant.user_id == user.id).all()}
        assert (Role.MARKER, paper.id, paper.group_ids["1"]) in grants
        leader = session.query(Grant).filter(Grant.role == Role.LEADER).one()
        assert leader.paper_id == paper.id
        student = session.query(Grant).filter(Grant.role == Role.STUDENT).one()
        assert student.candidate_id is not None


def test_what_the_exam_does_not_have_is_named(exam: Database) -> None:
    with pytest.raises(StaffRefused) as caught:
        take_in(exam, "username,name,role,paper,group\na,甲,marker,physics,\nb,乙,marker,c,essay\n9999,丙,student,,\n")
    assert [each.place for each in caught.value.details["complaints"]] == ["D2", "E3", "A4"]
    with exam.read() as session:
        assert session.query(User).count() == 0


def test_every_fault_is_told_at_once_whether_the_table_or_the_exam_shows_it(exam: Database) -> None:
    table = "username,name,role,paper,group\n,甲,marker,,\nb,乙,king,,\nc,丙,marker,physics,1\nd,丁,marker,c,essay\n"
    with pytest.raises(StaffRefused) as caught:
        take_in(exam, table)
    # the group of row 4 is not judged: nobody knows in which paper to look for it
    assert [each.place for each in caught.value.details["complaints"]] == ["A2", "C3", "D4", "E5"]
    assert caught.value.details["count"] == 4


def test_a_username_of_somebody_else_is_refused_so_that_nobody_gets_rights_over_another_persons_result(
    exam: Database,
) -> None:
    """In another exam the same candidate number is another person's, whose account must not see this result."""
    take_in(exam, "username,name,role\n0001,王小明,student\n")
    with exam.write() as session:
        before = session.query(Grant).count()
    with pytest.raises(StaffRefused) as caught:
        take_in(exam, "username,name,role\n0001,王䶮,student\n")
    (complaint,) = caught.value.details["complaints"]
    assert (complaint.place, "王小明" in str(complaint)) == ("A2", True)
    with exam.read() as session:
        assert session.query(Grant).count() == before


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ("username,name,role\na b,甲,marker\n", "A2"),
        ("username,name,role\na,甲,king\n", "C2"),
        ("username,name,role\na,甲,marker\na,乙,marker\n", "A3"),
        ("username,name,role,school\na,甲,school,\n", "D2"),
        ("username,name,role\n,甲,marker\n", "A2"),
    ],
)
def test_faults_of_the_table_are_named_by_cell(table: str, place: str) -> None:
    assert place in [each.place for each in read_staff(table.encode(), "s.csv").complaints]


def test_a_paper_cannot_be_marked_before_it_has_card_candidates_and_markers(exam: Database) -> None:
    with pytest.raises(AdvanceBlocked) as caught, exam.write() as session:
        advance_paper(session, find_paper(session, "t1", "c").record, PaperState.FORMAL_MARKING)
    said = str(caught.value)
    assert "no answer card" in said
    assert "needs 1 more markers" in said
    take_in(exam, TABLE)
    with exam.write() as session:
        paper = find_paper(session, "t1", "c")
        session.add(Card(paper_id=paper.id, version=1, hash="0" * 64, sides=1, card_blob="0" * 64))
        session.flush()
        advance_exam(session, paper.exam, ExamState.ROSTER_LOCKED)
        advance_paper(session, paper.record, PaperState.FORMAL_MARKING)
    with exam.read() as session:
        assert find_paper(session, "t1", "c").record.state is PaperState.FORMAL_MARKING
    with pytest.raises(AdvanceBlocked, match="nobody knows yet"), exam.write() as session:
        advance_paper(session, find_paper(session, "t1", "c").record, PaperState.SUBJECT_SIGNED)
    with pytest.raises(AdvanceBlocked, match="already"), exam.write() as session:
        advance_paper(session, find_paper(session, "t1", "c").record, PaperState.SCANNING)
