"""Who was granted which role."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.tables import role_grant
from bot.store.upsert import insert
from commands.core.base import Role
from commands.core.grants import Grant, Grantee, GranteeKind
from commands.core.ports import Clock


class StoredGrants:
    """`commands.core.grants.Grants`. Ended ones are kept until somebody grants the same again, or they are pruned."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def give(
        self, team_id: str, grantee: Grantee, role: Role, *, provider: str | None, until: datetime | None, by: str
    ) -> Grant:
        address = {"team_id": team_id, "kind": grantee.kind, "subject": grantee.id, "provider": provider or ""}
        said = {"role": str(role), "until": until, "granted_by": by, "granted_at": self._clock.now()}

        async def write(conn: AsyncConnection) -> Grant:
            statement = insert(conn, role_grant).values(address | said)
            statement = statement.on_conflict_do_update(index_elements=list(address), set_=said)
            return _from_row((await conn.execute(statement.returning(role_grant))).mappings().one())

        return await self._store.write(write)

    async def take(self, team_id: str, ids: Sequence[int]) -> None:
        statement = delete(role_grant).where(role_grant.c.team_id == team_id, role_grant.c.id.in_(ids))

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(statement)

        await self._store.write(write)

    async def holding(self, team_id: str) -> list[Grant]:
        holds = or_(role_grant.c.until.is_(None), role_grant.c.until > self._clock.now())
        query = select(role_grant).where(role_grant.c.team_id == team_id, holds).order_by(role_grant.c.id)
        async with self._store.reading() as conn:
            return [_from_row(row) for row in (await conn.execute(query)).mappings()]


def _from_row(row: RowMapping) -> Grant:
    return Grant(
        id=row["id"],
        grantee=Grantee(GranteeKind(row["kind"]), row["subject"]),
        role=Role[row["role"].upper()],
        provider=row["provider"] or None,
        until=row["until"],
        by=row["granted_by"],
        at=row["granted_at"],
    )
