"""Telephone calls of LiveKit: what is asked of its SIP service, what a participant of kind SIP tells, how one ends."""

import sys
import traceback
from collections.abc import Mapping
from datetime import timedelta
from types import ModuleType

import pytest
from livekit.api import DisconnectReason, ParticipantInfo, SIPOutboundTrunkInfo
from pydantic import SecretStr

from providers.base import Call, CallRef, CallStatus, Capability, DialOptions, RoomOptions, RoomRef
from providers.errors import Conflict, NotFound, NoWorker, Rejected, Unreachable, Unsupported
from providers.facts import CallChanged, Fact, ParticipantLeft, facts_to_json
from providers.livekit import dtmf
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.standins.livekit import KEY, SECRET, LiveKitStandIn
from tests.standins.sip.call import Call as Telephone
from tests.standins.sip.service import BUSY, WAITING, transfer_refused

NUMBER = "+15551234567"
KEYS = SecretStr("80414243")
OPTIONS = DialOptions(NUMBER, "ST_1", "mia", name="Mia")


@pytest.fixture
def telephones(standin: LiveKitStandIn) -> LiveKitStandIn:
    """A trunk to call by, and nobody who answers by themselves."""
    standin.went_out["ST_1"] = SIPOutboundTrunkInfo(
        sip_trunk_id="ST_1", numbers=["+15550100", "+15550101"], address="sip.example.com"
    )
    standin.phones.dials = WAITING
    return standin


async def dialled(livekit: LiveKit, room: RoomRef, telephones: LiveKitStandIn) -> tuple[Call, Telephone]:
    call = await livekit.dial(room, OPTIONS)
    return call, await telephones.phones.next()


async def left(livekit: LiveKit, telephones: LiveKitStandIn) -> list[Fact]:
    """What the last webhook tells, by which somebody has left."""
    while True:
        authorization, body = await telephones.deliveries.get()
        facts = livekit.read_webhook("", {"authorization": authorization}, body)
        if any(isinstance(fact, ParticipantLeft) for fact in facts):
            return facts


async def test_all_that_is_asked_of_a_call(livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn) -> None:
    options = DialOptions(
        NUMBER,
        "ST_1",
        "mia",
        name="Mia",
        caller_number="+15550101",
        dtmf=KEYS,
        ringing_for=timedelta(seconds=20),
        lasts_at_most=timedelta(hours=1),
        plays_dialtone=True,
    )
    call = await livekit.dial(standup, options)
    (asked,) = telephones.dialled
    assert (asked.sip_call_to, asked.sip_number, asked.room_name) == (NUMBER, "+15550101", "standup")
    assert (asked.participant_identity, asked.participant_name, asked.dtmf) == ("mia", "Mia", KEYS.get_secret_value())
    assert (asked.ringing_timeout.seconds, asked.max_call_duration.seconds, asked.play_dialtone) == (20, 3600, True)
    assert not asked.wait_until_answered
    assert call == Call(
        CallRef("livekit", call.ref.id),
        standup,
        CallStatus.DIALING,
        "mia",
        "…4567",
        trunk="ST_1",
        started_at=call.started_at,
    )


async def test_no_sip_service(livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn) -> None:
    telephones.phones.dials = BUSY
    with pytest.raises(NoWorker) as refused:
        await livekit.dial(standup, DialOptions(NUMBER, "ST_1", "mia", dtmf=KEYS))
    shown = "".join(traceback.format_exception(refused.value))
    assert "no SIP service answers" in refused.value.detail
    assert KEYS.get_secret_value() not in shown
    assert NUMBER not in shown


async def test_nobody_is_thrown_out_by_a_call(livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn) -> None:
    telephones.bring("standup", ParticipantInfo(identity="mia"))
    with pytest.raises(Conflict, match="'mia'"):
        await livekit.dial(standup, OPTIONS)
    assert telephones.dialled == []


