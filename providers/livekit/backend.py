"""What LiveKit's services share: the settings, the client, and the question whether a life of a room goes on."""

from datetime import timedelta

from livekit.api import ListRoomsRequest

from providers.base import Backend, Limits, RoomRef
from providers.errors import NotFound, Rejected
from providers.livekit.client import DEADLINE, Client
from providers.livekit.settings import LiveKitSettings

LIMITS = Limits(room_name_bytes=256, identity_bytes=256, metadata_bytes=512 * 1024)
"""The server's defaults; whoever runs it can change them, and then its own refusal speaks."""

_IMPOSSIBLE_NAME = "-" * (LIMITS.room_name_bytes + 1)


class LiveKitBackend(Backend):
    def __init__(self, name: str, settings: LiveKitSettings, *, deadline: timedelta = DEADLINE) -> None:
        super().__init__(name, LIMITS)
        self._settings = settings
        self._client = Client(name, settings, deadline)

    @property
    def address(self) -> str:
        return self._settings.url

    async def ping(self) -> None:
        """The health page needs no credentials, so a room is asked for that cannot be."""
        await self._client.read("ping", lambda api: api.room.list_rooms(ListRoomsRequest(names=[_IMPOSSIBLE_NAME])))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _require_live(self, room: RoomRef, operation: str) -> None:
        """`NotFound` unless this life goes on. LiveKit's calls take names, and a name may have begun a new life."""
        live = await self.list_rooms([room.name])
        if room.id not in [found.ref.id for found in live]:
            raise NotFound(f"no live room {room.name!r} with the id {room.id}", provider=self.name, operation=operation)

    def _require_fit(self, problem: str | None, operation: str) -> None:
        """LiveKit takes an empty room name and others that nobody could type again."""
        if problem is not None:
            raise Rejected(problem, provider=self.name, operation=operation)
