"""What somebody typed: after the slash command, after a mention of the bot, or to the bot alone."""

from bot.slack.answers import Address
from bot.slack.inbound import Inbound
from bot.slack.payloads import Body, direct_address, mention_address, slash_address
from bot.text import after_mention, to_plain
from commands.core.base import Command
from commands.core.dispatch import Door
from commands.core.errors import CommandError, HelpWanted, MissingInput, UsageError
from commands.core.fields import held_secrets, option
from commands.core.parsing import parse
from commands.core.reply import Code, Form


class Lines:
    """`bot_user_id` is the person that the bot is to Slack."""

    def __init__(self, inbound: Inbound, *, bot_user_id: str) -> None:
        self._inbound = inbound
        self._bot_user_id = bot_user_id

    async def slash(self, body: Body) -> None:
        """Somebody typed the slash command."""
        address = slash_address(body)
        await self._inbound.guard(address, self._typed(str(body.get("text", "")), address, Door.SLASH, body))

    async def mentioned(self, body: Body) -> None:
        """Somebody mentioned the bot, in a channel or in a thread. What follows the mention is the line."""
        address = mention_address(body)
        text = after_mention(str(body["event"].get("text", "")), self._bot_user_id)
        await self._inbound.guard(address, self._typed(text, address, Door.MENTION, body))

    async def told(self, body: Body) -> None:
        """Somebody wrote to the bot alone. They may mention it, or type the slash command by its name, all the same."""
        address = direct_address(body)
        text = after_mention(str(body["event"].get("text", "")), self._bot_user_id)
        await self._inbound.guard(address, self._typed(text, address, Door.DIRECT, body))

    async def _typed(self, text: str, address: Address, door: Door, body: Body) -> None:
        here = await self._inbound.here(address.place)
        line = to_plain(text).strip()
        if door is not Door.SLASH:
            line = _without_slash(line, here.slash)
        try:
            command = parse(line, self._inbound.commands, here)
        except HelpWanted as wanted:
            command = self._inbound.commands[("help",)].model_validate({"topic": wanted.topic})
        except MissingInput as missing:
            if refusal := _said_aloud(missing.command_type, missing.given, address):
                await self._inbound.refuse(refusal, address)
                return
            await self._inbound.open_form(missing.command_type, missing.given, address=address, provider=here.provider)
            return
        except UsageError as error:
            await self._inbound.refuse(error, address)
            return
        if refusal := _said_aloud(type(command), dict(command), address):
            await self._inbound.refuse(refusal, address)
            return
        await self._inbound.carry_out(command, address, door, body)


def _without_slash(line: str, slash: str) -> str:
    """People write `/video room list` in messages too."""
    first, _, rest = line.partition(" ")
    return rest if first == slash else line


def _said_aloud(command_type: type[Command], given: dict[str, object], address: Address) -> CommandError | None:
    """A secret that others have read is none any more."""
    told = held_secrets(given, command_type) if address.under is not None else []
    if not told:
        return None
    names = ", ".join(option(name) for name in told)
    kept = tuple((name, value) for name, value in given.items() if name not in told)
    return CommandError(
        ("Everybody here can read what you gave as ", Code(names), ", so I have not used it."),
        "Delete your message, change that secret where it comes from, and give the new one in the form.",
        actions=[Form("Open form", command_type, kept)],
    )
