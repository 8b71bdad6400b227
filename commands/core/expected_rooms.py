"""Rooms that a command may be about before they are there, where the video server makes them as somebody comes in."""

from dataclasses import dataclass

from commands.core.base import RoomCommand
from commands.core.context import Context
from commands.core.errors import NothingHere
from commands.core.reply import Form
from providers.base import Capability, RoomRef


@dataclass(frozen=True, slots=True)
class FoundRoom:
    """One that is not there has no id yet."""

    ref: RoomRef
    is_there: bool


async def find_or_expect_room(ctx: Context, command: RoomCommand) -> FoundRoom:
    """Raises `CommandError` for one that is over, for a name that cannot be used here, and, where the video server
    makes no rooms by itself, for one that is not there: then **Create room** is offered."""
    try:
        return FoundRoom(await ctx.find_room(command), is_there=True)
    except NothingHere as absent:
        if Capability.ROOM_MADE_ON_JOIN not in ctx.provider.capabilities:
            given = (("name", command.room), ("provider", command.provider))
            create = Form("Create room", ctx.ports.commands["room", "create"], given)
            raise NothingHere(absent.what, absent.remedy, actions=(*absent.actions, create)) from None
    if problem := ctx.provider.limits.room_name_problem(command.room):
        raise NothingHere(problem, "Choose another name.")
    await ctx.require_free_name(command.room)
    return FoundRoom(RoomRef(ctx.provider.name, "", command.room), is_there=False)
