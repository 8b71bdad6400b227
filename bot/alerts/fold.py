"""The one fold: what we knew of a thing, and a fact, make what we know.

Pure, and indifferent to order and repetition: facts that arrive late, twice or not at all end in the same state as
soon as the last of them is in. A final status stays.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

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
from providers.base import (
    Call,
    CallStatus,
    Destination,
    DestinationStatus,
    IngressStatus,
    Participant,
    Recording,
    RecordingStatus,
    Stream,
    StreamStatus,
)
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

LATE = timedelta(minutes=5)
"""A departure that is so much older than both lists is forgotten: what they show counts."""

QUIET = timedelta(minutes=1)
"""Whoever comes back again so soon is a client that does it by itself."""

ROOM_CLOSED = "room closed"
"""Why somebody left, as providers say it of a room that has ended."""

_Ends = TypeVar("_Ends", Recording, Stream, Call)
"""What goes through its statuses once, and then has ended."""


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
    """What the highest revision says. One that was carried out stays as what was planned, with what came of it at the
    last try."""
    if state.plan is not None and state.plan.rev > fact.rev:
        return state
    known = state.plan if state.plan is not None and state.plan.rev == fact.rev else None
    missed, tried_at = (known.missed, known.tried_at) if known is not None else ("", None)
    if isinstance(fact, StopCarriedOut) and (tried_at is None or fact.at > tried_at):
        missed, tried_at = fact.problem, fact.at
    plan = Plan(stops_at=fact.stops_at, by=fact.by, rev=fact.rev, missed=missed, tried_at=tried_at)
    return state.model_copy(update={"plan": plan})


def _server(state: ServerState | None, fact: ServerReached | ServerUnreached) -> ServerState:
    is_reached = isinstance(fact, ServerReached)
    if state is not None and (fact.at, is_reached) <= (state.since, state.is_reached):
        return state
    why = fact.why if isinstance(fact, ServerUnreached) else ""
    known = state or ServerState(provider=fact.provider, is_reached=is_reached, since=fact.at)
    return known.model_copy(update={"is_reached": is_reached, "since": fact.at, "why": why})


def _seen(room: RoomState, fact: RoomSeen) -> RoomState:
    told = fact.room
    room = room.model_copy(update={"created_at": _earliest(room.created_at, told.created_at)})
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
    over = {"status": RoomStatus.ENDED, "ended_at": _earliest(room.ended_at, at)}
    return room.model_copy(update={**over, "present": {}, "left": {}, "doubted": {}, "listed": (), "kept_out": {}})


def _earliest(*times: datetime | None) -> datetime | None:
    """Servers tell one moment in several ways, such as in whole seconds by a webhook and exactly by a list."""
    return min((time for time in times if time is not None), default=None)


def _latest(*times: datetime | None) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


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
        if known is None or _is_later(at, who, known.seen_at, known.participant):
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


def _recording(state: RecordingState | None, fact: RecordingChanged) -> RecordingState:
    new = fact.recording
    if state is None:
        return RecordingState(recording=new, seen_at=fact.at)
    told, at = _told(state.recording, state.seen_at, new, fact.at)
    return state.model_copy(update={"recording": told, "seen_at": at})


def _stream(state: StreamState | None, fact: StreamChanged) -> StreamState:
    """Its destinations are folded one by one: each has a life of its own."""
    new = replace(fact.stream, destinations=())
    if state is None:
        told, at = new, fact.at
        known: dict[str, tuple[Destination, datetime]] = {}
    else:
        told, at = _told(replace(state.stream, destinations=()), state.seen_at, new, fact.at)
        known = {each.id: (each, state.told_at.get(each.id, state.seen_at)) for each in state.stream.destinations}
    for each in fact.stream.destinations:
        if each.id not in known or _goes_on(*known[each.id], each, fact.at):
            known[each.id] = each, fact.at
    destinations = tuple(each for _, (each, _) in sorted(known.items()))
    told_at = {id: at for id, (_, at) in known.items()}
    changed = {"stream": replace(told, destinations=destinations), "seen_at": at, "told_at": told_at}
    return (state or StreamState(stream=told, seen_at=at)).model_copy(update=changed)


def _goes_on(old: Destination, old_at: datetime, new: Destination, new_at: datetime) -> bool:
    """Whether a destination goes on to be `new`. It may connect again and again; once it has ended it stays so."""
    if old.status in _ENDINGS and new.status is not old.status:
        return False
    ends = new.status in _ENDINGS and old.status not in _ENDINGS
    return ends or _is_later(new_at, new, old_at, old)


def _call(state: CallState | None, fact: CallChanged) -> CallState:
    new = fact.call
    if state is None:
        return CallState(call=new, seen_at=fact.at)
    told, at = _told(state.call, state.seen_at, new, fact.at)
    return state.model_copy(update={"call": told, "seen_at": at})


def _ingress(state: IngressState | None, fact: IngressChanged) -> IngressState:
    """It may go through its statuses again and again, so the latest counts, until its source has ended."""
    new = fact.ingress
    if state is None:
        return IngressState(ingress=new, seen_at=fact.at)
    ends, has_ended = new.status is IngressStatus.COMPLETE, state.is_final
    is_later = (fact.at, _INGRESS[new.status], repr(new)) > (state.seen_at, _INGRESS[state.status], repr(state.ingress))
    if has_ended > ends or (has_ended is ends and not is_later):
        return state
    return state.model_copy(update={"ingress": new, "seen_at": fact.at})


_RANK: Final[Mapping[StrEnum, int]] = {
    status: rank for life in (RecordingStatus, StreamStatus, CallStatus) for rank, status in enumerate(life)
}
_INGRESS: Final[Mapping[StrEnum, int]] = {status: rank for rank, status in enumerate(IngressStatus)}
_ENDINGS: Final = (DestinationStatus.ENDED, DestinationStatus.FAILED)


def _told(old: _Ends, old_at: datetime, new: _Ends, new_at: datetime) -> tuple[_Ends, datetime]:
    """Which of the two counts, and of when it is.

    A final status is never left. Otherwise the further status wins, and of equal ones the later. Some servers tell at
    first by its name only of which room it is; what is known of that is kept.
    """
    if _RANK[old.status] == _RANK[new.status]:
        is_new = _is_later(new_at, new, old_at, old)
    else:
        is_new = _RANK[new.status] > _RANK[old.status] and not old.status.is_final
    (counts, at), other = ((new, new_at), old) if is_new else ((old, old_at), new)
    if not counts.room.id and other.room.name == counts.room.name:
        counts = replace(counts, room=other.room)
    return counts, at


def _is_later(at: datetime, new: object, known_at: datetime, known: object) -> bool:
    """Of what two facts tell of one moment, what they say decides, so that it does not matter which came first."""
    return at > known_at or (at == known_at and repr(new) > repr(known))


Going = RecordingState | StreamState | IngressState | CallState
"""What goes on in a room, out of it or into it, and shows on the room's card while it does."""

_SHOWN_AS: Final[Mapping[type[Going], str]] = {
    RecordingState: "recordings",
    StreamState: "streams",
    IngressState: "ingresses",
    CallState: "calls",
}


def note_going(room: RoomState, id: str, state: Going) -> RoomState:
    """What a thing, as it is folded, means for the card of a room: its own, or the one that it was of before.

    It makes no room known: its room may be over for long, and nobody would ever tell its end.
    """
    goes_on = not state.is_over and state.status is not IngressStatus.WAITING
    shown: dict[str, StrEnum] = getattr(room, _SHOWN_AS[type(state)])
    others = {other: status for other, status in shown.items() if other != id}
    here = {id: state.status} if goes_on and state.room.id == room.ref.id else {}
    going = dict(sorted((others | here).items()))
    return room if going == shown else room.model_copy(update={_SHOWN_AS[type(state)]: going})
