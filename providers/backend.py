"""The base of every provider: refuses by name what is not overridden, and knows what is."""

from collections.abc import Collection, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from providers.capability import Capability
from providers.errors import Unsupported
from providers.limits import Limits
from providers.resending import Resending
from providers.values import (
    ApiToken,
    ApiTokenOptions,
    CreatedRoom,
    JoinToken,
    Participant,
    ParticipantChanges,
    Recording,
    RecordingOptions,
    RecordingRef,
    Room,
    RoomOptions,
    RoomRef,
    Signal,
    TokenOptions,
    Track,
)

if TYPE_CHECKING:
    from providers.facts import Fact


class Backend:
    """Refuses everything that a server may lack. Subclasses override what theirs can do.

    `options` declares the option capabilities; `lacking`, set after looking at the installation (edition, workers),
    takes away from what the class could do. Both are looked up synchronously.
    """

    kind: ClassVar[str]
    options: ClassVar[frozenset[Capability]] = frozenset()
    webhook_kinds: ClassVar[tuple[str, ...]] = ()
    resending: ClassVar[Resending] = Resending()
    editions: ClassVar[Mapping[Capability, str]] = MappingProxyType({})

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        self.name = name
        self.limits = limits or Limits()
        self.lacking: frozenset[Capability] = frozenset()

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self._possible() - self.lacking

    @classmethod
    @cache  # asked several times for every command, and a class does not change
    def _possible(cls) -> frozenset[Capability]:
        overridden = (c for c in Capability if getattr(cls, c, None) is not getattr(Backend, c, None))
        return frozenset(overridden) | cls.options

    @property
    def address(self) -> str:
        return ""

    def _refuse(self, capability: Capability) -> Unsupported:
        return Unsupported(capability.value, provider=self.name, operation=capability.value)

    async def ping(self) -> None:
        """Servers that live elsewhere override this."""

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        raise self._refuse(Capability.CREATE_ROOM)

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        raise self._refuse(Capability.LIST_ROOMS)

    async def update_room_metadata(self, room: RoomRef, metadata: str) -> Room:
        raise self._refuse(Capability.UPDATE_ROOM_METADATA)

    async def close_room(self, room: RoomRef) -> None:
        raise self._refuse(Capability.CLOSE_ROOM)

    async def create_token(self, room: RoomRef, options: TokenOptions) -> JoinToken:
        raise self._refuse(Capability.CREATE_TOKEN)

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        raise self._refuse(Capability.LIST_PARTICIPANTS)

    async def create_api_token(self, options: ApiTokenOptions) -> ApiToken:
        raise self._refuse(Capability.CREATE_API_TOKEN)

    async def update_participant(self, room: RoomRef, identity: str, changes: ParticipantChanges) -> Participant:
        raise self._refuse(Capability.UPDATE_PARTICIPANT)

    async def remove_participant(self, room: RoomRef, identity: str) -> None:
        raise self._refuse(Capability.REMOVE_PARTICIPANT)

    async def move_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        raise self._refuse(Capability.MOVE_PARTICIPANT)

    async def forward_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        raise self._refuse(Capability.FORWARD_PARTICIPANT)

    async def mute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        raise self._refuse(Capability.MUTE_TRACK)

    async def unmute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        raise self._refuse(Capability.UNMUTE_TRACK)

    async def update_subscriptions(
        self, room: RoomRef, identity: str, track_ids: Collection[str], *, subscribe: bool
    ) -> None:
        raise self._refuse(Capability.UPDATE_SUBSCRIPTIONS)

    async def send_signal(self, room: RoomRef, signal: Signal) -> None:
        raise self._refuse(Capability.SEND_SIGNAL)

    async def start_recording(self, room: RoomRef, options: RecordingOptions) -> Recording:
        raise self._refuse(Capability.START_RECORDING)

    async def stop_recording(self, recording: RecordingRef) -> Recording:
        raise self._refuse(Capability.STOP_RECORDING)

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        raise self._refuse(Capability.LIST_RECORDINGS)

    def read_webhook(self, kind: str, headers: Mapping[str, str], body: bytes) -> "list[Fact]":
        """A server without webhooks never has its route made, so there is nothing to read."""
        return []

    async def aclose(self) -> None:
        """Backends that hold connections override this."""
