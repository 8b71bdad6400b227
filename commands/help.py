"""Finding one's way: what is live here, what can be asked for, and who one is to this bot."""

import asyncio
from collections.abc import Mapping, Sequence

from pydantic import Field

from commands.core.base import Arg, Command, Role, pin
from commands.core.context import Context
from commands.core.errors import NothingHere
from commands.core.help import Pages
from commands.core.ports import KnownRoom
from commands.core.registry import Path
from commands.core.reply import Action, Button, Code, Form, Item, Reply, Strong, Text
from commands.core.words import counted, in_a_row, people_in_it
from commands.recording import RecordingStart
from commands.room import RoomCreate, RoomJoin, RoomList, RoomShow
from providers.base import Capability, Room
from providers.errors import ProviderError

MOST_ROOMS = 10
ANSWER_SECONDS = 2.0
"""How long the overview waits for each video server. All are asked at once."""


class Overview(Command, path="overview"):
    """Show what is live in this channel, with the usual next steps."""

    async def run(self, ctx: Context) -> Reply:
        live = await ctx.ports.rooms.live_in_channel(ctx.caller.team_id, ctx.place.channel_id)
        answers = await _asked(ctx, live)
        count = counted(len(live), "room is", "rooms are")
        more = (f"{len(live) - MOST_ROOMS} more: ", Code(f"{ctx.ports.slash} room list"), ". ")
        known = (Code(f"{ctx.ports.slash} help"), " shows what else you can ask for.")
        return Reply(
            text=f"{count} live in this channel." if live else "Nothing is live in this channel.",
            items=tuple(_item(ctx, room, answers.get(room.ref.provider)) for room in live[:MOST_ROOMS]),
            actions=await _wanted(ctx, Form("Create room", RoomCreate), _list(ctx), Action("Help", Help())),
            hint=(*more, *known) if len(live) > MOST_ROOMS else known,
        )


class Help(Command, path="help", role=Role.NOBODY, examples=("", "room", "room create")):
    """Show what you can ask for, or one command in full."""

    topic: Arg[tuple[str, ...]] = Field((), description="What you want to do, a noun or a command")

    async def run(self, ctx: Context) -> Reply:
        standing = await ctx.ports.roles.standing(ctx.caller)
        pages = Pages(ctx.ports.commands, ctx.provider, standing.role, ctx.ports.slash, _to)
        topic = tuple(word.lower() for word in self.topic)
        if not topic:
            return pages.first(await _wanted(ctx, *_first_steps(ctx)))
        if (found := pages.of(topic)) is not None:
            return found
        what = ("There is no help on ", Code(" ".join(topic)), ".")
        if meant := pages.nearest(topic):
            raise NothingHere(
                what, ("Did you mean ", Code(" ".join(meant)), "?"), actions=[_to(" ".join(meant), meant)]
            )
        raise NothingHere(what, ("See ", Code(f"{ctx.ports.slash} help"), " for what there is."))


class WhoAmI(Command, path="whoami", role=Role.NOBODY):
    """Say which role you have here, and where it comes from."""

    async def run(self, ctx: Context) -> Reply:
        standing = await ctx.ports.roles.standing(ctx.caller)
        return Reply(
            text=("You are ", Strong(str(standing.role)), f": {standing.because}."),
            facts=(("You", (Code(ctx.caller.user_id),)), ("Workspace", (Code(ctx.caller.team_id),))),
        )


def _to(label: str, topic: Path) -> Action:
    return Action(label, Help(topic=topic), in_place=True)


def _list(ctx: Context) -> Action:
    return Action("List rooms", RoomList(provider=ctx.provider.name))


def _first_steps(ctx: Context) -> tuple[Form | Action, ...]:
    """What people come for most."""
    return (
        Form("Create room", RoomCreate),
        Form("Join room", RoomJoin),
        Form("Record", RecordingStart),
        _list(ctx),
        Action("What is live here", Overview()),
    )


async def _wanted(ctx: Context, *buttons: Form | Action) -> tuple[Button, ...]:
    """Those of the buttons that the asker's role and the channel's video server allow."""
    standing = await ctx.ports.roles.standing(ctx.caller)
    specs = [(button, (button.command_type if isinstance(button, Form) else button.command).spec) for button in buttons]
    return tuple(b for b, spec in specs if spec.role <= standing.role and spec.needs <= ctx.provider.capabilities)


async def _asked(ctx: Context, live: Sequence[KnownRoom]) -> Mapping[str, Mapping[str, Room] | None]:
    """The rooms that each video server has by their ids; None where it did not say in time."""
    names = list(dict.fromkeys(room.ref.provider for room in live))
    found = await asyncio.gather(
        *(_ask(ctx, name, [r.ref.name for r in live if r.ref.provider == name]) for name in names)
    )
    return dict(zip(names, found, strict=True))


async def _ask(ctx: Context, name: str, rooms: Sequence[str]) -> Mapping[str, Room] | None:
    provider = ctx.ports.providers.get(name)
    if provider is None or Capability.LIST_ROOMS not in provider.capabilities:
        return None
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return {room.ref.id: room for room in await provider.list_rooms(rooms)}
    except (ProviderError, TimeoutError):
        return None


def _item(ctx: Context, known: KnownRoom, answer: Mapping[str, Room] | None) -> Item:
    """One server's rooms need not say whose they are."""
    ref, provider = known.ref, ctx.ports.providers.get(known.ref.provider)
    able = provider.capabilities if provider else frozenset[Capability]()
    join = Action("Join", RoomJoin(**pin(ref)), description=f"Join room {ref.name}")
    show = Action("Show", RoomShow(**pin(ref)), description=f"Show {ref.name}")
    return Item(
        title=(Strong(ref.name),),
        detail=in_a_row(*_state(answer, ref.id), ref.provider if len(ctx.ports.providers.names) > 1 else ""),
        actions=tuple(action for action in (join, show) if action.command.spec.needs <= able),
    )


def _state(answer: Mapping[str, Room] | None, room_id: str) -> tuple[Text, ...]:
    if answer is None:
        return ("its video server did not say who is in it",)
    room = answer.get(room_id)
    if room is None:
        return ("its video server does not list it at the moment",)
    return people_in_it(room.participants), "being recorded" if room.recording else ""
