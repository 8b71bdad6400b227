"""The buttons of recordings and streams, wherever one is shown: whoever draws them leaves out what its server lacks."""

from collections.abc import Sequence
from typing import Final

from commands.core.base import pin
from commands.core.egress_words import about_words
from commands.core.phone_numbers import without_numbers
from commands.core.reply import Action, Form, plain
from commands.provider import ProviderShow
from commands.recording import RecordingStart, RecordingStop
from commands.recording_parts import RecordingPause, RecordingResume
from commands.recording_upkeep import RecordingDismiss, RecordingLayout, RecordingRetry
from commands.room import RoomJoin
from commands.stream_destinations import StreamAdd
from commands.stream_start import StreamStart
from commands.stream_stop import StreamDismiss, StreamStop
from commands.stream_upkeep import StreamLayout, StreamRetry
from providers.base import EgressKind, EgressTrouble, Recording, RoomRef, Stream
from providers.facts import Condition

Feed = Recording | Stream
_OF_RECORDING: Final = ("recording", RecordingLayout)
_OF_STREAM: Final = ("stream", StreamLayout)


def called(feed: Feed) -> str:
    """`recording of standup`: what a screen reader says of its buttons."""
    noun = "recording" if isinstance(feed, Recording) else "stream"
    return f"{noun} of {plain(about_words(feed.room.name, feed.source))}"


def stop(feed: Feed) -> Action:
    provider, id = feed.ref.provider, feed.ref.id
    is_recording = isinstance(feed, Recording)
    command = (
        RecordingStop(provider=provider, recording=id) if is_recording else StreamStop(provider=provider, stream=id)
    )
    return Action("Stop", command, description=f"Stop the {called(feed)}")


def dismiss(feed: Feed) -> Action:
    provider, id = feed.ref.provider, feed.ref.id
    command = (
        RecordingDismiss(provider=provider, recording=id)
        if isinstance(feed, Recording)
        else StreamDismiss(provider=provider, stream=id)
    )
    return Action("Dismiss", command, description=f"Dismiss the {called(feed)}")


def retry(feed: Feed, label: str = "Retry") -> Action:
    provider, id = feed.ref.provider, feed.ref.id
    command = (
        RecordingRetry(provider=provider, recording=id)
        if isinstance(feed, Recording)
        else StreamRetry(provider=provider, stream=id)
    )
    return Action(label, command, style="primary", description=f"Start the {called(feed)} again")


def pause(recording: Recording) -> Action:
    command = RecordingPause(provider=recording.ref.provider, recording=recording.ref.id)
    return Action("Pause", command, description=f"Pause the {called(recording)}")


def resume(recording: Recording) -> Action:
    command = RecordingResume(provider=recording.ref.provider, recording=recording.ref.id)
    return Action("Resume", command, style="primary", description=f"Go on with the {called(recording)}")


def finish(recording: Recording) -> Action:
    """Of one that is paused: it does not go on any more."""
    command = RecordingStop(provider=recording.ref.provider, recording=recording.ref.id)
    return Action("Finish", command, description=f"Finish the {called(recording)}: no part follows")


def layout(feed: Feed) -> tuple[Form, ...]:
    """Only a whole room is arranged."""
    if feed.source.kind is not EgressKind.ROOM or feed.source.audio_only:
        return ()
    name, command_type = _OF_RECORDING if isinstance(feed, Recording) else _OF_STREAM
    given = (("provider", feed.ref.provider), (name, feed.ref.id))
    return (Form("Layout", command_type, given, description=f"Arrange the {called(feed)}"),)


def add_destination(stream: Stream) -> Form:
    given = (("provider", stream.ref.provider), ("stream", stream.ref.id))
    return Form("Add destination", StreamAdd, given, description=f"Add a destination to the {called(stream)}")


def against(condition: Condition, feed: Feed) -> tuple[Action, ...]:
    """What helps where that is odd about it."""
    match condition:
        case Condition.NO_PUBLISHER:
            join = Action(
                "Join",
                RoomJoin(**pin(feed.room)),
                style="primary",
                description=f"Join room {without_numbers(feed.room.name)}",
            )
            return (join, stop(feed))
        case Condition.LEFT_BEHIND:
            return (dismiss(feed), stop(feed))
        case Condition.SLOW_END:
            return ()
        case _:
            return (stop(feed),)


def after_failure(feed: Feed) -> tuple[Action | Form, ...]:
    """What is next where it has failed. What a worker has too little CPU for, it may have for one participant."""
    costs_less = isinstance(feed, Recording) and feed.trouble is EgressTrouble.OVERLOADED and feed.source.has_room
    one = Form(
        "Record one participant",
        RecordingStart,
        tuple(pin(feed.room).items()),
        description=f"Record one participant of {without_numbers(feed.room.name)}",
    )
    is_unstored = feed.trouble is EgressTrouble.UPLOAD_FAILED
    where = (outputs(feed),) if is_unstored else ()
    again = "Record again" if is_unstored and isinstance(feed, Recording) else "Retry"
    return (retry(feed, again), *((one,) if costs_less else ()), *where)


def outputs(feed: Feed) -> Action:
    """Where it is put, and was not, or not at first."""
    server = feed.ref.provider
    return Action("Outputs", ProviderShow(name=server), description=f"Show where {server} stores recordings")


def stop_recordings(room: RoomRef, ids: Sequence[str]) -> Action | None:
    """What stops those of a room that run, None where none does. Of several none is guessed: the command answers a
    room's name, where it has one, with the choice."""
    if not ids:
        return None
    if len(ids) > 1 and room.name.strip():
        command = RecordingStop(provider=room.provider, recording=room.name, room_id=room.id or None)
    else:
        command = RecordingStop(provider=room.provider, recording=ids[0])
    return Action("Stop recording", command, description=f"Stop recording room {without_numbers(room.name)}")


def stop_streams(room: RoomRef, ids: Sequence[str]) -> Action | None:
    """As `stop_recordings`."""
    if not ids:
        return None
    if len(ids) > 1 and room.name.strip():
        command = StreamStop(provider=room.provider, stream=room.name, room_id=room.id or None)
    else:
        command = StreamStop(provider=room.provider, stream=ids[0])
    return Action("Stop stream", command, description=f"Stop streaming room {without_numbers(room.name)}")


def stream_to(room: RoomRef) -> Form:
    return Form(
        "Stream to...", StreamStart, tuple(pin(room).items()), description=f"Stream room {without_numbers(room.name)}"
    )
