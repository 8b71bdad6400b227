"""Facts for the tests of fold, record and delivery, and what they come to. Times are seconds after `START`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from bot.alerts.fold import fold
from bot.alerts.state import ThingState
from providers.base import (
    Call,
    CallRef,
    CallStatus,
    Destination,
    DestinationStatus,
    Ingress,
    IngressRef,
    IngressStatus,
    Participant,
    ParticipantKind,
    Recording,
    RecordingRef,
    RecordingStatus,
    Room,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
    Track,
    TrackKind,
    VideoReceived,
)
from providers.facts import (
    CallChanged,
    Condition,
    ConditionSeen,
    Dismissed,
    Fact,
    IngressChanged,
    Origin,
    PartBegun,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantLeft,
    ParticipantsListed,
    Paused,
    RecordingChanged,
    RoomFinished,
    RoomSeen,
    RoomStarted,
    ServerReached,
    ServerUnreached,
    SightLost,
    Source,
    StopCarriedOut,
    StopNear,
    StopPlanned,
    StreamChanged,
    ThingKind,
    TrackPublished,
    TrackUnpublished,
)

S = TypeVar("S", bound=ThingState)

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOM = RoomRef("memory", "RM_1", "standup")
RETRO = RoomRef("memory", "RM_2", "retro")


def folded(kind: type[S], facts: Sequence[Fact]) -> S:
    state: ThingState | None = None
    for fact in facts:
        state = fold(state, fact)
    assert isinstance(state, kind)
    return state


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def origin(at: float, seen: float | None = None, *, provider: str = "memory", key: str = "") -> Origin:
    seen_at = after(at if seen is None else seen)
    return Origin(provider=provider, key=key or f"EV_{uuid4()}", at=after(at), seen_at=seen_at, source=Source.WEBHOOK)


def person(number: int, *, is_person: bool = True) -> Participant:
    kind = ParticipantKind.PERSON if is_person else ParticipantKind.EGRESS
    return Participant(f"PA_{number}", f"person-{number}", kind=kind)


def started(at: float = 0, room: RoomRef = ROOM) -> RoomStarted:
    return RoomStarted(**origin(at, provider=room.provider), room=room)


def finished(at: float, room: RoomRef = ROOM) -> RoomFinished:
    return RoomFinished(**origin(at, provider=room.provider), room=room)


def seen(at: float, participants: int = 0, room: RoomRef = ROOM, *, max_participants: int | None = None) -> RoomSeen:
    live = Room(room, created_at=START, participants=participants, max_participants=max_participants)
    return RoomSeen(**origin(at, provider=room.provider), room=live)


def joined(who: Participant, at: float, seen: float | None = None, room: RoomRef = ROOM) -> ParticipantJoined:
    return ParticipantJoined(**origin(at, seen, provider=room.provider), room=room, participant=who)


def left(who: Participant, at: float, seen: float | None = None, room: RoomRef = ROOM) -> ParticipantLeft:
    return ParticipantLeft(**origin(at, seen, provider=room.provider), room=room, participant=who)


def kept_out(who: Participant, at: float, room: RoomRef = ROOM) -> ParticipantKeptOut:
    source = origin(at, provider=room.provider)
    return ParticipantKeptOut(**source, room=room, participant=who, until=after(3_600), by="U1")


def listed(at: float, *present: Participant, room: RoomRef = ROOM) -> ParticipantsListed:
    return ParticipantsListed(**origin(at, provider=room.provider), room=room, participants=present)


def recording(
    status: RecordingStatus, at: float, *, id: str = "RE_1", room: RoomRef = ROOM, error: str | None = None
) -> RecordingChanged:
    changed = Recording(RecordingRef(room.provider, id), room, status, started_at=START, error=error)
    return RecordingChanged(**origin(at, provider=room.provider), recording=changed)


def stream(
    status: StreamStatus, at: float, *destinations: Destination, id: str = "ST_1", room: RoomRef = ROOM
) -> StreamChanged:
    return StreamChanged(
        **origin(at, provider=room.provider), stream=Stream(StreamRef(room.provider, id), room, status, destinations)
    )


def destination(status: DestinationStatus, id: str = "one", *, error: str | None = None) -> Destination:
    return Destination(id, f"rtmp://{id}.example.com/app", status, error=error)


def ingress(
    status: IngressStatus,
    at: float,
    *,
    id: str = "IN_1",
    room: RoomRef = ROOM,
    error: str | None = None,
    kilobits: int = 0,
    is_enabled: bool = True,
) -> IngressChanged:
    """`kilobits`: its picture has so many a second."""
    picture = VideoReceived("video/h264", 1280, 720, 30, kilobits) if kilobits else None
    changed = Ingress(
        IngressRef(room.provider, id),
        room,
        status,
        name="Camera 2",
        identity="camera-2",
        is_enabled=is_enabled,
        video=picture,
        updated_at=after(at),
        error=error,
    )
    return IngressChanged(**origin(at, provider=room.provider), ingress=changed)


def call(
    status: CallStatus, at: float, *, id: str = "CA_1", room: RoomRef = ROOM, is_inbound: bool = False
) -> CallChanged:
    changed = Call(CallRef(room.provider, id), room, status, "phone-4567", "…4567", is_inbound)
    return CallChanged(**origin(at, provider=room.provider), call=changed)


def published(who: Participant, at: float, room: RoomRef = ROOM) -> TrackPublished:
    return TrackPublished(**origin(at, provider=room.provider), room=room, participant=who, track=_SOUND)


def unpublished(who: Participant, at: float, room: RoomRef = ROOM) -> TrackUnpublished:
    return TrackUnpublished(**origin(at, provider=room.provider), room=room, participant=who, track=_SOUND)


_SOUND = Track("TR_1", TrackKind.AUDIO)


def lost(at: float, thing: ThingKind = ThingKind.ROOM, id: str = "RM_1") -> SightLost:
    return SightLost(**origin(at), thing=thing, thing_id=id)


def looked(
    at: float, condition: Condition | None, *, thing: ThingKind = ThingKind.RECORDING, id: str = "RE_1"
) -> ConditionSeen:
    return ConditionSeen(**origin(at), thing=thing, thing_id=id, condition=condition)


def paused(at: float, *, by: str = "U1", thing: ThingKind = ThingKind.RECORDING, id: str = "RE_1") -> Paused:
    return Paused(**origin(at), thing=thing, thing_id=id, by=by)


def part_begun(
    at: float, *, number: int = 2, next: str = "", thing: ThingKind = ThingKind.RECORDING, id: str = "RE_2"
) -> PartBegun:
    return PartBegun(**origin(at), thing=thing, thing_id=id, first="RE_1", previous="RE_1", number=number, next=next)


def dismissed(at: float, *, by: str = "U1", thing: ThingKind = ThingKind.RECORDING, id: str = "RE_1") -> Dismissed:
    return Dismissed(**origin(at), thing=thing, thing_id=id, by=by)


def planned(
    at: float, stops: float | None, *, rev: int, by: str = "U1", thing: ThingKind = ThingKind.ROOM, id: str = "RM_1"
) -> StopPlanned:
    stops_at = after(stops) if stops is not None else None
    return StopPlanned(**origin(at), thing=thing, thing_id=id, stops_at=stops_at, by=by, rev=rev)


def near(
    at: float, stops: float, *, rev: int, by: str = "U1", thing: ThingKind = ThingKind.ROOM, id: str = "RM_1"
) -> StopNear:
    return StopNear(**origin(at), thing=thing, thing_id=id, stops_at=after(stops), by=by, rev=rev)


def carried_out(
    at: float,
    stops: float,
    *,
    rev: int,
    problem: str = "",
    by: str = "U1",
    thing: ThingKind = ThingKind.ROOM,
    id: str = "RM_1",
) -> StopCarriedOut:
    stops_at = after(stops)
    return StopCarriedOut(**origin(at), thing=thing, thing_id=id, stops_at=stops_at, by=by, rev=rev, problem=problem)


def reached(at: float) -> ServerReached:
    return ServerReached(**origin(at))


def unreached(at: float, why: str = "no answer") -> ServerUnreached:
    return ServerUnreached(**origin(at), why=why)
