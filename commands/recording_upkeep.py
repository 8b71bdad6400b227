"""What is done with one recording beside its start and its stop: the same again, another layout, and letting go."""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from commands.core.base import Positional, Role, pin
from commands.core.context import Context
from commands.core.egress_names import of_retry
from commands.core.egress_options import LAYOUTS, choice_problems
from commands.core.egress_starting import began_since, offering_room
from commands.core.errors import CommandError, Ended, Problem
from commands.core.reply import Action, Code, Question, Reply
from commands.core.types import Name
from commands.one_feed import name_of, subject
from commands.recording import RecordingStart, RecordingStop
from commands.recording_beginning import begin
from commands.recording_lookup import OneRecording
from commands.recording_parts import kept_or_seen, report_part
from commands.recording_timing import has_ended
from providers.base import Capability, EgressKind, Provider, Recording, RecordingStatus
from providers.errors import Conflict, NotFound
from providers.facts import Dismissed, RecordingChanged, ThingKind


class RecordingRetry(
    OneRecording,
    path="recording retry",
    role=Role.OPERATOR,
    needs=(Capability.START_RECORDING, Capability.LIST_RECORDINGS),
    examples=("standup", "."),
    heading="Record again",
):
    """Start a recording once more that is over, as it was asked for."""

    doing: ClassVar[str] = "retry"

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        recording = await self._over(ctx)
        ctx.meant.append(name_of(recording))
        request = await kept_or_seen(ctx, recording)
        first, options = request.first if request.part > 1 else "", of_retry(request.options, ctx.ports.clock.now())
        wanted = replace(request, id="", options=options, by=ctx.caller.user_id, first=first, is_paused=False)
        async with offering_room(ctx, request.room):
            if request.room is not None:
                await ctx.find_room(RecordingStart(**pin(request.room)))
            made = await begin(ctx, wanted, Action("Try again", self), is_kept=True)
        if first:
            await report_part(ctx, replace(wanted, id=made.recording.ref.id))
        return Reply(
            text=("Recording ", *subject(made.recording), " again. Its card says when it runs.", *made.planned.said),
            hint=made.hint,
            actions=(Action("Stop recording", RecordingStop(provider=self.provider, recording=made.recording.ref.id)),),
        )

    async def _over(self, ctx: Context) -> Recording:
        """By id, or the newest of a room. Raises `CommandError` where it goes on, and `NothingHere`."""
        recording = await self.newest(ctx)
        if recording.status.is_final:
            return recording
        stop = RecordingStop(provider=self.provider, recording=recording.ref.id)
        raise CommandError(
            ("The recording of ", *subject(recording), " goes on."),
            "Stop it first, or start another one beside it.",
            actions=[Action("Stop", stop)],
        )

    async def aftermath(self, ctx: Context) -> Reply:
        recording = await self.newest(ctx)
        same = [r for r in await ctx.list_recordings() if (r.room, r.source) == (recording.room, recording.source)]
        running = [r for r in same if not r.status.is_final and began_since(ctx, r.started_at)]
        for each in running:
            await ctx.report(RecordingChanged(recording=each, **ctx.observed()), card=True)
        if running:
            return Reply(text=("There is a recording of ", *subject(recording), "."))
        again = Action("Record again", self.pinned(recording))
        return Reply(text=("There is no recording of ", *subject(recording), "; retry it again."), actions=(again,))


