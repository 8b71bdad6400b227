"""Facts for the tests of fold, record and delivery. Times are seconds after `START`."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from providers.base import Participant, ParticipantKind, Recording, RecordingRef, RecordingStatus, Room, RoomRef
from providers.facts import (
    Origin,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantLeft,
    ParticipantsListed,
    RecordingChanged,
    RoomFinished,
    RoomSeen,
    RoomStarted,
    Source,
)

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOM = RoomRef("memory", "RM_1", "standup")
RETRO = RoomRef("memory", "RM_2", "retro")


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
