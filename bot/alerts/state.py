"""The state of a live thing, as far as its facts go: what is stored, and what a card is drawn from."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

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

    `missed`: why the stop could not be carried out when that was last tried, at `tried_at`; empty while all is well.
    """

    model_config = ConfigDict(frozen=True)

    stops_at: datetime | None
    by: str
    rev: int
    missed: str = ""
    tried_at: datetime | None = None


class _State(BaseModel):
    """`made_by` is the person whose command made the thing, None for one that somebody else made on the server.

    `observed_at` is when the server last told of it, `lost_at` when it last did not list it. What is seen again after
    that was not lost. `_BENEATH` is what the fold keeps for itself and nobody is shown, with a value for all.
    """

    model_config = ConfigDict(frozen=True)
    _BENEATH: ClassVar[dict[str, object]] = {"observed_at": None, "lost_at": None}

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

    def looks_like(self, other: "_State") -> bool:
        """Whether people see no difference: that a server has told the same again is none."""
        if self.is_lost is not other.is_lost:
            return False
        return self.model_copy(update=self._BENEATH) == other.model_copy(update=self._BENEATH)


class Present(BaseModel):
    """Somebody in a room, and when they were last seen there."""

    model_config = ConfigDict(frozen=True)

    participant: Participant
    seen_at: datetime


class RoomState(_State):
    """One life of a room.

    Who is in it is found from what is kept of it, so that the order of facts, and hearing of one twice, does not
    matter. Participants go by the server's id for them, which is new at every join.

    - `present`: who counts as in the room, with the latest time at which a join or a list showed them;
    - `left`: when each of those who left did so. They do not come back, not even by a list: one that was read a moment
      before may come later. `doubted` are those of them that were shown after they left, should that be forgotten;
    - `listed`: the times at which the server was last asked who is there, at most two, the older first. Whoever was
      shown before both is not there any more: two lists in a row leave them out. One list is not enough, as a server
      may answer before it knows of a join that it has told.

    `counted` is the server's own count, which may be seconds old (LiveKit's is), so it is believed only while nothing
    better is known. `kept_out` is when somebody of that identity was last removed because they are kept out.
    `recordings`, `streams`, `ingresses` and `calls` are those that are going on, by their ids.
    """

    _BENEATH: ClassVar[dict[str, object]] = _State._BENEATH | {
        "present": {},
        "left": {},
        "doubted": {},
        "listed": (),
        "counted": 0,
        "counted_at": None,
    }

    kind: Literal["room"] = "room"
    ref: RoomRef
    status: RoomStatus = RoomStatus.LIVE
    created_at: datetime | None = None
    ended_at: datetime | None = None
    max_participants: int | None = None
    present: dict[str, Present] = {}
    left: dict[str, datetime] = {}
    doubted: dict[str, Present] = {}
    listed: tuple[datetime, ...] = ()
    counted: int = 0
    counted_at: datetime | None = None
    recordings: dict[str, RecordingStatus] = {}
    streams: dict[str, StreamStatus] = {}
    ingresses: dict[str, IngressStatus] = {}
    calls: dict[str, CallStatus] = {}
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
        if not (self.listed or self.present or self.left):
            return self.counted
        return sum(p.participant.is_person for p in self.present.values())

    @property
    def running_recordings(self) -> list[str]:
        return [id for id, status in self.recordings.items() if not status.is_final]

    def looks_like(self, other: _State) -> bool:
        if not isinstance(other, RoomState) or self.people != other.people:
            return False
        return super().looks_like(other) and self._participants() == other._participants()

    def _participants(self) -> dict[str, Participant]:
        return {id: known.participant for id, known in self.present.items()}


class _OfRoom(_State):
    """Something that goes by the name of its room. `seen_at` is when the server had it so."""

    _BENEATH: ClassVar[dict[str, object]] = _State._BENEATH | {"seen_at": None}

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

    @property
    def status(self) -> RecordingStatus | StreamStatus | IngressStatus | CallStatus:
        raise NotImplementedError

    @property
    def is_final(self) -> bool:
        return self.status.is_final

    @property
    def status_word(self) -> str:
        return self.status.value


class RecordingState(_OfRoom):
    kind: Literal["recording"] = "recording"
    recording: Recording

    @property
    def room(self) -> RoomRef:
        return self.recording.room

    @property
    def status(self) -> RecordingStatus:
        return self.recording.status


class StreamState(_OfRoom):
    """The stream's destinations are told of one by one: `told_at` is when each was as it is there, by its id."""

    _BENEATH: ClassVar[dict[str, object]] = _OfRoom._BENEATH | {"told_at": {}}

    kind: Literal["stream"] = "stream"
    stream: Stream
    told_at: dict[str, datetime] = {}

    @property
    def room(self) -> RoomRef:
        return self.stream.room

    @property
    def status(self) -> StreamStatus:
        return self.stream.status


class IngressState(_OfRoom):
    kind: Literal["ingress"] = "ingress"
    ingress: Ingress

    @property
    def room(self) -> RoomRef:
        return self.ingress.room

    @property
    def status(self) -> IngressStatus:
        return self.ingress.status


class CallState(_OfRoom):
    kind: Literal["call"] = "call"
    call: Call

    @property
    def room(self) -> RoomRef:
        return self.call.room

    @property
    def status(self) -> CallStatus:
        return self.call.status


class ServerState(_State):
    """A video server. `since`: from when on it has answered, or has not; `why` it does not, in words.

    What was told last counts, so whoever watches the server tells of a change, not of every look.
    """

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
    """A page that shows many things of a channel while too much happens there for a message each, and from when it is
    calm those that change no more.

    What it shows is not kept here: the cards that have its number as `digest_id` are, and their things.
    """

    kind: Literal["digest"] = "digest"
    channel_id: str
    opened_at: datetime
    calmed_at: datetime | None = None

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
