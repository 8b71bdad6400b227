"""Rooms: making, finding, joining and ending them."""

from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from commands.core.base import Advanced, Arg, Internal, Needs, Role, RoomCommand, ServerCommand
from commands.core.context import Context
from commands.core.errors import Ended, NothingHere, Problem
from commands.core.invitation import invite, own_identity
from commands.core.reply import Action, Button, Code, Form, Item, Mark, Moment, Person, Question, Reply, Strong, Text
from commands.core.types import Count, Duration, Name, spell_duration
from commands.participant import ParticipantList, count_people
from commands.recording import RecordingStart
from providers.base import Capability, Participant, Provider, Room, RoomOptions, RoomRef, TokenOptions
from providers.errors import NotFound, ProviderError
from providers.facts import RecordingChanged, RoomFinished, RoomSeen

PAGE = 10
NAMED = 5


class RoomCreate(
    ServerCommand,
    path="room create",
    role=Role.OPERATOR,
    needs=Capability.CREATE_ROOM,
    examples=("standup", "standup --max-participants 20 --empty-timeout 10m", '"Q3 review" --record'),
):
    """Create a room, or return the live one of that name."""

    name: Arg[Name] = Field(description="What the room is called")
    max_participants: Annotated[Count | None, Needs(Capability.MAX_PARTICIPANTS)] = Field(
        None, description="How many may be in it at once"
    )
    empty_timeout: Annotated[Duration | None, Needs(Capability.EMPTY_TIMEOUT)] = Field(
        None, description="End it when nobody has come for so long, such as 10m"
    )
    departure_timeout: Annotated[Duration | None, Needs(Capability.DEPARTURE_TIMEOUT), Advanced()] = Field(
        None, description="End it so long after the last one has left, such as 1m"
    )
    metadata: Annotated[str | None, Needs(Capability.ROOM_METADATA), Advanced()] = Field(
        None, description="Text for the application, kept with the room"
    )
    record: Annotated[bool, Needs(Capability.RECORD_FROM_START)] = Field(
        False, description="Start recording with the room"
    )

    def problems(self, provider: Provider) -> list[Problem]:
        limits, found = provider.limits, list[Problem]()
        if self.name == ".":
            found.append(Problem("“.” stands for the channel's room, so no room can be called that.", "name"))
        if problem := limits.room_name_problem(self.name):
            found.append(Problem(problem, "name"))
        if self.max_participants is not None and self.max_participants > limits.max_participants:
            found.append(Problem(f"The most here is {limits.max_participants:,}.", "max_participants"))
        if problem := limits.metadata_problem(self.metadata or ""):
            found.append(Problem(problem, "metadata"))
        most = spell_duration(limits.room_timeout_max)
        for name in ("empty_timeout", "departure_timeout"):
            if (getattr(self, name) or limits.room_timeout_max) > limits.room_timeout_max:
                found.append(Problem(f"A room can be kept for {most} at most.", name))
        return found

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        options = RoomOptions(
            max_participants=self.max_participants,
            empty_timeout=self.empty_timeout,
            departure_timeout=self.departure_timeout,
            metadata=self.metadata,
            record=self.record,
        )
        created = await ctx.provider.create_room(self.name, options)
        await ctx.report(RoomSeen(room=created.room, **ctx.observed()), card=True, made=not created.existed)
        if not created.existed:
            await self._report_recording(ctx, created.room.ref)
            return Reply(text=("Created ", Strong(self.name), "."))
        people, _ = await _people(ctx, created.room)
        return Reply(text=(Strong(self.name), " was there already: ", count_people(people), "."), hint=self._kept())

    async def aftermath(self, ctx: Context) -> Reply:
        for room in await ctx.provider.list_rooms([self.name]):
            await ctx.report(RoomSeen(room=room, **ctx.observed()), card=True)
            return Reply(text=("The room ", Strong(self.name), " is there: ", count_people(room.participants), "."))
        return Reply(text=("There is no room ", Strong(self.name), "; create it again if it is needed."))

    async def _report_recording(self, ctx: Context, room: RoomRef) -> None:
        """What starts with the room wants a card here too, else nobody would hear of its failure."""
        if not self.record or Capability.LIST_RECORDINGS not in ctx.provider.capabilities:
            return
        with suppress(ProviderError):  # the room is there, whatever becomes of this question
            for recording in await ctx.provider.list_recordings(room):
                await ctx.report(RecordingChanged(recording=recording, **ctx.observed()), card=True, made=True)

    def _kept(self) -> str:
        """A live room cannot be created again with other options, and saying nothing would look as if it were."""
        asked = self.changed_fields() - {"name", "provider"}
        return "It was left as it is; the options you gave were not applied." if asked else ""


