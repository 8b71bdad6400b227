"""Pausing a recording and going on: no server can, so it is stopped, and goes on later as the next part."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from commands.core import stopping
from commands.core.base import Role, pin
from commands.core.context import Context
from commands.core.egress_names import of_part
from commands.core.egress_requests import EgressRequest
from commands.core.egress_starting import NOTHING_BEGAN, began_since, offering_room
from commands.core.errors import CommandError
from commands.core.reply import Action, Question, Reply, Text
from commands.core.words import spoken_duration
from commands.egress_halves import ask, other_half, with_it
from commands.one_feed import name_of, subject
from commands.recording import RecordingStart, RecordingStop
from commands.recording_beginning import begin
from commands.recording_lookup import OneRecording
from commands.recording_stopping import stop
from commands.recording_timing import target_of
from providers.base import Capability, EgressOptions, Recording, RecordingStatus, shown_location
from providers.facts import PartBegun, Paused, RecordingChanged, ThingKind

_SHORTEST_REST = timedelta(minutes=1)
"""What was paused just before its planned stop gets so much more, so that going on makes sense."""


class RecordingPause(
    OneRecording,
    path="recording pause",
    role=Role.OPERATOR,
    needs=(Capability.START_RECORDING, Capability.STOP_RECORDING, Capability.LIST_RECORDINGS),
    examples=("standup", "."),
):
    """Pause a recording. What follows later becomes a part of its own."""

    doing: ClassVar[str] = "pause"

    async def run(self, ctx: Context) -> Reply:
        recording = await self.find(ctx)
        ctx.meant.append(name_of(recording))
        if recording.status is RecordingStatus.STARTING:
            raise CommandError(
                ("The recording of ", *subject(recording), " has not begun yet, so there is nothing to pause."),
                "Wait until it is live, or stop it.",
                actions=[Action("Stop", RecordingStop(provider=self.provider, recording=recording.ref.id))],
            )
        request, left = await kept_or_seen(ctx, recording), await self._left(ctx, recording)
        other = await other_half(ctx, recording)
        stopped = await stop(ctx, self, recording)
        await _keep(ctx, replace(request, is_paused=True, stop_after=left))
        if left is not None:
            await ctx.ports.stops.cancel(ctx.caller.team_id, target_of(recording), by=ctx.caller.user_id)
        by, about = ctx.caller.user_id, recording.ref.id
        await ctx.report(Paused(thing=ThingKind.RECORDING, thing_id=about, by=by, **ctx.observed()))
        rest = f" When it goes on it stops {spoken_duration(left)} later." if left is not None else ""
        return Reply(
            text=("Pausing the recording of ", *subject(stopped), f"{with_it(other)} after part {request.part}.{rest}"),
            actions=(Action("Resume", RecordingResume(provider=self.provider, recording=about)),),
        )

    async def question(self, ctx: Context) -> Question | None:
        """Where it is streamed too."""
        recording = await self.find(ctx)
        if recording.status is RecordingStatus.STARTING or (other := await other_half(ctx, recording)) is None:
            return None
        what = ("Pause the recording of ", *subject(recording), "?")
        return ask(what, other, self.pinned(recording), "Pause both")

    async def _left(self, ctx: Context, recording: Recording) -> timedelta | None:
        """Of the time until its planned stop, which is of what is recorded and not of the pause."""
        planned = (await stopping.stops_of(ctx, [target_of(recording)])).get(target_of(recording))
        return max(planned.stops_at - ctx.ports.clock.now(), _SHORTEST_REST) if planned is not None else None

    async def aftermath(self, ctx: Context) -> Reply:
        """Where it was stopped, it was so in order to go on."""
        recording = await self.newest(ctx)
        await ctx.report(RecordingChanged(recording=recording, **ctx.observed()))
        if recording.status in (RecordingStatus.STARTING, RecordingStatus.LIVE):
            return Reply(text=("The recording of ", *subject(recording), " goes on; pause it again if you want that."))
        await _keep(ctx, replace(await kept_or_seen(ctx, recording), is_paused=True))
        by, about = ctx.caller.user_id, recording.ref.id
        await ctx.report(Paused(thing=ThingKind.RECORDING, thing_id=about, by=by, **ctx.observed()))
        resume = RecordingResume(provider=self.provider, recording=about)
        return Reply(
            text=("The recording of ", *subject(recording), " is paused."), actions=(Action("Resume", resume),)
        )


class RecordingResume(
    OneRecording,
    path="recording resume",
    role=Role.OPERATOR,
    needs=(Capability.START_RECORDING, Capability.LIST_RECORDINGS),
    examples=("standup", "."),
):
    """Go on with a paused recording, as its next part."""

    doing: ClassVar[str] = "resume"

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        previous, request = await self._paused(ctx)
        ctx.meant.append(name_of(previous))
        async with offering_room(ctx, request.room):
            if request.room is not None:
                await ctx.find_room(RecordingStart(**pin(request.room)))
            if not await _turn(ctx, request, is_paused=False):  # of several who press it one goes on
                raise await self._not_paused(ctx, previous)
            wanted = _next_part(ctx, request)
            try:
                made = await begin(ctx, wanted, Action("Try again", self), is_kept=True)
            except NOTHING_BEGAN:
                await _turn(ctx, request, is_paused=True)
                raise
        new, number = made.recording.ref.id, wanted.part
        await report_part(ctx, replace(wanted, id=new))
        return Reply(
            text=(
                *("Going on with the recording of ", *subject(made.recording), f" as part {number}."),
                *made.planned.said,
            ),
            hint=made.hint,
            actions=(Action("Stop recording", RecordingStop(provider=self.provider, recording=new)),),
        )

    async def _paused(self, ctx: Context) -> tuple[Recording, EgressRequest]:
        """By id, or the newest of a room. Raises `CommandError` where it is not paused, and `NothingHere`."""
        known = await ctx.list_recordings()
        meant = [r for r in known if r.ref.id == self.recording] or [r for r in known if self.is_of_room(r)]
        for recording in meant:
            request = await _kept(ctx, recording)
            if request is not None and request.is_paused:
                return recording, request
        if not meant:
            raise await self.not_here(ctx)
        raise await self._not_paused(ctx, meant[0])

    async def _not_paused(self, ctx: Context, recording: Recording) -> CommandError:
        what: Text = ("The recording of ", *subject(recording), " is not paused.")
        if not recording.status.is_final:
            return CommandError((*what, " It goes on."))
        if (later := await _part_after(ctx, recording)) is not None:
            return CommandError((*what, f" It went on in part {later.part}."))
        retry = ctx.ports.commands["recording", "retry"]
        same = {"provider": recording.ref.provider, "recording": recording.ref.id}
        again = Action("Record again", retry.model_validate(same))
        return CommandError((*what, " It is over."), "Start another one like it?", actions=[again])

    async def aftermath(self, ctx: Context) -> Reply:
        """Where the process died before the next part began, it is paused again; else both parts are told of."""
        known = await ctx.list_recordings()
        meant = [r for r in known if r.ref.id == self.recording] or [r for r in known if self.is_of_room(r)]
        for recording in meant:
            if (request := await _kept(ctx, recording)) is None or not recording.status.is_final:
                continue
            later = await _part_after(ctx, recording) or await _adopted(ctx, request, known)
            if later is not None:
                await report_part(ctx, later)
                return Reply(text=("The recording of ", *subject(recording), f" goes on in part {later.part}."))
            await _turn(ctx, request, is_paused=True)
            again = Action("Resume", self.pinned(recording))
            return Reply(text=("The recording of ", *subject(recording), " is still paused."), actions=(again,))
        raise await self.not_here(ctx)


def _next_part(ctx: Context, previous: EgressRequest) -> EgressRequest:
    first, number = previous.first or previous.id, previous.part + 1
    options, by = of_part(previous.options, number), ctx.caller.user_id
    return replace(previous, id="", options=options, by=by, first=first, part=number, is_paused=False)


async def _adopted(ctx: Context, previous: EgressRequest, known: Sequence[Recording]) -> EgressRequest | None:
    """What began as the part after that one, where the process died before it was kept: of the same, and nobody's."""
    source = previous.options.source
    seen = replace(source, url=shown_location(source.url))
    for recording in known:
        is_same = recording.source == seen and (previous.room is None or recording.room == previous.room)
        if not is_same or recording.status.is_final or not began_since(ctx, recording.started_at):
            continue
        if await _kept(ctx, recording) is None:
            part = replace(_next_part(ctx, previous), id=recording.ref.id)
            await _keep(ctx, part)
            await ctx.report(RecordingChanged(recording=recording, **ctx.observed()), card=True)
            return part
    return None


