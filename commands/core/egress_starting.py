"""How something begins that leaves a room: one way for recordings, streams, and what is both."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from commands.core.context import NOT_MADE, Context
from commands.core.directory import reserved_as
from commands.core.egress_requests import EgressRequest
from commands.core.errors import CommandError, Ended, Problem, UsageError
from commands.core.reply import Action, Code
from commands.core.words import counted
from providers.base import Capability, EgressKind, EgressOptions, EgressSource, Recording, RoomRef, Stream
from providers.errors import NotFound, NoWorker, ProviderError, TimedOut
from providers.facts import RecordingChanged, StreamChanged, ThingKind

_COSTLY = (EgressKind.ROOM, EgressKind.WEB)
"""A worker draws them in a browser of their own."""

_CLOCKS_DIFFER: Final = timedelta(seconds=10)
"""A video server's from ours, at most."""

NOTHING_BEGAN: Final = (CommandError, *NOT_MADE)
"""What `begin` raises where it is certain; after any other error it may have begun."""


class MayStillBegin(TimedOut):
    """The video server has not said in time whether it began. It may begin all the same, and its card comes then; look
    at what runs before you start another one."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Under one id: a recording, a stream, or both."""

    id: str
    recording: Recording | None
    stream: Stream | None


async def begin(ctx: Context, wanted: EgressRequest, again: Action, *, is_kept: bool = False) -> Begun:
    """Start it, let its cards come, and keep what was asked for. `wanted` has no id yet.

    `again` is what tries it once more. `is_kept`: it was asked for before, and what its addresses lead to may have
    changed since. Raises `CommandError` and `ProviderError`.
    """
    if is_kept:
        await _require_reach(ctx, wanted.options, again)
    name, kinds = reserved_as(wanted.room, wanted.options.source), kinds_of(wanted.options)
    async with _starting(ctx, wanted, again), AsyncExitStack() as reservations:
        for kind in kinds:
            await reservations.enter_async_context(ctx.reserved(kind, name))
        begun = await _start(ctx, wanted.room, wanted.options)
    await _report(ctx, begun)  # before what may fail, so that its cards and its maker are known
    await ctx.ports.egress_requests.keep(ctx.caller.team_id, replace(wanted, id=begun.id))
    for kind in kinds:  # whoever starts one of that room next may do it elsewhere
        await ctx.release(kind, name)
    return begun


def kinds_of(options: EgressOptions) -> Sequence[ThingKind]:
    """What comes of it: where nothing else is said, a recording."""
    segments = options.segments
    sends = options.urls or (segments is not None and (segments.is_live or segments.live_playlist))
    streams = [ThingKind.STREAM] if sends else []
    return [ThingKind.RECORDING, *streams] if options.records or not streams else streams


@asynccontextmanager
async def offering_room(ctx: Context, room: RoomRef | None) -> AsyncIterator[None]:
    """Around what begins something once more in that room: with its `Ended` comes what creates the room again."""
    try:
        yield
    except Ended as ended:
        if room is not None:
            create = ctx.ports.commands["room", "create"]
            again = create.model_validate({"provider": room.provider, "name": room.name})
            ended.actions = (Action("Create room", again),)
        raise


def began_since(ctx: Context, started_at: datetime | None) -> bool:
    """Whether the run whose aftermath this is can have begun it. What has no start yet is about to begin."""
    return started_at is None or ctx.tried_at is None or started_at >= ctx.tried_at - _CLOCKS_DIFFER


async def _start(ctx: Context, room: RoomRef | None, options: EgressOptions) -> Begun:
    provider, kinds = ctx.provider, kinds_of(options)
    if len(kinds) > 1 and Capability.START_EGRESS in provider.capabilities:
        egress = await provider.start_egress(room, options)
        return Begun(egress.ref.id, egress.recording, egress.stream)
    if ThingKind.STREAM in kinds:
        stream = await provider.start_stream(room, options)
        return Begun(stream.ref.id, None, stream)
    recording = await provider.start_recording(room, options)
    return Begun(recording.ref.id, recording, None)


async def _report(ctx: Context, begun: Begun) -> None:
    if begun.recording is not None:
        await ctx.report(RecordingChanged(recording=begun.recording, **ctx.observed()), card=True, made=True)
    if begun.stream is not None:
        await ctx.report(StreamChanged(stream=begun.stream, **ctx.observed()), card=True, made=True)


async def _require_reach(ctx: Context, options: EgressOptions, again: Action) -> None:
    """Raises `UsageError`."""
    urls = [url.get_secret_value() for url in options.urls]
    urls += [] if options.source.has_room else [options.source.url]
    refusals = await asyncio.gather(*map(ctx.ports.reach.refusal, urls))
    if problems := [Problem(refusal) for refusal in refusals if refusal is not None]:
        raise UsageError(problems, path=again.command.spec.path)


@asynccontextmanager
async def _starting(ctx: Context, wanted: EgressRequest, again: Action) -> AsyncIterator[None]:
    """Around the call that starts it.

    Raises `CommandError` where the room is over or no worker took it, and `MayStillBegin`.
    """
    try:
        yield
    except NotFound:
        if wanted.room is None:
            raise
        raise await ctx.gone(wanted.room) from None
    except NoWorker:
        raise await _no_worker(ctx, wanted.options.source, again) from None
    except TimedOut as error:
        raise MayStillBegin(error.detail, provider=error.provider, operation=error.operation) from error


async def _no_worker(ctx: Context, source: EgressSource, again: Action) -> CommandError:
    server, running = ctx.provider.name, await _how_many_run(ctx)
    remedy = "Stop what is not needed, add a worker, or try again later."
    if source.kind in _COSTLY and Capability.RECORDING_PARTICIPANT in ctx.provider.capabilities:
        remedy += " One participant or one track costs a worker less CPU than a whole room or a page."
    show = Code(f"{ctx.ports.slash} provider show {server}")
    return CommandError(
        ("No worker of ", Code(server), f" took it: none runs, or all are busy. {running}"),
        (remedy, " See ", show, "."),
        actions=[again],
    )


async def _how_many_run(ctx: Context) -> str:
    """A sentence; empty where the server does not tell."""
    if Capability.LIST_EGRESSES not in ctx.provider.capabilities:
        return ""
    with suppress(ProviderError):
        count = len(await ctx.provider.list_egresses(active=True))
        run = counted(count, "egress runs", "egresses run") if count else "No egress runs"
        return f"{run} there at this moment."
    return ""