class RecordingLayout(
    OneRecording,
    path="recording layout",
    role=Role.OPERATOR,
    needs=(Capability.UPDATE_RECORDING_LAYOUT, Capability.LIST_RECORDINGS),
    examples=("standup speaker", ". grid"),
    heading="Change layout",
):
    """Arrange the participants of a recording otherwise."""

    doing: ClassVar[str] = "rearrange"

    layout: Annotated[Name, Positional(), LAYOUTS] = Field(description="How the participants are arranged from now on")

    def problems(self, provider: Provider) -> list[Problem]:
        return choice_problems("layout", self.layout, provider.limits.layouts)

    async def run(self, ctx: Context) -> Reply:
        recording = await self.find(ctx)
        ctx.meant.append(name_of(recording))
        if recording.source.kind is not EgressKind.ROOM:
            what = ("The recording of ", *subject(recording), " shows no whole room, so it has no layout.")
            raise CommandError(what, ("Record the room with ", Code("--layout"), "."))
        if recording.status.is_final:
            raise await self._ended(ctx, recording)
        try:
            changed = await ctx.provider.update_recording_layout(recording.ref, self.layout)
        except (Conflict, NotFound):
            raise await self._refused(ctx, recording) from None
        await ctx.report(RecordingChanged(recording=changed, **ctx.observed()))
        await self._keep(ctx, recording)
        return Reply(
            text=("The recording of ", *subject(recording), " was told to show ", Code(self.layout), "."),
            hint="Whether it follows is up to its template: some keep the layout they began with.",
        )

    async def _keep(self, ctx: Context, recording: Recording) -> None:
        """What goes on later, or is tried again, has the layout of the end."""
        requests, team_id, ref = ctx.ports.egress_requests, ctx.caller.team_id, recording.ref
        if await requests.change(team_id, ref.provider, ref.id, lambda kept: kept.arranged(self.layout)) is None:
            await requests.keep(team_id, (await kept_or_seen(ctx, recording)).arranged(self.layout))

    async def _refused(self, ctx: Context, recording: Recording) -> CommandError:
        now = await self.report_as_it_is(ctx, recording)
        if now.status.is_final:
            return await has_ended(ctx, now)
        if now.status is RecordingStatus.STARTING:
            what = ("The recording of ", *subject(now), " has not begun yet.")
            return CommandError(what, "Try again when it is live.")
        what = ("The video server did not change the layout of the recording of ", *subject(now), ".")
        return CommandError(what, "Try again in a moment.")

    async def _ended(self, ctx: Context, recording: Recording) -> Ended:
        await ctx.report(RecordingChanged(recording=recording, **ctx.observed()))
        return await has_ended(ctx, recording)

    async def aftermath(self, ctx: Context) -> Reply:
        """No server tells by which layout its template shows at this moment."""
        return Reply(
            text=("Whether the layout was changed no video server tells.",),
            hint="To ask for the same one twice does no harm.",
            actions=(Action("Do it again", self),),
        )


class RecordingDismiss(
    OneRecording,
    path="recording dismiss",
    role=Role.OPERATOR,
    needs=Capability.LIST_RECORDINGS,
    examples=("standup", "."),
    heading="Dismiss recording",
):
    """Let go of the record of a recording that nothing works on any more."""

    doing: ClassVar[str] = "dismiss"

    async def question(self, ctx: Context) -> Question:
        recording = await self._unfinished(ctx)
        return Question(
            text=(
                *("Dismiss the recording of ", *subject(recording), "? "),
                "It counts as over then. If a worker still writes it after all, that goes on; stop it instead.",
            ),
            command=self.pinned(recording),
            confirm="Dismiss",
            deny="Keep it",
        )

    async def run(self, ctx: Context) -> Reply:
        recording = await self._unfinished(ctx)
        ctx.meant.append(name_of(recording))
        by, about = ctx.caller.user_id, recording.ref.id
        await ctx.report(Dismissed(thing=ThingKind.RECORDING, thing_id=about, by=by, **ctx.observed()))
        return Reply(text=("Dismissed the recording of ", *subject(recording), "."))

    async def _unfinished(self, ctx: Context) -> Recording:
        """Raises `Ended` for one that is over, and mends its card."""
        recording = await self.find(ctx)
        if recording.status.is_final:
            await ctx.report(RecordingChanged(recording=recording, **ctx.observed()))
            raise await has_ended(ctx, recording)
        return recording

    async def aftermath(self, ctx: Context) -> Reply:
        recording = await self._unfinished(ctx)
        return Reply(
            text=("The server still lists the recording of ", *subject(recording), "."),
            hint="To dismiss it twice does no harm.",
            actions=(Action("Dismiss", self.pinned(recording)),),
        )
