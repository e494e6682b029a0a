"""Placed, waiting, decided: the state of every page follows from what is there, in whatever order it came."""

import itertools
import threading

import pytest
from sqlalchemy import func, select

from models.blobs import FolderBlobs
from models.database import Database
from models.people import Candidate, PaperEntry
from models.records import AuditEvent
from models.response import Response
from models.sheet import PageImage, Placement, Sheet, SheetException
from models.words import EntryStatus, ExceptionCode, PageCode, PageState, ResponseStatus
from scanning.balance import balance_of, batch_balances, candidates_of, not_scanned
from scanning.resolve import (
    NumberNotOnRoster,
    PageDiscarded,
    PageUnplaceable,
    Person,
    ReasonMissing,
    SidesDoNotFit,
    ValueRefused,
    acknowledge,
    attach_side,
    decide_choice,
    decide_field,
    discard_page,
    set_number,
    set_status,
)
from scanning.settle import settle_loose
from tests.scanning.sheets import Desk, back, front, make_desk, side, unreadable

LIN = Person(None, "lin")


@pytest.fixture
def desk(database: Database, blobs: FolderBlobs) -> Desk:
    return make_desk(database, blobs)


def responses(desk: Desk, number: str) -> dict[str, Response]:
    nos = {item_id: no for no, item_id in desk.context.item_ids.items()}
    with desk.database.read() as session:
        rows = session.scalars(select(Response).where(Response.entry_id == desk.entry(number).id)).all()
    return {nos[row.item_id]: row for row in rows}


def states(desk: Desk, ids: list[int]) -> list[PageState]:
    return [desk.page(page_id).state for page_id in ids]


def test_a_whole_sheet_is_placed_with_all_its_responses(desk: Desk) -> None:
    desk.scan([front(desk, "0003", item_1="B", item_3="AC", ink_4="12"), back(desk, choose_选做="6", ink_6="40")])
    assert desk.entry("0003").status is EntryStatus.PRESENT
    given = responses(desk, "0003")
    assert sorted(given) == ["1", "2", "3", "4", "5", "6"]
    assert (given["1"].value, given["2"].value, given["3"].value) == ("B", "", "AC")
    assert [given[no].blank for no in ("1", "2", "4", "5", "6")] == [False, True, False, True, False]
    assert [given[no].chosen for no in ("4", "5", "6")] == [None, False, True]
    assert {row.status for row in given.values()} == {ResponseStatus.READ}
    assert desk.open_codes() == []
    with desk.database.read() as session:
        assert balance_of(session, desk.context.paper_id).holds
        assert session.scalar(select(func.count()).select_from(Placement).where(Placement.active.is_(True))) == 2


@pytest.mark.parametrize(("number", "code"), [("", "E01"), ("00-3", "E01"), ("00?3", "E02"), ("0099", "E03")])
def test_a_sheet_without_a_certain_number_waits_with_both_sides(desk: Desk, number: str, code: str) -> None:
    ids = desk.scan([front(desk, number, written="1"), back(desk)])
    assert states(desk, ids) == [PageState.WAITING] * 2
    assert desk.open_codes() == [(f"page:{ids[0]}", code), (f"page:{ids[1]}", code)]
    with desk.database.write() as session:
        set_number(session, desk.context, ids[0], "0003", person=LIN)
    assert states(desk, ids) == [PageState.PLACED] * 2
    assert desk.entry("0003").status is EntryStatus.PRESENT
    assert desk.open_codes() == []


def test_two_sheets_for_one_candidate_both_wait_and_none_is_picked(desk: Desk) -> None:
    ids = desk.scan(
        [front(desk, "0003", written="1"), back(desk), front(desk, "0004", written="1"), back(desk),
         front(desk, "0003", item_1="A", written="1"), back(desk)]
    )  # fmt: skip
    assert states(desk, ids) == [PageState.WAITING] * 2 + [PageState.PLACED] * 2 + [PageState.WAITING] * 2
    assert [code for _, code in desk.open_codes()] == ["E04"] * 4
    assert desk.entry("0003").status is None
    assert responses(desk, "0003") == {}


