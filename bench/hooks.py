"""The servers that take webhooks, each a process of its own: `python -m bench.hooks NAME [DATABASE_URL]`.

A target prints its port when it listens, and ends when its standard input does.
"""

import asyncio
import contextlib
import gc
import json
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web
from cryptography.fernet import Fernet
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.deliveries import PATH, PROVIDERS, reader
from bench.targets import serving
from bot import logs
from bot.demo.world import World
from bot.store.engine import Store
from bot.store.tables import inbox
from bot.store.upsert import insert
from providers.errors import ProviderError
from providers.facts import Fact, facts_to_json

Take = Callable[[list[Fact]], Awaitable[None]]

DROP = "hook-drop"
VERIFY = "hook-verify"
COMMIT = "hook-commit"
SQLITE = "showcaller, SQLite"
POSTGRESQL = "showcaller, PostgreSQL"


@dataclass(frozen=True, slots=True)
class Hook:
    """Where webhooks go. `database_url` is where they stand then; empty where nothing is kept."""

    port: int
    database_url: str = ""


@asynccontextmanager
async def drop(_: str) -> AsyncIterator[Hook]:
    """Accepts all, and looks at nothing."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="stored\n")

    async with _listening(take) as port:
        yield Hook(port)


@asynccontextmanager
async def verify(_: str) -> AsyncIterator[Hook]:
    """Our own reader, and nothing is kept."""

    async def forget(_: list[Fact]) -> None:
        """In place of the database."""

    async with _reading(forget) as port:
        yield Hook(port)


@asynccontextmanager
async def commit(database_url: str, then: Callable[[], Awaitable[None]] | None = None) -> AsyncIterator[Hook]:
    """Our own reader, and a transaction for each. `then` is done before the answer."""
    store = await Store.open(database_url)

    async def keep(facts: list[Fact]) -> None:
        row = {
            "team_id": "T1",
            "provider": facts[0].provider,
            "event_key": facts[0].key,
            "kind": facts[0].type,
            "source": facts[0].source,
            "received_at": datetime.now(UTC),
            "body": facts_to_json(facts),
        }

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(insert(conn, inbox).on_conflict_do_nothing(), row)

        await store.write(write)
        if then is not None:
            await then()

    try:
        async with _reading(keep) as port:
            yield Hook(port, database_url)
    finally:
        await store.close()


@asynccontextmanager
async def showcaller(database_url: str) -> AsyncIterator[Hook]:
    """The whole bot: what it takes in it folds, too."""
    with TemporaryDirectory(prefix="showcaller-bench-") as directory:
        folder = Path(directory)
        with (folder / "log").open("w") as log:
            logs.configure(level=logging.ERROR, style="json", stream=log)
            environ = {"DATABASE_URL": database_url, "SHOWCALLER_SECRET_KEY": Fernet.generate_key().decode()}
            async with await World.open(folder, providers=PROVIDERS, environ=environ) as world:
                gc.freeze()  # as `showcaller run` does
                yield Hook(world.port, database_url)


def _reading(take: Take) -> AbstractAsyncContextManager[int]:
    provider = reader()

    async def read(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            facts = provider.read_webhook("", headers, await request.read())
        except ProviderError:
            return web.Response(status=401)
        await take(facts)
        return web.Response(text="stored\n")

    return _listening(read)


@asynccontextmanager
async def _listening(take: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_post(PATH, take)
    async with serving(app) as port:
        yield port


TARGETS: Mapping[str, Callable[[str], AbstractAsyncContextManager[Hook]]] = {
    DROP: drop,
    VERIFY: verify,
    COMMIT: commit,
    SQLITE: showcaller,
    POSTGRESQL: showcaller,
}


async def _serve(name: str, database_url: str) -> None:
    async with TARGETS[name](database_url) as hook:
        sys.stdout.write(json.dumps({"port": hook.port}) + "\n")
        sys.stdout.flush()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2]))
