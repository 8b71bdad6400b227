"""What LiveKit tells of a telephone call: it is a participant of kind SIP, and its attributes say the rest.

The attributes are livekit/protocol's (livekit/attrs.go). Its SIP service sets `sip.callStatus` when it has come into
the room, so whoever has just joined may have none, and `sip.ruleID` for calls that come in alone. Where the number is
to be hidden, there is none of it: the identity is a hash, and the name has the last digits.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from providers.base import Call, CallRef, CallStatus, RoomRef, shown_number

_HIDDEN: Final = re.compile(r"Phone ([0-9]{1,4})")

_STATUSES: Final = {
    "dialing": CallStatus.DIALING,
    "ringing": CallStatus.RINGING,
    "automation": CallStatus.ACTIVE,
    "active": CallStatus.ACTIVE,
    "hangup": CallStatus.ENDED,
}

_FAILURES: Final = {
    "USER_REJECTED": "busy, or declined",
    "USER_UNAVAILABLE": "nobody answers at that number",
    "SIP_TRUNK_FAILURE": "the telephone company did not put it through",
    "MEDIA_FAILURE": "no sound came through",
    "JOIN_FAILURE": "it could not come into the room",
    "STATE_MISMATCH": "connection lost",
    "SIGNAL_CLOSE": "connection lost",
    "CONNECTION_TIMEOUT": "connection lost",
    "SERVER_SHUTDOWN": "server shut down",
}
"""By the reason of the departure. livekit-server 1.13.5 passes on the first two alone of those that livekit/sip gives,
and says `CLIENT_INITIATED` for the others."""

_NEVER_ANSWERED: Final = "it was not put through"


def call(
    provider: str,
    room: RoomRef,
    *,
    sid: str,
    identity: str,
    name: str,
    attributes: Mapping[str, str],
    joined_at: datetime | None,
) -> Call:
    is_inbound = "sip.ruleID" in attributes
    unsaid = CallStatus.RINGING if is_inbound else CallStatus.DIALING
    return Call(
        ref=CallRef(provider, attributes.get("sip.callID") or sid),
        room=room,
        status=_STATUSES.get(attributes.get("sip.callStatus", ""), unsaid),
        identity=identity,
        number=_number(name, attributes),
        is_inbound=is_inbound,
        trunk=attributes.get("sip.trunkID", ""),
        started_at=joined_at,
    )


def _number(name: str, attributes: Mapping[str, str]) -> str:
    """Of a hidden one the name alone tells, and only the last digits: `Phone 4567`."""
    if number := attributes.get("sip.phoneNumber"):
        return shown_number(number)
    hidden = _HIDDEN.fullmatch(name)
    return f"…{hidden[1]}" if hidden else ""


def shown_name(name: str, attributes: Mapping[str, str]) -> str:
    """`Phone …4567`: LiveKit names whoever calls in by the whole number (livekit/protocol, sip/sip.go)."""
    number = attributes.get("sip.phoneNumber")
    return name.replace(number, shown_number(number)) if number else name


def ended(call: Call, reason: str, at: datetime) -> Call:
    """The call when it has left the room. `reason`: LiveKit's word for why.

    One that leaves by itself before anybody has answered has failed: its service says `hangup` of the others.
    """
    error = _FAILURES.get(reason)
    if error is None and reason in ("UNKNOWN_REASON", "CLIENT_INITIATED") and not _was_answered(call):
        error = _NEVER_ANSWERED
    return replace(call, status=CallStatus.FAILED if error else CallStatus.ENDED, ended_at=at, error=error)


def _was_answered(call: Call) -> bool:
    return call.status not in (CallStatus.DIALING, CallStatus.RINGING)
