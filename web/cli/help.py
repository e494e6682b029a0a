"""What `--help` says, in the language of the command line: the commands are written in English, as everything is.

In:  click's commands. Out: their help in the current language, wrapped by the width that letters take on a terminal:
a Chinese letter takes two columns and needs no space after it to end a line.
"""

import unicodedata
from collections.abc import Iterable, Iterator

import click

from models.errors import mark_text
from web.i18n import _

_HEADINGS = {"Options": mark_text("Options"), "Commands": mark_text("Commands")}
_OWN_OF_CLICK = (mark_text("Show this message and exit."), mark_text("Show the version and exit."))
_NO_START = "，。；：、！？）》”’%])"  # no line begins with one of these


def help_texts(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    """Every text of a command and of those below it that a person can meet, with the module it stands in."""
    place = command.callback.__module__ if command.callback is not None else __name__
    texts = [command.help or "", *(getattr(parameter, "help", None) or "" for parameter in command.params)]
    for text in texts:
        yield from ((paragraph, place) for paragraph in paragraphs(text) if paragraph not in _OWN_OF_CLICK)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from help_texts(child, context)


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a docstring, each as one line."""
    return [line for part in text.partition("\f")[0].split("\n\n") if (line := " ".join(part.split()))]


class Spoken(click.HelpFormatter):
    """Writes help in the current language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The first line."""
        super().write_usage(prog, args, _("Usage:") + " " if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """The line above a list."""
        super().write_heading(_(_HEADINGS[heading]) if heading in _HEADINGS else heading)

    def write_text(self, text: str) -> None:
        """Paragraphs with an empty line between them."""
        indent = " " * self.current_indent
        said = ["\n".join(indent + line for line in wrapped(_(each), self._room(0))) for each in paragraphs(text)]
        self.write("\n\n".join(said) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """A list of names with what they are."""
        rows = list(rows)
        column = min(max((columns(name) for name, _text in rows), default=0), col_max) + col_spacing
        for name, text in rows:
            help_text, bracket, more = text.partition("  [")  # click adds “[required]” and the like behind the help
            said = " ".join(_(each) for each in paragraphs(help_text)) + (f"  [{more}" if bracket else "")
            lines = wrapped(said, self._room(column)) or [""]
            indent = " " * self.current_indent
            if columns(name) + col_spacing > column:
                self.write(f"{indent}{name}\n")
            else:
                self.write(f"{indent}{name}{' ' * (column - columns(name))}{lines.pop(0)}\n")
            self.write("".join(f"{indent}{' ' * column}{line}\n" for line in lines))

    def _room(self, column: int) -> int:
        return max(20, self.width - self.current_indent - column)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of at most `width` columns, broken at spaces and beside Chinese letters."""
    pieces: list[str] = []
    for letter in text:
        wide = columns(letter) == 2
        before = pieces[-1][-1] if pieces else " "
        word_goes_on = not wide and columns(before) == 1 and before != " "
        if pieces and (letter == " " or (before != " " and letter in _NO_START) or word_goes_on):
            pieces[-1] += letter
        else:
            pieces.append(letter)
    lines = [""]
    for piece in pieces:
        if lines[-1] and columns(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines if line.strip()]
