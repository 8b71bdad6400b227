"""How a recording begins, whether somebody wants a new one, the same again, or the next part of one."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from commands.core import egress_starting, stopping
from commands.core.context import Context
from commands.core.egress_requests import EgressRequest
from commands.core.egress_sources import nobody_sends
from commands.core.reply import Action, Moment, Text
from commands.core.stopping import Planned
from commands.core.words import joined
from commands.recording_timing import stoppable
from providers.base import Capability, EgressKind, FileOutput, Recording, RecordingStatus, RoomRef
from providers.errors import ProviderError

MANY = 10
"""So many of one room at the same time are mostly more than anybody wants."""


@dataclass(frozen=True, slots=True)
class Begun:
    """`before`: what ran already of that room. `hint` says what an operator should know of both."""

    recording: Recording
    planned: Planned
    before: Sequence[Recording]
    hint: Text


async def begin(ctx: Context, wanted: EgressRequest, again: Action, *, is_kept: bool = False) -> Begun:
    """What writes, with its stop planned; all else as `egress_starting.begin`."""
    room, source = wanted.room, wanted.options.source
    before = await _running(ctx, room) if room is not None else []
    waits = room is not None and source.kind is EgressKind.ROOM and await nobody_sends(ctx, room)
    if not wanted.options.writes:
        wanted = replace(wanted, options=replace(wanted.options, file=FileOutput()))
    recording = (await egress_starting.begin(ctx, wanted, again, is_kept=is_kept)).recording
    assert recording is not None, "what writes is a recording"
    planned = await stopping.plan(ctx, stoppable(ctx, recording), wanted.stop_after)
    return Begun(recording, planned, before, joined([_already(before), _WAITS if waits else ""], " ") or "")


_TAKES_IN = (RecordingStatus.STARTING, RecordingStatus.LIVE)
_WAITS = "Nobody sends anything there yet, so it may wait until somebody does."


async def _running(ctx: Context, room: RoomRef) -> Sequence[Recording]:
    """What is being recorded already, as far as the server says; its trouble is no reason not to record. One that is
    ending, such as the part before this one, takes in nothing any more."""
    if Capability.LIST_RECORDINGS not in ctx.provider.capabilities:
        return []
    with suppress(ProviderError):
        return [r for r in await ctx.list_recordings(room) if r.status in _TAKES_IN]
    return []


def _already(running: Sequence[Recording]) -> Text:
    """An operator may want two, say one of the sound alone, so it is said and not asked."""
    if not running:
        return ""
    if len(running) > 1:
        many = " Each takes CPU of a worker; stop those that nobody needs." if len(running) >= MANY - 1 else ""
        return f"It is being recorded already, {len(running)} times; this is one more.{many}"
    since: Text = (", since ", Moment(began)) if (began := running[0].started_at) is not None else ""
    return ("It is being recorded already", *since, "; this is a second one.")
