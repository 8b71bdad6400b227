"""How a stand-in service is in a room: what it does there, and how LiveKit's own client does it on the real server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from livekit import rtc
from livekit.api import AccessToken, VideoGrants
from livekit.protocol.models import DisconnectReason

from tests.live.clients import Client

GONE: Final = DisconnectReason.CLIENT_INITIATED
"""Why somebody leaves who says nothing else."""


@dataclass(frozen=True)
class Entry:
    """Who comes in, and into which room by its name."""

    kind: Literal["ingress", "sip"]
    room: str
    identity: str
    name: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


class Presence(Protocol):
    """Somebody in a room on behalf of a service."""

    @property
    def id(self) -> str:
        """The participant's, as the server has it."""

    @property
    def room_id(self) -> str: ...

    @property
    def heard(self) -> str:
        """The DTMF digits that others have published in the room."""

    async def hears(self, digits: str) -> None:
        """Wait until all of this was heard."""

    async def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Those that are not named stay as they are."""

    async def leave(self, reason: DisconnectReason = GONE) -> None:
        """Harmless for one who is gone."""

    async def thrown_out(self) -> None:
        """Wait until this presence has ended, by whatever cause."""


Admission = Callable[[Entry], Awaitable[Presence]]
"""Lets somebody in. `NotAdmitted` where the server does not."""


class ClientPresence:
    """On the real server, by LiveKit's own client."""

    def __init__(self, client: Client, room_id: str) -> None:
        self._client = client
        self.id = client.me.sid
        self.room_id = room_id
        self.heard = ""
        client.room.on("sip_dtmf_received", self._hear)

    async def hears(self, digits: str) -> None:
        await self._client.until(lambda: self.heard == digits)

    async def set_attributes(self, attributes: Mapping[str, str]) -> None:
        await self._client.me.set_attributes(dict(attributes))

    async def leave(self, reason: DisconnectReason = GONE) -> None:
        await self._client.room.disconnect(reason=rtc.DisconnectReason.Value(DisconnectReason.Name(reason)))
        await self._client.leave()

    async def thrown_out(self) -> None:
        gone = asyncio.Event()
        self._client.room.on("disconnected", lambda _: gone.set())
        if self._client.room.isconnected():
            await gone.wait()

    def _hear(self, dtmf: rtc.SipDTMF) -> None:
        self.heard += dtmf.digit


def admission(url: str, key: str, secret: str) -> Admission:
    """Tokens as the services make them for themselves (livekit/protocol, BuildIngressToken and BuildSIPToken)."""

    async def admit(entry: Entry) -> ClientPresence:
        hears = entry.kind == "sip"
        grants = VideoGrants(room_join=True, room=entry.room, can_subscribe=hears, can_update_own_metadata=True)
        token = (
            AccessToken(key, secret)
            .with_kind(entry.kind)
            .with_identity(entry.identity)
            .with_name(entry.name)
            .with_metadata(entry.metadata)
            .with_attributes(dict(entry.attributes))
            .with_grants(grants)
        )
        client = await Client.join(url, token.to_jwt())
        return ClientPresence(client, await client.room.sid)

    return admit
