"""The pages at work: setting up, deciding, errands, statistics, tables, the description of the API."""

import io
import threading
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select, update

from models.audit import AuditEvent
from models.columns import now
from models.exam import ExamRecord, PaperRecord
from models.job import Job
from models.people import Candidate, PaperEntry
from models.score import PaperScore
from models.sheet import PageImage, SheetException
from models.staff import Grant, User
from models.table import Table
from models.task import GroupScore, ImageView
from models.words import AuditVerb, ExceptionState, JobState, PageState, PaperState, Role
from tests.support.office import EXAM, Office
from tests.web.test_role_matrix import rules_of
from web.api.describe import description_of
from web.errands import FOLLOW, HANDLERS
from web.jobs import LEASE_S, Progress, Stopping, claim, enqueue, enqueue_again, run_one
from web.spreadsheet import as_xlsx

ROSTER = "candidate,name,school,class\n20260010,新生,东关中学,九1班\n"


def file_of(text: str, name: str = "表.csv"):
    return {"file": (io.BytesIO(text.encode("utf-8-sig")), name)}


def test_a_manager_creates_an_exam_and_manages_it(office: Office) -> None:
    manager = office.as_person("manager")
    answer = manager.send("POST", "/exams/new", data=file_of(EXAM.format(key="c", title="新考试"), "c.yaml"))
    assert answer.headers["Location"] == "/exams/c"
    assert manager.get("/exams/c").status_code == 200
    assert office.as_person("manager_b").get("/exams/c").status_code == 404
    pdf = manager.get("/exams/c/papers/math/card.pdf")
    assert pdf.data.startswith(b"%PDF")
    assert pdf.headers["Content-Disposition"].startswith("attachment")


def test_an_exam_file_with_faults_names_them_and_stores_nothing(office: Office) -> None:
    manager = office.as_person("manager")
    broken = EXAM.format(key="c", title="新考试").replace("full_mark: 22", "full_mark: 23")
    answer = manager.send("POST", "/exams/new", data=file_of(broken, "c.yaml"))
    assert answer.status_code == 422
    assert "papers[0]" in answer.text
    assert manager.get("/exams/c").status_code == 404


def test_a_roster_is_previewed_and_then_taken_in(office: Office) -> None:
    manager = office.as_person("manager")
    seen = manager.send("POST", "/exams/a/roster", data=file_of(ROSTER))
    assert seen.status_code == 200
    assert people(office) == 6
    taken = manager.send("POST", "/exams/a/roster", data={**file_of(ROSTER), "confirm": "1"})
    assert taken.status_code == 302
    assert people(office) == 7


def test_a_roster_with_faults_names_the_cells(office: Office) -> None:
    bad = "candidate,name,school,class\n2026001,短号,东关中学,九1班\n20260011,,东关中学,九1班\n"
    answer = office.as_person("manager").send("POST", "/exams/a/roster", data={**file_of(bad), "confirm": "1"})
    assert answer.status_code == 422
    assert "A2" in answer.text
    assert "B3" in answer.text
    assert people(office) == 6


def people(office: Office) -> int:
    with office.kept.database.read() as session:
        return len(session.scalars(select(Candidate.id).join(PaperEntry)).all())


def test_new_staff_get_passwords_that_work_once_and_no_power_beyond_the_exam(office: Office) -> None:
    manager = office.as_person("manager")
    table = "username,name,role\nmark01,李老师,marker\n"
    answer = manager.send("POST", "/exams/a/staff", data={**file_of(table), "confirm": "1"})
    assert answer.mimetype == "text/csv"
    password = answer.text.splitlines()[1].split(",")[2]
    body = {"username": "mark01", "password": password}
    assert office.client().post("/api/v1/session", json=body).status_code == 200
    refused = manager.send(
        "POST", "/exams/a/staff", data={**file_of("username,name,role\nboss,B,admin\n"), "confirm": "1"}
    )
    assert refused.status_code == 403
    with office.kept.database.read() as session:
        assert session.scalar(select(User).where(User.username == "boss")) is None