@pytest.mark.parametrize(
    "options",
    [
        DialOptions("", "ST_1", "mia"),
        DialOptions("mia@sip.example.com", "ST_1", "mia"),
        DialOptions(NUMBER, "ST_1", ""),
        DialOptions(NUMBER, "ST_1", "mia", dtmf=SecretStr("12x")),
    ],
)
async def test_what_cannot_be_dialled(
    livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn, options: DialOptions
) -> None:
    with pytest.raises(Rejected) as refused:
        await livekit.dial(standup, options)
    assert "12x" not in refused.value.detail
    assert telephones.dialled == []


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, (CallStatus.DIALING, "PA_", False)),
        ({"sip.ruleID": "SDR_1", "sip.callID": "SCL_9"}, (CallStatus.RINGING, "SCL_9", True)),
        ({"sip.callStatus": "automation"}, (CallStatus.ACTIVE, "PA_", False)),
        ({"sip.callStatus": "a later one"}, (CallStatus.DIALING, "PA_", False)),
        ({"sip.callStatus": "hangup"}, None),
    ],
)
async def test_what_the_attributes_say(
    livekit: LiveKit,
    standup: RoomRef,
    telephones: LiveKitStandIn,
    attributes: Mapping[str, str],
    expected: tuple[CallStatus, str, bool] | None,
) -> None:
    telephones.bring("standup", ParticipantInfo(identity="ana"))
    telephones.bring("standup", ParticipantInfo(identity="mia", kind="SIP", attributes=attributes))
    listed = await livekit.list_calls(standup)
    assert [(call.status, call.is_inbound) for call in listed] == ([(expected[0], expected[2])] if expected else [])
    assert all(expected and call.ref.id.startswith(expected[1]) for call in listed)


async def test_who_has_the_identity_of_a_call_is_left_alone(
    livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn
) -> None:
    call, telephone = await dialled(livekit, standup, telephones)
    await telephone.hang_up()
    ana = telephones.bring("standup", ParticipantInfo(identity="mia"))
    for asked in (livekit.hang_up(call), livekit.transfer_call(call, NUMBER), livekit.send_dtmf(call, KEYS)):
        with pytest.raises(NotFound, match="not by this call"):
            await asked
    assert telephones.participants["standup"]["mia"] is ana


async def test_a_call_is_handed_on_to_a_number(livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn) -> None:
    call, telephone = await dialled(livekit, standup, telephones)
    await livekit.transfer_call(call, NUMBER)
    assert telephone.transferred_to == f"tel:{NUMBER}"


async def test_a_transfer_that_is_refused(livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn) -> None:
    telephones.phones.transfers = transfer_refused(words=f"not to {NUMBER}")
    call, _ = await dialled(livekit, standup, telephones)
    with pytest.raises(Conflict, match=r"declined \(SIP 603\)") as refused:
        await livekit.transfer_call(call, NUMBER)
    assert NUMBER not in "".join(traceback.format_exception(refused.value))
    assert [each.ref for each in await livekit.list_calls(standup)] == [call.ref]


async def test_a_call_whose_service_is_gone(livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn) -> None:
    telephones.bring("standup", ParticipantInfo(identity="mia", kind="SIP", attributes={"sip.callID": "SCL_9"}))
    (call,) = await livekit.list_calls(standup)
    with pytest.raises(NoWorker):
        await livekit.transfer_call(call, NUMBER)
    await livekit.hang_up(call)
    assert await livekit.list_calls(standup) == []


@pytest.mark.parametrize(
    ("attributes", "reason", "status", "error"),
    [
        ({}, DisconnectReason.USER_REJECTED, CallStatus.FAILED, "busy, or declined"),
        ({}, DisconnectReason.USER_UNAVAILABLE, CallStatus.FAILED, "nobody answers at that number"),
        ({}, DisconnectReason.CLIENT_INITIATED, CallStatus.FAILED, "it was not put through"),
        ({}, DisconnectReason.PARTICIPANT_REMOVED, CallStatus.ENDED, None),
        ({"sip.callStatus": "active"}, DisconnectReason.CLIENT_INITIATED, CallStatus.ENDED, None),
        ({"sip.callStatus": "hangup"}, DisconnectReason.CLIENT_INITIATED, CallStatus.ENDED, None),
        ({"sip.callStatus": "active"}, DisconnectReason.SIGNAL_CLOSE, CallStatus.FAILED, "connection lost"),
    ],
)
async def test_how_a_call_ends(
    livekit: LiveKit,
    standup: RoomRef,
    telephones: LiveKitStandIn,
    attributes: Mapping[str, str],
    reason: DisconnectReason,
    status: CallStatus,
    error: str | None,
) -> None:
    said = {"sip.callID": "SCL_9", "sip.phoneNumber": NUMBER, "sip.trunkID": "ST_1", **attributes}
    telephones.bring("standup", ParticipantInfo(identity="mia", kind="SIP", attributes=said))
    telephones.leave("standup", "mia", reason)
    went, ended = await left(livekit, telephones)
    assert isinstance(went, ParticipantLeft)
    assert isinstance(ended, CallChanged)
    assert (ended.call.status, ended.call.error, ended.call.ended_at) == (status, error, ended.at)
    assert (ended.thing_id, ended.call.room, ended.call.trunk) == ("SCL_9", standup, "ST_1")
    assert NUMBER not in facts_to_json([went, ended]).decode()


