"""Recordings: started, stopped and listed."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from commands.core import stopping
from commands.core.base import Internal, Offered, Offers, Positional, Role, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.egress_requests import EgressRequest
from commands.core.egress_starting import began_since
from commands.core.moments import zone_of
from commands.core.paging import Filter, PagedCommand, Rows, matched
from commands.core.reply import Action, Code, Item, Moment, Question, Reply, Strong, Text
from commands.core.stopping import as_said
from commands.core.types import Name
from commands.core.words import counted, in_a_row, parts, spoken_duration
from commands.egress_choices import choices
from commands.egress_halves import ask, other_half, with_it
from commands.one_feed import begun, name_of, subject
from commands.recording_beginning import begin
from commands.recording_fields import RecordingFields
from commands.recording_lookup import OneRecording
from commands.recording_stopping import finish, is_paused, stop
from commands.recording_timing import stoppable, target_of
from providers.base import Capability, EgressKind, Recording, RecordingStatus
from providers.facts import RecordingChanged, ThingKind


class RecordingStart(
    RecordingFields,
    path="recording start",
    role=Role.OPERATOR,
    needs=Capability.START_RECORDING,
    examples=(
        "standup",
        "standup --layout speaker",
        ". --audio-only",
        "standup --stop-after 1h",
        "standup --participant ana",
        "--url https://example.com/scoreboard",
    ),
    aliases=("room record",),
):
    """Start recording a room, a part of what is sent in it, or a web page."""

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        room = await ctx.find_room(self) if self.url is None else None
        options = await self.asked(ctx, room)
        wanted = EgressRequest(self.provider, "", room, options, by=ctx.caller.user_id, stop_after=self.stop_after)
        now = ctx.ports.clock.now().astimezone(await zone_of(ctx))
        made = await begin(ctx, wanted, Action("Try again", self))
        every = RecordingList(provider=self.provider, room=self.room or None, active=True)
        return Reply(
            text=("Recording ", *subject(made.recording), ". Its card says when it runs.", *made.planned.said),
            hint=made.hint,
            actions=(
                Action("Stop recording", _stop(made.recording)),
                *choices("Stop", made.before, lambda r: begun(r, now), _stop, every),
            ),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """Of a page nobody knows which it was: its address is in no record."""
        await ctx.require_card_place()
        if self.url is not None:
            return Reply(
                text="Whether the page is being recorded cannot be told, as its address is in no record.",
                hint="See what runs before you start it again.",
                actions=(Action("List recordings", RecordingList(provider=self.provider, active=True)),),
            )
        running = [r for r in await ctx.list_recordings() if self._may_have_made(ctx, r)]
        for recording in running:
            await self._keep(ctx, recording)
            await ctx.report(RecordingChanged(recording=recording, **ctx.observed()), card=True)
        what: Text = ("The room ", Strong(self.room))
        if not running:
            return Reply(text=(*parts(what), " is not being recorded; start it again if you want that."))
        text = (*parts(what), " is being recorded.")
        return await stopping.with_plan(ctx, Reply(text=text), stoppable(ctx, running[0]), self.stop_after)

    def _may_have_made(self, ctx: Context, recording: Recording) -> bool:
        is_there = recording.room.name == self.room and self.room_id in (None, recording.room.id)
        return is_there and not recording.status.is_final and began_since(ctx, recording.started_at)

    async def _keep(self, ctx: Context, recording: Recording) -> None:
        """What was asked for, where the process died before that was kept, of what is as it was asked for and was
        started by nobody else here."""
        kept, team, ref = ctx.ports.egress_requests, ctx.caller.team_id, recording.ref
        if recording.source != self.source_as_typed():
            return
        made_by = await ctx.ports.rooms.made_by(team, ref.provider, ref.id)
        if made_by is None and await kept.get(team, ref.provider, ref.id) is None:
            options, by = self.options(recording.source), ctx.caller.user_id
            await kept.keep(team, EgressRequest(self.provider, ref.id, recording.room, options, by=by))


class RecordingStop(
    OneRecording,
    path="recording stop",
    role=Role.OPERATOR,
    needs=(Capability.STOP_RECORDING, Capability.LIST_RECORDINGS),
    examples=("standup", "."),
):
    """Stop a recording."""

    async def run(self, ctx: Context) -> Reply:
        recording = await self._meant(ctx)
        if await is_paused(ctx, recording):
            return await finish(ctx, recording)
        ctx.meant.append(name_of(recording))
        other = await other_half(ctx, recording)
        stopped = await stop(ctx, self, recording)
        what = ("Stopping the recording of ", *subject(stopped), with_it(other))
        return Reply(text=(*what, ". Its card says when it is ready."))

    async def question(self, ctx: Context) -> Question | None:
        """Where it is streamed too."""
        recording = await self._meant(ctx)
        if (other := await other_half(ctx, recording)) is None:
            return None
        what = ("Stop the recording of ", *subject(recording), "?")
        return ask(what, other, self.pinned(recording), "Stop both")

    async def _meant(self, ctx: Context) -> Recording:
        """One that is paused can be stopped by its room's name, too, where none of that runs."""
        return await self.find(ctx, or_else=is_paused)

    async def aftermath(self, ctx: Context) -> Reply:
        observed = ctx.observed()
        meant = [r for r in await ctx.list_recordings() if r.ref.id == self.recording or self.is_of_room(r)]
        for recording in meant:
            await ctx.report(RecordingChanged(recording=recording, **observed))
        running = [r for r in meant if not r.status.is_final]
        if any(r.status is not RecordingStatus.ENDING for r in running):
            still = " is still being recorded; stop it again if you want that."
            what: Text = ("The room ",) if running[0].source.kind is EgressKind.ROOM else ""
            return Reply(text=(*what, *subject(running[0]), still))
        if running:
            return Reply(text=("The recording of ", *subject(running[0]), " is being stopped."))
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
        listed = await ctx.list_recordings()
        dismissed = await ctx.dismissed(ThingKind.RECORDING, listed)
        known = [r for r in listed if r.ref.id not in dismissed]
        found = [r for r in known if self._wants(r)]
        paused = await self._paused(ctx, found)
        planned = await stopping.stops_of(ctx, [target_of(r) for r in found if not r.status.is_final])
        now = ctx.ports.clock.now()
        stops = {target: as_said(stop, now) for target, stop in planned.items()}
        shown: Rows[Recording] = Rows(
            item=lambda r: _item(ctx, r, stops.get(target_of(r), ""), is_paused=r.ref.id in paused),
            columns=("Room", "State", "Id", "Since", "Duration", "Stops", "Trouble"),
            buttons=2 if paused else 1,
            cells=lambda r: _cells(r, stops.get(target_of(r), ""), is_paused=r.ref.id in paused),
            names=lambda r: r.ref.id + name_of(r),
        )
        return self.listed(self._how_many(ctx, len(found), len(known)), found, shown)

    async def _paused(self, ctx: Context, found: Sequence[Recording]) -> frozenset[str]:
        ready = [r.ref.id for r in found if r.status is RecordingStatus.READY]
        return await ctx.ports.rooms.paused(ctx.caller.team_id, self.provider, ready) if ready else frozenset()

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


