"""Buttons: what was pressed, and what that means by now."""

from dataclasses import replace

import structlog

from bot.alerts.duplicates import Duplicates
from bot.render.button import Pressed, StaleButton, decode, decode_given, read_action_id
from bot.slack.answers import Address
from bot.slack.errors import SlackError
from bot.slack.forms import Forms
from bot.slack.inbound import Inbound
from bot.slack.payloads import Body, is_choice, press_address, press_of, read_address
from commands.core.attempts import Pending, PendingActions
from commands.core.dispatch import Door
from commands.core.errors import CommandError, Ended, NotAllowed
from commands.core.parsing import closest_path
from commands.core.reply import Code, Person, Reply, Strong, Text
from commands.core.spelling import spell

log = structlog.get_logger(__name__)

_NOT_TURNED = ("Slack did not turn the page.", "Press again.")
_NOT_REDRAWN = ("Slack did not change the form.", "Choose again.")


class Presses:
    def __init__(self, inbound: Inbound, forms: Forms, pending: PendingActions, duplicates: Duplicates) -> None:
        self._inbound = inbound
        self._forms = forms
        self._pending = pending
        self._duplicates = duplicates

    async def pressed(self, body: Body) -> None:
        """Somebody pressed a button in a message or a form."""
        if (address := read_address(press_address, body)) is not None:
            await self._inbound.guard(address, self._press(body, address))
            await self._duplicates.pressed(body)

    async def _press(self, body: Body, address: Address) -> None:
        action = body["actions"][0]
        if is_choice(body):
            await self._turn(body, address)
            return
        try:
            press = read_action_id(str(action.get("action_id", "")))
            address = replace(address, turns=press.in_place)
            value = str(action.get("value", ""))
            match press.pressed:
                case Pressed.LINK:
                    return
                case Pressed.MORE if "view" not in body:
                    raise StaleButton(press.path)
                case Pressed.MORE:
                    await self._turn(body, address, press.page)
                case Pressed.FORM:
                    await self._press_form(press.path, value, address, body)
                case Pressed.COMMAND:
                    command = decode(press.path, value, self._inbound.commands)
                    await self._inbound.carry_out(command, address, address.door or Door.BUTTON, body)
                case Pressed.PENDING:
                    await self._press_pending(value, address, body)
                case Pressed.YES | Pressed.NO:
                    await self._answered(value, press.pressed is Pressed.YES, address, body)
        except StaleButton as stale:
            await self._inbound.refuse(self._stale(stale), address)

    async def _turn(self, body: Body, address: Address, page: int | None = None) -> None:
        """Another page of a form, or the same one after a choice. What goes wrong is said where the form came from."""
        try:
            await self._forms.turn(body, page)
        except SlackError as error:
            what, remedy = _NOT_REDRAWN if page is None else _NOT_TURNED
            to = await self._forms.address(body) or address
            await self._inbound.refuse(Ended(what, remedy), to, error=str(error))

    async def _press_form(self, path: tuple[str, ...], value: str, address: Address, body: Body) -> None:
        command_type = self._inbound.commands.get(path)
        if command_type is None:
            raise StaleButton(path)
        here = await self._inbound.here(address.place)
        given = decode_given(value)
        if command_type.needs_room():
            given = here.room_for(command_type, given.get("provider", here.provider)) | given
        if not address.turns:
            address = address.without_place() if address.door is Door.HOME else address.asked_aloud()
        await self._inbound.open_form(
            command_type,
            given,
            address=address,
            provider=here.provider,
            door=address.door or Door.BUTTON,
            body=body,
        )

    async def _press_pending(self, token: str, address: Address, body: Body) -> None:
        pending = await self._pending.peek(token)
        if pending is None or pending.team_id != address.caller.team_id:
            gone = Ended("This button has expired.", "Ask again for what it belongs to.")
            await self._inbound.refuse(gone, address)
            return
        if _is_for_another(pending, address):
            await self._inbound.refuse(_not_yours("This button", pending), address)
            return
        await self._inbound.carry_out(pending.command, address, Door.BUTTON, body)

    async def _answered(self, token: str, yes: bool, address: Address, body: Body) -> None:
        """An answer counts from the one who was asked, once. Somebody else's press leaves the question open."""
        pending = await self._pending.peek(token)
        asked = pending is not None and pending.team_id == address.caller.team_id
        if asked and pending is not None and _is_for_another(pending, address):
            await self._inbound.refuse(_not_yours("This question", pending), address)
            return
        if not asked or pending is None or not await self._pending.take(token, press_of(body)):
            await self._over(token, address, body)
            return
        answered = replace(address, replaces=True, signature=_who_answered(address, body))
        if yes:
            await self._inbound.carry_out(pending.command, answered, Door.BUTTON, body, confirmed=pending.confirmed)
        else:
            log.info("a question was answered with no", words=spell(pending.command, redacted=True))
            await self._inbound.tell(Reply(text="Nothing was changed."), answered)

    async def _over(self, token: str, address: Address, body: Body) -> None:
        """An answer that stands in the question's place stays, or is on its way there: only one that nobody answered in
        time gives way, to the one who was asked. Who clicked twice is told nothing: the second click may come to
        another process."""
        if (press := press_of(body)) is not None and await self._pending.was_taken_by(token, press):
            log.info("a double click was taken for one press")
            return
        expired = await self._pending.expired(token)
        if expired is not None and expired.team_id == address.caller.team_id:
            if _is_for_another(expired, address):
                await self._inbound.refuse(_not_yours("This question", expired), address)
                return
            address = replace(address, replaces=True)
        gone = Ended("This question has been answered, or has expired.", "Press the button again to be asked anew.")
        await self._inbound.refuse(gone, address)

    def _stale(self, stale: StaleButton) -> CommandError:
        what = "This button was made by another version of the bot and is not understood any more."
        path = closest_path(stale.path, self._inbound.commands) or ("help",)
        return Ended(what, ("Type ", Code(" ".join([self._inbound.slash, *path])), " instead."))


def _who_answered(address: Address, body: Body) -> Text:
    """For others who saw the question and its buttons; who alone saw it knows."""
    if address.place.is_direct or not address.is_read_by_all:
        return ""
    label = str((body["actions"][0].get("text") or {}).get("text", ""))
    return ("Answered by ", Person(address.caller.user_id), *((": ", Strong(label)) if label else ()), ".")


def _is_for_another(pending: Pending, address: Address) -> bool:
    return pending.user_id not in (None, address.caller.user_id)


def _not_yours(what: str, pending: Pending) -> NotAllowed:
    whose = (f"{what} is for ", Person(str(pending.user_id)), ".")
    return NotAllowed(whose, "Ask for it yourself.")
