"""The fold of what is told of a room, and of who comes and goes there."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.alerts.order import earliest, is_later
from bot.alerts.state import Present, RoomState, RoomStatus, ThingState
from providers.base import Participant
from providers.facts import (
    Fact,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantLeft,
    ParticipantsListed,
    RoomFinished,
    RoomSeen,
    RoomStarted,
    TrackPublished,
    TrackUnpublished,
)

DEPARTURES_KEPT = 500
"""Servers deliver late by seconds, and no room loses so many people in that time."""

LATE = timedelta(minutes=5)
"""A departure that is so much older than both lists is forgotten: what they show counts."""

QUIET = timedelta(minutes=1)
"""Whoever comes back again so soon is a client that does it by itself."""

ROOM_CLOSED = "room closed"
"""Why somebody left, as providers say it of a room that has ended."""


def fold_room(room: RoomState | None, fact: Fact) -> RoomState:
    match fact:
        case RoomSeen():
            return _seen(room or RoomState(ref=fact.room.ref), fact)
        case RoomStarted():
            known = room or RoomState(ref=fact.room)
            return known.model_copy(update={"created_at": earliest(known.created_at, fact.at)})
        case RoomFinished():
            return _finished(room or RoomState(ref=fact.room), fact.at)
        case ParticipantJoined():
            return _joined(room or RoomState(ref=fact.room), fact)
        case ParticipantLeft():
            return _left(room or RoomState(ref=fact.room), fact)
        case ParticipantKeptOut():
            return _kept_out(_left(room or RoomState(ref=fact.room), fact), fact)
        case ParticipantsListed():
            return _listed(room or RoomState(ref=fact.room), fact)
        case TrackPublished() | TrackUnpublished():
            return room or RoomState(ref=fact.room)
    raise AssertionError(f"no fact of a room: {fact.type}")


def _seen(room: RoomState, fact: RoomSeen) -> RoomState:
    told = fact.room
    room = room.model_copy(update={"created_at": earliest(room.created_at, told.created_at)})
    known = (room.counted_at, room.counted, room.max_participants or 0)
    if known[0] is not None and known >= (fact.seen_at, told.participants, told.max_participants or 0):
        return room
    return room.model_copy(
        update={
            "max_participants": told.max_participants,
            "counted": told.participants,
            "counted_at": fact.seen_at,
        }
    )


def _finished(room: RoomState, at: datetime) -> RoomState:
    """Who was in it does not matter any more, so that a late list or departure makes no difference."""
    over = {"status": RoomStatus.ENDED, "ended_at": earliest(room.ended_at, at)}
    return room.model_copy(update={**over, "present": {}, "left": {}, "doubted": {}, "listed": (), "kept_out": {}})


def _joined(room: RoomState, fact: ParticipantJoined) -> RoomState:
    if room.is_final:
        return room
    return _settled(_shown(room, fact.seen_at, fact.participant))


def _left(room: RoomState, fact: ParticipantLeft | ParticipantKeptOut) -> RoomState:
    if room.is_final:
        return room
    gone = fact.participant.id
    last_told = max(fact.seen_at, room.left.get(gone, fact.seen_at))
    return _settled(room.model_copy(update={"left": {**room.left, gone: last_told}}))


def _listed(room: RoomState, fact: ParticipantsListed) -> RoomState:
    if room.is_final:
        return room
    listed = tuple(sorted({*room.listed, fact.seen_at})[-2:])
    return _settled(_shown(room, fact.seen_at, *fact.participants).model_copy(update={"listed": listed}))


def _shown(room: RoomState, at: datetime, *participants: Participant) -> RoomState:
    """They were seen in the room at that time. Of each the latest sighting is kept; where two are of one moment, what
    they say decides, and not which came first. To be settled."""
    seen = {**room.present, **room.doubted}
    for who in participants:
        known = seen.get(who.id)
        if known is None or is_later(at, who, known.seen_at, known.participant):
            seen[who.id] = Present(participant=who, seen_at=at)
    return room.model_copy(update={"present": seen, "doubted": {}})


def _settled(room: RoomState) -> RoomState:
    """Who is there, by all that is kept: see `RoomState`. What can make no difference any more is let go."""
    before_both = room.listed[0] if len(room.listed) == 2 else None
    left = _remembered(room.left, before_both)
    present: dict[str, Present] = {}
    doubted: dict[str, Present] = {}
    for id, known in {**room.present, **room.doubted}.items():
        if before_both is not None and known.seen_at < before_both:
            continue
        if id not in left:
            present[id] = known
        elif known.seen_at > left[id]:
            doubted[id] = known
    return room.model_copy(update={"present": present, "left": left, "doubted": doubted})


def _remembered(left: Mapping[str, datetime], before_both: datetime | None) -> dict[str, datetime]:
    """A departure is kept against a join, or a list, that comes late."""
    later = [(at, id) for id, at in left.items() if before_both is None or at + LATE >= before_both]
    return {id: at for at, id in sorted(later)[-DEPARTURES_KEPT:]}


def _kept_out(room: RoomState, fact: ParticipantKeptOut) -> RoomState:
    if room.is_final:
        return room
    identity = fact.participant.identity
    last = max(fact.at, room.kept_out.get(identity, fact.at))
    return room.model_copy(update={"kept_out": {**room.kept_out, identity: last}})


def is_worth_a_note(before: ThingState | None, fact: ParticipantKeptOut) -> bool:
    """Whether people are to hear of it. Of a client that comes back over and over they do once, until it gives up."""
    last = before.kept_out.get(fact.participant.identity) if isinstance(before, RoomState) else None
    return last is None or fact.at - last >= QUIET


def comes_or_goes(before: ThingState | None, after: ThingState, fact: ParticipantJoined | ParticipantLeft) -> bool:
    """Whether somebody has joined a live room or left it, and this is the first that we are told of it.

    Whom a list has shown before is told of all the same. Those whom the end of the room sends away did not leave it.
    """
    if not isinstance(after, RoomState) or after.is_over:
        return False
    who, room = fact.participant, before if isinstance(before, RoomState) else RoomState(ref=after.ref)
    if not who.is_person or who.id in room.left:
        return False
    if isinstance(fact, ParticipantLeft):
        return fact.reason != ROOM_CLOSED
    known = room.present.get(who.id)
    return known is None or known.seen_at in room.listed
