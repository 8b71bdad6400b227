"""The one fold: what we knew of a thing, and a fact, make what we know.

Pure, and indifferent to order and repetition: facts that arrive late, twice or not at all end in the same state as
soon as the last of them is in. A final status stays.
"""

from datetime import datetime

from bot.alerts.state import Present, RecordingState, RoomState, RoomStatus, ThingState
from providers.base import Recording, RecordingStatus
from providers.facts import (
    Fact,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantsListed,
    RecordingChanged,
    RoomFinished,
    RoomSeen,
    RoomStarted,
)

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
            return known.model_copy(update={"created_at": known.created_at or fact.at})
        case RoomFinished():
            return _finished(room or RoomState(ref=fact.room), fact.at)
        case ParticipantJoined():
            return _joined(room or RoomState(ref=fact.room), fact)
        case ParticipantLeft():
            return _left(room or RoomState(ref=fact.room), fact)
        case ParticipantsListed():
            return _listed(room or RoomState(ref=fact.room), fact)


def _seen(room: RoomState, fact: RoomSeen) -> RoomState:
    if room.counted_at is not None and room.counted_at >= fact.seen_at:
        return room
    return room.model_copy(
        update={
            "created_at": room.created_at or fact.room.created_at,
            "max_participants": fact.room.max_participants,
            "counted": fact.room.participants,
            "counted_at": fact.seen_at,
        }
    )


def _finished(room: RoomState, at: datetime) -> RoomState:
    ended_at = min(room.ended_at, at) if room.ended_at else at
    over = {"status": RoomStatus.ENDED, "ended_at": ended_at, "present": {}, "left": frozenset()}
    return room.model_copy(update=over)


def _joined(room: RoomState, fact: ParticipantJoined) -> RoomState:
    """A list that was read after the join knows better whether it still holds."""
    listed_since = room.listed_at is not None and fact.seen_at <= room.listed_at
    if room.is_final or listed_since or fact.participant.id in room.left:
        return room
    known = Present(participant=fact.participant, seen_at=fact.seen_at)
    return room.model_copy(update={"present": {**room.present, fact.participant.id: known}})


def _left(room: RoomState, fact: ParticipantLeft) -> RoomState:
    if room.is_final:
        return room
    gone = fact.participant.id
    present = {id: known for id, known in room.present.items() if id != gone}
    return room.model_copy(update={"present": present, "left": room.left | {gone}})


def _listed(room: RoomState, fact: ParticipantsListed) -> RoomState:
    """Whoever joined after the server was asked stays; whoever is known to have left does not come back."""
    if room.is_final or (room.listed_at is not None and room.listed_at >= fact.seen_at):
        return room
    listed = {
        who.id: Present(participant=who, seen_at=fact.seen_at) for who in fact.participants if who.id not in room.left
    }
    later = {id: known for id, known in room.present.items() if known.seen_at > fact.seen_at}
    return room.model_copy(update={"present": {**listed, **later}, "listed_at": fact.seen_at})


def _recording(state: RecordingState | None, fact: RecordingChanged) -> RecordingState:
    if state is not None and not _supersedes(state, fact):
        return state
    made_by = state.made_by if state else None
    return RecordingState(recording=fact.recording, seen_at=fact.at, made_by=made_by)


def _supersedes(state: RecordingState, fact: RecordingChanged) -> bool:
    """A final status is never left. Otherwise the further status wins, and of equal ones the later."""
    if state.is_final:
        return False
    old, new = _RANK[state.status], _RANK[fact.recording.status]
    return new > old or (new == old and fact.at > state.seen_at)


def note_recording(room: RoomState | None, recording: Recording) -> RoomState:
    """What a recording means for the card of its room. The room may not be known yet: then it is, by this."""
    known = room or RoomState(ref=recording.room)
    old = known.recordings.get(recording.ref.id)
    if old is not None and (old.is_final or _RANK[old] >= _RANK[recording.status]):
        return known
    return known.model_copy(update={"recordings": {**known.recordings, recording.ref.id: recording.status}})
