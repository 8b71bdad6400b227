"""What a channel wants to be told about rooms and recordings that others started."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from commands.core.alerts import AlertKind, Scope, Severity, Subscription
from commands.core.base import Arg, Command, Internal, Offered, Offers, Role
from commands.core.context import Context
from commands.core.errors import NothingHere
from commands.core.paging import Filter, PagedCommand, Rows, matched
from commands.core.ports import Place
from commands.core.reply import Action, Code, Form, Item, Person, Reply, Text, plain
from commands.core.words import counted

Kind = Literal["room", "recording"]

_NOUN = ("subscription", "subscriptions")


class AlertSubscribe(
    Command,
    path="alert subscribe",
    role=Role.OPERATOR,
    examples=("", "recording", "room recording --room team-*"),
    heading="Subscribe channel",
):
    """Show cards here for rooms and recordings, whoever starts them."""

    kinds: Arg[tuple[Kind, ...]] = Field((), description="room, recording, or both; all kinds by default")
    room: str = Field("*", description="Only rooms with names like this, with * and ? as wildcards", min_length=1)
    provider: Annotated[str | None, Offers(Offered.SERVER)] = Field(None, description="Only those on this video server")

    @property
    def about(self) -> str | None:
        return _named(self.room)

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        subscription = await ctx.ports.subscriptions.add(
            ctx.place,
            Scope(provider=self.provider, kinds=frozenset(AlertKind(kind) for kind in self.kinds), room_glob=self.room),
            Severity.INFO,
            created_by=ctx.caller.user_id,
        )
        return Reply(
            text=(f"This {ctx.place.kind} is told of ", *told_of(subscription), " from now on."),
            actions=(Action("Unsubscribe", _unsubscribe(subscription)),),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        for there in await ctx.ports.subscriptions.in_channel(ctx.place):
            if _is(there, self.kinds, self.room, self.provider):
                unsubscribe = Action("Unsubscribe", _unsubscribe(there))
                return Reply(text=(f"This {ctx.place.kind} is told of ", *told_of(there), "."), actions=(unsubscribe,))
        return Reply(text="This channel has no such subscription; subscribe again if you want it.")


class AlertUnsubscribe(
    Command,
    path="alert unsubscribe",
    role=Role.OPERATOR,
    examples=("", "recording --room team-*"),
    heading="Unsubscribe channel",
):
    """Stop a subscription of this channel. Say it as it was subscribed."""

    kinds: Arg[tuple[Kind, ...]] = Field((), description="room, recording, or both, as subscribed")
    room: str = Field("*", description="The room pattern, as subscribed", min_length=1)
    provider: Annotated[str | None, Offers(Offered.SERVER)] = Field(None, description="The video server, as subscribed")
    number: Annotated[int | None, Internal()] = Field(None, description="Which one, by its number")
    channel: Annotated[str | None, Internal()] = Field(None, description="The channel that has it, where it is yours")

    @property
    def about(self) -> str | None:
        return _named(self.room)

    async def run(self, ctx: Context) -> Reply:
        place = self._place(ctx)
        meant = await self._meant(ctx)
        if meant is None or not await ctx.ports.subscriptions.remove(place, meant.id):
            raise NothingHere(
                "This channel has no such subscription.",
                ("See ", Code(f"{ctx.ports.slash} alert list"), " for those it has."),
            )
        return Reply(text=("This subscription has ended: ", *told_of(meant), "."))

    async def aftermath(self, ctx: Context) -> Reply:
        meant = await self._meant(ctx)
        if meant is None:
            return Reply(text="There is no such subscription any more.")
        unsubscribe = Action("Unsubscribe", _unsubscribe(meant))
        return Reply(text=("The subscription is still there: ", *told_of(meant), "."), actions=(unsubscribe,))

    def _place(self, ctx: Context) -> Place:
        return ctx.place if self.channel is None else Place(ctx.place.team_id, self.channel)

    async def _meant(self, ctx: Context) -> Subscription | None:
        there = await ctx.ports.subscriptions.in_channel(self._place(ctx))
        return next((s for s in there if self._means(s) and self._may_end(s, ctx)), None)

    def _may_end(self, subscription: Subscription, ctx: Context) -> bool:
        """Who is not in the channel ends there only what is their own."""
        return ctx.place.channel_id == subscription.channel_id or ctx.caller.user_id == subscription.created_by

    def _means(self, subscription: Subscription) -> bool:
        if self.number is not None:
            return subscription.id == self.number and self.provider in (None, subscription.wish.provider)
        return _is(subscription, self.kinds, self.room, self.provider)


class AlertList(
    PagedCommand,
    path="alert list",
    examples=("", "--kind recording"),
    aliases=("alerts",),
    heading="List subscriptions",
):
    """List what this channel is told of."""

    filters = ("kind",)

    kind: Kind | None = Field(None, description="Only what tells of this")

    async def run(self, ctx: Context) -> Reply:
        there = await ctx.ports.subscriptions.in_channel(ctx.place)
        if not there:
            return Reply(
                text="This channel is told of what is started here, and of nothing else.",
                actions=(Form("Subscribe", AlertSubscribe),),
            )
        found = [s for s in there if self.kind is None or s.wish.means_kind(AlertKind(self.kind))]
        shown = Rows(
            item=_item,
            columns=("Told of", "Subscribed by"),
            cells=lambda s: (told_of(s), (Person(s.created_by),)),
            names=lambda s: plain(told_of(s)),
        )
        return self.listed(self._how_many(len(found), len(there)), found, shown)

    def _how_many(self, found: int, there: int) -> Text:
        if self.kind is None:
            return f"This channel is told of what is started here, and has {counted(there, *_NOUN)}."
        told = Filter("tells of ", "tell of ", (f"{self.kind}s",))
        return matched(found, there, _NOUN, "of this channel", [told], "there")


def _named(glob: str) -> str | None:
    """What the record has it under: the room, or the pattern as it was typed; nothing where it is for all rooms."""
    return glob if glob != "*" else None


def _item(subscription: Subscription) -> Item:
    unsubscribe = _unsubscribe(subscription)
    words = told_of(subscription)
    return Item(
        title=words,
        detail=("subscribed by ", Person(subscription.created_by)),
        actions=(Action("Unsubscribe", unsubscribe, description=f"Unsubscribe from {plain(words)}"),),
    )


def _unsubscribe(subscription: Subscription) -> AlertUnsubscribe:
    """With its video server, as somebody's role may reach on that one alone."""
    return AlertUnsubscribe(number=subscription.id, provider=subscription.wish.provider)


def _is(subscription: Subscription, kinds: Sequence[Kind], room: str, provider: str | None) -> bool:
    """Whether it is the one that is said like that."""
    kinds_said = frozenset(AlertKind(kind) for kind in kinds)
    return subscription.wish == Scope(provider=provider, kinds=kinds_said, room_glob=room)


def told_of(subscription: Subscription) -> tuple[str | Code, ...]:
    """What a channel hears of by it: `recordings in rooms like team-*`."""
    kinds = " and ".join(sorted(f"{kind.value}s" for kind in subscription.wish.kinds)) or "everything"
    named: tuple[str | Code, ...] = (
        () if subscription.wish.room_glob == "*" else (" in rooms like ", Code(subscription.wish.room_glob))
    )
    on: tuple[str | Code, ...] = (
        () if subscription.wish.provider is None else (" on ", Code(subscription.wish.provider))
    )
    return (kinds, *named, *on)
