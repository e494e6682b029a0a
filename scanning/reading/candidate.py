"""Whose sheet this is: the vote of bubbles, barcode and printed digits on the candidate number.

In:  what each source says. Out: CandidateReading with every voice kept, and the reasons for a doubt.
Two sources that agree settle it; sources that differ never outvote each other: a person decides.
"""

from collections.abc import Sequence

from models.words import ReadingStatus
from scanning.reading.result import CandidateReading, FieldReading, Voice

BUBBLES, BARCODE, OCR = "bubbles", "barcode", "ocr"


def vote(
    bubbles: FieldReading | None,
    barcodes: Sequence[str],
    printed: str,
    digits: int | None,
    expects_barcode: bool = False,
) -> CandidateReading:
    """Settle the candidate number. `digits` is its length where the card says so; `printed` is the OCR's text."""
    voices: list[Voice] = []
    reasons: list[str] = []
    if bubbles is not None and bubbles.value:
        complete = bubbles.status is ReadingStatus.OK and "-" not in bubbles.value
        voices.append(Voice(BUBBLES, bubbles.value, complete))
    for text in barcodes:
        good = is_number(text, digits)
        if not good:
            reasons.append("payload")  # looked up in the roster later; not to be trusted as a number
        voices.append(Voice(BARCODE, text, good and len(barcodes) == 1))
    if len(barcodes) > 1:
        reasons.append("two_barcodes")
    if printed and is_number(printed, digits):
        voices.append(Voice(OCR, printed, False))  # OCR confirms or contradicts, it never decides alone
    certain = [voice for voice in voices if voice.certain]
    spoken = {voice.text for voice in certain}
    # The best guess among sure voices is the code: it carries its own check digits.
    ordered = sorted(certain or voices, key=lambda voice: voice.source != BARCODE)
    best = ordered[0] if ordered else None
    if best is None:
        # Nothing filled and nothing stuck: surely blank where there are bubbles, unreadable where there are none.
        blank = bubbles is not None and bubbles.status is ReadingStatus.OK
        if expects_barcode and not blank:
            reasons.append("unread")
        status = ReadingStatus.OK if blank and not reasons else ReadingStatus.DOUBTFUL
        margin = bubbles.margin if bubbles is not None and blank else 0.0
        return CandidateReading(True, "", status, margin, (), tuple(_unique(reasons + _reasons_of(bubbles))))
    if len(spoken) > 1:
        reasons.append("conflict")
    against = [voice for voice in voices if not voice.certain and not _compatible(voice.text, best.text)]
    if certain and against:
        reasons.append("conflict")
    if not certain:
        incomplete_only = (
            len(voices) == 1 and best.source == BUBBLES and bubbles is not None and bubbles.status is ReadingStatus.OK
        )
        if not incomplete_only:
            reasons.extend(_reasons_of(bubbles) or ([] if reasons else ["uncertain"]))
    doubtful = bool(reasons)
    margin = 0.0 if doubtful else _margin(best, voices, bubbles)
    status = ReadingStatus.DOUBTFUL if doubtful else ReadingStatus.OK
    return CandidateReading(True, best.text, status, margin, tuple(voices), tuple(_unique(reasons)))


def is_number(text: str, digits: int | None) -> bool:
    """Whether a text can be a candidate number: ASCII digits only, and as many as the card has columns."""
    return text.isascii() and text.isdigit() and (digits is None or len(text) == digits)


def _compatible(partial: str, whole: str) -> bool:
    """Whether a number with blanks and undecided columns could be the whole one."""
    return len(partial) == len(whole) and all(p in ("-", "?", w) for p, w in zip(partial, whole, strict=True))


def _margin(best: Voice, voices: Sequence[Voice], bubbles: FieldReading | None) -> float:
    """A code carries its own check: sure. Bubbles alone are as sure as their least certain bubble."""
    if best.source == BARCODE or sum(voice.text == best.text for voice in voices) > 1:
        return 1.0
    return bubbles.margin if bubbles is not None else 0.5


def _reasons_of(bubbles: FieldReading | None) -> list[str]:
    return [] if bubbles is None or bubbles.status is ReadingStatus.OK else list(bubbles.reasons)


def _unique(words: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(words))