class RoomList(
    ServerCommand,
    path="room list",
    needs=Capability.LIST_ROOMS,
    examples=("", "team-*"),
    aliases=("rooms",),
):
    """List the live rooms, this channel's first."""

    pattern: Arg[str | None] = Field(None, description="Only names like this, with * and ? as wildcards")
    page: Annotated[Count, Internal()] = Field(1, description="Which ten of them")

    async def run(self, ctx: Context) -> Reply:
        rooms = [r for r in await ctx.provider.list_rooms() if fnmatchcase(r.ref.name, self.pattern or "*")]
        known = await ctx.ports.rooms.live_in_channel(ctx.caller.team_id, ctx.place.channel_id)
        ours = {room.ref.id for room in known}
        rooms.sort(key=lambda r: (r.ref.id not in ours, r.ref.name))
        if not rooms:
            return Reply(text=self._nothing(ctx), actions=(Form("Create room", RoomCreate),))
        start = (self.page - 1) * PAGE
        return Reply(
            text=(f"{len(rooms)} live on ", Code(ctx.provider.name), ":"),
            items=tuple(_item(r, r.ref.id in ours) for r in rooms[start : start + PAGE]),
            actions=self._turn(len(rooms)),
        )

    def _nothing(self, ctx: Context) -> Text:
        like = (" like ", Code(self.pattern)) if self.pattern else ()
        return ("No room", *like, " is live on ", Code(ctx.provider.name), ".")

    def _turn(self, count: int) -> tuple[Button, ...]:
        pages: list[Button] = []
        if self.page > 1:
            pages.append(Action("Previous", self.model_copy(update={"page": self.page - 1})))
        if self.page * PAGE < count:
            pages.append(Action("Next", self.model_copy(update={"page": self.page + 1})))
        return tuple(pages)


class RoomShow(RoomCommand, path="room show", needs=Capability.LIST_ROOMS, examples=("standup", ".")):
    """Show one room: who is in it, and what runs."""

    async def run(self, ctx: Context) -> Reply:
        ref = await ctx.find_room(self)
        observed = ctx.observed()
        room = next((r for r in await ctx.provider.list_rooms([ref.name]) if r.ref.id == ref.id), None)
        if room is None:
            raise await ctx.gone(ref)
        await ctx.report(RoomSeen(room=room, **observed))
        known = await ctx.ports.rooms.life(ctx.caller.team_id, ref.provider, ref.id)
        people, known_people = await _people(ctx, room)
        return Reply(
            text=(Strong(ref.name), f": {count_people(people)}."),
            facts=_facts(room, known_people, made_by=known.made_by if known else None),
            actions=_room_actions(ref, ctx.provider),
        )


