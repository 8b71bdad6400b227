"""The states of what is taken out of a room, or from a web page: recordings and streams."""

from datetime import datetime
from typing import ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.alerts.state_base import Watched
from providers.base import Recording, RecordingStatus, RoomRef, Stream, StreamStatus

DISMISSED: Final = "dismissed"
"""The status of what its server lists as going on, and nobody here wants to see any more."""


class Deed(BaseModel):
    """Who did something with it, and when."""

    model_config = ConfigDict(frozen=True)

    by: str
    at: datetime


class Part(BaseModel):
    """Which part it is of the recording that began with the one of the id `first`; it goes on after `previous`."""

    model_config = ConfigDict(frozen=True)

    first: str
    previous: str
    number: int


class _Outgoing(Watched):
    """What is taken out of a room, or from a web page, whose room has neither id nor name.

    `status_since` is when we came to know of its status first. `pause`, `finish` and `dismissal` are the first such
    deeds. `part` is None for one that stands alone or is the first part, `next_part` the id of the one that it goes on
    in, empty where there is none.
    """

    _BENEATH: ClassVar[dict[str, object]] = Watched._BENEATH | {"status_since": None}

    status_since: datetime | None = None
    pause: Deed | None = None
    finish: Deed | None = None
    dismissal: Deed | None = None
    part: Part | None = None
    next_part: str = ""

    @property
    def is_final(self) -> bool:
        return self.status.is_final or self.dismissal is not None

    @property
    def status_word(self) -> str:
        """What is dismissed may end all the same, and then that counts."""
        return DISMISSED if self.dismissal is not None and not self.status.is_final else self.status.value

    @property
    def since(self) -> datetime:
        """Since when it has its status, to our knowledge."""
        return self.status_since or self.seen_at

    @property
    def number(self) -> int:
        """Which part it is."""
        return self.part.number if self.part is not None else 1

    @property
    def is_paused(self) -> bool:
        """It was stopped so as to go on later, has ended well, and may go on yet."""
        may_go_on = self.pause is not None and self.finish is None and not self.next_part
        return may_go_on and self.status == RecordingStatus.READY


class RecordingState(_Outgoing):
    kind: Literal["recording"] = "recording"
    recording: Recording

    @property
    def room(self) -> RoomRef:
        return self.recording.room

    @property
    def status(self) -> RecordingStatus:
        return self.recording.status


class StreamState(_Outgoing):
    """The stream's destinations are told of one by one: `told_at` is when each was as it is there, by its id."""

    _BENEATH: ClassVar[dict[str, object]] = _Outgoing._BENEATH | {"told_at": {}}

    kind: Literal["stream"] = "stream"
    stream: Stream
    told_at: dict[str, datetime] = Field(default_factory=dict)

    @property
    def room(self) -> RoomRef:
        return self.stream.room

    @property
    def status(self) -> StreamStatus:
        return self.stream.status


Outgoing = RecordingState | StreamState
