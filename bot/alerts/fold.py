"""The one fold: what we knew of a thing, and a fact, make what we know.

Pure, and indifferent to order and repetition: facts that arrive late, twice or not at all end in the same state as
soon as the last of them is in. A final status stays.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

from bot.alerts.order import earliest, is_later, latest
from bot.alerts.room_fold import fold_room
from bot.alerts.state import (
    CallState,
    Deed,
    IngressState,
    Look,
    OnPhone,
    Outgoing,
    Part,
    Plan,
    RecordingState,
    RoomState,
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
    Ingress,
    IngressStatus,
    Recording,
    RecordingStatus,
    Stream,
    StreamStatus,
)
from providers.facts import (
    AlertTested,
    CallChanged,
    ConditionSeen,
    Dismissed,
    Fact,
    Finished,
    IngressChanged,
    PartBegun,
    Paused,
    RecordingChanged,
    ServerReached,
    ServerUnreached,
    SightLost,
    StopCarriedOut,
    StopNear,
    StopPlanned,
    StreamChanged,
)

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
        changed["observed_at"] = latest(folded.observed_at, fact.seen_at)
    if made_by is not None and folded.made_by is None:
        changed["made_by"] = made_by
    return folded.model_copy(update=changed) if changed else folded


_NOT_OBSERVED = (
    SightLost,
    ConditionSeen,
    Paused,
    Finished,
    PartBegun,
    Dismissed,
    StopPlanned,
    StopNear,
    StopCarriedOut,
    AlertTested,
)
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
            return state.model_copy(update={"lost_at": latest(state.lost_at, fact.seen_at)}) if state else None
        case StopPlanned() | StopNear() | StopCarriedOut():
            return _planned(state, fact) if state else None
        case ConditionSeen() | Paused() | Finished() | PartBegun() | Dismissed():
            return _said(state, fact) if state is not None else None
    return fold_room(state if isinstance(state, RoomState) else None, fact)


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


def _recording(state: RecordingState | None, fact: RecordingChanged) -> RecordingState:
    new = fact.recording
    if state is None:
        return RecordingState(recording=new, seen_at=fact.at, status_since=fact.seen_at)
    told, at = _told(state.recording, state.seen_at, new, fact.at)
    since = _since(state, new.status, told.status, fact.seen_at)
    return state.model_copy(update={"recording": told, "seen_at": at, "status_since": since})


def _since(state: Outgoing, new: StrEnum, counts: StrEnum, seen_at: datetime) -> datetime | None:
    """When we came to know first of the status that counts."""
    if new is not counts:
        return state.status_since
    return earliest(state.status_since, seen_at) if state.status is counts else seen_at


def _said(state: ThingState, fact: ConditionSeen | Paused | Finished | PartBegun | Dismissed) -> ThingState:
    """What we found out of it ourselves, or somebody here did with it."""
    if isinstance(fact, ConditionSeen):
        return _looked(state, fact) if isinstance(state, Outgoing | IngressState) else state
    return _done(state, fact) if isinstance(state, Outgoing) else state


def _looked(state: Outgoing | IngressState, fact: ConditionSeen) -> Outgoing | IngressState:
    seen, known = Look(condition=fact.condition, at=fact.seen_at), state.look
    is_new = known is None or (seen.at, str(seen.condition)) > (known.at, str(known.condition))
    return state.model_copy(update={"look": seen}) if is_new else state


def _done(state: Outgoing, fact: Paused | Finished | PartBegun | Dismissed) -> Outgoing:
    match fact:
        case Finished():
            return state.model_copy(update={"finish": _first(state.finish, Deed(by=fact.by, at=fact.at))})
        case Paused():
            return state.model_copy(update={"pause": _first(state.pause, Deed(by=fact.by, at=fact.at))})
        case Dismissed():
            return state.model_copy(update={"dismissal": _first(state.dismissal, Deed(by=fact.by, at=fact.at))})
        case PartBegun() if fact.next:
            return state.model_copy(update={"next_part": max(state.next_part, fact.next)})
        case PartBegun():
            part = Part(first=fact.first, previous=fact.previous, number=fact.number)
            return state.model_copy(update={"part": max(filter(None, (state.part, part)), key=repr)})


def _first(known: Deed | None, deed: Deed) -> Deed:
    return min(filter(None, (known, deed)), key=lambda each: (each.at, each.by))


def _stream(state: StreamState | None, fact: StreamChanged) -> StreamState:
    """Its destinations are folded one by one: each has a life of its own."""
    new = replace(fact.stream, destinations=())
    if state is None:
        told, at = new, fact.at
        since: datetime | None = fact.seen_at
        known: dict[str, tuple[Destination, datetime]] = {}
    else:
        told, at = _told(replace(state.stream, destinations=()), state.seen_at, new, fact.at)
        since = _since(state, new.status, told.status, fact.seen_at)
        known = {each.id: (each, state.told_at.get(each.id, state.seen_at)) for each in state.stream.destinations}
    for each in fact.stream.destinations:
        if each.id not in known or _goes_on(*known[each.id], each, fact.at):
            known[each.id] = each, fact.at
    destinations = tuple(each for _, (each, _) in sorted(known.items()))
    told_at = {id: at for id, (_, at) in known.items()}
    changed = {"stream": replace(told, destinations=destinations), "seen_at": at, "told_at": told_at}
    return (state or StreamState(stream=told, seen_at=at)).model_copy(update=changed | {"status_since": since})


def _goes_on(old: Destination, old_at: datetime, new: Destination, new_at: datetime) -> bool:
    """Whether a destination goes on to be `new`. It may connect again and again; once it has ended it stays so, but
    where it was added again and has begun since."""
    if _has_begun_since(new, old) or _has_begun_since(old, new):
        return _has_begun_since(new, old)
    if old.status in _ENDINGS and new.status is not old.status:
        return False
    ends = new.status in _ENDINGS and old.status not in _ENDINGS
    return ends or is_later(new_at, new, old_at, old)


def _has_begun_since(later: Destination, earlier: Destination) -> bool:
    began, ended = later.started_at, earlier.ended_at
    return began is not None and ended is not None and earlier.status in _ENDINGS and began > ended


def _call(state: CallState | None, fact: CallChanged) -> CallState:
    new = fact.call
    if state is None:
        return CallState(call=new, seen_at=fact.at)
    told, at = _told(state.call, state.seen_at, new, fact.at)
    return state.model_copy(update={"call": told, "seen_at": at})


def _ingress(state: IngressState | None, fact: IngressChanged) -> IngressState:
    """It may go through its statuses again and again, so the latest counts, until its source has ended or somebody has
    deleted it."""
    new = fact.ingress
    known = state or IngressState(ingress=new, seen_at=fact.at)
    ends, has_ended = new.status.is_final, known.is_final
    is_later = _written(new, fact.at) > _written(known.ingress, known.seen_at)
    changed: dict[str, object] = {}
    if ends > has_ended or (ends is has_ended and is_later):
        changed |= {"ingress": new, "seen_at": fact.at}
    if new.status is IngressStatus.LIVE:
        changed["live_at"] = latest(known.live_at, new.written_at or fact.at)
    if new.status is IngressStatus.FAILED:
        changed["failed_at"] = latest(known.failed_at, new.written_at or fact.at)
    return known.model_copy(update=changed) if changed else known


def _written(ingress: Ingress, at: datetime) -> tuple[datetime, datetime, int, str]:
    """By what of two the later is told from the earlier: the server's own time first, as no other clock is in that.
    Where it says none nobody has ever sent, and whatever is told with a time is later."""
    return ingress.written_at or _NEVER, at, _INGRESS[ingress.status], repr(ingress)


_NEVER: Final = datetime.min.replace(tzinfo=UTC)
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
        is_new = is_later(new_at, new, old_at, old)
    else:
        is_new = _RANK[new.status] > _RANK[old.status] and not old.status.is_final
    (counts, at), other = ((new, new_at), old) if is_new else ((old, old_at), new)
    if not counts.room.id and other.room.name == counts.room.name:
        counts = replace(counts, room=other.room)
    return counts, at


Going = RecordingState | StreamState | IngressState | CallState
"""What goes on in a room, out of it or into it, and shows on the room's card while it does."""

