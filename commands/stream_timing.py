"""When a stream stops by itself: later, or not at all. And that one has ended, or goes on."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from commands.core import stopping
from commands.core.base import Internal, Role, pin
from commands.core.context import Context
from commands.core.errors import Ended, Problem
from commands.core.reply import Action, Button, Code, Form, Reply
from commands.core.stopping import Stoppable
from commands.core.timers import Target, length_problem
from commands.core.types import Duration
from commands.one_feed import name_of, subject
from commands.stream_lookup import OneStream
from providers.base import Capability, Provider, Stream
from providers.facts import StreamChanged, ThingKind

_NEEDS = (Capability.STOP_STREAM, Capability.LIST_STREAMS)


class RunningStream(OneStream):
    """Base of the commands for a stream that goes on."""

    async def running(self, ctx: Context) -> Stream:
        """Raises `Ended` for one that has ended, and mends its card."""
        stream = await self.find(ctx)
        if stream.status.is_final:
            await ctx.report(StreamChanged(stream=stream, **ctx.observed()))
            raise await has_ended(ctx, stream)
        return stream


class _Timing(RunningStream):
    """Changes when a stream stops."""

    async def aftermath(self, ctx: Context) -> Reply:
        return await stopping.planned_now(ctx, stoppable(ctx, await self.running(ctx)))


class StreamExtend(
    _Timing,
    path="stream extend",
    role=Role.OPERATOR,
    needs=_NEEDS,
    examples=("standup", "standup --by 1h", "."),
):
    """Let a stream run longer than planned, or plan its stop where none is planned."""

    doing: ClassVar[str] = "extend"

    by: Duration = Field(timedelta(minutes=30), description="How much longer, such as 1h30m")
    rev: Annotated[int | None, Internal(of="stream")] = Field(None, description="The state of the plan that is meant")

    def problems(self, provider: Provider) -> list[Problem]:
        return [Problem(problem, "by")] if (problem := length_problem(self.by)) else []

    async def run(self, ctx: Context) -> Reply:
        return await stopping.extend(ctx, stoppable(ctx, await self.running(ctx)), self.by, self.rev)


class StreamKeepGoing(
    _Timing,
    path="stream keep",
    role=Role.OPERATOR,
    needs=_NEEDS,
    examples=("standup", "."),
    heading="Keep streaming",
):
    """Let a stream go on until somebody stops it, whatever was planned."""

    doing: ClassVar[str] = "keep"

    async def run(self, ctx: Context) -> Reply:
        return await stopping.keep_going(ctx, stoppable(ctx, await self.running(ctx)))


def target_of(stream: Stream) -> Target:
    ref = stream.ref
    return Target(provider=ref.provider, kind=ThingKind.STREAM, server_id=ref.id, name=name_of(stream))


async def has_ended(ctx: Context, stream: Stream) -> Ended:
    """What to tell whoever meant one that is over. Where what it was of lives on, it can be started again."""
    what = ("That stream of ", *subject(stream), " has ended already.")
    room = await ctx.known_room(stream.room) if stream.room.id else None
    if room is None or room.ended:
        return Ended(what, ("See ", Code(f"{ctx.ports.slash} stream list"), "."))
    return Ended(what, "Start a new one?", actions=[await _afresh(ctx, stream)])


async def _afresh(ctx: Context, stream: Stream) -> Button:
    """The same again where it is known what was asked for, else the form: nobody else knows the keys."""
    kept = await ctx.ports.egress_requests.get(ctx.caller.team_id, stream.ref.provider, stream.ref.id)
    if kept is None:
        return stream_form(ctx, stream)
    retry = ctx.ports.commands["stream", "retry"]
    given = {"provider": stream.ref.provider, "stream": stream.ref.id}
    return Action("Stream again", retry.model_validate(given))


def stream_form(ctx: Context, stream: Stream) -> Form:
    return Form("Stream to...", ctx.ports.commands["stream", "start"], tuple(pin(stream.room).items()))


def stoppable(ctx: Context, stream: Stream) -> Stoppable:
    ref = stream.ref
    return Stoppable(
        target=target_of(stream),
        subject=("The stream of ", *subject(stream)),
        verb="stop",
        past="stopped",
        extend=StreamExtend(provider=ref.provider, stream=ref.id),
        keep=StreamKeepGoing(provider=ref.provider, stream=ref.id),
        afresh=stream_form(ctx, stream),
    )
