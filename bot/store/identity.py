"""Who we are in Slack, kept so that the bot can start while Slack is down."""

from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.tables import identity
from bot.store.upsert import insert
from commands.core.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The answer of `auth.test`. `url` is the workspace's address."""

    team_id: str
    team_name: str
    url: str
    bot_user_id: str
    bot_id: str


class Identities:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def keep(self, found: Identity) -> None:
        row = asdict(found) | {"kept_at": self._clock.now()}

        async def write(conn: AsyncConnection) -> None:
            statement = insert(conn, identity).values(row)
            await conn.execute(statement.on_conflict_do_update(index_elements=[identity.c.team_id], set_=row))

        await self._store.write(write)

    async def load(self) -> Identity | None:
        """The one kept last; None before Slack was ever reached."""
        query = select(identity).order_by(identity.c.kept_at.desc()).limit(1)
        async with self._store.reading() as conn:
            row = (await conn.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        return Identity(**{name: row[name] for name in Identity.__slots__})
