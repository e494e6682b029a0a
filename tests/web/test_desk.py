"""The exceptions desk: what it advises, proposes and keeps, and who is missing without a sheet."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select, update

from models.people import Candidate, PaperEntry
from models.sheet import PageImage, SheetException
from models.words import EntryStatus, ExceptionCode, ExceptionState, Lang, PageState
from tests.support.office import Office
from web.exception_advice import best_guess, exception_advice, page_detail
from web.exceptions_view import next_open
from web.i18n import current_language, set_language


@contextmanager
def use_language(language: Lang) -> Iterator[None]:
    before = current_language()
    set_language(language)
    try:
        yield
    finally:
        set_language(before)


def open_exception(office: Office, code: ExceptionCode, field: str = "", **detail: object) -> int:
    with office.kept.database.write() as session:
        row = SheetException(
            paper_id=office.ids["paper"], batch_id=office.ids["batch"], page_image_id=office.ids["page"],
            subject=f"page:{office.ids['page']}/{field or code.value}", field=field, code=code, detail=detail,
            resolution={},
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def number_not_read(office: Office, read: str) -> int:
    """A page that waits because nobody knows whose it is; candidate 6 has no sheet and no status."""
    with office.kept.database.write() as session:
        session.execute(
            update(PageImage)
            .where(PageImage.id == office.ids["page"])
            .values(number_read=read, entry_id=None, claimed_by="", state=PageState.WAITING)
        )
        session.execute(update(PaperEntry).where(PaperEntry.id == missing_entry(office)).values(status=None))
    return open_exception(office, ExceptionCode.NUMBER_MULTIPLE)


def missing_entry(office: Office) -> int:
    with office.kept.database.read() as session:
        return session.scalars(
            select(PaperEntry.id)
            .join(Candidate, Candidate.id == PaperEntry.candidate_id)
            .where(Candidate.number == "20260005")
        ).one()


@pytest.mark.parametrize("language", list(Lang))
def test_every_kind_of_exception_says_what_to_do(language: Lang) -> None:
    with use_language(language):
        advice = {code: exception_advice(code) for code in ExceptionCode}
    assert len(set(advice.values())) == len(ExceptionCode)
    if language is Lang.ZH:
        assert not [text for text in advice.values() if re.search("[a-z]{3}", text)]


def test_the_detail_of_a_refused_page_is_said_in_the_readers_language() -> None:
    with use_language(Lang.ZH):
        assert page_detail("side 2 of another card") == "另一种答题卡的第 2 面"
        assert page_detail("version 3") == "版本 3"
    with use_language(Lang.EN):
        assert page_detail("side 2 of another card") == "side 2 of another card"


def test_the_best_guess_is_what_was_read_or_what_the_rule_would_count() -> None:
    assert best_guess({"value": "AB"}) == "AB"
    assert best_guess({"proposal": ["23", "24"], "note": "undecided"}) == "23+24"
    assert best_guess({}) == ""


def test_a_refused_number_stays_in_its_field(office: Office) -> None:
    number = number_not_read(office, "2026?00?")
    answer = office.as_person("scanner").send("POST", f"/exceptions/{number}/number", data={"number": "99999999"})
    assert answer.status_code == 422
    assert re.search(r'<input name="number"[^>]*value="99999999"', answer.text)


def test_a_number_that_is_hard_to_read_is_compared_with_those_who_are_missing(office: Office) -> None:
    scanner = office.as_person("scanner")
    number = number_not_read(office, "??260005")
    assert re.findall(r'<button name="number" value="(\d+)"', scanner.get(f"/exceptions/{number}").text) == ["20260005"]
    with office.kept.database.write() as session:  # three digits that differ say nothing
        session.execute(update(PageImage).where(PageImage.id == office.ids["page"]).values(number_read="???60005"))
    assert re.findall(r'<button name="number" value="(\d+)"', scanner.get(f"/exceptions/{number}").text) == []


def test_after_the_last_one_of_a_kind_comes_the_next_kind(office: Office) -> None:
    first = open_exception(office, ExceptionCode.NUMBER_MISSING)
    third = open_exception(office, ExceptionCode.OUTSIDE_FRAME)
    second = open_exception(office, ExceptionCode.UNREGISTERED)
    doubtful = office.ids["exception"]  # E12
    with office.kept.database.write() as session:
        order = [first]
        while (following := next_open(session, session.get_one(SheetException, order[-1]))) is not None:
            order.append(following)
            session.get_one(SheetException, order[-2]).state = ExceptionState.RESOLVED
            session.flush()
    assert order == [first, second, doubtful, third]


def test_the_wall_shows_choices_beside_answers(office: Office) -> None:
    open_exception(office, ExceptionCode.CHOICE_DOUBTFUL, "choose:选做", proposal=["4"], note="undecided")
    page = office.as_person("scanner").get("/exams/a/papers/math/doubtful").text
    assert re.findall(r'name="value-\d+" value="(\w*)"', page) == ["B", "4"]


def test_somebody_without_a_sheet_is_explained_with_a_reason(office: Office) -> None:
    scanner, entry = office.as_person("scanner"), missing_entry(office)
    with office.kept.database.write() as session:
        session.execute(update(PaperEntry).where(PaperEntry.id == entry).values(status=None))
    address, listed = f"/exams/a/papers/math/missing/{entry}", "/exams/a/papers/math/batches"
    assert "20260005" in scanner.get(listed).text
    assert scanner.send("POST", address, data={"status": "absent", "reason": " "}).status_code == 422
    assert scanner.send("POST", address, data={"status": "present", "reason": "x"}).status_code == 400
    assert scanner.send("POST", address, data={"status": "absent", "reason": "考场记录"}).status_code == 302
    with office.kept.database.read() as session:
        stored = session.get_one(PaperEntry, entry)
    assert (stored.status, stored.status_reason) == (EntryStatus.ABSENT, "考场记录")
    assert "20260005" not in scanner.get(listed).text
