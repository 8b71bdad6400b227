"""What the last process left unfinished: looked at, told to whoever asked, and closed as unknown.

Only an attempt that was written down can be found again. What died in the milliseconds between the acknowledgement
and that row is lost, and the person sees that no answer came.
"""

import structlog

from bot.slack.answers import Address, Answers, interrupted
from bot.store.attempts import OpenAttempt, StoredAttempts
from commands.core.context import Context, Ports
from commands.core.errors import CommandError, HelpWanted
from commands.core.parsing import Here, parse
from commands.core.ports import Outcome
from commands.core.reply import Reply
from providers.errors import ProviderError

log = structlog.get_logger(__name__)


class Recovery:
    def __init__(self, attempts: StoredAttempts, answers: Answers, ports: Ports) -> None:
        self._attempts = attempts
        self._answers = answers
        self._ports = ports

    async def left_open(self) -> list[OpenAttempt]:
        """To be asked at start, before anything is taken in."""
        return await self._attempts.left_open()

    async def settle(self, left: OpenAttempt) -> None:
        """Tell the asker, look at the server, close the attempt. A crash in between does it again."""
        attempt = left.attempt
        log.warning("an attempt was left open", words=attempt.words, user=attempt.caller.user_id)
        address = Address(attempt.caller, attempt.place, attempt.response_url)
        await self._answers.give(interrupted(attempt.words), address)
        if (found := await self._look(left)) is not None:
            await self._answers.give(found, address)
        await self._attempts.close(left.id, Outcome.UNKNOWN, detail="the process ended before the answer")

    async def _look(self, left: OpenAttempt) -> Reply | None:
        """What the server shows of it. The words are as spelled for the audit, and read back but for secrets."""
        attempt = left.attempt
        provider = self._ports.providers.get(attempt.provider or self._ports.providers.default)
        if provider is None:
            return None
        ctx = Context(attempt.caller, attempt.place, provider, self._ports)
        try:
            command = parse(attempt.words, self._ports.commands, Here(provider.name, slash=self._ports.slash))
            return await command.aftermath(ctx)
        except (CommandError, HelpWanted, ProviderError) as error:
            log.warning("an attempt could not be compared with the server", words=attempt.words, error=str(error))
        except Exception:
            log.exception("an attempt could not be compared with the server", words=attempt.words)
        return None
