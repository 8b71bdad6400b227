"""A stand-in for LiveKit's SIP service: it speaks no SIP, and its telephones are played by the test.

It speaks to the real server as the real service does. A call is a participant of kind SIP from the moment of dialling:

    async with SipService(Bus(redis.address), admission=admission(server.ws_url, KEY, SECRET)) as phones:
        phones.dials = WAITING
        await api.sip.create_sip_participant(...)
        call = await phones.next()
        await call.ring()
        await call.answer()

What may be done with a `Call` is said there. How those from now on are dialled is said by `phones.dials`:

    AT_ONCE             the default: it rings, and is answered, by itself
    WAITING             stays dialling until somebody does something
    BUSY                says nothing, as if there were no service
    refusing(message, code="invalid_argument")

Calls from outside come in by `call_in` and `ring_in`. `await phones.die()` is a crash of the whole service.
"""

import asyncio
from dataclasses import dataclass
from typing import Final, Self
from uuid import uuid4

from livekit.protocol.sip import SIPStatus, SIPStatusCode, SIPUri

from tests.providers.stage import PATIENCE_SECONDS, NotAdmitted
from tests.standins.presence import Admission
from tests.standins.psrpc import Bus, Method, RpcError, decode, encode, integer, string_map, text
from tests.standins.sip.call import ACTIVE, DIALING, Call, Line

PAUSE_SECONDS: Final = 0.05
"""Between dialling, ringing and the answer."""

DIAL: Final = Method("SIPInternal", "CreateSIPParticipant")
EVALUATE: Final = Method("IOInfo", "EvaluateSIPDispatchRules")

CARRIER: Final = "127.0.0.1"
"""Where calls from outside come from."""

_ACCEPT, _REQUEST_PIN = 1, 2
"""Of `rpc.SIPDispatchResult`; the others turn the call away."""


@dataclass(frozen=True)
class Manner:
    """How a dial goes."""

    silent: bool = False
    refusal: RpcError | None = None
    waits: bool = False


AT_ONCE: Final = Manner()
WAITING: Final = Manner(waits=True)
BUSY: Final = Manner(silent=True)


def refusing(message: str, code: str = "invalid_argument") -> Manner:
    """`code`: psrpc's name, such as `not_found`, `permission_denied` or `unavailable`."""
    return Manner(refusal=RpcError(code, message))


def transfer_refused(
    status: SIPStatusCode = SIPStatusCode.SIP_STATUS_GLOBAL_DECLINE, words: str = "Decline"
) -> RpcError:
    """What the other end answered to the REFER. The server makes metadata of the error of it."""
    message = f"call transfer failed: sip status: {status}: {words}"
    return RpcError("permission_denied", message, SIPStatus(code=status, status=words))


class PinWanted(Exception):
    """The rule that fits wants a PIN, or another than this one."""


class SipService:
    """`async with SipService(Bus(redis.address), admission=...) as phones:`.

    Attributes:
        dials: how dials go from now on.
        transfers: what transfers of the calls from now on meet with; None accepts them.
        calls: all that there were, by the server's id.
    """

    def __init__(self, bus: Bus, *, admission: Admission) -> None:
        self.dials = AT_ONCE
        self.transfers: RpcError | None = None
        self.calls: dict[str, Call] = {}
        self._bus = bus
        self._admission = admission
        self._dialled: asyncio.Queue[Call] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        await self._bus.__aenter__()
        await self._bus.serve(DIAL, self._dial, affinity=lambda: -1.0 if self.dials.silent else 0.5)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.die()
        await self._bus.__aexit__()

    async def next(self) -> Call:
        """The next dialled one that nobody has asked for, waited for if need be."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._dialled.get()

    async def call_in(self, room: str, number: str) -> Call:
        """Somebody calls from outside and is in the room, whatever rules there are."""
        line = Line(_call_id(), number, "+15550100", "ST_outside", room, f"sip_{number}", name=f"Phone {number}")
        return await self._connect(
            line,
            {
                "sip.callID": line.id,
                "sip.trunkID": line.trunk_id,
                "sip.phoneNumber": number,
                "sip.trunkPhoneNumber": line.trunk_number,
            },
        )

    async def ring_in(self, number: str, to: str, *, pin: str = "") -> Call:
        """Somebody calls `to` from outside; where they get to, the server's trunks and rules decide.

        `PinWanted` where a PIN is asked for, `RpcError` where no trunk or rule takes the call.
        """
        call_id = _call_id()
        caller, called = (SIPUri(user=user, host="sip.example.com").SerializeToString() for user in (number, to))
        sip_call = encode({1: call_id, 2: CARRIER, 3: called, 4: caller, 5: called})
        # The real service says the numbers twice, and the callers of a rule are looked for in the first alone.
        answer = await self._bus.call(EVALUATE, encode({2: number, 3: to, 5: pin, 12: sip_call}))
        found = decode(answer)
        result = integer(found, 6)
        if result == _REQUEST_PIN:
            raise PinWanted
        if result != _ACCEPT:
            raise RpcError("not_found", f"No rule takes a call to {to}.")
        line = Line(
            call_id,
            number,
            to,
            text(found, 9),
            text(found, 1),
            text(found, 2),
            name=text(found, 7),
            metadata=text(found, 8),
        )
        return await self._connect(line, string_map(answer, 11))

    async def die(self) -> None:
        """As when the machine goes. Twice is harmless."""
        await self._bus.stop_serving(DIAL)
        for call in self.calls.values():
            await call.die()

    async def _dial(self, request: bytes) -> bytes:
        manner = self.dials
        if manner.refusal is not None:
            raise manner.refusal
        fields = decode(request)
        _check(text(fields, 2))
        line = Line(
            id=text(fields, 13),
            number=text(fields, 4),
            trunk_number=text(fields, 3),
            trunk_id=text(fields, 19),
            room=text(fields, 7),
            identity=text(fields, 8),
            dtmf=text(fields, 11),
            name=text(fields, 14),
            metadata=text(fields, 15),
        )
        call, participant_id = await self._enter(line, string_map(request, 17), DIALING)
        if not manner.waits:
            call.spawn(_answer_soon(call))
        self._dialled.put_nowait(call)
        return encode({1: participant_id, 2: line.identity, 3: line.id})

    async def _connect(self, line: Line, attributes: dict[str, str]) -> Call:
        call, _ = await self._enter(line, attributes, ACTIVE)
        return call

    async def _enter(self, line: Line, attributes: dict[str, str], status: str) -> tuple[Call, str]:
        call = Call(self._bus, line, attributes | {"sip.callStatus": status}, self.transfers)
        try:
            participant_id = await call.enter(self._admission)
        except NotAdmitted as error:
            raise RpcError("internal", "update room failed: could not connect") from error
        self.calls[call.id] = call
        return call, participant_id


def _check(address: str) -> None:
    """What the real service finds wrong with a trunk's address when it dials, not the server when it is made."""
    if not address:
        raise RpcError("invalid_argument", "trunk adresss must be set")
    if address.startswith(("sip:", "sips:")):
        raise RpcError("invalid_argument", "address must be a hostname without 'sip:' prefix")
    if ";" in address or "=" in address:
        raise RpcError("invalid_argument", "address must not contain parameters")


def _call_id() -> str:
    return f"SCL_{uuid4().hex[:12]}"


async def _answer_soon(call: Call) -> None:
    await asyncio.sleep(PAUSE_SECONDS)
    if not call.is_over:
        await call.ring()
    await asyncio.sleep(PAUSE_SECONDS)
    if not call.is_over:
        await call.answer()
