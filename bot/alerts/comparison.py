"""What we believe of a video server against what it lists itself: one comparison of all that it can list.

Only differences become facts, and the fold decides what counts: each fact has the time from before the server was
asked, so whatever was told since wins. What is missing from a list counts when it is missing twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Generic, TypeVar

from bot.alerts.fold import fold
from bot.alerts.state import RoomState, ThingState, room_of
from bot.store.beliefs import Belief, Beliefs, LeftOver
from commands.core.asking import in_each
from commands.core.ports import Clock
from providers.base import (
    Call,
    Capability,
    Egress,
    Ingress,
    ParticipantKind,
    Provider,
    Recording,
    Room,
    RoomRef,
    Stream,
)
from providers.errors import NotFound
from providers.facts import (
    CallChanged,
    Fact,
    IngressChanged,
    Origin,
    ParticipantsListed,
    RecordingChanged,
    RoomSeen,
    SightLost,
    Source,
    StreamChanged,
    ThingKind,
)

SECOND_LOOK_SECONDS = 1.0
"""How long what a list left out has to turn up in another one, or its end to be told by a webhook on its way."""

AT_ONCE = 100
"""Facts that are told in one go, and things that are compared before others get their turn."""

ENDS_WITH_ITS_ROOM: Mapping[ThingKind, timedelta] = {
    ThingKind.STREAM: timedelta(minutes=1),
    ThingKind.CALL: timedelta(minutes=1),
    ThingKind.RECORDING: timedelta(minutes=15),
}
"""What cannot go on without its room, and how long after that its end may still be told: of a recording it is told when
that has been stored. An ingress outlives its room, and what is taken from a web page has none."""

T = TypeVar("T")
Tell = Callable[[Sequence[Fact]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Listed:
    """What a server lists, None where it does not: its rooms, without those that have ended to our knowledge, its
    records of egresses, and its ingresses, without those that wait and of which we know nothing."""

    rooms: Sequence[Room] | None = None
    egresses: Sequence[Egress] | None = None
    ingresses: Sequence[Ingress] | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """How one kind of thing is listed. `ask` gets all of them, or at least those among which the given ones would be;
    one that does not run, and of which we do not know, is left alone. `view` is what an egress is of this kind: a
    server that lists egresses is asked for those alone, once for all kinds."""

    kind: ThingKind
    capability: Capability
    ask: Callable[[Provider, Sequence[ThingState]], Awaitable[Sequence[T]]]
    id_of: Callable[[T], str]
    runs: Callable[[T], bool]
    fact: Callable[[Origin, T], Fact]
    view: Callable[[Egress], T | None] | None = None


async def _list_rooms(provider: Provider, known: Sequence[ThingState]) -> Sequence[Room]:
    return await provider.list_rooms([room.name for room in known])


async def _list_recordings(provider: Provider, known: Sequence[ThingState]) -> Sequence[Recording]:
    return await provider.list_recordings()


async def _list_streams(provider: Provider, known: Sequence[ThingState]) -> Sequence[Stream]:
    return await provider.list_streams()


async def _list_ingresses(provider: Provider, known: Sequence[ThingState]) -> Sequence[Ingress]:
    return await provider.list_ingresses()


async def _list_calls(provider: Provider, known: Sequence[ThingState]) -> Sequence[Call]:
    """Those in the rooms of `known`, as no server lists all of them."""
    rooms = {room.id: room for room in map(room_of, known) if room is not None}
    return list(chain.from_iterable((await in_each(rooms.values(), provider.list_calls)).values()))


ROOMS: Listing[Room] = Listing(
    kind=ThingKind.ROOM,
    capability=Capability.LIST_ROOMS,
    ask=_list_rooms,
    id_of=lambda room: room.ref.id,
    runs=lambda room: True,
    fact=lambda origin, room: RoomSeen(**origin, room=room),
)
RECORDINGS: Listing[Recording] = Listing(
    kind=ThingKind.RECORDING,
    capability=Capability.LIST_RECORDINGS,
    ask=_list_recordings,
    id_of=lambda recording: recording.ref.id,
    runs=lambda recording: not recording.status.is_final,
    fact=lambda origin, recording: RecordingChanged(**origin, recording=recording),
    view=lambda egress: egress.recording,
)
STREAMS: Listing[Stream] = Listing(
    kind=ThingKind.STREAM,
    capability=Capability.LIST_STREAMS,
    ask=_list_streams,
    id_of=lambda stream: stream.ref.id,
    runs=lambda stream: not stream.status.is_final,
    fact=lambda origin, stream: StreamChanged(**origin, stream=stream),
    view=lambda egress: egress.stream,
)
INGRESSES: Listing[Ingress] = Listing(
    kind=ThingKind.INGRESS,
    capability=Capability.LIST_INGRESSES,
    ask=_list_ingresses,
    id_of=lambda ingress: ingress.ref.id,
    runs=lambda ingress: ingress.status.is_receiving,
    fact=lambda origin, ingress: IngressChanged(**origin, ingress=ingress),
)
CALLS: Listing[Call] = Listing(
    kind=ThingKind.CALL,
    capability=Capability.LIST_CALLS,
    ask=_list_calls,
    id_of=lambda call: call.ref.id,
    runs=lambda call: not call.status.is_final,
    fact=lambda origin, call: CallChanged(**origin, call=call),
)
OTHER_LISTINGS: tuple[Listing[Any], ...] = (RECORDINGS, STREAMS)
"""All that can be compared beside rooms, ingresses and calls. A server that cannot list one kind is asked about the
others alone. For one that lists no rooms, but can be asked about each that we know, an `ask` that does so is all that
is needed."""


class Comparison:
    """One round with one server. `token` is no other round's, and `tell` takes what differs."""

    def __init__(
        self,
        provider: Provider,
        beliefs: Beliefs,
        clock: Clock,
        tell: Tell,
        *,
        token: int,
        second_look_seconds: float = SECOND_LOOK_SECONDS,
    ) -> None:
        self._provider = provider
        self._beliefs = beliefs
        self._clock = clock
        self._tell = tell
        self._token = token
        self._second_look_seconds = second_look_seconds

    async def run(self) -> Listed:
        """What is listed. A server that lists nothing is asked whether it is there. Raises `ProviderError` where it
        does not answer, and what `tell` raises."""
        can = self._provider.capabilities
        listings = [each for each in OTHER_LISTINGS if each.capability in can]
        rooms: Sequence[Room] | None = None
        known: Mapping[str, Belief] = {}
        if ROOMS.capability in can:
            rooms, known = await self._compare(ROOMS)
            if Capability.LIST_PARTICIPANTS in can:
                await self._compare_people(rooms, known)
        elif not listings and INGRESSES.capability not in can:
            await self._provider.ping()
        egresses = None
        if Capability.LIST_EGRESSES in can and (views := [each for each in listings if each.view is not None]):
            listings = [each for each in listings if each.view is None]
            egresses = await self._compare_egresses(views)
        for listing in listings:
            await self._compare(listing)
        ingresses = (await self._compare(INGRESSES))[0] if INGRESSES.capability in can else None
        if CALLS.capability in can:
            await self._compare_calls(rooms or (), known)
        unlisted = ENDS_WITH_ITS_ROOM.keys() - {each.kind for each in OTHER_LISTINGS if each.capability in can}
        await self._lose_with_rooms(unlisted, {room.ref.id for room in rooms or ()})
        return Listed(rooms, egresses, ingresses)

    async def _compare(self, listing: Listing[T]) -> tuple[Sequence[T], Mapping[str, Belief]]:
        """Tell what is there and not as we believe, then what is not there. Returns what is listed, without what has
        ended to our knowledge, and what was believed."""
        believed = await self._beliefs.present(self._provider.name, listing.kind)
        asked_at = self._clock.now()
        return await self._compare_with(listing, believed, await listing.ask(self._provider, ()), asked_at), believed

    async def _compare_egresses(self, listings: Sequence[Listing[Any]]) -> Sequence[Egress]:
        """All that are views of egresses, by one list."""
        believed = {each.kind: await self._beliefs.present(self._provider.name, each.kind) for each in listings}
        asked_at = self._clock.now()
        egresses = await self._provider.list_egresses()
        for listing in listings:
            views = map(listing.view, egresses) if listing.view is not None else ()
            listed = [each for each in views if each is not None]
            await self._compare_with(listing, believed[listing.kind], listed, asked_at)
        return egresses

    async def _compare_calls(self, rooms: Sequence[Room], known: Mapping[str, Belief]) -> None:
        """In the rooms where we believe that there are some, or that somebody is there by telephone. Those whose room
        is over end with it."""
        live = {room.ref.id for room in rooms}
        believed = {
            id: each
            for id, each in (await self._beliefs.present(self._provider.name, CALLS.kind)).items()
            if (room := room_of(each.state)) is not None and room.id in live
        }
        phoned = [each.state for id, each in known.items() if id in live and _has_phones(each.state)]
        asked_at = self._clock.now()
        going = [each.state for each in believed.values() if not each.state.is_lost]
        calls = await CALLS.ask(self._provider, [*phoned, *going])
        await self._compare_with(CALLS, believed, calls, asked_at)

    async def _compare_with(
        self, listing: Listing[T], believed: Mapping[str, Belief], answer: Sequence[T], asked_at: datetime
    ) -> Sequence[T]:
        listed = {listing.id_of(each): each for each in answer}
        strange = [id for id, each in listed.items() if id not in believed and listing.runs(each)]
        ended = await self._beliefs.of(self._provider.name, listing.kind, strange)
        found = {id: each for id, each in listed.items() if id in believed or (id in strange and id not in ended)}
        differing: list[Fact] = []
        for number, (id, each) in enumerate(found.items(), 1):
            fact = listing.fact(self._origin(listing.kind, id, asked_at), each)
            if _differs(believed[id].state if id in believed else None, fact):
                differing.append(fact)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        await self._tell_all(differing)
        missing = {id: each for id, each in believed.items() if id not in listed and not each.state.is_lost}
        if missing:
            await self._lose(listing, missing, asked_at)
        return list(found.values())

    async def _lose(self, listing: Listing[T], missing: Mapping[str, Belief], asked_at: datetime) -> None:
        """Look again for what a list left out, and then whether its end was told meanwhile."""
        await asyncio.sleep(self._second_look_seconds)
        again = await listing.ask(self._provider, [each.state for each in missing.values()])
        gone = missing.keys() - {listing.id_of(each) for each in again}
        present = await self._beliefs.of(self._provider.name, listing.kind, gone)
        await self._tell_all(
            [
                SightLost(**self._origin(listing.kind, id, asked_at), thing=listing.kind, thing_id=id)
                for id, belief in sorted(present.items())
                if belief.version == missing[id].version
            ]
        )

    async def _lose_with_rooms(self, kinds: Set[ThingKind], listed: Set[str]) -> None:
        """What the server does not list is lost with its room, where nothing was heard of it for a while since. One
        whose room we do not know is lost where the server does not know it either, when it is asked twice."""
        asked_at = self._clock.now()
        lists_rooms = Capability.LIST_ROOMS in self._provider.capabilities
        left_over = [
            each
            for each in await self._beliefs.left_over(self._provider.name, kinds)
            if each.room_id not in listed and (each.room is not None or lists_rooms) and _is_overdue(each, asked_at)
        ]
        if unknown := {each.room_name for each in left_over if each.room is None}:
            await asyncio.sleep(self._second_look_seconds)
            listed = listed | {room.ref.id for room in await self._provider.list_rooms(unknown)}
        await self._tell_all(
            [
                SightLost(**self._origin(each.kind, each.id, asked_at), thing=each.kind, thing_id=each.id)
                for each in left_over
                if each.room_id not in listed
            ]
        )

    async def _compare_people(self, rooms: Sequence[Room], believed: Mapping[str, Belief]) -> None:
        """Who is in the rooms where the server counts others than we do. Its count may be seconds old, and other kinds
        of participants may be in it, so it is only a reason to look."""
        present = {id: _counted_in(each.state) for id, each in believed.items()}
        suspects = [room.ref for room in rooms if present.get(room.ref.id, 0) != room.participants]
        facts: list[Fact] = []
        doubted: list[tuple[RoomState, ParticipantsListed]] = []
        for room in suspects:
            state = await self._room(room)
            if (shown := await self._who(room, 1)) is None:
                continue
            if state.present.keys() - {who.id for who in shown.participants}:
                doubted.append((state, shown))
            elif _differs(state, shown):
                facts.append(shown)
        await self._tell_all(facts)
        if doubted:
            await asyncio.sleep(self._second_look_seconds)
            await self._tell_all([fact for each in doubted for fact in await self._second_look(*each)])

    async def _second_look(self, state: RoomState, first: ParticipantsListed) -> list[Fact]:
        """Both lists, where after both of them something is not as we believe."""
        second = await self._who(first.room, 2)
        if second is None or not _differs(state, first, second):
            return []
        return [first, second]

    async def _room(self, room: RoomRef) -> RoomState:
        known = await self._beliefs.of(self._provider.name, ThingKind.ROOM, [room.id])
        state = known[room.id].state if known else None
        return state if isinstance(state, RoomState) else RoomState(ref=room)

    async def _who(self, room: RoomRef, look: int) -> ParticipantsListed | None:
        """Who is in it by the server's list; None where the room has gone meanwhile."""
        origin = self._origin(ThingKind.ROOM, f"{room.id}:people:{look}", self._clock.now())
        try:
            found = await self._provider.list_participants(room)
        except NotFound:
            return None
        return ParticipantsListed(**origin, room=room, participants=tuple(who.brief() for who in found))

    async def _tell_all(self, facts: Sequence[Fact]) -> None:
        for start in range(0, len(facts), AT_ONCE):
            await self._tell(facts[start : start + AT_ONCE])

    def _origin(self, kind: ThingKind, what: str, asked_at: datetime) -> Origin:
        key = f"reconcile:{self._token}:{kind}:{what}"
        return Origin(provider=self._provider.name, key=key, at=asked_at, seen_at=asked_at, source=Source.RECONCILE)


