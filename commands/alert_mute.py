"""Telling a channel nothing for a while. What it sees already is kept true all the same."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from commands.core.alerts import Mute, Scope
from commands.core.base import Internal, Role
from commands.core.context import Context
from commands.core.errors import NothingHere, Problem, UsageError
from commands.core.moments import When, zone_of
from commands.core.reply import Action, Code, Moment, Reply
from commands.core.scopes import ScopeCommand, said
from commands.core.types import Duration, spell_duration
from commands.core.words import counted
from providers.base import Provider

USUALLY = timedelta(hours=1)
LONGEST = timedelta(days=30)
_TOO_LONG = f"A channel can be muted for {spell_duration(LONGEST)} at most."


class AlertMute(
    ScopeCommand,
    path="alert mute",
    role=Role.OPERATOR,
    examples=("", "--for 30m", "recording --room load-* --until 18h"),
    heading="Mute alerts",
):
    """Tell this channel nothing for a while. Cards that are there stay true."""

    for_: Duration | None = Field(None, description="For how long; 1h by default, 30d at most")
    until: When | None = Field(None, description="Until when, instead: 18h from now, or a date and time")

    def problems(self, provider: Provider) -> list[Problem]:
        if self.for_ is not None and self.until is not None:
            return [Problem("It says for how long already; leave out --for or --until.", "until")]
        if self.for_ is not None and self.for_ > LONGEST:
            return [Problem(_TOO_LONG, "for_")]
        return super().problems(provider)

    async def run(self, ctx: Context) -> Reply:
        mute = await ctx.ports.subscriptions.mute(
            ctx.place, self.scope, await self._ends(ctx), said_by=ctx.caller.user_id
        )
        return self._told(ctx, mute, "It is told of nothing new until then; what it sees already is kept true.")

    async def aftermath(self, ctx: Context) -> Reply:
        held = await ctx.ports.subscriptions.mutes(ctx.place)
        mute = next((each for each in held if each.what == self.scope), None)
        if mute is None:
            return Reply(text=f"Nothing of that is muted in this {ctx.place.kind}; mute it again.")
        return self._told(ctx, mute)

    def _told(self, ctx: Context, mute: Mute, hint: str = "") -> Reply:
        what, until = muted(mute.what), Moment(mute.until)
        text = (f"Muted in this {ctx.place.kind} until ", until, ": ", *what, ".")
        return Reply(text=text, hint=hint, actions=(Action("Unmute", unmute(mute)),))

    async def _ends(self, ctx: Context) -> datetime:
        """Raises `UsageError` for a moment that is over, or too far away."""
        now = ctx.ports.clock.now()
        if self.until is None:
            return now + (self.for_ or USUALLY)
        until = self.until.at(now, await zone_of(ctx))
        if until <= now:
            raise UsageError([Problem(f"--until: {self.until} is over.", "until")], "Give a time to come, such as 2h.")
        if until - now > LONGEST:
            raise UsageError([Problem(f"--until: {_TOO_LONG}", "until")], "Give a time that is nearer.")
        return until


class AlertUnmute(
    ScopeCommand,
    path="alert unmute",
    role=Role.OPERATOR,
    examples=("", "recording --room load-*"),
    heading="Unmute alerts",
):
    """Tell this channel again of all that is muted here, or of what is said as it was muted."""

    number: Annotated[int | None, Internal()] = Field(None, description="Which mute, by its number")

    async def run(self, ctx: Context) -> Reply:
        held = await self._meant(ctx)
        for mute in held:
            await ctx.ports.subscriptions.unmute(ctx.place, mute.what)
        if not held:
            raise await self._nothing(ctx)
        ended = (": ", *muted(held[0].what)) if len(held) == 1 else (f": {counted(len(held), 'mute', 'mutes')}",)
        return Reply(text=(f"Not muted any more in this {ctx.place.kind}", *ended, "."))

    async def _nothing(self, ctx: Context) -> NothingHere:
        """What is meant may be muted by other words."""
        what = f"Nothing is muted in this {ctx.place.kind} in these words."
        for mute in await ctx.ports.subscriptions.mutes(ctx.place):
            return NothingHere(
                what, ("What is muted here: ", *muted(mute.what), "."), actions=[Action("Unmute", unmute(mute))]
            )
        return NothingHere(what, ("See ", Code(f"{ctx.ports.slash} alert list"), " for what it is told of."))

    async def aftermath(self, ctx: Context) -> Reply:
        held = await self._meant(ctx)
        if not held:
            return Reply(text=f"Nothing of that is muted in this {ctx.place.kind}.")
        again = Action("Unmute", self)
        text = (f"Still muted in this {ctx.place.kind} until ", Moment(held[-1].until), "; unmute it again.")
        return Reply(text=text, actions=(again,))

    async def _meant(self, ctx: Context) -> list[Mute]:
        """Those that hold; all of them where nothing is said."""
        held = await ctx.ports.subscriptions.mutes(ctx.place)
        if self.number is not None:
            return [mute for mute in held if mute.id == self.number and self.provider in (None, mute.what.provider)]
        return [mute for mute in held if self.scope in (Scope(), mute.what)]


def muted(what: Scope) -> tuple[str | Code, ...]:
    return said(what, everything="everything")


def unmute(mute: Mute) -> AlertUnmute:
    """With its video server, as somebody's role may reach on that one alone."""
    return AlertUnmute(number=mute.id, provider=mute.what.provider)
