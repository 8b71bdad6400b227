"""LiveKit's webhooks: who signed them, and what they tell.

The header `authorization` is a bare JWT signed with the API secret; its claim `sha256` is the base64 of the hash of the
raw body, which is protojson: camelCase, zero values left out, 64-bit integers as strings, enums as names.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import jwt

from providers.base import Call, Participant, RoomRef, Track, TrackKind, TrackSource
from providers.errors import Forged, Malformed
from providers.facts import (
    CallChanged,
    Fact,
    Origin,
    ParticipantJoined,
    ParticipantLeft,
    RoomFinished,
    RoomStarted,
    Source,
    TrackPublished,
    TrackUnpublished,
)
from providers.livekit import call_info, egress_info
from providers.livekit.facts import egress_facts, ingress_facts
from providers.livekit.mapping import kind_of, moment
from providers.livekit.workers import Workers

LEEWAY_SECONDS = 60
"""How far the server's clock may be from ours. LiveKit's own verifiers allow the same."""

_REASONS = {
    "UNKNOWN_REASON": "",
    "CLIENT_INITIATED": "",
    "DUPLICATE_IDENTITY": "joined again elsewhere",
    "SERVER_SHUTDOWN": "server shut down",
    "PARTICIPANT_REMOVED": "removed",
    "ROOM_DELETED": "room closed",
    "ROOM_CLOSED": "room closed",
    "STATE_MISMATCH": "connection lost",
    "SIGNAL_CLOSE": "connection lost",
    "CONNECTION_TIMEOUT": "connection lost",
    "MIGRATION": "moved to another node",
}


_OF_EGRESS = frozenset({"egress_started", "egress_updated", "egress_ended"})


class Webhooks(Workers):
    webhook_kinds = ("",)

    def read_webhook(self, kind: str, headers: Mapping[str, str], body: bytes) -> list[Fact]:
        """The facts of a delivery; none for an event that we do not follow. `Malformed` for a signed one that is not
        LiveKit's. Times are the server's: of egresses and ingresses exact, of all else in whole seconds."""
        self._verify(headers.get("authorization", ""), body)
        try:
            event = json.loads(body)
            if event["event"] in _OF_EGRESS:
                return self._egress_facts(event)
            read = _READERS.get(event["event"])
            return [] if read is None else read(self._origin(event), event)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            detail = f"a signed webhook that is no event ({type(error).__name__})"
            raise Malformed(detail, provider=self.name, operation="read_webhook") from error

    def _verify(self, authorization: str, body: bytes) -> None:
        """PyJWT checks `exp` and, where they are there, `nbf` and `iat`."""
        try:
            claims = jwt.decode(
                authorization.removeprefix("Bearer "),
                self._settings.api_secret.get_secret_value(),
                algorithms=["HS256"],
                issuer=self._settings.api_key,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss"]},
            )
        except (jwt.PyJWTError, ValueError) as error:  # ValueError: bytes in the header that are no text
            raise self._forged(type(error).__name__) from error
        signed = str(claims.get("sha256", "")).encode()
        if not hmac.compare_digest(signed, base64.b64encode(hashlib.sha256(body).digest())):
            raise self._forged("the body is not the one that was signed")

    def _egress_facts(self, event: Mapping[str, Any]) -> list[Fact]:
        """None for a status of a later server. Where one begins, there is a worker."""
        egress = egress_info.egress(self.name, event["egressInfo"])
        if egress is None:
            return []
        self._note(egress)
        return egress_facts(self._origin(event), event["egressInfo"], egress)

    def _forged(self, detail: str) -> Forged:
        return Forged(detail, provider=self.name, operation="read_webhook")

    def _origin(self, event: Mapping[str, Any]) -> Origin:
        return Origin(
            provider=self.name,
            key=event["id"],
            at=datetime.fromtimestamp(int(event["createdAt"]), UTC),
            seen_at=datetime.now(UTC),
            source=Source.WEBHOOK,
        )


def _room_started(origin: Origin, event: Mapping[str, Any]) -> list[Fact]:
    return [RoomStarted(**origin, room=_room(origin, event))]


def _room_finished(origin: Origin, event: Mapping[str, Any]) -> list[Fact]:
    return [RoomFinished(**origin, room=_room(origin, event))]


def _participant_joined(origin: Origin, event: Mapping[str, Any]) -> list[Fact]:
    joined = ParticipantJoined(**origin, room=_room(origin, event), participant=_participant(event))
    if event["participant"].get("kind") != "SIP":
        return [joined]
    return [joined, CallChanged(**origin, call=_call(joined, event))]


def _participant_left(origin: Origin, event: Mapping[str, Any]) -> list[Fact]:
    reason = str(event["participant"].get("disconnectReason", "UNKNOWN_REASON"))
    words = _REASONS.get(reason, reason.lower().replace("_", " "))
    left = ParticipantLeft(**origin, room=_room(origin, event), participant=_participant(event), reason=words)
    if event["participant"].get("kind") != "SIP":
        return [left]
    return [left, CallChanged(**origin, call=call_info.ended(_call(left, event), reason, left.at))]


def _track_published(origin: Origin, event: Mapping[str, Any]) -> list[Fact]:
    """The participant has an id and an identity here, and nothing else."""
    who, track = _participant(event), _track(event)
    return [TrackPublished(**origin, room=_room(origin, event), participant=who, track=track)]


def _track_unpublished(origin: Origin, event: Mapping[str, Any]) -> list[Fact]:
    who, track = _participant(event), _track(event)
    return [TrackUnpublished(**origin, room=_room(origin, event), participant=who, track=track)]


def _ingress(origin: Origin, event: Mapping[str, Any]) -> list[Fact]:
    return ingress_facts(origin, event["ingressInfo"])


_READERS: dict[str, Callable[[Origin, Mapping[str, Any]], list[Fact]]] = {
    "room_started": _room_started,
    "room_finished": _room_finished,
    "participant_joined": _participant_joined,
    "participant_left": _participant_left,
    "track_published": _track_published,
    "track_unpublished": _track_unpublished,
    "ingress_started": _ingress,
    "ingress_ended": _ingress,
}


def _room(origin: Origin, event: Mapping[str, Any]) -> RoomRef:
    return RoomRef(origin["provider"], event["room"]["sid"], event["room"]["name"])


def _participant(event: Mapping[str, Any]) -> Participant:
    """What `mapping.participant` does, on JSON: protobuf's parser takes longer than our whole reading."""
    info = event["participant"]
    permission = info.get("permission", {})
    return Participant(
        id=info["sid"],
        identity=info["identity"],
        name=call_info.shown_name(info.get("name", ""), info.get("attributes", {})),
        joined_at=moment(int(info.get("joinedAtMs", 0)), int(info.get("joinedAt", 0))),
        is_publisher=info.get("isPublisher", False),
        kind=kind_of(
            info.get("kind", "STANDARD"),
            hidden=permission.get("hidden", False),
            recorder=permission.get("recorder", False),
            agent=permission.get("agent", False),
        ),
    )


