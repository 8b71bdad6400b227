"""Finding one's way: what can be asked for, and who one is to this bot."""

from pydantic import Field

from commands.core.access import in_words
from commands.core.base import Arg, Command, Role
from commands.core.context import Context
from commands.core.errors import NothingHere
from commands.core.help import Pages
from commands.core.registry import Path
from commands.core.reply import Action, Code, Form, Reply
from commands.overview import Overview, next_steps, room_list
from commands.recording import RecordingStart
from commands.room import RoomCreate, RoomJoin


class Help(Command, path="help", role=Role.NOBODY, examples=("", "room", "room create")):
    """Show what you can ask for, or one command in full."""

    topic: Arg[tuple[str, ...]] = Field((), description="What you want to do, a noun or a command")

    async def run(self, ctx: Context) -> Reply:
        pages = Pages(ctx.ports.commands, ctx.provider, ctx.standing, ctx.ports.slash, _to)
        topic = tuple(word.lower() for word in self.topic)
        if not topic:
            return pages.first(next_steps(ctx, *_first_steps(ctx)))
        if (found := pages.of(topic)) is not None:
            return found
        what = ("There is no help on ", Code(" ".join(topic)), ".")
        if meant := pages.nearest(topic):
            raise NothingHere(
                what, ("Did you mean ", Code(" ".join(meant)), "?"), actions=[_to(" ".join(meant), meant)]
            )
        raise NothingHere(what, ("See ", Code(f"{ctx.ports.slash} help"), " for what there is."))


class WhoAmI(Command, path="whoami", role=Role.NOBODY):
    """Say which role you have here, where it comes from, and until when."""

    async def run(self, ctx: Context) -> Reply:
        more = sorted(ctx.standing.more.items())
        return Reply(
            text=("You are ", *in_words(ctx.standing), "."),
            facts=(
                *((f"On {name}", in_words(standing)) for name, standing in more),
                ("You", (Code(ctx.caller.user_id),)),
                ("Workspace", (Code(ctx.caller.team_id),)),
            ),
        )


def _to(label: str, topic: Path) -> Action:
    return Action(label, Help(topic=topic), in_place=True)


def _first_steps(ctx: Context) -> tuple[Form | Action, ...]:
    """What people come for most."""
    return (
        Form("Create room", RoomCreate),
        Form("Join room", RoomJoin),
        Form("Record", RecordingStart),
        room_list(ctx),
        Action("What is live here", Overview()),
    )
