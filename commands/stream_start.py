"""Streams that begin: of a room, to one or more places."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

from pydantic import Field

from commands.core import egress_starting, stopping
from commands.core.base import Advanced, Fetched, Needs, Positional, Role, RoomCommand
from commands.core.context import Context
from commands.core.egress_options import LAYOUTS, OUTPUTS, PRESETS, option_problems
from commands.core.egress_requests import EgressRequest
from commands.core.egress_sources import nobody_sends
from commands.core.egress_starting import began_since
from commands.core.errors import Problem
from commands.core.reply import Action, Button, Form, Moment, Reply, Strong, Text
from commands.core.stopping import Planned
from commands.core.stream_urls import StreamUrl, url_problems
from commands.core.timers import length_problem
from commands.core.types import Duration
from commands.core.words import counted, joined
from commands.stream_destinations import StreamAdd
from commands.stream_stop import StreamStop
from commands.stream_timing import stoppable
from providers.base import Capability, EgressOptions, EgressSource, Provider, RoomRef, SegmentsOutput, Stream
from providers.errors import ProviderError
from providers.facts import StreamChanged


class StreamStart(
    RoomCommand,
    path="stream start",
    heading="Stream to",
    role=Role.OPERATOR,
    needs=Capability.START_STREAM,
    examples=(
        "standup rtmp://live.example.com/app/KEY",
        "standup rtmp://live.example.com/app/KEY rtmps://b.example.com/live/KEY --layout speaker",
        "standup srt://live.example.com:9000 --stop-after 1h30m",
    ),
    aliases=("room stream",),
):
    """Stream a room to other services, by RTMP, SRT or HLS."""

    urls: Annotated[tuple[StreamUrl, ...], Positional(), Fetched()] = Field(
        (), description="Where to, by RTMP or SRT, with the stream key at the end"
    )
    hls: Annotated[bool, Needs(Capability.STREAM_HLS)] = Field(
        False, description="Write it as HLS, for viewers who open a playlist"
    )
    layout: Annotated[str | None, Needs(Capability.STREAM_LAYOUT), LAYOUTS] = Field(
        None, description="How the participants are arranged"
    )
    stop_after: Annotated[Duration | None, Needs(Capability.STOP_STREAM)] = Field(
        None, description="Stop it by itself after so long, such as 1h30m"
    )
    audio_only: Annotated[bool, Needs(Capability.STREAM_AUDIO_ONLY), Advanced()] = Field(
        False, description="Stream the sound without the picture"
    )
    preset: Annotated[str | None, Needs(Capability.STREAM_PRESET), PRESETS, Advanced()] = Field(
        None, description="Size and quality by one name"
    )
    output: Annotated[str | None, Needs(Capability.RECORDING_OUTPUT), OUTPUTS, Advanced()] = Field(
        None, description="Where HLS is stored, by its name in the configuration; with --hls"
    )

    @property
    def options(self) -> EgressOptions:
        return EgressOptions(
            source=EgressSource(layout=self.layout, audio_only=self.audio_only),
            segments=SegmentsOutput(is_live=True) if self.hls else None,
            urls=self.urls,
            preset=self.preset,
            output=self.output,
        )

    @property
    def is_unfinished(self) -> bool:
        return not self.urls and not self.hls

    def problems(self, provider: Provider) -> list[Problem]:
        found = [*url_problems("urls", self.urls, provider.limits), *option_problems(self.options, provider.limits)]
        if self.is_unfinished:
            found.append(Problem("Say where it goes: an address with its stream key.", "urls"))
        if self.output is not None and not self.hls:
            found.append(Problem("Only HLS is stored; add --hls, or leave it out.", "output"))
        if problem := length_problem(self.stop_after):
            found.append(Problem(problem, "stop_after"))
        return found

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        room = await ctx.find_room(self)
        before = await _running(ctx, room)
        waits = await nobody_sends(ctx, room)
        stream, planned = await begin(ctx, self._request(ctx, room), Action("Try again", self))
        return Reply(
            text=("Streaming ", Strong(room.name), self._to(), ". Its card says how it goes.", *planned.said),
            hint=joined([_already(before), _WAITS if waits else ""], " "),
            actions=(*controls(stream), *planned.actions),
        )

    def _request(self, ctx: Context, room: RoomRef) -> EgressRequest:
        return EgressRequest(
            provider=room.provider,
            id="",
            room=room,
            options=self.options,
            by=ctx.caller.user_id,
            stop_after=self.stop_after,
        )

    def _to(self) -> str:
        places = [counted(len(self.urls), "place", "places")] if self.urls else []
        return f" to {' and '.join([*places, *(['HLS'] if self.hls else [])])}"

    async def aftermath(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        running = [
            s
            for s in await ctx.list_streams()
            if s.room.name == self.room and self.room_id in (None, s.room.id) and not s.status.is_final
            if began_since(ctx, s.started_at)
        ]
        for stream in running:
            await ctx.report(StreamChanged(stream=stream, **ctx.observed()), card=True)
        if not running:
            return Reply(
                text=("The room ", Strong(self.room), " is not being streamed; start it again if you want that.")
            )
        found = Reply(text=("The room ", Strong(self.room), " is being streamed."), actions=controls(running[0]))
        return await stopping.with_plan(ctx, found, stoppable(ctx, running[0]), self.stop_after)


async def begin(ctx: Context, wanted: EgressRequest, again: Action, *, is_kept: bool = False) -> tuple[Stream, Planned]:
    """What goes somewhere, with its stop planned; all else as `egress_starting.begin`."""
    stream = (await egress_starting.begin(ctx, wanted, again, is_kept=is_kept)).stream
    assert stream is not None, "what goes somewhere is a stream"
    return stream, await stopping.plan(ctx, stoppable(ctx, stream), wanted.stop_after)


def controls(stream: Stream) -> tuple[Button, ...]:
    """What is mostly done next with one that runs."""
    ref = stream.ref
    return (
        Action("Stop streaming", StreamStop(provider=ref.provider, stream=ref.id)),
        Form("Add destination", StreamAdd, (("provider", ref.provider), ("stream", ref.id))),
    )


_WAITS = "Nobody sends anything there yet, so it may wait until somebody does."


async def _running(ctx: Context, room: RoomRef) -> Sequence[Stream]:
    """What is being streamed already, as far as the server says; its trouble is no reason not to stream."""
    if Capability.LIST_STREAMS not in ctx.provider.capabilities:
        return []
    with suppress(ProviderError):
        return [s for s in await ctx.list_streams(room) if not s.status.is_final]
    return []


def _already(running: Sequence[Stream]) -> Text:
    """Another stream costs a whole worker, and another destination next to nothing."""
    if not running:
        return ""
    began = running[0].started_at
    since: Text = (", since ", Moment(began)) if began is not None and len(running) == 1 else ""
    times = "" if len(running) == 1 else f", {len(running)} times"
    return ("It is being streamed already", times, *since, "; to one more place it goes by adding a destination, too.")
