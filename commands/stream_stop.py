"""Streams that are stopped, and records of some on which nothing works any more."""

from typing import ClassVar

from commands.core.base import Role
from commands.core.context import Context
from commands.core.egress_words import explain_condition
from commands.core.errors import CommandError, Ended
from commands.core.reply import Action, Question, Reply
from commands.egress_halves import ask, other_half, with_it
from commands.one_feed import subject
from commands.stream_timing import RunningStream, has_ended
from providers.base import Capability, Stream, StreamStatus
from providers.errors import Conflict, LeftBehind, NotFound
from providers.facts import Condition, ConditionSeen, Dismissed, StreamChanged, ThingKind


class StreamStop(
    RunningStream,
    path="stream stop",
    role=Role.OPERATOR,
    needs=(Capability.STOP_STREAM, Capability.LIST_STREAMS),
    examples=("standup", "."),
):
    """Stop a stream."""

    async def run(self, ctx: Context) -> Reply:
        """Looks first: to ask for what cannot be takes some servers seconds."""
        stream = await self.running(ctx)
        if stream.status is StreamStatus.ENDING:
            raise await _over(ctx, stream)
        other = await other_half(ctx, stream)
        try:
            stopped = await ctx.provider.stop_stream(stream.ref)
        except LeftBehind:
            raise await left_behind(ctx, stream) from None
        except (Conflict, NotFound):
            raise await _over(ctx, await self.report_as_it_is(ctx, stream)) from None
        await ctx.report(StreamChanged(stream=stopped, **ctx.observed()))
        what = ("Stopping the stream of ", *subject(stopped), with_it(other))
        return Reply(text=(*what, ". Its card says when it has ended."))

    async def question(self, ctx: Context) -> Question | None:
        """Where it is recorded too."""
        stream = await self.find(ctx)
        if (other := await other_half(ctx, stream)) is None:
            return None
        return ask(("Stop the stream of ", *subject(stream), "?"), other, self.pinned(stream), "Stop both")

    async def aftermath(self, ctx: Context) -> Reply:
        observed = ctx.observed()
        meant = [s for s in await ctx.list_streams() if s.ref.id == self.stream or self.is_of_room(s)]
        for stream in meant:
            await ctx.report(StreamChanged(stream=stream, **observed))
        going_on = [s for s in meant if not s.status.is_final]
        if not going_on:
            return Reply(text=f"Nothing called {self.stream} is being streamed.")
        the_stream = ("The stream of ", *subject(going_on[0]))
        if all(s.status is StreamStatus.ENDING for s in going_on):
            return Reply(text=(*the_stream, " is being stopped."))
        return Reply(text=(*the_stream, " goes on; stop it again if you want that."))


class StreamDismiss(
    RunningStream,
    path="stream dismiss",
    role=Role.OPERATOR,
    needs=Capability.LIST_STREAMS,
    examples=("standup", "."),
    heading="Dismiss stream",
):
    """Let go of the record of a stream that nothing works on any more."""

    doing: ClassVar[str] = "dismiss"

    async def question(self, ctx: Context) -> Question:
        stream = await self.running(ctx)
        return Question(
            text=(
                *("Dismiss the stream of ", *subject(stream), "? "),
                "It counts as over then. If a worker still sends it after all, that goes on; stop it instead.",
            ),
            command=self.pinned(stream),
            confirm="Dismiss",
            deny="Keep it",
        )

    async def run(self, ctx: Context) -> Reply:
        stream = await self.running(ctx)
        by, id = ctx.caller.user_id, stream.ref.id
        await ctx.report(Dismissed(thing=ThingKind.STREAM, thing_id=id, by=by, **ctx.observed()))
        return Reply(text=("Dismissed the stream of ", *subject(stream), "."))

    async def aftermath(self, ctx: Context) -> Reply:
        stream = await self.running(ctx)
        return Reply(
            text=("The server still lists the stream of ", *subject(stream), "."),
            hint="To dismiss it twice does no harm.",
            actions=(Action("Dismiss", self.pinned(stream)),),
        )


async def left_behind(ctx: Context, stream: Stream) -> CommandError:
    """What to tell whoever meant one on which nothing works any more; its card learns it too."""
    ref, condition = stream.ref, Condition.LEFT_BEHIND
    seen = ConditionSeen(thing=ThingKind.STREAM, thing_id=ref.id, condition=condition, **ctx.observed())
    await ctx.report(seen)
    return CommandError(
        ("The stream of ", *subject(stream), " can be neither changed nor stopped."),
        explain_condition(condition),
        actions=[Action("Dismiss", StreamDismiss(provider=ref.provider, stream=ref.id))],
    )


async def _over(ctx: Context, stream: Stream) -> Ended:
    if stream.status is StreamStatus.ENDING:
        what = ("The stream of ", *subject(stream), " is being stopped already.")
        return Ended(what, "Its card says when it has ended.")
    return await has_ended(ctx, stream)
