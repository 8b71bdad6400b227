"""Who wants to hear of what: what a workspace subscribed to, muted, follows and set, asked about one change. Pure."""

from collections.abc import Callable, Iterator, Sequence, Set

from bot.alerts.news import KIND_OF, News
from bot.alerts.state import RoomState, ThingState
from commands.core.alerts import QUIET, AlertKind, Mute, Severity, Subscription
from providers.facts import Fact, Source, ThingKind


class Interest:
    """`follows`: the number of a thing, and the conversation of somebody who follows it. `joins`: whether a channel is
    set to hear who joins and leaves."""

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        mutes: Sequence[Mute] = (),
        follows: Set[tuple[int, str]] = frozenset(),
        joins: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._subscriptions = subscriptions
        self._mutes = mutes
        self._follows = follows
        self._joins = joins

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

    def shows(self, channel_id: str, kind: ThingKind, *, provider: str, room: str) -> bool:
        """Whether a channel subscribed to such a thing, so that it has a card of it whatever is told."""
        return any(_shows(each, kind, provider=provider, room=room) for each in self._of(channel_id))

    def is_told(self, channel_id: str, thing_id: int, state: ThingState, told: News, *, is_home: bool) -> bool:
        """Whether a channel that has a card of the thing is told the news in its thread.

        The channel that it belongs to is, the conversation of who follows it, and one that once asked for the card; one
        that has it by subscription is told what it has subscribed to.
        """
        if self.is_muted(channel_id, state, told):
            return False
        own = self._of(channel_id)
        if any(_tells_of(each, state, told.kind, told.severity) for each in own):
            return True
        if told.kind in QUIET:
            return told.kind is AlertKind.PARTICIPANT and self._joins(channel_id)
        if is_home or (thing_id, channel_id) in self._follows:
            return True
        return not any(_may_show(each, state) for each in own)

    def is_muted(self, channel_id: str, state: ThingState, told: News | None = None) -> bool:
        kinds = {KIND_OF[ThingKind(state.kind)]} | ({told.kind} if told is not None else set())
        return any(
            mute.channel_id == channel_id and mute.silences(kinds, provider=state.provider, room=state.name)
            for mute in self._mutes
        )

    def _means(self, subscription: Subscription, state: ThingState, told: News) -> bool:
        """That there is such a thing, or what is told of it."""
        there_is = _shows(subscription, ThingKind(state.kind), provider=state.provider, room=state.name)
        return there_is or _tells_of(subscription, state, told.kind, told.severity)

    def _of(self, channel_id: str) -> Sequence[Subscription]:
        return [each for each in self._subscriptions if each.channel_id == channel_id]


def _tells_of(subscription: Subscription, state: ThingState, kind: AlertKind, severity: Severity) -> bool:
    return subscription.tells_of(kind, severity, provider=state.provider, room=state.name)


def _shows(subscription: Subscription, kind: ThingKind, *, provider: str, room: str) -> bool:
    """It tells that there is such a thing."""
    return subscription.tells_of(KIND_OF[kind], Severity.INFO, provider=provider, room=room)


def _may_show(subscription: Subscription, state: ThingState) -> bool:
    """It tells of such things, if only of the worst, or of who is in such a room."""
    kinds = {KIND_OF[ThingKind(state.kind)]} | (QUIET if isinstance(state, RoomState) else set())
    return any(_tells_of(subscription, state, kind, Severity.CRITICAL) for kind in kinds)
