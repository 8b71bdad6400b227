"""The one deliverer: brings Slack up to date with the cards, newest state only, at Slack's pace.

What Slack counts together is a lane: the posts of a channel, or the updates of the workspace. One call of a lane is
under way at a time, over all processes, and different lanes go on side by side. A card is drawn at the moment of the
call, so any number of changes that came meanwhile are one call. What Slack shows is known by its hash, and an equal one
needs no call. No transaction is open while we talk to Slack. A post whose answer was lost is posted again after a
pause; one that was so slow that another has taken over deletes the message that is one too many. What cannot be drawn,
which is a bug of ours, waits alone.

Where more happens in a channel than its pace allows, it is shown on digest pages until it is calm again. Where a
channel is closed to the bot, whoever asked for something to be shown there is told once, by direct message.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import structlog

from bot.alerts.drawing import Drawing, Drawn, drawn_note
from bot.alerts.pauses import EVERYTHING, FIRST_PAUSE_SECONDS, Pauses
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
from bot.store.errors import StoreError
from bot.store.insistence import insist
from bot.store.notes import DueNote
from bot.store.outbox import Due, Outbox
from bot.store.pace import POSTS, UPDATES
from bot.store.things import Thing
from bot.tasks import until
from commands.core.ports import Clock, Providers
from providers.facts import ThingKind

log = structlog.get_logger(__name__)

HOPELESS = (ChannelClosed, PersonUnreachable, MessageGone, PayloadRefused)
"""Errors after which the same call would fail again."""

START_SECONDS = 5.0
"""How old a claim may be when its call begins. An older one may be over before the call is: the process was frozen."""

RETRY_SECONDS = 1.0
"""When to look again where another process was faster."""

UNDRAWABLE = "undrawable"
"""`blocked` of a page that we fail to draw."""

T = TypeVar("T")


class Deliverer:
    """`wake` says that something may have changed; a lost or doubled wake does no harm."""

    def __init__(self, outbox: Outbox, slack: SlackClient, providers: Providers, clock: Clock) -> None:
        self._outbox = outbox
        self._cards, self._notes, self._closures = outbox.cards, outbox.notes, outbox.closures
        self._slack = slack
        self._drawing = Drawing(outbox.digests, providers)
        self._clock = clock
        self._woken = asyncio.Event()
        self._stopping = False
        self._pauses, self._undrawn = Pauses(clock), Pauses(clock)
        self._calls: set[asyncio.Task[None]] = set()
        self._telling: set[str] = set()
        self._failure: BaseException | None = None
        self._has_begun = False

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
        """Deliver until `stop`. After an error it may be called again."""
        if not self._has_begun:  # else it would free what this process has not come to write down
            await self._outbox.paces.begin()
            self._has_begun = True
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
        # Before looking, as a pause that ends meanwhile would be forgotten.
        pauses = [self._pauses.shortest(), self._undrawn.shortest()]
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
        calm_in, tempo = await self._outbox.digests.calm_in(channel_id), self._outbox.paces.tempo
        if calm_in is None:
            return min(tempo.calm_seconds, tempo.owed_after_seconds)
        if calm_in:
            return min(calm_in.total_seconds(), tempo.owed_after_seconds)
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
        is_too_old, was_called = self._is_too_old(began, due.turn.key), False
        match due.what:
            case Card() as card if is_too_old:
                await self._cards.postpone(card)
            case DueNote() as noted if is_too_old:
                await self._notes.release(noted)
            case Card() as card:
                was_called = await self._card(card, due.thing)
            case DueNote() as noted:
                was_called = await self._note(noted, due.thing)
        await self._outbox.paces.give_back(due.turn, was_called=was_called)

    def _is_too_old(self, began: float, lane: str) -> bool:
        """Whether what was claimed after `began` may be somebody else's by the time of the call."""
        if (seconds := self._clock.monotonic() - began) <= START_SECONDS:
            return False
        log.warning("a claim was too old for a call", lane=lane, seconds=seconds)
        return True

    async def _tell_about(self, began: float, closure: Closure) -> None:
        said = render_closure(closure.channel_id, closure.reason)
        try:
            if self._is_too_old(began, closure.user_id):
                await self._closures.release(closure)
                return
            there = await self._attempt(
                closure.user_id,
                lambda: self._slack.direct(closure.user_id, said),
                lambda error: self._tell_failed(closure, error),
            )
            if there is not None:
                await insist(lambda: self._closures.told(closure))
                log.info("somebody was told of a closed channel", user=closure.user_id, channel=closure.channel_id)
        finally:
            self._telling.discard(closure.user_id)

    async def _attempt(
        self, channel_id: str, call: Callable[[], Awaitable[T]], failed: Callable[[Exception], Awaitable[None]]
    ) -> T | None:
        """What Slack answered to one call, None where it failed.

        What may work later pauses its channel; any other end is an answer of Slack, and ends the pause.
        """
        try:
            answer = await call()
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
            self._pauses.end(channel_id)
            self._pauses.end(POSTS)
            return answer
        return None

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
        """Bring Slack up to date with it; whether Slack was called."""
        try:
            drawn = await self._drawing.card(card, thing)
        except StoreError:
            raise
        except Exception as error:
            await self._card_undrawn(card, thing, error)
            return False
        self._undrawn.end(_key(card))
        if card.ts is not None and drawn.hash == card.hash:
            await self._shown(card, drawn, card.ts)
            return False
        ts = await self._attempt(
            card.channel_id,
            lambda: self._show(card, drawn.message),
            lambda error: self._card_failed(card, thing, error),
        )
        if ts is not None:
            await self._shown(card, drawn, ts)
        return True

    async def _show(self, card: Card, shown: Message) -> str:
        if card.ts is None:
            return await self._slack.post(card.channel_id, shown, thread_ts=card.thread_ts, key=card.post_key)
        await self._slack.update(card.channel_id, card.ts, shown)
        return card.ts

    async def _shown(self, card: Card, drawn: Drawn, ts: str) -> None:
        """Write down that Slack shows it in the message `ts`."""
        digests = self._outbox.digests
        await insist(
            lambda: digests.showing(card, drawn.members)
        )  # first: else after a crash nobody would know that it did
        if not await insist(lambda: self._cards.delivered(card, ts, drawn.hash)):
            await self._remove(card.channel_id, ts)
        elif card.digest_id is not None:
            await insist(lambda: digests.leave(card))

    async def _card_undrawn(self, card: Card, thing: Thing, error: Exception) -> None:
        """It waits alone, longer each time; of a page each member is tried by itself."""
        pause = self._hold_back(card, error)
        if thing.kind is ThingKind.DIGEST:
            await self._give_up(card, UNDRAWABLE)
        else:
            await self._cards.park(card, pause)

    async def _note(self, due: DueNote, thing: Thing) -> bool:
        """Post it; whether Slack was called."""
        try:
            shown = drawn_note(due, thing)
        except Exception as error:
            await self._notes.park(due, self._hold_back(due, error))
            return False
        self._undrawn.end(_key(due))
        if shown is None:
            await self._drop(due)
            return False
        ts = await self._attempt(
            due.channel_id, lambda: self._say(due, shown), lambda error: self._note_failed(due, error)
        )
        if ts is not None and not await insist(lambda: self._notes.done(due, ts)):
            await self._remove(due.channel_id, ts)
        return True

    async def _say(self, due: DueNote, shown: Message) -> str:
        return await self._slack.post(
            due.channel_id, shown, thread_ts=due.thread_ts, broadcast=due.broadcast, key=due.post_key
        )

    def _hold_back(self, what: Card | DueNote, error: Exception) -> timedelta:
        """How long to leave alone what we failed to draw. That is said once. It is free again before we look again."""
        pause = self._undrawn.after(_key(what), error)
        if pause <= FIRST_PAUSE_SECONDS:
            log.error("a card or note cannot be drawn", what=_key(what), channel=what.channel_id, exc_info=error)
        return timedelta(seconds=pause) * 0.9

    async def _remove(self, channel_id: str, ts: str) -> None:
        """A second message of what has one."""
        log.warning("a message was one too many", channel=channel_id, ts=ts)
        try:
            await self._slack.delete(channel_id, ts)
        except SlackError as error:
            log.warning("a message that is one too many stays", error=str(error), channel=channel_id, ts=ts)

    async def _card_failed(self, card: Card, thing: Thing, error: Exception) -> None:
        """A card that cannot be shown must not keep others of its channel waiting."""
        match error:
            case MessageGone() if thing.kind is ThingKind.DIGEST:
                await self._outbox.digests.dissolve(card)
                await self._cards.block(card, DELETED)
            case PayloadRefused() if thing.kind is ThingKind.DIGEST:
                await self._give_up(card, error.code)
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

    async def _give_up(self, page: Card, reason: str) -> None:
        """Other pages with the same on them would fare no better, so its members get messages of their own."""
        await self._outbox.digests.give_up(page)
        await self._cards.block(page, reason)

    async def _note_failed(self, due: DueNote, error: Exception) -> None:
        if isinstance(error, HOPELESS):
            await self._drop(due)
        else:
            await self._notes.release(due)

    async def _drop(self, due: DueNote) -> None:
        await self._notes.done(due, "")

    async def _tell_failed(self, closure: Closure, error: Exception) -> None:
        """Tried again where it is certain that nothing arrived, as nobody shall be told twice."""
        if isinstance(error, Throttled):
            self._pauses.after(closure.user_id, error)
        if isinstance(error, HOPELESS) or (isinstance(error, SlackError) and error.may_have_happened):
            await self._closures.told(closure)
        else:
            await self._closures.release(closure)


def _key(what: Card | DueNote) -> str:
    return f"{'card' if isinstance(what, Card) else 'note'} {what.id}"
