"""The server's SIP service: trunks and rules that it keeps, and calls that a SIP service puts into its rooms.

Rules and words are livekit-server 1.13.5's (pkg/service/sip.go, protocol/livekit/sip.go, protocol/sip/sip.go).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from google.protobuf.message import Message
from livekit.api import (
    CreateSIPDispatchRuleRequest,
    CreateSIPInboundTrunkRequest,
    CreateSIPOutboundTrunkRequest,
    CreateSIPParticipantRequest,
    DeleteSIPDispatchRuleRequest,
    DeleteSIPTrunkRequest,
    ListSIPDispatchRuleRequest,
    ListSIPDispatchRuleResponse,
    ListSIPInboundTrunkRequest,
    ListSIPInboundTrunkResponse,
    ListSIPOutboundTrunkRequest,
    ListSIPOutboundTrunkResponse,
    RoomParticipantIdentity,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
    SIPParticipantInfo,
    SIPStatus,
    SIPTrunkInfo,
    SIPUri,
    TransferSIPParticipantRequest,
    TransferSIPParticipantResponse,
    UpdateSIPDispatchRuleRequest,
    UpdateSIPInboundTrunkRequest,
    UpdateSIPOutboundTrunkRequest,
    VideoGrants,
)

from tests.standins.livekit.faults import TwirpError, no_response, refusal
from tests.standins.livekit.ingress import IngressService
from tests.standins.livekit.presence import admission
from tests.standins.livekit.service import MethodOf
from tests.standins.psrpc import Fields, Method, RpcError, decode, encode, raw, text
from tests.standins.sip.service import DIAL, EVALUATE, SipService

DIAL_WAIT_SECONDS: Final = 1.0
"""For a SIP service to take a call, or what is asked of one."""

M = TypeVar("M", bound=Message)

_ACCEPT: Final = 1
"""Of `rpc.SIPDispatchResult`."""


@dataclass(kw_only=True)
class TelephoneService(IngressService):
    """`came_in`, `went_out` and `dispatch_rules` are the server's records by their ids, and `dialled` the requests as
    they came in. `phones` places the calls and is in the rooms: what may be asked of it is said in its module."""

    came_in: dict[str, SIPInboundTrunkInfo] = field(default_factory=dict)
    went_out: dict[str, SIPOutboundTrunkInfo] = field(default_factory=dict)
    dispatch_rules: dict[str, SIPDispatchRuleInfo] = field(default_factory=dict)
    dialled: list[CreateSIPParticipantRequest] = field(default_factory=list)
    phones: SipService = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._bus.answers[EVALUATE.name] = self._evaluate
        self.phones = SipService(self._bus, admission=admission(self))

    def create_inbound_trunk(self, request: CreateSIPInboundTrunkRequest) -> SIPInboundTrunkInfo:
        self._require_redis("sip")
        return self._keep_inbound("", request.trunk)

    def create_outbound_trunk(self, request: CreateSIPOutboundTrunkRequest) -> SIPOutboundTrunkInfo:
        self._require_redis("sip")
        return self._keep_outbound("", request.trunk)

    def list_inbound_trunk(self, request: ListSIPInboundTrunkRequest) -> ListSIPInboundTrunkResponse:
        self._require_redis("sip")
        return ListSIPInboundTrunkResponse(items=_listed(self.came_in, request.trunk_ids))

    def list_outbound_trunk(self, request: ListSIPOutboundTrunkRequest) -> ListSIPOutboundTrunkResponse:
        self._require_redis("sip")
        return ListSIPOutboundTrunkResponse(items=_listed(self.went_out, request.trunk_ids))

    def update_inbound_trunk(self, request: UpdateSIPInboundTrunkRequest) -> SIPInboundTrunkInfo:
        if request.sip_trunk_id not in self.came_in:
            raise _gone("trunk")
        return self._keep_inbound(request.sip_trunk_id, request.replace)

    def update_outbound_trunk(self, request: UpdateSIPOutboundTrunkRequest) -> SIPOutboundTrunkInfo:
        if request.sip_trunk_id not in self.went_out:
            raise _gone("trunk")
        return self._keep_outbound(request.sip_trunk_id, request.replace)

    def delete_trunk(self, request: DeleteSIPTrunkRequest) -> SIPTrunkInfo:
        """One that is not there is as good as deleted."""
        self.came_in.pop(request.sip_trunk_id, None)
        self.went_out.pop(request.sip_trunk_id, None)
        return SIPTrunkInfo(sip_trunk_id=request.sip_trunk_id)

    def create_rule(self, request: CreateSIPDispatchRuleRequest) -> SIPDispatchRuleInfo:
        self._require_redis("sip")
        return self._keep_rule("", request.dispatch_rule)

    def list_rule(self, request: ListSIPDispatchRuleRequest) -> ListSIPDispatchRuleResponse:
        self._require_redis("sip")
        return ListSIPDispatchRuleResponse(items=_listed(self.dispatch_rules, request.dispatch_rule_ids))

    def update_rule(self, request: UpdateSIPDispatchRuleRequest) -> SIPDispatchRuleInfo:
        if request.sip_dispatch_rule_id not in self.dispatch_rules:
            raise _gone("dispatch rule")
        return self._keep_rule(request.sip_dispatch_rule_id, request.replace)

    def delete_rule(self, request: DeleteSIPDispatchRuleRequest) -> SIPDispatchRuleInfo:
        if request.sip_dispatch_rule_id not in self.dispatch_rules:
            raise _gone("dispatch rule")
        return self.dispatch_rules.pop(request.sip_dispatch_rule_id)

    async def create_participant(self, request: CreateSIPParticipantRequest) -> SIPParticipantInfo:
        self._require_redis("sip")
        self.dialled.append(request)
        if request.sip_trunk_id not in self.went_out:
            raise _gone("trunk")
        trunk = self.went_out[request.sip_trunk_id]
        id, from_number = self.new_id("SCL"), request.sip_number or trunk.numbers[0]
        attributes = {
            "sip.callID": id,
            "sip.trunkID": trunk.sip_trunk_id,
            "sip.phoneNumber": request.sip_call_to,
            "sip.trunkPhoneNumber": from_number,
            "sip.hostname": trunk.address,
        }
        fields = {
            2: trunk.address,
            3: from_number,
            4: request.sip_call_to,
            7: request.room_name,
            8: request.participant_identity,
            11: request.dtmf,
            13: id,
            14: request.participant_name,
            15: request.participant_metadata,
            19: trunk.sip_trunk_id,
        }
        answer = decode(await self._asked(DIAL, encode(fields) + _map(17, attributes)))
        return SIPParticipantInfo(
            participant_id=text(answer, 1),
            participant_identity=text(answer, 2),
            room_name=request.room_name,
            sip_call_id=id,
        )

    async def transfer(self, request: TransferSIPParticipantRequest) -> TransferSIPParticipantResponse:
        """The answer says nothing."""
        if not request.transfer_to.startswith(("sip:", "sips:", "tel:")):
            words = "transfer_to must be a valid SIP(s) or TEL URI (sip:, sips: or tel:)"
            raise TwirpError(400, "invalid_argument", words)
        who = self.get_participant(
            RoomParticipantIdentity(room=request.room_name, identity=request.participant_identity)
        )
        call_id = who.attributes.get("sip.callID")
        if call_id is None:
            raise refusal("invalid_argument", "no SIP session associated with participant")
        asked = encode({1: call_id, 2: request.transfer_to})
        await self._asked(Method("SIPInternal", "TransferSIPParticipant", call_id), asked)
        return TransferSIPParticipantResponse()

    async def _asked(self, method: Method, request: bytes) -> bytes:
        answer = self._bus.ask(method, request)
        if answer is None:
            await self._wait(DIAL_WAIT_SECONDS)
            raise no_response()
        try:
            return await answer
        except RpcError as error:
            refused = refusal(error.code, str(error))
            if isinstance(error.details, SIPStatus):
                refused.meta = {"sip_status_code": str(error.details.code), "sip_status": error.details.status}
            raise refused from error

    def _keep_inbound(self, id: str, wanted: SIPInboundTrunkInfo) -> SIPInboundTrunkInfo:
        if not (wanted.auth_username or wanted.auth_password or wanted.allowed_addresses or wanted.numbers):
            words = "one of the fields must be set: AuthUsername+AuthPassword, AllowedAddresses or Numbers"
            raise TwirpError(400, "invalid_argument", f"for security, {words}")
        for other in self.came_in.values() if _is_compared(self.came_in.get(id), wanted) else ():
            if other.sip_trunk_id != id and _clash(wanted, other):
                words = f'Conflicting inbound SIP Trunks: "{id or "<new>"}" and "{other.sip_trunk_id}"'
                raise TwirpError(400, "invalid_argument", f"{words}, using the same number(s)")
        wanted.sip_trunk_id = id or self.new_id("ST")
        self.came_in[wanted.sip_trunk_id] = wanted
        return wanted

    def _keep_outbound(self, id: str, wanted: SIPOutboundTrunkInfo) -> SIPOutboundTrunkInfo:
        if not wanted.numbers:
            raise TwirpError(400, "invalid_argument", "no trunk numbers specified")
        if not wanted.address:
            raise TwirpError(400, "invalid_argument", "no outbound address specified")
        wanted.sip_trunk_id = id or self.new_id("ST")
        self.went_out[wanted.sip_trunk_id] = wanted
        return wanted

    def _keep_rule(self, id: str, wanted: SIPDispatchRuleInfo) -> SIPDispatchRuleInfo:
        if wanted.rule.WhichOneof("rule") is None:
            raise TwirpError(400, "invalid_argument", "missing rule")
        for other in self.dispatch_rules.values():
            if other.sip_dispatch_rule_id != id and set(_keys(wanted)) & set(_keys(other)):
                words = "Dispatch rule for the same trunk, inbound number, number, and PIN combination already exists"
                raise TwirpError(
                    400, "invalid_argument", f'{words} in dispatch rule "{other.sip_dispatch_rule_id}" "<blank name>"'
                )
        wanted.sip_dispatch_rule_id = id or self.new_id("SDR")
        self.dispatch_rules[wanted.sip_dispatch_rule_id] = wanted
        return wanted

    def _evaluate(self, asked: bytes) -> bytes:
        """Where a call from outside gets to, by rules that lead into one room without a PIN."""
        call = decode(raw(decode(asked), 12))
        number, called = (SIPUri.FromString(raw(call, field)).user for field in (4, 5))
        for rule in self.dispatch_rules.values():
            trunk = next((id for id in rule.trunk_ids if called in self.came_in[id].numbers), None)
            if trunk is not None:
                attributes = {
                    "sip.callID": text(call, 1),
                    "sip.trunkID": trunk,
                    "sip.ruleID": rule.sip_dispatch_rule_id,
                    "sip.phoneNumber": number,
                    "sip.trunkPhoneNumber": called,
                }
                room = rule.rule.dispatch_rule_direct.room_name
                fields: Fields = {1: room, 2: f"sip_{number}", 6: _ACCEPT, 7: f"Phone {number}", 9: trunk}
                return encode(fields) + _map(11, attributes)
        raise RpcError("failed_precondition", "No SIP Dispatch Rules defined")


def _listed(kept: Mapping[str, M], ids: Iterable[str]) -> list[M]:
    """By their ids. An unknown one is left out."""
    wanted = list(ids)
    return [kept[id] for id in sorted(kept) if not wanted or id in wanted]


def _gone(what: str) -> TwirpError:
    return TwirpError(404, "not_found", f"requested sip {what} does not exist")


def _is_compared(before: SIPInboundTrunkInfo | None, wanted: SIPInboundTrunkInfo) -> bool:
    """The server forgets to compare a changed one that has none of its numbers any more."""
    if before is None or not (before.numbers and wanted.numbers):
        return True
    return bool(_normal(before.numbers) & _normal(wanted.numbers))


def _clash(one: SIPInboundTrunkInfo, other: SIPInboundTrunkInfo) -> bool:
    """Of the same number, and for the same callers."""
    same_numbers = _normal(one.numbers) & _normal(other.numbers)
    return bool(same_numbers and _normal(one.allowed_numbers) & _normal(other.allowed_numbers))


def _keys(rule: SIPDispatchRuleInfo) -> Iterator[tuple[str, str, str]]:
    """What only one rule may be about. None given is one too: any."""
    which = getattr(rule.rule, rule.rule.WhichOneof("rule") or "")
    for trunk in rule.trunk_ids or [""]:
        for number in _normal(rule.inbound_numbers):
            yield which.pin, trunk, number


def _normal(numbers: Iterable[str]) -> set[str]:
    return {"+" + number.lstrip("+") for number in numbers} or {""}


def _map(number: int, entries: Mapping[str, str]) -> bytes:
    return b"".join(encode({number: encode({1: key, 2: value})}) for key, value in entries.items())


def _anybody(_: VideoGrants, __: Message) -> bool:
    """What a token has to grant for telephones, `SIP_GRANTS` says."""
    return True


def _administers(video: VideoGrants, request: TransferSIPParticipantRequest) -> bool | None:
    return video.room_admin and video.room == request.room_name


SIP_METHODS: Final[dict[str, MethodOf[TelephoneService]]] = {
    "CreateSIPInboundTrunk": (CreateSIPInboundTrunkRequest, _anybody, TelephoneService.create_inbound_trunk),
    "CreateSIPOutboundTrunk": (CreateSIPOutboundTrunkRequest, _anybody, TelephoneService.create_outbound_trunk),
    "ListSIPInboundTrunk": (ListSIPInboundTrunkRequest, _anybody, TelephoneService.list_inbound_trunk),
    "ListSIPOutboundTrunk": (ListSIPOutboundTrunkRequest, _anybody, TelephoneService.list_outbound_trunk),
    "UpdateSIPInboundTrunk": (UpdateSIPInboundTrunkRequest, _anybody, TelephoneService.update_inbound_trunk),
    "UpdateSIPOutboundTrunk": (UpdateSIPOutboundTrunkRequest, _anybody, TelephoneService.update_outbound_trunk),
    "DeleteSIPTrunk": (DeleteSIPTrunkRequest, _anybody, TelephoneService.delete_trunk),
    "CreateSIPDispatchRule": (CreateSIPDispatchRuleRequest, _anybody, TelephoneService.create_rule),
    "ListSIPDispatchRule": (ListSIPDispatchRuleRequest, _anybody, TelephoneService.list_rule),
    "UpdateSIPDispatchRule": (UpdateSIPDispatchRuleRequest, _anybody, TelephoneService.update_rule),
    "DeleteSIPDispatchRule": (DeleteSIPDispatchRuleRequest, _anybody, TelephoneService.delete_rule),
    "CreateSIPParticipant": (CreateSIPParticipantRequest, _anybody, TelephoneService.create_participant),
    "TransferSIPParticipant": (TransferSIPParticipantRequest, _administers, TelephoneService.transfer),
}

SIP_GRANTS: Final = {
    name: "call" if name in ("CreateSIPParticipant", "TransferSIPParticipant") else "admin" for name in SIP_METHODS
}
"""Which of `SIPGrants` each takes."""
