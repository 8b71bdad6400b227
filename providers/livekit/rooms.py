"""Rooms by LiveKit's RoomService. It calls them by name; a `sid` is one life of a room."""

import asyncio
import math
from collections.abc import Collection
from datetime import timedelta
from weakref import WeakValueDictionary

from livekit.api import CreateRoomRequest, DeleteRoomRequest, ListRoomsRequest, UpdateRoomMetadataRequest

from providers.base import Capability, CreatedRoom, Room, RoomOptions, RoomRef
from providers.livekit import mapping
from providers.livekit.backend import LiveKitBackend
from providers.livekit.client import DEADLINE
from providers.livekit.settings import LiveKitSettings


class Rooms(LiveKitBackend):
    def __init__(self, name: str, settings: LiveKitSettings, *, deadline: timedelta = DEADLINE) -> None:
        super().__init__(name, settings, deadline=deadline)
        self._creating: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        """LiveKit answers for a live room as for a new one and ignores every option, so we look before we ask.

        Our own calls for one name go one by one. Where another program makes the same room between our look and our
        call, the answer says that we made it.
        """
        if options.record:
            raise self._refuse(Capability.RECORD_FROM_START)
        self._require_fit(self.limits.room_name_problem(name), "create_room")
        async with self._creating.setdefault(name, asyncio.Lock()):
            before = {room.ref.id for room in await self.list_rooms([name])}
            message = await self._client.write("create_room", lambda api: api.room.create_room(_request(name, options)))
        room = mapping.room(message, provider=self.name)
        return CreatedRoom(room, existed=room.ref.id in before)

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        answer = await self._client.read(
            "list_rooms", lambda api: api.room.list_rooms(ListRoomsRequest(names=list(names)))
        )
        return [mapping.room(message, provider=self.name) for message in answer.rooms]

    async def update_room_metadata(self, room: RoomRef, metadata: str) -> Room:
        await self._require_live("update_room_metadata", room)
        message = await self._act(
            "update_room_metadata",
            room,
            lambda api: api.room.update_room_metadata(UpdateRoomMetadataRequest(room=room.name, metadata=metadata)),
        )
        return mapping.room(message, provider=self.name)

    async def close_room(self, room: RoomRef) -> None:
        await self._require_live("close_room", room)
        await self._act("close_room", room, lambda api: api.room.delete_room(DeleteRoomRequest(room=room.name)))


def _request(name: str, options: RoomOptions) -> CreateRoomRequest:
    return CreateRoomRequest(
        name=name,
        max_participants=options.max_participants,
        empty_timeout=_seconds(options.empty_timeout),
        departure_timeout=_seconds(options.departure_timeout),
        metadata=options.metadata,
    )


def _seconds(duration: timedelta | None) -> int | None:
    """Whole seconds, at least one: zero would mean the server's default."""
    return None if duration is None else max(1, math.ceil(duration.total_seconds()))