def test_fields_that_were_not_asked_for_change_nothing(office: Office) -> None:
    manager = office.as_person("manager")
    extra = {"user_id": office.ids["user admin"], "role": "admin", "active": "0", "password_hash": "x", "exam_id": "2"}
    manager.send("POST", "/exams/a/advance", data={"state": "roster_locked", **extra})
    manager.send("POST", "/language", data={"language": "en", **extra})
    with office.kept.database.read() as session:
        grants = session.scalars(select(Grant).where(Grant.user_id == office.ids["user manager"])).all()
        user = session.get_one(User, office.ids["user manager"])
    assert [(grant.role, grant.exam_id) for grant in grants] == [(Role.EXAM_MANAGER, office.ids["exam"])]
    assert (user.language, user.active) == ("en", True)
    assert user.password_hash.startswith("scrypt")


def test_a_blocked_state_says_what_blocks_it(office: Office) -> None:
    with office.kept.database.write() as session:
        session.execute(update(PaperRecord).where(PaperRecord.id == office.ids["paper"]).values(state="scanning"))
    answer = office.as_person("manager").send("POST", "/exams/a/papers/math/advance", data={"state": "composed"})
    assert answer.status_code == 409
    with office.kept.database.read() as session:
        assert session.get_one(PaperRecord, office.ids["paper"]).state is PaperState.SCANNING


def test_a_doubtful_answer_is_decided_beside_its_picture(office: Office) -> None:
    scanner = office.as_person("scanner")
    number = office.ids["exception"]
    page = scanner.get(f"/exceptions/{number}")
    assert "item%3A2" in page.text or "item:2" in page.text
    picture = scanner.get(f"/pages/{office.ids['page']}/fields/item:2")
    assert picture.data.startswith(b"\xff\xd8")
    wrong = scanner.send("POST", f"/exceptions/{number}/value", data={"value": "X"})
    assert wrong.status_code == 422
    right = scanner.send("POST", f"/exceptions/{number}/value", data={"value": " c"})
    assert right.status_code == 302
    with office.kept.database.read() as session:
        row = session.get_one(SheetException, number)
        events = session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.EXCEPTION_RESOLVED)).all()
        follows = session.scalars(select(Job.state).where(Job.kind == FOLLOW)).all()
    assert (row.state, row.resolution["value"], row.detail["value"]) == (ExceptionState.RESOLVED, "C", "B")
    assert [event.actor for event in events] == ["scanner"]
    assert follows == [JobState.QUEUED]


def test_the_wall_keeps_only_what_is_ticked(office: Office) -> None:
    scanner, number = office.as_person("scanner"), office.ids["exception"]
    address = "/exams/a/papers/math/doubtful"
    scanner.send("POST", address, data={f"value-{number}": "D"})
    with office.kept.database.read() as session:
        assert session.get_one(SheetException, number).state is ExceptionState.OPEN
    scanner.send("POST", address, data={f"value-{number}": "D", f"sure-{number}": "1"})
    with office.kept.database.read() as session:
        assert session.get_one(SheetException, number).resolution["value"] == "D"


def test_a_discarded_page_keeps_its_reason(office: Office) -> None:
    scanner = office.as_person("scanner")
    address = f"/exceptions/{office.ids['exception']}/discard"
    assert scanner.send("POST", address, data={"reason": "  "}).status_code == 422
    assert scanner.send("POST", address, data={"reason": "重扫"}).status_code == 302
    with office.kept.database.read() as session:
        page = session.get_one(PageImage, office.ids["page"])
    assert (page.state, page.discard_reason) == (PageState.DISCARDED, "重扫")


