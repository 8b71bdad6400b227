"""What facts change in the database: the things they are about, the cards that show these, the notes under them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.fold import fold, note_recording
from bot.alerts.interest import Interest
from bot.alerts.news import News, news
from bot.alerts.privacy import Home, home_of
from bot.alerts.state import RecordingState, RoomState, ThingState, room_of, state_from_json
from bot.store import timers
from bot.store.cards import Cards
from bot.store.inbox import InboxRow
from bot.store.notes import Notes
from bot.store.reservations import KEPT, Name, extend
from bot.store.settings import told_of_joins
from bot.store.subscriptions import StoredSubscriptions
from bot.store.things import Snapshot, get, live_of_room, save
from commands.core.alerts import AlertKind
from commands.core.directory import Reservation
from commands.core.ports import Clock, Place
from providers.facts import Fact, ParticipantJoined, ParticipantLeft, ThingKind

Fold = Callable[[ThingState | None], ThingState | None]
Key = tuple[str, ThingKind, str]
"""Provider, kind and the server's id of a thing."""


class Record:
    def __init__(self, cards: Cards, notes: Notes, subscriptions: StoredSubscriptions, clock: Clock) -> None:
        self._cards = cards
        self._notes = notes
        self._subscriptions = subscriptions
        self._clock = clock

    def open(self, conn: AsyncConnection) -> "Folding":
        """For the facts of one transaction."""
        return Folding(conn, self._cards, self._notes, self._subscriptions, self._clock.now())


@dataclass(slots=True)
class _Entry:
    """A thing in the hands of a `Folding`. `id` and `snapshot` are None for one that is not in the database.

    `is_touched`: it is to be saved. `is_changed`: people are to see it. `is_revived`: also who deleted its card.
    """

    id: int | None
    snapshot: Snapshot | None
    state: ThingState | None
    is_touched: bool = False
    is_changed: bool = False
    is_revived: bool = False


