"""The recordings of a room, as the commands for rooms see them."""

from dataclasses import dataclass

from commands.core.base import pin
from commands.core.context import Context
from commands.core.egress_requests import EgressRequest
from commands.core.reply import Action
from commands.recording import RecordingStart
from providers.base import Capability, EgressOptions, EgressSource, FileOutput, RoomRef
from providers.errors import ProviderError
from providers.facts import RecordingChanged


@dataclass(frozen=True, slots=True)
class FromStart:
    """What came of a recording that was to begin with its room: a sentence to follow another, and what can be done."""

    said: str = ""
    actions: tuple[Action, ...] = ()


async def recorded_from_start(ctx: Context, room: RoomRef, layout: str | None) -> FromStart:
    """Its card comes here, else nobody would hear of its failure. The room is there, whatever becomes of this look."""
    if Capability.LIST_RECORDINGS not in ctx.provider.capabilities:
        return FromStart()
    try:
        found = await ctx.list_recordings(room)
    except ProviderError:
        return FromStart(" Whether it is being recorded the video server did not say.")
    if not found:
        record = Action("Record", RecordingStart(**pin(room), layout=layout))
        return FromStart(" It is not being recorded: the video server began nothing.", (record,))
    options = EgressOptions(source=EgressSource(layout=layout), file=FileOutput())
    for recording in found:
        request = EgressRequest(room.provider, recording.ref.id, room, options, by=ctx.caller.user_id)
        await ctx.ports.egress_requests.keep(ctx.caller.team_id, request)
        await ctx.report(RecordingChanged(recording=recording, **ctx.observed()), card=True, made=True)
    return FromStart(" It is being recorded.")


async def finds_recording(ctx: Context, room: RoomRef) -> bool:
    """That a room is recorded everybody may know; one that was started in private is not theirs to stop."""
    if Capability.LIST_RECORDINGS not in ctx.provider.capabilities:
        return False
    try:
        return any(not recording.status.is_final for recording in await ctx.list_recordings(room))
    except ProviderError:
        return True
