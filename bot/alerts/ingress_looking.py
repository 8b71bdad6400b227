"""The look at ingresses in which something comes in, once in each round of comparing: it tells whose worker is gone.

A worker that dies leaves its record as it was, for ever. Who is in a room is asked only where the record was not
written for long, and the ingress is not in its room by all that we know.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bot.alerts.comparison import Listed
from bot.alerts.looking import MISSED_FOR, Tell, seen_so
from bot.alerts.state import IngressState, RoomState
from bot.store.beliefs import Beliefs
from commands.core.asking import in_each
from commands.core.ingress_orphans import is_in, is_silent, may_be_in
from providers.base import Capability, Ingress, Participant, Provider, Room, RoomRef
from providers.facts import Condition, ThingKind


class IngressLooking:
    """For one server. It remembers from one look to the next which ingress was missing from its room."""

    def __init__(self, provider: Provider, beliefs: Beliefs) -> None:
        self._provider = provider
        self._beliefs = beliefs
        self._missed_since: dict[str, datetime] = {}

    async def look(self, listed: Listed, at: datetime, tell: Tell, *, token: int) -> None:
        """As `Looking.look`."""
        records = {each.ref.id: each for each in listed.ingresses or ()}
        if not records or listed.rooms is None or Capability.LIST_PARTICIPANTS not in self._provider.capabilities:
            return
        going = {id: state for id, state in (await self._believed()).items() if id in records and not state.is_over}
        silent = [records[id] for id in going if is_silent(records[id], at)]
        missed = await self._missed(silent, listed.rooms) if silent else set()
        self._missed_since = {id: self._missed_since.get(id, at) for id in missed}
        found = {id: self._found(id, state, at) for id, state in going.items()}
        changed = [(id, what) for id, what in found.items() if what is not going[id].condition]
        if changed:
            name = self._provider.name
            await tell([seen_so(name, (ThingKind.INGRESS, id), what, at, token) for id, what in changed])

    async def _believed(self) -> Mapping[str, IngressState]:
        believed = await self._beliefs.present(self._provider.name, ThingKind.INGRESS)
        return {id: each.state for id, each in believed.items() if isinstance(each.state, IngressState)}

    def _found(self, id: str, state: IngressState, at: datetime) -> Condition | None:
        """One that was missed for the first time may be back at the next look."""
        if id not in self._missed_since:
            return None
        is_sure = at - self._missed_since[id] >= MISSED_FOR
        return Condition.LEFT_BEHIND if is_sure else state.condition

    async def _missed(self, silent: Sequence[Ingress], rooms: Sequence[Room]) -> set[str]:
        """The ids of those that are in none of the rooms where they may be, by what we know and by what is asked."""
        places = {each.ref.id: may_be_in(each, [room.ref for room in rooms]) for each in silent}
        known = await self._known_in({room.id for rooms in places.values() for room in rooms})
        doubted = [each for each in silent if not is_in(each, _together(known, places[each.ref.id]))]
        asked = {room for each in doubted for room in places[each.ref.id]}
        there = {room.id: who for room, who in (await in_each(asked, self._provider.list_participants)).items()}
        return {each.ref.id for each in doubted if not is_in(each, _together(there, places[each.ref.id]))}

    async def _known_in(self, ids: Collection[str]) -> Mapping[str, Sequence[Participant]]:
        """Who is there as far as we have heard, by the rooms' ids."""
        known = await self._beliefs.of(self._provider.name, ThingKind.ROOM, ids)
        rooms = {id: each.state for id, each in known.items() if isinstance(each.state, RoomState)}
        return {id: [each.participant for each in room.present.values()] for id, room in rooms.items()}


def _together(people: Mapping[str, Sequence[Participant]], rooms: Sequence[RoomRef]) -> list[Participant]:
    return [who for room in rooms for who in people.get(room.id, ())]
