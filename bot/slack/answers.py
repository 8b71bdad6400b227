"""Telling somebody what became of a command: to the asker alone, at the place where it was asked.

A `response_url` works where the bot is no member, for half an hour and five messages. Where there is none, or it is
used up, the answer goes as an ephemeral message to the channel, and where that cannot be, as a direct message. The
next way is taken only where it is certain that nothing arrived by the one before, so nobody reads an answer twice.

Who mentions the bot asks aloud, so the answer stands under the question for all to read; only what is for the
asker's eyes goes to them alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto

import structlog
from pydantic import SecretStr

from bot.render.error import render_bug, render_error
from bot.render.message import Message, signed
from bot.render.reply import render_question, render_reply, stored_actions
from bot.slack.client import SlackClient
from bot.slack.errors import SlackError
from commands.core.attempts import Pending, PendingActions
from commands.core.base import Audience, Command
from commands.core.dispatch import Asked, Bug, Door, Result
from commands.core.errors import CommandError
from commands.core.ports import Caller, Clock, Place
from commands.core.reply import Action, Code, Person, Reply, Text
from providers.errors import ProviderError

log = structlog.get_logger(__name__)

BUTTON_LIFETIME = timedelta(days=1)
"""How long a button works whose command had to be stored."""


@dataclass(frozen=True, slots=True)
class Address:
    """Whom an answer is for and where it goes.

    `under` is the message that asked aloud. `replaces`: the answer takes the place of what was pressed, such as an
    answered question; `turns`: so does an answer to something done, but a refusal stands beside it, as a list stays
    where its next page cannot be had. `is_read_by_all` says that others see what was pressed, so no secret may take its
    place; `signature` stands under what took its place, and tells them who brought it about.
    `trigger_id` opens a form within three seconds; a message has none. `door` is the Home or a shortcut: the payload
    alone does not say it, and a form that is opened there brings it back.
    """

    caller: Caller
    place: Place
    response_url: SecretStr | None = None
    under: str | None = None
    replaces: bool = False
    turns: bool = False
    signature: Text = ""
    is_read_by_all: bool = False
    trigger_id: str | None = None
    door: Door | None = None

    def is_aloud(self, command: Command) -> bool:
        """Whether others read the answer to the command: below a mention, in the place of what they see, or as the
        command has it."""
        if self.place.is_direct:
            return False
        in_place = self.is_read_by_all and (self.replaces or self.turns)
        return self.under is not None or in_place or command.spec.audience is Audience.CHANNEL

    def asked_aloud(self) -> "Address":
        """Who presses in a thread where all can read it goes on with a conversation there, and is answered there."""
        return replace(self, under=self.place.thread_ts) if self.is_read_by_all else self

    def without_place(self) -> "Address":
        """For what is to happen in no place that is known yet: the form asks for one."""
        return replace(self, place=Place(self.place.team_id, ""))


class Told(Enum):
    """Where an answer went: to the place where it was asked, to a direct conversation instead, or nowhere."""

    THERE = auto()
    DIRECTLY = auto()
    NOWHERE = auto()


class Answers:
    def __init__(self, slack: SlackClient, pending: PendingActions, clock: Clock) -> None:
        self._slack = slack
        self._pending = pending
        self._clock = clock

    async def give(self, result: Result, to: Address, command: Command | None = None) -> bool:
        """Draw a result and deliver it; False where it is lost. `command` says whether the channel should see it."""
        if to.turns:
            to = replace(to, replaces=isinstance(result, Reply))
        shown = await self._draw(result, to)
        if to.signature and to.replaces:
            shown = signed(shown, to.signature)
        if _is_for_one(result):
            return await self._tell_secretly(shown, to)
        public = command is not None and command.spec.audience is Audience.CHANNEL
        return await self.tell(shown, to, in_channel=public and isinstance(result, Reply)) is not Told.NOWHERE

    async def _tell_secretly(self, shown: Message, to: Address) -> bool:
        """What others read is never replaced by a secret, nor is one written under it."""
        alone = replace(to, under=None, replaces=to.replaces and not to.is_read_by_all)
        told = await self.tell(shown, alone)
        if told is not Told.NOWHERE and to.under is not None:
            where = "our direct messages" if told is Told.DIRECTLY else "the message that only you can see"
            only_you = (Person(to.caller.user_id), f", that is for you alone: look for {where}.")
            await self.tell(render_reply(Reply(text=only_you)), to)
        return told is not Told.NOWHERE

    async def tell(self, shown: Message, to: Address, *, in_channel: bool = False) -> Told:
        """Deliver. Where no way works the answer is lost, and the log says so."""
        if to.response_url is not None:
            try:
                await self._slack.respond(to.response_url, shown, in_channel=in_channel, replace=to.replaces)
                return Told.THERE
            except SlackError as error:
                if error.may_have_happened:
                    return self._lost(error, to)
                log.warning("a response_url did not work", error=str(error))
        try:
            return await self._post(shown, to, in_channel=in_channel)
        except SlackError as error:
            return self._lost(error, to)

    def _lost(self, error: SlackError, to: Address) -> Told:
        log.error("an answer was not delivered", error=str(error), user=to.caller.user_id, remedy=error.remedy)
        return Told.NOWHERE

    async def _post(self, shown: Message, to: Address, *, in_channel: bool) -> Told:
        channel_id, thread_ts = to.place.channel_id, to.under or to.place.thread_ts
        if not channel_id:
            await self._slack.direct(to.caller.user_id, shown)
            return Told.DIRECTLY
        try:
            if in_channel or to.place.is_direct or to.under is not None:
                await self._slack.post(channel_id, shown, thread_ts=thread_ts)
            else:
                await self._slack.whisper(channel_id, to.caller.user_id, shown, thread_ts=thread_ts)
        except SlackError as error:
            if error.may_have_happened:
                raise
            log.info("an answer goes as a direct message", error=str(error))
            await self._slack.direct(to.caller.user_id, shown)
            return Told.DIRECTLY
        return Told.THERE

    async def _draw(self, result: Result, to: Address) -> Message:
        match result:
            case Reply():
                return render_reply(result, await self._tokens(stored_actions(result), to.caller))
            case Asked(question, token):
                is_read_by_others = to.under is not None and not question.alone
                return render_question(question, token, asked=to.caller.user_id if is_read_by_others else None)
            case CommandError():
                return render_error(result, await self._tokens(stored_actions(result), to.caller))
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


def _is_for_one(result: Result) -> bool:
    match result:
        case Reply():
            return result.alone or bool(result.secrets)
        case Asked(question):
            return question.alone
        case _:
            return False


def interrupted(words: str, command: Command | None) -> CommandError:
    """For somebody whose command was under way when the bot stopped: it may have happened. None: it is not understood
    any more."""
    what = ("I was stopped while I was doing ", Code(words), ".")
    if command is not None and command.only_reads():
        return CommandError(what, "It changes nothing, so ask again.", actions=(Action("Ask again", command),))
    return CommandError(what, "It may have happened all the same. Look before you repeat it.")


def out_of_reach() -> CommandError:
    """For somebody who asked while the database was away. It may have gone in the middle of the work."""
    return CommandError(
        "I cannot reach my database at this moment.", "Try again in a minute, and look first at what is there."
    )


def under_way(words: str) -> Reply:
    """For somebody whose command takes its time. It stays true when the answer stands beside it."""
    return Reply(text=(Code(words), " takes longer than usual. I tell you here as soon as I know how it ends."))
