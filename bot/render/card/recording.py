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
    Rank,
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
from bot.render.card.trouble import dismissed, odd, why
from commands.core.egress_words import about_words, explain_condition, explain_trouble
from commands.core.reply import Action, Code, Form, Mark, Person, Strong, Text, parts, plain
from commands.core.words import counted, in_a_row, joined, shortened, spoken_duration, spoken_size
from commands.egress_actions import after_failure, against, called, finish, layout, outputs, pause, resume, retry, stop
from commands.recording import RecordingList
from commands.recording_timing import RecordingExtend, RecordingKeepGoing
from providers.base import EgressTrouble, Recording, RecordingStatus, Written, WrittenKind

_PAUSED = Standing("⏸️", "Paused", Rank.OVER)
_PAUSING = Standing("⏳", "Pausing")
_UPLOADING = Standing("⏳", "Uploading")
_IN_BACKUP = Standing("⚠️", "In back-up storage", Rank.TROUBLE)
_IN_WORDS = "it could not be stored where it was to go. Fetch it there, and mend the first place."
_LONGEST_PLACE = 200
_KINDS = {
    WrittenKind.FILE: "File",
    WrittenKind.PLAYLIST: "Playlist",
    WrittenKind.LIVE_PLAYLIST: "Live playlist",
    WrittenKind.IMAGES: "Images",
    WrittenKind.MANIFEST: "Manifest",
}


def face(state: RecordingState) -> Face:
    recording, about = state.recording, _about(state)
    subject: Text = ("The recording of ", *about)
    topic: Text = ("recording of ", *about)
    standing, said, explained = LOST, *lost(("the ", *topic))
    if not state.is_lost:
        standing, told, explained = _told(state)
        said = (*subject, *parts(joined([told, _odd(state)], " ")), *_stopped(state))
    return Face(
        standing=standing,
        said=said,
        subject=subject,
        title=plain(("Recording of ", *about)),
        topic=topic,
        id=recording.ref.id,
        explained=explained,
        brief="" if state.is_lost else _brief(recording),
        planned="" if state.is_over or recording.status is RecordingStatus.ENDING else planned(state.plan, verb="stop"),
        timing=() if state.is_over else _timing(recording, state.plan),
        lines=[*filter(None, [_odd(state)]), *_several(recording)],
        particulars=_particulars(recording),
        steps=_steps(state),
        origin=origin(state, recording.ref.id),
    )


def _about(state: RecordingState) -> Sequence[str | Mark]:
    """What it is of, and which part where it is not the first."""
    about = parts(about_words(room_name(state.room), state.recording.source))
    return (*about, f", part {state.number}") if state.number > 1 else about


def _told(state: RecordingState) -> tuple[Standing, Text, Text]:
    """How it stands, that as the end of a sentence, and what follows its word on the card."""
    recording = state.recording
    if state.dismissal is not None and not recording.status.is_final:
        return dismissed(state, state.dismissal)
    match recording.status:
        case RecordingStatus.STARTING:
            return odd(state.condition, STARTING), " is starting.", ""
        case RecordingStatus.LIVE:
            return odd(state.condition, ON_AIR), " is running.", dotted(since(recording.started_at))
        case RecordingStatus.ENDING:
            return _ending(state)
        case RecordingStatus.READY:
            return _ready(state)
        case RecordingStatus.FAILED:
            told = why(recording.error, recording.trouble)
            return FAILED, f" failed: {told}", f": {told}"
        case RecordingStatus.ABORTED:
            told = why(recording.error, recording.trouble)
            return ABORTED, f" was aborted: {told}", f": {told}"


def _ending(state: RecordingState) -> tuple[Standing, Text, Text]:
    if state.recording.is_uploading:
        return odd(state.condition, _UPLOADING), " is being stored.", ": all is recorded, and is being stored"
    if state.pause is not None and state.finish is None:
        return odd(state.condition, _PAUSING), " is being paused.", ": what there is of it is being written"
    return odd(state.condition, ENDING), " is ending.", ": the file is being written"


def _ready(state: RecordingState) -> tuple[Standing, Text, Text]:
    recording, part = state.recording, f"part {state.number}"
    measures = _measures(recording)
    if recording.is_backup:
        return _IN_BACKUP, f" is ready, in the back-up storage: {_IN_WORDS}", f": {_IN_WORDS}"
    if state.is_paused:
        by = (f" after {part}, by ", Person(state.pause.by)) if state.pause is not None else f" after {part}"
        return _PAUSED, f" is paused after {part}.", by
    goes_on = f"goes on in part {state.number + 1}" if state.next_part else ""
    said = "; ".join(filter(None, [": ".join(filter(None, [" is ready", measures])), goes_on and f"it {goes_on}"]))
    return READY, f"{said}.", dotted(goes_on)