async def kept_or_seen(ctx: Context, recording: Recording) -> EgressRequest:
    """What was asked for; of one that was not started here what its server tells of it."""
    if (request := await _kept(ctx, recording)) is not None:
        return request
    room = recording.room if recording.source.has_room else None
    options = EgressOptions(source=recording.source)
    return EgressRequest(recording.ref.provider, recording.ref.id, room, options, by=ctx.caller.user_id)


async def _kept(ctx: Context, recording: Recording) -> EgressRequest | None:
    ref = recording.ref
    return await ctx.ports.egress_requests.get(ctx.caller.team_id, ref.provider, ref.id)


async def _keep(ctx: Context, request: EgressRequest) -> None:
    await ctx.ports.egress_requests.keep(ctx.caller.team_id, request)


async def _turn(ctx: Context, request: EgressRequest, *, is_paused: bool) -> bool:
    """Whether it was this run that turned it."""

    def turned(kept: EgressRequest) -> EgressRequest | None:
        return replace(kept, is_paused=is_paused) if kept.is_paused is not is_paused else None

    changed = await ctx.ports.egress_requests.change(ctx.caller.team_id, request.provider, request.id, turned)
    return changed is not None


async def _part_after(ctx: Context, recording: Recording) -> EgressRequest | None:
    if (request := await _kept(ctx, recording)) is None:
        return None
    return await _part(ctx, request, request.part + 1)


async def report_part(ctx: Context, new: EgressRequest) -> None:
    """Its card and that of the part before it learn of each other."""
    previous = await _part(ctx, new, new.part - 1)
    await _report(ctx, new, previous.id if previous is not None else "")
    if previous is not None:
        before = await _part(ctx, previous, previous.part - 1)
        await _report(ctx, previous, before.id if before is not None else "", new.id)


async def _report(ctx: Context, part: EgressRequest, previous: str, next: str = "") -> None:
    kind, first = ThingKind.RECORDING, part.first or part.id
    seen = ctx.observed()
    await ctx.report(
        PartBegun(thing=kind, thing_id=part.id, first=first, previous=previous, number=part.part, next=next, **seen)
    )


async def _part(ctx: Context, request: EgressRequest, number: int) -> EgressRequest | None:
    """Of the recording that has that part, the one of that number: the last that was begun as such."""
    parts = await ctx.ports.egress_requests.parts(ctx.caller.team_id, request.provider, request.first or request.id)
    return next((part for part in reversed(parts) if part.part == number), None)
