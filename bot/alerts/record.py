"""What one fact changes in the database: the thing it is about, the cards that show it, the notes under them."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.fold import fold, is_worth_a_note, note_recording
from bot.alerts.state import RecordingState, RoomState, ThingState, state_from_json
from bot.store.cards import Cards
from bot.store.inbox import InboxRow
from bot.store.notes import Notes
from bot.store.subscriptions import StoredSubscriptions
from bot.store.things import Snapshot, get, save
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
        if after is None or after == before:
            if wanted_in is not None and known is not None:
                await self._cards.want(conn, known.id, wanted_in, revive=True)
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
                channel_id=wanted_in.channel_id if wanted_in else None,
                made_by=after.made_by,
            ),
        )
        ended = after.is_final and not (before and before.is_final)
        await self._cards.bump(conn, thing_id, revive=ended)
        await self._want(conn, row, thing_id, after, wanted_in, is_news=not (before or after).is_final)
        if ended:
            await self._note(conn, row, thing_id, after.status.value, broadcast=True)
        elif isinstance(fact, ParticipantKeptOut) and is_worth_a_note(before, fact):
            await self._note(conn, row, thing_id, fact.type, broadcast=False)
        return after

    async def _note(self, conn: AsyncConnection, row: InboxRow, thing_id: int, kind: str, *, broadcast: bool) -> None:
        for card_id in await self._cards.of(conn, thing_id):
            await self._notes.add(
                conn, team_id=row.team_id, card_id=card_id, inbox_id=row.id, kind=kind, broadcast=broadcast
            )

    async def _want(
        self,
        conn: AsyncConnection,
        row: InboxRow,
        thing_id: int,
        state: ThingState,
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
            for channel_id in sorted(others):
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