def test_a_later_sheet_for_a_placed_candidate_takes_the_first_back_too(desk: Desk) -> None:
    first = desk.scan([front(desk, "0003", written="1"), back(desk)])
    assert states(desk, first) == [PageState.PLACED] * 2
    again = desk.scan([front(desk, "0003", written="1"), back(desk)], name="again")
    assert states(desk, first + again) == [PageState.WAITING] * 4
    assert desk.entry("0003").status is None
    with desk.database.write() as session:
        discard_page(session, desk.context, again[0], "scanned twice", person=LIN, whole_sheet=True)
    assert states(desk, first + again) == [PageState.PLACED] * 2 + [PageState.DISCARDED] * 2
    assert desk.entry("0003").status is EntryStatus.PRESENT
    assert len(responses(desk, "0003")) == 6
    assert desk.open_codes() == []
    with desk.database.read() as session:
        balance = balance_of(session, desk.context.paper_id)
        assert (balance.pages_in, balance.placed, balance.waiting, balance.discarded) == (4, 2, 0, 2)
        assert balance.holds


def test_a_number_given_to_the_second_sheet_frees_the_first(desk: Desk) -> None:
    ids = desk.scan([front(desk, "0003", written="1"), back(desk), front(desk, "0003", written="1"), back(desk)])
    with desk.database.write() as session:
        set_number(session, desk.context, ids[2], "0005", person=LIN)
    assert states(desk, ids) == [PageState.PLACED] * 4
    assert desk.open_codes() == []


def test_a_number_that_is_taken_makes_both_wait(desk: Desk) -> None:
    ids = desk.scan([front(desk, "0003", written="1"), back(desk), front(desk, "", written="1"), back(desk)])
    with desk.database.write() as session:
        set_number(session, desk.context, ids[2], "0003", person=LIN)
    assert states(desk, ids) == [PageState.WAITING] * 4
    assert {code for _, code in desk.open_codes()} == {"E04"}


def test_sides_without_their_other_side_wait_until_a_person_attaches_it(desk: Desk) -> None:
    ids = desk.scan([front(desk, "0003", written="1"), front(desk, "0004", written="1"), back(desk)])
    assert states(desk, ids) == [PageState.WAITING] * 3
    assert {code for _, code in desk.open_codes()} == {"E06"}
    with desk.database.write() as session:
        attach_side(session, desk.context, ids[2], ids[1], person=LIN)
    assert states(desk, ids) == [PageState.WAITING, PageState.PLACED, PageState.PLACED]
    assert desk.open_codes() == [(f"page:{ids[0]}", "E06")]


def test_the_missing_back_of_a_preprinted_card_may_come_later_and_in_any_order(
    database: Database, blobs: FolderBlobs
) -> None:
    desk = make_desk(database, blobs, number="preprinted")
    numbered = [front(desk, "0003", written="1"), front(desk, "0004", written="1")]
    backs = [
        _with_number(side(desk, 2), front(desk, "0004")),
        _with_number(side(desk, 2), front(desk, "0003")),
    ]
    first = desk.scan([numbered[0], backs[0]])
    assert states(desk, first) == [PageState.WAITING] * 2
    second = desk.scan([backs[1], numbered[1]], name="second")
    assert states(desk, first + second) == [PageState.PLACED] * 4
    assert desk.page(first[0]).entry_id == desk.page(second[0]).entry_id


def _with_number(page, other):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(page, candidate=other.candidate)


def test_pages_that_cannot_be_read_are_listed_and_the_rest_goes_on(desk: Desk) -> None:
    ids = desk.scan(
        [front(desk, "0001", written="1"), back(desk), unreadable(), unreadable(PageCode.WRONG_CARD),
         front(desk, "0002", written="1"), back(desk)]
    )  # fmt: skip
    assert states(desk, ids) == [PageState.PLACED] * 2 + [PageState.WAITING] * 2 + [PageState.PLACED] * 2
    assert desk.open_codes() == [(f"page:{ids[2]}", "E08"), (f"page:{ids[3]}", "E07")]
    with desk.database.write() as session:
        with pytest.raises(PageUnplaceable):
            set_number(session, desk.context, ids[2], "0005", person=LIN)
        discard_page(session, desk.context, ids[2], "a torn sheet, scanned again", person=LIN)
    assert desk.open_codes() == [(f"page:{ids[3]}", "E07")]


