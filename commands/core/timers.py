"""Stops that are planned: a room or a recording ends at a time that somebody said, unless somebody says otherwise."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Final, Protocol

from commands.core.words import spoken_duration
from providers.facts import ThingKind

WARNING: Final = timedelta(minutes=5)
"""How long before a stop people are warned."""

SHORTEST: Final = timedelta(seconds=10)
"""Sooner than that one stops by hand."""

LONGEST: Final = timedelta(days=30)

LATE: Final = timedelta(minutes=1)
"""From then on it is said how late a stop was."""


def warn_at(stops_at: datetime, now: datetime) -> datetime:
    """When to warn: `WARNING` before, or half-way where that is sooner than now allows."""
    return max(stops_at - WARNING, now + (stops_at - now) / 2)


def length_problem(length: timedelta | None) -> str | None:
    """Why no stop is planned so far ahead, for people; None where it can be."""
    if length is None or SHORTEST <= length <= LONGEST:
        return None
    return f"It can be {spoken_duration(SHORTEST)} at least and {LONGEST.days} days at most."


def lateness(stops_at: datetime, at: datetime) -> str:
    """`3 min late`, for people; empty for what nobody calls late."""
    late = at - stops_at
    return f"{spoken_duration(late)} late" if late >= LATE else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be stopped: one life of it."""

    provider: str
    kind: ThingKind
    server_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStop:
    """`rev` grows with each change, so that a button knows whether what it was made for still holds."""

    target: Target
    stops_at: datetime
    by: str
    rev: int


class Refusal(StrEnum):
    """Why a plan was not changed."""

    CHANGED = auto()
    """Somebody else has changed it since."""
    STOPPING = auto()
    """It is being stopped."""
    NONE = auto()
    """None is planned."""
    TOO_FAR = auto()
    """It would be later than `LONGEST` from now."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """What came of it: `refused` is None where it was done; `stop` is what is planned, None where nothing is."""

    stop: PlannedStop | None
    refused: Refusal | None = None


class Stops(Protocol):
    """Durable, and carried out once, whichever process is alive then. Each change is reported as a fact, so that cards
    show it."""

    async def plan(self, team_id: str, target: Target, stops_at: datetime, *, by: str) -> PutOff:
        """Plan a stop, in place of one that is there. Refused only while it is being stopped."""

    async def put_off(
        self, team_id: str, target: Target, longer: timedelta, *, by: str, rev: int | None = None
    ) -> PutOff:
        """By that much from when it was planned. With `rev`: only if nobody has changed it since."""

    async def cancel(self, team_id: str, target: Target, *, by: str) -> PutOff:
        """It goes on until somebody stops it. `stop` is what was planned."""

    async def of(self, team_id: str, targets: Collection[Target]) -> Sequence[PlannedStop]:
        """Those of them that are planned."""
