"""Write the reference pages of docs/ from the code: `python -m web.reference`; a test holds the two together."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import marking
import models
import scanning
import web
from models.errors import KaiyueError
from models.words import Lang
from web.i18n import _, set_language
from web.settings import as_markdown

DOCS = Path(__file__).resolve().parent.parent / "docs"


def import_everything() -> None:
    """Import every module, so that every error class is known."""
    for package in (models, scanning, marking, web):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".migrations" not in found.name and not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def error_classes() -> list[type[KaiyueError]]:
    """Every error of Kaiyue by its code."""
    import_everything()
    return sorted(set(_below(KaiyueError)), key=lambda error: (error.code, error.__name__))


def _below(parent: type[KaiyueError]) -> Iterator[type[KaiyueError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _below(child)


def errors_page() -> str:
    """docs/errors.md."""
    lines = [
        "# Errors 错误代码",
        "",
        "Written from the code by `python -m web.reference`. On the command line an error is one line,",
        '`error[CODE]: sentence remedy`; through HTTP it is `{"error": {"code", "message", "remedy"}}`.',
        "",
        "| Code | Exit | HTTP | What it says | 中文 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for error in error_classes():
        cells = []
        for language in (Lang.EN, Lang.ZH):
            set_language(language)
            cells.append(f"{_(error.sentence)} {_(error.remedy)}".replace("|", "\\|"))
        lines.append(f"| `{error.code}` | {error.exit_code} | {error.http_status} | {cells[0]} | {cells[1]} |")
    set_language(Lang.ZH)
    return "\n".join(lines) + "\n"


PAGES = {"settings.md": as_markdown, "errors.md": errors_page}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
