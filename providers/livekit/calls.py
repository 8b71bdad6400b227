"""Telephone calls: placed by LiveKit's SIP service, and found, ended and handed on as participants of a room."""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from livekit.api import (
    CreateSIPParticipantRequest,
    ParticipantInfo,
    RoomParticipantIdentity,
    SIPTransferStatus,
    TransferSIPParticipantRequest,
)
from pydantic import SecretStr

from providers.base import Call, CallRef, CallStatus, Capability, DialOptions, RoomRef, shown_number
from providers.errors import Conflict, NotFound, NoWorker
from providers.livekit import call_info, dtmf
from providers.livekit.backend import LiveKitBackend
from providers.livekit.client import DEADLINE
from providers.livekit.errors import Unanswered
from providers.livekit.mapping import moment
from providers.livekit.settings import LiveKitSettings
from providers.sip_rules import dial_problem, keys_problem

PATIENCE: Final = 3.5
"""How many times as long as other calls these may take: the server gives either of them 30 s, and the SDK 32."""

_URI: Final = ("sip:", "sips:", "tel:")


class Calls(LiveKitBackend):
    def __init__(self, name: str, settings: LiveKitSettings, *, deadline: timedelta = DEADLINE) -> None:
        super().__init__(name, settings, deadline=deadline)
        lacking = dtmf.lacking()
        self.lacking |= lacking.keys()
        self.lacking_because = MappingProxyType({**self.lacking_because, **lacking})

    async def dial(self, room: RoomRef, options: DialOptions) -> Call:
        """LiveKit would make a room of that name, and throw out whoever is there by the same identity, so we look
        before. Where no service places calls, its answer takes a second."""
        self._require_fit(dial_problem(options), "dial")
        self._require_fit(self.limits.identity_problem(options.identity), "dial")
        if options.identity in {info.identity for info in await self._everybody("dial", room)}:
            detail = f"somebody is in the room by the identity {options.identity!r}"
            raise Conflict(detail, provider=self.name, operation="dial")
        try:
            placed = await self._act(
                "dial",
                room,
                lambda api: api.sip.create_sip_participant(_dialling(room, options)),
                patience=PATIENCE,
                secrets=[options.number, *([options.dtmf.get_secret_value()] if options.dtmf is not None else [])],
            )
        except Unanswered as error:
            raise self._no_service("dial") from error
        return Call(
            ref=CallRef(self.name, placed.sip_call_id),
            room=room,
            status=CallStatus.DIALING,
            identity=placed.participant_identity,
            number=shown_number(options.number),
            trunk=options.trunk,
            started_at=datetime.now(UTC),
        )

    async def list_calls(self, room: RoomRef) -> list[Call]:
        """Whose participants have gone is not told, nor who has hung up but not gone yet."""
        everybody = await self._everybody("list_calls", room)
        calls = [self._call(room, info) for info in everybody if info.kind == ParticipantInfo.SIP]
        return [call for call in calls if not call.status.is_final]

    async def hang_up(self, call: Call) -> None:
        """A participant who is removed ends the call."""
        await self._require_going_on("hang_up", call)
        await self._act(
            "hang_up",
            call.room,
            lambda api: api.room.remove_participant(
                RoomParticipantIdentity(room=call.room.name, identity=call.identity)
            ),
            on=call.identity,
        )

    async def send_dtmf(self, call: Call, digits: SecretStr) -> None:
        """LiveKit's API has no call for it: somebody has to be in the room. Takes as long as the keys are pressed."""
        if Capability.SEND_DTMF in self.lacking:
            raise self._refuse(Capability.SEND_DTMF)
        self._require_fit(keys_problem(digits.get_secret_value()), "send_dtmf")
        await self._require_going_on("send_dtmf", call)
        await dtmf.press(self._settings, call, digits)

    async def transfer_call(self, call: Call, number: str) -> None:
        """`number`: a telephone number, or a whole URI of sip:, sips: or tel:. LiveKit asks the other side to call
        there, and leaves when it says yes."""
        self._require_fit(None if number else "A number is needed.", "transfer_call")
        await self._require_going_on("transfer_call", call)
        try:
            answer = await self._act(
                "transfer_call",
                call.room,
                lambda api: api.sip.transfer_sip_participant(_transfer(call, number)),
                on=call.identity,
                patience=PATIENCE,
                secrets=[number],
            )
        except Unanswered as error:
            raise self._no_service("transfer_call") from error
        if answer.status == SIPTransferStatus.STS_TRANSFER_FAILED:  # of later servers; 1.13.5 says nothing
            raise Conflict("the other side refused it", provider=self.name, operation="transfer_call")

    async def _require_going_on(self, operation: str, call: Call) -> None:
        """`NotFound` where somebody else is there by that identity: no telephone, or another call."""
        info = await self._present(operation, call.room, call.identity)
        if info.kind != ParticipantInfo.SIP or self._call(call.room, info).ref != call.ref:
            raise NotFound(
                f"{call.identity!r} is in the room {call.room.name!r}, but not by this call",
                provider=self.name,
                operation=operation,
            )

    def _call(self, room: RoomRef, info: ParticipantInfo) -> Call:
        return call_info.call(
            self.name,
            room,
            sid=info.sid,
            identity=info.identity,
            name=info.name,
            attributes=info.attributes,
            joined_at=moment(info.joined_at_ms, info.joined_at),
        )

    def _no_service(self, operation: str) -> NoWorker:
        return NoWorker("no SIP service answers", provider=self.name, operation=operation)


def _dialling(room: RoomRef, options: DialOptions) -> CreateSIPParticipantRequest:
    """A new one for every call: the SDK writes into it. Nobody waits for the answer: the list of calls tells of it."""
    request = CreateSIPParticipantRequest(
        sip_trunk_id=options.trunk,
        sip_call_to=options.number,
        sip_number=options.caller_number,
        room_name=room.name,
        participant_identity=options.identity,
        participant_name=options.name,
        dtmf=options.dtmf.get_secret_value() if options.dtmf is not None else "",
        play_dialtone=options.plays_dialtone,
    )
    if options.ringing_for is not None:
        request.ringing_timeout.FromTimedelta(options.ringing_for)
    if options.lasts_at_most is not None:
        request.max_call_duration.FromTimedelta(options.lasts_at_most)
    return request


def _transfer(call: Call, number: str) -> TransferSIPParticipantRequest:
    return TransferSIPParticipantRequest(
        room_name=call.room.name,
        participant_identity=call.identity,
        transfer_to=number if number.startswith(_URI) else f"tel:{number}",
    )
