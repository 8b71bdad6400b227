"""The one recording that a command is about, by its id or by the room that is being recorded."""

from collections.abc import Awaitable, Callable
from typing import Annotated, ClassVar, Self

from pydantic import Field

from commands.core.base import Command, Internal, Offered, Offers, Positional, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.errors import MOST_OFFERED, NothingHere
from commands.core.moments import zone_of
from commands.core.repeating import repeated
from commands.core.reply import Action, Code
from commands.core.types import Name
from commands.egress_choices import choices
from commands.one_feed import begun, is_makers, name_of, other_servers
from providers.base import Recording
from providers.facts import RecordingChanged, ThingKind

_LOOKED_AT = 100
"""Of the recordings that we know of, when it is looked for somebody's own."""


class OneRecording(ServerCommand):
    """Base of the commands for one recording. `doing` says what is done to it: "Say which one to stop"."""

    doing: ClassVar[str] = "stop"

    recording: Annotated[Name, Positional(), RoomName(), Offers(Offered.RECORDING)] = Field(
        description="Id of the recording, or the room that is being recorded"
    )
    room_id: Annotated[str | None, Internal(of="recording")] = Field(
        None, description="The life of the room that is meant"
    )

    async def of_maker(self, ctx: Context) -> Self | None:
        """Theirs is what runs in a room that they made, and a recording that they started in another's."""
        known = await ctx.ports.rooms.recordings(ctx.viewer, self.provider, _LOOKED_AT)
        meant = [r for r in known if r.ref.id == self.recording or (self.is_of_room(r) and not r.status.is_final)]
        own = [r for r in meant if await is_makers(ctx, r)]
        if len(own) != 1:
            return None  # of several it is said by id which
        return self.pinned(own[0])

    def is_of_room(self, recording: Recording) -> bool:
        return name_of(recording) == self.recording and self.room_id in (None, recording.room.id)

    def pinned(self, recording: Recording) -> Self:
        """The same for exactly that one."""
        return self.model_copy(
            update={"provider": recording.ref.provider, "recording": recording.ref.id, "room_id": None}
        )

    async def find(
        self, ctx: Context, *, or_else: Callable[[Context, Recording], Awaitable[bool]] | None = None
    ) -> Recording:
        """By id, whatever its status; else the one running recording of a room of that name, or where none runs the
        newest that `or_else` takes. Raises `NothingHere`."""
        known = await ctx.list_recordings()
        for recording in known:
            if recording.ref.id == self.recording:
                return recording
        of_room = [r for r in known if self.is_of_room(r)]
        dismissed = await ctx.dismissed(ThingKind.RECORDING, of_room)
        running = [r for r in of_room if not r.status.is_final and r.ref.id not in dismissed]
        if not running and or_else is not None:
            for recording in of_room:
                if await or_else(ctx, recording):
                    return recording
        if len(running) == 1:
            return running[0]
        if running:
            now, verb = ctx.ports.clock.now().astimezone(await zone_of(ctx)), self.doing.capitalize()
            raise NothingHere(
                ("There are ", f"{len(running)}", " recordings of ", Code(self.recording), "."),
                f"Say which one to {self.doing}.",
                actions=choices(verb, running, lambda r: begun(r, now), self.pinned, self._every(ctx)),
            )
        raise await self.not_here(ctx)

    def _every(self, ctx: Context) -> Command:
        listed = ctx.ports.commands["recording", "list"]
        return listed.model_validate({"provider": self.provider, "room": self.recording, "active": True})

    async def newest(self, ctx: Context) -> Recording:
        """By id, else the newest of a room of that name, whatever their status. Raises `NothingHere`."""
        known = await ctx.list_recordings()
        for recording in [r for r in known if r.ref.id == self.recording] or [r for r in known if self.is_of_room(r)]:
            return recording
        raise await self.not_here(ctx)

    async def not_here(self, ctx: Context) -> NothingHere:
        """Where another video server has it, as far as we know, that one is offered."""
        name = Code(repeated(self.recording))
        what = ("Nothing called ", name, " is being recorded on ", Code(self.provider), ".")
        if elsewhere := await self._elsewhere(ctx):
            there = [Action(f"On {r.ref.provider}", self.pinned(r)) for r in elsewhere[:MOST_OFFERED]]
            return NothingHere(what, "There is one on another video server.", actions=there)
        return NothingHere(
            ("There is no recording called ", name, "."),
            ("See ", Code(f"{ctx.ports.slash} recording list"), "."),
        )

    async def _elsewhere(self, ctx: Context) -> list[Recording]:
        """Asks no other server: one that does not answer would hold up the answer."""
        known = [
            r
            for name in other_servers(ctx, self.provider)
            for r in await ctx.ports.rooms.recordings(ctx.viewer, name, _LOOKED_AT)
        ]
        return [r for r in known if r.ref.id == self.recording or (self.is_of_room(r) and not r.status.is_final)]

    async def report_as_it_is(self, ctx: Context, recording: Recording) -> Recording:
        """The card believed that it ran; what the server says mends it. Returned is what it says; what was believed
        where it says nothing."""
        observed = ctx.observed()
        for now in await ctx.list_recordings(recording.room if recording.source.has_room else None):
            if now.ref == recording.ref:
                await ctx.report(RecordingChanged(recording=now, **observed))
                return now
        return recording