def test_an_absent_mark_without_ink_is_absent_and_with_ink_a_conflict(desk: Desk) -> None:
    desk.scan(
        [front(desk, "0001", absent="1"), back(desk), front(desk, "0002", absent="1", item_1="B"), back(desk),
         front(desk, "0003", absent="1?"), back(desk), front(desk, "0004"), back(desk)]
    )  # fmt: skip
    entries = [desk.entry(number) for number in ("0001", "0002", "0003", "0004")]
    assert [entry.status for entry in entries] == [EntryStatus.ABSENT, None, None, None]
    codes = dict(desk.open_codes())
    assert codes == {
        f"entry:{entries[1].id}": "E10",
        f"entry:{entries[2].id}": "E10",
        f"entry:{entries[3].id}": "E09",
    }
    assert responses(desk, "0001") == {}
    for entry, status in zip(entries[1:], (EntryStatus.PRESENT, EntryStatus.ABSENT, EntryStatus.BLANK), strict=True):
        with desk.database.write() as session:
            set_status(session, desk.context, entry.id, status, "room record", person=LIN)
    assert desk.open_codes() == []
    assert [desk.entry(n).status for n in ("0002", "0003", "0004")] == [
        EntryStatus.PRESENT,
        EntryStatus.ABSENT,
        EntryStatus.BLANK,
    ]


def test_nobody_is_asked_for_the_variant_of_an_absent_candidates_sheet(database: Database, blobs: FolderBlobs) -> None:
    desk = make_desk(database, blobs, variants="{A: {}, B: {order: {1: 2, 2: 1}}}")
    desk.scan([front(desk, "0001", absent="1"), back(desk), front(desk, "0002", written="1"), back(desk)])
    assert desk.entry("0001").status is EntryStatus.ABSENT
    assert [code for _subject, code in desk.open_codes()] == ["E12"]  # of 0002, who was there
    assert responses(desk, "0001") == {}


def test_a_sheet_of_somebody_recorded_as_absent_is_a_conflict_and_the_record_stands(desk: Desk) -> None:
    entry = desk.entry("0005")
    with desk.database.write() as session:
        set_status(session, desk.context, entry.id, EntryStatus.ABSENT, "room record", person=LIN)
    desk.scan([front(desk, "0005", written="1"), back(desk)])
    assert desk.open_codes() == [(f"entry:{entry.id}", "E10")]
    assert desk.entry("0005").status is EntryStatus.ABSENT
    with desk.database.write() as session:
        set_status(session, desk.context, entry.id, EntryStatus.PRESENT, "came late", person=LIN)
    assert desk.open_codes() == []


def test_a_doubtful_answer_waits_for_a_person_and_the_reading_stays(desk: Desk) -> None:
    ids = desk.scan([front(desk, "0001", item_1="B?", written="1"), back(desk)])
    assert desk.open_codes() == [(f"page:{ids[0]}/item:1", "E12")]
    given = responses(desk, "0001")["1"]
    assert (given.value, given.status, given.source) == ("B", ResponseStatus.DOUBTFUL, "read")
    with desk.database.write() as session, pytest.raises(ValueRefused):
        decide_field(session, desk.context, ids[0], "item:1", "E", person=LIN)
    for _ in range(2):
        with desk.database.write() as session:
            decide_field(session, desk.context, ids[0], "item:1", "CA", person=LIN)
    given = responses(desk, "0001")["1"]
    assert (given.value, given.status, given.source) == ("AC", ResponseStatus.CONFIRMED, "person")
    assert given.confirmed_at is not None
    assert desk.open_codes() == []
    with desk.database.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.object.like("page:%"))) == 1


def test_a_decision_about_an_answer_outlives_a_change_of_owner(desk: Desk) -> None:
    ids = desk.scan([front(desk, "0001", item_1="B?", written="1"), back(desk)])
    with desk.database.write() as session:
        decide_field(session, desk.context, ids[0], "item:1", "C", person=LIN)
        set_number(session, desk.context, ids[0], "0002", person=LIN, reason="wrote the neighbour's number")
    assert responses(desk, "0001") == {}
    assert responses(desk, "0002")["1"].value == "C"
    assert desk.entry("0001").status is None
    assert desk.entry("0002").status is EntryStatus.PRESENT
    assert desk.open_codes() == []


