"""Trunks and rules: from LiveKit's messages to our values, and our changes into its messages.

LiveKit can replace a message or change some fields of it, and by the second way no list can be emptied. So what is
there is read, changed and written, with all that our values do not have.
"""

from dataclasses import fields
from typing import Final, TypeVar

from google.protobuf.message import Message
from livekit.api import (
    SIPDispatchRule,
    SIPDispatchRuleCallee,
    SIPDispatchRuleDirect,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
    SIPTransport,
)
from pydantic import SecretStr

from providers.base import (
    Rule,
    RuleKind,
    RuleOptions,
    RuleRef,
    Trunk,
    TrunkChanges,
    TrunkDirection,
    TrunkOptions,
    TrunkRef,
    TrunkTransport,
)

TrunkMessage = SIPInboundTrunkInfo | SIPOutboundTrunkInfo

_TEXTS: Final = {
    "name": "name",
    "metadata": "metadata",
    "username": "auth_username",
    "address": "address",
    "country": "destination_country",
}
"""Our fields by LiveKit's names; not every trunk has each of them."""
_LISTS: Final = ("numbers", "allowed_addresses", "allowed_numbers")

_TRANSPORTS: Final = {SIPTransport.Value(f"SIP_TRANSPORT_{each.name}"): each for each in TrunkTransport}

M = TypeVar("M", bound=Message)


def trunk(message: TrunkMessage, *, provider: str) -> Trunk:
    goes_out = message if isinstance(message, SIPOutboundTrunkInfo) else SIPOutboundTrunkInfo()
    comes_in = message if isinstance(message, SIPInboundTrunkInfo) else SIPInboundTrunkInfo()
    return Trunk(
        ref=TrunkRef(provider, message.sip_trunk_id),
        direction=TrunkDirection.OUTBOUND if goes_out is message else TrunkDirection.INBOUND,
        name=message.name,
        numbers=tuple(message.numbers),
        address=goes_out.address,
        transport=_TRANSPORTS.get(goes_out.transport, TrunkTransport.AUTO),
        country=goes_out.destination_country,
        allowed_addresses=tuple(comes_in.allowed_addresses),
        allowed_numbers=tuple(comes_in.allowed_numbers),
        username=message.auth_username,
        password=_secret(message.auth_password),
        metadata=message.metadata,
    )


def new_trunk(options: TrunkOptions) -> TrunkMessage:
    empty = SIPOutboundTrunkInfo() if options.direction is TrunkDirection.OUTBOUND else SIPInboundTrunkInfo()
    whole = TrunkChanges(**{field.name: getattr(options, field.name) for field in fields(TrunkChanges)})
    return changed_trunk(empty, whole)


def changed_trunk(message: TrunkMessage, changes: TrunkChanges) -> TrunkMessage:
    """What a trunk of its direction does not have is left out."""
    changed = _copy(message)
    known = message.DESCRIPTOR.fields_by_name
    for ours, theirs in _TEXTS.items():
        if (text := getattr(changes, ours)) is not None and theirs in known:
            setattr(changed, theirs, text)
    for name in _LISTS:
        if (wanted := getattr(changes, name)) is not None and name in known:
            changed.ClearField(name)
            getattr(changed, name).extend(wanted)
    if changes.password is not None:
        changed.auth_password = changes.password.get_secret_value()
    if changes.transport is not None and isinstance(changed, SIPOutboundTrunkInfo):
        changed.transport = SIPOutboundTrunkInfo(transport=f"SIP_TRANSPORT_{changes.transport.name}").transport
    return changed


def rule(message: SIPDispatchRuleInfo, *, provider: str) -> Rule | None:
    """None for one of a kind of a later server."""
    which = message.rule.WhichOneof("rule")
    if which is None:
        return None
    kind, room, pin = {
        "dispatch_rule_direct": (
            RuleKind.DIRECT,
            message.rule.dispatch_rule_direct.room_name,
            message.rule.dispatch_rule_direct.pin,
        ),
        "dispatch_rule_individual": (
            RuleKind.INDIVIDUAL,
            message.rule.dispatch_rule_individual.room_prefix,
            message.rule.dispatch_rule_individual.pin,
        ),
        "dispatch_rule_callee": (
            RuleKind.CALLEE,
            message.rule.dispatch_rule_callee.room_prefix,
            message.rule.dispatch_rule_callee.pin,
        ),
    }[which]
    return Rule(
        ref=RuleRef(provider, message.sip_dispatch_rule_id),
        kind=kind,
        room=room,
        name=message.name,
        pin=_secret(pin),
        trunks=tuple(message.trunk_ids),
        callers=tuple(message.inbound_numbers),
        hides_number=message.hide_phone_number,
        metadata=message.metadata,
    )


def new_rule(options: RuleOptions) -> SIPDispatchRuleInfo:
    return _with(SIPDispatchRuleInfo(), options)


def changed_rule(message: SIPDispatchRuleInfo, whole: Rule) -> SIPDispatchRuleInfo:
    """`whole`: the rule as it shall be. Whether rooms of its own get names by chance stays, unless the kind changes."""
    return _with(_copy(message), whole)


def _with(message: SIPDispatchRuleInfo, whole: Rule | RuleOptions) -> SIPDispatchRuleInfo:
    pin = whole.pin.get_secret_value() if whole.pin is not None else ""
    message.rule.CopyFrom(_leading(message.rule, whole.kind, whole.room, pin))
    message.name, message.metadata, message.hide_phone_number = whole.name, whole.metadata, whole.hides_number
    for name, wanted in (("trunk_ids", whole.trunks), ("inbound_numbers", whole.callers)):
        message.ClearField(name)
        getattr(message, name).extend(wanted)
    return message


def _leading(before: SIPDispatchRule, kind: RuleKind, room: str, pin: str) -> SIPDispatchRule:
    match kind:
        case RuleKind.DIRECT:
            return SIPDispatchRule(dispatch_rule_direct=SIPDispatchRuleDirect(room_name=room, pin=pin))
        case RuleKind.INDIVIDUAL:
            same = before.dispatch_rule_individual.no_randomness
            individual = SIPDispatchRuleIndividual(room_prefix=room, pin=pin, no_randomness=same)
            return SIPDispatchRule(dispatch_rule_individual=individual)
        case RuleKind.CALLEE:
            by_chance = before.dispatch_rule_callee.randomize
            callee = SIPDispatchRuleCallee(room_prefix=room, pin=pin, randomize=by_chance)
            return SIPDispatchRule(dispatch_rule_callee=callee)


def _copy(message: M) -> M:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _secret(text: str) -> SecretStr | None:
    return SecretStr(text) if text else None
