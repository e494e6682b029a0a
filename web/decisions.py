"""A person's decision about an exception, from a form to the one verb of scanning that carries it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from models.errors import InputRefused, UsageError, mark_text
from models.words import EntryStatus
from scanning.context import ScanContext
from scanning.resolve import (
    Person,
    acknowledge,
    attach_side,
    decide_choice,
    decide_field,
    discard_page,
    set_number,
    set_status,
)


class NoPage(InputRefused):
    """The decision needs a page and the exception is about none."""

    code = "resolve.no_page"
    sentence = mark_text("There is no page to decide about.")
    remedy = mark_text("Reload the list of exceptions.")


class NothingChosen(InputRefused):
    """An empty choice that was not said to be one: a key pressed too early must not cost a candidate the item."""

    code = "resolve.nothing_chosen"
    sentence = mark_text("No item was given that counts.")
    remedy = mark_text("Type the items that count, or choose “None of them counts”.")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is decided about."""

    exception_id: int
    page_id: int | None
    entry_id: int | None
    field: str

    @property
    def page(self) -> int:
        """The page. Raises NoPage."""
        if self.page_id is None:
            raise NoPage
        return self.page_id


Form = Mapping[str, str]
Decide = Callable[[Session, ScanContext, Subject, Form, Person], None]


def decide(session: Session, context: ScanContext, action: str, subject: Subject, form: Form, person: Person) -> None:
    """Carry one decision. Raises UsageError for an action that does not exist, and what the verbs raise."""
    verb = ACTIONS.get(action)
    if verb is None:
        raise UsageError(why=mark_text("there is no such decision"))
    verb(session, context, subject, form, person)


def _number(session: Session, context: ScanContext, subject: Subject, form: Form, person: Person) -> None:
    number = form.get("number", "").strip()[:40]
    set_number(session, context, subject.page, number, person=person, reason=form.get("reason", "")[:500])


def _attach(session: Session, context: ScanContext, subject: Subject, form: Form, person: Person) -> None:
    front = form.get("front", "")
    if not (front.isascii() and front.isdigit() and len(front) < 19):
        raise UsageError(why=mark_text("choose the page that shows the other side"))
    attach_side(session, context, subject.page, int(front), person=person, reason=form.get("reason", "")[:500])


def _discard(session: Session, context: ScanContext, subject: Subject, form: Form, person: Person) -> None:
    reason, whole = form.get("reason", "")[:500], bool(form.get("whole_sheet"))
    discard_page(session, context, subject.page, reason, person=person, whole_sheet=whole)


def _status(session: Session, context: ScanContext, subject: Subject, form: Form, person: Person) -> None:
    wanted = form.get("status", "")
    if wanted not in set(EntryStatus) or subject.entry_id is None:
        raise UsageError(why=mark_text("choose what became of the candidate"))
    set_status(session, context, subject.entry_id, EntryStatus(wanted), form.get("reason", "")[:500], person=person)


def _value(session: Session, context: ScanContext, subject: Subject, form: Form, person: Person) -> None:
    decide_field(session, context, subject.page, subject.field, plain_answer(form.get("value", "")), person=person)


def _choice(session: Session, context: ScanContext, subject: Subject, form: Form, person: Person) -> None:
    group = subject.field.removeprefix("choose:")
    given = [each.strip() for each in form.get("items", "").replace("，", "+").replace(",", "+").split("+")]
    items = [] if form.get("none") else [each for each in given if each]
    if not items and not form.get("none"):
        raise NothingChosen
    decide_choice(session, context, subject.page, group, items, person=person)


def _seen(session: Session, context: ScanContext, subject: Subject, _form: Form, person: Person) -> None:
    acknowledge(session, context, subject.exception_id, person=person)


def plain_answer(text: str) -> str:
    """What a person typed as option letters: capitals, without spaces or signs between them; a dash is a blank."""
    return "".join(letter for letter in text.upper()[:40] if letter.isalnum())


FORM_FIELD = {"value": "value", "choice": "items"}  # where the forms of the two answers carry them
ACTIONS: dict[str, Decide] = {
    "number": _number,
    "attach": _attach,
    "discard": _discard,
    "status": _status,
    "value": _value,
    "choice": _choice,
    "seen": _seen,
}