def _stop(recording: Recording) -> RecordingStop:
    return RecordingStop(provider=recording.ref.provider, recording=recording.ref.id)


def _item(ctx: Context, recording: Recording, stops: Text, *, is_paused: bool) -> Item:
    stop = Action("Stop", _stop(recording), description=f"Stop recording {name_of(recording)}")
    return Item(
        title=(*subject(recording), " · ", _state(recording, is_paused=is_paused)),
        detail=_detail(recording, stops),
        actions=after_pause(ctx, recording) if is_paused else () if recording.status.is_final else (stop,),
    )


def _state(recording: Recording, *, is_paused: bool) -> str:
    return "paused" if is_paused else recording.status.value


def after_pause(ctx: Context, recording: Recording) -> tuple[Action, ...]:
    """What can be done with one that is paused."""
    same, name = {"provider": recording.ref.provider, "recording": recording.ref.id}, name_of(recording)
    resume = ctx.ports.commands["recording", "resume"].model_validate(same)
    return (
        Action("Resume", resume, style="primary", description=f"Go on with recording {name}"),
        Action("Finish", _stop(recording), description=f"Finish recording {name}: no part follows"),
    )


def _cells(recording: Recording, stops: Text, *, is_paused: bool) -> tuple[Text, ...]:
    return (
        subject(recording),
        _state(recording, is_paused=is_paused),
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
