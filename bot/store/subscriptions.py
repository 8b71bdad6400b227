"""What each channel wants to hear of, what it has muted, and which things people follow."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, insert, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.cards import Cards
from bot.store.engine import Store
from bot.store.tables import follow, mute, subscription, thing
from bot.store.upsert import insert as upsert
from commands.core.alerts import AlertKind, Followed, Mute, Scope, Severity, Subscription
from commands.core.ports import Clock, Place
from providers.facts import ThingKind


class StoredSubscriptions:
    """`commands.core.alerts.Subscriptions`, and what the fold reads of them.

    `changed` is called when a card is wanted.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._cards = Cards(store, clock)

    async def add(self, place: Place, wish: Scope, least: Severity, *, created_by: str) -> Subscription:
        row = {
            **_said(wish),
            "team_id": place.team_id,
            "channel_id": place.channel_id,
            "severity": least,
            "created_by": created_by,
            "created_at": self._clock.now(),
        }

        async def write(conn: AsyncConnection) -> Subscription:
            same = [subscription.c[name].is_not_distinct_from(value) for name, value in _said(wish).items()]
            for present in await _select(conn, *_of(place), *same):
                await conn.execute(update(subscription).where(subscription.c.id == present.id).values(severity=least))
                return (await _select(conn, subscription.c.id == present.id))[0]
            added = await conn.execute(insert(subscription).values(row).returning(subscription))
            return _subscription(added.mappings().one())

        return await self._store.write(write)

    async def remove(self, place: Place, subscription_id: int) -> bool:
        statement = delete(subscription).where(*_of(place), subscription.c.id == subscription_id)

        async def write(conn: AsyncConnection) -> bool:
            return (await conn.execute(statement)).rowcount == 1

        return await self._store.write(write)

    async def in_channel(self, place: Place) -> list[Subscription]:
        async with self._store.reading() as conn:
            return await _select(conn, *_of(place))

    async def of_person(self, team_id: str, user_id: str) -> list[Subscription]:
        mine = (
            subscription.c.team_id == team_id,
            subscription.c.created_by == user_id,
            subscription.c.channel_id.is_not(None),
        )
        async with self._store.reading() as conn:
            return await _select(conn, *mine)

    async def of_team(self, conn: AsyncConnection, team_id: str) -> list[Subscription]:
        """Those of all channels, in the transaction that folds."""
        return await _select(conn, subscription.c.team_id == team_id, subscription.c.channel_id.is_not(None))

    async def mute(self, place: Place, what: Scope, until: datetime, *, said_by: str) -> Mute:
        said = _said(what) | {"team_id": place.team_id, "channel_id": place.channel_id}

        async def write(conn: AsyncConnection) -> Mute:
            same = [mute.c[name].is_not_distinct_from(value) for name, value in said.items()]
            values = {"until": until, "said_by": said_by}
            again = update(mute).where(*same).values(values).returning(mute)
            row = (await conn.execute(again)).mappings().first()
            if row is None:
                row = (await conn.execute(insert(mute).values(said | values).returning(mute))).mappings().one()
            return _mute(row)

        return await self._store.write(write)

    async def unmute(self, place: Place, what: Scope | None) -> int:
        here = [mute.c.team_id == place.team_id, mute.c.channel_id == place.channel_id]
        if what is not None:
            here += [mute.c[name].is_not_distinct_from(value) for name, value in _said(what).items()]
        held = [*here, mute.c.until > self._clock.now()]

        async def write(conn: AsyncConnection) -> int:
            return (await conn.execute(delete(mute).where(*held))).rowcount

        return await self._store.write(write)

    async def mutes(self, place: Place) -> Sequence[Mute]:
        here = (mute.c.channel_id == place.channel_id,)
        async with self._store.reading() as conn:
            return await _mutes(conn, place.team_id, self._clock.now(), *here)

    async def mutes_of_team(self, conn: AsyncConnection, team_id: str, now: datetime) -> Sequence[Mute]:
        """Those that hold, of all channels, in the transaction that folds."""
        return await _mutes(conn, team_id, now)

    async def follow(self, team_id: str, user_id: str, direct: Place, about: tuple[str, ThingKind, str]) -> bool:
        async def write(conn: AsyncConnection) -> bool:
            found = select(thing.c.id).where(*_is(team_id, about), not_(thing.c.terminal))
            thing_id = (await conn.execute(found)).scalar_one_or_none()
            if thing_id is None:
                return False
            row = {"team_id": team_id, "user_id": user_id, "thing_id": thing_id, "since": self._clock.now()}
            await conn.execute(upsert(conn, follow).values(row).on_conflict_do_nothing())
            await self._cards.want(conn, thing_id, direct, revive=True)
            return True

        return await self._store.write(write)

    async def unfollow(self, team_id: str, user_id: str, about: tuple[str, ThingKind, str]) -> bool:
        meant = follow.c.thing_id.in_(select(thing.c.id).where(*_is(team_id, about)))

        async def write(conn: AsyncConnection) -> bool:
            return (await conn.execute(delete(follow).where(*_mine(team_id, user_id), meant))).rowcount > 0

        return await self._store.write(write)

    async def followed_by(self, team_id: str, user_id: str) -> Sequence[Followed]:
        query = (
            select(thing.c.provider, thing.c.kind, thing.c.server_id, thing.c.name, follow.c.since)
            .join_from(follow, thing, thing.c.id == follow.c.thing_id)
            .where(*_mine(team_id, user_id), not_(thing.c.terminal))
            .order_by(follow.c.since, thing.c.id)
        )
        async with self._store.reading() as conn:
            rows = (await conn.execute(query)).all()
        return [
            Followed(provider=provider, kind=ThingKind(kind), server_id=server_id, name=name, since=since)
            for provider, kind, server_id, name, since in rows
        ]


