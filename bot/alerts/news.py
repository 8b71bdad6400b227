"""What a fact is worth telling: of which kind it is, how much it matters, and whether it is said in a card's thread.

Pure. A change that is no news is shown on the card all the same.
"""

from dataclasses import dataclass
from typing import Final

from bot.alerts.room_fold import comes_or_goes, is_worth_a_note
from bot.alerts.state import (
    IngressState,
    Outgoing,
    RecordingState,
    RoomState,
    ServerState,
    StreamState,
    ThingState,
    TrialState,
)
from commands.core.alerts import AlertKind, Severity
from providers.base import CallStatus, DestinationStatus, EgressTrouble, IngressStatus, RecordingStatus, StreamStatus
from providers.facts import (
    Condition,
    ConditionSeen,
    Dismissed,
    Fact,
    Finished,
    PartBegun,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantLeft,
    Paused,
    StopCarriedOut,
    StopNear,
    StopPlanned,
    ThingKind,
    TrackPublished,
    TrackUnpublished,
)

KIND_OF: Final = {
    ThingKind.ROOM: AlertKind.ROOM,
    ThingKind.RECORDING: AlertKind.RECORDING,
    ThingKind.STREAM: AlertKind.STREAM,
    ThingKind.INGRESS: AlertKind.INGRESS,
    ThingKind.CALL: AlertKind.SIP,
    ThingKind.SERVER: AlertKind.SERVER,
    ThingKind.DIGEST: AlertKind.SERVER,
    ThingKind.TEST: AlertKind.SERVER,
}

_SEVERITY_OF_END: Final = {
    (AlertKind.RECORDING, RecordingStatus.FAILED.value): Severity.CRITICAL,
    (AlertKind.RECORDING, RecordingStatus.ABORTED.value): Severity.WARNING,
    (AlertKind.STREAM, StreamStatus.FAILED.value): Severity.CRITICAL,
    (AlertKind.STREAM, StreamStatus.ABORTED.value): Severity.WARNING,
    (AlertKind.SIP, CallStatus.FAILED.value): Severity.WARNING,
}
"""By the word for how it ended. What is not here went well. A recording, or a broadcast, that fails is gone; a call can
be made again."""

_BROADCAST: Final = frozenset(
    {Condition.ROOM_OVER, Condition.UNATTENDED, Condition.LEFT_BEHIND, Condition.NO_START_SIGNAL}
)
"""What is odd so that somebody should do something. A recording that waits for people waits for those who know, and one
that ends slowly is mostly long."""


@dataclass(frozen=True, slots=True)
class News:
    """`note` says in a word what is said in the thread, None for nothing; `broadcast`: the whole channel sees it."""

    kind: AlertKind
    severity: Severity = Severity.INFO
    note: str | None = None
    broadcast: bool = False


def news(before: ThingState | None, after: ThingState, fact: Fact) -> News:
    """What is to be told of `fact`, which made `after` of `before`."""
    kind = KIND_OF[ThingKind(after.kind)]
    if isinstance(after, TrialState):
        return News(kind)
    if isinstance(fact, ConditionSeen | Paused | Finished | PartBegun | Dismissed):
        return _said(kind, before, after, fact)
    if after.is_over and (before is None or after.shown_status != before.shown_status):
        return _ending(kind, before, after)
    match fact:
        case ParticipantJoined() | ParticipantLeft():
            told = fact.type if comes_or_goes(before, after, fact) else None
            return News(AlertKind.PARTICIPANT, note=told)
        case ParticipantKeptOut():
            is_told = not after.is_over and is_worth_a_note(before, fact)
            return News(kind, Severity.WARNING, fact.type if is_told else None)
        case TrackPublished() | TrackUnpublished():
            return News(AlertKind.TRACK, note=fact.type if _is_of_a_person(after, fact) else None)
        case StopNear() | StopCarriedOut() if not after.is_over:
            return _stop(kind, before, after, fact)
        case StopPlanned():
            return News(kind, note=fact.type if _is_moved(before, after) else None)
    return _turn(kind, before, after)


def _ending(kind: AlertKind, before: ThingState | None, after: ThingState) -> News:
    """It has ended, or was lost sight of. That it turns up again is shown, not told, and after that it may end.

    Of what had been lost sight of it is told how it ended where people are to do something with that: it has failed, or
    it is a recording, which is there. An ingress is deleted by somebody here, who need not be told aloud.
    """
    status = after.shown_status
    severity = Severity.WARNING if after.is_lost else _SEVERITY_OF_END.get((kind, status), Severity.INFO)
    if isinstance(after, IngressState) and after.status is IngressStatus.DELETED:
        return News(kind, note=status)
    if severity is Severity.INFO and isinstance(after, Outgoing) and _has_gone_wrong(after):
        severity = Severity.WARNING
    if before is not None and before.is_lost:
        adds = severity.reaches(Severity.WARNING) or isinstance(after, RecordingState)
        return News(kind, severity, status if adds else None, broadcast=adds)
    is_quiet = isinstance(after, Outgoing) and after.is_paused and severity is Severity.INFO
    return News(kind, severity, status, broadcast=not is_quiet)


