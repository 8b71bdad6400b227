"""Ingresses that nobody needs any more, or nothing works on: what a video server's list does not say by itself.

Whoever sends to one has its key set in an encoder. So what counts as one is beyond doubt, or is not deleted in bulk.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from providers.base import Ingress, IngressStatus, Participant, ParticipantKind, RoomRef

SILENCE: Final = timedelta(minutes=2)
"""A worker that is there has written something of it within this time, or has somebody in the room."""

BUFFERS_AT_MOST: Final = timedelta(minutes=15)
"""Until it is live it is in no room, so that only its record tells of its worker: a slow source may take minutes."""

UNUSED_FOR: Final = timedelta(days=1)
"""A server ends a room that is empty and makes it again when somebody comes: between two meetings none is gone."""

CUT_OFF_WITHIN: Final = timedelta(minutes=1)
"""Of its room's end: so long it may take until an encoder is told, and so far two clocks may be apart."""

_MARK: Final = "ingress.ingressID"
"""The attribute by which livekit/ingress says whose participant it is. Where there is none, the identity tells."""


class Orphan(StrEnum):
    """Why an ingress is one. `WORKER_DIED`: its record says for ever that it is live. `STUCK`: it may be so, too.
    `ROOM_GONE`: its room has ended, and nothing has come since."""

    WORKER_DIED = "its worker died"
    STUCK = "it has been buffering for long"
    ROOM_GONE = "its room is gone"


@dataclass(frozen=True, slots=True)
class Orphaned:
    """`room_ended_at` of one whose room is gone. `is_sure`: it may be deleted with others. A room that is gone may come
    back, and a key that is set in a camera does not.
    """

    why: Orphan
    room_ended_at: datetime | None = None

    @property
    def is_sure(self) -> bool:
        return self.why is Orphan.WORKER_DIED


def is_silent(ingress: Ingress, now: datetime) -> bool:
    """Whether it is live by its record, which nobody has written for long. One that says no times is not."""
    return ingress.status is IngressStatus.LIVE and _unwritten_for(ingress, SILENCE, now)


def is_in(ingress: Ingress, participants: Iterable[Participant]) -> bool:
    """Whether it is among them. What was changed meanwhile may be there by the identity of before."""
    return any(who.kind is ParticipantKind.INGRESS and _is_of(who, ingress) for who in participants)


def may_be_in(ingress: Ingress, live: Iterable[RoomRef]) -> list[RoomRef]:
    """The rooms in which it can be: the one that its record says, which it may have been moved from meanwhile, and
    those of the name."""
    return [room for room in live if room.id == ingress.room.id or room.name == ingress.room.name]


def why_orphaned(
    ingress: Ingress, now: datetime, *, participants: Iterable[Participant] | None, room_ended_at: datetime | None
) -> Orphaned | None:
    """None for one that is none. `participants` are those of the rooms that it may be in, None where nobody can tell;
    `room_ended_at` is None where a room of its name is live, or none is known to have ended."""
    if is_silent(ingress, now):
        is_alone = participants is not None and not is_in(ingress, participants)
        return Orphaned(Orphan.WORKER_DIED) if is_alone else None
    if ingress.status.is_receiving:
        is_stuck = ingress.status is IngressStatus.BUFFERING and _unwritten_for(ingress, BUFFERS_AT_MOST, now)
        return Orphaned(Orphan.STUCK) if is_stuck else None
    return Orphaned(Orphan.ROOM_GONE, room_ended_at) if _is_unused_since(ingress, room_ended_at, now) else None


def _is_of(who: Participant, ingress: Ingress) -> bool:
    marked = who.attributes.get(_MARK)
    return marked == ingress.ref.id if marked else who.identity == ingress.identity


def _unwritten_for(ingress: Ingress, least: timedelta, now: datetime) -> bool:
    return ingress.written_at is not None and now - ingress.written_at > least


def _is_unused_since(ingress: Ingress, ended_at: datetime | None, now: datetime) -> bool:
    """Whether the last that ever came was before that. One that nobody has sent to yet may be meant for later."""
    if ended_at is None or ingress.written_at is None or (ingress.started_at or ingress.ended_at) is None:
        return False
    return ended_at < now - UNUSED_FOR and ingress.written_at <= ended_at + CUT_OFF_WITHIN
