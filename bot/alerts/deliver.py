"""The one deliverer: brings Slack up to date with the cards, newest state only, one call at a time.

A card is drawn at the moment of the call, so any number of changes that came meanwhile are one call. What Slack shows
is known by its hash, and an equal one needs no call. No transaction is open while we talk to Slack. A post whose
answer was lost is posted again after a pause. Where several processes use one database, each claims what it delivers;
one that was so slow that another has taken over deletes the message that is one too many.

Where a channel is closed to the bot, whoever asked for something to be shown there is told once, by direct message.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from hashlib import sha256

import structlog

from bot.alerts.state import state_from_json
from bot.render.card import draw, note
from bot.render.closure import render_closure
from bot.render.message import Message
from bot.slack.client import TOKEN_PAUSE_SECONDS, SlackClient
from bot.slack.errors import (
    ChannelClosed,
    MessageGone,
    NotGranted,
    PayloadRefused,
    PersonUnreachable,
    SlackError,
    Suspended,
    Throttled,
    TokenDead,
    Unfamiliar,
    kind_of,
)
from bot.store.cards import DELETED, Card, Cards
from bot.store.closures import Closure, Closures
from bot.store.notes import DueNote, Notes
from bot.store.things import Thing
from bot.tasks import until
from commands.core.ports import Clock, Providers
from providers.facts import facts_from_json

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

FIRST_LONG_PAUSE_SECONDS = 60.0
LONGEST_LONG_PAUSE_SECONDS = 900.0
"""Where somebody must do something before the same call can work, and nobody says when that is done."""

HOPELESS = (ChannelClosed, PersonUnreachable, MessageGone, PayloadRefused)
"""Errors after which the same call would fail again."""

START_SECONDS = 5.0
"""How old a claim may be when its call begins. An older one may be over before the call is: the process was frozen."""

_UPDATES = "updates"
_EVERYTHING = "everything"
"""What waits besides channels: Slack counts updates over the whole workspace, and a dead token stops all."""


class Deliverer:
    """`wake` says that something may have changed; a lost or doubled wake does no harm."""

    def __init__(
        self,
        cards: Cards,
        notes: Notes,
        closures: Closures,
        slack: SlackClient,
        providers: Providers,
        clock: Clock,
    ) -> None:
        self._cards = cards
        self._notes = notes
        self._closures = closures
        self._slack = slack
        self._providers = providers
        self._clock = clock
        self._woken = asyncio.Event()
        self._stopping = False
        self._pauses = _Pauses(clock)

    def wake(self) -> None:
        self._woken.set()

    async def reopen(self, channel_id: str) -> None:
        """The bot can post in a channel again, so its cards catch up."""
        self._pauses.end(channel_id)
        await self._closures.forget(channel_id)
        await self._cards.unblock(channel_id, lambda reason: kind_of(reason) is ChannelClosed)
        self.wake()

    def stop(self) -> None:
        """Let `run` return once it has delivered what needs no waiting. A call under way is not cut off."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Deliver until `stop`."""
        while True:
            self._woken.clear()
            pause = self._pauses.shortest()  # before looking, as a pause that ends meanwhile would be forgotten
            if await self._deliver_one():
                continue
            if self._stopping:
                return
            await until(self._woken, pause)

    async def _deliver_one(self) -> bool:
        """The card that has waited longest, else the oldest note, else somebody who is to be told of a closed channel.

        False where nothing can be done at this moment.
        """
        waiting = self._pauses.waiting()
        if _EVERYTHING in waiting:
            return False
        began = self._clock.monotonic()
        if (due := await self._cards.claim(waiting, skip_updates=_UPDATES in waiting)) is not None:
            card, thing = due
            await self._attempt(
                began, card.channel_id, lambda: self._card(card, thing), lambda e: self._card_failed(card, thing, e)
            )
            return True
        if (noted := await self._notes.claim(waiting)) is not None:
            due_note, thing = noted
            await self._attempt(
                began,
                due_note.channel_id,
                lambda: self._note(due_note, thing),
                lambda e: self._note_failed(due_note, e),
            )
            return True
        if (closure := await self._closures.claim(waiting)) is not None:
            await self._attempt(
                began, closure.user_id, lambda: self._tell(closure), lambda e: self._tell_failed(closure, e)
            )
            return True
        return False

    async def _attempt(
        self,
        began: float,
        channel_id: str,
        deliver: Callable[[], Awaitable[None]],
        failed: Callable[[Exception], Awaitable[None]],
    ) -> None:
        """One try of what was claimed after `began`.

        What may work later pauses its channel; any other end is an answer of Slack, and ends the pause.
        """
        if (seconds := self._clock.monotonic() - began) > START_SECONDS:
            log.warning("a claim was too old for a call", channel=channel_id, seconds=seconds)
            await failed(TimeoutError())
            return
        try:
            await deliver()
        except HOPELESS as error:
            log.warning("a card or note cannot be delivered", error=str(error), channel=channel_id, remedy=error.remedy)
            self._pauses.end(channel_id)
            await failed(error)
        except Exception as error:
            pause = self._pauses.after(channel_id, error)
            say = log.warning if isinstance(error, SlackError) else log.exception
            say("a delivery waits", error=str(error), channel=channel_id, seconds=pause)
            await failed(error)
        else:
            self._pauses.end(channel_id)

    async def _card(self, card: Card, thing: Thing) -> None:
        shown = self._draw(card, thing)
        digest = _hash(shown)
        ts = card.ts
        if ts is None:
            ts = await self._slack.post(card.channel_id, shown, thread_ts=card.thread_ts)
        elif digest != card.hash:
            await self._slack.update(card.channel_id, ts, shown)
        if not await self._cards.delivered(card, ts, digest):
            await self._remove(card.channel_id, ts)

    async def _note(self, due: DueNote, thing: Thing) -> None:
        shown = note(state_from_json(thing.state), facts_from_json(due.facts))
        if shown is None:
            await self._drop(due)
            return
        ts = await self._slack.post(due.channel_id, shown, thread_ts=due.thread_ts, broadcast=due.broadcast)
        if not await self._notes.done(due, ts):
            await self._remove(due.channel_id, ts)

    async def _remove(self, channel_id: str, ts: str) -> None:
        """A second message of what has one."""
        log.warning("a message was one too many", channel=channel_id, ts=ts)
        try:
            await self._slack.delete(channel_id, ts)
        except SlackError as error:
            log.warning("a message that is one too many stays", error=str(error), channel=channel_id, ts=ts)

    def _draw(self, card: Card, thing: Thing) -> Message:
        provider = self._providers.get(thing.provider)
        return draw(
            state_from_json(thing.state),
            capabilities=provider.capabilities if provider else frozenset(),
            card_id=card.id,
            generation=card.generation,
        )

    async def _card_failed(self, card: Card, thing: Thing, error: Exception) -> None:
        """A card that cannot be shown must not keep others of its channel waiting."""
        match error:
            case MessageGone() if card.ts is None and card.thread_ts is not None:
                await self._cards.leave_thread(card)
            case MessageGone() if card.ts is not None and thing.terminal:
                await self._cards.renew(card)
            case MessageGone():
                await self._cards.block(card, DELETED)
            case ChannelClosed():
                await self._closures.add(card.id, error.code)  # first: what is blocked is not tried again
                await self._cards.block(card, error.code)
            case PersonUnreachable() | PayloadRefused():
                await self._cards.block(card, error.code)
            case _:
                await self._cards.postpone(card)

    async def _note_failed(self, due: DueNote, error: Exception) -> None:
        if isinstance(error, HOPELESS):
            await self._drop(due)
        else:
            await self._notes.release(due)

    async def _drop(self, due: DueNote) -> None:
        await self._notes.done(due, "")

    async def _tell(self, closure: Closure) -> None:
        await self._slack.direct(closure.user_id, render_closure(closure.channel_id, closure.reason))
        await self._closures.told(closure)
        log.info("somebody was told of a closed channel", user=closure.user_id, channel=closure.channel_id)

    async def _tell_failed(self, closure: Closure, error: Exception) -> None:
        """Tried again where it is certain that nothing arrived, as nobody shall be told twice."""
        if isinstance(error, HOPELESS) or (isinstance(error, SlackError) and error.may_have_happened):
            await self._closures.told(closure)
        else:
            await self._closures.release(closure)


