"""What comes into rooms but people: ingresses and telephone calls, as the overview, the Home and rooms say it."""

from collections.abc import Collection
from dataclasses import dataclass, field

from commands.core.context import Context
from commands.core.words import counted
from providers.base import IngressStatus, Room, RoomRef

LOOKED_AT = 100


@dataclass(slots=True)
class Incoming:
    """The names of a room's live ingresses that the asker may see, and how many calls. `present`: the identities of all
    that are in it, of which nothing is told but how many people are left."""

    ingresses: list[str] = field(default_factory=list)
    calls: int = 0
    present: frozenset[str] = frozenset()

    @property
    def words(self) -> list[str]:
        return [
            *(f"{name} comes in" for name in self.ingresses),
            counted(self.calls, "call", "calls") * bool(self.calls),
        ]

    def people_of(self, room: Room) -> int:
        """A server counts what it is sent among the people."""
        return max(0, room.participants - len(self.present))


async def coming_in(ctx: Context, rooms: Collection[RoomRef]) -> dict[RoomRef, Incoming]:
    """As far as we know, and the asker may see. An ingress that was moved meanwhile is still in the room of before; one
    whose worker died is in none, whatever its record says."""
    found = {room: Incoming() for room in rooms}
    lives = {(room.provider, room.id): room for room in rooms}
    for name in {room.provider for room in rooms}:
        there = await ctx.ports.rooms.sent_into(ctx.viewer.team_id, name, {r.id for r in rooms if r.provider == name})
        for id, identities in there.items():
            found[lives[name, id]].present = identities
        for ingress in await ctx.ports.rooms.ingresses(ctx.viewer, name, LOOKED_AT):
            here = lives.get((name, ingress.room.id))
            is_live = ingress.status is IngressStatus.LIVE
            if here is not None and is_live and ingress.identity in found[here].present:
                found[here].ingresses.append(ingress.shown_name)
        for call in await ctx.ports.rooms.calls(ctx.viewer, name, LOOKED_AT):
            here = lives.get((name, call.room.id))
            if here is not None and not call.status.is_final:
                found[here].calls += 1
    return found
