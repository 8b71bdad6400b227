"""Where a thing belongs, and whether it is seen there alone: decided when a fact is folded."""

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.state import RecordingState, RoomState, StreamState, ThingState, room_of
from bot.store.inbox import InboxRow
from bot.store.reservations import Name, held_in
from bot.store.things import get
from commands.core.directory import reserved_as
from commands.core.ports import Place
from providers.facts import Fact, ThingKind


class Known(Protocol):
    """A thing as it was before."""

    @property
    def channel_id(self) -> str | None: ...

    @property
    def is_private(self) -> bool: ...

    @property
    def made_by(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Home:
    """The channel that a thing was made in, None where no command made it or wanted its card."""

    channel_id: str | None
    is_private: bool

    def is_open_to(self, channel_id: str) -> bool:
        """Whether its card may stand there."""
        return not self.is_private or channel_id == self.channel_id

    def place(self, wanted: Place) -> Place | None:
        """Where its card stands that is wanted there: what is private has one in its own channel alone."""
        if self.is_open_to(wanted.channel_id):
            return wanted
        return Place(wanted.team_id, self.channel_id) if self.channel_id is not None else None


async def home_of(
    conn: AsyncConnection, row: InboxRow, fact: Fact, state: ThingState, known: Known | None, *, is_subject: bool
) -> Home:
    """After `fact`, which makes `state` of what is `known`. `is_subject`: it is what the command was about.

    What is of a private room, such as a recording, is private, whoever started it. What was private stays so; but where
    a thing came up by itself under a name that was kept, that it belongs there is a guess, and whoever reports to have
    made it knows.
    """
    made = is_subject and row.user_id is not None
    is_guess = known is not None and known.is_private and known.made_by is None
    if known is not None and known.is_private and not (made and is_guess):
        return Home(known.channel_id, True)
    if (rooms := await _of_private_room(conn, row, fact, state)) is not None:
        return rooms
    if made and (row.is_private or is_guess):
        return Home(row.channel_id, row.is_private)
    if known is None and not made:
        name = Name(row.team_id, fact.provider, ThingKind(state.kind), _reserved_as(state))
        if (channel_id := await held_in(conn, name, fact.seen_at)) is not None:
            return Home(channel_id, True)
    before = known.channel_id if known is not None else None
    return Home(before or (row.channel_id if is_subject else None), False)


def _reserved_as(state: ThingState) -> str:
    match state:
        case RecordingState(recording=feed) | StreamState(stream=feed):
            return reserved_as(feed.room, feed.source)
    return state.name


async def _of_private_room(conn: AsyncConnection, row: InboxRow, fact: Fact, state: ThingState) -> Home | None:
    """The home of the room that a thing is of, where that is private. Some servers tell at first what is recorded by
    its name only."""
    room = room_of(state)
    if room is None or isinstance(state, RoomState):
        return None
    known = await get(conn, fact.provider, ThingKind.ROOM, room.id) if room.id else None
    if known is not None:
        return Home(known.channel_id, True) if known.is_private else None
    channel_id = await held_in(conn, Name(row.team_id, fact.provider, ThingKind.ROOM, room.name), fact.seen_at)
    return Home(channel_id, True) if channel_id is not None else None
