"""What an exam office meets first: an exam from a file, its roster, cards to print, lists to work through."""

import io
import re

import pikepdf
from openpyxl import load_workbook
from sqlalchemy import delete, select, update

from marking.setup.exam_file import read_exam
from marking.setup.roster import HEADINGS as ROSTER_HEADINGS
from marking.setup.roster import read_roster
from marking.setup.staffing import HEADINGS as STAFF_HEADINGS
from models.audit import AuditEvent
from models.exam import ExamRecord, PaperRecord
from models.job import Job
from models.people import Candidate, PaperEntry
from models.sheet import Batch, PageImage, PageReadingRecord, Placement, Sheet, SheetException
from models.words import ExamState, ExceptionCode, ExceptionState, PageState, PaperState, ReadingStatus
from scanning.cards.builder import build_card
from tests.support.office import Office
from tests.web.test_work import ROSTER, file_of
from web.errands import HANDLERS
from web.jobs import run_one
from web.uploads import delivery_folder, new_delivery


def table(data: bytes) -> list[tuple[object, ...]]:
    return list(load_workbook(io.BytesIO(data)).active.values)


def test_the_example_of_an_exam_file_is_accepted_and_fits_its_card(office: Office) -> None:
    page = office.as_person("manager").get("/exams/new").text
    found = re.search(r'href="([^"]+exam\.yaml[^"]*)"', page)
    assert found is not None
    with office.client().get(found[1]) as answer:
        exam = read_exam(answer.data)
    assert [len(build_card(paper, exam_title=exam.title).template.pages) for paper in exam.papers] == [2]


def test_empty_tables_have_the_headings_that_the_import_knows(office: Office) -> None:
    manager = office.as_person("manager")
    for which, headings in (("roster", ROSTER_HEADINGS), ("staff", STAFF_HEADINGS)):
        [row] = table(manager.get(f"/exams/a/empty/{which}.xlsx").data)
        assert row == tuple(others[0] for others in headings.values())
    assert manager.get("/exams/a/empty/passwords.xlsx").status_code == 404


def test_a_number_typed_into_the_empty_roster_keeps_its_zeros(office: Office) -> None:
    book = load_workbook(io.BytesIO(office.as_person("manager").get("/exams/a/empty/roster.xlsx").data))
    sheet = book.active
    # what a spreadsheet does with digits typed into a cell of a column whose format is text
    typed = "00000012" if sheet.column_dimensions["A"].number_format == "@" else 12
    sheet.append([typed, "张三", "东关中学", "九1班"])
    out = io.BytesIO()
    book.save(out)
    assert [line.number for line in read_roster(out.getvalue(), "名册.xlsx", 8).lines] == ["00000012"]


def test_cards_of_one_school_are_printed_for_its_candidates_only(office: Office) -> None:
    manager = office.as_person("manager")
    assert "东关中学" in manager.get("/exams/a").text
    answer = manager.get(f"/exams/a/papers/math/schools/{office.ids['school_1']}/cards.pdf")
    sides = len(pikepdf.open(io.BytesIO(manager.get("/exams/a/papers/math/card.pdf").data)).pages)
    assert len(pikepdf.open(io.BytesIO(answer.data)).pages) == 3 * sides
    with office.kept.database.read() as session:
        told = session.scalars(select(AuditEvent).where(AuditEvent.verb == "exported")).all()
    assert [(event.actor, event.detail["what"]) for event in told] == [("manager", "cards")]
    assert manager.get("/exams/a/papers/math/schools/999/cards.pdf").status_code == 404


def test_names_that_no_font_here_can_print_are_told_on_the_next_page_once(office: Office) -> None:
    manager = office.as_person("manager")
    cards = f"/exams/a/papers/math/schools/{office.ids['school_1']}/cards.pdf"
    manager.get(cards)
    assert "〓" not in manager.get("/exams/a").text
    with office.kept.database.write() as session:
        session.execute(update(Candidate).where(Candidate.number == "20260002").values(name="张\U0002cb4a"))
    assert manager.get(cards).data.startswith(b"%PDF")
    page = manager.get("/exams/a").text
    assert "〓 代表本机字体中没有的字" in page
    assert "20260002 张\U0002cb4a: \U0002cb4a (U+2CB4A)" in page
    assert "20260000" not in page
    assert "〓" not in manager.get("/exams/a").text


