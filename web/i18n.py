"""One catalogue for pages, errors, reports and the command line: Chinese first, English complete.

Message ids are the English texts. `translations/zh/LC_MESSAGES/kaiyue.po` holds the Chinese; set-up compiles
it, and an uncompiled or outdated catalogue is read from its source, so that a text never goes missing.
"""

import gettext as _gettext
import io
import os
from contextvars import ContextVar
from enum import StrEnum
from functools import cache
from pathlib import Path

from models.errors import Complaint, Complaints, KaiyueError, Sentence, fill
from models.words import Lang
from web.words import has_name, name_of

TRANSLATIONS = Path(__file__).parent / "translations"
_language: ContextVar[Lang] = ContextVar("language", default=Lang.ZH)


def set_language(language: Lang) -> None:
    """Speak this language from here on in this request or command."""
    _language.set(language)


def current_language() -> Lang:
    """The language of this request or command."""
    return _language.get()


def language_from_environment() -> Lang:
    """`KAIYUE_LANG` when it is set, English where the locale is English, Chinese otherwise."""
    wanted = os.environ.get("KAIYUE_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return Lang.EN if wanted.lower().startswith("en") else Lang.ZH


def _(text: str, /, **values: object) -> str:
    """The text in the current language with its `{names}` filled in."""
    translated = _catalogue(_language.get()).gettext(text) if text else ""
    return fill(translated, values) if values else translated


def error_texts(error: KaiyueError) -> tuple[str, str]:
    """Sentence and remedy of an error in the current language."""
    catalogue = _catalogue(_language.get())
    details = {name: say(value) for name, value in error.details.items()}
    return fill(catalogue.gettext(error.sentence), details), fill(catalogue.gettext(error.remedy), details)


def say(value: object) -> object:
    """A detail of an error in the current language; what is not text stays as it is."""
    match value:
        case StrEnum():
            return _(name_of(value)) if has_name(value) else value.value
        case str():
            return _(value)
        case Sentence():
            return fill(_(value.template), {name: say(inner) for name, inner in value.values.items()})
        case Complaint():
            said = say(value.sentence)
            return f"{value.place}: {said}" if value.place else said
        case Complaints():
            return " ".join(str(say(complaint)) for complaint in value)
    return value


@cache
def _catalogue(language: Lang) -> _gettext.NullTranslations:
    if language is Lang.EN:
        return _gettext.NullTranslations()
    source = TRANSLATIONS / language.value / "LC_MESSAGES" / "kaiyue.po"
    compiled = source.with_suffix(".mo")
    if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
        with compiled.open("rb") as file:
            return _gettext.GNUTranslations(file)
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    buffer = io.BytesIO()
    with source.open("rb") as file:
        write_mo(buffer, read_po(file, locale=language.value))
    buffer.seek(0)
    return _gettext.GNUTranslations(buffer)
