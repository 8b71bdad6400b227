"""The one fold: what we knew of a thing, and a fact, make what we know.

Pure, and indifferent to order and repetition: facts that arrive late, twice or not at all end in the same state as
soon as the last of them is in. A final status stays.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.alerts.state import Present, RecordingState, RoomState, RoomStatus, ThingState
from providers.base import Recording, RecordingStatus
from providers.facts import (
    Fact,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantLeft,
    ParticipantsListed,
    RecordingChanged,
    RoomFinished,
    RoomSeen,
    RoomStarted,
)

DEPARTURES_KEPT = 500
"""Servers deliver late by seconds, and no room loses so many people in that time."""

QUIET = timedelta(minutes=1)
"""Whoever comes back again so soon is a client that does it by itself."""

ROOM_CLOSED = "room closed"
"""Why somebody left, as providers say it of a room that has ended."""

_RANK = {status: rank for rank, status in enumerate(RecordingStatus)}


def fold(state: ThingState | None, fact: Fact, *, made_by: str | None = None) -> ThingState:
    """`made_by` is the person whose command brought the fact; the first one named stays."""
    folded = _fold(state, fact)
    if made_by is not None and folded.made_by is None:
        return folded.model_copy(update={"made_by": made_by})
    return folded


def _fold(state: ThingState | None, fact: Fact) -> ThingState:
    if isinstance(fact, RecordingChanged):
        return _recording(state if isinstance(state, RecordingState) else None, fact)
    room = state if isinstance(state, RoomState) else None
    match fact:
        case RoomSeen():
            return _seen(room or RoomState(ref=fact.room.ref), fact)
        case RoomStarted():
            known = room or RoomState(ref=fact.room)
            return known.model_copy(update={"created_at": _earliest(known.created_at, fact.at)})
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


def _seen(room: RoomState, fact: RoomSeen) -> RoomState:
    if room.counted_at is not None and room.counted_at >= fact.seen_at:
        return room
    return room.model_copy(
        update={
            "created_at": _earliest(room.created_at, fact.room.created_at),
            "max_participants": fact.room.max_participants,
            "counted": fact.room.participants,
            "counted_at": fact.seen_at,
        }
    )


def _finished(room: RoomState, at: datetime) -> RoomState:
    """Who was in it does not matter any more, so that a late list or departure makes no difference."""
    over = {"status": RoomStatus.ENDED, "ended_at": _earliest(room.ended_at, at)}
    return room.model_copy(update={**over, "present": {}, "left": {}, "listed_at": None, "kept_out": {}})


def _earliest(*times: datetime | None) -> datetime | None:
    """Servers tell one moment in several ways, such as in whole seconds by a webhook and exactly by a list."""
    return min((time for time in times if time is not None), default=None)


def _joined(room: RoomState, fact: ParticipantJoined) -> RoomState:
    """A list that was read after the join knows better whether it still holds."""
    listed_since = room.listed_at is not None and fact.seen_at <= room.listed_at
    if room.is_final or listed_since or fact.participant.id in room.left:
        return room
    known = Present(participant=fact.participant, seen_at=fact.seen_at)
    return room.model_copy(update={"present": {**room.present, fact.participant.id: known}})


def _left(room: RoomState, fact: ParticipantLeft | ParticipantKeptOut) -> RoomState:
    if room.is_final:
        return room
    gone = fact.participant.id
    present = {id: known for id, known in room.present.items() if id != gone}
    last_told = max(fact.seen_at, room.left.get(gone, fact.seen_at))
    left = _remembered({**room.left, gone: last_told}, room.listed_at)
    return room.model_copy(update={"present": present, "left": left})


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


def comes_or_goes(before: ThingState | None, after: ThingState, fact: Fact) -> bool:
    """Whether somebody has joined a live room or left it, and this is the first that we are told of it.

    Whom a list has shown before is told of all the same. Those whom the end of the room sends away did not leave it.
    """
    if not isinstance(after, RoomState) or after.is_final or not isinstance(fact, ParticipantJoined | ParticipantLeft):
        return False
    who, room = fact.participant, before if isinstance(before, RoomState) else RoomState(ref=after.ref)
    if not who.is_person or who.id in room.left:
        return False
    if isinstance(fact, ParticipantLeft):
        return fact.reason != ROOM_CLOSED
    known = room.present.get(who.id)
    return known is None or known.seen_at == room.listed_at


def _remembered(left: Mapping[str, datetime], listed_at: datetime | None) -> dict[str, datetime]:
    """A departure is kept against a join that comes late; a join from before a list counts for nothing anyway."""
    later = [(at, id) for id, at in left.items() if listed_at is None or at > listed_at]
    return {id: at for at, id in sorted(later)[-DEPARTURES_KEPT:]}


def _listed(room: RoomState, fact: ParticipantsListed) -> RoomState:
    """Whoever joined after the server was asked stays; whoever is known to have left does not come back."""
    if room.is_final or (room.listed_at is not None and room.listed_at >= fact.seen_at):
        return room
    listed = {
        who.id: Present(participant=who, seen_at=fact.seen_at) for who in fact.participants if who.id not in room.left
    }
    later = {id: known for id, known in room.present.items() if known.seen_at > fact.seen_at}
    left = _remembered(room.left, fact.seen_at)
    return room.model_copy(update={"present": {**listed, **later}, "left": left, "listed_at": fact.seen_at})


def _recording(state: RecordingState | None, fact: RecordingChanged) -> RecordingState:
    if state is not None and not _supersedes(state, fact):
        return state
    made_by = state.made_by if state else None
    return RecordingState(recording=fact.recording, seen_at=fact.at, made_by=made_by)


def _supersedes(state: RecordingState, fact: RecordingChanged) -> bool:
    """A final status is never left. Otherwise the further status wins, and of equal ones the later."""
    old, new = _RANK[state.status], _RANK[fact.recording.status]
    if old == new:
        return fact.at > state.seen_at
    return new > old and not state.is_final


def note_recording(room: RoomState | None, recording: Recording) -> RoomState | None:
    """What a recording, as it is folded, means for the card of its room.

    One that runs makes a room known. One that has ended does not: its room may be over for long, and None stays None.
    """
    if room is None and recording.status.is_final:
        return None
    known = room or RoomState(ref=recording.room)
    if known.recordings.get(recording.ref.id) is recording.status:
        return known
    return known.model_copy(update={"recordings": {**known.recordings, recording.ref.id: recording.status}})
