"""What the stages of LiveKit have in common about telephones: a SIP service, on the stand-in and on the real server."""

from random import randrange

from providers.base import Call, CallStatus, RoomRef, RuleKind, RuleOptions, TrunkDirection, TrunkOptions
from tests.providers.livekit_stage import LiveKitStage
from tests.providers.stage import eventually
from tests.standins.sip.service import SipService


class TelephoneStage(LiveKitStage):
    """`phones` takes every dial, and leaves it dialling."""

    phones: SipService

    async def calls_in(self, room: RoomRef, number: str) -> None:
        """By a trunk and a rule of its own, which the server evaluates."""
        to = f"+1556{randrange(10**9):09}"
        trunk = await self.provider.create_trunk(TrunkOptions(TrunkDirection.INBOUND, numbers=(to,)))
        await self.provider.create_rule(RuleOptions(RuleKind.DIRECT, room.name, trunks=(trunk.ref.id,)))
        call = await self.phones.ring_in(number, to)

        async def listed() -> bool:
            return call.id in [each.ref.id for each in await self.provider.list_calls(room)]

        await eventually(listed)

    async def answers(self, call: Call) -> None:
        await self.phones.calls[call.ref.id].answer()
        await self.call(call, CallStatus.ACTIVE)

    async def refuses(self, call: Call) -> None:
        await self.phones.calls[call.ref.id].refuse()

        async def gone() -> bool:
            return call.ref not in [each.ref for each in await self.provider.list_calls(call.room)]

        await eventually(gone)

    async def hears_dtmf(self, call: Call) -> str:
        return self.phones.calls[call.ref.id].heard
