"""When a room ends by itself: later, or not at all."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from commands.core import stopping
from commands.core.base import Internal, Role, RoomCommand, pin
from commands.core.context import Context
from commands.core.errors import Problem
from commands.core.reply import Action, Reply, Strong
from commands.core.stopping import Stoppable
from commands.core.timers import Target, length_problem
from commands.core.types import Duration
from providers.base import Capability, Provider, RoomRef
from providers.facts import ThingKind


class RoomExtend(
    RoomCommand,
    path="room extend",
    role=Role.OPERATOR,
    needs=Capability.CLOSE_ROOM,
    examples=("standup", "standup --by 1h", "."),
):
    """Let a room go on longer than planned, or plan its end where none is planned."""

    by: Duration = Field(timedelta(minutes=30), description="How much longer, such as 1h30m")
    rev: Annotated[int | None, Internal(of="room")] = Field(None, description="The state of the plan that is meant")

    def problems(self, provider: Provider) -> list[Problem]:
        return [Problem(problem, "by")] if (problem := length_problem(self.by)) else []

    async def run(self, ctx: Context) -> Reply:
        return await stopping.extend(ctx, stoppable(ctx, await ctx.find_room(self)), self.by, self.rev)

    async def aftermath(self, ctx: Context) -> Reply:
        return await stopping.planned_now(ctx, stoppable(ctx, await ctx.find_room(self)))


class RoomKeepGoing(
    RoomCommand,
    path="room keep",
    role=Role.OPERATOR,
    needs=Capability.CLOSE_ROOM,
    examples=("standup", "."),
    heading="Keep the room",
):
    """Let a room go on until somebody ends it, whatever was planned."""

    async def run(self, ctx: Context) -> Reply:
        return await stopping.keep_going(ctx, stoppable(ctx, await ctx.find_room(self)))

    async def aftermath(self, ctx: Context) -> Reply:
        return await stopping.planned_now(ctx, stoppable(ctx, await ctx.find_room(self)))


def target_of(room: RoomRef) -> Target:
    return Target(provider=room.provider, kind=ThingKind.ROOM, server_id=room.id, name=room.name)


def stoppable(ctx: Context, room: RoomRef) -> Stoppable:
    create = ctx.ports.commands["room", "create"]
    return Stoppable(
        target=target_of(room),
        subject=("The room ", Strong(room.name)),
        verb="end",
        past="ended",
        extend=RoomExtend(**pin(room)),
        keep=RoomKeepGoing(**pin(room)),
        afresh=Action("Create room", create.model_validate({"provider": room.provider, "name": room.name})),
    )
