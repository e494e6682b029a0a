"""Column types that both databases keep alike, and the base class of every record."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from models.points import from_hundredths, to_hundredths


class Base(DeclarativeBase):
    """Root of all records; constraint names are fixed so that migrations can name them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Hundredths(TypeDecorator[Decimal]):
    """Points as whole hundredths: SQLite would compare NUMERIC as floats."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Refuse anything that the table could not hold exactly."""
        return None if value is None else to_hundredths(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Give points back as exact decimals."""
        return None if value is None else from_hundredths(value)


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC, aware on both databases (SQLite would lose the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone; keep it in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Every moment comes back aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


E = TypeVar("E", bound=StrEnum)


class Word(TypeDecorator[E], Generic[E]):
    """A word of a closed list, kept as its text."""

    impl = String(40)
    cache_ok = True

    def __init__(self, words: type[E]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: E | str | None, dialect: Dialect) -> str | None:
        """Only words of the list go in; ValueError otherwise."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        """Words of the list come out."""
        return None if value is None else self.words(value)


def now() -> datetime:
    """The present moment; the only clock that records read."""
    return datetime.now(UTC)


RowIdType = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only in INTEGER columns

row_id = Annotated[int, mapped_column(RowIdType, primary_key=True)]
exact_points = Annotated[Decimal, mapped_column(Hundredths)]
maybe_points = Annotated[Decimal | None, mapped_column(Hundredths)]
utc_time = Annotated[datetime, mapped_column(UtcTime)]
maybe_time = Annotated[datetime | None, mapped_column(UtcTime)]
utc_now = Annotated[datetime, mapped_column(UtcTime, default=now)]
blob_key = Annotated[str, mapped_column(String(64), comment="SHA-256 of the stored bytes")]
maybe_blob = Annotated[str | None, mapped_column(String(64), comment="SHA-256 of the stored bytes")]
json_value = Annotated[dict[str, Any], mapped_column(JSON, default=dict)]
json_list = Annotated[list[Any], mapped_column(JSON, default=list)]
short_text = Annotated[str, mapped_column(String(200), default="")]
