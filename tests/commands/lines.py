"""Lines that are read or refused, and what a refusal says and offers."""

import pytest

from commands.core.base import Command
from commands.core.errors import UsageError
from commands.core.parsing import Here, parse
from commands.core.registry import Commands, all_commands
from commands.core.reply import Action, Button

COMMANDS = all_commands()
HERE = Here("memory")


def read(line: str, here: Here = HERE) -> Command:
    return parse(line, COMMANDS, here)


def fault(line: str, here: Here = HERE, commands: Commands = COMMANDS) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse(line, commands, here)
    return caught.value


def problems(error: UsageError) -> list[str]:
    return [problem.text for problem in error.problems]


def offered(buttons: tuple[Button, ...]) -> list[Command]:
    return [b.command for b in buttons if isinstance(b, Action)]
