"""What a person does about each kind of exception, in one or two sentences, and the details of a refused page."""

import re
from collections.abc import Mapping
from typing import Any

from models.errors import mark_text
from models.words import ExceptionCode
from web.i18n import _

_ADVICE = {
    ExceptionCode.NUMBER_MISSING: mark_text(
        "A column of the number is empty. Read the written number and the name and type whose sheet it is; "
        "its other side goes with it."
    ),
    ExceptionCode.NUMBER_MULTIPLE: mark_text(
        "The number cannot be told for certain. Read the written number and the name and type whose sheet it is; "
        "its other side goes with it."
    ),
    ExceptionCode.NUMBER_UNKNOWN: mark_text(
        "Nobody on the roster has this number. Correct it, or add the candidate to the roster first."
    ),
    ExceptionCode.NUMBER_TWICE: mark_text(
        "Two sheets claim the same candidate. Compare the names: give the wrong one its own number, or discard the "
        "repeated scan with its other side."
    ),
    ExceptionCode.NUMBER_CONFLICT: mark_text(
        "The barcode and the filled-in number name different candidates. Compare with the name and type the right one."
    ),
    ExceptionCode.SIDES_INCOMPLETE: mark_text(
        "A sheet waits for its other side. Put the two together, or scan the sheet again and discard this page. Where "
        "the other side is lost for good, record that first."
    ),
    ExceptionCode.WRONG_CARD: mark_text(
        "This page does not belong to this paper. Discard it here and scan it with the paper that it belongs to."
    ),
    ExceptionCode.UNREGISTERED: mark_text(
        "This page could not be read. Scan it again, then discard this picture of it."
    ),
    ExceptionCode.BLANK_SHEET: mark_text(
        "Nothing is filled in or written. Say whether the candidate was there and left it blank, or was absent."
    ),
    ExceptionCode.ABSENT_CONFLICT: mark_text(
        "The card says absent, and yet there is writing, or the other way round. Decide by the room record."
    ),
    ExceptionCode.NOT_SCANNED: mark_text("Look for the sheet, or record what became of the candidate."),
    ExceptionCode.OBJECTIVE_DOUBTFUL: mark_text("Compare the picture with the answer, and correct or confirm it."),
    ExceptionCode.CHOICE_DOUBTFUL: mark_text(
        "Look at the picture and at what was answered, and say which items count."
    ),
    ExceptionCode.OUTSIDE_FRAME: mark_text(
        "The marker sees the whole picture with what runs beyond the frame. Nothing needs to be done."
    ),
    ExceptionCode.POOR_IMAGE: mark_text("The page could be read all the same. Scan it again if markers complain."),
}
_OTHER_CARD = re.compile(r"side (\d+) of another card")
_VERSION = re.compile(r"version (\w+)")


def exception_advice(code: ExceptionCode) -> str:
    """What to do, in the current language."""
    return _(_ADVICE[code])


def page_detail(detail: str) -> str:
    """The detail of a refused page in the current language; two of them name a number."""
    if found := _OTHER_CARD.fullmatch(detail):
        return _("side {number} of another card", number=found[1])
    if found := _VERSION.fullmatch(detail):
        return _("version {number}", number=found[1])
    return _(detail)


def best_guess(detail: Mapping[str, Any]) -> str:
    """The answer that is offered for a doubtful field: what was read, or the items that the rule would count."""
    return str(detail.get("value") or "+".join(detail.get("proposal", ())))
