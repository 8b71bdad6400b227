"""What a channel wants to be told about rooms and recordings that others started."""

from typing import Annotated, Literal

from pydantic import Field

from commands.core.base import Arg, Command, Internal, Role
from commands.core.context import Context
from commands.core.errors import NothingHere
from commands.core.ports import Subscription
from commands.core.reply import Action, Code, Form, Item, Person, Reply
from providers.facts import ThingKind

Kind = Literal["room", "recording"]


class AlertSubscribe(
    Command, path="alert subscribe", role=Role.OPERATOR, examples=("", "recording", "room recording --room team-*")
):
    """Show cards here for rooms and recordings, whoever starts them."""

    kinds: Arg[tuple[Kind, ...]] = Field((), description="room, recording, or both; all kinds by default")
    room: str = Field("*", description="Only rooms with names like this, with * and ? as wildcards", min_length=1)
    provider: str | None = Field(None, description="Only those on this video server")

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        subscription = await ctx.ports.subscriptions.add(
            ctx.place,
            provider=self.provider,
            kinds=frozenset(ThingKind(kind) for kind in self.kinds),
            room_glob=self.room,
            created_by=ctx.caller.user_id,
        )
        return Reply(
            text=("This channel is told of ", *_words(subscription), " from now on."),
            actions=(Action("Unsubscribe", AlertUnsubscribe(number=subscription.id)),),
        )


class AlertUnsubscribe(Command, path="alert unsubscribe", role=Role.OPERATOR, examples=("", "recording --room team-*")):
    """Stop a subscription of this channel. Say it as it was subscribed."""

    kinds: Arg[tuple[Kind, ...]] = Field((), description="room, recording, or both, as subscribed")
    room: str = Field("*", description="The room pattern, as subscribed", min_length=1)
    provider: str | None = Field(None, description="The video server, as subscribed")
    number: Annotated[int | None, Internal()] = Field(None, description="Which one, by its number")

    async def run(self, ctx: Context) -> Reply:
        there = await ctx.ports.subscriptions.in_channel(ctx.place)
        meant = next((s for s in there if self._means(s)), None)
        if meant is None or not await ctx.ports.subscriptions.remove(ctx.place, meant.id):
            raise NothingHere(
                "This channel has no such subscription.",
                ("See ", Code(f"{ctx.ports.slash} alert list"), " for those it has."),
            )
        return Reply(text=("This subscription has ended: ", *_words(meant), "."))

    def _means(self, subscription: Subscription) -> bool:
        if self.number is not None:
            return subscription.id == self.number
        return (
            subscription.kinds == frozenset(ThingKind(kind) for kind in self.kinds)
            and subscription.room_glob == self.room
            and subscription.provider == self.provider
        )


class AlertList(Command, path="alert list", aliases=("alerts",)):
    """List what this channel is told of."""

    async def run(self, ctx: Context) -> Reply:
        there = await ctx.ports.subscriptions.in_channel(ctx.place)
        if not there:
            return Reply(
                text="This channel is told of what is started here, and of nothing else.",
                actions=(Form("Subscribe", AlertSubscribe),),
            )
        return Reply(
            text="This channel is told of what is started here, and of:",
            items=tuple(
                Item(
                    title=_words(s),
                    detail=("subscribed by ", Person(s.created_by)),
                    actions=(Action("Unsubscribe", AlertUnsubscribe(number=s.id)),),
                )
                for s in there
            ),
        )


def _words(subscription: Subscription) -> tuple[str | Code, ...]:
    kinds = " and ".join(sorted(f"{kind.value}s" for kind in subscription.kinds)) or "everything"
    named: tuple[str | Code, ...] = (
        () if subscription.room_glob == "*" else (" in rooms like ", Code(subscription.room_glob))
    )
    on: tuple[str | Code, ...] = () if subscription.provider is None else (" on ", Code(subscription.provider))
    return (kinds, *named, *on)