def test_every_picture_of_a_page_is_logged_before_it_is_sent(office: Office) -> None:
    scanner, student = office.as_person("scanner"), office.as_person("student_1")
    for kind in ("image", "preview", "fields/item:2"):
        assert scanner.get(f"/pages/{office.ids['page']}/{kind}").status_code == 200
    assert student.get("/my/results/a/math/sides/1").status_code == 200
    with office.kept.database.read() as session:
        views = session.execute(select(ImageView.user_id, ImageView.purpose).order_by(ImageView.id)).all()
    by_scanner = [(office.ids["user scanner"], purpose) for purpose in ("page", "preview", "field")]
    assert [tuple(view) for view in views] == [*by_scanner, (office.ids["user student_1"], "own sheet")]


def test_students_see_nothing_before_their_paper_is_composed(office: Office) -> None:
    student = office.as_person("student_1")
    assert "20260000" in student.get("/my/results/a/math").text
    with office.kept.database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.SUBJECT_SIGNED))
    assert "20260000" not in student.get("/my/results/a/math").text
    assert student.get("/my/results/a/math/sides/1").status_code == 404


def test_students_see_only_themselves(office: Office) -> None:
    page = office.as_person("student_2").get("/my/results/a/math").text
    assert "20260001" in page
    assert all(f"2026000{number}" not in page for number in (0, 2, 3, 4, 5))


def test_a_school_sees_its_own_candidates_and_not_the_others(office: Office) -> None:
    address = f"/statistics/a/math/schools/{office.ids['school_1']}/candidates.csv"
    table = office.as_person("school_1").get(address).text
    assert [line.split(",")[0] for line in table.splitlines()[1:]] == ["20260000", "20260002", "20260004"]
    page = office.as_person("school_1").get(address.removesuffix("/candidates.csv")).text
    assert "西关中学" not in page


def test_schools_see_nothing_before_the_paper_is_composed_and_the_office_sees_all(office: Office) -> None:
    address = f"/statistics/a/math/schools/{office.ids['school_1']}"
    tables = [f"{address}/{table}.csv" for table in ("candidates", "schools", "classes", "items")]
    school, manager = office.as_person("school_1"), office.as_person("manager")
    for state in PaperState:
        with office.kept.database.write() as session:
            session.execute(update(PaperRecord).values(state=state))
        composed = state is PaperState.COMPOSED
        page = school.get(address)
        assert page.status_code == 200
        assert ("20260000" in page.text) is ("<svg" in page.text) is composed
        assert ("成绩尚未公布" in page.text) is not composed
        assert [school.get(table).status_code for table in tables] == [200 if composed else 403] * 4
        assert "20260000" in manager.get(address).text
        assert [manager.get(table).status_code for table in tables] == [200] * 4


def test_a_scanner_operator_waits_for_the_approved_card_and_a_manager_approves_it_with_the_scans(
    office: Office,
) -> None:
    def state(wanted: PaperState) -> None:
        with office.kept.database.write() as session:
            session.execute(update(PaperRecord).where(PaperRecord.id == office.ids["paper"]).values(state=wanted))

    scanner, manager = office.as_person("scanner"), office.as_person("manager")
    address, page = "/api/v1/exams/a/papers/math/deliveries", "/exams/a/papers/math/batches"
    state(PaperState.DRAFT)
    refused = scanner.send("POST", address, json={"name": "1"})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "state.blocked")
    assert scanner.send("POST", page, data={"files": (io.BytesIO(b"x"), "1.jpg")}).status_code == 409
    assert "考务在考试页审定之后" in scanner.get(page).text
    assert "即以您的名义审定" in manager.get(page).text
    assert manager.send("POST", address, json={"name": "1"}).status_code == 200
    state(PaperState.CARD_APPROVED)
    assert scanner.send("POST", address, json={"name": "1"}).status_code == 200
    assert "答题卡还没有审定" not in scanner.get(page).text


