"""The look at what goes on, once in each round of comparing: it tells where something is odd, and where it is no more.

What is asked of the server for this is little, and nothing while nothing goes on: who is in a room where something does
not begin, or its recorder or everybody seems to be gone; and its own records, where a recorder is missing, or something
was found left behind.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.alerts.comparison import Listed
from bot.alerts.conditions import Sight, condition, depends_on_who_is_there, is_missing_its_recorder
from bot.alerts.state import Outgoing, RoomState
from bot.store.beliefs import Beliefs
from providers.base import Capability, Egress, Participant, Provider, Room, RoomRef
from providers.errors import NotFound
from providers.facts import Condition, ConditionSeen, Fact, Source, ThingKind

MISSED_FOR: Final = timedelta(seconds=30)
"""How long a recorder that has left its room has to come back: the network may have failed it."""

KINDS: Final = (ThingKind.RECORDING, ThingKind.STREAM)

Key = tuple[ThingKind, str]
Tell = Callable[[Sequence[Fact]], Awaitable[None]]


class Looking:
    """For one server. It remembers from one look to the next whose recorder was missing."""

    def __init__(self, provider: Provider, beliefs: Beliefs) -> None:
        self._provider = provider
        self._beliefs = beliefs
        self._missed_since: dict[Key, datetime] = {}

    async def look(self, listed: Listed, at: datetime, tell: Tell, *, token: int) -> None:
        """`at` is before the server was asked for what is listed, so that whatever is heard since counts for more.
        `token` is no other round's. Raises `ProviderError`."""
        going = await self._going()
        sights = await self._sights(going, listed.rooms, at) if going else {}
        sights = await self._with_records(going, sights, listed.egresses)
        self._missed_since = {
            key: self._missed_since.get(key, at)
            for key, state in going.items()
            if is_missing_its_recorder(state, sights[key])
        }
        found = {key: self._believed(key, state, condition(state, sights[key]), at) for key, state in going.items()}
        changed = [(key, what) for key, what in found.items() if what is not going[key].condition]
        if changed:
            await tell([seen_so(self._provider.name, key, what, at, token) for key, what in changed])

    async def _going(self) -> Mapping[Key, Outgoing]:
        return {
            (kind, id): belief.state
            for kind in KINDS
            for id, belief in (await self._beliefs.present(self._provider.name, kind)).items()
            if isinstance(belief.state, Outgoing) and not belief.state.is_over
        }

    async def _sights(
        self, going: Mapping[Key, Outgoing], rooms: Sequence[Room] | None, at: datetime
    ) -> Mapping[Key, Sight]:
        listed = None if rooms is None else {room.ref.id: room for room in rooms}
        known = await self._beliefs.of(self._provider.name, ThingKind.ROOM, {state.room.id for state in going.values()})
        sights: dict[Key, Sight] = {}
        for key, state in going.items():
            room = known[state.room.id].state if state.room.id in known else None
            is_listed = None if listed is None else state.room.id in listed
            sights[key] = Sight(at, room if isinstance(room, RoomState) else None, is_listed)
        return await self._with_people(going, sights, listed or {})

    async def _with_people(
        self, going: Mapping[Key, Outgoing], sights: Mapping[Key, Sight], listed: Mapping[str, Room]
    ) -> Mapping[Key, Sight]:
        """With those in the rooms where that matters. Recorders are judged where the server shows its own records."""
        can_judge = Capability.LIST_EGRESSES in self._provider.capabilities
        recorded = {id for id, room in listed.items() if room.recording}
        asked = {
            state.room.id: state.room
            for key, state in going.items()
            if depends_on_who_is_there(state, sights[key], is_recorded=state.room.id in recorded if can_judge else None)
        }
        there = {id: await self._who(room) for id, room in asked.items()}
        return {key: replace(seen, participants=there.get(going[key].room.id)) for key, seen in sights.items()}

    async def _who(self, room: RoomRef) -> Sequence[Participant] | None:
        """None where the room has gone meanwhile, or what its participants send cannot be told."""
        if not {Capability.LIST_PARTICIPANTS, Capability.PARTICIPANT_TRACKS} <= self._provider.capabilities:
            return None
        try:
            return await self._provider.list_participants(room)
        except NotFound:
            return None

    async def _with_records(
        self, going: Mapping[Key, Outgoing], sights: Mapping[Key, Sight], egresses: Sequence[Egress] | None
    ) -> Mapping[Key, Sight]:
        """With the times of the server's own records, where a recorder is missing or was found gone."""
        in_doubt = [
            key
            for key, state in going.items()
            if state.condition is Condition.LEFT_BEHIND or is_missing_its_recorder(state, sights[key])
        ]
        if not in_doubt or Capability.LIST_EGRESSES not in self._provider.capabilities:
            return sights
        if egresses is None:
            egresses = await self._provider.list_egresses(active=True)
        records = {each.ref.id: each.updated_at for each in egresses}
        return {**sights, **{key: replace(sights[key], updated_at=records.get(key[1])) for key in in_doubt}}

    def _believed(self, key: Key, state: Outgoing, found: Condition | None, at: datetime) -> Condition | None:
        """A recorder that was missed for the first time may be back at the next look."""
        is_new = found is Condition.LEFT_BEHIND and state.condition is not found
        return state.condition if is_new and at - self._missed_since.get(key, at) < MISSED_FOR else found


def seen_so(provider: str, key: Key, condition: Condition | None, at: datetime, token: int) -> ConditionSeen:
    """What a look has found. `token` is no other round's."""
    kind, id = key
    return ConditionSeen(
        provider=provider,
        key=f"reconcile:{token}:{kind}:{id}:condition",
        at=at,
        seen_at=at,
        source=Source.RECONCILE,
        thing=kind,
        thing_id=id,
        condition=condition,
    )
