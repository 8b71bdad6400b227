"""The face of a recording."""

from collections.abc import Sequence

from bot.alerts.state import Plan, RecordingState
from bot.render.card.face import (
    ABORTED,
    ENDING,
    FAILED,
    LOST,
    ON_AIR,
    READY,
    STARTING,
    Face,
    Standing,
    as_planned,
    dotted,
    is_open,
    lost,
    origin,
    planned,
    reason,
    room_name,
    since,
)
from bot.render.text import spoken_size
from commands.core.base import pin
from commands.core.reply import Action, Code, Strong, Text, parts
from commands.core.words import spoken_duration
from commands.recording import RecordingList, RecordingStart, RecordingStop
from commands.recording_timing import RecordingExtend, RecordingKeepGoing
from providers.base import Recording, RecordingStatus

_STANDINGS = {
    RecordingStatus.STARTING: STARTING,
    RecordingStatus.LIVE: ON_AIR,
    RecordingStatus.ENDING: ENDING,
    RecordingStatus.READY: READY,
    RecordingStatus.FAILED: FAILED,
    RecordingStatus.ABORTED: ABORTED,
}


def face(state: RecordingState) -> Face:
    recording = state.recording
    topic: Text = ("recording of ", Strong(room_name(recording.room)))
    standing, said, explained = LOST, *lost(("the ", *topic))
    if not state.is_lost:
        standing, said, explained = _standing(recording)
        said = (*parts(said), *_stopped(state))
    return Face(
        standing=standing,
        said=said,
        subject=_subject(recording),
        title=f"Recording of {recording.room.name}",
        topic=topic,
        id=recording.ref.id,
        explained=explained,
        brief=_brief(recording),
        planned="" if state.is_over else planned(state.plan, verb="stop"),
        timing=() if state.is_over else _timing(recording, state.plan),
        particulars=_file(recording),
        steps=_look_for(recording) if state.is_lost else _steps(recording),
        origin=origin(state, recording.ref.id),
    )


def _timing(recording: Recording, plan: Plan | None) -> Sequence[Action]:
    if not is_open(plan):
        return ()
    ref, name = recording.ref, recording.room.name
    longer = RecordingExtend(provider=ref.provider, recording=ref.id, rev=plan.rev)
    on = RecordingKeepGoing(provider=ref.provider, recording=ref.id)
    return (
        Action("Extend", longer, description=f"Extend the recording of {name}"),
        Action("Keep going", on, description=f"Keep recording {name}"),
    )


def _standing(recording: Recording) -> tuple[Standing, Text, Text]:
    """Its standing, that as a sentence, and what follows its word on the card."""
    said, explained = _told(recording)
    return _STANDINGS[recording.status], (*_subject(recording), said), explained


def _told(recording: Recording) -> tuple[str, Text]:
    match recording.status:
        case RecordingStatus.STARTING:
            return " is starting.", ""
        case RecordingStatus.LIVE:
            return " is running.", dotted(since(recording.started_at))
        case RecordingStatus.ENDING:
            return " is ending.", ": the file is being written"
        case RecordingStatus.READY:
            return ": ".join([" is ready", *filter(None, [_measures(recording)])]) + ".", ""
        case RecordingStatus.FAILED:
            return f" failed: {reason(recording.error)}", f": {reason(recording.error)}"
        case RecordingStatus.ABORTED:
            return f" was aborted: {reason(recording.error)}", f": {reason(recording.error)}"


def _stopped(state: RecordingState) -> Text:
    """That it was stopped by plan, where it went well."""
    how = as_planned(state.plan)
    is_told = how and state.recording.status is RecordingStatus.READY
    return (" It was stopped", *parts(how), ".") if is_told else ""


def _subject(recording: Recording) -> Sequence[str | Strong]:
    return "The recording of ", Strong(room_name(recording.room))


def _brief(recording: Recording) -> str:
    if _went_wrong(recording):
        return reason(recording.error)
    return _measures(recording) if recording.status is RecordingStatus.READY else ""


def _measures(recording: Recording) -> str:
    duration, size = recording.duration, recording.size
    known = [spoken_duration(duration)] if duration is not None else []
    return ", ".join(known + ([spoken_size(size)] if size is not None else []))


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


def _steps(recording: Recording) -> Sequence[Action]:
    room = recording.room
    if recording.status in (RecordingStatus.STARTING, RecordingStatus.LIVE):
        stop = RecordingStop(provider=recording.ref.provider, recording=recording.ref.id)
        return (Action("Stop", stop, description=f"Stop recording {room.name}"),)
    if _went_wrong(recording):
        again = RecordingStart(**pin(room))
        return (Action("Record again", again, description=f"Record again room {room.name}"),)
    return ()


def _look_for(recording: Recording) -> Sequence[Action]:
    room = recording.room
    found = RecordingList(
        provider=room.provider, room=room.name if room.name.strip() else None, room_id=room.id or None
    )
    return (Action("Its recordings", found, description=f"List the recordings of {room.name}"),)


def _went_wrong(recording: Recording) -> bool:
    return recording.status in (RecordingStatus.FAILED, RecordingStatus.ABORTED)