class _Pauses:
    """What waits, and until when: as long as Slack says, else doubling. A key is a channel's id or a word from above.

    A person's id stands for the direct conversation with them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def after(self, channel_id: str, error: Exception) -> float:
        """Begin a pause; how long it is, in seconds."""
        match error:
            case Throttled(method="chat.update"):
                key, pause = _UPDATES, error.retry_after
            case Throttled():
                key, pause = channel_id, error.retry_after
            case TokenDead():
                key, pause = _EVERYTHING, TOKEN_PAUSE_SECONDS
            case NotGranted() | Suspended() | Unfamiliar():
                key = channel_id
                pause = self._doubled(key, FIRST_LONG_PAUSE_SECONDS, LONGEST_LONG_PAUSE_SECONDS)
            case _:
                key, pause = channel_id, self._doubled(channel_id, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        self._until[key] = self._clock.monotonic() + pause
        return pause

    def _doubled(self, key: str, first: float, longest: float) -> float:
        self._last[key] = min(max(self._last.get(key, 0.0) * 2, first), longest)
        return self._last[key]

    def end(self, channel_id: str) -> None:
        self._until.pop(channel_id, None)
        self._last.pop(channel_id, None)

    def waiting(self) -> list[str]:
        now = self._clock.monotonic()
        return [key for key, until in self._until.items() if until > now]

    def shortest(self) -> float | None:
        """Seconds until the first of them may be tried again; None where none waits."""
        now = self._clock.monotonic()
        left = [until - now for until in self._until.values() if until > now]
        return min(left, default=None)


def _hash(shown: Message) -> str:
    return sha256(json.dumps([shown.text, shown.blocks], sort_keys=True).encode()).hexdigest()
