"""What the states of all live things have in common."""

from datetime import datetime
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict

from providers.base import CallStatus, IngressStatus, RecordingStatus, RoomRef, StreamStatus
from providers.facts import Condition

LOST: Final = "lost"
"""The status of what its server does not list any more, and of whose end nobody has told."""


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


class State(BaseModel):
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

    def looks_like(self, other: "State") -> bool:
        """Whether people see no difference: that a server has told the same again is none."""
        if self.is_lost is not other.is_lost:
            return False
        return self.model_copy(update=self._BENEATH) == other.model_copy(update=self._BENEATH)


class OfRoom(State):
    """Something that goes by the name of its room. `seen_at` is when the server had it so."""

    _BENEATH: ClassVar[dict[str, object]] = State._BENEATH | {"seen_at": None}

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


class Look(BaseModel):
    """What was odd about it when somebody looked, None for nothing."""

    model_config = ConfigDict(frozen=True)

    condition: Condition | None
    at: datetime


class Watched(OfRoom):
    """Something of a room that is looked at now and then while it goes on. `look` is the latest one: what it found
    holds until something else is told `since`."""

    _BENEATH: ClassVar[dict[str, object]] = OfRoom._BENEATH | {"look": None}

    look: Look | None = None

    @property
    def since(self) -> datetime:
        raise NotImplementedError

    @property
    def condition(self) -> Condition | None:
        """What is odd about it."""
        if self.look is None or self.is_over or self.look.at < self.since:
            return None
        return self.look.condition

    @property
    def condition_at(self) -> datetime | None:
        """When that was found."""
        return self.look.at if self.look is not None and self.condition is not None else None

    def looks_like(self, other: State) -> bool:
        return isinstance(other, Watched) and self.condition is other.condition and super().looks_like(other)
