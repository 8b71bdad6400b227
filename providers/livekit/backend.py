"""What LiveKit's services share: the settings, the client, and the questions whether a life of a room goes on and
whether somebody is in it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TypeVar

from livekit.api import ListParticipantsRequest, ListRoomsRequest, ParticipantInfo, RoomParticipantIdentity

from providers.base import Backend, Capability, Limits, RoomRef
from providers.errors import NotFound, Rejected
from providers.livekit import ingress_rules
from providers.livekit.client import DEADLINE, Call, Client
from providers.livekit.egress_rules import FORMATS, LAYOUTS, PRESETS, PROTOCOLS
from providers.livekit.errors import Unanswered
from providers.livekit.outputs import Storage, named
from providers.livekit.settings import LiveKitSettings

LIMITS = Limits(
    room_name_bytes=256,
    identity_bytes=256,
    metadata_bytes=512 * 1024,
    signal_bytes=64_000,
    layouts=LAYOUTS,
    presets=tuple(PRESETS),
    formats=FORMATS,
    stream_schemes=tuple(PROTOCOLS),
    ingress_schemes=ingress_rules.SCHEMES,
    ingress_presets=tuple(ingress_rules.PRESETS),
    ingress_audio_presets=tuple(ingress_rules.AUDIO_PRESETS),
    always_transcoded=ingress_rules.ALWAYS_TRANSCODED,
)
"""The server's defaults; whoever runs it can change them, and then its own refusal speaks. It refuses no signal, and
loses the large ones."""

_IMPOSSIBLE_NAME = "-" * (LIMITS.room_name_bytes + 1)

T = TypeVar("T")


class LiveKitBackend(Backend):
    editions = MappingProxyType(
        {Capability.MOVE_PARTICIPANT: "LiveKit Cloud", Capability.FORWARD_PARTICIPANT: "LiveKit Cloud"}
    )

    def __init__(self, name: str, settings: LiveKitSettings, *, deadline: timedelta = DEADLINE) -> None:
        super().__init__(name, replace(LIMITS, outputs=tuple(map(named, settings.outputs))))
        self._settings = settings
        self._client = Client(name, settings, deadline)
        if not settings.is_cloud:
            self.lacking = frozenset(self.editions)

    @property
    def address(self) -> str:
        return self._settings.url

    async def ping(self) -> None:
        """The health page needs no credentials, so a room is asked for that cannot be."""
        await self._client.read("ping", lambda api: api.room.list_rooms(ListRoomsRequest(names=[_IMPOSSIBLE_NAME])))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _require_live(self, operation: str, *rooms: RoomRef) -> None:
        """`NotFound` unless these lives go on. LiveKit's calls take names, and a name may have begun a new life."""
        live = {found.ref.id for found in await self.list_rooms([room.name for room in rooms])}
        for room in rooms:
            if room.id not in live:
                raise self._missing(f"no live room {room.name!r} with the id {room.id}", operation)

    async def _present(self, operation: str, room: RoomRef, identity: str) -> ParticipantInfo:
        """Somebody as the server has them. LiveKit answers alike for a missing room and a missing participant, so
        after a refusal the room is looked at: `NotFound` says which it is."""
        try:
            return await self._client.read(
                operation,
                lambda api: api.room.get_participant(RoomParticipantIdentity(room=room.name, identity=identity)),
            )
        except NotFound as error:
            await self._require_live(operation, room)
            raise self._absent(operation, room, identity) from error
        except Unanswered:
            await self._require_live(operation, room)
            raise

    async def _everybody(self, operation: str, room: RoomRef) -> list[ParticipantInfo]:
        """Who is in a life of a room, who came first first. LiveKit lists nobody for a name it does not know, or asks
        a node that is not there (an operator's setting).

        The room is looked at afterwards: a life that goes on then was the one that was listed. LiveKit lists in another
        order each time.
        """
        try:
            answer = await self._client.read(
                operation, lambda api: api.room.list_participants(ListParticipantsRequest(room=room.name))
            )
        except Unanswered:
            await self._require_live(operation, room)
            raise
        await self._require_live(operation, room)
        return sorted(answer.participants, key=lambda message: (message.joined_at_ms, message.identity))

    async def _act(
        self,
        operation: str,
        room: RoomRef,
        call: Call[T],
        *,
        on: str | None = None,
        patience: float = 1,
        secrets: Collection[str] = (),
    ) -> T:
        """Make a call that changes a room, or somebody in it (`on`). Its request is made inside it, because what
        protobuf cannot hold is `Rejected` there. `patience` and `secrets`: the client's.

        Many of LiveKit's calls go to whoever keeps the room or the participant, and nobody answers where there is none.
        So after a silence we look: `NotFound` where something is missing, `Unanswered` where all is there.
        """
        try:
            return await self._client.write(operation, call, patience=patience, secrets=secrets)
        except NotFound as error:
            await self._require_live(operation, room)
            if on is None:
                raise
            raise self._absent(operation, room, on) from error
        except Unanswered:
            if on is None:
                await self._require_live(operation, room)
            else:
                await self._present(operation, room, on)
            raise

    def _storage(self, name: str | None, operation: str) -> Storage | None:
        """The output of that name, or the one that is used where none is named. None: the egress workers decide."""
        wanted = name if name is not None else self._settings.default_output
        if wanted is None:
            return None
        for storage in self._settings.outputs:
            if storage.name == wanted:
                return storage
        raise self._rejected(f"There is no output {wanted!r}.", operation)

    def _absent(self, operation: str, room: RoomRef, *identities: str) -> NotFound:
        return self._missing(f"not in the room {room.name!r}: {', '.join(map(repr, identities))}", operation)

    def _missing(self, detail: str, operation: str) -> NotFound:
        return NotFound(detail, provider=self.name, operation=operation)

    def _rejected(self, detail: str, operation: str) -> Rejected:
        return Rejected(detail, provider=self.name, operation=operation)

    def _require_fit(self, problem: str | None, operation: str) -> None:
        """LiveKit takes an empty room name and others that nobody could type again."""
        if problem is not None:
            raise self._rejected(problem, operation)
