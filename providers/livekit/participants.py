"""Participants by LiveKit's RoomService."""

from livekit.api import ListParticipantsRequest

from providers.base import Participant, RoomRef
from providers.livekit import mapping
from providers.livekit.backend import LiveKitBackend
from providers.livekit.errors import Unanswered


class Participants(LiveKitBackend):
    async def list_participants(self, room: RoomRef) -> list[Participant]:
        """LiveKit lists nobody for a name it does not know, or asks a node that is not there (an operator's setting).

        The room is looked at afterwards: a life that goes on then was the one that was listed.
        """
        try:
            answer = await self._client.read(
                "list_participants",
                lambda api: api.room.list_participants(ListParticipantsRequest(room=room.name)),
            )
        except Unanswered:
            await self._require_live(room, "list_participants")
            raise
        await self._require_live(room, "list_participants")
        return [mapping.participant(message) for message in answer.participants]
