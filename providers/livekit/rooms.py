"""Rooms by LiveKit's RoomService. It calls them by name; a `sid` is one life of a room."""

import asyncio
import math
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from typing import Final
from weakref import WeakValueDictionary

from livekit.api import CreateRoomRequest, DeleteRoomRequest, ListRoomsRequest, RoomEgress, UpdateRoomMetadataRequest

from providers.base import CreatedRoom, EgressOptions, EgressSource, FileOutput, Room, RoomOptions, RoomRef
from providers.errors import ProviderError
from providers.livekit import egress_requests, mapping
from providers.livekit.client import DEADLINE
from providers.livekit.outputs import Storage
from providers.livekit.settings import LiveKitSettings
from providers.livekit.workers import Workers

RECORDING_PATIENCE: Final = 2.5
"""How many times as long as without a recording: the server waits for a worker, 10 s where there is none."""


class Rooms(Workers):
    def __init__(self, name: str, settings: LiveKitSettings, *, deadline: timedelta = DEADLINE) -> None:
        super().__init__(name, settings, deadline=deadline)
        self._creating: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        """LiveKit answers for a live room as for a new one and ignores every option, so we look before we ask.

        Our own calls for one name go one by one. Where another program makes the same room between our look and our
        call, the answer says that we made it. Where no worker takes the recording, the room is there all the same and
        the server says nothing of it.
        """
        self._require_fit(self.limits.room_name_problem(name), "create_room")
        storage = self._storage(None, "create_room") if options.record else None
        async with self._creating.setdefault(name, asyncio.Lock()):
            before = {room.ref.id for room in await self.list_rooms([name])}
            message = await self._client.write(
                "create_room",
                lambda api: api.room.create_room(_request(name, options, storage)),
                patience=RECORDING_PATIENCE if options.record else 1,
            )
        room = mapping.room(message, provider=self.name)
        if options.record and room.ref.id not in before:
            with suppress(ProviderError):  # the room is there, whatever becomes of this question
                await self._note_silence("create_room")
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


def _request(name: str, options: RoomOptions, storage: Storage | None) -> CreateRoomRequest:
    request = CreateRoomRequest(
        name=name,
        max_participants=options.max_participants,
        empty_timeout=_seconds(options.empty_timeout),
        departure_timeout=_seconds(options.departure_timeout),
        metadata=options.metadata,
    )
    if options.record:
        whole = EgressOptions(EgressSource(layout=options.layout), file=FileOutput())
        request.egress.CopyFrom(RoomEgress(room=egress_requests.room_composite(name, whole, storage)))
    return request


def _seconds(duration: timedelta | None) -> int | None:
    """Whole seconds, at least one: zero would mean the server's default."""
    return None if duration is None else max(1, math.ceil(duration.total_seconds()))
