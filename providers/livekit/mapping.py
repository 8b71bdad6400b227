"""From LiveKit's protobuf messages to the values of `providers.base`."""

from datetime import UTC, datetime

from livekit.api import ParticipantInfo
from livekit.api import Room as RoomMessage

from providers.base import Participant, Room, RoomRef
from providers.errors import Malformed

_MACHINES = frozenset({"INGRESS", "EGRESS", "AGENT", "BRIDGE"})
_KINDS = {number: name for name, number in ParticipantInfo.Kind.items()}


def is_person(kind: str, *, hidden: bool, recorder: bool, agent: bool) -> bool:
    """Whether somebody is behind a participant. One of kind SIP or CONNECTOR is a person on a telephone."""
    return kind not in _MACHINES and not (hidden or recorder or agent)


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
    )


def participant(message: ParticipantInfo) -> Participant:
    permission = message.permission
    return Participant(
        id=message.sid,
        identity=message.identity,
        name=message.name,
        joined_at=moment(message.joined_at_ms, message.joined_at),
        is_publisher=message.is_publisher,
        is_person=is_person(
            _KINDS.get(message.kind, ""),
            hidden=permission.hidden,
            recorder=permission.recorder,
            agent=permission.agent,
        ),
    )