def _has_gone_wrong(state: Outgoing) -> bool:
    """In some way, though it has ended well. That what it was of has left is how most end."""
    if isinstance(state, RecordingState):
        return state.recording.is_backup or state.recording.trouble not in _NO_TROUBLE
    return state.stream.trouble not in _NO_TROUBLE


_NO_TROUBLE: Final = (None, EgressTrouble.SOURCE_GONE)


_WATCHED: Final = (RecordingState, StreamState, IngressState)


def _said(
    kind: AlertKind,
    before: ThingState | None,
    after: ThingState,
    fact: ConditionSeen | Paused | Finished | PartBegun | Dismissed,
) -> News:
    """What we found out of it ourselves, or somebody here did with it: once, where it makes a difference."""
    if not isinstance(before, _WATCHED) or not isinstance(after, _WATCHED) or after.looks_like(before):
        return News(kind)
    match fact:
        case ConditionSeen() if (condition := after.condition) is not None:
            severity = Severity.INFO if condition is Condition.SLOW_END else Severity.WARNING
            return News(kind, severity, "condition", broadcast=condition in _BROADCAST)
        case Paused():
            return News(kind, note=fact.type)
        case PartBegun() if fact.next:
            return News(kind, note=fact.type)
        case Dismissed() if after.shown_status != before.shown_status:
            return News(kind, note=after.shown_status)
    return News(kind)


def _is_of_a_person(after: ThingState, fact: TrackPublished | TrackUnpublished) -> bool:
    """Also whether that is worth a note: a server may tell of a track without saying whose kind it is."""
    if not isinstance(after, RoomState) or after.is_over:
        return False
    known = after.present.get(fact.participant.id)
    return (known.participant if known is not None else fact.participant).is_person


def _stop(kind: AlertKind, before: ThingState | None, after: ThingState, fact: StopNear | StopCarriedOut) -> News:
    """A warning holds until the stop was tried. That it could not be carried out is told once."""
    plan, known = after.plan, before.plan if before is not None else None
    if plan is None or plan.rev != fact.rev:
        return News(kind)
    if isinstance(fact, StopNear):
        return News(kind, Severity.WARNING, fact.type if plan.tried_at is None else None, broadcast=True)
    was_missed = known is not None and known.rev == plan.rev and known.missed
    if not plan.missed:
        return News(kind)
    return News(kind, Severity.CRITICAL, None if was_missed else fact.type, broadcast=True)


def _is_moved(before: ThingState | None, after: ThingState) -> bool:
    """Whether another time was said than before, or none: somebody may count on the first."""
    if before is None or before.plan is None or before.plan.stops_at is None or after.plan is None or after.is_over:
        return False
    return after.plan.rev > before.plan.rev


def _turn(kind: AlertKind, before: ThingState | None, after: ThingState) -> News:
    """A thing goes on in another way than before: part of it fails, or it works again."""
    match before, after:
        case _, StreamState() if _failed(after) - (_failed(before) if isinstance(before, StreamState) else set()):
            return News(kind, Severity.WARNING, "destination_failed", broadcast=True)
        case _, IngressState():
            return _comes_in(kind, before if isinstance(before, IngressState) else None, after)
        case ServerState(is_reached=False), ServerState(is_reached=True):
            return News(kind, note=after.status_word, broadcast=True)
        case ((None | ServerState(is_reached=True)), ServerState(is_reached=False)):
            return News(kind, Severity.CRITICAL, after.status_word, broadcast=True)
    return News(kind)


def _comes_in(kind: AlertKind, before: IngressState | None, after: IngressState) -> News:
    """A sender may come and go all day: that is told in the thread, but for the first time, which the card shows. All
    are told of a failure, and when it works again, whatever was between."""
    was = before.status if before is not None else None
    match after.status:
        case IngressStatus.FAILED:
            is_new = was is not IngressStatus.FAILED
            return News(kind, Severity.WARNING, after.shown_status if is_new else None, broadcast=is_new)
        case IngressStatus.LIVE if before is not None and was is not IngressStatus.LIVE:
            is_told = before.has_failed_last or before.live_at is not None
            return News(kind, note=after.shown_status if is_told else None, broadcast=before.has_failed_last)
        case IngressStatus.WAITING if was is IngressStatus.LIVE:
            return News(kind, note=after.shown_status)
    return News(kind)


def _failed(state: StreamState) -> set[str]:
    return {each.id for each in state.stream.destinations if each.status is DestinationStatus.FAILED}
