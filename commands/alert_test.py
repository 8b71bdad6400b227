"""Trying out whether alerts come through, and whom they would reach."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from commands.alert_mute import AlertUnmute, muted, unmute
from commands.core.alerts import QUIET, AlertKind, Mute, Severity, Subscription
from commands.core.base import Advanced, Arg, Offered, Offers, Role, ServerCommand
from commands.core.context import Context
from commands.core.ports import CHANNEL_ROOM
from commands.core.reply import Action, Code, Mark, Moment, Reply, Text
from commands.core.scopes import Kind, Level, noun, told_of
from commands.core.words import joined
from providers.facts import AlertTested

_ROOM = "standup"
_LEVELS = {Severity.INFO: "Good news", Severity.WARNING: "A warning", Severity.CRITICAL: "Critical news"}


class AlertTest(
    ServerCommand,
    path="alert test",
    role=Role.OPERATOR,
    examples=("", "recording --room standup --severity critical"),
    heading="Test alerts",
):
    """Send a test alert to this channel, and say which subscriptions would tell of such news."""

    kind: Arg[Kind] = Field("recording", description="What the news would be about")
    room: Annotated[str | None, Offers(Offered.ROOM)] = Field(None, description="The name of the room it would be of")
    severity: Annotated[Level, Advanced()] = Field("critical", description="How bad the news would be")

    @property
    def about(self) -> str | None:
        return self.room

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        await ctx.report(AlertTested(by=ctx.caller.user_id, **ctx.observed()), card=True, made=True)
        room = self.room or await ctx.ports.settings.get(ctx.place, CHANNEL_ROOM) or _ROOM
        mutes = [mute for mute in await ctx.ports.subscriptions.mutes(ctx.place) if self._is_silenced(mute, room)]
        telling = [each for each in await ctx.ports.subscriptions.in_channel(ctx.place) if self._tells(each, room)]
        return Reply(
            text=(*self._news(room), *_whether(ctx.place.kind, telling, mutes)),
            hint=self._of_what_is_made_here(bool(telling), mutes),
            actions=_unmute(mutes),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        return Reply(
            text="If the test came through, its card is in this channel.", actions=(Action("Test again", self),)
        )

    def _news(self, room: str) -> tuple[str | Mark, ...]:
        where = () if self.kind == "server" else (" in ", Code(room))
        return (
            f"{_LEVELS[Severity(self.severity)]} of {noun(AlertKind(self.kind))}",
            *where,
            " on ",
            Code(self.provider),
        )

    def _is_silenced(self, mute: Mute, room: str) -> bool:
        return mute.silences({AlertKind(self.kind)}, provider=self.provider, room=self._named(room))

    def _tells(self, subscription: Subscription, room: str) -> bool:
        kind, severity = AlertKind(self.kind), Severity(self.severity)
        return subscription.tells_of(kind, severity, provider=self.provider, room=self._named(room))

    def _named(self, room: str) -> str:
        """What is about a video server is about no room."""
        return "" if self.kind == "server" else room

    def _of_what_is_made_here(self, is_told: bool, mutes: Sequence[Mute]) -> str:
        if is_told or mutes or self.kind == "server":
            return ""
        if AlertKind(self.kind) in QUIET:
            return "Of rooms that were made here it is not told either: such news are for those who name them."
        return "Of rooms that were made here it would be told all the same."


def _unmute(mutes: Sequence[Mute]) -> tuple[Action, ...]:
    """All that is muted here where more than one mute is in the way."""
    if not mutes:
        return ()
    return (Action("Unmute", unmute(mutes[0]) if len(mutes) == 1 else AlertUnmute()),)


def _whether(place: str, telling: Sequence[Subscription], mutes: Sequence[Mute]) -> Sequence[str | Mark]:
    if mutes:
        longest = mutes[-1]
        return (
            f" would not be told in this {place}. Muted until ",
            Moment(longest.until),
            ": ",
            *muted(longest.what),
            ".",
        )
    if not telling:
        return (f" would not be told in this {place}: no subscription tells of it.",)
    words: Text = joined([told_of(each) for each in telling], "; ")
    one = "the subscription" if len(telling) == 1 else "the subscriptions"
    return (f" would be told in this {place}, by {one}: ", *words, ".")
