"""The order in which people count: numbers in a name by their value, so that seat 2 comes before seat 10."""

import re


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key with numbers by value: page2 before page10."""
    parts = re.split(r"(\d+)", name.casefold())
    # Python refuses to make a number of thousands of digits, which a name inside an archive may have.
    return tuple((1, int(part[:300]), "") if part.isdecimal() and part.isascii() else (0, 0, part) for part in parts)
