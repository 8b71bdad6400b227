"""Who wants to hear of what: the subscriptions and mutes of a workspace, asked about one change. Pure."""

from collections.abc import Iterator, Sequence

from bot.alerts.news import KIND_OF, News
from bot.alerts.state import ThingState
from commands.core.alerts import QUIET, AlertKind, Mute, Severity, Subscription
from providers.facts import Fact, Source, ThingKind


class Interest:
    def __init__(self, subscriptions: Sequence[Subscription], mutes: Sequence[Mute]) -> None:
        self._subscriptions = subscriptions
        self._mutes = mutes

    def is_news(self, before: ThingState | None, after: ThingState, told: News, fact: Fact) -> bool:
        """Whether the thing is news to those who did not ask for it: not when it was over before this.

        What is over at the first that is heard of it is, where the server has just told that it went wrong: that it
        had begun was told and lost.
        """
        if before is not None:
            return not before.is_over
        if not after.is_over:
            return True
        return fact.source is Source.WEBHOOK and told.severity.reaches(Severity.WARNING)

    def channels(self, state: ThingState, told: News) -> Iterator[str]:
        """Those that subscribed to it, and have not muted it."""
        for each in self._subscriptions:
            if self._means(each, state, told) and not self.is_muted(each.channel_id, state, told):
                yield each.channel_id

    def is_told(self, channel_id: str, state: ThingState, told: News, *, is_home: bool) -> bool:
        """Whether a channel that has a card of the thing is told the news in its thread.

        The channel that it belongs to is, and so is one that once asked for the card; one that has it by subscription
        is told what it has subscribed to.
        """
        if self.is_muted(channel_id, state, told):
            return False
        own = [each for each in self._subscriptions if each.channel_id == channel_id and _is_about(each, state)]
        if any(_tells_of(each, state, told.kind, told.severity) for each in own):
            return True
        return told.kind not in QUIET and (is_home or not own)

    def is_muted(self, channel_id: str, state: ThingState, told: News | None = None) -> bool:
        kinds = {KIND_OF[ThingKind(state.kind)]} | ({told.kind} if told is not None else set())
        return any(
            mute.channel_id == channel_id and mute.silences(kinds, provider=state.provider, room=state.name)
            for mute in self._mutes
        )

    def _means(self, subscription: Subscription, state: ThingState, told: News) -> bool:
        """That there is such a thing, or what is told of it."""
        there_is = KIND_OF[ThingKind(state.kind)], Severity.INFO
        return any(_tells_of(subscription, state, *what) for what in (there_is, (told.kind, told.severity)))


def _tells_of(subscription: Subscription, state: ThingState, kind: AlertKind, severity: Severity) -> bool:
    return subscription.tells_of(kind, severity, provider=state.provider, room=state.name)


def _is_about(subscription: Subscription, state: ThingState) -> bool:
    return subscription.wish.means_place(provider=state.provider, room=state.name)
