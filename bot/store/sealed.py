"""What is sealed in the database, sealed anew under the newest key."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.secrets import SecretBox, WrongKey
from bot.store.engine import Store
from bot.store.tables import Sealed, metadata

BATCH_ROWS = 500
"""So many are sealed in one transaction: nobody else writes for longer than that takes."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many values are under the newest key because of this, and how many no key opened."""

    resealed: int = 0
    lost: int = 0

    def __add__(self, other: "Resealed") -> "Resealed":
        return Resealed(self.resealed + other.resealed, self.lost + other.lost)


def sealed_columns() -> list[tuple[Table, Column[bytes]]]:
    return [(t, c) for t in metadata.sorted_tables for c in t.columns if isinstance(c.type, Sealed)]


async def reseal(store: Store, box: SecretBox) -> Resealed:
    """Seal everything under the newest key of `box`. What is there already stays, so it can be done again at any time.

    Others may write meanwhile: a row that they have changed since it was read is theirs.
    """
    done = Resealed()
    for table, column in sealed_columns():
        async for rows in _batches(store, table, column):
            done += await _reseal(store, box, table, column, rows)
    return done


async def _batches(store: Store, table: Table, column: Column[bytes]) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
    """The primary key and the value of each row that holds one, in the order of the key."""
    key = list(table.primary_key.columns)
    query = select(*key, column).where(column.is_not(None), func.length(column) > 0).order_by(*key).limit(BATCH_ROWS)
    after: tuple[object, ...] = ()
    while True:
        page = query.where(tuple_(*key) > tuple_(*after)) if after else query
        async with store.reading() as conn:
            rows = [tuple(row) for row in await conn.execute(page)]
        if not rows:
            return
        yield rows
        after = rows[-1][:-1]


async def _reseal(
    store: Store, box: SecretBox, table: Table, column: Column[bytes], rows: Sequence[tuple[Any, ...]]
) -> Resealed:
    changes, lost = [], 0
    for row in rows:
        key, value = row[:-1], row[-1]
        try:
            anew = box.reseal(value)
        except WrongKey:
            lost += 1
            continue
        if anew != value:
            is_this = [part == given for part, given in zip(table.primary_key.columns, key, strict=True)]
            changes.append(update(table).where(*is_this, column == value).values({column: anew}))

    async def write(conn: AsyncConnection) -> int:
        return sum([(await conn.execute(change)).rowcount for change in changes])

    return Resealed(await store.write(write) if changes else 0, lost)
