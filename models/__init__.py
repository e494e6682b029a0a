"""Plain values and stored records: the one room that scanning and marking share."""

__version__ = "0.1.0"
