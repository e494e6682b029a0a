"""Who needs a person: every rule once on each side of its line."""

import pytest

from models.words import BubbleState, EntryStatus, ExceptionCode, FieldKind, PageCode, ReadingStatus
from scanning.exception_rules import (
    BLANK_MM2,
    OVERFLOW_MM2,
    PlacedSide,
    Roster,
    identify,
    refused,
    side_findings,
    spoken_texts,
    status_of,
)
from scanning.reading.result import BubbleReading, CandidateReading, Crop, FieldReading, PageReading, Voice

ROSTER = Roster({"0003": 3, "0004": 4}, {"S0003X": (3,), "TWIN": (3, 4)})
OK, DOUBTFUL = ReadingStatus.OK, ReadingStatus.DOUBTFUL


def read(
    value: str, status: ReadingStatus = OK, *voices: tuple[str, str, bool], reasons: tuple[str, ...] = ()
) -> CandidateReading:
    return CandidateReading(True, value, status, 1.0, tuple(Voice(*voice) for voice in voices), reasons)


@pytest.mark.parametrize(
    ("candidate", "entry", "code"),
    [
        (read("0003"), 3, None),
        (read("0099"), None, ExceptionCode.NUMBER_UNKNOWN),
        (read("3"), None, ExceptionCode.NUMBER_UNKNOWN),
        (read(""), None, ExceptionCode.NUMBER_MISSING),
        (read("0-03"), None, ExceptionCode.NUMBER_MISSING),
        (read("", DOUBTFUL, reasons=("unread",)), None, ExceptionCode.NUMBER_MISSING),
        (read("00?3", DOUBTFUL, reasons=("multiple",)), None, ExceptionCode.NUMBER_MULTIPLE),
        (read("0003", DOUBTFUL, reasons=("faint",)), None, ExceptionCode.NUMBER_MULTIPLE),
        (read("0003", DOUBTFUL, reasons=("conflict",)), None, ExceptionCode.NUMBER_CONFLICT),
    ],
)
def test_only_a_certain_number_of_the_roster_says_whose_a_page_is(
    candidate: CandidateReading, entry: int | None, code: ExceptionCode | None
) -> None:
    found = identify(candidate, ROSTER)
    assert (found.entry_id, found.code) == (entry, code)


@pytest.mark.parametrize(
    ("voices", "entry", "code"),
    [
        ([("barcode", "S0003X", False)], 3, None),
        ([("barcode", "S0003X", False), ("bubbles", "0003", True)], 3, None),
        ([("barcode", "S0003X", False), ("bubbles", "0004", True)], None, ExceptionCode.NUMBER_CONFLICT),
        ([("barcode", "S0003X", False), ("barcode", "S0009X", False)], None, ExceptionCode.NUMBER_MULTIPLE),
        ([("barcode", "6901234567892", False)], None, ExceptionCode.NUMBER_UNKNOWN),
        ([("barcode", "TWIN", False)], None, ExceptionCode.NUMBER_UNKNOWN),
    ],
)
def test_another_payload_is_looked_up_in_the_roster(
    voices: list[tuple[str, str, bool]], entry: int | None, code: ExceptionCode | None
) -> None:
    candidate = read(voices[0][1], DOUBTFUL, *voices, reasons=("payload",))
    found = identify(candidate, ROSTER)
    assert (found.entry_id, found.code) == (entry, code)
    assert voices[0][1] in spoken_texts(candidate)


@pytest.mark.parametrize("code", list(PageCode))
def test_a_page_that_cannot_be_read_keeps_its_own_code(code: PageCode) -> None:
    finding = refused(9, code, "why")
    wrong_card = code in (PageCode.WRONG_CARD, PageCode.WRONG_VERSION)
    assert finding.code is (ExceptionCode.WRONG_CARD if wrong_card else ExceptionCode.UNREGISTERED)
    assert finding.page_code is code
    assert finding.code.blocks_placement


def side(
    *fields: FieldReading, ink_mm2: float = 0.0, overflow_mm2: float = 0.0, warnings: tuple[str, ...] = ()
) -> PlacedSide:
    crops = (Crop("16", 1, b"", 10, 10, ink_mm2 / 1000, overflow_mm2),)
    reading = PageReading(1, None, fields=fields, crops=crops, overflow_mm2=overflow_mm2, warnings=warnings)
    return PlacedSide(7, reading, {("16", 1): 1000.0})