def test_a_choice_that_the_rules_leave_open_waits_for_a_person(desk: Desk) -> None:
    ids = desk.scan([front(desk, "0001", item_1="B"), back(desk, choose_选做="5", ink_6="40")])
    assert desk.open_codes() == [(f"page:{ids[1]}/choose:选做", "E13")]
    assert [responses(desk, "0001")[no].chosen for no in ("5", "6")] == [None, None]
    with desk.database.write() as session:
        with pytest.raises(ValueRefused):
            decide_choice(session, desk.context, ids[1], "选做", ["5", "6"], person=LIN)
        decide_choice(session, desk.context, ids[1], "选做", ["6"], person=LIN)
    assert [responses(desk, "0001")[no].chosen for no in ("5", "6")] == [False, True]
    assert desk.open_codes() == []


def test_ink_beyond_a_frame_is_a_note_that_a_person_has_seen(desk: Desk) -> None:
    from dataclasses import replace

    page = replace(front(desk, "0001", written="1"), overflow_mm2=8.0)
    ids = desk.scan([page, back(desk)])
    assert desk.open_codes() == [(f"page:{ids[0]}", "E14")]
    with desk.database.read() as session:
        assert not balance_of(session, desk.context.paper_id).needs_person
    with desk.database.write() as session:
        row = session.scalars(select(SheetException)).one()
        acknowledge(session, desk.context, row.id, person=LIN)
    with desk.database.write() as session:
        set_number(session, desk.context, ids[0], "0002", person=LIN)
    assert desk.open_codes() == []


def test_decisions_are_refused_with_their_reason(desk: Desk) -> None:
    ids = desk.scan([front(desk, "0001", written="1"), back(desk)])
    with desk.database.write() as session:
        with pytest.raises(NumberNotOnRoster):
            set_number(session, desk.context, ids[0], "4711", person=LIN)
        with pytest.raises(ReasonMissing):
            discard_page(session, desk.context, ids[0], "  ", person=LIN)
        with pytest.raises(ReasonMissing):
            set_status(session, desk.context, desk.entry("0001").id, EntryStatus.LOST, "", person=LIN)
        with pytest.raises(SidesDoNotFit):
            attach_side(session, desk.context, ids[0], ids[0], person=LIN)
        discard_page(session, desk.context, ids[1], "coffee", person=LIN)
        discard_page(session, desk.context, ids[1], "coffee", person=LIN)
        with pytest.raises(PageDiscarded):
            set_number(session, desk.context, ids[1], "0002", person=LIN)
    assert states(desk, ids) == [PageState.WAITING, PageState.DISCARDED]
    assert desk.open_codes() == [(f"page:{ids[0]}", "E06")]


def test_a_discarded_front_leaves_its_back_to_a_person(desk: Desk) -> None:
    ids = desk.scan([front(desk, "0001", written="1"), back(desk)])
    with desk.database.write() as session:
        discard_page(session, desk.context, ids[0], "blurred", person=LIN)
    assert states(desk, ids) == [PageState.DISCARDED, PageState.WAITING]
    assert desk.open_codes() == [(f"page:{ids[1]}", "E06")]
    assert desk.page(ids[1]).entry_id is None


