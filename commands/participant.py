"""Who is in a room."""

from commands.core.base import RoomCommand
from commands.core.context import Context
from commands.core.reply import Item, Mark, Moment, Reply, Strong
from providers.base import Capability, Participant


class ParticipantList(
    RoomCommand, path="participant list", needs=Capability.LIST_PARTICIPANTS, examples=("standup", ".")
):
    """List who is in a room."""

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        present = await ctx.participants(room)
        people = sum(p.is_person for p in present)
        return Reply(
            text=(Strong(room.name), f": {count_people(people)}."),
            items=tuple(_item(p) for p in present),
            hint="" if present else "Nobody is there yet.",
        )


def count_people(count: int) -> str:
    return {0: "nobody is in it", 1: "one person is in it"}.get(count, f"{count} people are in it")


def _item(participant: Participant) -> Item:
    detail: list[str | Mark] = [participant.identity]
    if not participant.is_person:
        detail.append(" · not a person")
    if participant.is_publisher:
        detail.append(" · sending")
    if participant.joined_at is not None:
        detail += [" · since ", Moment(participant.joined_at)]
    return Item(title=(Strong(participant.name or participant.identity),), detail=detail)
