"""The one deliverer: brings Slack up to date with the cards, newest state only, at Slack's pace.

What Slack counts together is a lane: the posts of a channel, or the updates of the workspace. One call of a lane is
under way at a time, over all processes, and different lanes go on side by side. A card is drawn at the moment of the
call, so any number of changes that came meanwhile are one call. What Slack shows is known by its hash, and an equal one
needs no call. No transaction is open while we talk to Slack. A post whose answer was lost is posted again after a
pause; one that was so slow that another has taken over deletes the message that is one too many.

Where more happens in a channel than its pace allows, it is shown on digest pages until it is calm again. Where a
channel is closed to the bot, whoever asked for something to be shown there is told once, by direct message.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from hashlib import sha256
from typing import Any

import structlog

from bot.alerts.pauses import EVERYTHING, Pauses
from bot.alerts.state import state_from_json
from bot.render.card import Member, draw
from bot.render.card.notes import note
from bot.render.closure import render_closure
from bot.render.message import Message
from bot.slack.client import SlackClient
from bot.slack.errors import (
    ChannelClosed,
    MessageGone,
    PayloadRefused,
    PersonUnreachable,
    SlackError,
    Suspended,
    Throttled,
    kind_of,
)
from bot.store.cards import DELETED, Card
from bot.store.closures import Closure
from bot.store.digests import Shown
from bot.store.notes import DueNote
from bot.store.outbox import Due, Outbox
from bot.store.pace import POSTS, UPDATES
from bot.store.things import Thing
from bot.tasks import until
from commands.core.ports import Clock, Providers
from providers.facts import ThingKind, facts_from_json

log = structlog.get_logger(__name__)

HOPELESS = (ChannelClosed, PersonUnreachable, MessageGone, PayloadRefused)
"""Errors after which the same call would fail again."""

START_SECONDS = 5.0
"""How old a claim may be when its call begins. An older one may be over before the call is: the process was frozen."""

RETRY_SECONDS = 1.0
"""When to look again where another process was faster."""


class Deliverer:
    """`wake` says that something may have changed; a lost or doubled wake does no harm."""

    def __init__(self, outbox: Outbox, slack: SlackClient, providers: Providers, clock: Clock) -> None:
        self._outbox = outbox
        self._cards, self._notes, self._closures = outbox.cards, outbox.notes, outbox.closures
        self._slack = slack
        self._providers = providers
        self._clock = clock
        self._woken = asyncio.Event()
        self._stopping = False
        self._pauses = Pauses(clock)
        self._calls: set[asyncio.Task[None]] = set()
        self._telling: set[str] = set()
        self._failure: BaseException | None = None

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
        await self._outbox.paces.begin()
        try:
            while self._failure is None:
                self._woken.clear()
                pause = await self._begin_what_is_due()
                if self._stopping and not self._calls and not self._woken.is_set():
                    return
                await until(self._woken, pause)
        finally:
            await self._end_calls()

    async def _end_calls(self) -> None:
        """Those under way are waited for, unless this is cancelled. What has failed in one is raised."""
        try:
            while self._calls:
                await asyncio.wait(self._calls)
        finally:
            for call in self._calls:
                call.cancel()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def _begin_what_is_due(self) -> float | None:
        """Begin each call that may be made at this moment; how long until another one may, in seconds."""
        pauses = [self._pauses.shortest()]  # before looking, as a pause that ends meanwhile would be forgotten
        waiting = self._pauses.waiting()
        if EVERYTHING in waiting:
            return pauses[0]
        look = await self._outbox.look(waiting)
        for channel_id in look.storms:
            if channel_id not in look.busy:
                log.info("more happens in a channel than can be shown one by one", channel=channel_id)
            await self._outbox.digests.gather(channel_id)
        if look.storms:
            look = await self._outbox.look(waiting)
        pauses += [look.seconds, *[await self._calm(channel_id) for channel_id in look.busy]]
        pauses += [await self._begin(lane, waiting) for lane in look.ready if self._has_room]
        if self._has_room:
            await self._begin_telling([*waiting, *self._telling])
        return min((pause for pause in pauses if pause is not None), default=None)

    @property
    def _has_room(self) -> bool:
        return len(self._calls) < self._outbox.paces.tempo.calls_at_once

    async def _calm(self, channel_id: str) -> float:
        """Leave its digest where it is calm; else how long until it may be."""
        calm_at = await self._outbox.digests.calm_at(channel_id)
        if calm_at is None:
            return self._outbox.paces.tempo.calm_seconds
        seconds = (calm_at - self._clock.now()).total_seconds()
        if seconds > 0:
            return seconds
        if await self._outbox.digests.end(channel_id):
            log.info("a channel is calm again", channel=channel_id)
        return 0.0

    async def _begin(self, lane: str, waiting: Sequence[str]) -> float | None:
        began = self._clock.monotonic()
        due = await self._outbox.claim(lane, waiting)
        if due is None:
            return RETRY_SECONDS
        self._start(self._carry_out(began, due), lane)
        return None

    async def _begin_telling(self, skip: Sequence[str]) -> None:
        began = self._clock.monotonic()
        if (closure := await self._closures.claim(skip)) is not None:
            self._telling.add(closure.user_id)
            self._start(self._tell_about(began, closure), closure.user_id)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        call = asyncio.create_task(work, name=name)
        self._calls.add(call)
        call.add_done_callback(self._ended)

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        if not call.cancelled() and (error := call.exception()) is not None:
            self._failure = error
        self.wake()

    async def _carry_out(self, began: float, due: Due) -> None:
        """What is not written down, as the database is away, keeps the lane until the lease is over."""
        match due.what:
            case Card() as card:
                was_called = await self._attempt(
                    began,
                    card.channel_id,
                    lambda: self._card(card, due.thing),
                    lambda error: self._card_failed(card, due.thing, error),
                )
            case DueNote() as noted:
                was_called = await self._attempt(
                    began,
                    noted.channel_id,
                    lambda: self._note(noted, due.thing),
                    lambda error: self._note_failed(noted, error),
                )
        await self._outbox.paces.give_back(due.turn, was_called=was_called)

    async def _tell_about(self, began: float, closure: Closure) -> None:
        try:
            await self._attempt(
                began, closure.user_id, lambda: self._tell(closure), lambda e: self._tell_failed(closure, e)
            )
        finally:
            self._telling.discard(closure.user_id)

    async def _attempt(
        self,
        began: float,
        channel_id: str,
        deliver: Callable[[], Awaitable[bool]],
        failed: Callable[[Exception], Awaitable[None]],
    ) -> bool:
        """One try of what was claimed after `began`; whether Slack was called.

        What may work later pauses its channel; any other end is an answer of Slack, and ends the pause.
        """
        if (seconds := self._clock.monotonic() - began) > START_SECONDS:
            log.warning("a claim was too old for a call", channel=channel_id, seconds=seconds)
            await failed(TimeoutError())
            return False
        try:
            was_called = await deliver()
        except HOPELESS as error:
            log.warning("a card or note cannot be delivered", error=str(error), channel=channel_id, remedy=error.remedy)
            self._pauses.end(channel_id)
            await failed(error)
        except Exception as error:
            pause = await self._pause(channel_id, error)
            say = log.warning if isinstance(error, SlackError) else log.exception
            say("a delivery waits", error=str(error), channel=channel_id, seconds=pause)
            await failed(error)
        else:
            if was_called:
                self._pauses.end(channel_id)
                self._pauses.end(POSTS)
            return was_called
        return True

    async def _pause(self, channel_id: str, error: Exception) -> float:
        """What Slack counts waits in every process, all else in this one."""
        match error:
            case Throttled(method="chat.update"):
                await self._outbox.paces.pause(UPDATES, error.retry_after)
                return error.retry_after
            case Throttled():
                await self._outbox.paces.pause(channel_id, error.retry_after)
                return error.retry_after
            case Suspended(code="message_limit_exceeded"):
                pause = self._pauses.after(POSTS, error)
                await self._outbox.paces.pause(POSTS, pause)
                return pause
        return self._pauses.after(channel_id, error)

    async def _card(self, card: Card, thing: Thing) -> bool:
        is_page = thing.kind is ThingKind.DIGEST
        members = await self._outbox.digests.members(thing.id) if is_page else []
        shown = self._draw(card, thing, members)
        digest, ts = _hash(shown), card.ts
        was_called = ts is None or digest != card.hash
        if ts is None:
            ts = await self._slack.post(card.channel_id, shown, thread_ts=card.thread_ts)
        elif was_called:
            await self._slack.update(card.channel_id, ts, shown)
        await self._outbox.digests.showing(card, members)  # first: else after a crash nobody would know that it did
        if not await self._cards.delivered(card, ts, digest):
            await self._remove(card.channel_id, ts)
        elif card.digest_id is not None:
            await self._outbox.digests.leave(card)
        return was_called

    async def _note(self, due: DueNote, thing: Thing) -> bool:
        shown = note(due.kind, state_from_json(thing.state), facts_from_json(due.facts))
        if shown is None:
            await self._drop(due)
            return False
        ts = await self._slack.post(due.channel_id, shown, thread_ts=due.thread_ts, broadcast=due.broadcast)
        if not await self._notes.done(due, ts):
            await self._remove(due.channel_id, ts)
        return True

    async def _remove(self, channel_id: str, ts: str) -> None:
        """A second message of what has one."""
        log.warning("a message was one too many", channel=channel_id, ts=ts)
        try:
            await self._slack.delete(channel_id, ts)
        except SlackError as error:
            log.warning("a message that is one too many stays", error=str(error), channel=channel_id, ts=ts)

    def _draw(self, card: Card, thing: Thing, members: Sequence[Shown]) -> Message:
        provider = self._providers.get(thing.provider)
        return draw(
            state_from_json(thing.state),
            capabilities=provider.capabilities if provider else frozenset(),
            card_id=card.id,
            generation=card.generation,
            digest=[Member(each.state, each.version, each.is_own) for each in members],
        )

    async def _card_failed(self, card: Card, thing: Thing, error: Exception) -> None:
        """A card that cannot be shown must not keep others of its channel waiting."""
        match error:
            case MessageGone() | PayloadRefused() if thing.kind is ThingKind.DIGEST:
                await self._outbox.digests.dissolve(card)
                await self._cards.block(card, DELETED)
            case ChannelClosed() if thing.kind is ThingKind.DIGEST:
                shown = await self._outbox.digests.dissolve(card, error.code)
                await self._closures.add(error.code, card.id, *shown)
                await self._cards.block(card, error.code)
            case MessageGone() if card.ts is None and card.thread_ts is not None:
                await self._cards.leave_thread(card)
            case MessageGone() if card.ts is not None and thing.terminal:
                await self._cards.renew(card)
            case MessageGone():
                await self._cards.block(card, DELETED)
            case ChannelClosed():
                await self._closures.add(error.code, card.id)  # first: what is blocked is not tried again
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

    async def _tell(self, closure: Closure) -> bool:
        await self._slack.direct(closure.user_id, render_closure(closure.channel_id, closure.reason))
        await self._closures.told(closure)
        log.info("somebody was told of a closed channel", user=closure.user_id, channel=closure.channel_id)
        return True

    async def _tell_failed(self, closure: Closure, error: Exception) -> None:
        """Tried again where it is certain that nothing arrived, as nobody shall be told twice."""
        if isinstance(error, Throttled):
            self._pauses.after(closure.user_id, error)
        if isinstance(error, HOPELESS) or (isinstance(error, SlackError) and error.may_have_happened):
            await self._closures.told(closure)
        else:
            await self._closures.release(closure)


def _hash(shown: Message) -> str:
    return sha256(json.dumps([shown.text, shown.blocks], sort_keys=True).encode()).hexdigest()
