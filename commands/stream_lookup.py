"""The one stream that a command is about, by its id or by the room that is streamed."""

from typing import Annotated, ClassVar, Self

from pydantic import Field

from commands.core.base import Command, Internal, Offered, Offers, Positional, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.errors import MOST_OFFERED, NothingHere
from commands.core.moments import zone_of
from commands.core.reply import Action, Code
from commands.core.types import FeedName
from commands.egress_choices import choices
from commands.one_feed import begun, is_makers, name_of, other_servers
from providers.base import Stream
from providers.facts import StreamChanged, ThingKind

_LOOKED_AT = 100
"""Of the streams that we know of, when it is looked for somebody's own."""


class OneStream(ServerCommand):
    """Base of the commands for one stream. `doing` says what is done to it: "Say which one to stop"."""

    doing: ClassVar[str] = "stop"

    stream: Annotated[FeedName, Positional(), RoomName(), Offers(Offered.STREAM)] = Field(
        description="Id of the stream, or the room that is streamed"
    )
    room_id: Annotated[str | None, Internal(of="stream")] = Field(
        None, description="The life of the room that is meant"
    )

    async def of_maker(self, ctx: Context) -> Self | None:
        """Theirs is what runs from a room that they made, and a stream that they started from another's."""
        known = await ctx.ports.rooms.streams(ctx.viewer, self.provider, _LOOKED_AT)
        meant = [s for s in known if s.ref.id == self.stream or (self.is_of_room(s) and not s.status.is_final)]
        own = [stream for stream in meant if await is_makers(ctx, stream)]
        if len(own) != 1:
            return None  # of several it is said by id which
        return self.pinned(own[0])

    def is_of_room(self, stream: Stream) -> bool:
        return name_of(stream) == self.stream and self.room_id in (None, stream.room.id)

    def pinned(self, stream: Stream) -> Self:
        """The same for exactly that one."""
        return self.model_copy(update={"provider": stream.ref.provider, "stream": stream.ref.id, "room_id": None})

    async def find(self, ctx: Context) -> Stream:
        """By id, whatever its status; else the one running stream of a room of that name. Raises `NothingHere`."""
        known = await ctx.list_streams()
        meant = [s for s in known if s.ref.id == self.stream]
        dismissed = frozenset[str]() if meant else await ctx.dismissed(ThingKind.STREAM, known)
        going_on = [s for s in known if not s.status.is_final and s.ref.id not in dismissed]
        meant = meant or [s for s in going_on if self.is_of_room(s)]
        if len(meant) == 1:
            ctx.meant.append(name_of(meant[0]))
            return meant[0]
        if meant:
            now, verb = ctx.ports.clock.now().astimezone(await zone_of(ctx)), self.doing.capitalize()
            raise NothingHere(
                ("There are ", f"{len(meant)}", " streams of ", Code(self.stream), "."),
                f"Say which one to {self.doing}.",
                actions=choices(verb, meant, lambda s: begun(s, now), self.pinned, self._every(ctx)),
            )
        raise await self._not_here(ctx)

    def _every(self, ctx: Context) -> Command:
        listed = ctx.ports.commands["stream", "list"]
        return listed.model_validate({"provider": self.provider, "room": self.stream, "active": True})

    async def newest(self, ctx: Context) -> Stream:
        """By id, or the newest of a room of that name, whatever their status. Raises `NothingHere`."""
        known = await ctx.list_streams()
        meant = [s for s in known if s.ref.id == self.stream] or [s for s in known if self.is_of_room(s)]
        if not meant:
            raise await self._not_here(ctx)
        ctx.meant.append(name_of(meant[0]))
        return meant[0]

    async def _not_here(self, ctx: Context) -> NothingHere:
        """Where another video server has it, as far as we know, that one is offered."""
        what = ("Nothing called ", Code(self.stream), " is being streamed on ", Code(self.provider), ".")
        if elsewhere := await self._elsewhere(ctx):
            there = [Action(f"On {s.ref.provider}", self.pinned(s)) for s in elsewhere[:MOST_OFFERED]]
            return NothingHere(what, "There is one on another video server.", actions=there)
        return NothingHere(what, ("See ", Code(f"{ctx.ports.slash} stream list"), "."))

    async def _elsewhere(self, ctx: Context) -> list[Stream]:
        """Asks no other server: one that does not answer would hold up the answer."""
        known = [
            s
            for name in other_servers(ctx, self.provider)
            for s in await ctx.ports.rooms.streams(ctx.viewer, name, _LOOKED_AT)
        ]
        return [s for s in known if s.ref.id == self.stream or (self.is_of_room(s) and not s.status.is_final)]

    async def report_as_it_is(self, ctx: Context, stream: Stream) -> Stream:
        """The card believed that it ran; what the server says mends it. Returned is what it says; what was believed
        where it says nothing."""
        observed = ctx.observed()
        for now in await ctx.list_streams(stream.room if stream.source.has_room else None):
            if now.ref == stream.ref:
                await ctx.report(StreamChanged(stream=now, **observed))
                return now
        return stream
