"""Taking a participant to another room, or showing them there too."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Self

from pydantic import Field

from commands.core.base import Internal, Offered, Offers, Positional, Role
from commands.core.context import Context
from commands.core.errors import CommandError, NothingHere, Problem
from commands.core.people import PersonCommand, has_left, meant, shown
from commands.core.reply import Code, Reply, Strong, Text
from commands.core.types import Name
from commands.core.words import joined
from providers.base import Capability, Participant, Provider, RoomRef
from providers.errors import NotFound
from providers.facts import ParticipantLeft

Call = Callable[[RoomRef, str, RoomRef], Awaitable[None]]


class _Journey(PersonCommand):
    """From one live room to another on the same video server."""

    destination: Annotated[Name, Positional(), Offers(Offered.ROOM)] = Field(
        description="Name of the other room, which must be live"
    )
    destination_id: Annotated[str | None, Internal(of="destination")] = Field(
        None, description="The life of the other room that is meant"
    )

    async def of_maker(self, ctx: Context) -> Self | None:
        """Both rooms must be theirs."""
        own = await super().of_maker(ctx)
        there = await ctx.known_room(RoomRef(self.provider, "", self.destination))
        if own is None or there is None or there.ended or there.made_by != ctx.caller.user_id:
            return None
        return own.model_copy(update={"destination_id": there.ref.id})

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
        ctx.meant.append(destination.name)
        try:
            await call(room, person.identity, destination)
        except NotFound:
            raise await self._lost(ctx, room, person) from None
        return room, person, destination

    async def aftermath(self, ctx: Context) -> Reply:
        rooms = ((self.room, self.room_id), (self.destination, self.destination_id))
        found = [Strong(name) for name, life in rooms if await self._is_in(ctx, name, life)]
        who = shown(self.who, ctx.caller.team_id)
        if not found:
            return Reply(text=(who, " is neither in ", Strong(self.room), " nor in ", Strong(self.destination), "."))
        again = "" if found[-1].text == self.destination else "; do it again if you want that"
        return Reply(text=(who, " is in ", *joined([(room,) for room in found], " and in "), f"{again}."))

    async def _is_in(self, ctx: Context, name: str, life: str | None) -> bool:
        """Whether anybody who could be meant is there."""
        for room in await ctx.list_rooms([name]):
            if life in (None, room.ref.id):
                present = await ctx.participants(room.ref)
                named = [p for p in present if p.identity == self.who]
                return bool(named if self.exact else meant(present, self.who, ctx.caller.team_id))
        return False

    async def _find_destination(self, ctx: Context) -> RoomRef:
        """The server is asked, as what we believe of a room may be old, and a wrong guess would part people."""
        for room in await ctx.list_rooms([self.destination]):
            if self.destination_id in (None, room.ref.id):
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
