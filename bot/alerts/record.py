"""What facts change in the database: the things they are about, the cards that show these, the notes under them."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.fold import Going, fold, note_going
from bot.alerts.interest import Interest
from bot.alerts.news import News, news
from bot.alerts.privacy import Home, home_of
from bot.alerts.state import RoomState, ThingState, room_of, state_from_json
from bot.store import timers
from bot.store.cards import Cards
from bot.store.inbox import InboxRow
from bot.store.notes import Notes
from bot.store.reservations import KEPT, Name, extend
from bot.store.settings import told_of_joins
from bot.store.subscriptions import StoredSubscriptions
from bot.store.things import Key, Snapshot, Thing, get_many, live_of_room, save, save_all
from commands.core.alerts import AlertKind
from commands.core.directory import Reservation
from commands.core.ports import Clock, Place
from providers.facts import Fact, ThingKind

Fold = Callable[[ThingState | None], ThingState | None]


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
    """A thing in the hands of a `Folding`. `id` and `state` are None for one that is not in the database.

    `cards` are the ids of its cards, each with its channel. `is_touched`: it is to be saved. `is_changed`: people are
    to see it. `is_revived`: also who deleted its card.
    """

    key: Key
    id: int | None = None
    state: ThingState | None = None
    channel_id: str | None = None
    is_private: bool = False
    seen_at: datetime | None = None
    team_id: str = ""
    cards: Mapping[int, str] = field(default_factory=dict)
    is_touched: bool = False
    is_changed: bool = False
    is_revived: bool = False

    @property
    def made_by(self) -> str | None:
        return self.state.made_by if self.state is not None else None

    @property
    def room_id(self) -> str | None:
        """The life of the room that it is of."""
        room = room_of(self.state) if self.state is not None else None
        return room.id or None if room is not None and not isinstance(self.state, RoomState) else None

    def know(self, known: Thing, cards: Mapping[int, str]) -> None:
        self.id, self.state, self.cards = known.id, state_from_json(known.state), cards
        self.channel_id, self.is_private = known.channel_id, known.is_private
        self.seen_at, self.team_id = known.seen_at, known.team_id

    def change(self, row: InboxRow, fact: Fact, state: ThingState, home: Home) -> bool:
        """Whether it is to be saved at once, as facts about other things of the same transaction are to find it so in
        the database."""
        before = (self.channel_id, self.is_private, self.room_id, self.state is not None and self.state.is_over)
        self.team_id, self.state, self.seen_at = row.team_id, state, state.observed_at or fact.seen_at
        self.channel_id, self.is_private = home.channel_id, home.is_private
        return self.id is None or before != (self.channel_id, self.is_private, self.room_id, state.is_over)

    def snapshot(self) -> Snapshot:
        assert self.state is not None
        assert self.seen_at is not None
        provider, kind, server_id = self.key
        return Snapshot(
            team_id=self.team_id,
            provider=provider,
            kind=kind,
            server_id=server_id,
            name=self.state.name,
            status=self.state.shown_status,
            terminal=self.state.is_over,
            seen_at=self.seen_at,
            state=self.state.model_dump_json(),
            channel_id=self.channel_id,
            made_by=self.made_by,
            is_private=self.is_private,
            room_id=self.room_id,
        )


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
        self._is_told = False

    async def keep(self, brought: Sequence[tuple[InboxRow, Fact]]) -> None:
        """Each row brought the fact beside it; that of a command says who made the thing and where a card is wanted."""
        await self._look_up({_key(fact) for _, fact in brought})
        for row, fact in brought:
            await self._keep(row, fact)

    async def finish(self) -> bool:
        """Write down what has changed. Before this, the database has where things belong and which are over, new cards
        and notes.

        Whether there is anything to be shown or told.
        """
        entries = [entry for entry in self._entries.values() if entry.id is not None]
        await save_all(self._conn, [entry.snapshot() for entry in entries if entry.is_touched])
        for revived in (False, True):
            ids = [entry.id for entry in entries if entry.is_changed and entry.is_revived is revived and entry.id]
            if ids:
                await self._cards.bump(self._conn, *ids, revive=revived)
        return self._is_told or any(entry.is_changed for entry in entries)

    async def _keep(self, row: InboxRow, fact: Fact) -> None:
        key = _key(fact)
        before = (await self._entry(key)).state
        going = await self._going_in(key) if before is None and fact.thing is ThingKind.ROOM else {}

        def folded(state: ThingState | None) -> ThingState | None:
            after = fold(state, fact, made_by=row.user_id)
            for id, (each, is_private) in going.items():
                after = note_going(after, id, each, is_named=not is_private) if isinstance(after, RoomState) else after
            return after

        after = await self._change(row, fact, key, folded, wanted_in=_wanted_in(row))
        if isinstance(after, Going):
            was_in = before.room.id if isinstance(before, Going) else ""
            for room_id in sorted({was_in, after.room.id} - {""}):
                await self._note_going(row, fact, room_id, after)

    async def _note_going(self, row: InboxRow, fact: Fact, room_id: str, going: Going) -> None:
        """What is private is not named on the card of a room that is not."""
        key = (fact.provider, ThingKind.ROOM, room_id)
        is_named = (await self._entry(key)).is_private or not (await self._entry(_key(fact))).is_private

        def noted(state: ThingState | None) -> ThingState | None:
            return note_going(state, fact.thing_id, going, is_named=is_named) if isinstance(state, RoomState) else None

        await self._change(row, fact, key, noted)

    async def _going_in(self, room: Key) -> dict[str, tuple[Going, bool]]:
        """What was told of a room before the room itself, by its ids, and whether it is private."""
        provider, _, room_id = room
        going: dict[str, tuple[Going, bool]] = {}
        for kind, server_id in await live_of_room(self._conn, provider, room_id):
            entry = await self._entry((provider, kind, server_id))
            if isinstance(entry.state, Going):
                going[server_id] = entry.state, entry.is_private
        return going

    async def _change(
        self, row: InboxRow, fact: Fact, key: Key, folded: Fold, *, wanted_in: Place | None = None
    ) -> ThingState | None:
        """The state after the fact; None for a thing of which nothing is worth keeping."""
        entry = await self._entry(key)
        before = entry.state
        after = folded(before)
        if after is None:
            return None
        is_subject = key[1:] == (fact.thing, fact.thing_id)
        known = entry if before is not None else None
        home = await home_of(self._conn, row, fact, after, known, is_subject=is_subject)
        is_new = before is None or home.is_private is not entry.is_private or not _looks_alike(before, after)
        comes_home = isinstance(after, RoomState) and home.channel_id != entry.channel_id
        entry.is_touched |= is_new or after != before
        entry.is_changed |= is_new
        if entry.change(row, fact, after, home):
            entry.id = await save(self._conn, entry.snapshot())
            entry.is_touched = False
        told = news(before, after, fact) if is_subject else News(AlertKind.ROOM)
        await self._want(row, fact, entry, (before, after), home, home.place(wanted_in) if wanted_in else None, told)
        if comes_home:
            await self._show_at_home(row, key, home)
        if _is_over_by_this(before, after):
            entry.is_revived = True
            await self._end(row, fact, after, home)
        if told.note is not None:
            self._is_told = True
            await self._note(row, entry, home, told)
        return after

    async def _entry(self, key: Key) -> _Entry:
        if key not in self._entries:
            await self._look_up({key})
        return self._entries[key]

    async def _look_up(self, keys: Set[Key]) -> None:
        """Read what is known of those that are not in hand."""
        missing = keys - self._entries.keys()
        known = await get_many(self._conn, missing)
        cards = await self._cards.of(self._conn, *(each.id for each in known.values())) if known else {}
        for key in missing:
            entry = self._entries[key] = _Entry(key)
            if key in known:
                entry.know(known[key], cards[known[key].id])

    async def _end(self, row: InboxRow, fact: Fact, state: ThingState, home: Home) -> None:
        """A private room that somebody brings up again, with a token of the one that ended, is private too.

        What is over for good is stopped by nobody any more. What was lost sight of may come back, and then stops when
        it was to.
        """
        if state.is_final:
            await timers.end(self._conn, fact.provider, ThingKind(state.kind), fact.thing_id)
        if isinstance(state, RoomState) and home.is_private and home.channel_id is not None:
            name, until = Name(row.team_id, fact.provider, ThingKind.ROOM, state.name), fact.seen_at + KEPT
            await extend(self._conn, name, Reservation(home.channel_id, state.made_by, until))

    async def _want(
        self,
        row: InboxRow,
        fact: Fact,
        entry: _Entry,
        change: tuple[ThingState | None, ThingState],
        home: Home,
        asked_in: Place | None,
        told: News,
    ) -> None:
        """A card where the command asked for one, in the channel of the room, and wherever people want to hear of it.

        These get none for a thing that was over before anybody here had heard of it, or before they said so.
        """
        if asked_in is not None:
            self._is_told = True
            await self._show(entry, asked_in, revive=True)
        before, after = change
        interest = await self._interest(row.team_id)
        if not interest.is_news(before, after, told, fact):
            return
        channels = set(interest.channels(after, told)) | {c async for c in self._of_its_room(fact, after, interest)}
        for channel_id in sorted(filter(home.is_open_to, channels - set(entry.cards.values()))):
            await self._show(entry, Place(row.team_id, channel_id))

    async def _show(self, entry: _Entry, place: Place, *, revive: bool = False) -> None:
        """By a card there. One that is there already needs no more than `finish` does with every change."""
        assert entry.id is not None
        await self._cards.want(self._conn, entry.id, place, revive=revive)
        entry.cards = (await self._cards.of(self._conn, entry.id))[entry.id]

    async def _of_its_room(self, fact: Fact, state: ThingState, interest: Interest) -> AsyncIterator[str]:
        """Who makes a room in a channel wants to hear there what is recorded of it, sent from it and into it."""
        room = room_of(state)
        if room is None or not room.id or isinstance(state, RoomState):
            return
        channel_id = (await self._entry((fact.provider, ThingKind.ROOM, room.id))).channel_id
        if channel_id is not None and not interest.is_muted(channel_id, state):
            yield channel_id

    async def _show_at_home(self, row: InboxRow, key: Key, home: Home) -> None:
        """What was heard of before it was known where its room belongs."""
        provider, _, room_id = key
        if home.channel_id is None:
            return
        for kind, server_id in await live_of_room(self._conn, provider, room_id):
            entry = await self._entry((provider, kind, server_id))
            if home.channel_id not in entry.cards.values():
                await self._show(entry, Place(row.team_id, home.channel_id))

    async def _note(self, row: InboxRow, entry: _Entry, home: Home, told: News) -> None:
        interest = await self._interest(row.team_id)
        assert entry.id is not None
        assert entry.state is not None
        for card_id, channel_id in entry.cards.items():
            if interest.is_told(channel_id, entry.id, entry.state, told, is_home=channel_id == home.channel_id):
                await self._notes.add(
                    self._conn,
                    team_id=row.team_id,
                    card_id=card_id,
                    inbox_id=row.id,
                    kind=str(told.note),
                    broadcast=told.broadcast,
                    severity=told.severity,
                )

    async def _interest(self, team_id: str) -> Interest:
        """Read inside the transaction that folds, so that none is missed or too old."""
        if team_id not in self._interests:
            subscriptions = await self._subscriptions.of_team(self._conn, team_id)
            mutes = await self._subscriptions.mutes_of_team(self._conn, team_id, self._now)
            follows = await self._subscriptions.follows_of_team(self._conn, team_id)
            joins = await told_of_joins(self._conn, team_id)
            self._interests[team_id] = Interest(subscriptions, mutes, follows, joins)
        return self._interests[team_id]


def _key(fact: Fact) -> Key:
    return fact.provider, fact.thing, fact.thing_id


def _looks_alike(before: ThingState | None, after: ThingState) -> bool:
    return before is not None and before.is_over is after.is_over and after.looks_like(before)


def _is_over_by_this(before: ThingState | None, after: ThingState) -> bool:
    """It has ended, or was lost sight of; also where that which was lost turns out to have ended."""
    if before is None:
        return after.is_over
    return (after.is_over and not before.is_over) or (after.is_final and not before.is_final)


def _wanted_in(row: InboxRow) -> Place | None:
    return Place(row.team_id, row.channel_id, row.thread_ts) if row.channel_id is not None else None