def _said(scope: Scope) -> dict[str, Any]:
    """The columns that both tables have."""
    return {"provider": scope.provider, "kinds": ",".join(sorted(scope.kinds)), "room_glob": scope.room_glob}


def _scope(row: RowMapping) -> Scope:
    kinds = frozenset(AlertKind(kind) for kind in row["kinds"].split(",") if kind)
    return Scope(provider=row["provider"], kinds=kinds, room_glob=row["room_glob"])


def _of(place: Place) -> Sequence[ColumnElement[bool]]:
    return subscription.c.team_id == place.team_id, subscription.c.channel_id == place.channel_id


def _mine(team_id: str, user_id: str) -> Sequence[ColumnElement[bool]]:
    return follow.c.team_id == team_id, follow.c.user_id == user_id


def _is(team_id: str, about: tuple[str, ThingKind, str]) -> Sequence[ColumnElement[bool]]:
    provider, kind, server_id = about
    return (
        thing.c.team_id == team_id,
        thing.c.provider == provider,
        thing.c.kind == kind,
        thing.c.server_id == server_id,
    )


async def _select(conn: AsyncConnection, *where: ColumnElement[bool]) -> list[Subscription]:
    rows = await conn.execute(select(subscription).where(*where).order_by(subscription.c.id))
    return [_subscription(row) for row in rows.mappings()]


async def _mutes(conn: AsyncConnection, team_id: str, now: datetime, *where: ColumnElement[bool]) -> list[Mute]:
    held = select(mute).where(mute.c.team_id == team_id, mute.c.until > now, *where).order_by(mute.c.until, mute.c.id)
    return [_mute(row) for row in (await conn.execute(held)).mappings()]


def _subscription(row: RowMapping) -> Subscription:
    return Subscription(
        id=row["id"],
        channel_id=row["channel_id"],
        wish=_scope(row),
        created_by=row["created_by"],
        least=Severity(row["severity"] or Severity.INFO),
    )


def _mute(row: RowMapping) -> Mute:
    return Mute(
        id=row["id"], channel_id=row["channel_id"], what=_scope(row), until=row["until"], said_by=row["said_by"]
    )
