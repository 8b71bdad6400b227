"""Data messages by LiveKit's RoomService."""

from livekit.api import DataPacket, SendDataRequest

from providers.base import RoomRef, Signal
from providers.livekit.backend import LiveKitBackend


class Signals(LiveKitBackend):
    async def send_signal(self, room: RoomRef, signal: Signal) -> None:
        """LiveKit answers well for a message that is too large to arrive and for one to nobody who is there, so we
        look first."""
        self._require_fit(self.limits.signal_problem(signal.message), "send_signal")
        if signal.to:
            present = {p.identity for p in await self.list_participants(room)}
            if gone := [identity for identity in signal.to if identity not in present]:
                raise self._absent("send_signal", room, *gone)
        else:
            await self._require_live("send_signal", room)
        await self._act("send_signal", room, lambda api: api.room.send_data(_request(room, signal)))


def _request(room: RoomRef, signal: Signal) -> SendDataRequest:
    """A new one for every call: the SDK writes a nonce into it."""
    return SendDataRequest(
        room=room.name,
        data=signal.message.encode(),
        kind=DataPacket.LOSSY if signal.lossy else DataPacket.RELIABLE,
        destination_identities=signal.to,
        topic=signal.topic or None,
    )
