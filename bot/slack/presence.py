"""Who is in rooms and what they send, for the choices of forms: a few seconds old at most where the server is quick."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import structlog

from bot.tasks import Tasks, TasksClosed
from commands.core.directory import Rooms
from commands.core.ports import Clock, Viewer
from providers.base import Capability, Participant, Provider, RoomRef
from providers.errors import ProviderError

log = structlog.get_logger(__name__)

FRESH_SECONDS = 5.0
KEPT_SECONDS = 60.0
MOST_ROOMS = 200

Key = tuple[str, str]
"""Provider and name of a room."""


class Presence:
    def __init__(self, rooms: Rooms, tasks: Tasks, clock: Clock) -> None:
        self._rooms = rooms
        self._tasks = tasks
        self._clock = clock
        self._known: OrderedDict[Key, tuple[Sequence[Participant], float]] = OrderedDict()
        self._asking: dict[Key, asyncio.Task[None]] = {}

    def warm(self, team_id: str, provider: Provider, room: str) -> None:
        """Ask the server in the background, unless what is known is fresh."""
        if self._age((provider.name, room)) > FRESH_SECONDS:
            self._ask(team_id, provider, room)

    async def people(
        self, viewer: Viewer, provider: Provider, room: str, *, wait_seconds: float
    ) -> Sequence[Participant]:
        """What the server says within `wait_seconds`, else what it said last, else what we have heard.

        Nobody, for a room that the viewer may not see.
        """
        if await self._rooms.hidden(viewer, [RoomRef(provider.name, "", room)]):
            return []
        key = (provider.name, room)
        if self._age(key) > FRESH_SECONDS and (asking := self._ask(viewer.team_id, provider, room)) is not None:
            await asyncio.wait({asking}, timeout=wait_seconds)
        if self._age(key) <= KEPT_SECONDS:
            return self._known[key][0]
        return await self._rooms.present(viewer, provider.name, room)

    def _age(self, key: Key) -> float:
        _, at = self._known.get(key, ((), float("-inf")))
        return self._clock.monotonic() - at

    def _ask(self, team_id: str, provider: Provider, room: str) -> asyncio.Task[None] | None:
        """The one question that is under way about the room; None where none can be asked."""
        key = (provider.name, room)
        if key in self._asking or Capability.LIST_PARTICIPANTS not in provider.capabilities:
            return self._asking.get(key)
        try:
            asking = self._tasks.start(self._look(team_id, provider, room), name="presence")
        except TasksClosed:
            return None
        self._asking[key] = asking
        asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return asking

    async def _look(self, team_id: str, provider: Provider, room: str) -> None:
        try:
            ref = await self._find(team_id, provider, room)
            found = await provider.list_participants(ref) if ref is not None else []
        except ProviderError as error:
            log.info("who is in a room is not known", provider=provider.name, error=str(error))
            return
        key = (provider.name, room)
        self._known.pop(key, None)
        if len(self._known) >= MOST_ROOMS:
            self._known.popitem(last=False)
        self._known[key] = (found, self._clock.monotonic())

    async def _find(self, team_id: str, provider: Provider, room: str) -> RoomRef | None:
        known = await self._rooms.newest(_everybody(team_id, provider.name), provider.name, room)
        if known is not None and not known.ended:
            return known.ref
        if Capability.LIST_ROOMS not in provider.capabilities:
            return None
        return next((live.ref for live in await provider.list_rooms([room])), None)


def _everybody(team_id: str, provider: str) -> Viewer:
    """What is known here is shared by all who may see it: `people` looks at who asks."""
    return Viewer(team_id, None, None, sees_all=frozenset({provider}))
