"""Telling somebody what became of a command: to the asker alone, at the place where it was asked.

A `response_url` works where the bot is no member, for half an hour and five messages. Where there is none, or it is
used up, the answer goes as an ephemeral message to the channel, and where that cannot be, as a direct message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.render.error import render_bug, render_error
from bot.render.message import Message
from bot.render.reply import render_question, render_reply, stored_actions
from bot.slack.client import SlackClient
from bot.slack.errors import SlackError
from commands.core.base import Audience, Command
from commands.core.dispatch import Asked, Bug, Result
from commands.core.errors import CommandError
from commands.core.ports import Caller, Clock, Pending, PendingActions, Place
from commands.core.reply import Action, Code, Reply
from providers.errors import ProviderError

log = structlog.get_logger(__name__)

BUTTON_LIFETIME = timedelta(days=1)
"""How long a button works whose command had to be stored."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes. `replaces`: it takes the place of what was pressed, such as an answered question."""

    caller: Caller
    place: Place
    response_url: str | None = None
    replaces: bool = False


class Answers:
    def __init__(self, slack: SlackClient, pending: PendingActions, clock: Clock) -> None:
        self._slack = slack
        self._pending = pending
        self._clock = clock

    async def give(self, result: Result, to: Address, command: Command | None = None) -> bool:
        """Draw a result and deliver it; False where it is lost. `command` says whether the channel should see it."""
        public = command is not None and command.spec.audience is Audience.CHANNEL
        return await self.tell(await self._draw(result, to.caller), to, in_channel=public and _may_be_public(result))

    async def tell(self, shown: Message, to: Address, *, in_channel: bool = False) -> bool:
        """Deliver. Where no way works the answer is lost: False, and the log says so."""
        if to.response_url is not None:
            try:
                await self._slack.respond(to.response_url, shown, in_channel=in_channel, replace=to.replaces)
                return True
            except SlackError as error:
                log.warning("a response_url did not work", error=str(error))
        try:
            await self._post(shown, to, in_channel=in_channel)
        except SlackError as error:
            log.error("an answer was not delivered", error=str(error), user=to.caller.user_id)
            return False
        return True

    async def _post(self, shown: Message, to: Address, *, in_channel: bool) -> None:
        channel_id, thread_ts = to.place.channel_id, to.place.thread_ts
        try:
            if in_channel or to.place.is_direct:
                await self._slack.post(channel_id, shown, thread_ts=thread_ts)
            else:
                await self._slack.whisper(channel_id, to.caller.user_id, shown, thread_ts=thread_ts)
        except SlackError as error:
            log.info("an answer goes as a direct message", error=str(error))
            await self._slack.direct(to.caller.user_id, shown)

    async def _draw(self, result: Result, caller: Caller) -> Message:
        match result:
            case Reply():
                return render_reply(result, await self._tokens(stored_actions(result), caller))
            case Asked(question, token):
                return render_question(question, token)
            case CommandError():
                return render_error(result, await self._tokens(stored_actions(result), caller))
            case ProviderError():
                return render_error(result)
            case Bug(reference):
                return render_bug(reference)

    async def _tokens(self, actions: Sequence[Action], caller: Caller) -> list[str]:
        """A row for each button that cannot carry its command. Anybody of the team may press it: roles are checked."""
        expires_at = self._clock.now() + BUTTON_LIFETIME
        return [
            await self._pending.put(Pending(action.command, caller.team_id, None, False, expires_at))
            for action in actions
        ]


def _may_be_public(result: Result) -> bool:
    """Refusals, questions and secrets are the asker's own, whatever the command's audience."""
    return isinstance(result, Reply) and not result.secrets


def interrupted(words: str) -> CommandError:
    """For somebody whose command was under way when the bot stopped: it may have happened."""
    return CommandError(
        ("I was stopped while I was doing ", Code(words), "."),
        "It may have happened all the same. Look before you repeat it.",
    )
