"""The scripts and styles of the pages need nothing that the oldest supported browser lacks, nor a trusted address.

docs/marker.md declares Chromium 109, the last one for Windows 7. What a newer one brought is listed here by name, and
what browsers offer to trusted addresses only: an exam office serves plain HTTP on its own network. No list can be
complete; tests/browser runs in the Chromium that CHROMIUM names, so that an old one can be tried as well.
"""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "web" / "static"
SCRIPTS = sorted(STATIC.rglob("*.js"))
STYLES = sorted(STATIC.rglob("*.css"))

TOO_NEW = {
    r"\.(toSorted|toReversed|toSpliced)\(": "Chromium 110",
    r"\b(Object|Map)\.groupBy\b": "Chromium 117",
    r"\bPromise\.(withResolvers|try)\b": "Chromium 119",
    r"\bArray\.fromAsync\b": "Chromium 121",
    r"\bURL\.(canParse|parse)\(": "Chromium 120",
    r"\bAbortSignal\.any\b": "Chromium 116",
    r"\.(isWellFormed|toWellFormed)\(": "Chromium 111",
    r"\.(union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf)\(": "Chromium 122",
    r"\bSymbol\.(dispose|asyncDispose)\b|^\s*(await )?using ": "Chromium 134",
    r"\b(startViewTransition|showPopover|hidePopover|togglePopover|moveBefore)\b": "Chromium 111 to 133",
    r"\bimport .* with \{": "Chromium 123",
    r"/[dgimsuy]*v[dgimsuy]*\.(test|exec)\(|\bRegExp\([^)]*,\s*[\"'][a-z]*v": "Chromium 112",
    r"\bIterator\.|\.values\(\)\.(map|filter|take|drop)\(": "Chromium 122",
    r"\bscheduler\.(yield|postTask)\b": "Chromium 129",
    r"\b(Temporal|Float16Array|Uint8Array\.fromBase64)\b": "Chromium 135 and later",
}
TRUSTED_ONLY = {
    r"\bcrypto\.(subtle|randomUUID)\b": "secure contexts",
    r"\bnavigator\.(serviceWorker|clipboard|locks|storage|wakeLock|credentials|share|mediaDevices|permissions|usb)\b":
        "secure contexts",
    r"\bcaches\.(open|match|keys)\b": "secure contexts",
    r"\b(SharedArrayBuffer|showOpenFilePicker|showSaveFilePicker|Notification\.|PushManager)\b": "secure contexts",
}  # fmt: skip
TOO_NEW_STYLES = {
    r"^\s*&": "nesting, Chromium 120",
    r"\b(color-mix|oklch|oklab|lch|lab|light-dark|relative)\(": "Chromium 111 and later",
    r"@(starting-style|scope|property|position-try|view-transition)\b": "Chromium 117 and later",
    r"\btext-wrap\s*:": "Chromium 114",
    r"\b(field-sizing|interpolate-size|anchor-name|position-anchor|animation-timeline)\s*:": "Chromium 115 and later",
    r"\bsubgrid\b": "Chromium 117",
    r":(user-invalid|user-valid|popover-open|open)\b": "Chromium 114 and later",
    r"\btransition-behavior\b|\ballow-discrete\b": "Chromium 117",
}
# scores never hang on a number box, which a wheel changes unseen
NUMBER_BOX = re.compile(r"type=[\"']?number")


def found(path: Path, forbidden: dict[str, str]) -> list[str]:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line.partition("//")[0] if path.suffix == ".js" else line for line in text.splitlines()]
    return [
        f"{path.name}: {line.strip()} ({needs})"
        for line in lines
        for pattern, needs in forbidden.items()
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_runs_in_the_oldest_browser_at_any_address(path: Path) -> None:
    assert found(path, TOO_NEW) == []
    assert found(path, TRUSTED_ONLY) == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_a_style_is_understood_by_the_oldest_browser(path: Path) -> None:
    assert found(path, TOO_NEW_STYLES) == []


def test_scores_are_never_typed_into_number_boxes() -> None:
    templates = STATIC.parent / "templates" / "marking"
    texts = [path.read_text(encoding="utf-8") for path in (*templates.glob("*.html"), *SCRIPTS)]
    screen = (templates / "screen.html").read_text(encoding="utf-8")
    assert texts
    assert NUMBER_BOX.search(screen) is None
    assert not any(NUMBER_BOX.search(text) for text in texts[-len(SCRIPTS) :])


@pytest.mark.parametrize(
    "line",
    [
        "const a = list.toSorted();",
        "Object.groupBy(a, b)",
        "navigator.locks.request()",
        "await crypto.subtle.digest(x)",
    ],
)
def test_the_lists_notice_what_they_forbid(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.js"
    path.write_text(line, encoding="utf-8")
    assert found(path, TOO_NEW | TRUSTED_ONLY) != []
