"""Everything about one recording."""

from typing import ClassVar

from commands.core import stopping
from commands.core.context import Context
from commands.core.egress_words import explain_trouble, source_words
from commands.core.reply import Action, Code, Moment, Person, Reply, Text, parts
from commands.core.stopping import as_said
from commands.core.words import counted, in_a_row, joined, spoken_duration, spoken_size
from commands.one_feed import subject
from commands.recording import RecordingList, RecordingStop, after_pause
from commands.recording_lookup import OneRecording
from commands.recording_parts import RecordingPause
from commands.recording_stopping import is_paused
from commands.recording_timing import target_of
from commands.recording_upkeep import RecordingRetry
from providers.base import Capability, Recording, RecordingStatus, Written, WrittenKind
from providers.facts import RecordingChanged

_KINDS = {
    WrittenKind.FILE: "File",
    WrittenKind.PLAYLIST: "Playlist",
    WrittenKind.LIVE_PLAYLIST: "Live playlist",
    WrittenKind.IMAGES: "Images",
    WrittenKind.MANIFEST: "Manifest",
}
_COUNTED = {
    WrittenKind.PLAYLIST: ("segment", "segments"),
    WrittenKind.LIVE_PLAYLIST: ("segment", "segments"),
    WrittenKind.IMAGES: ("image", "images"),
}


class RecordingShow(OneRecording, path="recording show", needs=Capability.LIST_RECORDINGS, examples=("standup", ".")):
    """Show one recording: how it is, what is written of it, and where."""

    doing: ClassVar[str] = "show"

    async def run(self, ctx: Context) -> Reply:
        recording = await self.newest(ctx)
        await ctx.report(RecordingChanged(recording=recording, **ctx.observed()))
        status = "paused" if recording.status.is_final and await is_paused(ctx, recording) else recording.status.value
        return Reply(
            text=("The recording of ", *subject(recording), f" is {status}."),
            facts=(*_particulars(recording), *_written(recording), *await _doings(ctx, recording)),
            hint=_explained(recording),
            actions=await _next_steps(ctx, recording),
        )


def _particulars(recording: Recording) -> list[tuple[str, Text]]:
    facts: list[tuple[str, Text]] = [("Id", (Code(recording.ref.id),)), ("Video server", recording.ref.provider)]
    source = recording.source
    said = in_a_row(source_words(source), f"layout {source.layout}" if source.layout else "")
    if said:
        facts.append(("Of", said))
    if recording.started_at is not None:
        facts.append(("Since", (Moment(recording.started_at),)))
    if recording.ended_at is not None:
        facts.append(("Until", (Moment(recording.ended_at),)))
    if recording.duration is not None:
        facts.append(("Duration", spoken_duration(recording.duration)))
    if recording.is_uploading:
        facts.append(("Stored", "not yet: it is being uploaded"))
    return facts


def _written(recording: Recording) -> list[tuple[str, Text]]:
    """What there is, with sizes; of a server that tells of one file alone, that."""
    if recording.written:
        return [(_KINDS[written.kind], _about(written)) for written in recording.written]
    if recording.location is None:
        return []
    size = spoken_size(recording.size) if recording.size is not None else ""
    return [("File", in_a_row((Code(recording.location),), size))]


def _about(written: Written) -> Text:
    count = ""
    if written.count is not None and written.kind in _COUNTED:
        count = counted(written.count, *_COUNTED[written.kind])
    return in_a_row(
        (Code(written.location),) if written.location else "",
        spoken_size(written.size) if written.size is not None else "",
        spoken_duration(written.duration) if written.duration is not None else "",
        count,
    )


async def _doings(ctx: Context, recording: Recording) -> list[tuple[str, Text]]:
    """What people did with it."""
    facts = list[tuple[str, Text]]()
    team, ref = ctx.caller.team_id, recording.ref
    if maker := await ctx.ports.rooms.made_by(team, ref.provider, ref.id):
        facts.append(("Started by", (Person(maker),)))
    if stop := (await stopping.stops_of(ctx, [target_of(recording)])).get(target_of(recording)):
        facts.append(("Stops", as_said(stop, ctx.ports.clock.now())))
    request = await ctx.ports.egress_requests.get(team, ref.provider, ref.id)
    if request is None:
        return facts
    if request.options.output is not None:
        facts.append(("Output", request.options.output))
    all_parts = await ctx.ports.egress_requests.parts(team, ref.provider, request.first or request.id)
    if len(all_parts) > 1:
        ids = [(f"{part.part}: ", Code(part.id)) for part in all_parts]
        facts.append(("Parts", joined([f"this is part {request.part}", *ids], "; ")))
    if request.is_paused:
        facts.append(("Paused", f"after part {request.part}"))
    return facts


def _explained(recording: Recording) -> Text:
    """Why it went wrong, in our words where they are known and in the server's."""
    backup = (
        "It is in the video server's back-up storage, and not where it was to go. "
        "Fetch it there, and mend the first place."
        if recording.is_backup
        else ""
    )
    trouble = explain_trouble(recording.trouble) if recording.trouble is not None else ""
    said = ("The server said: ", *parts(recording.error)) if recording.error else ""
    return joined([trouble, backup, said], " ")


async def _next_steps(ctx: Context, recording: Recording) -> tuple[Action, ...]:
    steps = [*await _changes(ctx, recording)]
    if recording.source.has_room:
        room = recording.room
        every = RecordingList(provider=room.provider, room=room.name, room_id=room.id or None)
        steps.append(Action("All of this room", every))
    return tuple(step for step in steps if step.command.spec.needs <= ctx.provider.capabilities)


async def _changes(ctx: Context, recording: Recording) -> list[Action]:
    provider, id = recording.ref.provider, recording.ref.id
    if recording.status.is_final:
        request = await ctx.ports.egress_requests.get(ctx.caller.team_id, provider, id)
        if request is not None and request.is_paused:
            return [*after_pause(ctx, recording)]
        return [Action("Record again", RecordingRetry(provider=provider, recording=id))]
    if recording.status is RecordingStatus.ENDING:
        return []
    stop = Action("Stop", RecordingStop(provider=provider, recording=id))
    if recording.status is RecordingStatus.STARTING:
        return [stop]
    return [stop, Action("Pause", RecordingPause(provider=provider, recording=id))]
