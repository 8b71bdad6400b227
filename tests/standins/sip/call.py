"""One telephone call of the stand-in SIP service: whoever is at the other end, played by the test."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Final

from livekit.protocol.models import DisconnectReason

from tests.providers.stage import PATIENCE_SECONDS
from tests.standins.presence import GONE, Admission, Entry, Presence
from tests.standins.psrpc import Bus, Method, RpcError, decode, text

DIALING, RINGING, ACTIVE, HANGUP = "dialing", "ringing", "active", "hangup"
"""What `sip.callStatus` says."""

REJECTED: Final = DisconnectReason.USER_REJECTED
UNAVAILABLE: Final = DisconnectReason.USER_UNAVAILABLE
"""Why a call that was not answered left the room. The server knows no other reason that a service gives."""


@dataclass(frozen=True)
class Line:
    """What a call is from its beginning. `number`: the telephone's, in either direction."""

    id: str
    number: str
    trunk_number: str
    trunk_id: str
    room: str
    identity: str
    dtmf: str = ""
    name: str = ""
    metadata: str = ""


class Call:
    """What a test may ask of it; each returns when the server has taken the news.

    Attributes:
        line: what it is from its beginning; `id`, `number`, `room` ... of it can be asked of the call as well.
        attributes: of its participant.
        transfers: what an asked transfer meets with; None accepts it.
        transferred_to: the number of an accepted transfer.
    """

    def __init__(self, bus: Bus, line: Line, attributes: dict[str, str], transfers: RpcError | None) -> None:
        self.line = line
        self.id, self.number, self.room, self.identity = line.id, line.number, line.room, line.identity
        self.trunk_id, self.trunk_number, self.dtmf = line.trunk_id, line.trunk_number, line.dtmf
        self.attributes = attributes
        self.transfers = transfers
        self.transferred_to = ""
        self._bus = bus
        self._turn = asyncio.Lock()
        self._presence: Presence | None = None
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def status(self) -> str:
        return self.attributes["sip.callStatus"]

    @property
    def heard(self) -> str:
        """The DTMF digits that were sent to this telephone, or to everybody in the room."""
        return self._there.heard

    async def hears(self, digits: str) -> None:
        """Wait until it has heard all of this."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._there.hears(digits)

    async def ring(self) -> None:
        async with self._turn:
            self._expect(DIALING)
            await self._show(RINGING)

    async def answer(self) -> None:
        async with self._turn:
            self._expect(DIALING, RINGING)
            await self._show(ACTIVE)

    async def refuse(self, reason: DisconnectReason = REJECTED) -> None:
        """It is not answered: declined or busy, or not to be reached."""
        async with self._turn:
            self._expect(DIALING, RINGING)
            await self._leave(reason)

    async def hang_up(self) -> None:
        """At the other end."""
        async with self._turn:
            self._expect(DIALING, RINGING, ACTIVE)
            await self._show(HANGUP)
            await self._leave(GONE)

    async def ended(self) -> None:
        """Wait until it has ended, by whoever."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._over.wait()

    async def die(self) -> None:
        """As when its process is killed. Twice is harmless."""
        await self._leave(DisconnectReason.UNKNOWN_REASON)
        for task in self._tasks:
            task.cancel()
        for end in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(end, Exception):
                raise end

    # What the service asks of it.

    async def enter(self, admission: Admission) -> str:
        """Come into the room as its participant; returns the participant's id."""
        self._presence = await admission(
            Entry("sip", self.room, self.identity, self.line.name, self.line.metadata, self.attributes)
        )
        await self._bus.serve(self._transfers, self._transfer)
        self.spawn(self._watch(self._presence))
        return self._presence.id

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    async def _watch(self, presence: Presence) -> None:
        """Who is removed from the room is hung up on."""
        await presence.thrown_out()
        async with self._turn:
            await self._leave(GONE)

    async def _show(self, status: str) -> None:
        self.attributes["sip.callStatus"] = status
        await self._there.set_attributes({"sip.callStatus": status})

    async def _leave(self, reason: DisconnectReason) -> None:
        if self._over.is_set() or self._presence is None:
            return
        self._over.set()
        await self._bus.stop_serving(self._transfers)
        await self._presence.leave(reason)

    @property
    def _transfers(self) -> Method:
        return Method("SIPInternal", "TransferSIPParticipant", self.id)

    async def _transfer(self, request: bytes) -> bytes:
        """An accepted one ends the call: the other end speaks to somebody else."""
        if self.transfers is not None:
            raise self.transfers
        self.transferred_to = text(decode(request), 2)
        self.spawn(self.hang_up())
        return b""

    @property
    def _there(self) -> Presence:
        assert self._presence is not None, f"{self.id} is in no room."
        return self._presence

    def _expect(self, *statuses: str) -> None:
        """Say so where a test asks for what the state does not allow."""
        assert not self.is_over, f"{self.id} is over."
        assert self.status in statuses, f"{self.id} is {self.status}."
