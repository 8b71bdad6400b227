"""Rooms: making, finding, changing, joining, silencing and ending them."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from commands.core import stopping
from commands.core.base import (
    Advanced,
    Arg,
    LongText,
    Needs,
    Private,
    Role,
    RoomCommand,
    ServerCommand,
    WorkspacePerson,
    pin,
)
from commands.core.context import Context
from commands.core.egress_options import LAYOUTS, choice_problems
from commands.core.errors import Ended, NothingHere, Problem
from commands.core.invitation import invite, nobody_has_it, own_identity, own_keep_out, own_lift_refused
from commands.core.json_text import demanded_json_problem, json_hint
from commands.core.paging import Filter, PagedCommand, Rows, like, matched
from commands.core.phone_numbers import without_numbers
from commands.core.reply import Action, Code, Form, Item, Person, Question, Reply, Strong, Text
from commands.core.room_options import left_as_it_is, metadata_differs
from commands.core.timers import length_problem
from commands.core.types import Count, Duration, Name, PersonId, spell_duration
from commands.core.words import counted, in_a_row, in_natural_order, people_in_it
from commands.participant import ParticipantList
from commands.recording import RecordingStart, RecordingStop
from commands.room_incoming import Incoming, coming_in
from commands.room_muting import RoomMute
from commands.room_particulars import (
    a_few_of,
    by_name,
    metadata_fact,
    people_of,
    room_facts,
    table_cells,
)
from commands.room_recording import FromStart, finds_recording, recorded_from_start
from commands.room_timing import stoppable, target_of
from providers.base import Capability, CreatedRoom, ParticipantKind, Provider, Room, RoomOptions, RoomRef, TokenOptions
from providers.errors import NotFound
from providers.facts import RoomFinished, RoomSeen, ThingKind


class RoomCreate(
    ServerCommand,
    path="room create",
    role=Role.OPERATOR,
    needs=Capability.CREATE_ROOM,
    examples=(
        "standup",
        "standup --max-participants 20 --empty-timeout 10m",
        '"Q3 review" --record',
        "standup --stop-after 8h",
    ),
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
    metadata: Annotated[str | None, Needs(Capability.ROOM_METADATA), Advanced(), LongText(), Private()] = Field(
        None, description="Text for the application, kept with the room"
    )
    as_json: Annotated[bool, Needs(Capability.ROOM_METADATA), Advanced()] = Field(
        False, description="Take the metadata only if it is JSON"
    )
    record: Annotated[bool, Needs(Capability.RECORD_FROM_START)] = Field(
        False, description="Start recording with the room"
    )
    layout: Annotated[str | None, Needs(Capability.RECORDING_LAYOUT), LAYOUTS, Advanced()] = Field(
        None, description="How the participants are arranged in that recording"
    )
    stop_after: Annotated[Duration | None, Needs(Capability.CLOSE_ROOM)] = Field(
        None, description="End it by itself after so long, such as 8h"
    )

    def problems(self, provider: Provider) -> list[Problem]:
        limits, metadata, found = provider.limits, self.metadata or "", list[Problem]()
        if self.name == ".":
            found.append(Problem("“.” stands for the channel's room, so no room can be called that.", "name"))
        if problem := limits.room_name_problem(self.name):
            found.append(Problem(problem, "name"))
        if self.max_participants is not None and self.max_participants > limits.max_participants:
            found.append(Problem(f"The most here is {limits.max_participants:,}.", "max_participants"))
        if problem := limits.metadata_problem(metadata) or demanded_json_problem(metadata, as_json=self.as_json):
            found.append(Problem(problem, "metadata"))
        most = spell_duration(limits.room_timeout_max)
        for name in ("empty_timeout", "departure_timeout"):
            if (getattr(self, name) or limits.room_timeout_max) > limits.room_timeout_max:
                found.append(Problem(f"A room can be kept for {most} at most.", name))
        if problem := length_problem(self.stop_after):
            found.append(Problem(problem, "stop_after"))
        if self.layout is not None and not self.record:
            found.append(Problem("It arranges a recording; add --record.", "layout"))
        return found + choice_problems("layout", self.layout, limits.layouts)

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        await ctx.require_free_name(self.name)
        options = RoomOptions(
            max_participants=self.max_participants,
            empty_timeout=self.empty_timeout,
            departure_timeout=self.departure_timeout,
            metadata=self.metadata,
            record=self.record,
            layout=self.layout,
        )
        created = await self._create(ctx, options)
        await ctx.report(RoomSeen(room=created.room, **ctx.observed()), card=True, made=not created.existed)
        planned = await stopping.plan(ctx, stoppable(ctx, created.room.ref), self.stop_after)
        if not created.existed:
            recorded = await recorded_from_start(ctx, created.room.ref, self.layout) if self.record else FromStart()
            return Reply(
                text=("Created ", Strong(self.name), ".", recorded.said, *planned.said),
                hint=json_hint(self.metadata or ""),
                actions=_possible(recorded.actions, ctx.provider),
            )
        people, _ = await people_of(ctx, created.room)
        return Reply(
            text=(Strong(self.name), " was there already: ", people_in_it(people), ".", *planned.said),
            hint=left_as_it_is(options, created.room),
            actions=(*planned.actions, *self._next_steps(options, created.room, ctx.provider)),
        )

    async def _create(self, ctx: Context, options: RoomOptions) -> CreatedRoom:
        """Raises `CommandError` for a room that was there and is not seen here: somebody else has just made it."""
        async with ctx.reserved(ThingKind.ROOM, self.name) as put_back:
            created = await ctx.provider.create_room(self.name, options)
            if created.existed:
                await ctx.require_seen(created.room.ref)
                await put_back()
        return created

    @property
    def about(self) -> str:
        return self.name

    async def aftermath(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        for room in await ctx.list_rooms([self.name]):
            await ctx.report(RoomSeen(room=room, **ctx.observed()), card=True)
            text = ("The room ", Strong(self.name), " is there: ", people_in_it(room.participants), ".")
            return await stopping.with_plan(ctx, Reply(text=text), stoppable(ctx, room.ref), self.stop_after)
        return Reply(text=("There is no room ", Strong(self.name), "; create it again if it is needed."))

    def _next_steps(self, asked: RoomOptions, room: Room, provider: Provider) -> tuple[Action, ...]:
        """What can still be done of what was asked for, and a look at the room."""
        pinned, steps = pin(room.ref), list[Action]()
        if asked.metadata is not None and metadata_differs(asked, room):
            steps.append(Action("Update metadata", RoomUpdate(**pinned, metadata=asked.metadata)))
        if asked.record and not room.recording:
            steps.append(Action("Record", RecordingStart(**pinned, layout=self.layout)))
        return _possible((*steps, Action("Show", RoomShow(**pinned))), provider)


class RoomList(
    PagedCommand,
    ServerCommand,
    path="room list",
    needs=Capability.LIST_ROOMS,
    examples=("", "team-*"),
    aliases=("rooms",),
):
    """List the live rooms, this channel's first."""

    filters = ("pattern", "by")

    pattern: Arg[str | None] = Field(None, description="Only names like this, with * and ? as wildcards")
    by: Annotated[PersonId | None, WorkspacePerson()] = Field(None, description="Only those that this person made")

    async def run(self, ctx: Context) -> Reply:
        live = await ctx.list_rooms()
        rooms = [r for r in live if fnmatchcase(r.ref.name, self.pattern or "*")]
        if self.by is not None:
            directory = await ctx.ports.rooms.live(ctx.viewer, ctx.provider.name)
            made = {room.ref.id for room in directory if f"@{room.made_by}" == self.by}
            rooms = [r for r in rooms if r.ref.id in made]
        known = await ctx.ports.rooms.live_in_channel(ctx.viewer)
        ours = {room.ref.id for room in known}
        rooms.sort(key=lambda r: (r.ref.id not in ours, in_natural_order(r.ref.name), r.ref.name))
        if not rooms:
            others = self.filter_buttons() if live else ()
            return Reply(text=self._how_many(ctx, 0, len(live)), actions=(Form("Create room", RoomCreate), *others))
        incoming = await coming_in(ctx, [r.ref for r in rooms])
        shown: Rows[Room] = Rows(
            item=lambda r: _item(r, r.ref.id in ours, incoming[r.ref]),
            columns=("Room", "In it", "Recording", "Since", "Made in"),
            cells=lambda r: table_cells(r, r.ref.id in ours, incoming[r.ref]),
            names=lambda r: r.ref.name + r.ref.id,
        )
        return self.listed(self._how_many(ctx, len(rooms), len(live)), rooms, shown)

    def _how_many(self, ctx: Context, found: int, live: int) -> Text:
        server = Code(ctx.provider.name)
        filters = [like(self.pattern)] if self.pattern else []
        if self.by:
            filters.append(Filter("was made by ", "were made by ", (Person(self.by.removeprefix("@")),)))
        if filters:
            return matched(found, live, ("room", "rooms"), ("on ", server), filters, "live")
        return (counted(found, "room is", "rooms are") if found else "No room is", " live on ", server, ".")


