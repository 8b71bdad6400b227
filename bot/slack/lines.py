"""What somebody typed: after the slash command, after a mention of the bot, or to the bot alone."""

import re
from collections.abc import Callable
from dataclasses import replace

from bot.slack.answers import Address
from bot.slack.inbound import Inbound
from bot.slack.payloads import Body, direct_address, mention_address, read_address, slash_address
from bot.slack.people import People
from bot.text import after_mention, to_plain
from commands.core.base import Command
from commands.core.dispatch import Door
from commands.core.errors import CommandError, HelpWanted, MissingInput, UsageError
from commands.core.fields import held_secrets, is_secret, label
from commands.core.parsing import Here, closest_path, parse
from commands.core.registry import NOUN_ALIASES, Commands
from commands.core.reply import Action, Code, Form

_CODE_SPAN = re.compile(r"(?P<ticks>`+)(?P<inside>[^`]+)(?P=ticks)")


class Lines:
    """`bot_user_id` is the person that the bot is to Slack."""

    def __init__(self, inbound: Inbound, people: People, *, bot_user_id: str) -> None:
        self._inbound = inbound
        self._people = people
        self._bot_user_id = bot_user_id

    async def slash(self, body: Body) -> None:
        """Somebody typed the slash command."""
        await self._take(body, slash_address, str(body.get("text", "")), Door.SLASH)

    async def mentioned(self, body: Body) -> None:
        """Somebody mentioned the bot, in a channel or in a thread. What follows the mention is the line."""
        await self._take(body, mention_address, self._said(body), Door.MENTION)

    async def told(self, body: Body) -> None:
        """Somebody wrote to the bot alone. They may mention it, or type the slash command by its name, all the same."""
        await self._take(body, direct_address, self._said(body), Door.DIRECT)

    def _said(self, body: Body) -> str:
        """Some set a comma or a colon after whom they speak to."""
        text = after_mention(str(body["event"].get("text", "")), self._bot_user_id)
        return text.lstrip().removeprefix(",").removeprefix(":")

    async def _take(self, body: Body, read: Callable[[Body], Address], text: str, door: Door) -> None:
        if (address := read_address(read, body)) is not None:
            await self._inbound.guard(address, self._typed(text, address, door, body))

    async def _typed(self, text: str, address: Address, door: Door, body: Body) -> None:
        here = await self._inbound.here(address.place)
        line = _without_slash(_without_code_span(to_plain(text)), here.slash)
        try:
            command = parse(line, self._inbound.commands, here)
        except HelpWanted as wanted:
            command = self._inbound.commands[("help",)].model_validate({"topic": wanted.topic})
        except MissingInput as missing:
            await self._ask_for(missing, address, here, door, body)
            return
        except UsageError as error:
            await self._faulty(error, line, address, door)
            return
        if refusal := _said_aloud(type(command), dict(command), address):
            await self._inbound.refuse(refusal, address)
            return
        if command.is_unfinished:
            given = {name: getattr(command, name) for name in command.changed_fields()}
            await self._inbound.open_form(
                type(command), given, address=address, provider=here.provider, door=door, body=body
            )
            return
        await self._inbound.carry_out(command, await self._named(address), door, body)

    async def _named(self, address: Address) -> Address:
        """What somebody wrote comes without the name that others see in a room; what they typed or pressed has it."""
        caller = address.caller
        if caller.name:
            return address
        return replace(address, caller=replace(caller, name=await self._people.name(caller.user_id)))

    async def _ask_for(self, missing: MissingInput, address: Address, here: Here, door: Door, body: Body) -> None:
        if refusal := _said_aloud(missing.command_type, missing.given, address):
            await self._inbound.refuse(refusal, address)
            return
        await self._inbound.open_form(
            missing.command_type, missing.given, address=address, provider=here.provider, door=door, body=body
        )

    async def _faulty(self, error: UsageError, line: str, address: Address, door: Door) -> None:
        """What was typed is no command as it stands. Who writes to the bot alone may not know what it takes at all."""
        commands = self._inbound.commands
        if refusal := _not_repeated(line, address, commands):
            await self._inbound.refuse(refusal, address)
            return
        problems, actions = error.problems, error.actions
        if address.under is not None:
            problems = tuple(replace(problem, text=problem.aloud or problem.text) for problem in problems)
        if door is Door.DIRECT and _command_of(line, commands) is None:
            actions = (*actions, Action("Help", commands[("help",)]()))
        await self._inbound.refuse(UsageError(problems, error.remedy, path=error.path, actions=actions), address)


def _without_code_span(line: str) -> str:
    """People copy whole commands as code, which would be one word."""
    span = _CODE_SPAN.fullmatch(line.strip())
    return span["inside"] if span else line


def _without_slash(line: str, slash: str) -> str:
    """People write `/video room list` in messages too, and copy it behind the slash command."""
    first, *rest = line.split(maxsplit=1)[:2] or [""]
    return "".join(rest) if first == slash else line


def _command_of(line: str, commands: Commands) -> type[Command] | None:
    """The command that a line begins with, rightly spelled."""
    typed = _first_words(line)
    return next((commands.spellings[typed[:n]] for n in range(3, 0, -1) if typed[:n] in commands.spellings), None)


def _first_words(line: str) -> tuple[str, ...]:
    typed = [word.lower() for word in line.split(maxsplit=3)[:3]]
    return tuple(NOUN_ALIASES.get(word, word) if at == 0 else word for at, word in enumerate(typed))


def _said_aloud(command_type: type[Command], given: dict[str, object], address: Address) -> CommandError | None:
    """A secret that others have read is none any more."""
    told = held_secrets(given, command_type) if address.under is not None else []
    if not told:
        return None
    names = ", ".join(label(command_type, name) for name in told)
    kept = tuple((name, value) for name, value in given.items() if name not in told)
    return CommandError(
        ("Everybody here can read what you gave as ", Code(names), ", so I have not used it."),
        "Delete your message, change that secret where it comes from, and give the new one in the form.",
        actions=[Form("Open form", command_type, kept)],
    )


def _not_repeated(line: str, address: Address, commands: Commands) -> CommandError | None:
    """A line that is not understood may hold a secret anywhere, which our answer would keep for all to read."""
    path = closest_path(_first_words(line), commands)
    meant = _command_of(line, commands) or (commands[path] if path is not None else None)
    if address.under is None or meant is None:
        return None
    secrets = [label(meant, name) for name in meant.model_fields if is_secret(meant, name)]
    if not secrets:
        return None
    return CommandError(
        ("I do not understand that as ", Code(" ".join(meant.spec.path)), ", and repeat nothing of it here."),
        (
            "If there was a secret in it, such as ",
            Code(secrets[0]),
            ", delete your message, change that secret where it comes from, and give the new one in the form.",
        ),
        actions=[Form("Open form", meant)],
    )
