"""What columns are made of: the types of their values, and the indexes over them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNTAKEN = re.compile("[\x00\ud800-\udfff]")


class Words(TypeDecorator[str]):
    """Text. What no database takes becomes the sign for what cannot be shown: a NUL, and half of a surrogate pair. JSON
    can spell both."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _UNTAKEN.sub("\ufffd", value)


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since the epoch in UTC. A naive one is refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


class Sealed(TypeDecorator[bytes]):
    """What `SecretBox` sealed; empty for nothing. A column of this type is sealed anew when the keys are changed."""

    impl = LargeBinary
    cache_ok = True


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

ID = BigInteger().with_variant(Integer, "sqlite")


def row_id() -> Column[int]:
    """A row's number. Never used again after a deletion, as buttons in old messages hold it."""
    return Column("id", ID, primary_key=True, autoincrement=True)


def partial_index(name: str, *columns: Column[Any], where: ColumnElement[bool]) -> None:
    """An index over the open work only, so that a start costs what is open and not what was ever done."""
    Index(name, *columns, sqlite_where=where, postgresql_where=where)
