"""What open forms hold beside what Slack keeps of them, for half an hour. It may be secret, so it is kept sealed."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.secrets import SecretBox, WrongKey
from bot.store.engine import Store
from bot.store.tables import draft
from bot.store.upsert import insert
from commands.core.ports import Clock

_log = structlog.get_logger(__name__)

KEPT = timedelta(minutes=30)
"""As long as Slack honours a response_url."""


class StoredDrafts:
    """Texts by key, each for as long as `KEPT` since it was last put or changed."""

    def __init__(self, store: Store, clock: Clock, box: SecretBox, *, team_id: str) -> None:
        self._store = store
        self._clock = clock
        self._box = box
        self._team_id = team_id

    async def put(self, texts: Mapping[str, str]) -> None:
        """All of them or none."""
        rows = [
            {"key": key, "team_id": self._team_id, "payload": self._box.seal(text), "expires_at": self._end()}
            for key, text in sorted(texts.items())
        ]

        async def write(conn: AsyncConnection) -> None:
            statement = insert(conn, draft)
            new = {"payload": statement.excluded.payload, "expires_at": statement.excluded.expires_at}
            await conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=new), rows)

        if rows:
            await self._store.write(write)

    async def get(self, key: str) -> str | None:
        """None for what is not kept any more."""
        async with self._store.reading() as conn:
            return await self._read(conn, key)

    async def change(self, key: str, change: Callable[[str], str | None]) -> bool:
        """What `change` makes of the text takes its place, whoever else wants to change it at the same time.

        False where nothing is kept, or `change` wants to leave it as it is, and returns None.
        """

        async def write(conn: AsyncConnection) -> bool:
            before = await self._read(conn, key)
            after = change(before) if before is not None else None
            if after is None:
                return False
            new = {"payload": self._box.seal(after), "expires_at": self._end()}
            await conn.execute(update(draft).where(draft.c.key == key).values(new))
            return True

        return await self._store.write(write)

    async def _read(self, conn: AsyncConnection, key: str) -> str | None:
        query = select(draft.c.payload).where(
            draft.c.key == key, draft.c.team_id == self._team_id, draft.c.expires_at > self._clock.now()
        )
        payload = (await conn.execute(query)).scalar_one_or_none()
        if payload is None:
            return None
        try:
            return self._box.open(payload)
        except WrongKey:
            _log.warning("what a form held cannot be opened: its key is gone")
            return None

    def _end(self) -> object:
        return self._clock.now() + KEPT
