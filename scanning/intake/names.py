"""Names that others gave, shown without what no text may hold."""

import unicodedata


def printable(text: str, most: int = 300) -> str:
    """A text that every table, log and database can hold: control characters and broken bytes become `�`.

    File systems allow names that are no text at all; Python shows their bytes as lone surrogates.
    """
    shown = "".join("\ufffd" if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def encodable(text: str) -> str:
    """A text as given, but for bytes that are no text: they become `�`, because no UTF-8 file can hold them."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
