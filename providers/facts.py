"""What a video server told us, in the past tense.

Facts come from webhooks, from the answers to our own calls, from reconciling and from timers, in any order and more
than once.
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

from providers.base import Call, Ingress, Participant, Recording, Room, RoomRef, Stream, Track


class Source(StrEnum):
    COMMAND = "command"
    WEBHOOK = "webhook"
    RECONCILE = "reconcile"
    TIMER = "timer"


class ThingKind(StrEnum):
    """What facts are about, and what has a card.

    `SERVER` is the video server itself. The last two are of our own making: a page that shows many things while too
    much happens in a channel, and a test of whether alerts come through.
    """

    ROOM = "room"
    RECORDING = "recording"
    STREAM = "stream"
    INGRESS = "ingress"
    CALL = "call"
    SERVER = "server"
    DIGEST = "digest"
    TEST = "test"


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
class TrackPublished(_RoomFact):
    """Somebody began to send. Of `participant` a server may tell id and identity only."""

    participant: Participant
    track: Track
    type: Literal["track_published"] = "track_published"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackUnpublished(_RoomFact):
    participant: Participant
    track: Track
    type: Literal["track_unpublished"] = "track_unpublished"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingChanged(_Fact):
    """The recording as it was at that moment; it never goes back from a final status."""

    thing: ClassVar[ThingKind] = ThingKind.RECORDING
    recording: Recording
    type: Literal["recording_changed"] = "recording_changed"

    @property
    def thing_id(self) -> str:
        return self.recording.ref.id


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamChanged(_Fact):
    """The stream as it was at that moment, with all its destinations."""

    thing: ClassVar[ThingKind] = ThingKind.STREAM
    stream: Stream
    type: Literal["stream_changed"] = "stream_changed"

    @property
    def thing_id(self) -> str:
        return self.stream.ref.id


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressChanged(_Fact):
    """The ingress as it was at that moment."""

    thing: ClassVar[ThingKind] = ThingKind.INGRESS
    ingress: Ingress
    type: Literal["ingress_changed"] = "ingress_changed"

    @property
    def thing_id(self) -> str:
        return self.ingress.ref.id


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChanged(_Fact):
    """The call as it was at that moment."""

    thing: ClassVar[ThingKind] = ThingKind.CALL
    call: Call
    type: Literal["call_changed"] = "call_changed"

    @property
    def thing_id(self) -> str:
        return self.call.ref.id


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServerFact(_Fact):
    thing: ClassVar[ThingKind] = ThingKind.SERVER

    @property
    def thing_id(self) -> str:
        return self.provider


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReached(_ServerFact):
    """The server answers (again)."""

    type: Literal["server_reached"] = "server_reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUnreached(_ServerFact):
    """The server has not answered for a while. `why` in words, for people."""

    why: str
    type: Literal["server_unreached"] = "server_unreached"


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAny(_Fact):
    """About a thing of any kind that is known already."""

    thing: ThingKind
    thing_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SightLost(_AboutAny):
    """The server does not list the thing, and nobody has told that it ended. `seen_at` is before the server was asked,
    so that whatever was heard of it since counts for more."""

    type: Literal["sight_lost"] = "sight_lost"


class Condition(StrEnum):
    """What is odd about a recording or a stream that goes on, as far as it can be seen from outside."""

    NO_PUBLISHER = "no_publisher"
    """It has not begun, and nobody in the room sends anything."""
    ROOM_OVER = "room_over"
    """Its room has ended, and it goes on."""
    UNATTENDED = "unattended"
    """Everybody has left the room, and it goes on."""
    NO_START_SIGNAL = "no_start_signal"
    """It has not begun, though somebody sends."""
    LEFT_BEHIND = "left_behind"
    """Its server lists it, but the worker behind it is gone."""
    SLOW_END = "slow_end"
    """It has been ending for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionSeen(_AboutAny):
    """We looked how it is: `condition` is what is odd about it, None where nothing is. It holds until its status
    changes, or we look again."""

    condition: Condition | None
    type: Literal["condition_seen"] = "condition_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(_AboutAny):
    """Somebody stopped a recording in order to go on with it later, as another part. `by`: who."""

    by: str
    type: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(_AboutAny):
    """Somebody decided that a recording that was paused does not go on any more. `by`: who."""

    by: str
    type: Literal["finished"] = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBegun(_AboutAny):
    """A recording is part `number` of the one that began with the recording `first`, and goes on after `previous`.

    It is told of the new part and of the previous one, which is paused no more.
    """

    first: str
    previous: str
    number: int
    next: str = ""
    type: Literal["part_begun"] = "part_begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissed(_AboutAny):
    """Somebody does not want to see a record any more that was left behind: it is over for us. `by`: who."""

    by: str
    type: Literal["dismissed"] = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlanned(_AboutAny):
    """It is to be stopped at `stops_at`; None: it is not, any more. `by`: who said so. `rev` grows with each change."""

    stops_at: datetime | None
    by: str
    rev: int
    type: Literal["stop_planned"] = "stop_planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopNear(_AboutAny):
    """It will be stopped soon, and people shall have the time to say otherwise."""

    stops_at: datetime
    by: str
    rev: int
    type: Literal["stop_near"] = "stop_near"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopCarriedOut(_AboutAny):
    """It was to be stopped at `stops_at`, and that was tried at `at`. `problem` in words where it could not be; empty
    where it was stopped, or had ended already."""

    stops_at: datetime
    by: str
    rev: int
    problem: str = ""
    type: Literal["stop_carried_out"] = "stop_carried_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTested(_Fact):
    """Somebody wants to see whether alerts come through. `by`: who."""

    thing: ClassVar[ThingKind] = ThingKind.TEST
    by: str
    type: Literal["alert_tested"] = "alert_tested"

    @property
    def thing_id(self) -> str:
        return self.key


Fact = (
    RoomSeen
    | RoomStarted
    | RoomFinished
    | ParticipantJoined
    | ParticipantLeft
    | ParticipantKeptOut
    | ParticipantsListed
    | TrackPublished
    | TrackUnpublished
    | RecordingChanged
    | StreamChanged
    | IngressChanged
    | CallChanged
    | ServerReached
    | ServerUnreached
    | SightLost
    | ConditionSeen
    | Paused
    | Finished
    | PartBegun
    | Dismissed
    | StopPlanned
    | StopNear
    | StopCarriedOut
    | AlertTested
)

_FACTS: TypeAdapter[list[Fact]] = TypeAdapter(list[Annotated[Fact, Field(discriminator="type")]])


def facts_to_json(facts: list[Fact]) -> bytes:
    return _FACTS.dump_json(facts)


def facts_from_json(body: bytes) -> list[Fact]:
    return _FACTS.validate_json(body)
