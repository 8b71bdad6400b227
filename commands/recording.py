"""Recordings of rooms."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

from pydantic import Field

from commands.core import stopping
from commands.core.base import (
    Advanced,
    Internal,
    Needs,
    Offered,
    Offers,
    Positional,
    Role,
    RoomCommand,
    RoomName,
    ServerCommand,
)
from commands.core.context import Context
from commands.core.errors import Problem
from commands.core.moments import zone_of
from commands.core.paging import Filter, PagedCommand, Rows, matched
from commands.core.reply import Action, Code, Item, Moment, Reply, Strong, Text
from commands.core.stopping import as_said
from commands.core.timers import length_problem
from commands.core.types import Duration, Name, OneOf
from commands.core.words import counted, in_a_row, parts, spoken_duration
from commands.recording_lookup import MOST_OFFERED, OneRecording, begun
from commands.recording_timing import has_ended, stoppable, target_of
from providers.base import Capability, Provider, Recording, RecordingOptions, RecordingStatus, RoomRef
from providers.errors import Conflict, NotFound, ProviderError
from providers.facts import RecordingChanged, ThingKind


class RecordingStart(
    RoomCommand,
    path="recording start",
    role=Role.OPERATOR,
    needs=Capability.START_RECORDING,
    examples=("standup", "standup --layout speaker", ". --audio-only", "standup --stop-after 1h"),
    aliases=("room record",),
):
    """Start recording a room."""

    layout: Annotated[str | None, Needs(Capability.RECORDING_LAYOUT), OneOf(lambda limits: limits.layouts)] = Field(
        None, description="How the participants are arranged"
    )
    audio_only: Annotated[bool, Needs(Capability.RECORDING_AUDIO_ONLY), Advanced()] = Field(
        False, description="Record the sound without the picture"
    )
    stop_after: Annotated[Duration | None, Needs(Capability.STOP_RECORDING)] = Field(
        None, description="Stop it by itself after so long, such as 1h30m"
    )

    def problems(self, provider: Provider) -> list[Problem]:
        layouts, found = provider.limits.layouts, list[Problem]()
        if self.layout is not None and layouts and self.layout not in layouts:
            found.append(Problem(f"“{self.layout}” is no layout here; there is {', '.join(layouts)}.", "layout"))
        if problem := length_problem(self.stop_after):
            found.append(Problem(problem, "stop_after"))
        return found

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        room = await ctx.find_room(self)
        options = RecordingOptions(layout=self.layout, audio_only=self.audio_only)
        before, now = await _running(ctx, room), ctx.ports.clock.now().astimezone(await zone_of(ctx))
        try:
            async with ctx.reserved(ThingKind.RECORDING, room.name):
                recording = await ctx.provider.start_recording(room, options)
        except NotFound:
            raise await ctx.gone(room) from None
        await ctx.report(RecordingChanged(recording=recording, **ctx.observed()), card=True, made=True)
        planned = await stopping.plan(ctx, stoppable(ctx, recording), self.stop_after)
        await ctx.release(ThingKind.RECORDING, room.name)  # whoever records the room next may do it elsewhere
        return Reply(
            text=("Recording ", Strong(room.name), ". Its card says when it runs.", *planned.said),
            hint=_already(before),
            actions=(
                Action("Stop recording", _stop(recording)),
                *(Action(f"Stop the one {begun(r, now)}", _stop(r)) for r in before[:MOST_OFFERED]),
            ),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        running = [
            r
            for r in await ctx.list_recordings()
            if r.room.name == self.room and self.room_id in (None, r.room.id) and not r.status.is_final
        ]
        for recording in running:
            await ctx.report(RecordingChanged(recording=recording, **ctx.observed()), card=True)
        if not running:
            not_recorded = " is not being recorded; start it again if you want that."
            return Reply(text=("The room ", Strong(self.room), not_recorded))
        text = ("The room ", Strong(self.room), " is being recorded.")
        return await stopping.with_plan(ctx, Reply(text=text), stoppable(ctx, running[0]), self.stop_after)


class RecordingStop(
    OneRecording,
    path="recording stop",
    role=Role.OPERATOR,
    needs=(Capability.STOP_RECORDING, Capability.LIST_RECORDINGS),
    examples=("standup", "."),
):
    """Stop a recording."""

    async def run(self, ctx: Context) -> Reply:
        recording = await self.find(ctx)
        ctx.meant.append(recording.room.name)
        try:
            stopped = await ctx.provider.stop_recording(recording.ref)
        except (Conflict, NotFound):
            await self.report_as_it_is(ctx, recording)
            raise await has_ended(ctx, recording) from None
        await ctx.report(RecordingChanged(recording=stopped, **ctx.observed()))
        return Reply(
            text=("Stopping the recording of ", Strong(stopped.room.name), ". Its card says when it is ready.")
        )

    async def aftermath(self, ctx: Context) -> Reply:
        observed = ctx.observed()
        meant = [r for r in await ctx.list_recordings() if r.ref.id == self.recording or self.is_of_room(r)]
        for recording in meant:
            await ctx.report(RecordingChanged(recording=recording, **observed))
        running = [r for r in meant if not r.status.is_final]
        if any(r.status is not RecordingStatus.ENDING for r in running):
            still = (" is still being recorded; stop it again if you want that.",)
            return Reply(text=("The room ", Strong(running[0].room.name), *still))
        if running:
            return Reply(text=("The recording of ", Strong(running[0].room.name), " is being stopped."))
        return Reply(text=("Nothing called ", Strong(self.recording), " is being recorded."))


class RecordingList(
    PagedCommand,
    ServerCommand,
    path="recording list",
    needs=Capability.LIST_RECORDINGS,
    examples=("", "standup", ". --active"),
):
    """List recordings, the newest first."""

    filters = ("room", "active", "room_id")

    room: Annotated[Name | None, Positional(), RoomName(), Offers(Offered.ROOM)] = Field(
        None, description="Only those of this room"
    )
    active: bool = Field(False, description="Only those that run")
    room_id: Annotated[str | None, Internal(of="room")] = Field(None, description="The life of the room that is meant")

    async def run(self, ctx: Context) -> Reply:
        known = await ctx.list_recordings()
        found = [r for r in known if self._wants(r)]
        planned = await stopping.stops_of(ctx, [target_of(r) for r in found if not r.status.is_final])
        now = ctx.ports.clock.now()
        stops = {target: as_said(stop, now) for target, stop in planned.items()}
        shown: Rows[Recording] = Rows(
            item=lambda r: _item(r, stops.get(target_of(r), "")),
            columns=("Room", "State", "Id", "Since", "Duration", "Stops", "Trouble"),
            cells=lambda r: _cells(r, stops.get(target_of(r), "")),
            names=lambda r: r.ref.id + r.room.name,
        )
        return self.listed(self._how_many(ctx, len(found), len(known)), found, shown)

    def _how_many(self, ctx: Context, found: int, known: int) -> Text:
        server = Code(ctx.provider.name)
        filters = [Filter("is of ", "are of ", (Strong(self.room),))] if self.room else []
        filters += [Filter("runs", "run")] if self.active else []
        if filters:
            return matched(found, known, ("recording", "recordings"), ("on ", server), filters, "there")
        return (counted(found, "recording is", "recordings are") if found else "No recording is", " on ", server, ".")

    def _wants(self, recording: Recording) -> bool:
        room = recording.room
        in_room = self.room in (None, room.name) and self.room_id in (None, room.id)
        return in_room and not (self.active and recording.status.is_final)


async def _running(ctx: Context, room: RoomRef) -> Sequence[Recording]:
    """What is being recorded already, as far as the server says; its trouble is no reason not to record."""
    if Capability.LIST_RECORDINGS not in ctx.provider.capabilities:
        return []
    with suppress(ProviderError):
        return [r for r in await ctx.list_recordings(room) if not r.status.is_final]
    return []


def _already(running: Sequence[Recording]) -> Text:
    """An operator may want two, say one of the sound alone, so it is said and not asked."""
    if not running:
        return ""
    if len(running) > 1:
        return f"It is being recorded already, {len(running)} times; this is one more."
    since: Text = (", since ", Moment(began)) if (began := running[0].started_at) is not None else ""
    return ("It is being recorded already", *since, "; this is a second one.")


def _stop(recording: Recording) -> RecordingStop:
    return RecordingStop(provider=recording.ref.provider, recording=recording.ref.id)


def _item(recording: Recording, stops: Text) -> Item:
    running = not recording.status.is_final
    return Item(
        title=(Strong(recording.room.name), " · ", recording.status.value),
        detail=_detail(recording, stops),
        actions=(Action("Stop", _stop(recording), description=f"Stop recording {recording.room.name}"),)
        if running
        else (),
    )


def _cells(recording: Recording, stops: Text) -> tuple[Text, ...]:
    return (
        (Strong(recording.room.name),),
        recording.status.value,
        (Code(recording.ref.id),),
        (Moment(recording.started_at),) if recording.started_at is not None else "",
        spoken_duration(recording.duration) if recording.duration is not None else "",
        stops,
        recording.error or "",
    )


def _detail(recording: Recording, stops: Text) -> Text:
    return in_a_row(
        (Code(recording.ref.id),),
        ("since ", Moment(recording.started_at)) if recording.started_at is not None else "",
        spoken_duration(recording.duration) if recording.duration is not None else "",
        ("stops ", *parts(stops)) if stops else "",
        recording.error or "",
    )
