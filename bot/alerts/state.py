"""The state of a live thing, as far as its facts go: what is stored, and what a card is drawn from."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from providers.base import (
    Call,
    CallStatus,
    Ingress,
    IngressStatus,
    Participant,
    Recording,
    RecordingStatus,
    RoomRef,
    Stream,
    StreamStatus,
)

LOST: Final = "lost"
"""The status of what its server does not list any more, and of whose end nobody has told."""


class RoomStatus(StrEnum):
    LIVE = "live"
    ENDED = "ended"


class Plan(BaseModel):
    """When it is to be stopped, None where not, and who said so. The highest `rev` counts.

    `missed`: why the stop could not be carried out; empty while all is well.
    """

    model_config = ConfigDict(frozen=True)

    stops_at: datetime | None
    by: str
    rev: int
    missed: str = ""


class _State(BaseModel):
    """`made_by` is the person whose command made the thing, None for one that somebody else made on the server.

    `observed_at` is when the server last told of it, `lost_at` when it last did not list it. What is seen again after
    that was not lost.
    """

    model_config = ConfigDict(frozen=True)

    made_by: str | None = None
    plan: Plan | None = None
    observed_at: datetime | None = None
    lost_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        """It has ended, and stays so whatever comes."""
        raise NotImplementedError

    @property
    def is_lost(self) -> bool:
        if self.lost_at is None or self.is_final:
            return False
        return self.observed_at is None or self.observed_at <= self.lost_at

    @property
    def is_over(self) -> bool:
        """It is not there any more, to our knowledge."""
        return self.is_final or self.is_lost

    @property
    def status_word(self) -> str:
        raise NotImplementedError

    @property
    def shown_status(self) -> str:
        return LOST if self.is_lost else self.status_word


class Present(BaseModel):
    """Somebody in a room, and when they were last seen there."""

    model_config = ConfigDict(frozen=True)

    participant: Participant
    seen_at: datetime


class RoomState(_State):
    """One life of a room.

    Joins and departures are kept by the server's participant id, so that their order, and hearing of one twice, does
    not matter; of the departures only the last. `listed_at` is when the server was last asked who is there. `counted`
    is its own count, which may be seconds old (LiveKit's is), so it is believed only while nothing better is known.
    `kept_out` is when somebody of that identity was last removed because they are kept out.
    """

    kind: Literal["room"] = "room"
    ref: RoomRef
    status: RoomStatus = RoomStatus.LIVE
    created_at: datetime | None = None
    ended_at: datetime | None = None
    max_participants: int | None = None
    present: dict[str, Present] = {}
    left: dict[str, datetime] = {}
    listed_at: datetime | None = None
    counted: int = 0
    counted_at: datetime | None = None
    recordings: dict[str, RecordingStatus] = {}
    kept_out: dict[str, datetime] = {}

    @property
    def provider(self) -> str:
        return self.ref.provider

    @property
    def name(self) -> str:
        return self.ref.name

    @property
    def is_final(self) -> bool:
        return self.status is RoomStatus.ENDED

    @property
    def status_word(self) -> str:
        return self.status.value

    @property
    def people(self) -> int:
        """How many people are in the room, to our knowledge."""
        if self.is_over:
            return 0
        if self.listed_at is None and not self.present and not self.left:
            return self.counted
        return sum(p.participant.is_person for p in self.present.values())

    @property
    def running_recordings(self) -> list[str]:
        return [id for id, status in self.recordings.items() if not status.is_final]


class _OfRoom(_State):
    """Something that goes by the name of its room. `seen_at` is when the server had it so."""

    seen_at: datetime

    @property
    def room(self) -> RoomRef:
        raise NotImplementedError

    @property
    def provider(self) -> str:
        return self.room.provider

    @property
    def name(self) -> str:
        return self.room.name


class RecordingState(_OfRoom):
    kind: Literal["recording"] = "recording"
    recording: Recording

    @property
    def room(self) -> RoomRef:
        return self.recording.room

    @property
    def is_final(self) -> bool:
        return self.status.is_final

    @property
    def status(self) -> RecordingStatus:
        return self.recording.status

    @property
    def status_word(self) -> str:
        return self.status.value


class StreamState(_OfRoom):
    kind: Literal["stream"] = "stream"
    stream: Stream

    @property
    def room(self) -> RoomRef:
        return self.stream.room

    @property
    def is_final(self) -> bool:
        return self.status.is_final

    @property
    def status(self) -> StreamStatus:
        return self.stream.status

    @property
    def status_word(self) -> str:
        return self.status.value


class IngressState(_OfRoom):
    kind: Literal["ingress"] = "ingress"
    ingress: Ingress

    @property
    def room(self) -> RoomRef:
        return self.ingress.room

    @property
    def is_final(self) -> bool:
        return self.status is IngressStatus.COMPLETE

    @property
    def status(self) -> IngressStatus:
        return self.ingress.status

    @property
    def status_word(self) -> str:
        return self.status.value


class CallState(_OfRoom):
    kind: Literal["call"] = "call"
    call: Call

    @property
    def room(self) -> RoomRef:
        return self.call.room

    @property
    def is_final(self) -> bool:
        return self.status.is_final

    @property
    def status(self) -> CallStatus:
        return self.call.status

    @property
    def status_word(self) -> str:
        return self.status.value


class ServerState(_State):
    """A video server. `since`: from when on it has answered, or has not; `why` it does not, in words."""

    kind: Literal["server"] = "server"
    provider: str
    is_reached: bool
    since: datetime
    why: str = ""

    @property
    def name(self) -> str:
        """It is in no room."""
        return ""

    @property
    def is_final(self) -> bool:
        return False

    @property
    def status_word(self) -> str:
        return "reached" if self.is_reached else "unreached"


class DigestState(_State):
    """A page that shows many things of a channel while too much happens there for a message each.

    What it shows is not kept here: the cards that have its number as `digest_id` are, and their things.
    """

    kind: Literal["digest"] = "digest"
    channel_id: str
    opened_at: datetime

    @property
    def provider(self) -> str:
        """None of theirs."""
        return ""

    @property
    def name(self) -> str:
        return ""

    @property
    def is_final(self) -> bool:
        return False

    @property
    def status_word(self) -> str:
        return "open"


class TrialState(_State):
    """A test of whether alerts come through. It is over as soon as it is there."""

    kind: Literal["test"] = "test"
    provider: str
    by: str
    at: datetime

    @property
    def name(self) -> str:
        return ""

    @property
    def is_final(self) -> bool:
        return True

    @property
    def status_word(self) -> str:
        return "done"


ThingState = (
    RoomState | RecordingState | StreamState | IngressState | CallState | ServerState | DigestState | TrialState
)

_STATE: TypeAdapter[ThingState] = TypeAdapter(Annotated[ThingState, Field(discriminator="kind")])


def room_of(state: ThingState) -> RoomRef | None:
    """The room that it is, or is about."""
    match state:
        case RoomState():
            return state.ref
        case _OfRoom():
            return state.room
    return None


def state_from_json(body: str | bytes) -> ThingState:
    return _STATE.validate_json(body)
