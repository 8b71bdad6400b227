"""The one recording that a command is about, by its id or by the room that is being recorded."""

from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import Field

from commands.core.base import Internal, Offered, Offers, Positional, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.errors import NothingHere
from commands.core.moments import zone_of
from commands.core.reply import Action, Code
from commands.core.types import Name
from providers.base import Recording
from providers.facts import RecordingChanged

MOST_OFFERED = 5
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
        own = [r for r in meant if await _is_makers(ctx, r)]
        if len(own) != 1:
            return None  # of several it is said by id which
        return self.pinned(own[0])

    def is_of_room(self, recording: Recording) -> bool:
        return recording.room.name == self.recording and self.room_id in (None, recording.room.id)

    def pinned(self, recording: Recording) -> Self:
        """The same for exactly that one."""
        return self.model_copy(update={"recording": recording.ref.id, "room_id": None})

    async def find(self, ctx: Context) -> Recording:
        """By id, whatever its status; else the one running recording of a room of that name. Raises `NothingHere`."""
        known = await ctx.list_recordings()
        for recording in known:
            if recording.ref.id == self.recording:
                return recording
        running = [r for r in known if self.is_of_room(r) and not r.status.is_final]
        if len(running) == 1:
            return running[0]
        if running:
            now, verb = ctx.ports.clock.now().astimezone(await zone_of(ctx)), self.doing.capitalize()
            raise NothingHere(
                ("There are ", f"{len(running)}", " recordings of ", Code(self.recording), "."),
                f"Say which one to {self.doing}.",
                actions=[Action(f"{verb} {r.ref.id}, {begun(r, now)}", self.pinned(r)) for r in running[:MOST_OFFERED]],
            )
        raise NothingHere(
            ("Nothing called ", Code(self.recording), " is being recorded."),
            ("See ", Code(f"{ctx.ports.slash} recording list"), "."),
        )

    async def report_as_it_is(self, ctx: Context, recording: Recording) -> None:
        """The card believed that it ran; what the server says mends it."""
        observed = ctx.observed()
        for now in await ctx.list_recordings(recording.room):
            if now.ref == recording.ref:
                await ctx.report(RecordingChanged(recording=now, **observed))


def begun(recording: Recording, now: datetime) -> str:
    """For a button, whose words cannot show a time in the reader's zone: it is that of `now`."""
    if recording.started_at is None:
        return "not begun yet"
    began = recording.started_at.astimezone(now.tzinfo)
    day = "" if began.date() == now.date() else f"{began:%b} {began.day}, "
    return f"since {day}{began:%H:%M %Z}"


async def _is_makers(ctx: Context, recording: Recording) -> bool:
    """Whether the asker has started it, or made the room that it is of."""
    rooms, me = ctx.ports.rooms, ctx.caller.user_id
    if await rooms.made_by(ctx.caller.team_id, recording.ref.provider, recording.ref.id) == me:
        return True
    room = await ctx.known_room(recording.room) if recording.room.id else None
    return room is not None and room.made_by == me