def test_a_notice_of_very_many_names_still_fits_into_a_cookie(office: Office) -> None:
    manager = office.as_person("manager")
    with office.kept.database.write() as session:
        school = office.ids["school_1"]
        first = session.scalars(select(Candidate).where(Candidate.school_id == school).limit(1)).one()
        for number in range(300):
            candidate = Candidate(
                exam_id=first.exam_id, number=f"2027{number:04}", name="张\U0002cb4a", school_id=school,
                class_id=first.class_id,
            )  # fmt: skip
            session.add(candidate)
            session.flush()
            session.add(PaperEntry(paper_id=office.ids["paper"], candidate_id=candidate.id))
    answer = manager.get(f"/exams/a/papers/math/schools/{school}/cards.pdf")
    assert max(len(cookie) for cookie in answer.headers.getlist("Set-Cookie")) < 4096
    page = manager.get("/exams/a").text
    assert "20270000 张" in page
    assert "… (300)" in page


def test_a_roster_that_brings_the_candidate_of_a_waiting_page_places_it_and_says_so(office: Office) -> None:
    waiting_for(office, "20260010")
    manager = office.as_person("manager")
    notice = "1 张因考号不在名册而待处理的页图已找到考生。"
    stranger = ROSTER.replace("20260010", "20260011")
    manager.send("POST", "/exams/a/roster", data={**file_of(stranger), "confirm": "1"})
    assert notice not in manager.get("/exams/a").text
    manager.send("POST", "/exams/a/roster", data=file_of(ROSTER))
    assert page_of(office) == (PageState.WAITING, None)  # only looked at so far
    manager.send("POST", "/exams/a/roster", data={**file_of(ROSTER), "confirm": "1"})
    assert notice in manager.get("/exams/a").text
    assert page_of(office) == (PageState.PLACED, "20260010")


def waiting_for(office: Office, number: str) -> None:
    """Let the scanned page of the office wait because this number, which it carries, is on no roster."""
    with office.kept.database.write() as session:
        page = session.get_one(PageImage, office.ids["page"])
        session.execute(delete(Placement).where(Placement.page_image_id == page.id))
        session.execute(delete(Sheet).where(Sheet.entry_id == page.entry_id))
        page.state, page.entry_id, page.claimed_by = PageState.WAITING, None, ""
        page.number_read, page.number_status = number, ReadingStatus.OK.value
        kept = session.scalars(select(PageReadingRecord).where(PageReadingRecord.page_image_id == page.id)).one()
        reading = {**kept.reading, "candidate": {**kept.reading["candidate"], "value": number}}
        session.add(
            PageReadingRecord(page_image_id=page.id, card_id=kept.card_id, reader="test again", reading=reading)
        )
        session.add(
            SheetException(
                paper_id=page.paper_id, batch_id=page.batch_id, page_image_id=page.id, subject=f"page:{page.id}",
                code=ExceptionCode.NUMBER_UNKNOWN, detail={}, resolution={},
            )
        )  # fmt: skip


def page_of(office: Office) -> tuple[PageState, str | None]:
    """How the scanned page of the office stands, and the number of the candidate whose it is."""
    with office.kept.database.read() as session:
        page = session.get_one(PageImage, office.ids["page"])
        number = select(Candidate.number).join(PaperEntry, PaperEntry.candidate_id == Candidate.id)
        return page.state, session.scalar(number.where(PaperEntry.id == page.entry_id))


def test_who_is_missing_and_what_is_open_can_be_carried_away(office: Office) -> None:
    scanner = office.as_person("scanner")
    rows = table(scanner.get("/exams/a/papers/math/missing.xlsx").data)
    assert rows[0][:4] == ("考号", "姓名", "学校", "班级")
    assert ("20260002", "考生2", "东关中学", "九1班") in [row[:4] for row in rows[1:]]
    rows = table(scanner.get("/exams/a/papers/math/exceptions.xlsx").data)
    assert len(rows) == 2
    assert scanner.get("/exams/a/papers/math/exceptions.pdf").status_code == 404


def test_what_cannot_be_taken_back_is_asked_for_twice(office: Office) -> None:
    manager = office.as_person("manager")
    with office.kept.database.write() as session:
        session.execute(update(ExamRecord).values(state=ExamState.ROSTER_LOCKED))
        session.execute(update(PaperRecord).values(state=PaperState.SUBJECT_SIGNED))
        session.execute(update(SheetException).values(state=ExceptionState.RESOLVED))
    page = manager.get("/exams/a").text
    form = page[page.index("/exams/a/papers/math/advance") :]
    form = form[: form.index("</form>")]
    assert "required" in form
    assert "不能退回" in form
    with office.kept.database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.DRAFT))
    page = manager.get("/exams/a").text
    assert "不能退回" not in page