def test_whatever_order_deliveries_come_in_the_state_is_the_same(sqlite_template, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from models.database import sqlite_url

    sheets = {"a": "0003", "b": "0003", "c": "0004"}
    outcomes = set()
    for order in itertools.permutations(sheets):
        folder = tmp_path / "".join(order)
        folder.mkdir()
        (folder / "k.sqlite").write_bytes(sqlite_template.read_bytes())
        database = Database(sqlite_url(folder / "k.sqlite"))
        desk = make_desk(database, FolderBlobs(folder / "blobs"))
        for name in order:
            desk.scan([front(desk, sheets[name], written="1"), back(desk)], name=name)
        with database.read() as session:
            pages = session.execute(
                select(PageImage.state, PageImage.side, PaperEntry.candidate_id)
                .join(PaperEntry, PaperEntry.id == PageImage.entry_id)
                .order_by(PaperEntry.candidate_id, PageImage.side)
            ).all()
            live = session.scalar(select(func.count()).select_from(Sheet).where(Sheet.active.is_(True)))
            given = session.scalar(select(func.count()).select_from(Response))
        outcomes.add((tuple(tuple(row) for row in pages), live, given, tuple(c for _, c in desk.open_codes())))
        database.dispose()
    assert len(outcomes) == 1


def test_pages_that_several_let_wait_at_once_get_one_exception(desk: Desk) -> None:
    ids = desk.scan([front(desk, "", written="1"), back(desk)])
    with desk.database.write() as session:
        for row in session.scalars(select(SheetException)).all():
            session.delete(row)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                with desk.database.write() as session:
                    settle_loose(session, desk.context, ids, ExceptionCode.NUMBER_MISSING)
        except BaseException as err:  # noqa: BLE001 - the test wants to see whatever happened in the thread
            failures.append(err)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert desk.open_codes() == [(f"page:{ids[0]}", "E01"), (f"page:{ids[1]}", "E01")]


def test_who_is_missing_is_listed_until_somebody_says_why(desk: Desk) -> None:
    desk.scan([front(desk, f"{number:04d}", written="1") for number in range(1, 11) for _ in (0,)])
    with desk.database.read() as session:
        missing = not_scanned(session, desk.context.paper_id)
        counts = candidates_of(session, desk.context.paper_id)
    assert [one.number for one in missing] == ["0011", "0012"]
    assert (counts.expected, counts.scanned, counts.unknown, counts.not_scanned) == (12, 0, 12, 2)
    with desk.database.write() as session:
        set_status(session, desk.context, missing[0].entry_id, EntryStatus.ABSENT, "room record", person=LIN)
    with desk.database.read() as session:
        assert [one.number for one in not_scanned(session, desk.context.paper_id)] == ["0012"]
        assert candidates_of(session, desk.context.paper_id).by_status["absent"] == 1


def test_who_is_missing_is_listed_by_room_and_seat_as_people_count_them(desk: Desk) -> None:
    with desk.database.write() as session:
        for number, (room, seat) in {"0001": ("10", "1"), "0002": ("9", "10"), "0003": ("9", "2")}.items():
            candidate = session.scalars(select(Candidate).where(Candidate.number == number)).one()
            candidate.room, candidate.seat = room, seat
    with desk.database.read() as session:
        listed = [one.number for one in not_scanned(session, desk.context.paper_id)]
    assert listed[-3:] == ["0003", "0002", "0001"]


def test_every_candidate_is_counted_once_wherever_their_sheet_is(desk: Desk) -> None:
    desk.scan([front(desk, "0001", written="1"), back(desk)])
    desk.scan([front(desk, "0002", written="1"), back(desk), front(desk, "0002", written="1"), back(desk)])
    lone = desk.scan([front(desk, "0003", written="1")])
    with desk.database.write() as session:
        for number, status in (
            ("0004", EntryStatus.ABSENT),
            ("0005", EntryStatus.LOST),
            ("0006", EntryStatus.VIOLATION),
            ("0007", EntryStatus.NOT_ENTERED),
            ("0008", EntryStatus.PRESENT),  # said to have sat, and yet there is no sheet: somebody has to look
        ):
            set_status(session, desk.context, desk.entry(number).id, status, "room record", person=LIN)
    with desk.database.read() as session:
        counts = candidates_of(session, desk.context.paper_id)
        missing = [one.number for one in not_scanned(session, desk.context.paper_id)]
    assert (counts.expected, counts.scanned, counts.waiting, counts.recorded) == (12, 1, 2, 4)
    assert missing == ["0008", "0009", "0010", "0011", "0012"]
    assert counts.not_scanned == 5
    assert counts.holds
    with desk.database.write() as session:
        set_status(session, desk.context, desk.entry("0003").id, EntryStatus.LOST, "its back is lost", person=LIN)
        discard_page(session, desk.context, lone[0], "its back is lost", person=LIN)
    with desk.database.read() as session:
        counts = candidates_of(session, desk.context.paper_id)
    assert (counts.scanned, counts.waiting, counts.recorded, counts.not_scanned) == (1, 1, 5, 5)


def test_every_batch_has_its_own_balance(desk: Desk) -> None:
    desk.scan([front(desk, "0001", written="1"), back(desk)], name="one")
    desk.scan([front(desk, "0002", written="1"), back(desk), unreadable()], name="two")
    with desk.database.read() as session:
        one, two = batch_balances(session, desk.context.paper_id)
    assert (one.name, one.balance.pages_in, one.balance.placed, one.balance.by_code) == ("one", 2, 2, {})
    assert (two.balance.pages_in, two.balance.placed, two.balance.waiting) == (3, 2, 1)
    assert two.balance.by_code == {"E08": 1}
    assert two.balance.needs_person
    assert not one.balance.needs_person
    assert one.finished
    assert two.finished
