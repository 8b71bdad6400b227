"""What a video server told us, in the past tense.

Facts come from webhooks, from the answers to our own calls and from reconciling, in any order and more than once.
Each says when it happened by the server's clock (`at`), when we came to know it (`seen_at`) and from where
(`source`), so that a list read before a webhook arrived cannot override it. Facts hold no secrets: a reader drops
stream keys and internal passwords before it makes one, and what is stored is the fact, not the delivery. Participants
in them are brief.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, TypedDict

from pydantic import Field, TypeAdapter

from providers.base import Participant, Recording, Room, RoomRef


class Source(StrEnum):
    COMMAND = "command"
    WEBHOOK = "webhook"
    RECONCILE = "reconcile"


class ThingKind(StrEnum):
    """What facts are about, what has a card, and what one can subscribe to."""

    ROOM = "room"
    RECORDING = "recording"


class Origin(TypedDict):
    """The head of a fact, for those who make several alike: `RoomStarted(**origin, room=room)`."""

    provider: str
    key: str
    at: datetime
    seen_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    """`key` tells one delivery from another within a provider: a second one of the same key is a repeat."""

    provider: str
    key: str
    at: datetime
    seen_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSeen(_Fact):
    """The server answered with the room as it is."""

    thing: ClassVar[ThingKind] = ThingKind.ROOM
    room: Room
    type: Literal["room_seen"] = "room_seen"

    @property
    def thing_id(self) -> str:
        return self.room.ref.id


@dataclass(frozen=True, slots=True, kw_only=True)
class _RoomFact(_Fact):
    thing: ClassVar[ThingKind] = ThingKind.ROOM
    room: RoomRef

    @property
    def thing_id(self) -> str:
        return self.room.id


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomStarted(_RoomFact):
    type: Literal["room_started"] = "room_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFinished(_RoomFact):
    type: Literal["room_finished"] = "room_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantJoined(_RoomFact):
    participant: Participant
    type: Literal["participant_joined"] = "participant_joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantLeft(_RoomFact):
    """`reason` in our words (`removed`, `room closed`), empty when the participant left of itself."""

    participant: Participant
    reason: str = ""
    type: Literal["participant_left"] = "participant_left"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantKeptOut(_RoomFact):
    """Somebody who was removed and is kept out came back, and was removed again. `by`: who keeps them out."""

    participant: Participant
    until: datetime
    by: str
    type: Literal["participant_kept_out"] = "participant_kept_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantsListed(_RoomFact):
    """Who the server says is in the room. `seen_at` is the time before it was asked."""

    participants: tuple[Participant, ...]
    type: Literal["participants_listed"] = "participants_listed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingChanged(_Fact):
    """The recording as it was at that moment; it never goes back from a final status."""

    thing: ClassVar[ThingKind] = ThingKind.RECORDING
    recording: Recording
    type: Literal["recording_changed"] = "recording_changed"

    @property
    def thing_id(self) -> str:
        return self.recording.ref.id


Fact = (
    RoomSeen
    | RoomStarted
    | RoomFinished
    | ParticipantJoined
    | ParticipantLeft
    | ParticipantKeptOut
    | ParticipantsListed
    | RecordingChanged
)

_FACTS: TypeAdapter[list[Fact]] = TypeAdapter(list[Annotated[Fact, Field(discriminator="type")]])


def facts_to_json(facts: list[Fact]) -> bytes:
    return _FACTS.dump_json(facts)


def facts_from_json(body: bytes) -> list[Fact]:
    return _FACTS.validate_json(body)
