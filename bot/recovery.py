"""What the last process left unfinished: looked at, told to whoever asked, and closed.

Only an attempt that was written down can be found again. What died in the milliseconds between the acknowledgement
and that row is lost, and the person sees that no answer came.
"""

import asyncio

import structlog

from bot.slack.answers import Address, Answers, interrupted
from bot.slack.response_urls import LIFETIME_SECONDS
from bot.store.attempts import StoredAttempts, Unanswered
from commands.core.context import Ports, enter
from commands.core.dispatch import MOST_AT_ONCE, Result, permitted, require
from commands.core.errors import CommandError, HelpWanted
from commands.core.parsing import Here, parse
from commands.core.ports import Outcome
from commands.core.reply import Code, Reply
from providers.errors import ProviderError

log = structlog.get_logger(__name__)


class Recovery:
    def __init__(self, attempts: StoredAttempts, answers: Answers, ports: Ports) -> None:
        self._attempts = attempts
        self._answers = answers
        self._ports = ports
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def unanswered(self) -> list[Unanswered]:
        """To be asked at start, before anything is taken in."""
        return await self._attempts.unanswered()

    async def settle(self, left: Unanswered) -> None:
        """Tell the asker, look at the server, close the attempt. A crash in between does it again."""
        async with self._turns:
            await self._tell(left)
        await self._attempts.close(left.id, Outcome.UNKNOWN, detail="the process ended before the answer")
        await self._attempts.answered(left.id)

    async def _tell(self, left: Unanswered) -> None:
        attempt = left.attempt
        log.warning("an asker was not answered", words=attempt.words, user=attempt.caller.user_id, outcome=left.outcome)
        age = (self._ports.clock.now() - left.opened_at).total_seconds()
        response_url = attempt.response_url if age < LIFETIME_SECONDS else None
        address = Address(attempt.caller, attempt.place, response_url, attempt.under)
        await self._answers.give(_what_became_of(left), address)
        if left.outcome is None and (found := await self._look(left)) is not None:
            await self._answers.give(found, address)

    async def _look(self, left: Unanswered) -> Reply | None:
        """What the server shows of it, for somebody who may see it, where a card of it can be posted.

        The words are as spelled for the audit, and read back but for secrets.
        """
        attempt = left.attempt
        provider = self._ports.providers.get(attempt.provider or self._ports.providers.default)
        if provider is None:
            return None
        ctx = await enter(self._ports, attempt.caller, attempt.place, provider)
        try:
            command = parse(attempt.words, self._ports.commands, Here(provider.name, slash=self._ports.slash))
            command = await permitted(command, ctx)
            require(command, provider, self._ports)
            await ctx.require_card_place()
            return await command.aftermath(ctx)
        except (CommandError, HelpWanted, ProviderError) as error:
            log.warning("an attempt could not be compared with the server", words=attempt.words, error=str(error))
        except Exception:
            log.exception("an attempt could not be compared with the server", words=attempt.words)
        return None


def _what_became_of(left: Unanswered) -> Result:
    """An answer is not kept, as it may hold secrets; how it ended is."""
    words = Code(left.attempt.words)
    match left.outcome:
        case None | Outcome.UNKNOWN:
            return interrupted(left.attempt.words)
        case Outcome.DONE:
            return Reply(text=(words, " was done, but I was stopped before I could show you the answer."))
        case Outcome.ASKED:
            return Reply(text=(words, " was not done: I was stopped before I could ask you whether I should."))
        case Outcome.REFUSED:
            return Reply(text=(words, " was refused, but I was stopped before I could tell you why."))
        case Outcome.FAILED:
            return Reply(text=(words, " failed, but I was stopped before I could tell you why."))
