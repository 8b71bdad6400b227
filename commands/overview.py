"""What is live, with the usual next steps: in one channel, and row by row for other pages."""

from collections.abc import Iterable, Mapping, Sequence

from commands.core.asking import ServerAnswer, ask_servers
from commands.core.base import Command, pin
from commands.core.context import Context, Ports
from commands.core.directory import KnownRoom
from commands.core.phone_numbers import without_numbers
from commands.core.reply import Action, Button, Code, Form, Item, Reply, Strong, Text
from commands.core.stopping import as_said, stops_of
from commands.core.timers import PlannedStop, Target
from commands.core.words import counted, in_a_row, people_in_it
from commands.egress_actions import Feed, stop_recordings, stop_streams
from commands.room import RoomCreate, RoomJoin, RoomList, RoomShow
from commands.room_incoming import Incoming, coming_in
from commands.room_timing import target_of
from providers.base import Capability, Provider, Recording, RoomRef, Stream

MOST_ROOMS = 10
LOOKED_AT = 100


class Overview(Command, path="overview"):
    """Show what is live in this channel, with the usual next steps."""

    async def run(self, ctx: Context) -> Reply:
        live = await ctx.ports.rooms.live_in_channel(ctx.viewer)
        answers = await ask_servers(ctx.ports, _wanted(ctx.ports, live))
        shown = [room.ref for room in live[:MOST_ROOMS]]
        planned = await stops_of(ctx, [target_of(ref) for ref in shown])
        out, incoming = await _going_out(ctx, shown), await coming_in(ctx, shown)
        count = counted(len(live), "room is", "rooms are")
        more = (f"{len(live) - MOST_ROOMS} more: ", Code(f"{ctx.ports.slash} room list"), ". ")
        known = (Code(f"{ctx.ports.slash} help"), " shows what else you can ask for.")
        to_help = Action("Help", ctx.ports.commands["help",]())
        return Reply(
            text=f"{count} live in this channel." if live else "Nothing is live in this channel.",
            items=tuple(
                room_row(
                    ctx.ports,
                    ref,
                    (
                        *_state(answers.get(ref.provider), ref, incoming[ref]),
                        *_streamed(out[ref]),
                        *incoming[ref].words,
                        ends(ctx.ports, planned, ref),
                    ),
                    *_stops(ref, out[ref]),
                )
                for ref in shown
            ),
            actions=next_steps(ctx, Form("Create room", RoomCreate), room_list(ctx), to_help),
            hint=(*more, *known) if len(live) > MOST_ROOMS else known,
        )


def ends(ports: Ports, planned: Mapping[Target, PlannedStop], ref: RoomRef) -> Text:
    """That it ends by itself; empty where nothing is planned."""
    stop = planned.get(target_of(ref))
    return ("ends ", *as_said(stop, ports.clock.now())) if stop is not None else ""


async def _going_out(ctx: Context, rooms: Sequence[RoomRef]) -> dict[RoomRef, list[Feed]]:
    """The recordings and streams of each that go on, as far as we know; of those that the asker may see."""
    found = {room: list[Feed]() for room in rooms}
    for name in {room.provider for room in rooms}:
        recordings = await ctx.ports.rooms.recordings(ctx.viewer, name, LOOKED_AT)
        streams = await ctx.ports.rooms.streams(ctx.viewer, name, LOOKED_AT)
        feeds: list[Feed] = [*recordings, *streams]
        for feed in feeds:
            if feed.room in found and not feed.status.is_final:
                found[feed.room].append(feed)
    return found


def _streamed(going_out: Sequence[Feed]) -> list[str]:
    return ["being streamed"] if any(isinstance(feed, Stream) for feed in going_out) else []


def _stops(room: RoomRef, going_out: Sequence[Feed]) -> list[Action]:
    recordings = [feed.ref.id for feed in going_out if isinstance(feed, Recording)]
    streams = [feed.ref.id for feed in going_out if isinstance(feed, Stream)]
    return [step for step in (stop_recordings(room, recordings), stop_streams(room, streams)) if step is not None]


def next_steps(ctx: Context, *buttons: Form | Action) -> tuple[Button, ...]:
    """Those of the buttons that the channel's video server allows."""
    specs = [(button, (button.command_type if isinstance(button, Form) else button.command).spec) for button in buttons]
    return tuple(button for button, spec in specs if spec.needs <= ctx.provider.capabilities)


def room_list(ctx: Context) -> Action:
    return Action("List rooms", RoomList(provider=ctx.provider.name))


def room_row(ports: Ports, ref: RoomRef, state: Sequence[Text], *more: Action) -> Item:
    """A live room, what is known of it, and what its server can do with it. `more` stands after the usual steps."""
    name = without_numbers(ref.name)
    join = Action("Join", RoomJoin(**pin(ref)), description=f"Join room {name}")
    show = Action("Show", RoomShow(**pin(ref)), description=f"Show room {name}")
    where = ("on ", Code(ref.provider)) if len(ports.providers.names) > 1 else ""
    actions = allowed(ports, (join, show, *more))
    return Item(title=(Strong(name),), detail=in_a_row(*state, where), actions=actions)


def allowed(ports: Ports, actions: Iterable[Action]) -> tuple[Action, ...]:
    """Those that the video server of each can do."""
    return tuple(action for action in actions if action.command.spec.needs <= _server(ports, action).capabilities)


def _server(ports: Ports, action: Action) -> Provider:
    return ports.provider(getattr(action.command, "provider", None))


def _wanted(ports: Ports, live: Sequence[KnownRoom]) -> dict[str, list[str]]:
    """The names of the live rooms by video server, where that can say how they are."""
    wanted: dict[str, list[str]] = {}
    for room in live:
        provider = ports.providers.get(room.ref.provider)
        if provider is not None and Capability.LIST_ROOMS in provider.capabilities:
            wanted.setdefault(provider.name, []).append(room.ref.name)
    return wanted


def _state(answer: ServerAnswer | None, ref: RoomRef, incoming: Incoming) -> tuple[Text, ...]:
    if answer is None or answer.rooms is None:
        return ("its video server did not say who is in it",)
    room = answer.room(ref)
    if room is None:
        return ("its video server does not list it at the moment",)
    return people_in_it(incoming.people_of(room)), "being recorded" if room.recording else ""