_SHOWN_AS: Final[Mapping[type[Going], str]] = {
    RecordingState: "recordings",
    StreamState: "streams",
    IngressState: "ingresses",
    CallState: "calls",
}


def note_going(room: RoomState, id: str, state: Going, *, is_named: bool = True) -> RoomState:
    """What a thing, as it is folded, means for the card of a room: its own, or the one that it was of before.

    It makes no room known: its room may be over for long, and nobody would ever tell its end. `is_named`: whoever sees
    the room may know what it is; all see that there is something.
    """
    goes_on = not state.is_over and state.status is not IngressStatus.WAITING
    is_here = goes_on and state.room.id == room.ref.id
    changed = _shown_with(room, _SHOWN_AS[type(state)], id, state.status if is_here else None)
    match state:
        case RecordingState():
            is_paused = state.is_paused and not state.is_lost and state.room.id == room.ref.id
            paused = tuple(sorted({*room.paused_recordings} - {id} | ({id} if is_paused else set())))
            changed |= {} if paused == room.paused_recordings else {"paused_recordings": paused}
        case IngressState():
            changed |= _shown_with(
                room, "ingress_names", id, state.ingress.shown_name if is_here and is_named else None
            )
        case CallState(call=call):
            phone = OnPhone(number=call.number, is_inbound=call.is_inbound, made_by=state.made_by)
            changed |= _shown_with(room, "phones", id, phone if is_here and is_named else None)
    return room.model_copy(update=changed) if changed else room


def _shown_with(room: RoomState, name: str, id: str, value: object | None) -> dict[str, object]:
    """The field of that name with the value for the id, or without it where that is None; nothing where it is so."""
    shown: dict[str, object] = getattr(room, name)
    others = {other: each for other, each in shown.items() if other != id}
    after = dict(sorted((others | ({} if value is None else {id: value})).items()))
    return {} if after == shown else {name: after}
