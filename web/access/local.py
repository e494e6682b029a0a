"""Addresses that stay on this site: what `next=` may say."""

from urllib.parse import urlsplit

HOME = "/"


def local_path(text: str | None) -> str:
    """The text where it is a plain path of this site, the home page otherwise.

    Browsers read backslashes as slashes and drop tabs and line ends, so those never pass.
    """
    if not text or len(text) > 1000 or not text.startswith("/") or text.startswith("//"):
        return HOME
    if "\\" in text or any(ord(letter) < 0x21 or ord(letter) == 0x7F for letter in text):
        return HOME
    try:
        parts = urlsplit(text)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc else text
