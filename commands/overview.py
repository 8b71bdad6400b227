"""What is live, with the usual next steps: in one channel, and row by row for other pages."""

from collections.abc import Iterable, Sequence

from commands.core.asking import ServerAnswer, ask_servers
from commands.core.base import Command, pin
from commands.core.context import Context, Ports
from commands.core.directory import KnownRoom
from commands.core.ports import Standing
from commands.core.reply import Action, Button, Code, Form, Item, Reply, Strong, Text
from commands.core.words import counted, in_a_row, people_in_it
from commands.room import RoomCreate, RoomJoin, RoomList, RoomShow
from providers.base import Capability, RoomRef

MOST_ROOMS = 10


class Overview(Command, path="overview"):
    """Show what is live in this channel, with the usual next steps."""

    async def run(self, ctx: Context) -> Reply:
        live = await ctx.ports.rooms.live_in_channel(ctx.viewer)
        answers = await ask_servers(ctx.ports, _wanted(ctx.ports, live))
        count = counted(len(live), "room is", "rooms are")
        more = (f"{len(live) - MOST_ROOMS} more: ", Code(f"{ctx.ports.slash} room list"), ". ")
        known = (Code(f"{ctx.ports.slash} help"), " shows what else you can ask for.")
        to_help = Action("Help", ctx.ports.commands["help",]())
        return Reply(
            text=f"{count} live in this channel." if live else "Nothing is live in this channel.",
            items=tuple(
                _item(ctx.ports, ctx.standing, room, answers.get(room.ref.provider)) for room in live[:MOST_ROOMS]
            ),
            actions=next_steps(ctx, Form("Create room", RoomCreate), room_list(ctx), to_help),
            hint=(*more, *known) if len(live) > MOST_ROOMS else known,
        )


def next_steps(ctx: Context, *buttons: Form | Action) -> tuple[Button, ...]:
    """Those of the buttons that the channel's video server allows."""
    specs = [(button, (button.command_type if isinstance(button, Form) else button.command).spec) for button in buttons]
    return tuple(button for button, spec in specs if spec.needs <= ctx.provider.capabilities)


def room_list(ctx: Context) -> Action:
    return Action("List rooms", RoomList(provider=ctx.provider.name))


def room_row(
    ports: Ports, standing: Standing, ref: RoomRef, state: Sequence[Text], *more: Action, is_own: bool = False
) -> Item:
    """A live room, what is known of it, and what the reader can do with it. `more` stands after the usual steps.

    `is_own`: the reader has made it.
    """
    join = Action("Join", RoomJoin(**pin(ref)), description=f"Join room {ref.name}")
    show = Action("Show", RoomShow(**pin(ref)), description=f"Show room {ref.name}")
    where = ("on ", Code(ref.provider)) if len(ports.providers.names) > 1 else ""
    actions = allowed(ports, standing, (join, show, *more), is_own=is_own)
    return Item(title=(Strong(ref.name),), detail=in_a_row(*state, where), actions=actions)


def allowed(ports: Ports, standing: Standing, actions: Iterable[Action], *, is_own: bool = False) -> tuple[Action, ...]:
    """Those that the reader's role and the video server that each is for allow. `is_own`: of what the reader made."""
    return tuple(
        action for action in actions if (is_own or standing.reaches(action.command)) and _can(ports, action.command)
    )


def _can(ports: Ports, command: Command) -> bool:
    provider = ports.providers.get(getattr(command, "provider", None) or ports.providers.default)
    return provider is not None and command.spec.needs <= provider.capabilities


def _wanted(ports: Ports, live: Sequence[KnownRoom]) -> dict[str, list[str]]:
    """The names of the live rooms by video server, where that can say how they are."""
    wanted: dict[str, list[str]] = {}
    for room in live:
        provider = ports.providers.get(room.ref.provider)
        if provider is not None and Capability.LIST_ROOMS in provider.capabilities:
            wanted.setdefault(provider.name, []).append(room.ref.name)
    return wanted


def _item(ports: Ports, standing: Standing, known: KnownRoom, answer: ServerAnswer | None) -> Item:
    return room_row(ports, standing, known.ref, _state(answer, known.ref))


def _state(answer: ServerAnswer | None, ref: RoomRef) -> tuple[Text, ...]:
    if answer is None or answer.rooms is None:
        return ("its video server did not say who is in it",)
    room = answer.room(ref)
    if room is None:
        return ("its video server does not list it at the moment",)
    return people_in_it(room.participants), "being recorded" if room.recording else ""
