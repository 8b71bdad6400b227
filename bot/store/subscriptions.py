"""What each channel wants to hear of, what it has muted, and which things people follow."""

from collections.abc import Callable, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.interest import Interest
from bot.store.cards import Cards
from bot.store.engine import Store
from bot.store.tables import card, follow, mute, subscription, thing
from bot.store.things import get
from bot.store.upsert import insert
from bot.store.visibility import visible_to
from commands.core.alerts import About, AlertKind, Followed, Mute, Scope, Severity, Subscription, Unfollowed
from commands.core.ports import Clock, Place, Viewer
from providers.facts import ThingKind


class StoredSubscriptions:
    """`commands.core.alerts.Subscriptions`, and what the fold reads of them.

    `changed` is called when a card is wanted.
    """

    def __init__(self, store: Store, clock: Clock, changed: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed
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
            added = await conn.execute(insert(conn, subscription).values(row).returning(subscription))
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
                row = (await conn.execute(insert(conn, mute).values(said | values).returning(mute))).mappings().one()
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

    async def follows_of_team(self, conn: AsyncConnection, team_id: str) -> Set[tuple[int, str]]:
        """The number of each thing that somebody follows, and their conversation, in the transaction that folds."""
        query = select(follow.c.thing_id, follow.c.channel_id).where(follow.c.team_id == team_id)
        return {(row.thing_id, row.channel_id) for row in await conn.execute(query)}

    async def live_name(self, viewer: Viewer, about: About) -> str | None:
        async with self._store.reading() as conn:
            found = await _live(conn, viewer, about)
        return found[1] if found is not None else None

    async def follow(self, viewer: Viewer, user_id: str, direct: Place, about: About) -> bool:
        row = {"team_id": viewer.team_id, "user_id": user_id, "channel_id": direct.channel_id}

        async def write(conn: AsyncConnection) -> bool:
            found = await _live(conn, viewer, about)
            if found is None:
                return False
            followed = insert(conn, follow).values({**row, "thing_id": found[0], "since": self._clock.now()})
            await conn.execute(followed.on_conflict_do_nothing())
            await self._cards.want(conn, found[0], direct, revive=True)
            return True

        if not await self._store.write(write):
            return False
        self._changed()
        return True

    async def unfollow(self, team_id: str, user_id: str, about: About) -> Unfollowed | None:
        meant = follow.c.thing_id.in_(select(thing.c.id).where(*_is(team_id, about)))

        async def write(conn: AsyncConnection) -> Unfollowed | None:
            ended = delete(follow).where(*_mine(team_id, user_id), meant)
            row = (await conn.execute(ended.returning(follow.c.thing_id, follow.c.channel_id))).one_or_none()
            if row is None:
                return None
            place = Place(team_id, row.channel_id, is_direct=True)
            if await _is_there_anyway(conn, place, about):
                return Unfollowed(row.channel_id, None)
            shown = delete(card).where(card.c.thing_id == row.thing_id, card.c.channel_id == row.channel_id)
            ts = (await conn.execute(shown.returning(card.c.ts))).scalar_one_or_none()
            return Unfollowed(row.channel_id, ts)

        return await self._store.write(write)

    async def followed_by(self, team_id: str, user_id: str) -> Sequence[Followed]:
        query = (
            select(thing.c.provider, thing.c.kind, thing.c.server_id, thing.c.name, follow.c.since, follow.c.channel_id)
            .join_from(follow, thing, thing.c.id == follow.c.thing_id)
            .where(*_mine(team_id, user_id), not_(thing.c.terminal))
            .order_by(follow.c.since, thing.c.id)
        )
        async with self._store.reading() as conn:
            rows = (await conn.execute(query)).all()
        return [
            Followed(
                provider=row.provider,
                kind=ThingKind(row.kind),
                server_id=row.server_id,
                name=row.name,
                since=row.since,
                channel_id=row.channel_id,
            )
            for row in rows
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


async def _live(conn: AsyncConnection, viewer: Viewer, about: About) -> tuple[int, str] | None:
    """Number and name of a thing that is not over and can be seen."""
    found = select(thing.c.id, thing.c.name).where(
        *_is(viewer.team_id, about), not_(thing.c.terminal), visible_to(viewer)
    )
    row = (await conn.execute(found)).one_or_none()
    return None if row is None else (row.id, row.name)


async def _is_there_anyway(conn: AsyncConnection, place: Place, about: About) -> bool:
    """Whether a conversation has the card of a thing though nobody follows it: it was made there, or subscribed to."""
    provider, kind, _ = about
    known = await get(conn, *about)
    if known is None or known.channel_id == place.channel_id:
        return known is not None
    interest = Interest(await _select(conn, *_of(place)))
    return not known.is_private and interest.shows(place.channel_id, kind, provider=provider, room=known.name)


def _is(team_id: str, about: About) -> Sequence[ColumnElement[bool]]:
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
