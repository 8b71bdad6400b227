"""The state of a live thing, as far as its facts go: what is stored, and what a card is drawn from."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bot.alerts.incoming import CallState, IngressState
from bot.alerts.outgoing import Deed, Outgoing, Part, RecordingState, StreamState
from bot.alerts.state_base import LOST, Look, OfRoom, Plan, State
from providers.base import CallStatus, IngressStatus, Participant, RecordingStatus, RoomRef, StreamStatus

__all__ = [
    "LOST",
    "CallState",
    "Deed",
    "DigestState",
    "IngressState",
    "Look",
    "OnPhone",
    "Outgoing",
    "Part",
    "Plan",
    "Present",
    "RecordingState",
    "RoomState",
    "RoomStatus",
    "ServerState",
    "StreamState",
    "ThingState",
    "TrialState",
    "room_of",
    "state_from_json",
]


class RoomStatus(StrEnum):
    LIVE = "live"
    ENDED = "ended"


class Present(BaseModel):
    """Somebody in a room, and when they were last seen there."""

    model_config = ConfigDict(frozen=True)

    participant: Participant
    seen_at: datetime


class OnPhone(BaseModel):
    """Who called whom: `number` is the other side's as far as it may be shown, `made_by` who had it called."""

    model_config = ConfigDict(frozen=True)

    number: str
    is_inbound: bool
    made_by: str | None = None


class RoomState(State):
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
    `recordings`, `streams`, `ingresses` and `calls` are those that are going on, by their ids, and `ingress_names` and
    `phones` say more of the last two; `paused_recordings` are those that may go on later.
    """

    _BENEATH: ClassVar[dict[str, object]] = State._BENEATH | {
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
    present: dict[str, Present] = Field(default_factory=dict)
    left: dict[str, datetime] = Field(default_factory=dict)
    doubted: dict[str, Present] = Field(default_factory=dict)
    listed: tuple[datetime, ...] = ()
    counted: int = 0
    counted_at: datetime | None = None
    recordings: dict[str, RecordingStatus] = Field(default_factory=dict)
    paused_recordings: tuple[str, ...] = ()
    streams: dict[str, StreamStatus] = Field(default_factory=dict)
    ingresses: dict[str, IngressStatus] = Field(default_factory=dict)
    ingress_names: dict[str, str] = Field(default_factory=dict)
    calls: dict[str, CallStatus] = Field(default_factory=dict)
    phones: dict[str, OnPhone] = Field(default_factory=dict)
    kept_out: dict[str, datetime] = Field(default_factory=dict)

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

    def looks_like(self, other: State) -> bool:
        if not isinstance(other, RoomState) or self.people != other.people:
            return False
        return super().looks_like(other) and self._participants() == other._participants()

    def _participants(self) -> dict[str, Participant]:
        return {id: known.participant for id, known in self.present.items()}


class ServerState(State):
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


class DigestState(State):
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


class TrialState(State):
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
        case OfRoom():
            return state.room
    return None


def state_from_json(body: str | bytes) -> ThingState:
    return _STATE.validate_json(body)
