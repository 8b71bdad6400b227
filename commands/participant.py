"""Who is in a room, and everything about one of them."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pydantic import Field

from commands.core.base import RoomCommand
from commands.core.context import Context
from commands.core.paging import PagedCommand, Rows, like, matched
from commands.core.people import PersonCommand, handle, pinned, shown_identity
from commands.core.phone_numbers import veiled
from commands.core.reply import Action, Code, Form, Item, Moment, Reply, Strong, Text
from commands.core.tracks import particulars, sending, spoken
from commands.core.words import in_a_row, in_natural_order, people_in_it, shortened
from commands.participant_muting import mute_buttons, unmute_buttons
from commands.participant_removal import ParticipantRemove, kept_out_until
from commands.participant_update import ParticipantUpdate, allowed
from providers.base import Capability, Participant, ParticipantKind, Provider, RoomRef

_LONGEST_METADATA = 300
_KINDS = {
    ParticipantKind.PERSON: "",
    ParticipantKind.PHONE: "by phone",
    ParticipantKind.OBSERVER: "hidden observer",
    ParticipantKind.INGRESS: "ingress",
    ParticipantKind.EGRESS: "recorder",
    ParticipantKind.AGENT: "agent",
    ParticipantKind.BRIDGE: "bridge",
}


class ParticipantList(
    PagedCommand, RoomCommand, path="participant list", needs=Capability.LIST_PARTICIPANTS, examples=("standup", ".")
):
    """List who is in a room, and what they send."""

    per_page = 6
    filters = ("pattern",)

    pattern: str | None = Field(None, description="Only people with names like this, with * and ? as wildcards")

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        present = sorted(await ctx.participants(room), key=_in_order)
        found = [p for p in present if self._wants(p)]
        kept = await ctx.kept_out(room)
        rows: Rows[Participant] = Rows(
            item=lambda p: _item(room, p, ctx.provider),
            columns=("Name", "Identity", "Kind", "Sends", "In since", "Connection"),
            cells=lambda p: _cells(p, ctx.provider),
            names=lambda p: p.identity + p.shown_name,
            buttons=3,
        )
        facts = (("Kept out", kept_out_until(kept, ctx.caller.team_id)),) if kept else ()
        return self.model_copy(update={"room_id": room.id or None}).listed(
            self._how_many(room, found, present), found, rows, facts=facts
        )

    def _wants(self, participant: Participant) -> bool:
        pattern = (self.pattern or "*").casefold()
        return any(fnmatchcase(name.casefold(), pattern) for name in (participant.identity, participant.name))

    def _how_many(self, room: RoomRef, found: Sequence[Participant], present: Sequence[Participant]) -> Text:
        if self.pattern is None:
            people = sum(p.is_person for p in present)
            besides = ", ".join(dict.fromkeys(_KINDS[p.kind] for p in present)) if not people else ""
            return (Strong(room.name), f": {people_in_it(people)}", f", besides: {besides}." if besides else ".")
        noun, where = ("participant", "participants"), ("in ", Strong(room.name))
        return matched(len(found), len(present), noun, where, [like(self.pattern)], "in it")


class ParticipantShow(
    PersonCommand, path="participant show", needs=Capability.LIST_PARTICIPANTS, examples=("standup bob", ". @ana")
):
    """Show everything about somebody in a room."""

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        person = await self.find_who(ctx, room)
        return Reply(
            text=(Strong(person.shown_name), " is in ", Strong(room.name), "."),
            facts=_facts(person),
            items=tuple(Item((Strong(spoken(t)),), in_a_row((Code(t.id),), particulars(t))) for t in person.tracks),
            hint=""
            if person.tracks or Capability.PARTICIPANT_TRACKS not in ctx.provider.capabilities
            else "They send nothing.",
            actions=(
                *mute_buttons(room, person, ctx.provider),
                *unmute_buttons(room, person, [t for t in person.tracks if t.muted], ctx.provider),
                *_remove_buttons(room, person, ctx.provider),
                *_update_forms(room, person, ctx.provider),
            ),
        )


def _in_order(participant: Participant) -> tuple[bool, bool, tuple[tuple[int, str], ...], str]:
    """People first, then machines, then observers, each by name: a server tells them in any order."""
    is_observer = participant.kind is ParticipantKind.OBSERVER
    return not participant.is_person, is_observer, in_natural_order(participant.shown_name), participant.identity


def _item(room: RoomRef, person: Participant, provider: Provider) -> Item:
    show = ParticipantShow(**pinned(room, handle(person)))
    return Item(
        title=(Strong(person.shown_name),),
        detail=in_a_row(
            (Code(shown_identity(person)),),
            _KINDS[person.kind],
            _sending(person, provider),
            ("in since ", Moment(person.joined_at)) if person.joined_at else "",
            f"connection {person.quality.value}" if person.quality else "",
        ),
        actions=(
            *mute_buttons(room, person, provider),
            *_remove_buttons(room, person, provider),
            Action("Details", show, description=f"Show {person.shown_name}"),
        ),
    )


def _cells(person: Participant, provider: Provider) -> tuple[Text, ...]:
    return (
        (Strong(person.shown_name),),
        (Code(shown_identity(person)),),
        _KINDS[person.kind] or "person",
        _sending(person, provider),
        (Moment(person.joined_at),) if person.joined_at else "",
        person.quality.value if person.quality else "",
    )


def _sending(person: Participant, provider: Provider) -> Text:
    """What, and since when the first of it. Some servers tell only that."""
    if Capability.PARTICIPANT_TRACKS not in provider.capabilities:
        return "sending" if person.is_publisher else ""
    since = min((track.published_at for track in person.tracks if track.published_at), default=None)
    return (sending(person), " since ", Moment(since)) if since else sending(person)


def _facts(person: Participant) -> tuple[tuple[str, Text], ...]:
    attributes = ", ".join(f"{key}={value}" for key, value in sorted(person.attributes.items()))
    if person.kind is ParticipantKind.PHONE:
        attributes = veiled(attributes)
    facts: list[tuple[str, Text]] = [
        ("Identity", (Code(shown_identity(person)),)),
        ("Id", (Code(person.id),)),
        ("Name", person.name),
        ("Kind", _KINDS[person.kind]),
        ("In since", (Moment(person.joined_at),) if person.joined_at else ""),
        ("Connection", person.quality.value if person.quality else ""),
        ("May", allowed(person.permissions) if person.permissions else ""),
        ("Metadata", shortened(person.metadata, _LONGEST_METADATA)),
        ("Attributes", shortened(attributes, _LONGEST_METADATA)),
    ]
    return tuple((label, value) for label, value in facts if value)


def _remove_buttons(room: RoomRef, person: Participant, provider: Provider) -> tuple[Action, ...]:
    command = ParticipantRemove(**pinned(room, handle(person)))
    if not command.spec.needs <= provider.capabilities:
        return ()
    return (Action("Remove", command, description=f"Remove {person.shown_name}"),)


def _update_forms(room: RoomRef, person: Participant, provider: Provider) -> tuple[Form, ...]:
    if not ParticipantUpdate.spec.needs <= provider.capabilities:
        return ()
    return (Form("Update", ParticipantUpdate, tuple(pinned(room, handle(person)).items())),)