class RoomShow(RoomCommand, path="room show", needs=Capability.LIST_ROOMS, examples=("standup", ".")):
    """Show one room: who is in it, and what runs."""

    async def run(self, ctx: Context) -> Reply:
        ref = await ctx.find_room(self)
        room = await _look(ctx, ref)
        known = await ctx.ports.rooms.life(ctx.viewer, ref.provider, ref.id)
        people, known_people = await people_of(ctx, room)
        incoming = (await coming_in(ctx, [ref]))[ref]
        can_stop = room.recording and await finds_recording(ctx, ref)
        stop = RecordingStop(provider=ref.provider, recording=ref.name, room_id=ref.id) if can_stop else None
        planned = (await stopping.stops_of(ctx, [target_of(ref)])).get(target_of(ref))
        ends = stopping.as_said(planned, ctx.ports.clock.now()) if planned is not None else ""
        return Reply(
            text=(Strong(ref.name), f": {people_in_it(people)}."),
            facts=room_facts(room, known_people, incoming, made_by=known.made_by if known else None, ends=ends),
            actions=_possible(room_actions(ref, stop=stop), ctx.provider),
        )


class RoomUpdate(
    RoomCommand,
    path="room update",
    role=Role.OPERATOR,
    needs=(Capability.UPDATE_ROOM_METADATA, Capability.LIST_ROOMS),
    examples=("standup --metadata rehearsal", 'standup --metadata {"scene": 2} --as-json', 'standup --metadata ""'),
):
    """Change a room's metadata."""

    begins_from = ("room",)

    metadata: Annotated[str, LongText(), Private()] = Field(
        description='Text for the application, in place of what there is; typed as "" it is cleared'
    )
    as_json: Annotated[bool, Advanced()] = Field(False, description="Take it only if it is JSON")

    @classmethod
    async def begins_with(cls, ctx: Context, given: Mapping[str, object]) -> Mapping[str, object]:
        known = {name: given[name] for name in ("provider", "room", "room_id") if name in given}
        room = await _look(ctx, await ctx.find_room(RoomShow.model_validate(known)))
        return {"metadata": room.metadata}

    def problems(self, provider: Provider) -> list[Problem]:
        too_large = provider.limits.metadata_problem(self.metadata)
        problem = too_large or demanded_json_problem(self.metadata, as_json=self.as_json)
        return [Problem(problem, "metadata")] if problem else []

    async def run(self, ctx: Context) -> Reply:
        ref = await ctx.find_room(self)
        before = await _look(ctx, ref)
        try:
            room = await ctx.provider.update_room_metadata(ref, self.metadata)
        except NotFound:
            raise await ctx.gone(ref) from None
        await ctx.report(RoomSeen(room=room, **ctx.observed()))
        return Reply(
            text=("Updated the metadata of " if self.metadata else "Cleared the metadata of ", Strong(ref.name), "."),
            facts=metadata_fact("Before", before.metadata),
            hint=json_hint(self.metadata),
            actions=(Action("Show", RoomShow(**pin(ref))),),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """What was to be set stands in no record, so what is there is shown instead."""
        room = await _look(ctx, await ctx.find_room(self))
        return Reply(
            text=("This is the metadata of ", Strong(self.room), " at present."),
            facts=(("Metadata", room.metadata or "none"),),
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
        there = by_name(await ctx.participants(room))
        people = [who for who in there if who.is_person]
        incoming = [who for who in there if who.kind is ParticipantKind.INGRESS]
        said = f"This disconnects {a_few_of(people)}." if people else "Nobody is in it."
        return f"{said} What comes from {a_few_of(incoming)} is cut off." if incoming else said

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
            if any(live.ref.id == room.id for live in await ctx.list_rooms([room.name])):
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
        if (kept := await own_keep_out(ctx, room)) is not None:
            raise own_lift_refused(kept)
        identity, note = await own_identity(ctx, room)
        return await invite(ctx, room, TokenOptions(identity=identity, name=ctx.caller.name), note=note)

    async def aftermath(self, ctx: Context) -> Reply:
        return nobody_has_it(self)


def room_actions(room: RoomRef, *, stop: RecordingStop | None) -> tuple[Action, ...]:
    """What can be done with a live room, on any server: the one who draws them leaves out what its server cannot do.

    `stop` ends the recording that runs, None where none does.
    """
    pinned, name = pin(room), without_numbers(room.name)
    record = (
        Action("Record", RecordingStart(**pinned), description=f"Record room {name}")
        if stop is None
        else Action("Stop recording", stop, description=f"Stop recording room {name}")
    )
    return (
        Action("Join", RoomJoin(**pinned), style="primary", description=f"Join room {name}"),
        record,
        Action("Participants", ParticipantList(**pinned), description=f"List who is in room {name}"),
        Action("Mute all", RoomMute(**pinned), description=f"Mute everybody in room {name}"),
        Action("End", RoomClose(**pinned), style="danger", description=f"End room {name}"),
    )


def _possible(actions: Sequence[Action], provider: Provider) -> tuple[Action, ...]:
    return tuple(action for action in actions if action.command.spec.needs <= provider.capabilities)


async def _look(ctx: Context, ref: RoomRef) -> Room:
    """The room as its server has it at this moment; the cards learn it too. Raises `Ended` where it is over."""
    observed = ctx.observed()
    room = next((found for found in await ctx.list_rooms([ref.name]) if found.ref.id == ref.id), None)
    if room is None:
        raise await ctx.gone(ref)
    await ctx.report(RoomSeen(room=room, **observed))
    return room


def _item(room: Room, ours: bool, incoming: Incoming) -> Item:
    detail = in_a_row(
        people_in_it(incoming.people_of(room)),
        "being recorded" if room.recording else "",
        *incoming.words,
        "from this channel" if ours else "",
    )
    ref = room.ref
    show = RoomShow(provider=ref.provider, room=ref.name, room_id=ref.id)
    return Item(
        title=(Strong(ref.name),), detail=detail, actions=(Action("Show", show, description=f"Show {ref.name}"),)
    )
