"""The stand-in SIP service against the real server, asked by LiveKit's own API, and heard by its webhooks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from livekit import api
from livekit.api import LiveKitAPI, TokenVerifier, WebhookReceiver
from livekit.api.twirp_client import ServerError, SipCallError
from livekit.protocol import sip as pb
from livekit.protocol.models import DisconnectReason, ParticipantInfo
from livekit.protocol.room import (
    CreateRoomRequest,
    ListParticipantsRequest,
    RoomParticipantIdentity,
)

from tests.live.clients import Client
from tests.live.redis import RedisServer
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.stage import Receiver, eventually, fresh
from tests.standins.presence import admission
from tests.standins.psrpc import Bus, RpcError
from tests.standins.sip.call import REJECTED, UNAVAILABLE, Call
from tests.standins.sip.service import (
    AT_ONCE,
    BUSY,
    WAITING,
    PinWanted,
    SipService,
    refusing,
    transfer_refused,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS, THEIRS = "+15550111", "+4930555123"


@dataclass(frozen=True)
class House:
    """A server with Redis, a SIP service, an outbound trunk, and where its webhooks go."""

    server: LiveKitServer
    phones: SipService
    api: LiveKitAPI
    receiver: Receiver
    trunk_id: str

    async def room(self) -> str:
        name = fresh("stage")
        await self.api.room.create_room(CreateRoomRequest(name=name))
        return name

    async def dial(self, *, identity: str = "ops-phone", dtmf: str = "") -> Call:
        await self.api.sip.create_sip_participant(
            pb.CreateSIPParticipantRequest(
                sip_trunk_id=self.trunk_id,
                sip_call_to=THEIRS,
                room_name=await self.room(),
                participant_identity=identity,
                dtmf=dtmf,
            )
        )
        return await self.phones.next()

    async def people(self, room: str) -> dict[str, ParticipantInfo]:
        present = await self.api.room.list_participants(ListParticipantsRequest(room=room))
        return {who.identity: who for who in present.participants}

    async def until(self, call: Call, status: str) -> None:
        async def shown() -> bool:
            return (await self.people(call.room))[call.identity].attributes["sip.callStatus"] == status

        await eventually(shown)

    async def left(self, call: Call) -> str:
        """Why the call's participant left, by the webhook."""
        judge = WebhookReceiver(TokenVerifier(KEY, SECRET))
        while True:
            delivery = await self.receiver.next()
            event = judge.receive(delivery.body.decode(), delivery.headers["authorization"])
            if event.event == "participant_left" and event.room.name == call.room:
                return DisconnectReason.Name(event.participant.disconnect_reason)

    async def transfer(self, call: Call) -> None:
        await self.api.sip.transfer_sip_participant(
            pb.TransferSIPParticipantRequest(
                room_name=call.room, participant_identity=call.identity, transfer_to="tel:+15550199"
            )
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened() -> AsyncIterator[House]:
    async with (
        RedisServer() as redis,
        Receiver() as receiver,
        LiveKitServer(webhook_url=receiver.url, redis=redis.address) as server,
        SipService(Bus(redis.address), admission=admission(server.ws_url, KEY, SECRET)) as phones,
        LiveKitAPI(server.url, KEY, SECRET) as caller,
    ):
        trunk = pb.SIPOutboundTrunkInfo(name="carrier", address="sip.example.com", numbers=[OURS])
        made = await caller.sip.create_outbound_trunk(pb.CreateSIPOutboundTrunkRequest(trunk=trunk))
        yield House(server, phones, caller, receiver, made.sip_trunk_id)


@pytest.fixture
def house(opened: House) -> House:
    opened.phones.dials = AT_ONCE
    opened.phones.transfers = None
    return opened


async def test_a_call_is_in_its_room_from_dialling_to_hanging_up(house: House) -> None:
    house.phones.dials = WAITING
    call = await house.dial(dtmf="7#")
    there = (await house.people(call.room))[call.identity]
    assert there.kind == ParticipantInfo.SIP
    assert dict(there.attributes) == {
        "sip.callID": call.id,
        "sip.callStatus": "dialing",
        "sip.trunkID": house.trunk_id,
        "sip.phoneNumber": THEIRS,
        "sip.trunkPhoneNumber": OURS,
        "sip.hostname": "sip.example.com",
    }
    assert (call.number, call.trunk_number, call.dtmf, call.id[:4]) == (THEIRS, OURS, "7#", "SCL_")
    await call.ring()
    await house.until(call, "ringing")
    await call.answer()
    await house.until(call, "active")
    await call.hang_up()
    assert await house.left(call) == "CLIENT_INITIATED"
    with pytest.raises(AssertionError, match="is over"):
        await call.answer()


@pytest.mark.parametrize("reason", [REJECTED, UNAVAILABLE])
async def test_why_it_was_not_answered_is_in_the_webhook(house: House, reason: DisconnectReason) -> None:
    house.phones.dials = WAITING
    call = await house.dial()
    await call.refuse(reason)
    assert await house.left(call) == DisconnectReason.Name(reason)


async def test_who_is_removed_is_hung_up_on(house: House) -> None:
    call = await house.dial()
    await house.until(call, "active")
    await house.api.room.remove_participant(RoomParticipantIdentity(room=call.room, identity=call.identity))
    await call.ended()
    assert await house.left(call) == "PARTICIPANT_REMOVED"


async def test_hears_the_digits_that_somebody_sends(house: House) -> None:
    """LiveKit's clients drop DTMF of whom they do not know of, and learn of a silent one by an attribute."""
    call = await house.dial()
    await house.until(call, "active")
    grants = api.VideoGrants(room_join=True, room=call.room, can_update_own_metadata=True)
    token = api.AccessToken(KEY, SECRET).with_identity("keypad").with_grants(grants).to_jwt()
    async with await Client.join(house.server.ws_url, token) as keypad:
        await keypad.me.set_attributes({"role": "keypad"})
        for code, digit in ((1, "1"), (2, "2"), (11, "#")):
            await keypad.me.publish_dtmf(code=code, digit=digit)
        await call.hears("12#")
    await call.hang_up()


async def test_a_transfer_ends_the_call_and_a_refused_one_says_why(house: House) -> None:
    house.phones.transfers = transfer_refused()
    call = await house.dial()
    await house.until(call, "active")
    with pytest.raises(SipCallError) as refused:
        await house.transfer(call)
    assert (refused.value.sip_status_code, refused.value.sip_status) == (603, "Decline")
    call.transfers = None
    await house.transfer(call)
    await call.ended()
    assert call.transferred_to == "tel:+15550199"


async def test_a_dial_needs_a_service_who_takes_it(house: House) -> None:
    house.phones.dials = BUSY
    with pytest.raises(ServerError, match="no response from servers") as alone:
        await house.dial()
    house.phones.dials = refusing("cpu exhausted", "unavailable")
    with pytest.raises(ServerError, match="cpu exhausted"):
        await house.dial()
    assert alone.value.status == 503


async def test_somebody_calls_in(house: House) -> None:
    call = await house.phones.call_in(await house.room(), THEIRS)
    there = (await house.people(call.room))[call.identity]
    assert (there.kind, there.identity, there.attributes["sip.callStatus"]) == (
        ParticipantInfo.SIP,
        f"sip_{THEIRS}",
        "active",
    )
    await call.hang_up()
    assert await house.left(call) == "CLIENT_INITIATED"


async def test_the_servers_rules_say_where_a_call_goes(house: House) -> None:
    with pytest.raises(RpcError):
        await house.phones.ring_in(THEIRS, OURS)
    trunk = pb.SIPInboundTrunkInfo(name="front desk", numbers=[OURS])
    made = await house.api.sip.create_inbound_trunk(pb.CreateSIPInboundTrunkRequest(trunk=trunk))
    rule = pb.SIPDispatchRule(dispatch_rule_direct=pb.SIPDispatchRuleDirect(room_name=fresh("desk"), pin="1234"))
    ruled = await house.api.sip.create_dispatch_rule(
        pb.CreateSIPDispatchRuleRequest(dispatch_rule=pb.SIPDispatchRuleInfo(rule=rule, trunk_ids=[made.sip_trunk_id]))
    )
    with pytest.raises(PinWanted):
        await house.phones.ring_in(THEIRS, OURS)
    call = await house.phones.ring_in(THEIRS, OURS, pin="1234")
    there = (await house.people(rule.dispatch_rule_direct.room_name))[call.identity]
    assert there.attributes["sip.ruleID"] == ruled.sip_dispatch_rule_id
    assert (there.name, call.trunk_id) == (f"Phone {THEIRS}", made.sip_trunk_id)
    await call.hang_up()
