"""The error tree: a stable code, a sentence for the person and a remedy, in both languages.

The English text below is the message id of the one catalogue (web/translations); the Chinese comes from
there. The command line turns an error into one line and an exit code, the web into a status and one JSON
shape. What Python raises is always an *error*; a sheet that needs a person is an *exception*.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


def mark_text(text: str) -> str:
    """Mark a text for the catalogue without translating it yet (babel keyword `mark_text`)."""
    return text


class KaiyueError(Exception):
    """Root of everything that Kaiyue raises on purpose.

    Subclasses set `code`, `sentence` and `remedy`; `{names}` in them are filled from the keyword
    arguments, which stay available as `details`.
    """

    code: ClassVar[str] = "error"
    sentence: ClassVar[str] = mark_text("Something went wrong.")
    remedy: ClassVar[str] = mark_text("Tell the person who runs this system.")
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.text())

    def text(self) -> str:
        """Code and English sentence, for logs."""
        return f"[{self.code}] {fill(self.sentence, self.details)}"


def fill(template: str, details: dict[str, object]) -> str:
    """Put the details into a sentence; an unknown name stays visible instead of raising while reporting."""

    class _Keep(dict[str, object]):
        def __missing__(self, key: str) -> str:
            return "{" + key + "}"

    return template.format_map(_Keep(details))


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that can be said in either language: a catalogue text and the values for its `{names}`.

    Text that reaches the details of an error as a Sentence is translated with it; `str()` is the English.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return fill(self.template, dict(self.values))


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a file: the place (`papers[0].items[3].key`, row and column, cell) and what to change."""

    place: str
    sentence: Sentence

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" if self.place else str(self.sentence)


class Complaints(tuple[Complaint, ...]):
    """Everything wrong with a file, as one value for the details of an error; `str()` is the English."""

    __slots__ = ()

    def __str__(self) -> str:
        return " ".join(str(complaint) for complaint in self)


class UsageError(KaiyueError):
    """The command or request itself is malformed."""

    code = "usage"
    sentence = mark_text("This cannot be done as asked: {why}.")
    remedy = mark_text("Run the command with --help.")
    exit_code = 2
    http_status = 400


class InputRefused(KaiyueError):
    """Somebody's input was refused; nothing was changed."""

    code = "input.refused"
    sentence = mark_text("The input was refused: {why}.")
    remedy = mark_text("Correct it and try again.")
    exit_code = 3
    http_status = 422


class NotFound(KaiyueError):
    """The thing is unknown, or not visible to the person who asks."""

    code = "not_found"
    sentence = mark_text("There is no {what} named {name}.")
    remedy = mark_text("Check the name.")
    exit_code = 3
    http_status = 404


class Forbidden(KaiyueError):
    """The person lacks the right."""

    code = "forbidden"
    sentence = mark_text("Your role does not allow this.")
    remedy = mark_text("Ask the exam manager for the right.")
    exit_code = 3
    http_status = 403


class Conflict(KaiyueError):
    """Somebody else was first, or the thing has changed since it was shown."""

    code = "conflict"
    sentence = mark_text("This has changed since it was shown to you.")
    remedy = mark_text("Reload and look again.")
    exit_code = 3
    http_status = 409


class IntegrityFailed(KaiyueError):
    """Stored evidence and derived numbers do not agree."""

    code = "integrity"
    sentence = mark_text("The stored data do not agree: {what}.")
    remedy = mark_text("Stop, keep the data folder as it is, and restore or ask for help.")
    exit_code = 5
    http_status = 500