def test_scans_go_through_a_delivery_and_an_errand(office: Office) -> None:
    manager = office.as_person("manager")
    start = manager.send("POST", "/api/v1/exams/a/papers/math/deliveries", json={"name": "第2考场"})
    token = start.json["delivery"]
    manager.send("POST", f"/api/v1/deliveries/{token}/files", data={"file": (io.BytesIO(b"no image"), "1.jpg")})
    job = manager.send("POST", f"/api/v1/deliveries/{token}/start").json["job"]
    assert manager.send("POST", f"/api/v1/deliveries/{token}/start").json["job"] == job
    with office.kept.database.write() as session:
        session.execute(update(Job).where(Job.id != job).values(state=JobState.DONE))
    assert run_one(office.kept, HANDLERS)
    first = manager.get(f"/api/v1/jobs/{job}")
    assert first.json["state"] == "done", first.json
    assert first.json["result"]["pages_in"] == 1
    assert first.json["result"]["waiting"] == 1
    again = manager.get(f"/api/v1/jobs/{job}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert not (office.kept.settings.data / "uploads" / token).exists()
    assert "第2考场" in manager.get("/exams/a/papers/math/batches").text


def test_an_errand_is_claimed_once_and_taken_over_when_its_worker_died(office: Office) -> None:
    with office.kept.database.write() as session:
        session.execute(update(Job).values(state=JobState.DONE))
        enqueue(session, "k", "k:1", {})
        assert enqueue(session, "k", "k:1", {}).key == "k:1"
    with office.kept.database.write() as session:
        first = claim(session, ("k",))
        assert claim(session, ("k",)) is None
        assert claim(session, ("other",)) is None
    assert first is not None
    with office.kept.database.write() as session:
        job = session.get_one(Job, first.id)
        assert job.lease_until is not None
        job.lease_until = job.lease_until.replace(year=job.lease_until.year - 1)
    with office.kept.database.write() as session:
        second = claim(session, ("k",))
    assert second is not None
    assert (second.id, second.attempts) == (first.id, 2)


@pytest.mark.parametrize(("attempts", "ends"), [(1, JobState.QUEUED), (3, JobState.FAILED)])
def test_an_errand_that_breaks_is_tried_three_times(office: Office, attempts: int, ends: JobState) -> None:
    def broken(_kept, _detail, _progress):
        raise ValueError("broken")

    with office.kept.database.write() as session:
        session.execute(update(Job).values(state=JobState.DONE))
        enqueue(session, "k", "k:1", {})
    for _ in range(attempts):
        run_one(office.kept, {"k": broken})
    with office.kept.database.read() as session:
        job = session.scalars(select(Job).where(Job.key == "k:1")).one()
    assert (job.state, job.error) == (ends, "ValueError")


def test_an_errand_that_is_stopped_waits_for_the_next_start(office: Office) -> None:
    stop = threading.Event()

    def works(_kept, _detail, progress: Progress):
        progress(1, 3)
        stop.set()
        with pytest.raises(Stopping):
            progress(2, 3)
        raise Stopping

    with office.kept.database.write() as session:
        session.execute(update(Job).values(state=JobState.DONE))
        enqueue(session, "k", "k:1", {})
    run_one(office.kept, {"k": works}, stop)
    with office.kept.database.read() as session:
        job = session.scalars(select(Job).where(Job.key == "k:1")).one()
    assert (job.state, job.attempts, job.lease_until) == (JobState.QUEUED, 0, None)
    assert LEASE_S > 60


def test_what_follows_a_decision_is_asked_for_again_while_it_runs(office: Office) -> None:
    with office.kept.database.write() as session:
        first = enqueue_again(session, "k", "k:1", {})
        assert enqueue_again(session, "k", "k:1", {}).id == first.id
        first.state = JobState.RUNNING
        session.flush()
        second = enqueue_again(session, "k", "k:1", {})
        assert second.id != first.id
        assert enqueue_again(session, "k", "k:1", {}).id == second.id
        first.state = JobState.DONE
        session.flush()
        assert enqueue_again(session, "k", "k:1", {}).id == first.id
        assert first.state is JobState.QUEUED


def test_statistics_show_tables_and_charts_with_words(office: Office) -> None:
    manager = office.as_person("manager")
    page = manager.get("/statistics/a/math").text
    assert page.count("<svg") == 3
    assert "<title>" in page.split("<svg", 1)[1]
    assert "东关中学" in page
    assert "style=" not in page
    book = manager.get("/statistics/a/math/schools.xlsx")
    rows = list(load_workbook(io.BytesIO(book.data)).active.values)
    assert [row[0] for row in rows[1:]] == ["东关中学", "西关中学"]
    assert manager.get("/statistics/a/math/secrets.csv").status_code == 404


def test_a_workbook_holds_text_as_text() -> None:
    book = load_workbook(io.BytesIO(as_xlsx(Table(("name", "n"), (("=1+1", 2), ("http://x", None))))))
    assert [[cell.value for cell in row] for row in book.active.rows] == [
        ["name", "n"],
        ["=1+1", 2],
        ["http://x", None],
    ]
    assert book.active["A2"].data_type == "s"


def test_the_description_names_every_route_of_the_api(office: Office) -> None:
    document = office.client().get("/api/v1/openapi.json").json
    described = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    routes = {
        (method, rule.replace("<int:", "{").replace("<", "{").replace(">", "}"))
        for method, rule in rules_of(office.app)
        if rule.startswith("/api/v1/")
    }
    assert described == routes
    assert all(
        description_of(office.app.view_functions[rule.endpoint])
        for rule in office.app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
    )


def test_the_language_stays_as_chosen(office: Office) -> None:
    visitor = office.as_person("manager")
    assert 'lang="zh-CN"' in visitor.get("/exams").text
    visitor.send("POST", "/language", data={"language": "en", "next": "/exams"})
    assert 'lang="en"' in visitor.get("/exams").text
    assert 'lang="en"' in office.as_person("manager").get("/exams").text
    assert visitor.send("POST", "/language", data={"language": "fr"}).status_code == 400


def test_the_status_page_shows_the_recorded_exception(office: Office, internet_office: Office) -> None:
    office.as_person("admin").send("POST", "/language", data={"language": "en"})
    assert "Recorded exception" in office.as_person("admin").get("/status").text
    admin = internet_office.as_person("admin")
    admin.client.set_cookie("__Host-kaiyue_session", admin.token, domain="kaiyue.example", secure=True)
    page = admin.client.get("/status", base_url="https://kaiyue.example")
    assert page.status_code == 200
    assert "KAIYUE_PROFILE=internet" not in page.text


def test_an_exams_page_asks_for_the_scores_of_marks_that_settled_since(office: Office) -> None:
    manager = office.as_person("manager")

    def asked() -> list[str]:
        with office.kept.database.read() as session:
            return list(session.scalars(select(Job.key).where(Job.kind == FOLLOW, Job.state == JobState.QUEUED)))

    with office.kept.database.write() as session:
        session.execute(update(Job).values(state=JobState.DONE))
        paper_id = session.execute(select(PaperRecord.id).join(ExamRecord).where(ExamRecord.key == "a")).scalar_one()
    manager.get("/exams/a")
    assert asked() == [f"{FOLLOW}:{paper_id}"]
    run_one(office.kept, HANDLERS)
    with office.kept.database.write() as session:
        session.execute(update(GroupScore).values(settled_at=now() - timedelta(minutes=10)))
    manager.get("/exams/a")
    assert asked() == []  # nothing has settled since
    with office.kept.database.write() as session:
        session.execute(update(GroupScore).values(settled_at=now()))
    manager.get("/exams/a")
    assert asked() == [f"{FOLLOW}:{paper_id}"]


def test_a_gate_counts_scores_as_they_follow_from_this_moments_marks(office: Office) -> None:
    with office.kept.database.write() as session:
        session.execute(update(PaperScore).values(total=None, subjective=None))  # as if nobody had composed them yet
    refused = office.as_person("manager").send("POST", "/exams/a/papers/math/advance", data={"state": "composed"})
    assert b"neither a total nor a status" not in refused.data
    with office.kept.database.read() as session:
        assert session.scalar(select(func.count()).select_from(PaperScore).where(PaperScore.total.is_not(None)))
