"""What all doors share: what the channel lends to a line, the road of a command and back, and a form on the way.

`lines`, `presses`, forms and shortcuts read a payload each, and all end here. Everything in this module runs after
the acknowledgement, in tasks that the process owns.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from bot.logs import reference, request_id
from bot.metrics import Metrics
from bot.slack.answers import Address, Answers, interrupted, out_of_reach, under_way
from bot.slack.errors import SlackError, ViewGone
from bot.slack.forms import Forms, Submission
from bot.slack.payloads import Body, delivery_key, press_of
from bot.store.errors import StoreUnavailable
from commands.core.access import permitted_form
from commands.core.attempts import Attempts, Outcome, Repeated
from commands.core.base import Command
from commands.core.context import Ports, enter
from commands.core.dispatch import (
    Bug,
    Dispatcher,
    Door,
    Interrupted,
    Request,
    Result,
    require_provider,
)
from commands.core.errors import CommandError, Ended, NotAllowed, UsageError
from commands.core.fields import held_secrets
from commands.core.parsing import Here
from commands.core.ports import CHANNEL_ROOM, Place, Viewer
from commands.core.registry import Commands
from commands.core.reply import Code, Form, Reply
from commands.core.spelling import spell
from providers.base import RoomRef

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 3.0
"""How long somebody waits for an answer before they are told that it comes later."""


class Inbound:
    def __init__(
        self,
        ports: Ports,
        dispatcher: Dispatcher,
        attempts: Attempts,
        answers: Answers,
        forms: Forms,
        metrics: Metrics,
    ) -> None:
        self._ports = ports
        self._dispatcher = dispatcher
        self._attempts = attempts
        self._answers = answers
        self._forms = forms
        self._metrics = metrics

    @property
    def commands(self) -> Commands:
        return self._ports.commands

    @property
    def slash(self) -> str:
        """What people type to reach the bot."""
        return self._ports.slash

    async def submitted(self, submission: Submission, body: Body) -> None:
        """Somebody filled in a form, and it was acknowledged as right."""
        command, address = submission.command, submission.address
        await self.guard(address, self.carry_out(command, address, address.door or Door.FORM, body))

    async def here(self, place: Place) -> Here:
        """What the channel lends to a line: its server, and its room.

        The room is that of the thread, else the one that was set for the channel, live or not, else the newest of the
        live ones that were made in the channel, else the newest of those made elsewhere that have a card there, such as
        by a subscription. A thread's room brings its server along.
        """
        if (of_thread := await self._ports.rooms.of_thread(place)) is not None:
            return Here(of_thread.ref.provider, of_thread.ref, self.slash)
        provider = (await self._ports.provider_of(place)).name
        viewer = Viewer(place.team_id, None, place.channel_id)
        if (name := await self._ports.settings.get(place, CHANNEL_ROOM)) is not None:
            known = await self._ports.rooms.newest(viewer, provider, name)
            room = known.ref if known is not None and not known.ended else RoomRef(provider, "", name)
            return Here(provider, room, self.slash)
        live = await self._ports.rooms.live_in_channel(viewer)
        return Here(provider, live[0].ref if live else None, self.slash)

    async def open_form(
        self,
        command_type: type[Command],
        given: Mapping[str, object],
        *,
        address: Address,
        provider: str,
        door: Door,
        body: Body,
    ) -> None:
        """A refusal comes before the form, not after the work of filling it in.

        A message cannot open one, so it is answered with the button that does. `body` is the payload that asked for it.
        """
        path = " ".join(command_type.spec.path)
        try:
            given = await self._permitted(command_type, given, address, provider)
            require_provider(str(given.get("provider", provider)), self._ports.providers)
            if address.trigger_id is None:
                kept = {name: value for name, value in given.items() if name not in held_secrets(given, command_type)}
                button = Form("Open form", command_type, tuple(kept.items()))
                await self.tell(Reply(text=(Code(path), " needs more than that."), actions=(button,)), address)
                return
            await self._forms.open(command_type, given, provider=provider, address=address)
            log.info("a form was opened", path=path, user=address.caller.user_id)
        except NotAllowed as refusal:
            await self._refuse_form(command_type, {"provider": provider, **given}, refusal, address, door, body)
        except (UsageError, Ended) as refusal:
            await self.refuse(refusal, address)
        except SlackError as error:
            why = ": it allows three seconds for that" if isinstance(error, ViewGone) else ""
            what = f"Slack did not open the form{why}."
            typed = Code(f"{self.slash} {path}")
            await self.refuse(Ended(what, ("Try again, or type it: ", typed, ".")), address, error=str(error))

    async def _permitted(
        self, command_type: type[Command], given: Mapping[str, object], address: Address, provider: str
    ) -> Mapping[str, object]:
        """Raises `NotAllowed`; who may do nothing learns nothing of the video servers."""
        server = await self._ports.provider_of(address.place, str(given.get("provider", provider)))
        ctx = await enter(self._ports, address.caller, address.place, server)
        return await permitted_form(command_type, given, ctx)

    async def _refuse_form(
        self,
        command_type: type[Command],
        given: Mapping[str, object],
        refusal: NotAllowed,
        address: Address,
        door: Door,
        body: Body,
    ) -> None:
        try:
            attempt = await self._dispatcher.refuse_form(command_type, given, refusal, _request(address, door, body))
        except Repeated:
            log.info("a repeated delivery was dropped", door=door)
            return
        self._metrics.commands.labels(" ".join(command_type.spec.path), Outcome.REFUSED.value).inc()
        if await self._answers.give(refusal, address):
            await self._attempts.answered(attempt)

    async def tell(self, result: Result, address: Address) -> None:
        """Say something that no command has answered."""
        await self._answers.give(result, address)

    async def refuse(self, refusal: CommandError, address: Address, **why: str) -> None:
        """What does not get as far as dispatch leaves a line in the log all the same."""
        caller, place = address.caller, address.place
        log.info("refused", what=_for_the_log(refusal), user=caller.user_id, channel=place.channel_id, **why)
        await self.tell(refusal, address)

    async def carry_out(
        self, command: Command, address: Address, door: Door, body: Body, *, confirmed: bool = False
    ) -> None:
        """`body` is the payload that asked for it, which is done once however often it comes."""
        request = _request(address, door, body, is_aloud=address.is_aloud(command))
        path = " ".join(command.spec.path)
        with self._metrics.command_seconds.labels(path).time():
            try:
                async with self._kept_company(command, address):
                    answer = await self._dispatcher.dispatch(command, request, confirmed=confirmed)
            except Repeated:
                log.info("a repeated delivery was dropped", door=door)
                return
            except Interrupted as cut:
                self._metrics.commands.labels(path, "unknown").inc()
                if await self._answers.give(interrupted(spell(command, redacted=True), command), address):
                    await self._attempts.answered(cut.attempt)
                raise
        self._metrics.commands.labels(path, answer.outcome.value).inc()
        if await self._answers.give(answer.result, address, command):
            await self._attempts.answered(answer.attempt)

    @asynccontextmanager
    async def _kept_company(self, command: Command, address: Address) -> AsyncIterator[None]:
        """Nobody looks at nothing for long. The answer waits for a word that is on its way, so that it comes last.

        It takes the place of that word only where it takes the place of what was pressed: what was said at the
        response_url of a slash command cannot be replaced there (slackapi/bolt-python#1268, slackapi/bolt-js#2287).
        """
        loop = asyncio.get_running_loop()
        saying: set[asyncio.Task[bool]] = set()
        beside = replace(address, turns=False)  # the list that was pressed stays, in case the answer is a refusal

        def say() -> None:
            word = under_way(spell(command, redacted=True))
            saying.add(loop.create_task(self._answers.give(word, beside)))

        timer = loop.call_later(PATIENCE_SECONDS, say)
        try:
            yield
        finally:
            timer.cancel()
            if saying:
                await asyncio.wait(saying)

    async def guard(self, address: Address, work: Awaitable[None]) -> None:
        """Whatever goes wrong on our side, the asker hears of it."""
        try:
            await work
        except StoreUnavailable:
            log.exception("a payload was not handled: the database cannot be used")
            await self._answers.give(out_of_reach(), address)
        except Exception:
            told = reference()
            log.exception("a payload was not handled", reference=told)
            await self._answers.give(Bug(told), address)


def _request(address: Address, door: Door, body: Body, *, is_aloud: bool = False) -> Request:
    return Request(
        address.caller,
        address.place,
        door,
        address.response_url,
        address.under,
        delivery_key(body),
        is_aloud=is_aloud,
        request_id=request_id(),
        press=press_of(body),
    )


def _for_the_log(refusal: CommandError) -> str:
    """A line that is not understood may hold a secret anywhere, so what it says is not repeated."""
    if not isinstance(refusal, UsageError):
        return str(refusal)
    fields = [problem.field for problem in refusal.problems if problem.field is not None]
    return " ".join([type(refusal).__name__, *refusal.path, *fields])
