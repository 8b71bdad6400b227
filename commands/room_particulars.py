"""What is said of a room: in a row of a table, and in full."""

from collections.abc import Iterable, Sequence

from commands.core.context import Context
from commands.core.reply import Code, Moment, Person, Strong, Text
from commands.core.tracks import sending
from commands.core.words import a_few, count_people, in_a_row, in_natural_order, shortened, spoken_duration
from commands.room_incoming import Incoming, coming_in
from providers.base import Capability, Participant, Room, RoomRef

NAMED = 5
LONGEST_METADATA = 300


def a_few_of(people: Sequence[Participant]) -> str:
    """A few of them by name."""
    return a_few([who.shown_name for who in people], NAMED)


def table_cells(room: Room, ours: bool, incoming: Incoming) -> tuple[Text, ...]:
    return (
        (Strong(room.ref.name),),
        in_a_row(count_people(incoming.people_of(room)), *incoming.words),
        "runs" if room.recording else "",
        (Moment(room.created_at),) if room.created_at else "",
        "this channel" if ours else "",
    )


def room_facts(
    room: Room, people: Sequence[Participant], incoming: Incoming, *, made_by: str | None, ends: Text
) -> tuple[tuple[str, Text], ...]:
    """`ends`: when it was planned to, and by whom; empty where it was not."""
    facts: list[tuple[str, Text]] = [("Video server", room.ref.provider), ("Id", (Code(room.ref.id),))]
    if room.created_at is not None:
        facts.append(("Since", (Moment(room.created_at),)))
    if people:
        facts.append(("In it", a_few_of(people)))
    if sends := _sending(people):
        facts.append(("Sending", sends))
    if incoming.ingresses:
        facts.append(("Comes in", a_few(incoming.ingresses, NAMED)))
    if incoming.calls:
        facts.append(("Calls", f"{incoming.calls:,}"))
    if room.max_participants:
        facts.append(("Room for", f"{room.max_participants:,}"))
    if ends:
        facts.append(("Ends", ends))
    if left_alone := _ends_left_alone(room):
        facts.append(("Ends by itself", left_alone))
    facts.append(("Recording", "runs" if room.recording else "none"))
    if made_by is not None:
        facts.append(("Made by", (Person(made_by),)))
    return (*facts, *metadata_fact("Metadata", room.metadata))


def _sending(people: Sequence[Participant]) -> str:
    """Who sends what, a few of them."""
    senders = [person for person in people if person.tracks]
    more = f"; and {len(senders) - NAMED} more" if len(senders) > NAMED else ""
    return "; ".join(f"{person.shown_name}: {sending(person)}" for person in senders[:NAMED]) + more


def _ends_left_alone(room: Room) -> str:
    timeouts = {"after nobody has come": room.empty_timeout, "after the last one has left": room.departure_timeout}
    return ", ".join(f"{spoken_duration(timeout, exact=True)} {when}" for when, timeout in timeouts.items() if timeout)


def metadata_fact(label: str, metadata: str) -> tuple[tuple[str, Text], ...]:
    return ((label, (Code(shortened(metadata, LONGEST_METADATA)),)),) if metadata else ()


async def people_of(ctx: Context, room: Room) -> tuple[int, list[Participant]]:
    """How many are there, and who by name as far as the server says. A room's own count may be some seconds old."""
    if Capability.LIST_PARTICIPANTS not in ctx.provider.capabilities:
        return (await coming_in(ctx, [room.ref]))[room.ref].people_of(room), []
    people = await people_by_name(ctx, room.ref)
    return len(people), people


async def people_by_name(ctx: Context, room: RoomRef) -> list[Participant]:
    """The people in a room."""
    return by_name([who for who in await ctx.participants(room) if who.is_person])


def by_name(participants: Iterable[Participant]) -> list[Participant]:
    """LiveKit lists them in any order."""
    return sorted(participants, key=lambda who: (in_natural_order(who.shown_name), who.identity))