def _differs(state: ThingState | None, *facts: Fact) -> bool:
    """Whether the facts would make anything of it that people see. When a room began is told by its webhook and its
    list a moment apart, and that is no difference."""
    folded = state
    for fact in facts:
        folded = fold(folded, fact)
    if state is None or folded is None:
        return state is not folded
    if isinstance(state, RoomState) and state.created_at is not None:
        folded = folded.model_copy(update={"created_at": state.created_at})
    return not state.looks_like(folded)


def _is_overdue(thing: LeftOver, at: datetime) -> bool:
    """Whether its end would have been told by then, counted from when its room was over, by our clock."""
    room = (thing.room.observed_at, thing.room.lost_at) if thing.room is not None else ()
    heard_at = max([thing.heard_at, *(when for when in room if when is not None)])
    return heard_at + ENDS_WITH_ITS_ROOM[thing.kind] <= at


def _counted_in(state: ThingState) -> int:
    """How many a server counts: people, and what comes in. Recorders and agents are not among them on LiveKit."""
    present = state.present.values() if isinstance(state, RoomState) else ()
    return sum(who.is_person or who.kind is ParticipantKind.INGRESS for who in (known.participant for known in present))


def _has_phones(state: ThingState) -> bool:
    present = state.present.values() if isinstance(state, RoomState) else ()
    return any(known.participant.kind is ParticipantKind.PHONE for known in present)