class RoomClose(
    RoomCommand,
    path="room close",
    role=Role.OPERATOR,
    needs=Capability.CLOSE_ROOM,
    examples=("standup", "."),
    aliases=("room end", "room delete"),
):
    """End a room and disconnect everybody in it."""

    async def question(self, ctx: Context) -> Question:
        room = await ctx.find_room(self)
        return Question(
            text=("End ", Strong(room.name), "? ", await self._who_loses(ctx, room)),
            command=self.model_copy(update={"room_id": room.id}),
            confirm="End room",
            deny="Keep it",
        )

    async def _who_loses(self, ctx: Context, room: RoomRef) -> str:
        if Capability.LIST_PARTICIPANTS not in ctx.provider.capabilities:
            return "Everybody in it is disconnected."
        people = [p for p in await ctx.participants(room) if p.is_person]
        if not people:
            return "Nobody is in it."
        return f"This disconnects {_names(people)}."

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        try:
            await ctx.provider.close_room(room)
        except NotFound:
            raise await ctx.gone(room) from None
        await ctx.report(RoomFinished(room=room, **ctx.observed()))
        return Reply(text=("Ended ", Strong(room.name), "."))

    async def aftermath(self, ctx: Context) -> Reply:
        try:
            room = await ctx.find_room(self)
            if any(live.ref.id == room.id for live in await ctx.provider.list_rooms([room.name])):
                return Reply(text=("The room ", Strong(room.name), " is still live; end it again if you want that."))
            raise await ctx.gone(room)
        except (Ended, NothingHere):
            return Reply(text=("The room ", Strong(self.room), " is over."))


class RoomJoin(
    RoomCommand, path="room join", needs=Capability.CREATE_TOKEN, examples=("standup", "."), aliases=("join",)
):
    """Get your own way into a room."""

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        identity = await own_identity(ctx, room)
        return await invite(ctx, room, TokenOptions(identity=identity, name=ctx.caller.name))


async def _people(ctx: Context, room: Room) -> tuple[int, list[Participant]]:
    """How many are there, and who as far as the server says. A room's own count may be some seconds old."""
    if Capability.LIST_PARTICIPANTS not in ctx.provider.capabilities:
        return room.participants, []
    people = [who for who in await ctx.participants(room.ref) if who.is_person]
    return len(people), people


def _names(people: Sequence[Participant]) -> str:
    """A few of them by name."""
    more = f" and {len(people) - NAMED} more" if len(people) > NAMED else ""
    return ", ".join(who.name or who.identity for who in people[:NAMED]) + more


def _item(room: Room, ours: bool) -> Item:
    detail: list[str | Mark] = [count_people(room.participants)]
    if room.recording:
        detail.append(" · being recorded")
    if ours:
        detail.append(" · from this channel")
    ref = room.ref
    show = RoomShow(provider=ref.provider, room=ref.name, room_id=ref.id)
    return Item(title=(Strong(ref.name),), detail=detail, action=Action("Show", show, description=f"Show {ref.name}"))


def _facts(room: Room, people: Sequence[Participant], *, made_by: str | None) -> tuple[tuple[str, Text], ...]:
    facts: list[tuple[str, Text]] = [("Video server", room.ref.provider), ("Id", (Code(room.ref.id),))]
    if room.created_at is not None:
        facts.append(("Since", (Moment(room.created_at),)))
    if people:
        facts.append(("In it", _names(people)))
    if room.max_participants:
        facts.append(("Room for", f"{room.max_participants:,}"))
    facts.append(("Recording", "runs" if room.recording else "none"))
    if made_by is not None:
        facts.append(("Made by", (Person(made_by),)))
    if room.metadata:
        facts.append(("Metadata", room.metadata))
    return tuple(facts)


def _room_actions(ref: RoomRef, provider: Provider) -> tuple[Button, ...]:
    """What can be done with a live room, as far as its server can."""
    pinned = {"provider": ref.provider, "room": ref.name, "room_id": ref.id}
    actions = (
        Action("Join", RoomJoin.model_validate(pinned), style="primary"),
        Action("Record", RecordingStart.model_validate(pinned)),
        Action("Participants", ParticipantList.model_validate(pinned)),
        Action("End", RoomClose.model_validate(pinned), style="danger"),
    )
    return tuple(a for a in actions if a.command.spec.needs <= provider.capabilities)
