"""What a channel wants to be told of beside what is made in it: its subscriptions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from commands.alert_mute import muted, unmute
from commands.core.alerts import QUIET, AlertKind, Mute, Severity, Subscription
from commands.core.base import Arg, Internal, Role
from commands.core.context import Context
from commands.core.errors import NothingHere, Problem
from commands.core.paging import Filter, PagedCommand, Rows, matched
from commands.core.ports import Place
from commands.core.reply import Action, Code, Form, Item, Moment, Person, Reply, Text, plain
from commands.core.scopes import Kind, Level, ScopeCommand, noun, told_of
from commands.core.types import Count
from commands.core.words import counted, in_a_row
from providers.base import Provider

_STARTED_HERE = (
    "A room that is made here has its card here, and so has what is recorded of it, sent from it or into it."
)


class AlertSubscribe(
    ScopeCommand,
    path="alert subscribe",
    role=Role.OPERATOR,
    examples=("", "recording", "room recording --room team-*", "--severity critical"),
    heading="Subscribe channel",
):
    """Tell this channel of rooms, recordings and more, whoever starts them."""

    kinds: Arg[tuple[Kind, ...]] = Field((), description="Kinds of news; everything but people and tracks by default")
    severity: Level = Field("info", description="Only what is at least as bad")

    def problems(self, provider: Provider) -> list[Problem]:
        found = super().problems(provider)
        if self.severity != "info" and self.kinds and {AlertKind(kind) for kind in self.kinds} <= QUIET:
            found.append(Problem("News of people and tracks are info at most; leave out --severity.", "severity"))
        return found

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        before = await self._there(ctx)
        subscription = await ctx.ports.subscriptions.add(
            ctx.place, self.scope, Severity(self.severity), created_by=ctx.caller.user_id
        )
        was: Text = ""
        if before is not None and before.least is not subscription.least:
            was = ("Before it was told of ", *told_of(before), ".")
        return Reply(
            text=(f"This {ctx.place.kind} is told of ", *told_of(subscription), " from now on."),
            hint=was,
            actions=(Action("Unsubscribe", _unsubscribe(subscription)),),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        there = await self._there(ctx)
        if there is None:
            return Reply(text="This channel has no such subscription; subscribe again if you want it.")
        unsubscribe = Action("Unsubscribe", _unsubscribe(there))
        return Reply(text=(f"This {ctx.place.kind} is told of ", *told_of(there), "."), actions=(unsubscribe,))

    async def _there(self, ctx: Context) -> Subscription | None:
        there = await ctx.ports.subscriptions.in_channel(ctx.place)
        return next((each for each in there if each.wish == self.scope), None)


class AlertUnsubscribe(
    ScopeCommand,
    path="alert unsubscribe",
    role=Role.OPERATOR,
    examples=("", "recording --room team-*", "--number 3"),
    heading="Unsubscribe channel",
):
    """Stop a subscription of this channel. Say it as it was subscribed, or by number."""

    number: Count | None = Field(None, description="Which one, as alert list numbers them")
    channel: Annotated[str | None, Internal()] = Field(None, description="The channel that has it, where it is yours")

    def problems(self, provider: Provider) -> list[Problem]:
        if self.number is not None and (self.kinds or self.room != "*"):
            return [Problem("Its number says which one; leave out either that or the words.", "number")]
        return super().problems(provider)

    async def run(self, ctx: Context) -> Reply:
        meant = await self._meant(ctx)
        if meant is None or not await ctx.ports.subscriptions.remove(self._place(ctx), meant.id):
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
        return subscription.wish == self.scope


class AlertList(
    PagedCommand,
    path="alert list",
    examples=("", "--kind recording"),
    aliases=("alerts",),
    heading="List subscriptions",
):
    """List what this channel is told of, and what is muted here."""

    filters = ("kind",)

    kind: Kind | None = Field(None, description="Only what tells of this")

    async def run(self, ctx: Context) -> Reply:
        subscriptions = await ctx.ports.subscriptions.in_channel(ctx.place)
        mutes = await ctx.ports.subscriptions.mutes(ctx.place)
        there: list[Subscription | Mute] = [*mutes, *subscriptions]
        if not there:
            return Reply(
                text=f"This {ctx.place.kind} is told of what is started here, and of nothing else.",
                hint=_STARTED_HERE,
                actions=(Form("Subscribe", AlertSubscribe),),
            )
        found = [each for each in there if self._wants(each)]
        rows = Rows(item=_item, columns=("What", "Number", "By"), cells=_cells, names=lambda each: plain(_title(each)))
        reply = self.listed(self._how_many(ctx, len(found), subscriptions, mutes), found, rows)
        return replace(reply, hint=reply.hint or _STARTED_HERE)

    def _wants(self, each: Subscription | Mute) -> bool:
        if self.kind is None:
            return True
        kind = AlertKind(self.kind)
        if isinstance(each, Mute):
            return not each.what.kinds or each.what.means_kind(kind)
        return each.wish.means_kind(kind)

    def _how_many(self, ctx: Context, found: int, subscriptions: Sequence[Subscription], mutes: Sequence[Mute]) -> Text:
        if self.kind is not None:
            about = Filter("is about ", "are about ", (noun(AlertKind(self.kind)),))
            every = len(subscriptions) + len(mutes)
            return matched(found, every, ("entry", "entries"), f"of this {ctx.place.kind}", [about], "there")
        held = f" and {counted(len(mutes), 'mute', 'mutes')}" if mutes else ""
        has = counted(len(subscriptions), "subscription", "subscriptions")
        return f"This {ctx.place.kind} is told of what is started here, and has {has}{held}."


def _title(each: Subscription | Mute) -> Text:
    if isinstance(each, Mute):
        return ("Muted: ", *muted(each.what), ", until ", Moment(each.until))
    return told_of(each)


def _cells(each: Subscription | Mute) -> tuple[Text, ...]:
    if isinstance(each, Mute):
        return _title(each), "", (Person(each.said_by),)
    return _title(each), str(each.id), (Person(each.created_by),)


def _item(each: Subscription | Mute) -> Item:
    words = plain(_title(each))
    if isinstance(each, Mute):
        detail: Text = ("muted by ", Person(each.said_by))
        return Item(_title(each), detail, (Action("Unmute", unmute(each), description=f"Unmute {words}"),))
    detail = in_a_row(("subscribed by ", Person(each.created_by)), f"number {each.id}")
    end = Action("Unsubscribe", _unsubscribe(each), description=f"Unsubscribe from {words}")
    return Item(_title(each), detail, (end,))


def _unsubscribe(subscription: Subscription) -> AlertUnsubscribe:
    """With its video server, as somebody's role may reach on that one alone."""
    return AlertUnsubscribe(number=subscription.id, provider=subscription.wish.provider)
