"""When a recording stops by itself: later, or not at all."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from commands.core import stopping
from commands.core.base import Internal, Role, pin
from commands.core.context import Context
from commands.core.errors import Ended, Problem
from commands.core.reply import Action, Code, Reply
from commands.core.stopping import Stoppable
from commands.core.timers import Target, length_problem
from commands.core.types import Duration
from commands.one_feed import name_of, subject
from commands.recording_lookup import OneRecording
from providers.base import Capability, EgressKind, Provider, Recording
from providers.facts import RecordingChanged, ThingKind

_NEEDS = (Capability.STOP_RECORDING, Capability.LIST_RECORDINGS)


class _Timing(OneRecording):
    """Changes when a recording stops."""

    async def aftermath(self, ctx: Context) -> Reply:
        return await stopping.planned_now(ctx, stoppable(ctx, await self._running(ctx)))

    async def _running(self, ctx: Context) -> Recording:
        """Raises `Ended` for one that has ended, and mends its card."""
        recording = await self.find(ctx)
        ctx.meant.append(name_of(recording))
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
    return Target(provider=ref.provider, kind=ThingKind.RECORDING, server_id=ref.id, name=name_of(recording))


async def has_ended(ctx: Context, recording: Recording) -> Ended:
    """What to tell whoever meant one that is over. Where the room lives on, another one can be made."""
    what = ("That recording of ", *subject(recording), " has ended already.")
    if not await can_go_on(ctx, recording):
        return Ended(what, ("See ", Code(f"{ctx.ports.slash} recording list"), "."))
    return Ended(what, "Start a new one?", actions=[_afresh(ctx, recording, "Record again")])


async def can_go_on(ctx: Context, recording: Recording) -> bool:
    """Whether what it is of is still there: a page may be, a room is where its life goes on."""
    if not recording.source.has_room:
        return True
    room = await ctx.known_room(recording.room)
    return room is not None and not room.ended


def _afresh(ctx: Context, recording: Recording, label: str) -> Action:
    """Of a whole room another one; of anything else the same once more."""
    if recording.source.kind is EgressKind.ROOM:
        return Action(label, ctx.ports.commands["recording", "start"].model_validate(pin(recording.room)))
    same = {"provider": recording.ref.provider, "recording": recording.ref.id}
    return Action(label, ctx.ports.commands["recording", "retry"].model_validate(same))


def stoppable(ctx: Context, recording: Recording) -> Stoppable:
    ref = recording.ref
    return Stoppable(
        target=target_of(recording),
        subject=("The recording of ", *subject(recording)),
        verb="stop",
        past="stopped",
        extend=RecordingExtend(provider=ref.provider, recording=ref.id),
        keep=RecordingKeepGoing(provider=ref.provider, recording=ref.id),
        afresh=_afresh(ctx, recording, "Record"),
    )