def test_a_locked_roster_can_be_unlocked_where_it_was_locked(office: Office) -> None:
    manager = office.as_person("manager")
    with office.kept.database.write() as session:
        session.execute(update(ExamRecord).values(state=ExamState.ROSTER_LOCKED))
    page = manager.get("/exams/a").text
    assert "/exams/a/roster" not in page
    assert 'name="state" value="draft"' in page
    assert manager.send("POST", "/exams/a/advance", data={"state": "draft"}).status_code == 302
    assert "/exams/a/roster" in manager.get("/exams/a").text


def test_an_exam_without_candidates_says_what_to_do_instead_of_counting_nobody(office: Office) -> None:
    with office.kept.database.write() as session:
        other = session.scalars(select(PaperRecord).join(ExamRecord).where(ExamRecord.key == "b")).one()
        session.execute(delete(PaperEntry).where(PaperEntry.paper_id == other.id))
    page = office.as_person("manager_b").get("/exams/b").text
    assert "还没有考生名册" in page
    assert "每名考生都有着落" not in page


def test_a_delivery_without_a_name_is_named_for_its_moment(office: Office) -> None:
    settings = office.kept.settings
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d-\d\d-\d\d", delivery_folder(settings, new_delivery(settings, " ")).name)
    assert delivery_folder(settings, new_delivery(settings, "第3考场")).name == "第3考场"


def test_the_way_back_from_a_delivery_and_from_a_page_names_where_it_leads(office: Office) -> None:
    scanner = office.as_person("scanner")
    assert "/exams/a/papers/math/batches" in scanner.get(f"/jobs/{office.ids['job']}").text
    with office.kept.database.write() as session:
        page = session.get_one(PageImage, office.ids["page"])
        session.execute(update(Batch).where(Batch.id == page.batch_id).values(name="第12考场"))
    assert "批次：第12考场" in scanner.get(f"/pages/{office.ids['page']}").text


def test_whoever_is_sent_to_the_login_is_told_why(office: Office) -> None:
    client = office.client()
    answer = client.get("/exams/a")
    assert "登录后将进入您要打开的页面" in client.get(answer.headers["Location"]).text
    assert "登录后将进入您要打开的页面" not in client.get("/login").text


def test_the_whole_paper_can_be_exported_and_the_export_is_told(office: Office) -> None:
    manager = office.as_person("manager")
    rows = table(manager.get("/statistics/a/math/scores.xlsx").data)
    assert rows[0][:4] == ("candidate", "school", "class", "status")
    assert len(rows) == 7
    school = office.as_person("school_1")
    address = f"/statistics/a/math/schools/{office.ids['school_1']}"
    assert {row[1] for row in table(school.get(f"{address}/scores.xlsx").data)[1:]} == {"东关中学"}
    assert school.get(f"{address}/responses.xlsx").status_code == 404
    with office.kept.database.read() as session:
        told = session.scalars(select(AuditEvent).where(AuditEvent.verb == "exported").order_by(AuditEvent.id)).all()
    assert [(event.actor, event.detail["what"]) for event in told] == [("manager", "scores"), ("school_1", "scores")]


def test_the_items_file_tells_how_many_chose_each_option(office: Office) -> None:
    rows = table(office.as_person("manager").get("/statistics/a/math/items.xlsx").data)
    assert {"A", "B", "C", "D", "空白"} <= set(rows[0])
    [item] = [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if row[0] == "1"]
    assert sum(item[letter] or 0 for letter in "ABCD") + (item["空白"] or 0) + (item.get("多涂") or 0) <= 6


def test_a_delivery_says_what_was_no_scan_and_what_had_come_before(office: Office) -> None:
    manager = office.as_person("manager")
    with office.kept.database.write() as session:
        session.execute(delete(Job))  # the office's own job has nothing to carry

    def deliver(*files: tuple[bytes, str]) -> str:
        token = manager.send("POST", "/api/v1/exams/a/papers/math/deliveries", json={"name": "第2考场"}).json[
            "delivery"
        ]
        for data, name in files:
            sent = {"file": (io.BytesIO(data), name)}
            assert manager.send("POST", f"/api/v1/deliveries/{token}/files", data=sent).status_code == 200
        job = manager.send("POST", f"/api/v1/deliveries/{token}/start").json["job"]
        assert run_one(office.kept, HANDLERS)
        return manager.get(f"/jobs/{job}").text

    page = deliver((b"no image", "1.jpg"), (b"PK a letter", "说明.docx"))
    assert "不是扫描件，已略过：说明.docx" in page
    assert "查看批次" in page
    again = deliver((b"no image", "1.jpg"))
    assert "本次没有新内容" in again
    assert "已略过" not in again
    assert "导入页图" not in again  # those are the counts of the batch that it came in with
