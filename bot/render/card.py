"""The one function from the state of a thing to its card, and the note for the card's thread when it ends.

A card says its state in words first and marks it with a symbol second, and offers only what makes sense in it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.alerts.state import RecordingState, RoomState, ThingState
from bot.render.button import Buttons, is_inline
from bot.render.limits import HEADER_TEXT
from bot.render.message import Message, context, fields, header, message, section
from bot.render.text import Block, notification, spoken_size
from commands.core.base import pin
from commands.core.reply import Action, Code, Moment, Person, Strong, Text
from commands.core.words import count_people, joined, spoken_duration
from commands.participant_removal import ParticipantAdmit
from commands.recording import RecordingStart, RecordingStop
from commands.room import room_actions
from providers.base import Capability, Participant, Recording, RecordingStatus, RoomRef
from providers.facts import Fact, ParticipantJoined, ParticipantKeptOut, ParticipantLeft

_LONGEST_REASON = 500


def draw(state: ThingState, *, capabilities: Collection[Capability], card_id: int, generation: int) -> Message:
    """`capabilities` are those of the thing's provider: what it cannot do is not offered.

    Block ids carry card and generation, so that a press says which posting of which card it was made on.
    """
    match state:
        case RoomState():
            said, blocks = _room(state), _room_blocks(state, capabilities)
        case RecordingState():
            said, blocks = _recording(state.recording), _recording_blocks(state, capabilities)
        case _:
            raise AssertionError(f"nothing is drawn of {state.kind}")
    numbered = [{**block, "block_id": f"card:{card_id}:{generation}:{n}"} for n, block in enumerate(blocks)]
    return message(notification(said), numbered)


def note(state: ThingState, facts: Sequence[Fact]) -> Message | None:
    """What the thread of the card is told because of these facts; None where there is nothing to tell.

    That is an ending, a failure, that somebody who is kept out came back, or that people join and leave, where the
    channel wants to know. A failure mentions whoever started it, and brings the next step.
    """
    for fact in facts:
        match fact:
            case ParticipantKeptOut():
                return _kept_out(fact)
            case ParticipantJoined() | ParticipantLeft():
                return _came_or_went(fact)
    return _ending(state) if state.is_final else None


def _ending(state: ThingState) -> Message:
    if isinstance(state, RoomState):
        said, again = _room(state), list[Action]()
    elif not isinstance(state, RecordingState):
        raise AssertionError(f"nothing is said of {state.kind}")
    else:
        said, again = _recording(state.recording), _carried(_record_again(state.recording))
        if again and state.made_by is not None:
            said = joined([(Person(state.made_by),), said], ": ")
    return message(notification(said), [section(said), *Buttons().rows(again)])


def _came_or_went(fact: ParticipantJoined | ParticipantLeft) -> Message:
    """By name and not by mention: nobody is to be notified of every step of somebody."""
    why = f": {fact.reason}" if isinstance(fact, ParticipantLeft) and fact.reason else ""
    did = "joined" if isinstance(fact, ParticipantJoined) else "left"
    said = (Strong(fact.participant.shown_name), f" {did}{why}.")
    return message(notification(said), [section(said)])


def _kept_out(fact: ParticipantKeptOut) -> Message:
    """Whoever keeps them out is mentioned: it is they who know why."""
    room, who = fact.room, fact.participant
    said = (
        Strong(who.shown_name),
        " came back and was removed again. ",
        Person(fact.by),
        " keeps them out until ",
        Moment(fact.until),
        ".",
    )
    return message(notification(said), [section(said), *Buttons().rows(_let_back_in(room, who))])


def _let_back_in(room: RoomRef, who: Participant) -> list[Action]:
    """No life of the room is named, as they are kept out of every one. Nobody can be let in by a blank identity."""
    if not who.identity.strip():
        return []
    admit = ParticipantAdmit(provider=room.provider, room=room.name, who=who.identity)
    return _carried([Action("Let back in", admit, None, f"Let {who.shown_name} into {room.name} again")])


# A room


def _room(room: RoomState) -> Text:
    """One sentence, for notifications and threads."""
    if room.is_final:
        return ("Room ", Strong(room.ref.name), " ended", _after(room.created_at, room.ended_at), ".")
    recorded = ", and it is being recorded" if room.running_recordings else ""
    return ("Room ", Strong(room.ref.name), f" is live with {_people(room)}{recorded}.")


def _room_blocks(room: RoomState, capabilities: Collection[Capability]) -> list[Block]:
    status = _room_ended(room) if room.is_final else _room_live(room)
    actions = [] if room.is_final else _possible(room_actions(room.ref, stop=_stop_recording(room)), capabilities)
    return [
        header(room.ref.name, HEADER_TEXT),
        section(status),
        *Buttons().rows(actions),
        context(_origin(room.ref.provider, room.ref.id, room.made_by)),
    ]


def _room_live(room: RoomState) -> Text:
    since: Text = ("since ", Moment(room.created_at)) if room.created_at else ""
    recording: Text = ("🔴 ", Strong("Recording")) if room.running_recordings else ""
    return joined([("🟢 ", Strong("Live")), _people(room), since, recording], " · ")


def _room_ended(room: RoomState) -> Text:
    at: Text = (Moment(room.ended_at),) if room.ended_at else ""
    return joined([("⚪ ", Strong("Ended"), _after(room.created_at, room.ended_at)), at], " · ")


def _people(room: RoomState) -> str:
    people = count_people(room.people or 0)
    if room.max_participants and room.people:
        return f"{people} of {room.max_participants:,}"
    return f"{people} in it" if not room.people else people


def _stop_recording(room: RoomState) -> RecordingStop | None:
    """Of several recordings none is guessed: the command answers a room's name, where it has one, with the choice."""
    running, ref = room.running_recordings, room.ref
    if not running:
        return None
    if len(running) > 1 and ref.name.strip():
        return RecordingStop(provider=ref.provider, recording=ref.name, room_id=ref.id or None)
    return RecordingStop(provider=ref.provider, recording=running[0])


