"""From LiveKit's protobuf messages to the values of `providers.base`."""

from datetime import UTC, datetime, timedelta

from livekit.api import Encryption, ParticipantInfo, TrackInfo, TrackType
from livekit.api import Room as RoomMessage

from providers.base import Participant, ParticipantKind, Room, RoomRef, Track, TrackKind
from providers.errors import Malformed
from providers.livekit import call_info
from providers.livekit.permissions import permissions, source

_BY_NAME = {
    "INGRESS": ParticipantKind.INGRESS,
    "EGRESS": ParticipantKind.EGRESS,
    "AGENT": ParticipantKind.AGENT,
    "BRIDGE": ParticipantKind.BRIDGE,
    "SIP": ParticipantKind.PHONE,
    "CONNECTOR": ParticipantKind.PHONE,
}
_NAMES = {number: name for name, number in ParticipantInfo.Kind.items()}
_TRACK_KINDS = {number: TrackKind(name.lower()) for name, number in TrackType.items()}


def kind_of(name: str, *, hidden: bool, recorder: bool, agent: bool) -> ParticipantKind:
    """Who is behind a participant. The flags are how older clients say it; who is hidden is nobody to the others."""
    if recorder:
        return ParticipantKind.EGRESS
    if agent:
        return ParticipantKind.AGENT
    known = _BY_NAME.get(name, ParticipantKind.PERSON)
    return ParticipantKind.OBSERVER if hidden and known is ParticipantKind.PERSON else known


def moment(milliseconds: int, seconds: int = 0) -> datetime | None:
    """LiveKit sends both; older servers seconds alone. Zero is LiveKit's word for none."""
    since_epoch = milliseconds / 1000 if milliseconds else seconds
    return datetime.fromtimestamp(since_epoch, UTC) if since_epoch else None


def room(message: RoomMessage, *, provider: str) -> Room:
    """`turn_password` stays behind. Its counts are up to five seconds old and leave out agents and recorders."""
    if not message.sid:
        raise Malformed("a room without a sid", provider=provider)
    return Room(
        ref=RoomRef(provider, message.sid, message.name),
        created_at=moment(message.creation_time_ms, message.creation_time),
        participants=message.num_participants,
        max_participants=message.max_participants or None,
        metadata=message.metadata,
        recording=message.active_recording,
        empty_timeout=_duration(message.empty_timeout),
        departure_timeout=_duration(message.departure_timeout),
    )


def _duration(seconds: int) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds else None


def participant(message: ParticipantInfo) -> Participant:
    """LiveKit's own `is_publisher` becomes true of everybody whose permission to publish was ever changed."""
    permission = message.permission
    return Participant(
        id=message.sid,
        identity=message.identity,
        name=call_info.shown_name(message.name, message.attributes),
        joined_at=moment(message.joined_at_ms, message.joined_at),
        is_publisher=bool(message.tracks),
        kind=kind_of(
            _NAMES.get(message.kind, ""),
            hidden=permission.hidden,
            recorder=permission.recorder,
            agent=permission.agent,
        ),
        tracks=tuple(track(each) for each in sorted(message.tracks, key=lambda each: each.version.unix_micro)),
        metadata=message.metadata,
        attributes=dict(message.attributes),
        permissions=permissions(permission),
    )


def track(message: TrackInfo) -> Track:
    """`version` is the time of publishing: muting does not change it."""
    microseconds = message.version.unix_micro
    return Track(
        id=message.sid,
        kind=_TRACK_KINDS.get(message.type, TrackKind.DATA),
        source=source(message.source),
        name=message.name,
        muted=message.muted,
        published_at=datetime.fromtimestamp(microseconds / 1_000_000, UTC) if microseconds else None,
        codec=message.mime_type or next((codec.mime_type for codec in message.codecs), ""),
        width=message.width or None,
        height=message.height or None,
        encrypted=message.encryption != Encryption.NONE,
    )
