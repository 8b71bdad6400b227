"""What is done with one stream beside its start and its stop: the same again, and another layout."""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from commands.core.base import Positional, Role, pin
from commands.core.context import Context
from commands.core.egress_names import of_retry
from commands.core.egress_options import LAYOUTS, choice_problems
from commands.core.egress_requests import EgressRequest
from commands.core.egress_starting import began_since, kinds_of, offering_room
from commands.core.errors import CommandError, Problem
from commands.core.reply import Action, Code, Reply
from commands.core.types import Name
from commands.one_feed import subject
from commands.stream_lookup import OneStream
from commands.stream_start import StreamStart, begin, controls
from commands.stream_stop import StreamStop, left_behind
from commands.stream_timing import RunningStream, has_ended, stream_form
from providers.base import Capability, EgressKind, Provider, Stream, StreamStatus
from providers.errors import Conflict, LeftBehind, NotFound
from providers.facts import StreamChanged, ThingKind


class StreamRetry(
    OneStream,
    path="stream retry",
    role=Role.OPERATOR,
    needs=(Capability.START_STREAM, Capability.LIST_STREAMS),
    examples=("standup", "."),
    heading="Stream again",
):
    """Start a stream once more that is over, as it was asked for."""

    doing: ClassVar[str] = "retry"

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        stream = await self._over(ctx)
        request = await self._asked_for(ctx, stream)
        options = of_retry(request.options, ctx.ports.clock.now())
        wanted = replace(request, id="", options=options, by=ctx.caller.user_id, first="", part=1, is_paused=False)
        async with offering_room(ctx, request.room):
            if request.room is not None:
                await ctx.find_room(StreamStart(**pin(request.room)))
            began, planned = await begin(ctx, wanted, Action("Try again", self), is_kept=True)
        return Reply(
            text=("Streaming ", *subject(began), " again. Its card says how it goes.", *planned.said),
            actions=(*controls(began), *planned.actions),
        )

    async def _over(self, ctx: Context) -> Stream:
        """Raises `CommandError` where it goes on, and `NothingHere`."""
        stream = await self.newest(ctx)
        if stream.status.is_final:
            return stream
        raise CommandError(
            ("The stream of ", *subject(stream), " goes on."),
            "Stop it first, or start another one beside it.",
            actions=[Action("Stop", StreamStop(provider=self.provider, stream=stream.ref.id))],
        )

    async def _asked_for(self, ctx: Context, stream: Stream) -> EgressRequest:
        """Of one that was started elsewhere we know what was added here at most. Raises `CommandError`."""
        team_id, ref = ctx.caller.team_id, stream.ref
        request = await ctx.ports.egress_requests.get(team_id, ref.provider, ref.id)
        made_by = await ctx.ports.rooms.made_by(team_id, ref.provider, ref.id)
        if request is None or made_by is None or ThingKind.STREAM not in kinds_of(request.options):
            raise CommandError(
                ("I do not know the whole URLs to which the stream of ", *subject(stream), " went."),
                "A video server tells nobody the keys in them. Give them in the form.",
                actions=[stream_form(ctx, stream)] if stream.source.has_room else [],
            )
        return request

    async def aftermath(self, ctx: Context) -> Reply:
        stream = await self.newest(ctx)
        same = [s for s in await ctx.list_streams() if (s.room, s.source) == (stream.room, stream.source)]
        running = [s for s in same if not s.status.is_final and began_since(ctx, s.started_at)]
        for each in running:
            await ctx.report(StreamChanged(stream=each, **ctx.observed()), card=True)
        if running:
            return Reply(text=("There is a stream of ", *subject(stream), "."), actions=controls(running[0]))
        again = Action("Stream again", self.pinned(stream))
        return Reply(text=("There is no stream of ", *subject(stream), "; retry it again."), actions=(again,))


class StreamLayout(
    RunningStream,
    path="stream layout",
    role=Role.OPERATOR,
    needs=(Capability.UPDATE_STREAM_LAYOUT, Capability.LIST_STREAMS),
    examples=("standup speaker", ". grid"),
    heading="Change layout",
):
    """Arrange the participants of a stream otherwise."""

    doing: ClassVar[str] = "rearrange"

    layout: Annotated[Name, Positional(), LAYOUTS] = Field(description="How the participants are arranged from now on")

    def problems(self, provider: Provider) -> list[Problem]:
        return choice_problems("layout", self.layout, provider.limits.layouts)

    async def run(self, ctx: Context) -> Reply:
        stream = await self.running(ctx)
        if stream.source.kind is not EgressKind.ROOM:
            what = ("The stream of ", *subject(stream), " shows no whole room, so it has no layout.")
            raise CommandError(what, ("Stream the room with ", Code("--layout"), "."))
        try:
            changed = await ctx.provider.update_stream_layout(stream.ref, self.layout)
        except LeftBehind:
            raise await left_behind(ctx, stream) from None
        except (Conflict, NotFound):
            raise await self._refused(ctx, stream) from None
        await ctx.report(StreamChanged(stream=changed, **ctx.observed()))
        await self._keep(ctx, stream)
        return Reply(
            text=("The stream of ", *subject(stream), " was told to show ", Code(self.layout), "."),
            hint="Whether it follows is up to its template: some keep the layout they began with.",
        )

    async def _keep(self, ctx: Context, stream: Stream) -> None:
        """What is tried again has the layout of the end."""
        team_id, ref = ctx.caller.team_id, stream.ref
        requests = ctx.ports.egress_requests
        await requests.change(team_id, ref.provider, ref.id, lambda kept: kept.arranged(self.layout))

    async def _refused(self, ctx: Context, stream: Stream) -> CommandError:
        now = await self.report_as_it_is(ctx, stream)
        if now.status.is_final:
            return await has_ended(ctx, now)
        if now.status is StreamStatus.STARTING:
            return CommandError(("The stream of ", *subject(now), " has not begun yet."), "Try again when it is live.")
        what = ("The video server did not change the layout of the stream of ", *subject(now), ".")
        return CommandError(what, "Try again in a moment.")

    async def aftermath(self, ctx: Context) -> Reply:
        """No server tells by which layout its template shows at this moment."""
        return Reply(
            text="Whether the layout was changed no video server tells.",
            hint="To ask for the same one twice does no harm.",
            actions=(Action("Do it again", self),),
        )
