"""What the thread of a card is told because of one fact."""

from collections.abc import Sequence

from bot.alerts.state import DigestState, IngressState, RecordingState, RoomState, StreamState, ThingState, TrialState
from bot.render.button import Buttons
from bot.render.card import ingress, server, stream
from bot.render.card.face import Face, Rank, room_name, sentence
from bot.render.card.faces import face_of
from bot.render.card.offers import carried
from bot.render.message import Message, message, section
from bot.render.text import notification
from commands.core.phone_numbers import veiled
from commands.core.reply import Action, Form, Moment, Person, Strong, Text, parts
from commands.core.tracks import spoken
from commands.core.words import counted
from commands.egress_actions import add_destination
from commands.participant_removal import ParticipantAdmit
from commands.recording import RecordingStop
from commands.recording_parts import RecordingResume
from commands.room import RoomClose
from commands.stream_stop import StreamStop
from providers.base import Participant, ParticipantKind, RoomRef
from providers.facts import (
    ConditionSeen,
    Fact,
    IngressChanged,
    PartBegun,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantLeft,
    Paused,
    ServerReached,
    ServerUnreached,
    StopCarriedOut,
    StopNear,
    StopPlanned,
    StreamChanged,
    TrackPublished,
    TrackUnpublished,
)

_NEVER_SAID = (DigestState, TrialState)
_Planned = RoomState | RecordingState | StreamState
_BY_HAND = (RoomClose, RecordingStop, StreamStop)


def note(kind: str, state: ThingState, facts: Sequence[Fact]) -> Message | None:
    """`kind` is the word that `bot.alerts.news` has for it, `facts` came with it, and `state` is the newest.

    It tells what happened, though the thing may have gone on since. None where that is not worth telling any more, as a
    warning is not after the stop. Whoever made a thing is mentioned when it goes wrong, and the next step is a button.
    """
    if isinstance(state, _NEVER_SAID):
        return None
    face = face_of(state)
    for fact in facts:
        about = (fact.thing, fact.thing_id) == (state.kind, face.id)
        if about and (told := _of_fact(kind, state, fact)) is not None:
            return told
    return _ending(state, face) if state.is_over and state.shown_status == kind else None


def _of_fact(kind: str, state: ThingState, fact: Fact) -> Message | None:
    match fact, state:
        case _, (RecordingState() | StreamState()):
            return _of_outgoing(kind, state, fact)
        case ((ParticipantJoined() | ParticipantLeft()), _) if kind == fact.type:
            return _came_or_went(fact)
        case ParticipantKeptOut(), _ if kind == fact.type:
            return _kept_out(fact)
        case ((TrackPublished() | TrackUnpublished()), RoomState()) if kind == fact.type:
            return _sends(state, fact)
        case ((StopNear() | StopCarriedOut() | StopPlanned()), RoomState()) if kind == fact.type:
            return _of_plan(state, fact)
        case ConditionSeen(), IngressState() if kind == "condition":
            return _odd(state, fact)
        case IngressChanged(), IngressState() if kind == fact.ingress.status and not state.is_over:
            return _ingress(state, fact)
        case ServerUnreached(), _ if kind == "unreached":
            return _told(server.said(fact.provider, fact.at, why=fact.why), carried(server.ask_again(fact.provider)))
        case ServerReached(), _ if kind == "reached":
            return _told(server.said(fact.provider, fact.at, why=None))
    return None


def _of_outgoing(kind: str, state: RecordingState | StreamState, fact: Fact) -> Message | None:
    match fact, state:
        case ((StopNear() | StopCarriedOut() | StopPlanned()), _) if kind == fact.type:
            return _of_plan(state, fact)
        case ConditionSeen(), _ if kind == "condition":
            return _odd(state, fact)
        case Paused(), RecordingState() if kind == fact.type:
            return _paused(state, fact)
        case PartBegun(), RecordingState() if kind == fact.type:
            return _goes_on(state, fact)
        case StreamChanged(), StreamState() if kind == "destination_failed":
            return _destinations_failed(state, fact)
    return None


def _ending(state: ThingState, face: Face) -> Message:
    return _told(face.said, carried(face.steps), mention=_concerned(state, face))


def _concerned(state: ThingState, face: Face) -> str | None:
    """Whoever made it is told by name when it goes wrong."""
    return state.made_by if face.standing.rank in (Rank.TROUBLE, Rank.LOST) else None


def _told(said: Text, actions: Sequence[Action | Form] = (), *, mention: str | None = None) -> Message:
    whole = (Person(mention), ": ", *parts(said)) if mention else said
    return message(notification(whole), [section(whole), *Buttons().rows(actions)])


def _came_or_went(fact: ParticipantJoined | ParticipantLeft) -> Message:
    """By name and not by mention: nobody is to be notified of every step of somebody."""
    why = f": {fact.reason}" if isinstance(fact, ParticipantLeft) and fact.reason else ""
    did = "joined" if isinstance(fact, ParticipantJoined) else "left"
    return _told((Strong(_called(fact.participant)), f" {did}{why}."))


def _called(who: Participant) -> str:
    return veiled(who.shown_name) if who.kind is ParticipantKind.PHONE else who.shown_name


