"""Exact points: parsing, hundredths, means and the one rounding rule.

Points are `Decimal` in Python and whole hundredths in the tables, because SQLite compares NUMERIC as
floats (ten times 0.10 is not 1.00 there). Nothing else in Kaiyue averages or rounds points.
"""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from fractions import Fraction

HUNDREDTH = Decimal("0.01")
ZERO = Decimal(0)


def parse_points(text: str | int | Decimal) -> Decimal:
    """Read points from text such as ``"7.5"``; exact, finite, never from a float.

    Raises ValueError for anything that is not a plain decimal number.
    """
    if isinstance(text, bool | float):
        raise ValueError(f"points come from text or whole numbers, not from {text!r}")
    if isinstance(text, str) and not text.isascii():
        raise ValueError(f"{text!r} is not written in the digits 0-9")  # Decimal reads full-width digits as well
    try:
        value = Decimal(text) if not isinstance(text, str) else Decimal(text.strip())
    except InvalidOperation as err:
        raise ValueError(f"{text!r} is not a number of points") from err
    if not value.is_finite() or (isinstance(text, str) and "_" in text):
        raise ValueError(f"{text!r} is not a plain number of points")
    exponent = value.as_tuple().exponent
    if value and (value.adjusted() > 11 or not isinstance(exponent, int) or exponent < -12):
        raise ValueError(f"{text!r} is far beyond any number of points")
    return plain(value)


def plain(value: Decimal) -> Decimal:
    """The same number without an exponent or trailing zeros: 7.50 becomes 7.5, 1E+1 becomes 10."""
    if value == value.to_integral_value():
        return value.quantize(Decimal(1))
    return value.normalize()


def show_points(value: Decimal) -> str:
    """Points as people write them: ``8.5``, ``12``, never ``12.00`` or ``1E+1``."""
    return format(plain(value), "f")


def is_whole_hundredths(value: Decimal) -> bool:
    """Whether the table can hold this value exactly."""
    return value == value.quantize(HUNDREDTH, rounding=ROUND_HALF_UP)


def to_hundredths(value: Decimal) -> int:
    """Points as the whole number that the table keeps. Raises ValueError when that would lose something."""
    scaled = value * 100
    whole = int(scaled)
    if scaled != whole:
        raise ValueError(f"{value} points are not whole hundredths")
    return whole


def from_hundredths(hundredths: int) -> Decimal:
    """The points that a table's whole number stands for."""
    return plain(Decimal(hundredths).scaleb(-2))


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a whole number of mark steps."""
    return step > 0 and value % step == 0


def mean_of_two(first: Decimal, second: Decimal) -> Decimal:
    """The exact mean of two marks; whole hundredths whenever the mark step is a multiple of 0.02."""
    return plain((first + second) / 2)


def round_half_up(value: Decimal | Fraction, to: Decimal) -> Decimal:
    """Round to a multiple of `to`, halves away from zero: 7.75 to 0.5 is 8, 0.125 to 0.01 is 0.13.

    The ordinary school rule; binary floats and banker's rounding are never used for points.
    """
    if to <= 0:
        raise ValueError("points are rounded to a positive step")
    steps = Fraction(value) / Fraction(to)
    whole = (abs(steps) + Fraction(1, 2)).__floor__()
    with localcontext() as context:
        context.prec = 50
        return plain(Decimal(whole if steps >= 0 else -whole) * to)