def _call(told: ParticipantJoined | ParticipantLeft, event: Mapping[str, Any]) -> Call:
    who = told.participant
    return call_info.call(
        told.provider,
        told.room,
        sid=who.id,
        identity=who.identity,
        name=who.name,
        attributes=event["participant"].get("attributes", {}),
        joined_at=who.joined_at,
    )


def _track(event: Mapping[str, Any]) -> Track:
    """What `mapping.track` does, on JSON. Names of a later server are of an unknown source, and data."""
    info = event["track"]
    kind, source = info.get("type", "AUDIO").lower(), info.get("source", "UNKNOWN").lower()
    codecs = [codec.get("mimeType", "") for codec in info.get("codecs", ())]
    microseconds = int(info.get("version", {}).get("unixMicro", 0))
    return Track(
        id=info["sid"],
        kind=TrackKind(kind) if kind in set(TrackKind) else TrackKind.DATA,
        source=TrackSource(source) if source in set(TrackSource) else TrackSource.UNKNOWN,
        name=info.get("name", ""),
        muted=info.get("muted", False),
        published_at=datetime.fromtimestamp(microseconds / 1_000_000, UTC) if microseconds else None,
        codec=info.get("mimeType") or next(iter(codecs), ""),
        width=info.get("width") or None,
        height=info.get("height") or None,
        encrypted=info.get("encryption", "NONE") != "NONE",
    )