# A recording


def _recording(recording: Recording) -> Text:
    """One sentence, for notifications and threads."""
    outcome: Text
    match recording.status:
        case RecordingStatus.STARTING:
            outcome = " is starting."
        case RecordingStatus.LIVE:
            outcome = " is running."
        case RecordingStatus.ENDING:
            outcome = " is ending."
        case RecordingStatus.READY:
            outcome = ": ".join([" is ready", *filter(None, [", ".join(_measures(recording))])]) + "."
        case RecordingStatus.FAILED:
            outcome = f" failed: {_reason(recording)}"
        case RecordingStatus.ABORTED:
            outcome = f" was aborted: {_reason(recording)}"
    return ("The recording of ", Strong(recording.room.name), outcome)


def _recording_blocks(state: RecordingState, capabilities: Collection[Capability]) -> list[Block]:
    recording = state.recording
    return [
        header(f"Recording of {recording.room.name}", HEADER_TEXT),
        section(_recording_status(recording)),
        *fields(_file(recording)),
        *Buttons().rows(_possible(_recording_actions(recording), capabilities)),
        context(_origin(recording.ref.provider, recording.ref.id, state.made_by)),
    ]


def _recording_status(recording: Recording) -> Text:
    began: Text = ("since ", Moment(recording.started_at)) if recording.started_at else ""
    match recording.status:
        case RecordingStatus.STARTING:
            return ("⏳ ", Strong("Starting"))
        case RecordingStatus.LIVE:
            return joined([("🔴 ", Strong("Live")), began], " · ")
        case RecordingStatus.ENDING:
            return ("⏳ ", Strong("Ending"), ": the file is being written")
        case RecordingStatus.READY:
            return ("✅ ", Strong("Ready"))
        case RecordingStatus.FAILED:
            return ("⚠️ ", Strong("Failed"), f": {_reason(recording)}")
        case RecordingStatus.ABORTED:
            return ("⚠️ ", Strong("Aborted"), f": {_reason(recording)}")


def _file(recording: Recording) -> list[tuple[str, Text]]:
    if recording.status is not RecordingStatus.READY:
        return []
    facts: list[tuple[str, Text]] = []
    if recording.duration is not None:
        facts.append(("Duration", spoken_duration(recording.duration)))
    if recording.size is not None:
        facts.append(("Size", spoken_size(recording.size)))
    if recording.location:
        facts.append(("Location", (Code(recording.location),)))
    return facts


def _measures(recording: Recording) -> list[str]:
    duration, size = recording.duration, recording.size
    return [
        *([spoken_duration(duration)] if duration is not None else []),
        *([spoken_size(size)] if size is not None else []),
    ]


def _reason(recording: Recording) -> str:
    """The server's words as the end of a sentence."""
    words = " ".join((recording.error or "the server gives no reason").split())
    words = words if len(words) <= _LONGEST_REASON else words[: _LONGEST_REASON - 1] + "…"
    return words if words.endswith((".", "!", "?", "…")) else words + "."


def _recording_actions(recording: Recording) -> list[Action]:
    if recording.status in (RecordingStatus.STARTING, RecordingStatus.LIVE):
        stop = RecordingStop(provider=recording.ref.provider, recording=recording.ref.id)
        return [Action("Stop", stop, None, f"Stop recording {recording.room.name}")]
    return _record_again(recording)


def _record_again(recording: Recording) -> list[Action]:
    failed = recording.status in (RecordingStatus.FAILED, RecordingStatus.ABORTED)
    if not failed:
        return []
    start = RecordingStart(**pin(recording.room))
    return [Action("Record again", start, None, f"Record again room {recording.room.name}")]


# Both


def _possible(actions: Sequence[Action], capabilities: Collection[Capability]) -> list[Action]:
    """What the server can do."""
    return _carried([action for action in actions if action.command.spec.needs <= frozenset(capabilities)])


def _carried(actions: Sequence[Action]) -> list[Action]:
    """A name too long for a button has none: cards and notes store no pending rows."""
    return [action for action in actions if is_inline(action)]


def _origin(provider: str, id: str, made_by: str | None) -> Text:
    by: Text = ("Made by ", Person(made_by)) if made_by else ""
    return joined([by, ("on ", Code(provider)), (Code(id),) if id else ""], " · ")


def _after(began: datetime | None, ended: datetime | None) -> str:
    """` after 42 min`, where both times are known and in order."""
    if began is None or ended is None or ended - began < timedelta(seconds=1):
        return ""
    return f" after {spoken_duration(ended - began)}"
