"""What a fact is worth telling: of which kind it is, how much it matters, and whether it is said in a card's thread.

Pure. A change that is no news is shown on the card all the same.
"""

from dataclasses import dataclass
from typing import Final

from bot.alerts.fold import comes_or_goes, is_worth_a_note
from bot.alerts.state import LOST, IngressState, ServerState, StreamState, ThingState
from commands.core.alerts import AlertKind, Severity
from providers.base import CallStatus, DestinationStatus, IngressStatus, RecordingStatus, StreamStatus
from providers.facts import (
    Fact,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantLeft,
    StopCarriedOut,
    StopNear,
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
    RecordingStatus.FAILED.value: Severity.CRITICAL,
    RecordingStatus.ABORTED.value: Severity.WARNING,
    StreamStatus.FAILED.value: Severity.CRITICAL,
    StreamStatus.ABORTED.value: Severity.WARNING,
    CallStatus.FAILED.value: Severity.WARNING,
    LOST: Severity.WARNING,
}


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
    if after.is_over and not (before and before.is_over):
        status = after.shown_status
        return News(kind, _SEVERITY_OF_END.get(status, Severity.INFO), status, broadcast=True)
    match fact:
        case ParticipantJoined() | ParticipantLeft():
            told = fact.type if comes_or_goes(before, after, fact) else None
            return News(AlertKind.PARTICIPANT, note=told)
        case ParticipantKeptOut():
            is_told = not after.is_over and is_worth_a_note(before, fact)
            return News(kind, Severity.WARNING, fact.type if is_told else None)
        case TrackPublished() | TrackUnpublished():
            is_person = fact.participant.is_person and not after.is_over
            return News(AlertKind.TRACK, note=fact.type if is_person else None)
        case StopNear() if not after.is_over:
            return News(kind, Severity.WARNING, fact.type, broadcast=True)
        case StopCarriedOut() if fact.problem and not after.is_over:
            return News(kind, Severity.CRITICAL, fact.type, broadcast=True)
    return _turn_for_the_worse(kind, before, after)


def _turn_for_the_worse(kind: AlertKind, before: ThingState | None, after: ThingState) -> News:
    """A thing that goes on in another way than before: part of it fails, or it may be used again."""
    match after:
        case StreamState() if _failed(after) - (_failed(before) if isinstance(before, StreamState) else set()):
            return News(kind, Severity.WARNING, "destination_failed", broadcast=True)
        case IngressState(ingress=ingress) if ingress.status is IngressStatus.FAILED:
            was = before.ingress.status if isinstance(before, IngressState) else None
            told = None if was is IngressStatus.FAILED else ingress.status.value
            return News(kind, Severity.WARNING, told, broadcast=True)
        case ServerState(is_reached=False) if not (isinstance(before, ServerState) and not before.is_reached):
            return News(kind, Severity.CRITICAL, after.status_word, broadcast=True)
        case ServerState(is_reached=True) if isinstance(before, ServerState) and not before.is_reached:
            return News(kind, note=after.status_word, broadcast=True)
    return News(kind)


def _failed(state: StreamState) -> set[str]:
    return {each.id for each in state.stream.destinations if each.status is DestinationStatus.FAILED}
