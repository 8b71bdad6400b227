"""What processes that are gone left unfinished: looked at, told to whoever asked, and closed.

Only an attempt that was written down can be found again. What died in the milliseconds between the acknowledgement
and that row is lost, and the person sees that no answer came.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog

from bot.slack.answers import Address, Answers, interrupted
from bot.slack.response_urls import LIFETIME_SECONDS
from bot.store.attempts import StoredAttempts, Unanswered
from bot.store.errors import StoreUnavailable
from bot.tasks import Tasks, TasksClosed
from commands.core.access import permitted
from commands.core.attempts import Outcome
from commands.core.base import Command
from commands.core.context import Ports, enter
from commands.core.dispatch import MOST_AT_ONCE, Result, require, require_provider
from commands.core.errors import CommandError, Ended, HelpWanted, NothingHere
from commands.core.parsing import Here, parse
from commands.core.reply import Code, Reply
from providers.base import Provider
from providers.errors import ProviderError

log = structlog.get_logger(__name__)

T = TypeVar("T")

RETRY_SECONDS = 2.0


class Recovery:
    def __init__(self, attempts: StoredAttempts, answers: Answers, ports: Ports, tasks: Tasks) -> None:
        self._attempts = attempts
        self._answers = answers
        self._ports = ports
        self._tasks = tasks
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def take_over(self) -> None:
        """See to all of it, in tasks. Of several processes one does it, and none that ends."""
        if self._tasks.is_closed:
            return
        for left in await self._attempts.take_over():
            try:
                self._tasks.start(self.settle(left), name="recovery")
            except TasksClosed:
                log.warning("an attempt was taken over too late", attempt_id=left.id)

    async def settle(self, left: Unanswered) -> None:
        """Tell the asker, look at the server, close the attempt. A crash in between does it again.

        Each step waits for the database where it is away, so that none is done twice and nobody is forgotten.
        """
        async with self._turns:
            await self._tell(left)
        ended = "the process ended before the answer"
        await _with_database(partial(self._attempts.close, left.id, Outcome.UNKNOWN, detail=ended))
        await _with_database(partial(self._attempts.answered, left.id))

    async def _tell(self, left: Unanswered) -> None:
        attempt = left.attempt
        log.warning(
            "an asker was not answered",
            attempt=left.id,
            request_id=attempt.request_id,
            words=attempt.words,
            user=attempt.caller.user_id,
            outcome=left.outcome,
        )
        age = (self._ports.clock.now() - left.opened_at).total_seconds()
        response_url = attempt.response_url if age < LIFETIME_SECONDS else None
        address = Address(attempt.caller, attempt.place, response_url, attempt.under)
        provider = await _with_database(partial(self._ports.provider_of, attempt.place, attempt.provider))
        command = self._read(left, provider)
        await _with_database(partial(self._answers.give, _what_became_of(left, command), address))
        if command is None or command.only_reads() or left.outcome not in (None, Outcome.UNKNOWN):
            return
        if (found := await _with_database(partial(self._look, left, command, provider))) is not None:
            await _with_database(partial(self._answers.give, found, address))

    def _read(self, left: Unanswered, provider: Provider) -> Command | None:
        """The words are as spelled for the audit, and read back but for secrets."""
        try:
            return parse(left.attempt.words, self._ports.commands, Here(provider.name, slash=self._ports.slash))
        except (CommandError, HelpWanted) as error:
            log.warning("an attempt cannot be read", words=left.attempt.words, error=str(error))
        return None

    async def _look(self, left: Unanswered, command: Command, provider: Provider) -> Result | None:
        """What the server shows of it, for somebody who may see it."""
        attempt = left.attempt
        is_aloud = attempt.under is not None and not attempt.place.is_direct
        try:
            ctx = await enter(self._ports, attempt.caller, attempt.place, provider, is_aloud=is_aloud)
            ctx = replace(ctx, tried_at=left.opened_at)
            command = await permitted(command, ctx)
            if attempt.provider is not None:
                require_provider(attempt.provider, self._ports.providers)
            require(command, provider, self._ports)
        except CommandError as error:
            log.warning("an attempt was not compared with the server", words=attempt.words, error=str(error))
            return None
        try:
            return await command.aftermath(ctx)
        except (Ended, NothingHere) as gone:
            return gone
        except (CommandError, ProviderError) as error:
            log.warning("an attempt could not be compared with the server", words=attempt.words, error=str(error))
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("an attempt could not be compared with the server", words=attempt.words)
        return None


async def _with_database(step: Callable[[], Awaitable[T]]) -> T:
    """Until the database is there for it. A process that ends cuts it off, and leaves the attempt to others."""
    while True:
        try:
            return await step()
        except StoreUnavailable as error:
            log.warning("an attempt waits for the database", error=str(error))
        await asyncio.sleep(RETRY_SECONDS)


def _what_became_of(left: Unanswered, command: Command | None) -> Result:
    """An answer is not kept, as it may hold secrets; how it ended is."""
    words = Code(left.attempt.words)
    match left.outcome:
        case None | Outcome.UNKNOWN:
            return interrupted(left.attempt.words, command)
        case Outcome.DONE:
            return Reply(text=(words, " was done, but I was stopped before I could show you the answer."))
        case Outcome.ASKED:
            return Reply(text=(words, " was not done: I was stopped before I could ask you whether I should."))
        case Outcome.REFUSED:
            return Reply(text=(words, " was refused, but I was stopped before I could tell you why."))
        case Outcome.FAILED:
            return Reply(text=(words, " failed, but I was stopped before I could tell you why."))
