"""Who needs a person, and why (domain.md 2.5): E01-E15 as pure rules over what was read.

In:  readings, the roster's numbers, what a person has said so far. Out: findings with their code; whose a page is.
Codes that leave nobody knowing whose a page is make it wait (`ExceptionCode.blocks_placement`); the others stand
beside a placed sheet. E11 (expected but not scanned) is a count, not a finding: see balance.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as with_default
from typing import Any

from models.words import BubbleState, EntryStatus, ExceptionCode, FieldKind, PageCode, ReadingStatus
from scanning.reading.result import CandidateReading, FieldReading, PageReading

ABSENT_FIELD = "absent"
# Printed frames and specks leave less than this on an empty region; the smallest answer, one digit, leaves 3 mm².
BLANK_MM2 = 1.5
# One centimetre of writing across the border of its region (reliability.md, row 11), 0.5 mm thick.
OVERFLOW_MM2 = 5.0

_REFUSED = {
    PageCode.WRONG_CARD: ExceptionCode.WRONG_CARD,
    PageCode.WRONG_VERSION: ExceptionCode.WRONG_CARD,
}
_POOR_IMAGE = frozenset({"blurred", "low_contrast", "low_resolution", "shadow"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing for a person to look at. `subject` is ``page:7``, ``page:7/item:3`` or ``entry:12``."""

    code: ExceptionCode
    subject: str
    page_id: int | None = None
    field: str = ""
    page_code: PageCode | None = None
    detail: Mapping[str, Any] = with_default(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Roster:
    """The candidates of one paper, as far as the pages at hand name them: entry ids by number, by student number."""

    by_number: Mapping[str, int]
    by_student_number: Mapping[str, tuple[int, ...]] = with_default(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose a page is by its own evidence, or the code that says why nobody knows."""

    entry_id: int | None
    code: ExceptionCode | None = None


CODE_UNREAD = "code_unread"  # a reader's warning: which side this is follows from its layout alone


def identify(candidate: CandidateReading, roster: Roster) -> Identity:
    """Whose side this is: only a certain number of the roster settles it."""
    reasons = set(candidate.reasons)
    if "payload" in reasons:
        return _by_payload(candidate, roster)
    if "conflict" in reasons:
        return Identity(None, ExceptionCode.NUMBER_CONFLICT)
    if candidate.status is not ReadingStatus.OK:
        missing = not candidate.value.strip("-")
        return Identity(None, ExceptionCode.NUMBER_MISSING if missing else ExceptionCode.NUMBER_MULTIPLE)
    if not candidate.value or "-" in candidate.value:
        return Identity(None, ExceptionCode.NUMBER_MISSING)
    entry_id = roster.by_number.get(candidate.value)
    return Identity(entry_id, None if entry_id is not None else ExceptionCode.NUMBER_UNKNOWN)


def _by_payload(candidate: CandidateReading, roster: Roster) -> Identity:
    """A barcode that is no candidate number is looked up in the roster, and must not contradict the bubbles."""
    codes = {voice.text for voice in candidate.voices if voice.source == "barcode"}
    if len(codes) != 1:
        return Identity(None, ExceptionCode.NUMBER_MULTIPLE)
    text = codes.pop()
    found = roster.by_student_number.get(text, ())
    entry_id = roster.by_number.get(text) or (found[0] if len(found) == 1 else None)
    if entry_id is None:
        return Identity(None, ExceptionCode.NUMBER_UNKNOWN)
    for voice in candidate.voices:
        if voice.source == "bubbles" and roster.by_number.get(voice.text) != entry_id:
            return Identity(None, ExceptionCode.NUMBER_CONFLICT)
    return Identity(entry_id)


def spoken_texts(candidate: CandidateReading) -> set[str]:
    """Every text of a page that might name somebody on the roster."""
    return {text for text in (candidate.value, *(voice.text for voice in candidate.voices)) if text}


def refused(page_id: int, code: PageCode, detail: str) -> Finding:
    """The finding for a page that could not be read: another card (E07), or not registered at all (E08)."""
    return Finding(
        _REFUSED.get(code, ExceptionCode.UNREGISTERED),
        f"page:{page_id}",
        page_id,
        page_code=code,
        detail={"detail": detail} if detail else {},
    )


@dataclass(frozen=True, slots=True)
class PlacedSide:
    """One side of a placed sheet: its page image, its reading, and the area of each of its regions in mm²."""

    page_id: int
    reading: PageReading
    region_mm2: Mapping[tuple[str, int], float]

    def writing_mm2(self, region: str) -> float:
        """Ink in all of this side's parts of a region."""
        return sum(
            crop.ink * self.region_mm2.get((crop.region, crop.part), 0.0)
            for crop in self.reading.crops
            if crop.region == region
        )

    @property
    def has_ink(self) -> bool:
        """Whether anything at all was answered here: a bubble that is not surely empty, or writing in a region."""
        answered = any(
            _is_marked(field)
            for field in self.reading.fields
            if field.kind in (FieldKind.SINGLE, FieldKind.MULTIPLE, FieldKind.JUDGE, FieldKind.CHOOSE)
        )
        return answered or any(self.writing_mm2(region) > BLANK_MM2 for region, _ in self.region_mm2)


def _is_marked(field: FieldReading) -> bool:
    """Whether anything was put into a field; a doubt about the field's place alone is no mark."""
    if field.value:
        return True
    if not field.bubbles:
        return field.status is not ReadingStatus.OK
    return any(bubble.state is not BubbleState.EMPTY for bubble in field.bubbles)


def field_of(sides: Sequence[PlacedSide], field_id: str) -> tuple[PlacedSide, FieldReading] | None:
    """The field of this id, with the side that it was read on."""
    for side in sides:
        for each in side.reading.fields:
            if each.id == field_id:
                return side, each
    return None


@dataclass(frozen=True, slots=True)
class SheetStatus:
    """What a whole sheet says about its candidate's status; None where a person has to say it."""

    status: EntryStatus | None
    finding: Finding | None = None


def status_of(entry_id: int, sides: Sequence[PlacedSide], said: EntryStatus | None) -> SheetStatus:
    """The status that follows from a whole sheet. `said` is what a person set; it stands, and may be in conflict."""
    subject = f"entry:{entry_id}"
    page_id = sides[0].page_id
    has_ink = any(side.has_ink for side in sides)
    if said is not None:
        if said in (EntryStatus.ABSENT, EntryStatus.NOT_ENTERED, EntryStatus.LOST):
            detail = {"why": "status_with_sheet", "status": said.value}
            return SheetStatus(said, Finding(ExceptionCode.ABSENT_CONFLICT, subject, page_id, detail=detail))
        return SheetStatus(said)
    found = field_of(sides, ABSENT_FIELD)
    if found is not None:
        side, flag = found
        if flag.status is not ReadingStatus.OK:
            detail = {"why": "flag_doubtful"}
            return SheetStatus(
                None, Finding(ExceptionCode.ABSENT_CONFLICT, subject, side.page_id, ABSENT_FIELD, detail=detail)
            )
        if flag.value and has_ink:
            detail = {"why": "flag_with_ink"}
            return SheetStatus(
                None, Finding(ExceptionCode.ABSENT_CONFLICT, subject, side.page_id, ABSENT_FIELD, detail=detail)
            )
        if flag.value:
            return SheetStatus(EntryStatus.ABSENT)
    if not has_ink:
        return SheetStatus(None, Finding(ExceptionCode.BLANK_SHEET, subject, page_id))
    return SheetStatus(EntryStatus.PRESENT)


def side_findings(side: PlacedSide, decided: Collection[str] = ()) -> tuple[Finding, ...]:
    """What stands beside a placed page: doubtful objective fields, ink across frames, poor images.

    `decided` are field ids whose value a person has confirmed or corrected.
    """
    found = [
        Finding(
            ExceptionCode.OBJECTIVE_DOUBTFUL,
            f"page:{side.page_id}/{each.id}",
            side.page_id,
            each.id,
            detail={"value": each.value, "reasons": list(each.reasons)},
        )
        for each in side.reading.fields
        if each.kind in (FieldKind.SINGLE, FieldKind.MULTIPLE, FieldKind.JUDGE, FieldKind.VARIANT)
        and (each.status is not ReadingStatus.OK or (each.kind is FieldKind.VARIANT and len(each.value) != 1))
        and each.id not in decided
    ]
    if side.reading.overflow_mm2 >= OVERFLOW_MM2:
        regions = [crop.region for crop in side.reading.crops if crop.overflow_mm2 >= OVERFLOW_MM2]
        found.append(
            Finding(
                ExceptionCode.OUTSIDE_FRAME,
                f"page:{side.page_id}",
                side.page_id,
                detail={"overflow_mm2": side.reading.overflow_mm2, "regions": regions},
            )
        )
    poor = sorted(_POOR_IMAGE.intersection(side.reading.warnings))
    if poor:
        detail = {"warnings": poor}
        found.append(Finding(ExceptionCode.POOR_IMAGE, f"page:{side.page_id}", side.page_id, detail=detail))
    return tuple(found)
