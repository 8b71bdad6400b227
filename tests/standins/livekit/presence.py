"""How a service of the stand-in is in one of its rooms: what LiveKit's client does on the real server."""

from collections.abc import Mapping
from typing import Final

from livekit.api import DisconnectReason, ParticipantInfo

from tests.providers.stage import NotAdmitted, eventually
from tests.standins.livekit.people import People, RoomIsFull
from tests.standins.presence import GONE, Admission, Entry

_KINDS: Final = {"ingress": ParticipantInfo.INGRESS, "sip": ParticipantInfo.SIP}


class LocalPresence:
    """`heard`: nobody publishes DTMF here, as that takes LiveKit's client; tests write it down."""

    def __init__(self, people: People, room: str, who: ParticipantInfo) -> None:
        self.id = who.sid
        self.room_id = people.rooms[room].sid
        self.heard = ""
        self._people = people
        self._room = room
        self._who = who

    async def hears(self, digits: str) -> None:
        async def heard() -> bool:
            return self.heard == digits

        await eventually(heard)

    async def set_attributes(self, attributes: Mapping[str, str]) -> None:
        self._who.attributes.update(attributes)

    async def leave(self, reason: DisconnectReason = GONE) -> None:
        if not self._people.gone[self.id].is_set():
            self._people.leave(self._room, self._who.identity, reason)

    async def thrown_out(self) -> None:
        await self._people.gone[self.id].wait()


def admission(people: People) -> Admission:
    async def admit(entry: Entry) -> LocalPresence:
        who = ParticipantInfo(
            kind=_KINDS[entry.kind],
            identity=entry.identity,
            name=entry.name,
            metadata=entry.metadata,
            attributes=entry.attributes,
        )
        try:
            return LocalPresence(people, entry.room, people.bring(entry.room, who))
        except RoomIsFull as error:
            raise NotAdmitted from error

    return admit
