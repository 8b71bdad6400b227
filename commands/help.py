"""Finding one's way: what is live here, what can be asked for, and who one is to this bot."""

from pydantic import Field

from commands.core import help
from commands.core.base import Arg, Command, Role
from commands.core.context import Context
from commands.core.errors import NothingHere
from commands.core.parsing import closest_path
from commands.core.reply import Action, Button, Code, Form, Item, Reply, Strong
from commands.room import RoomCreate, RoomList, RoomShow


class Overview(Command, path="overview"):
    """Show what is live in this channel, with the usual next steps."""

    async def run(self, ctx: Context) -> Reply:
        live = await ctx.ports.rooms.live_in_channel(ctx.caller.team_id, ctx.place.channel_id)
        items = tuple(
            Item(
                title=(Strong(room.ref.name),),
                detail=room.ref.provider,
                actions=(
                    Action("Show", RoomShow(provider=room.ref.provider, room=room.ref.name, room_id=room.ref.id)),
                ),
            )
            for room in live
        )
        buttons: tuple[Button, ...] = (
            Form("Create room", RoomCreate),
            Action("List rooms", RoomList(provider=ctx.provider.name)),
            Action("Help", Help()),
        )
        return Reply(
            text="Live in this channel:" if items else "Nothing is live in this channel.", items=items, actions=buttons
        )


class Help(Command, path="help", role=Role.NOBODY, examples=("", "room", "room create")):
    """Show what you can ask for, or one command in full."""

    topic: Arg[tuple[str, ...]] = Field((), description="A noun, or a command")

    async def run(self, ctx: Context) -> Reply:
        commands, slash = ctx.ports.commands, ctx.ports.slash
        topic = tuple(word.lower() for word in self.topic)
        if not topic:
            return help.overall(commands, ctx.provider, slash)
        if (found := help.of(topic, commands, ctx.provider, slash)) is not None:
            return found
        what = ("There is no help on ", Code(" ".join(topic)), ".")
        if meant := closest_path(topic, commands):
            raise NothingHere(
                what,
                ("Did you mean ", Code(" ".join(meant)), "?"),
                actions=[Action(" ".join(meant), Help(topic=meant))],
            )
        raise NothingHere(what, ("See ", Code(f"{slash} help"), " for what there is."))


class WhoAmI(Command, path="whoami", role=Role.NOBODY):
    """Say which role you have here, and where it comes from."""

    async def run(self, ctx: Context) -> Reply:
        standing = await ctx.ports.roles.standing(ctx.caller)
        return Reply(
            text=("You are ", Strong(str(standing.role)), f": {standing.because}."),
            facts=(("You", (Code(ctx.caller.user_id),)), ("Workspace", (Code(ctx.caller.team_id),))),
        )
