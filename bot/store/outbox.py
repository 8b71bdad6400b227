"""What is to be brought to Slack: which lanes have work, when each may go on, and what comes next in one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.pace import Tempo
from bot.store.cards import Card, Cards, is_dirty, is_held_back, is_untold
from bot.store.closures import Closures
from bot.store.digests import Digests
from bot.store.engine import Store
from bot.store.leases import is_free
from bot.store.notes import DueNote, Notes, is_postable
from bot.store.owed import is_overdue
from bot.store.pace import POSTS, UPDATES, Pace, Paces, Turn
from bot.store.tables import card, note, thing
from bot.store.things import Thing
from commands.core.ports import Clock
from providers.facts import ThingKind


@dataclass(frozen=True, slots=True)
class Due:
    """One call to be made: a card, or a note under one."""

    turn: Turn
    what: Card | DueNote
    thing: Thing


@dataclass(frozen=True, slots=True)
class Look:
    """`ready` are lanes that have work and may go on, `seconds` how long until another one may, None where none waits
    for time alone. `storms`: channels where cards wait for a place on a page. `busy`: channels that are shown on pages.
    """

    ready: list[str]
    seconds: float | None
    storms: list[str]
    busy: list[str]


@dataclass(slots=True)
class _Waiting:
    """Dirty cards of a channel: pages, and others by whether they have a message, where these do not wait for the calm.
    Of all others some were not told by a page, and some have no place on one."""

    pages_to_post: int = 0
    pages_to_change: int = 0
    to_post: int = 0
    to_change: int = 0
    untold_to_post: int = 0
    untold_to_change: int = 0
    without_page: int = 0
    has_notes: bool = False


@dataclass(slots=True)
class _Channels:
    waiting: dict[str, _Waiting] = field(default_factory=dict)

    def of(self, channel_id: str) -> _Waiting:
        return self.waiting.setdefault(channel_id, _Waiting())


class Outbox:
    def __init__(
        self, store: Store, cards: Cards, notes: Notes, closures: Closures, paces: Paces, digests: Digests
    ) -> None:
        self.cards = cards
        self.notes = notes
        self.closures = closures
        self.paces = paces
        self.digests = digests
        self._store = store
        self._overdue = is_overdue(paces.tempo.owed_after)

    @classmethod
    def on(cls, store: Store, clock: Clock, tempo: Tempo, *, team_id: str) -> Self:
        cards, paces = Cards(store, clock), Paces(store, tempo, team_id=team_id)
        digests = Digests(store, cards, paces, team_id=team_id)
        return cls(store, cards, Notes(store), Closures(store, clock), paces, digests)

    async def look(self, skip_channels: Collection[str]) -> Look:
        """Channels to skip are left alone, as if they had nothing to do."""
        async with self._store.reading() as conn:
            moment, paces = await self.paces.read(conn)
            channels = await _channels(conn, self._overdue)
        waiting = {id: each for id, each in channels.waiting.items() if id not in skip_channels}
        busy = [key for key, pace in paces.items() if pace.digest_since is not None]
        ready, waits = list[str](), list[timedelta]()
        for key in self._lanes(waiting):
            free_at = self._free_at(key, paces, moment)
            if free_at <= moment:
                ready.append(key)
            else:
                waits.append(free_at - moment)
        seconds = min(waits).total_seconds() if waits else None
        return Look(ready, seconds, self._storms(waiting, busy), busy)

    def _lanes(self, waiting: Mapping[str, _Waiting]) -> list[str]:
        """Those that have something to do."""
        found = []
        if any(each.pages_to_change or each.to_change for each in waiting.values()):
            found.append(UPDATES)
        for id, each in waiting.items():
            if each.pages_to_post or each.to_post or each.has_notes:
                found.append(id)
        return found

    def _free_at(self, key: str, paces: Mapping[str, Pace], moment: datetime) -> datetime:
        times = [moment]
        if key in paces:
            times.append(paces[key].free_at(self.paces.rate(key)))
        if key != UPDATES and POSTS in paces:
            times.append(paces[POSTS].paused_until or moment)
        return max(times)

    def _storms(self, waiting: Mapping[str, _Waiting], busy: Collection[str]) -> list[str]:
        changing = sum(each.untold_to_change > 0 for each in waiting.values())
        return [
            id
            for id, each in waiting.items()
            if each.without_page
            and (
                id in busy
                or self.paces.tempo.is_storm(each.untold_to_post, each.untold_to_change, channels=max(changing, 1))
            )
        ]

    async def claim(self, key: str, skip_channels: Collection[str]) -> Due | None:
        """The next call of that lane, with a turn of it; None where somebody else was faster."""

        async def write(conn: AsyncConnection) -> Due | None:
            if (found := await self._next(conn, key, skip_channels)) is None:
                return None
            if (turn := await self.paces.take(conn, key)) is None:
                return None
            what, about = found
            if isinstance(what, Card):
                return Due(turn, await self.cards.hold(conn, what, turn.claim), about)
            return Due(turn, await self.notes.hold(conn, what, turn.claim), about)

        return await self._store.write(write)

    async def _next(
        self, conn: AsyncConnection, key: str, skip_channels: Collection[str]
    ) -> tuple[Card | DueNote, Thing] | None:
        if key == UPDATES:
            return await self.cards.next_update(conn, skip_channels, self._overdue)
        posting = await self.cards.next_post(conn, key, self._overdue)
        return posting or await self.notes.next(conn, key, self._overdue)


async def _channels(conn: AsyncConnection, overdue: ColumnElement[bool]) -> _Channels:
    dirty = select(
        card.c.channel_id,
        (thing.c.kind == ThingKind.DIGEST).label("is_page"),
        card.c.ts.is_not(None).label("has_message"),
        is_held_back(overdue).label("is_held_back"),
        is_untold().label("is_untold"),
        card.c.digest_id.is_(None).label("is_unpaged"),
    )
    # Found first, then counted: SQLite would walk all cards in the order of their channels to spare itself a sort.
    found_dirty = dirty.join(thing).where(is_dirty(), is_free(card)).cte("dirty").prefix_with("MATERIALIZED")
    counted = select(*found_dirty.c, func.count().label("cards")).group_by(*found_dirty.c)
    noted = select(card.c.channel_id).join_from(note, card).join(thing).where(is_postable(overdue)).distinct()
    found = _Channels()
    for row in await conn.execute(counted):
        each = found.of(row.channel_id)
        match row.is_page, row.has_message:
            case True, True:
                each.pages_to_change += row.cards
            case True, False:
                each.pages_to_post += row.cards
            case False, True:
                each.to_change += 0 if row.is_held_back else row.cards
                each.untold_to_change += row.cards if row.is_untold else 0
            case _:
                each.to_post += 0 if row.is_held_back else row.cards
                each.untold_to_post += row.cards if row.is_untold else 0
        if not row.is_page and row.is_unpaged:
            each.without_page += row.cards
    for channel_id in (await conn.execute(noted)).scalars():
        found.of(channel_id).has_notes = True
    return found
