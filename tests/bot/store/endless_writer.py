"""A process that writes pairs of rows until it is killed, and says after each commit that it is durable."""

import asyncio
import sys

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store

_INSERT = text("INSERT INTO setting VALUES ('T', :channel, :key, 'v', 'U', 0)")
_AT_ONCE = 5


async def _write_pair(store: Store, number: int) -> None:
    async def pair(conn: AsyncConnection) -> None:
        for key in ("first", "second"):
            await conn.execute(_INSERT, {"channel": str(number), "key": key})

    await store.write(pair)


async def main(url: str) -> None:
    store = await Store.open(url)
    done = 0
    while True:
        await asyncio.gather(*(_write_pair(store, done + step) for step in range(_AT_ONCE)))
        done += _AT_ONCE
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()


asyncio.run(main(sys.argv[1]))
