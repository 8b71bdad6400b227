"""Rows of any table, for tests that look at many of them."""

from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import Boolean, Integer, LargeBinary, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.tables import Sealed, UtcTime
from tests.bot.store.snapshots import SEEN_AT

_NUMBERS = count(1)


def row(table: Table, **given: object) -> dict[str, Any]:
    """One that the table takes: what must be there and was not given is made up, and no two are alike."""
    number = next(_NUMBERS)
    values: dict[str, Any] = {"team_id": "T1"}
    for column in table.columns:
        if column.nullable or column.server_default is not None or column.autoincrement is True:
            continue
        match column.type:
            case UtcTime():
                values.setdefault(column.name, SEEN_AT)
            case Boolean():
                values.setdefault(column.name, False)
            case Integer():
                values.setdefault(column.name, number)
            case LargeBinary() | Sealed():
                values.setdefault(column.name, b"")
            case _:
                values.setdefault(column.name, f"{column.name}-{number}")
    return values | given


async def add(store: Store, table: Table, *rows: dict[str, Any]) -> list[Any]:
    """Returns the first column of the primary key of each, in order."""
    key = next(iter(table.primary_key.columns))

    async def write(conn: AsyncConnection) -> list[Any]:
        return [(await conn.execute(table.insert().values(each).returning(key))).scalar_one() for each in rows]

    return await store.write(write)


async def add_many(store: Store, table: Table, how_many: int, at: dict[str, datetime], **given: object) -> None:
    rows = [row(table, **at, **given) for _ in range(how_many)]
    await store.write(lambda conn: conn.execute(table.insert(), rows))