def _odd(state: RecordingState) -> str:
    """What is odd about it and what to do, where it goes on; of one that is ready, why it ended."""
    if state.condition is not None:
        return explain_condition(state.condition, state.recording.source)
    recording = state.recording
    is_told = recording.status is RecordingStatus.READY and recording.trouble is not None
    return explain_trouble(recording.trouble) if is_told and recording.trouble is not None else ""


def _timing(recording: Recording, plan: Plan | None) -> Sequence[Action]:
    if not is_open(plan) or recording.status is RecordingStatus.ENDING:
        return ()
    ref, what = recording.ref, called(recording)
    longer = RecordingExtend(provider=ref.provider, recording=ref.id, rev=plan.rev)
    on = RecordingKeepGoing(provider=ref.provider, recording=ref.id)
    return (
        Action("Extend", longer, description=f"Extend the {what}"),
        Action("Keep going", on, description=f"Keep the {what} going"),
    )


def _stopped(state: RecordingState) -> Text:
    """That it was stopped by plan, where it went well."""
    how = as_planned(state.plan)
    is_told = how and state.recording.status is RecordingStatus.READY
    return (" It was stopped", *parts(how), ".") if is_told else ""


def _brief(recording: Recording) -> str:
    if recording.status in (RecordingStatus.FAILED, RecordingStatus.ABORTED):
        return reason(recording.error)
    return _measures(recording) if recording.status is RecordingStatus.READY else ""


def _measures(of: Recording | Written) -> str:
    """`12 min, 34.1 MB`, as far as they are known."""
    known = [spoken_duration(of.duration)] if of.duration is not None else []
    return ", ".join(known + ([spoken_size(of.size)] if of.size is not None else []))


def _particulars(recording: Recording) -> list[tuple[str, Text]]:
    """Of what is ready; where it is, too, if it is one file."""
    if recording.status is not RecordingStatus.READY:
        return []
    facts: list[tuple[str, Text]] = []
    if recording.duration is not None:
        facts.append(("Duration", spoken_duration(recording.duration)))
    if recording.size is not None:
        facts.append(("Size", spoken_size(recording.size)))
    if recording.location and not _several(recording):
        facts.append(("Location", (Code(recording.location),)))
    return facts


def _several(recording: Recording) -> list[Text]:
    """A line for each thing that was written, where it is not one file alone. Of one that failed, what there is."""
    written = recording.written
    match recording.status:
        case RecordingStatus.READY if len(written) > 1 or any(each.kind is not WrittenKind.FILE for each in written):
            return [_line(each) for each in written]
        case RecordingStatus.FAILED | RecordingStatus.ABORTED:
            return [_line(each) for each in written if each.size or each.count]
    return []


def _line(written: Written) -> Text:
    pieces = ("image", "images") if written.kind is WrittenKind.IMAGES else ("segment", "segments")
    count = counted(written.count, *pieces) if written.count is not None else ""
    place = (Code(shortened(written.location, _LONGEST_PLACE)),) if written.location else ""
    return in_a_row((Strong(_KINDS[written.kind]),), place, count, _measures(written))


def _steps(state: RecordingState) -> Sequence[Action | Form]:
    recording = state.recording
    if state.is_lost:
        return _look_for(recording)
    if state.is_paused:
        return resume(recording), finish(recording)
    if state.condition is not None:
        return against(state.condition, recording)
    if state.dismissal is not None:
        return ()
    match recording.status:
        case RecordingStatus.STARTING:
            return (stop(recording),)
        case RecordingStatus.LIVE:
            return (pause(recording), stop(recording), *layout(recording))
        case RecordingStatus.FAILED | RecordingStatus.ABORTED:
            return after_failure(recording)
        case RecordingStatus.READY if recording.trouble is EgressTrouble.LIMIT_REACHED:
            return (retry(recording, "Record again"),)
        case RecordingStatus.READY if recording.is_backup:
            return (outputs(recording),)
    return ()


def _look_for(recording: Recording) -> Sequence[Action]:
    room = recording.room
    found = RecordingList(
        provider=room.provider, room=room.name if room.name.strip() else None, room_id=room.id or None
    )
    return (Action("Its recordings", found, description=f"List the recordings of {room_name(room)}"),)
