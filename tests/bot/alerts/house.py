"""The alerts of a bot on a real database, without anything around them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import select

from bot.alerts.intake import Intake
from bot.alerts.record import Record
from bot.alerts.state import RecordingState, RoomState, ThingState, state_from_json
from bot.clock import SystemClock
from bot.store.cards import Cards
from bot.store.engine import Store
from bot.store.inbox import Inbox
from bot.store.notes import Notes
from bot.store.subscriptions import StoredSubscriptions
from bot.store.tables import card, inbox, note, thing
from commands.core.alerts import AlertKind, Scope, Severity
from commands.core.ports import Place
from providers.facts import Fact

TEAM = "T1"


@dataclass
class House:
    store: Store
    inbox: Inbox
    cards: Cards
    notes: Notes
    subscriptions: StoredSubscriptions
    intake: Intake

    @classmethod
    def on(cls, store: Store, changed: Callable[[], None] = lambda: None) -> Self:
        clock = SystemClock()
        cards, notes, subscriptions = Cards(store, clock), Notes(store), StoredSubscriptions(store, clock)
        inbox = Inbox(store, clock)
        intake = Intake(store, inbox, Record(cards, notes, subscriptions, clock), changed)
        return cls(store, inbox, cards, notes, subscriptions, intake)

    async def tell(self, *facts: Fact) -> None:
        """What a webhook does: each fact in a delivery of its own."""
        for fact in facts:
            await self.intake.accept([fact], team_id=TEAM)
        assert await self.intake.fold_waiting()

    async def command(
        self,
        fact: Fact,
        *,
        channel: str | None,
        thread: str | None = None,
        user: str | None = "U1",
        private: bool = False,
    ) -> None:
        """What a command does. `user` made the thing, None where it only looked; `private`: in a private place."""
        card_in = Place(TEAM, channel, thread) if channel else None
        await self.intake.report(fact, team_id=TEAM, made_by=user, card_in=card_in, is_private=private)

    async def subscribe(
        self,
        channel: str,
        *kinds: AlertKind,
        room: str = "*",
        provider: str | None = None,
        least: Severity = Severity.INFO,
        by: str = "U1",
    ) -> None:
        wish = Scope(provider=provider, kinds=frozenset(kinds), room_glob=room)
        await self.subscriptions.add(Place(TEAM, channel), wish, least, created_by=by)

    async def state(self, server_id: str) -> ThingState:
        async with self.store.reading() as conn:
            body = (await conn.execute(select(thing.c.state).where(thing.c.server_id == server_id))).scalar_one()
        return state_from_json(body)

    async def room(self, server_id: str = "RM_1") -> RoomState:
        state = await self.state(server_id)
        assert isinstance(state, RoomState)
        return state

    async def recording(self, server_id: str = "RE_1") -> RecordingState:
        state = await self.state(server_id)
        assert isinstance(state, RecordingState)
        return state

    async def statuses(self) -> dict[str, tuple[str, bool]]:
        """Of every thing the status, and whether it is over."""
        async with self.store.reading() as conn:
            rows = await conn.execute(select(thing.c.server_id, thing.c.status, thing.c.terminal))
            return {row.server_id: (row.status, row.terminal) for row in rows}

    async def things(self) -> set[str]:
        async with self.store.reading() as conn:
            return set((await conn.execute(select(thing.c.server_id))).scalars())

    async def carded(self) -> set[tuple[str, str]]:
        """Which thing has a card in which channel."""
        query = select(thing.c.server_id, card.c.channel_id).join_from(card, thing)
        async with self.store.reading() as conn:
            return {(row.server_id, row.channel_id) for row in await conn.execute(query)}

    async def noted(self) -> list[tuple[str, str, str]]:
        """Every note: of which thing, in which channel, and which."""
        query = select(thing.c.server_id, card.c.channel_id, note.c.kind).select_from(note).join(card).join(thing)
        async with self.store.reading() as conn:
            return [(row.server_id, row.channel_id, row.kind) for row in await conn.execute(query.order_by(note.c.id))]

    async def unfolded(self) -> list[tuple[str, int]]:
        """What waits: its key and how often it failed."""
        query = select(inbox.c.event_key, inbox.c.attempts).where(inbox.c.folded_at.is_(None)).order_by(inbox.c.id)
        async with self.store.reading() as conn:
            return [(row.event_key, row.attempts) for row in await conn.execute(query)]


@asynccontextmanager
async def open_house(directory: Path, changed: Callable[[], None] = lambda: None) -> AsyncIterator[House]:
    store = await Store.open(f"sqlite:///{directory}/showcaller.db")
    try:
        yield House.on(store, changed)
    finally:
        await store.close()
