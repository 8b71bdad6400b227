"""The one fold: what we knew of a thing, and a fact, make what we know.

Pure, and indifferent to order and repetition: facts that arrive late, twice or not at all end in the same state as
soon as the last of them is in. A final status stays.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.alerts.state import (
    CallState,
    IngressState,
    Plan,
    Present,
    RecordingState,
    RoomState,
    RoomStatus,
    ServerState,
    StreamState,
    ThingState,
    TrialState,
)
from providers.base import CallStatus, IngressStatus, Recording, RecordingStatus, StreamStatus
from providers.facts import (
    AlertTested,
    CallChanged,
    Fact,
    IngressChanged,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantLeft,
    ParticipantsListed,
    RecordingChanged,
    RoomFinished,
    RoomSeen,
    RoomStarted,
    ServerReached,
    ServerUnreached,
    SightLost,
    StopCarriedOut,
    StopNear,
    StopPlanned,
    StreamChanged,
    TrackPublished,
    TrackUnpublished,
)

DEPARTURES_KEPT = 500
"""Servers deliver late by seconds, and no room loses so many people in that time."""

QUIET = timedelta(minutes=1)
"""Whoever comes back again so soon is a client that does it by itself."""

ROOM_CLOSED = "room closed"
"""Why somebody left, as providers say it of a room that has ended."""

_Status = RecordingStatus | StreamStatus | CallStatus


def fold(state: ThingState | None, fact: Fact, *, made_by: str | None = None) -> ThingState | None:
    """`made_by` is the person whose command made the thing; the first one named stays.

    None where nothing is known of what the fact is about, and it tells nothing by itself.
    """
    folded = _fold(state, fact)
    if folded is None:
        return None
    changed: dict[str, object] = {}
    if not isinstance(fact, _NOT_OBSERVED):
        changed["observed_at"] = _latest(folded.observed_at, fact.seen_at)
    if made_by is not None and folded.made_by is None:
        changed["made_by"] = made_by
    return folded.model_copy(update=changed) if changed else folded


_NOT_OBSERVED = (SightLost, StopPlanned, StopNear, StopCarriedOut, AlertTested)
"""Facts that no server has told."""


def _fold(state: ThingState | None, fact: Fact) -> ThingState | None:
    match fact:
        case RecordingChanged():
            return _recording(state if isinstance(state, RecordingState) else None, fact)
        case StreamChanged():
            return _stream(state if isinstance(state, StreamState) else None, fact)
        case IngressChanged():
            return _ingress(state if isinstance(state, IngressState) else None, fact)
        case CallChanged():
            return _call(state if isinstance(state, CallState) else None, fact)
        case ServerReached() | ServerUnreached():
            return _server(state if isinstance(state, ServerState) else None, fact)
        case AlertTested():
            return TrialState(provider=fact.provider, by=fact.by, at=fact.at)
        case SightLost():
            return state.model_copy(update={"lost_at": _latest(state.lost_at, fact.seen_at)}) if state else None
        case StopPlanned() | StopNear() | StopCarriedOut():
            return _planned(state, fact) if state else None
    return _room(state if isinstance(state, RoomState) else None, fact)


def _room(room: RoomState | None, fact: Fact) -> RoomState:
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
        case TrackPublished() | TrackUnpublished():
            return room or RoomState(ref=fact.room)
    raise AssertionError(f"no fact of a room: {fact.type}")


def _planned(state: ThingState, fact: StopPlanned | StopNear | StopCarriedOut) -> ThingState:
    """What the highest revision says. One that was carried out stays as what was planned, with what came of it."""
    if state.plan is not None and state.plan.rev > fact.rev:
        return state
    missed = fact.problem if isinstance(fact, StopCarriedOut) else ""
    if state.plan is not None and state.plan.rev == fact.rev:
        missed = missed or state.plan.missed
    return state.model_copy(update={"plan": Plan(stops_at=fact.stops_at, by=fact.by, rev=fact.rev, missed=missed)})


def _server(state: ServerState | None, fact: ServerReached | ServerUnreached) -> ServerState:
    is_reached = isinstance(fact, ServerReached)
    if state is not None and (state.is_reached is is_reached or fact.at <= state.since):
        return state
    why = fact.why if isinstance(fact, ServerUnreached) else ""
    return ServerState(provider=fact.provider, is_reached=is_reached, since=fact.at, why=why)


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


def _latest(*times: datetime | None) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


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
    """A final status is never left. Otherwise the further status wins, and of equal ones the later."""
    changed = fact.recording
    if state is None:
        return RecordingState(recording=changed, seen_at=fact.at)
    if not _supersedes(_RECORDING, state.status, changed.status, state.seen_at, fact.at):
        return state
    return state.model_copy(update={"recording": changed, "seen_at": fact.at})


def _stream(state: StreamState | None, fact: StreamChanged) -> StreamState:
    changed = fact.stream
    if state is None:
        return StreamState(stream=changed, seen_at=fact.at)
    if not _supersedes(_STREAM, state.status, changed.status, state.seen_at, fact.at):
        return state
    return state.model_copy(update={"stream": changed, "seen_at": fact.at})


def _call(state: CallState | None, fact: CallChanged) -> CallState:
    changed = fact.call
    if state is None:
        return CallState(call=changed, seen_at=fact.at)
    if not _supersedes(_CALL, state.status, changed.status, state.seen_at, fact.at):
        return state
    return state.model_copy(update={"call": changed, "seen_at": fact.at})


def _ingress(state: IngressState | None, fact: IngressChanged) -> IngressState:
    """It may go through its statuses again and again, so the latest counts, until its source has ended."""
    if state is None:
        return IngressState(ingress=fact.ingress, seen_at=fact.at)
    completes = fact.ingress.status is IngressStatus.COMPLETE
    if state.is_final or (fact.at <= state.seen_at and not completes):
        return state
    return state.model_copy(update={"ingress": fact.ingress, "seen_at": fact.at})


_RECORDING: Final[Mapping[StrEnum, int]] = {status: rank for rank, status in enumerate(RecordingStatus)}
_STREAM: Final[Mapping[StrEnum, int]] = {status: rank for rank, status in enumerate(StreamStatus)}
_CALL: Final[Mapping[StrEnum, int]] = {status: rank for rank, status in enumerate(CallStatus)}


def _supersedes(rank: Mapping[StrEnum, int], old: _Status, new: _Status, old_at: datetime, new_at: datetime) -> bool:
    """Whether what is told at `new_at` counts more than what was told at `old_at`."""
    if rank[old] == rank[new]:
        return new_at > old_at
    return rank[new] > rank[old] and not old.is_final


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