def field(
    value: str, status: ReadingStatus = OK, kind: FieldKind = FieldKind.SINGLE, name: str = "item:1"
) -> FieldReading:
    return FieldReading(name, kind, value, status, 0.5)


FLAG = field("1", kind=FieldKind.FLAG, name="absent")
NO_FLAG = field("", kind=FieldKind.FLAG, name="absent")
EMPTY = (BubbleReading("A", 0, 0.0, BubbleState.EMPTY, 0.9),)
UNVERIFIED = FieldReading("item:9", FieldKind.SINGLE, "", DOUBTFUL, 0.0, EMPTY, ("unverified",))
DOUBTFUL_FLAG = field("1", DOUBTFUL, FieldKind.FLAG, "absent")


@pytest.mark.parametrize(
    ("placed", "said", "status", "code"),
    [
        (side(NO_FLAG, field("A")), None, EntryStatus.PRESENT, None),
        (side(NO_FLAG, field("", DOUBTFUL)), None, EntryStatus.PRESENT, None),
        (side(NO_FLAG, UNVERIFIED), None, None, ExceptionCode.BLANK_SHEET),
        (side(FLAG, UNVERIFIED), None, EntryStatus.ABSENT, None),
        (side(NO_FLAG, ink_mm2=BLANK_MM2 + 0.1), None, EntryStatus.PRESENT, None),
        (side(NO_FLAG, ink_mm2=BLANK_MM2), None, None, ExceptionCode.BLANK_SHEET),
        (side(field("")), None, None, ExceptionCode.BLANK_SHEET),
        (side(FLAG, field("")), None, EntryStatus.ABSENT, None),
        (side(FLAG, field("A")), None, None, ExceptionCode.ABSENT_CONFLICT),
        (side(FLAG, ink_mm2=BLANK_MM2 + 0.1), None, None, ExceptionCode.ABSENT_CONFLICT),
        (side(DOUBTFUL_FLAG), None, None, ExceptionCode.ABSENT_CONFLICT),
        (side(field("A")), EntryStatus.ABSENT, EntryStatus.ABSENT, ExceptionCode.ABSENT_CONFLICT),
        (side(field("A")), EntryStatus.NOT_ENTERED, EntryStatus.NOT_ENTERED, ExceptionCode.ABSENT_CONFLICT),
        (side(field("A")), EntryStatus.VIOLATION, EntryStatus.VIOLATION, None),
        (side(FLAG), EntryStatus.PRESENT, EntryStatus.PRESENT, None),
    ],
)
def test_what_a_sheet_says_about_its_candidate(
    placed: PlacedSide, said: EntryStatus | None, status: EntryStatus | None, code: ExceptionCode | None
) -> None:
    found = status_of(12, [placed], said)
    assert found.status is status
    assert (found.finding.code if found.finding else None) is code


def test_doubtful_answers_are_findings_of_their_own_until_somebody_decides() -> None:
    placed = side(field("B", DOUBTFUL), field("C", name="item:2"), DOUBTFUL_FLAG)
    (finding,) = side_findings(placed)
    assert (finding.code, finding.subject) == (ExceptionCode.OBJECTIVE_DOUBTFUL, "page:7/item:1")
    assert side_findings(placed, {"item:1"}) == ()


@pytest.mark.parametrize("value", ["", "AB"])
def test_a_variant_that_is_not_exactly_one_letter_needs_a_person(value: str) -> None:
    (finding,) = side_findings(side(field(value, kind=FieldKind.VARIANT, name="variant")))
    assert finding.subject == "page:7/variant"


def test_ink_beyond_its_frame_and_poor_images_are_notes() -> None:
    assert side_findings(side(overflow_mm2=OVERFLOW_MM2 - 0.1)) == ()
    (finding,) = side_findings(side(overflow_mm2=OVERFLOW_MM2))
    assert (finding.code, finding.detail["regions"]) == (ExceptionCode.OUTSIDE_FRAME, ["16"])
    (finding,) = side_findings(side(warnings=("low_resolution", "one_bit")))
    assert (finding.code, finding.detail) == (ExceptionCode.POOR_IMAGE, {"warnings": ["low_resolution"]})
    assert not finding.code.blocks_placement