class Folding:
    """The facts of one transaction. A thing that many of them are about is read once, and written once by `finish`."""

    def __init__(
        self,
        conn: AsyncConnection,
        cards: Cards,
        notes: Notes,
        subscriptions: StoredSubscriptions,
        now: datetime,
    ) -> None:
        self._conn = conn
        self._cards = cards
        self._notes = notes
        self._subscriptions = subscriptions
        self._now = now
        self._entries: dict[Key, _Entry] = {}
        self._interests: dict[str, Interest] = {}

    async def keep(self, row: InboxRow, fact: Fact) -> None:
        """`row` brought the fact; that of a command says who made the thing and where a card is wanted."""
        state = await self._change(
            row,
            fact,
            (fact.provider, fact.thing, fact.thing_id),
            lambda state: fold(state, fact, made_by=row.user_id),
            wanted_in=_wanted_in(row),
        )
        if isinstance(state, RecordingState) and state.room.id:
            recording = state.recording
            await self._change(
                row,
                fact,
                (fact.provider, ThingKind.ROOM, state.room.id),
                lambda state: note_recording(state if isinstance(state, RoomState) else None, recording),
            )

    async def finish(self) -> None:
        """Write down what has changed. Before this, the database has new things, cards and notes alone."""
        for entry in self._entries.values():
            if entry.is_touched and entry.snapshot is not None:
                thing_id = await save(self._conn, entry.snapshot)
                if entry.is_changed:
                    await self._cards.bump(self._conn, thing_id, revive=entry.is_revived)

    async def _change(
        self, row: InboxRow, fact: Fact, key: Key, folded: Fold, *, wanted_in: Place | None = None
    ) -> ThingState | None:
        """The state after the fact; None for a thing of which nothing is worth keeping."""
        entry = await self._entry(key)
        before, known = entry.state, entry.snapshot
        after = folded(before)
        if after is None:
            return None
        is_subject = key[1:] == (fact.thing, fact.thing_id)
        home = await home_of(self._conn, row, fact, after, known, is_subject=is_subject)
        is_new = known is None or home.is_private is not known.is_private or not _looks_alike(before, after)
        entry.state = after
        entry.snapshot = self._snapshot(row, fact, key, after, home)
        entry.is_touched |= is_new or after != before
        entry.is_changed |= is_new
        if entry.id is None:
            entry.id = await save(self._conn, entry.snapshot)
        told = news(before, after, fact) if is_subject else News(AlertKind.ROOM)
        await self._want(row, fact, entry.id, (before, after), home, home.place(wanted_in) if wanted_in else None, told)
        if isinstance(after, RoomState) and home.channel_id != (known.channel_id if known is not None else None):
            await self._show_at_home(row, key, home)
        if is_new and after.is_over and not (before and before.is_over):
            entry.is_revived = True
            await self._end(row, fact, after, home)
        if told.note is not None:
            await self._note(row, entry.id, after, home, told, fact)
        return after

    async def _entry(self, key: Key) -> _Entry:
        if key not in self._entries:
            known = await get(self._conn, *key)
            self._entries[key] = (
                _Entry(None, None, None) if known is None else _Entry(known.id, known, state_from_json(known.state))
            )
        return self._entries[key]

    def _snapshot(self, row: InboxRow, fact: Fact, key: Key, state: ThingState, home: Home) -> Snapshot:
        provider, kind, server_id = key
        room = room_of(state)
        return Snapshot(
            team_id=row.team_id,
            provider=provider,
            kind=kind,
            server_id=server_id,
            seen_at=fact.seen_at,
            channel_id=home.channel_id,
            is_private=home.is_private,
            room_id=room.id or None if room is not None and kind is not ThingKind.ROOM else None,
            name=state.name,
            status=state.shown_status,
            terminal=state.is_over,
            state=state.model_dump_json(),
            made_by=state.made_by,
        )

    async def _end(self, row: InboxRow, fact: Fact, state: ThingState, home: Home) -> None:
        """It is stopped by nobody any more. A private room that somebody brings up again, with a token of the one that
        ended, is private too."""
        await timers.end(self._conn, fact.provider, ThingKind(state.kind), fact.thing_id)
        if isinstance(state, RoomState) and home.is_private and home.channel_id is not None:
            name, until = Name(row.team_id, fact.provider, ThingKind.ROOM, state.name), fact.seen_at + KEPT
            await extend(self._conn, name, Reservation(home.channel_id, state.made_by, until))

    async def _want(
        self,
        row: InboxRow,
        fact: Fact,
        thing_id: int,
        change: tuple[ThingState | None, ThingState],
        home: Home,
        asked_in: Place | None,
        told: News,
    ) -> None:
        """A card where the command asked for one, in the channel of the room, and wherever people want to hear of it.

        These get none for a thing that was over before anybody here had heard of it, or before they said so.
        """
        if asked_in is not None:
            await self._cards.want(self._conn, thing_id, asked_in, revive=True)
        before, after = change
        interest = await self._interest(row.team_id)
        if not interest.is_news(before, after, told, fact):
            return
        channels = set(interest.channels(after, told)) | {c async for c in self._of_its_room(fact, after, interest)}
        channels -= {asked_in.channel_id} if asked_in is not None else set()
        for channel_id in sorted(filter(home.is_open_to, channels)):
            await self._cards.want(self._conn, thing_id, Place(row.team_id, channel_id))

    async def _of_its_room(self, fact: Fact, state: ThingState, interest: Interest) -> AsyncIterator[str]:
        """Who makes a room in a channel wants to hear there what is recorded of it, sent from it and into it."""
        room = room_of(state)
        if room is None or not room.id or isinstance(state, RoomState):
            return
        entry = await self._entry((fact.provider, ThingKind.ROOM, room.id))
        channel_id = entry.snapshot.channel_id if entry.snapshot is not None else None
        if channel_id is not None and not interest.is_muted(channel_id, state):
            yield channel_id

    async def _show_at_home(self, row: InboxRow, key: Key, home: Home) -> None:
        """What was heard of before it was known where its room belongs."""
        provider, _, room_id = key
        if home.channel_id is not None:
            for thing_id in await live_of_room(self._conn, provider, room_id):
                await self._cards.want(self._conn, thing_id, Place(row.team_id, home.channel_id))

    async def _note(self, row: InboxRow, thing_id: int, state: ThingState, home: Home, told: News, fact: Fact) -> None:
        interest = await self._interest(row.team_id)
        cards = await self._cards.of(self._conn, thing_id)
        joins = await self._told_of_joins(thing_id, fact)
        for card_id, channel_id in cards.items():
            if interest.is_told(channel_id, state, told, is_home=channel_id == home.channel_id) or (
                card_id in joins and not interest.is_muted(channel_id, state)
            ):
                await self._notes.add(
                    self._conn,
                    team_id=row.team_id,
                    card_id=card_id,
                    inbox_id=row.id,
                    kind=str(told.note),
                    broadcast=told.broadcast,
                )

    async def _told_of_joins(self, thing_id: int, fact: Fact) -> set[int]:
        """The cards in channels whose setting says that they want to hear who comes and goes."""
        if not isinstance(fact, ParticipantJoined | ParticipantLeft):
            return set()
        return set(await told_of_joins(self._conn, thing_id))

    async def _interest(self, team_id: str) -> Interest:
        """Read inside the transaction that folds, so that none is missed or too old."""
        if team_id not in self._interests:
            subscriptions = await self._subscriptions.of_team(self._conn, team_id)
            mutes = await self._subscriptions.mutes_of_team(self._conn, team_id, self._now)
            self._interests[team_id] = Interest(subscriptions, mutes)
        return self._interests[team_id]


def _looks_alike(before: ThingState | None, after: ThingState) -> bool:
    """Whether people see no difference: that a server has told the same again is none."""
    if before is None or before.is_over is not after.is_over:
        return False
    return before.model_copy(update={"observed_at": after.observed_at}) == after


def _wanted_in(row: InboxRow) -> Place | None:
    return Place(row.team_id, row.channel_id, row.thread_ts) if row.channel_id is not None else None
