"""From a payload of Slack's to a command, and its result back to whoever asked.

Text, buttons and forms each have one method here, and all end in `_carry_out`. Everything in this module runs after
the acknowledgement, in tasks that the process owns.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import replace

import structlog

from bot.logs import new_reference
from bot.metrics import Metrics
from bot.render.button import Pressed, StaleButton, decode, decode_given, read_action_id
from bot.slack.answers import Address, Answers, interrupted
from bot.slack.errors import SlackError, ViewGone
from bot.slack.forms import Forms, Submission
from bot.slack.payloads import Body, press_address, slash_address
from bot.text import to_plain
from commands.core.base import Command
from commands.core.context import Ports
from commands.core.dispatch import Bug, Dispatcher, Interrupted, Request, require_provider, require_role
from commands.core.errors import CommandError, Ended, HelpWanted, MissingInput, NotAllowed, UsageError
from commands.core.parsing import Here, closest_path, parse
from commands.core.ports import CHANNEL_PROVIDER, Attempts, Pending, PendingActions, Place
from commands.core.reply import Code, Person, Reply
from commands.core.spelling import spell

log = structlog.get_logger(__name__)


class Inbound:
    def __init__(
        self,
        ports: Ports,
        dispatcher: Dispatcher,
        attempts: Attempts,
        answers: Answers,
        forms: Forms,
        pending: PendingActions,
        metrics: Metrics,
    ) -> None:
        self._ports = ports
        self._dispatcher = dispatcher
        self._attempts = attempts
        self._answers = answers
        self._forms = forms
        self._pending = pending
        self._metrics = metrics

    async def slash(self, body: Body) -> None:
        """Somebody typed the slash command."""
        address = slash_address(body)
        await self._guard(address, self._typed(str(body.get("text", "")), str(body.get("trigger_id", "")), address))

    async def pressed(self, body: Body) -> None:
        """Somebody pressed a button in a message or a form."""
        address = press_address(body)
        await self._guard(address, self._press(body, address))

    async def submitted(self, submission: Submission) -> None:
        """Somebody filled in a form, and it was acknowledged as right."""
        await self._guard(submission.address, self._carry_out(submission.command, submission.address, "form"))

    # Text

    async def _typed(self, text: str, trigger_id: str, address: Address) -> None:
        here = await self._here(address.place)
        try:
            command = parse(to_plain(text), self._ports.commands, here)
        except HelpWanted as wanted:
            command = self._ports.commands[("help",)].model_validate({"topic": wanted.topic})
        except MissingInput as missing:
            await self._open_form(
                missing.command_type, missing.given, address=address, trigger_id=trigger_id, provider=here.provider
            )
            return
        except UsageError as error:
            await self._refuse(error, address)
            return
        await self._carry_out(command, address, "slash")

    async def _here(self, place: Place) -> Here:
        """What the channel lends to a line. Its room is the newest of the live ones that were made in it."""
        provider = await self._ports.settings.get(place, CHANNEL_PROVIDER)
        if provider is None or self._ports.providers.get(provider) is None:
            provider = self._ports.providers.default
        live = await self._ports.rooms.live_in_channel(place.team_id, place.channel_id)
        return Here(provider, live[0].ref if live else None, self._ports.slash)

    # Buttons

    async def _press(self, body: Body, address: Address) -> None:
        action = body["actions"][0]
        try:
            press = read_action_id(str(action.get("action_id", "")))
            value = str(action.get("value", ""))
            match press.pressed:
                case Pressed.LINK:
                    return
                case Pressed.MORE:
                    await self._show_more(body)
                case Pressed.FORM:
                    await self._press_form(press.path, value, str(body.get("trigger_id", "")), address)
                case Pressed.COMMAND:
                    await self._carry_out(decode(press.path, value, self._ports.commands), address, "button")
                case Pressed.PENDING:
                    await self._press_pending(value, address)
                case Pressed.YES | Pressed.NO:
                    await self._answered(value, press.pressed is Pressed.YES, address)
        except StaleButton as stale:
            await self._refuse(self._stale(stale), address)

    async def _show_more(self, body: Body) -> None:
        """Of two quick presses the second comes from a form that has changed already."""
        try:
            await self._forms.show_more(body)
        except ViewGone as error:
            log.info("a form was not drawn again", error=str(error))

    async def _press_form(self, path: tuple[str, ...], value: str, trigger_id: str, address: Address) -> None:
        command_type = self._ports.commands.get(path)
        if command_type is None:
            raise StaleButton(path)
        here = await self._here(address.place)
        await self._open_form(
            command_type, decode_given(value), address=address, trigger_id=trigger_id, provider=here.provider
        )

    async def _press_pending(self, token: str, address: Address) -> None:
        pending = await self._pending.peek(token)
        if pending is None or pending.team_id != address.caller.team_id:
            await self._refuse(Ended("This button has expired.", "Ask again for what it belongs to."), address)
            return
        if _is_for_another(pending, address):
            await self._refuse(_not_yours("This button", pending), address)
            return
        await self._carry_out(pending.command, address, "button")

    async def _answered(self, token: str, yes: bool, address: Address) -> None:
        """An answer counts from the one who was asked, once. Somebody else's press leaves the question open."""
        pending = await self._pending.peek(token)
        asked = pending is not None and pending.team_id == address.caller.team_id
        if asked and pending is not None and _is_for_another(pending, address):
            await self._refuse(_not_yours("This question", pending), address)
            return
        answered = replace(address, replaces=True)
        if not asked or pending is None or not await self._pending.take(token):
            gone = Ended("This question has been answered, or has expired.", "Press the button again to be asked anew.")
            await self._refuse(gone, answered)
        elif yes:
            await self._carry_out(pending.command, answered, "button", confirmed=pending.confirmed)
        else:
            log.info("a question was answered with no", words=spell(pending.command, redacted=True))
            await self._answers.give(Reply(text="Nothing was changed."), answered)

    def _stale(self, stale: StaleButton) -> CommandError:
        what = "This button was made by another version of the bot and is not understood any more."
        path = closest_path(stale.path, self._ports.commands) or ("help",)
        return Ended(what, ("Type ", Code(" ".join([self._ports.slash, *path])), " instead."))

    # What all doors share

    async def _open_form(
        self,
        command_type: type[Command],
        given: Mapping[str, object],
        *,
        address: Address,
        trigger_id: str,
        provider: str,
    ) -> None:
        """A refusal comes before the form, not after the work of filling it in."""
        try:
            await require_role(command_type, address.caller, self._ports.roles)
            require_provider(str(given.get("provider", provider)), self._ports.providers)
            await self._forms.open(command_type, given, provider=provider, address=address, trigger_id=trigger_id)
            log.info("a form was opened", path=" ".join(command_type.spec.path), user=address.caller.user_id)
        except (NotAllowed, UsageError) as refusal:
            await self._refuse(refusal, address)
        except SlackError as error:
            path = " ".join([self._ports.slash, *command_type.spec.path])
            what = "Slack did not open the form: it allows three seconds for that."
            await self._refuse(Ended(what, ("Try again, or type it: ", Code(path), ".")), address, error=str(error))

    async def _refuse(self, refusal: CommandError, address: Address, **why: str) -> None:
        """What does not get as far as dispatch leaves a line in the log all the same."""
        caller, place = address.caller, address.place
        log.info("refused", what=str(refusal), user=caller.user_id, channel=place.channel_id, **why)
        await self._answers.give(refusal, address)

    async def _carry_out(self, command: Command, address: Address, door: str, *, confirmed: bool = False) -> None:
        request = Request(address.caller, address.place, door, address.response_url)
        path = " ".join(command.spec.path)
        with self._metrics.command_seconds.labels(path).time():
            try:
                answer = await self._dispatcher.dispatch(command, request, confirmed=confirmed)
            except Interrupted as cut:
                self._metrics.commands.labels(path, "unknown").inc()
                if await self._answers.give(interrupted(spell(command, redacted=True)), address):
                    await self._attempts.answered(cut.attempt)
                raise
        self._metrics.commands.labels(path, answer.outcome.value).inc()
        if await self._answers.give(answer.result, address, command):
            await self._attempts.answered(answer.attempt)

    async def _guard(self, address: Address, work: Awaitable[None]) -> None:
        """Whatever goes wrong on our side, the asker hears of it."""
        try:
            await work
        except Exception:
            reference = new_reference()
            log.exception("a payload was not handled", reference=reference)
            await self._answers.give(Bug(reference), address)


def _is_for_another(pending: Pending, address: Address) -> bool:
    return pending.user_id not in (None, address.caller.user_id)


def _not_yours(what: str, pending: Pending) -> NotAllowed:
    whose = (f"{what} is for ", Person(str(pending.user_id)), ".")
    return NotAllowed(whose, "Press the button yourself to be asked.")
