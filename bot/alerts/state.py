"""The state of a live thing, as far as its facts go: what is stored, and what a card is drawn from."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from providers.base import Participant, Recording, RecordingStatus, RoomRef


class RoomStatus(StrEnum):
    LIVE = "live"
    ENDED = "ended"


class _State(BaseModel):
    """`made_by` is the person whose command made the thing, None for one that somebody else made on the server."""

    model_config = ConfigDict(frozen=True)

    made_by: str | None = None


class Present(BaseModel):
    """Somebody in a room, and when we came to know it."""

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
    def people(self) -> int:
        """How many people are in the room, to our knowledge."""
        if self.is_final:
            return 0
        if self.listed_at is None and not self.present and not self.left:
            return self.counted
        return sum(p.participant.is_person for p in self.present.values())

    @property
    def running_recordings(self) -> list[str]:
        return [id for id, status in self.recordings.items() if not status.is_final]


class RecordingState(_State):
    kind: Literal["recording"] = "recording"
    recording: Recording
    seen_at: datetime

    @property
    def provider(self) -> str:
        return self.recording.ref.provider

    @property
    def name(self) -> str:
        """A recording goes by the name of its room."""
        return self.recording.room.name

    @property
    def is_final(self) -> bool:
        return self.recording.status.is_final

    @property
    def status(self) -> RecordingStatus:
        return self.recording.status


ThingState = RoomState | RecordingState

_STATE: TypeAdapter[ThingState] = TypeAdapter(Annotated[ThingState, Field(discriminator="kind")])


def state_from_json(body: str | bytes) -> ThingState:
    return _STATE.validate_json(body)
