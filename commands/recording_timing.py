"""When a recording stops by itself: later, or not at all."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from commands.core import stopping
from commands.core.base import Internal, Role, pin
from commands.core.context import Context
from commands.core.errors import Ended, Problem
from commands.core.reply import Action, Code, Reply, Strong
from commands.core.stopping import Stoppable
from commands.core.timers import Target, length_problem
from commands.core.types import Duration
from commands.recording_lookup import OneRecording
from providers.base import Capability, Provider, Recording
from providers.facts import RecordingChanged, ThingKind

_NEEDS = (Capability.STOP_RECORDING, Capability.LIST_RECORDINGS)


class _Timing(OneRecording):
    """Changes when a recording stops."""

    async def aftermath(self, ctx: Context) -> Reply:
        return await stopping.planned_now(ctx, stoppable(ctx, await self._running(ctx)))

    async def _running(self, ctx: Context) -> Recording:
        """Raises `Ended` for one that has ended, and mends its card."""
        recording = await self.find(ctx)
        ctx.meant.append(recording.room.name)
        if recording.status.is_final:
            await ctx.report(RecordingChanged(recording=recording, **ctx.observed()))
            raise await has_ended(ctx, recording)
        return recording


class RecordingExtend(
    _Timing,
    path="recording extend",
    role=Role.OPERATOR,
    needs=_NEEDS,
    examples=("standup", "standup --by 1h", "."),
):
    """Let a recording run longer than planned, or plan its stop where none is planned."""

    doing: ClassVar[str] = "extend"

    by: Duration = Field(timedelta(minutes=30), description="How much longer, such as 1h30m")
    rev: Annotated[int | None, Internal(of="recording")] = Field(
        None, description="The state of the plan that is meant"
    )

    def problems(self, provider: Provider) -> list[Problem]:
        return [Problem(problem, "by")] if (problem := length_problem(self.by)) else []

    async def run(self, ctx: Context) -> Reply:
        return await stopping.extend(ctx, stoppable(ctx, await self._running(ctx)), self.by, self.rev)


class RecordingKeepGoing(
    _Timing,
    path="recording keep",
    role=Role.OPERATOR,
    needs=_NEEDS,
    examples=("standup", "."),
    heading="Keep recording",
):
    """Let a recording go on until somebody stops it, whatever was planned."""

    doing: ClassVar[str] = "keep"

    async def run(self, ctx: Context) -> Reply:
        return await stopping.keep_going(ctx, stoppable(ctx, await self._running(ctx)))


def target_of(recording: Recording) -> Target:
    ref = recording.ref
    return Target(provider=ref.provider, kind=ThingKind.RECORDING, server_id=ref.id, name=recording.room.name)


async def has_ended(ctx: Context, recording: Recording) -> Ended:
    """What to tell whoever meant one that is over. Where the room lives on, another one can be made."""
    room = await ctx.known_room(recording.room)
    what = ("That recording of ", Strong(recording.room.name), " has ended already.")
    if room is None or room.ended:
        return Ended(what, ("See ", Code(f"{ctx.ports.slash} recording list"), "."))
    return Ended(what, "Start a new one?", actions=[_afresh(ctx, recording, "Record again")])


def _afresh(ctx: Context, recording: Recording, label: str) -> Action:
    start = ctx.ports.commands["recording", "start"]
    return Action(label, start.model_validate(pin(recording.room)))


def stoppable(ctx: Context, recording: Recording) -> Stoppable:
    ref = recording.ref
    return Stoppable(
        target=target_of(recording),
        subject=("The recording of ", Strong(recording.room.name)),
        verb="stop",
        past="stopped",
        extend=RecordingExtend(provider=ref.provider, recording=ref.id),
        keep=RecordingKeepGoing(provider=ref.provider, recording=ref.id),
        afresh=_afresh(ctx, recording, "Record"),
    )