async def test_who_calls_in_is_called_by_the_end_of_the_number(
    livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn
) -> None:
    """LiveKit says the whole of it; in the identity, by which they are found, it stays."""
    said = {"sip.callID": "SCL_9", "sip.phoneNumber": NUMBER}
    caller = ParticipantInfo(identity=f"sip_{NUMBER}", name=f"Phone {NUMBER}", kind="SIP", attributes=said)
    telephones.bring("standup", caller)
    (listed,) = await livekit.list_participants(standup)
    telephones.leave("standup", caller.identity, DisconnectReason.CLIENT_INITIATED)
    went, _ = await left(livekit, telephones)
    assert isinstance(went, ParticipantLeft)
    for person in (listed, went.participant):
        assert (person.name, person.identity) == ("Phone …4567", f"sip_{NUMBER}")


async def test_whose_number_is_hidden_is_called_by_what_the_name_has_of_it(
    livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn
) -> None:
    """As LiveKit names whoever calls in by such a rule (livekit/protocol, sip/sip.go)."""
    said = {"sip.callID": "SCL_9", "sip.ruleID": "SDR_1", "sip.callStatus": "active"}
    caller = ParticipantInfo(identity="sip_9f2c64a1b0d3e587", name="Phone 4567", kind="SIP", attributes=said)
    telephones.bring("standup", caller)
    (call,) = await livekit.list_calls(standup)
    assert (call.number, call.identity) == ("…4567", caller.identity)


async def test_without_the_extra_no_key_is_pressed(monkeypatch: pytest.MonkeyPatch, telephones: LiveKitStandIn) -> None:
    monkeypatch.setattr(dtmf, "find_spec", lambda _: None)
    settings = LiveKitSettings(url=telephones.url, api_key=KEY, api_secret=SecretStr(SECRET))
    bare = LiveKit("livekit", settings)
    assert Capability.SEND_DTMF not in bare.capabilities
    assert "`dtmf`" in bare.lacking_because[Capability.SEND_DTMF]
    room = (await bare.create_room("standup", RoomOptions())).room.ref
    call, _ = await dialled(bare, room, telephones)
    with pytest.raises(Unsupported) as refused:
        await bare.send_dtmf(call, KEYS)
    assert refused.value.detail == "send_dtmf"
    telephones.has_redis = False
    await bare.inspect()
    telephones.has_redis = True
    await bare.inspect()
    assert "`dtmf`" in bare.lacking_because[Capability.SEND_DTMF]
    await bare.aclose()


@pytest.mark.parametrize("missing", ["livekit.rtc._ffi_client", "livekit.rtc._proto.ffi_pb2"])
def test_of_another_version_of_the_extra_no_key_is_pressed(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """What it uses is private there, and may go."""
    assert dtmf.lacking() == {}
    monkeypatch.setitem(sys.modules, missing, ModuleType(missing))
    assert "of a version" in dtmf.lacking()[Capability.SEND_DTMF]


async def test_a_room_that_cannot_be_entered(livekit: LiveKit, standup: RoomRef, telephones: LiveKitStandIn) -> None:
    """The stand-in has no way in for clients."""
    call, _ = await dialled(livekit, standup, telephones)
    with pytest.raises(Rejected):
        await livekit.send_dtmf(call, SecretStr("80x"))
    with pytest.raises(Unreachable) as refused:
        await livekit.send_dtmf(call, KEYS)
    shown = "".join(traceback.format_exception(refused.value))
    assert KEYS.get_secret_value() not in shown
    assert "eyJ" not in shown
