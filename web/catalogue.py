"""Gather every text that a person can meet, and keep the Chinese catalogue complete.

    python -m web.catalogue            bring translations/zh up to date; lists what still needs Chinese
    python -m web.catalogue --check    change nothing; exit 1 when a text is missing, outdated or empty

A text is marked by `_("…")` where it is said at once and by `mark_text("…")` where it is said later.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "web" / "translations" / "zh" / "LC_MESSAGES" / "kaiyue.po"
KEYWORDS = {"_": None, "mark_text": None}
# without dates, so that a file that says the same is the same
_HEADER = r"""# The Chinese of Kaiyue, gathered by `python -m web.catalogue`; people write the msgstr lines only.
msgid ""
msgstr ""
"Language: zh\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=1; plural=0;\n"

"""
ROOMS = ("models", "scanning", "marking", "samples", "web")


def texts() -> Iterator[tuple[str, str]]:
    """Every marked text with the file it stands in, file by file."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield from _in_file(path, "python")
    yield from _help_of_commands()
    for path in sorted((ROOT / "web" / "templates").rglob("*.html")):
        yield from _in_file(path, "jinja2.ext:babel_extract")


def _help_of_commands() -> Iterator[tuple[str, str]]:
    """What `--help` says: click takes it from docstrings and options, where nothing marks it."""
    import click

    from web.cli import kaiyue
    from web.cli.help import help_texts

    found = dict(help_texts(kaiyue, click.Context(kaiyue)))  # many commands share an option
    for text, module in found.items():
        yield text, module.replace(".", "/") + ".py"


def _in_file(path: Path, method: str) -> Iterator[tuple[str, str]]:
    place = path.relative_to(ROOT).as_posix()
    with io.BytesIO(path.read_bytes()) as file:
        for _line, message, _comments, _context in extract(
            method, file, keywords=KEYWORDS, options={"encoding": "utf-8", "silent": "false"}
        ):
            if isinstance(message, str) and message:
                yield message, place


def gathered() -> Catalog:
    """All texts as a catalogue without translations; places name files only, so that lines may move freely."""
    catalogue = Catalog(locale="zh", charset="utf-8", fuzzy=False)
    for message, place in texts():
        catalogue.add(message, locations=[(place, 0)])
    return catalogue


def stored() -> Catalog:
    """The Chinese catalogue as kept."""
    with SOURCE.open("rb") as file:
        return read_po(file, locale="zh")


def faults() -> list[str]:
    """What keeps the Chinese from being complete, one line each."""
    wanted = {str(message.id) for message in gathered() if message.id}
    kept = {str(message.id): message for message in stored() if message.id}
    found = [f"not in the catalogue: {text}" for text in sorted(wanted - kept.keys())]
    found += [f"no longer used: {text}" for text in sorted(kept.keys() - wanted)]
    for text, message in sorted(kept.items()):
        if text in wanted and (not message.string or message.fuzzy):
            found.append(f"without Chinese: {text}")
        elif text in wanted and names_in(text) != names_in(str(message.string)):
            found.append(f"other names in braces: {text}")
    return found


def names_in(text: str) -> set[str]:
    """The `{names}` of a text."""
    from string import Formatter

    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name}


def update() -> None:
    """Write the catalogue anew: new texts without Chinese, unused ones dropped, the others as they were."""
    catalogue, kept = gathered(), stored()
    for message in catalogue:
        before = kept.get(message.id) if message.id else None
        if before is not None and not before.fuzzy:
            message.string = before.string
    save(catalogue)


def save(catalogue: Catalog) -> None:
    """Write the catalogue to its file."""
    body = io.BytesIO()
    write_po(body, catalogue, width=110, sort_by_file=True, include_lineno=False, omit_header=True)
    SOURCE.write_bytes(_HEADER.encode() + body.getvalue())


def main() -> int:
    """Check or update."""
    if "--check" not in sys.argv:
        update()
    found = faults()
    for line in found:
        print(line)  # noqa: T201 - this is the command's answer
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
