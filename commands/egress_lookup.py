"""The one egress that a command is about, by its id or by the room that it is of; and what may be seen of egresses."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

from pydantic import Field

from commands.core.base import Command, Internal, Offered, Offers, Positional, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.errors import Ended, NothingHere
from commands.core.reply import Action, Code
from commands.core.types import FeedName
from commands.egress_choices import choices
from commands.one_feed import is_makers, other_servers, subject
from providers.base import Egress, Recording, Stream
from providers.facts import Condition, ConditionSeen, RecordingChanged, StreamChanged, ThingKind

_LOOKED_AT = 100
"""Of the recordings and streams that we know of, on each video server."""


class OneEgress(ServerCommand):
    """Base of the commands for one egress. `doing` says what is done to it: "Say which one to stop"."""

    doing: ClassVar[str] = "stop"

    egress: Annotated[FeedName, Positional(), RoomName(), Offers(Offered.EGRESS)] = Field(
        description="Id of the egress, or the room that it is of"
    )
    room_id: Annotated[str | None, Internal(of="egress")] = Field(
        None, description="The life of the room that is meant"
    )

    async def of_maker(self, ctx: Context) -> Self | None:
        """Theirs is what they started, and what runs from a room that they made."""
        found = await _known(ctx, self.provider)
        meant = {f.ref.id: f for f in found if f.ref.id == self.egress or (self._is_of(f) and not f.status.is_final)}
        own = [feed for feed in meant.values() if await is_makers(ctx, feed)]
        return self.pinned(own[0].ref.provider, own[0].ref.id) if len(own) == 1 else None

    def _is_of(self, feed: Recording | Stream | Egress) -> bool:
        return self.egress in (feed.room.name, feed.source.url) and self.room_id in (None, feed.room.id)

    def pinned(self, provider: str, id: str) -> Self:
        """The same for exactly that one."""
        return self.model_copy(update={"provider": provider, "egress": id, "room_id": None})

    async def find(self, ctx: Context) -> Egress:
        """By id, whatever its state; else the one of a room of that name that goes on. Raises `NothingHere`."""
        meant = await visible(ctx, await ctx.provider.list_egresses(id=self.egress))
        if not meant:
            meant = [e for e in await visible(ctx, await ctx.provider.list_egresses(active=True)) if self._is_of(e)]
        if len(meant) == 1:
            ctx.meant.append(meant[0].room.name or meant[0].ref.id)
            return meant[0]
        if meant:
            verb = self.doing.capitalize()
            raise NothingHere(
                ("There are ", f"{len(meant)}", " egresses of ", Code(self.egress), "."),
                f"Say which one to {self.doing}.",
                actions=choices(
                    verb, meant, lambda e: e.ref.id, lambda e: self.pinned(e.ref.provider, e.ref.id), self._every(ctx)
                ),
            )
        raise await self._not_here(ctx)

    def _every(self, ctx: Context) -> Command:
        listed = ctx.ports.commands["egress", "list"]
        return listed.model_validate({"provider": self.provider, "room": self.egress, "active": True})

    async def going_on(self, ctx: Context) -> Egress:
        """Raises `Ended` for one that has ended, and mends its cards."""
        egress = await self.find(ctx)
        if not egress.is_active:
            await report(ctx, egress)
            raise has_ended(ctx, egress)
        return egress

    async def _not_here(self, ctx: Context) -> NothingHere:
        """Where another video server has it, as far as we know, that one is offered. Asks no other server: one that
        does not answer would hold up the answer."""
        what = ("There is no egress ", Code(self.egress), " on ", Code(self.provider), ".")
        elsewhere = [
            Action(f"On {name}", self.pinned(name, self.egress))
            for name in other_servers(ctx, self.provider)
            if any(feed.ref.id == self.egress for feed in await _known(ctx, name))
        ]
        if elsewhere:
            return NothingHere(what, "It is on another video server.", actions=elsewhere)
        return NothingHere(what, ("See ", Code(f"{ctx.ports.slash} egress list"), "."))


async def visible(ctx: Context, egresses: Sequence[Egress]) -> list[Egress]:
    """Those that may be seen here: an egress is hidden where what it is, a recording or a stream, or its room is."""
    rooms, viewer = ctx.ports.rooms, ctx.viewer
    recordings = [e.recording for e in egresses if e.recording is not None]
    streams = [e.stream for e in egresses if e.stream is not None]
    hidden = await rooms.hidden_recordings(viewer, recordings) | await rooms.hidden_streams(viewer, streams)
    neither = [e.room for e in egresses if e.recording is None and e.stream is None]
    hidden_rooms = await rooms.hidden(viewer, neither)
    return [e for e in egresses if e.ref.id not in hidden and not (e.room in neither and e.room in hidden_rooms)]


async def report(ctx: Context, egress: Egress, *, card: bool = False) -> None:
    """What it is as a recording and as a stream. `card`: this channel wants to see them from now on."""
    observed = ctx.observed()
    if egress.recording is not None:
        await ctx.report(RecordingChanged(recording=egress.recording, **observed), card=card)
    if egress.stream is not None:
        await ctx.report(StreamChanged(stream=egress.stream, **observed), card=card)


async def report_left_behind(ctx: Context, egress: Egress) -> None:
    views = {ThingKind.RECORDING: egress.recording, ThingKind.STREAM: egress.stream}
    for kind in (kind for kind, view in views.items() if view is not None):
        id, condition = egress.ref.id, Condition.LEFT_BEHIND
        await ctx.report(ConditionSeen(thing=kind, thing_id=id, condition=condition, **ctx.observed()))


def has_ended(ctx: Context, egress: Egress) -> Ended:
    what = ("That egress of ", *subject(egress), f" has ended already: {egress.word}.")
    return Ended(what, ("See ", Code(f"{ctx.ports.slash} egress list"), "."))


async def _known(ctx: Context, provider: str) -> list[Recording | Stream]:
    rooms, viewer = ctx.ports.rooms, ctx.viewer
    return [
        *await rooms.recordings(viewer, provider, _LOOKED_AT),
        *await rooms.streams(viewer, provider, _LOOKED_AT),
    ]
