"""Participants by LiveKit's RoomService. It calls them by room name and identity."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from weakref import WeakValueDictionary

from livekit.api import (
    ForwardParticipantRequest,
    MoveParticipantRequest,
    ParticipantInfo,
    ParticipantPermission,
    RoomParticipantIdentity,
    UpdateParticipantRequest,
)

from providers.base import Capability, Participant, ParticipantChanges, RoomRef
from providers.livekit import mapping, permissions
from providers.livekit.backend import LiveKitBackend
from providers.livekit.client import DEADLINE
from providers.livekit.settings import LiveKitSettings


class Participants(LiveKitBackend):
    def __init__(self, name: str, settings: LiveKitSettings, *, deadline: timedelta = DEADLINE) -> None:
        super().__init__(name, settings, deadline=deadline)
        self._permitting: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        return [mapping.participant(message) for message in await self._everybody("list_participants", room)]

    async def update_participant(self, room: RoomRef, identity: str, changes: ParticipantChanges) -> Participant:
        """LiveKit takes an empty name or metadata for no change, so those are rejected.

        It replaces all permissions at once: they are read, changed and sent. Our own changes of one person's go one by
        one; another program's, made in between, is lost.
        """
        self._require_changes(changes)
        await self._require_live("update_participant", room)
        if not changes.permissions:
            return mapping.participant(await self._update(room, identity, changes))
        async with self._permitting.setdefault((room.id, identity), asyncio.Lock()):
            present = await self._present("update_participant", room, identity)
            whole = permissions.changed(present.permission, changes.permissions)
            return mapping.participant(await self._update(room, identity, changes, whole))

    async def remove_participant(self, room: RoomRef, identity: str) -> None:
        await self._require_live("remove_participant", room)
        await self._act(
            "remove_participant",
            room,
            lambda api: api.room.remove_participant(RoomParticipantIdentity(room=room.name, identity=identity)),
            on=identity,
        )

    async def move_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        """On LiveKit Cloud alone."""
        way = await self._way(Capability.MOVE_PARTICIPANT, room, identity, destination)
        await self._act(
            "move_participant",
            room,
            lambda api: api.room.move_participant(MoveParticipantRequest(**way)),
            on=identity,
        )

    async def forward_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        """On LiveKit Cloud alone."""
        way = await self._way(Capability.FORWARD_PARTICIPANT, room, identity, destination)
        await self._act(
            "forward_participant",
            room,
            lambda api: api.room.forward_participant(ForwardParticipantRequest(**way)),
            on=identity,
        )

    async def _update(
        self, room: RoomRef, identity: str, changes: ParticipantChanges, permission: ParticipantPermission | None = None
    ) -> ParticipantInfo:
        return await self._act(
            "update_participant",
            room,
            lambda api: api.room.update_participant(
                UpdateParticipantRequest(
                    room=room.name,
                    identity=identity,
                    name=changes.name,
                    metadata=changes.metadata,
                    attributes=changes.attributes,
                    permission=permission,
                )
            ),
            on=identity,
        )

    def _require_changes(self, changes: ParticipantChanges) -> None:
        if changes.name == "" or changes.metadata == "":
            what = "name" if changes.name == "" else "metadata"
            raise self._rejected(f"LiveKit cannot clear a participant's {what}.", "update_participant")
        if changes.name is not None:
            self._require_fit(self.limits.display_name_problem(changes.name), "update_participant")

    async def _way(
        self, capability: Capability, room: RoomRef, identity: str, destination: RoomRef
    ) -> Mapping[str, str]:
        """The fields of either request, if both lives go on."""
        if capability in self.lacking:
            raise self._refuse(capability)
        await self._require_live(capability.value, room, destination)
        return {"room": room.name, "identity": identity, "destination_room": destination.name}