def _sends(state: RoomState, fact: TrackPublished | TrackUnpublished) -> Message:
    """Servers may tell a track without its sender's name, which is known from the join."""
    known = state.present.get(fact.participant.id)
    who = known.participant if known is not None else fact.participant
    did = "now sends" if isinstance(fact, TrackPublished) else "no longer sends"
    return _told((Strong(_called(who) or "Somebody"), f" {did}: {spoken(fact.track)}."))


def _kept_out(fact: ParticipantKeptOut) -> Message:
    """Whoever keeps them out is mentioned: it is they who know why."""
    who = fact.participant
    said = (
        Strong(_called(who)),
        " came back and was removed again. ",
        Person(fact.by),
        " keeps them out until ",
        Moment(fact.until),
        ".",
    )
    return _told(said, _let_back_in(fact.room, who))


def _let_back_in(room: RoomRef, who: Participant) -> list[Action]:
    """No life of the room is named, as they are kept out of every one. Nobody can be let in by a blank identity."""
    if not who.identity.strip():
        return []
    admit = ParticipantAdmit(provider=room.provider, room=room.name, who=who.identity)
    return carried([Action("Let back in", admit, None, f"Let {_called(who)} into {room_name(room)} again")])


def _ingress(state: IngressState, fact: IngressChanged) -> Message:
    """As it was then. What can be done is offered where it still is so."""
    then = ingress.face(state.model_copy(update={"ingress": fact.ingress}))
    is_so = state.status is fact.ingress.status
    return _told(then.said, carried(then.steps) if is_so else (), mention=_concerned(state, then))


def _odd(state: RecordingState | StreamState | IngressState, fact: ConditionSeen) -> Message | None:
    """Nothing where it is otherwise by now."""
    if fact.condition is None or state.condition is not fact.condition:
        return None
    face = face_of(state)
    return _told(face.said, carried(face.steps), mention=state.made_by)


def _paused(state: RecordingState, fact: Paused) -> Message:
    """The button comes with the end, before which it could not go on."""
    face = face_of(state)
    return _told((*parts(face.subject), " was paused by ", Person(fact.by), "."), carried(_resume(face)))


def _goes_on(state: RecordingState, fact: PartBegun) -> Message | None:
    """Told of the part that was paused; the new one has a card, which says the same."""
    if not fact.next:
        return None
    return _told((*parts(face_of(state).subject), f" goes on in part {state.number + 1}."))


def _resume(face: Face) -> list[Action | Form]:
    return [step for step in face.steps if isinstance(step, Action) and isinstance(step.command, RecordingResume)]


def _of_plan(state: _Planned, fact: StopNear | StopCarriedOut | StopPlanned) -> Message | None:
    return _moved(state, fact) if isinstance(fact, StopPlanned) else _stop(state, fact)


def _stop(state: _Planned, fact: StopNear | StopCarriedOut) -> Message | None:
    """Nothing where it is over, or somebody has said otherwise meanwhile."""
    if not _holds(state, fact):
        return None
    if isinstance(fact, StopCarriedOut) and not fact.problem:
        return None
    face = face_of(state)
    subject, at = parts(face.subject), Moment(fact.stops_at)
    verb = _verb(state)
    if isinstance(fact, StopNear):
        said = (*subject, f" {verb}s ", at, ", unless somebody lets it go on.")
        return _told(said, carried(face.timing), mention=fact.by)
    by_hand = [step for step in face.steps if isinstance(step, Action) and isinstance(step.command, _BY_HAND)]
    said = (*subject, f" was to {verb} ", at, f", and goes on: {sentence(fact.problem)}")
    return _told(said, carried(by_hand), mention=fact.by)


def _moved(state: _Planned, fact: StopPlanned) -> Message | None:
    """A stop that was planned comes at another time, or not at all."""
    if not _holds(state, fact):
        return None
    subject = parts(face_of(state).subject)
    if fact.stops_at is None:
        return _told((*subject, " goes on: ", Person(fact.by), " keeps it going."))
    return _told((*subject, f" {_verb(state)}s ", Moment(fact.stops_at), " instead, as ", Person(fact.by), " said."))


def _holds(state: _Planned, fact: StopPlanned | StopNear | StopCarriedOut) -> bool:
    return not state.is_over and (state.plan is None or state.plan.rev <= fact.rev)


def _verb(state: _Planned) -> str:
    return "end" if isinstance(state, RoomState) else "stop"


def _destinations_failed(state: StreamState, fact: StreamChanged) -> Message | None:
    failed, known = stream.failed(fact.stream), len(fact.stream.destinations)
    if not failed:
        return None
    first, *others = failed
    which = (" does not reach ", *stream.failure(first))
    more = f" Of its {known:,} destinations {counted(len(others), 'other', 'others')} failed too." if others else ""
    said = (*parts(face_of(state).subject), *which, more, f" {stream.CHECK}")
    again: list[Action | Form] = [*stream.retries(state, failed)] if not others else []
    steps = [] if state.is_over else [*again, add_destination(state.stream)]
    return _told(said, carried(steps), mention=state.made_by)
