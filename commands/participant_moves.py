"""Taking a participant to another room, or showing them there too."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import Field

from commands.core.base import Offered, Offers, Positional, Role
from commands.core.context import Context
from commands.core.errors import CommandError, NothingHere, Problem
from commands.core.people import PersonCommand, has_left
from commands.core.reply import Code, Reply, Strong, Text
from commands.core.types import Name
from providers.base import Capability, Participant, Provider, RoomRef
from providers.errors import NotFound
from providers.facts import ParticipantLeft

Call = Callable[[RoomRef, str, RoomRef], Awaitable[None]]


class _Journey(PersonCommand):
    """From one live room to another on the same video server."""

    destination: Annotated[Name, Positional(), Offers(Offered.ROOM)] = Field(
        description="Name of the other room, which must be live"
    )

    def problems(self, provider: Provider) -> list[Problem]:
        if self.destination == self.room:
            return [Problem("It is the room that they are in.", "destination")]
        if self.destination == ".":
            return [Problem("Name it; “.” can stand for ROOM only.", "destination")]
        return []

    async def _take(self, ctx: Context, call: Call) -> tuple[RoomRef, Participant, RoomRef]:
        """Make the call, and say from where who went where."""
        room = await ctx.find_room(self)
        person = await self.find_who(ctx, room)
        destination = await self._find_destination(ctx)
        try:
            await call(room, person.identity, destination)
        except NotFound:
            raise await self._lost(ctx, room, person) from None
        return room, person, destination

    async def _find_destination(self, ctx: Context) -> RoomRef:
        """The server is asked, as what we believe of a room may be old, and a wrong guess would part people."""
        for room in await ctx.list_rooms([self.destination]):
            return room.ref
        raise NothingHere(
            ("There is no room ", Code(self.destination), " on ", Code(ctx.provider.name), "."),
            ("It must be there first; see what is live with ", Code(f"{ctx.ports.slash} room list"), "."),
        )

    async def _lost(self, ctx: Context, room: RoomRef, person: Participant) -> CommandError:
        """The server did not know one of the three: which, is found out by looking again."""
        await self._find_destination(ctx)
        return await has_left(ctx, room, person)


class ParticipantMove(
    _Journey,
    path="participant move",
    role=Role.OPERATOR,
    needs=(Capability.MOVE_PARTICIPANT, Capability.LIST_PARTICIPANTS, Capability.LIST_ROOMS),
    examples=("standup bob retro",),
):
    """Take somebody from one room to another."""

    async def run(self, ctx: Context) -> Reply:
        room, person, destination = await self._take(ctx, ctx.provider.move_participant)
        left = ParticipantLeft(room=room, participant=person.brief(), reason="moved to another room", **ctx.observed())
        await ctx.report(left)
        way: Text = (" from ", Strong(room.name), " to ", Strong(destination.name), ".")
        return Reply(text=("Moved ", Strong(person.shown_name), *way))


class ParticipantForward(
    _Journey,
    path="participant forward",
    role=Role.OPERATOR,
    needs=(Capability.FORWARD_PARTICIPANT, Capability.LIST_PARTICIPANTS, Capability.LIST_ROOMS),
    examples=("standup bob retro",),
):
    """Show somebody in another room too."""

    async def run(self, ctx: Context) -> Reply:
        room, person, destination = await self._take(ctx, ctx.provider.forward_participant)
        return Reply(
            text=(Strong(person.shown_name), " is shown in ", Strong(destination.name), " too."),
            hint=("They stay in ", Code(room.name), "."),
        )
