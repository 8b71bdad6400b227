"""What one fact changes in the database: the thing it is about, the cards that show it, the notes under them."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.fold import comes_or_goes, fold, is_worth_a_note, note_recording
from bot.alerts.privacy import Home, home_of
from bot.alerts.state import RecordingState, RoomState, ThingState, state_from_json
from bot.store.cards import Cards
from bot.store.inbox import InboxRow
from bot.store.notes import Notes
from bot.store.reservations import KEPT, Name, extend
from bot.store.settings import told_of_joins
from bot.store.subscriptions import StoredSubscriptions
from bot.store.things import Snapshot, get, save
from commands.core.directory import Reservation
from commands.core.ports import Place, Subscription
from providers.facts import Fact, ParticipantKeptOut, ThingKind

Fold = Callable[[ThingState | None], ThingState | None]


class Record:
    """Every method runs in the transaction of the fold."""

    def __init__(self, cards: Cards, notes: Notes, subscriptions: StoredSubscriptions) -> None:
        self._cards = cards
        self._notes = notes
        self._subscriptions = subscriptions

    async def keep(self, conn: AsyncConnection, row: InboxRow, fact: Fact) -> None:
        """`row` brought the fact; that of a command says who made the thing and where a card is wanted."""
        state = await self._change(
            conn,
            row,
            fact,
            (fact.thing, fact.thing_id),
            lambda state: fold(state, fact, made_by=row.user_id),
            wanted_in=_wanted_in(row),
        )
        if isinstance(state, RecordingState) and state.recording.room.id:
            recording = state.recording
            await self._change(
                conn,
                row,
                fact,
                (ThingKind.ROOM, recording.room.id),
                lambda state: note_recording(state if isinstance(state, RoomState) else None, recording),
            )

    async def _change(
        self,
        conn: AsyncConnection,
        row: InboxRow,
        fact: Fact,
        key: tuple[ThingKind, str],
        folded: Fold,
        *,
        wanted_in: Place | None = None,
    ) -> ThingState | None:
        """The state after the fact; None for a thing of which nothing is worth keeping."""
        kind, server_id = key
        known = await get(conn, fact.provider, kind, server_id)
        before = state_from_json(known.state) if known else None
        after = folded(before)
        if after is None:
            return None
        home = await home_of(conn, row, fact, after, known, is_subject=(kind, server_id) == (fact.thing, fact.thing_id))
        shown_in = home.place(wanted_in) if wanted_in is not None else None
        if known is not None and after == before and home.is_private is known.is_private:
            if shown_in is not None:
                await self._cards.want(conn, known.id, shown_in, revive=True)
            await self._tell_who_comes(conn, row, known.id, before, after, fact)
            return after
        thing_id = await save(
            conn,
            Snapshot(
                team_id=row.team_id,
                provider=fact.provider,
                kind=kind,
                server_id=server_id,
                name=after.name,
                status=after.status.value,
                terminal=after.is_final,
                seen_at=fact.seen_at,
                state=after.model_dump_json(),
                channel_id=home.channel_id,
                made_by=after.made_by,
                is_private=home.is_private,
                room_id=after.recording.room.id or None if isinstance(after, RecordingState) else None,
            ),
        )
        ended = after.is_final and not (before and before.is_final)
        await self._cards.bump(conn, thing_id, revive=ended)
        await self._want(conn, row, thing_id, after, home, shown_in, is_news=not (before or after).is_final)
        if ended:
            await self._keep_name(conn, row, fact, after, home)
            await self._note(conn, row, thing_id, after.status.value, broadcast=True)
        elif isinstance(fact, ParticipantKeptOut) and is_worth_a_note(before, fact):
            await self._note(conn, row, thing_id, fact.type, broadcast=False)
        await self._tell_who_comes(conn, row, thing_id, before, after, fact)
        return after

    async def _keep_name(self, conn: AsyncConnection, row: InboxRow, fact: Fact, state: ThingState, home: Home) -> None:
        """A private room that somebody brings up again, with a token of the one that ended, is private too."""
        if isinstance(state, RoomState) and home.is_private and home.channel_id is not None:
            name, until = Name(row.team_id, fact.provider, ThingKind.ROOM, state.name), fact.seen_at + KEPT
            await extend(conn, name, Reservation(home.channel_id, state.made_by, until))

    async def _tell_who_comes(
        self,
        conn: AsyncConnection,
        row: InboxRow,
        thing_id: int,
        before: ThingState | None,
        after: ThingState,
        fact: Fact,
    ) -> None:
        """Who goes, too; where a channel wants to hear of it."""
        if comes_or_goes(before, after, fact):
            await self._note_on(conn, row, await told_of_joins(conn, thing_id), fact.type, broadcast=False)

    async def _note(self, conn: AsyncConnection, row: InboxRow, thing_id: int, kind: str, *, broadcast: bool) -> None:
        await self._note_on(conn, row, await self._cards.of(conn, thing_id), kind, broadcast=broadcast)

    async def _note_on(
        self, conn: AsyncConnection, row: InboxRow, card_ids: Iterable[int], kind: str, *, broadcast: bool
    ) -> None:
        for card_id in card_ids:
            await self._notes.add(
                conn, team_id=row.team_id, card_id=card_id, inbox_id=row.id, kind=kind, broadcast=broadcast
            )

    async def _want(
        self,
        conn: AsyncConnection,
        row: InboxRow,
        thing_id: int,
        state: ThingState,
        home: Home,
        wanted_in: Place | None,
        *,
        is_news: bool,
    ) -> None:
        """A card where the command asked for one, and in every channel that subscribed.

        Subscribers get none for a thing that was over before anybody here had heard of it, or before they subscribed.
        """
        if wanted_in is not None:
            await self._cards.want(conn, thing_id, wanted_in, revive=True)
        if is_news:
            subscriptions = await self._subscriptions.of_team(conn, row.team_id)
            others = {s.channel_id for s in _matching(subscriptions, state)} - {wanted_in and wanted_in.channel_id}
            for channel_id in sorted(filter(home.is_open_to, others)):
                await self._cards.want(conn, thing_id, Place(row.team_id, channel_id))


def _wanted_in(row: InboxRow) -> Place | None:
    return Place(row.team_id, row.channel_id, row.thread_ts) if row.channel_id is not None else None


def _matching(subscriptions: Iterable[Subscription], state: ThingState) -> Iterable[Subscription]:
    for subscription in subscriptions:
        if (
            (not subscription.kinds or ThingKind(state.kind) in subscription.kinds)
            and subscription.provider in (None, state.provider)
            and fnmatchcase(state.name, subscription.room_glob)
        ):
            yield subscription
