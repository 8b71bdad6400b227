"""Being told of one thing in one's conversation with the bot, until it is over."""

from typing import Annotated, Literal

from pydantic import Field

from commands.core.alerts import About, Followed
from commands.core.base import Internal, Offered, Offers, Positional, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.errors import CommandError, Ended, NothingHere
from commands.core.phone_numbers import without_numbers
from commands.core.ports import Place
from commands.core.reply import Action, Code, Reply, Strong, Text
from commands.core.types import Name
from providers.base import Capability
from providers.facts import RoomSeen, ThingKind

FollowedKind = Literal["room", "recording", "stream", "ingress", "call"]

_OF_ROOM = {"recording": "recording of ", "stream": "stream of ", "ingress": "ingress into ", "call": "call in "}


class _AboutOneThing(ServerCommand):
    """What is typed is the name of a room; buttons mean one thing by its kind and id, `name` being that of its room."""

    name: Annotated[Name, Positional(), RoomName(), Offers(Offered.ROOM)] = Field(
        description="Name of the room; a dot is this channel's room"
    )
    kind: Annotated[FollowedKind, Internal(of="name")] = Field("room", description="What it is: a room by default")
    thing_id: Annotated[str | None, Internal(of="name")] = Field(None, description="The server's id of what is meant")

    @property
    def _spoken(self) -> tuple[str | Strong, ...]:
        return spoken(self.kind, self.name)

    async def _followed(self, ctx: Context) -> Followed | None:
        """What the asker is told of already, of what the words can mean."""
        following = await ctx.ports.subscriptions.followed_by(ctx.caller.team_id, ctx.caller.user_id)
        return next((each for each in following if self._means(each)), None)

    def _means(self, followed: Followed) -> bool:
        same = (followed.provider, followed.kind, followed.name) == (self.provider, self.kind, self.name)
        return same and self.thing_id in (None, followed.server_id)


class AlertFollow(_AboutOneThing, path="alert follow", examples=("standup", "."), heading="Follow room"):
    """Be told of a live room in your direct messages with me, until it is over."""

    async def run(self, ctx: Context) -> Reply:
        """Looked at before anything is said in the conversation, and again when it is written down."""
        about = await self._about(ctx)
        if await ctx.ports.subscriptions.live_name(ctx.viewer, about) != self.name:
            raise self._is_over()
        stop = _stop_button(self.model_copy(update={"thing_id": about[2]}))
        direct = await self._direct(ctx, stop)
        if not await ctx.ports.subscriptions.follow(ctx.viewer, ctx.caller.user_id, direct, about):
            raise self._is_over()
        where = "here" if ctx.place.is_direct else "in our direct messages"
        return Reply(text=("You are told of ", *self._spoken, f" {where}, until it is over."), actions=(stop,))

    async def aftermath(self, ctx: Context) -> Reply:
        followed = await self._followed(ctx)
        if followed is None:
            return Reply(text=("You are not told of ", *self._spoken, "; ask for it again."))
        stop = stop_button(followed)
        return Reply(text=("You are told of ", *self._spoken, " until it is over."), actions=(stop,))

    async def _about(self, ctx: Context) -> About:
        if self.thing_id is not None:
            return self.provider, ThingKind(self.kind), self.thing_id
        if self.kind != "room":
            raise NothingHere(("It takes an id to tell of ", *self._spoken, "."), "Press Notify me on its card.")
        return self.provider, ThingKind.ROOM, await self._room_id(ctx)

    async def _room_id(self, ctx: Context) -> str:
        """One that only the server knows becomes known by this. Raises `NothingHere`."""
        known = await ctx.ports.rooms.newest(ctx.viewer, self.provider, self.name)
        if known is not None and not known.ended:
            return known.ref.id
        if Capability.LIST_ROOMS in ctx.provider.capabilities:
            observed = ctx.observed()
            for room in await ctx.list_rooms([self.name]):
                await ctx.report(RoomSeen(room=room, **observed))
                return room.ref.id
        raise NothingHere(
            ("There is no room ", Code(self.name), " on ", Code(self.provider), "."),
            ("See what is live with ", Code(f"{ctx.ports.slash} room list"), "."),
        )

    async def _direct(self, ctx: Context, stop: Action) -> Place:
        """Their conversation with the bot. Only a message that is posted there tells its id."""
        if ctx.place.is_direct:
            return Place(ctx.place.team_id, ctx.place.channel_id, is_direct=True)
        if (followed := await self._followed(ctx)) is not None:
            return Place(ctx.caller.team_id, followed.channel_id, is_direct=True)
        announced: Text = ("You are told here of ", *self._spoken, ", until it is over.")
        return await ctx.ports.direct.tell(ctx.caller, Reply(text=announced, actions=(stop,)))

    def _is_over(self) -> CommandError:
        """What is hidden from somebody is over for them as well."""
        first, *rest = self._spoken
        return Ended((f"T{str(first)[1:]}", *rest, " is over."))


class AlertUnfollow(_AboutOneThing, path="alert unfollow", examples=("standup", "."), heading="Stop following"):
    """Be told no more of what you follow."""

    async def run(self, ctx: Context) -> Reply:
        """The card goes, as nobody would keep it true for them; what was said under it stays."""
        followed = await self._followed(ctx)
        subscriptions, caller = ctx.ports.subscriptions, ctx.caller
        gone = followed and await subscriptions.unfollow(caller.team_id, caller.user_id, followed.about)
        if not gone:
            raise NothingHere(
                ("You are not told of ", *self._spoken, "."),
                "Press Notify me on its card, as long as it is not over.",
            )
        if gone.ts is not None:
            await ctx.ports.direct.take_back(Place(caller.team_id, gone.channel_id, is_direct=True), gone.ts)
        again = AlertFollow(**self.model_dump())
        return Reply(text=("You are told no more of ", *self._spoken, "."), actions=(Action("Notify me", again),))

    async def aftermath(self, ctx: Context) -> Reply:
        followed = await self._followed(ctx)
        if followed is None:
            return Reply(text=("You are not told of ", *self._spoken, "."))
        stop = stop_button(followed)
        return Reply(text=("You are still told of ", *self._spoken, "."), actions=(stop,))


def spoken(kind: str, name: str) -> tuple[str | Strong, ...]:
    """`the recording of *standup*`, `the room *standup*`."""
    return (f"the {_OF_ROOM.get(kind, 'room ')}", Strong(without_numbers(name)))


def stop_button(followed: Followed) -> Action:
    """It means that one thing."""
    provider, kind, thing_id = followed.about
    about = AlertUnfollow.model_validate(
        {"provider": provider, "kind": kind.value, "thing_id": thing_id, "name": followed.name}
    )
    return _stop_button(about)


def _stop_button(about: _AboutOneThing) -> Action:
    unfollow = AlertUnfollow(**about.model_dump())
    return Action(
        "Stop telling me", unfollow, description=f"Stop telling me of {about.kind} {without_numbers(about.name)}"
    )
