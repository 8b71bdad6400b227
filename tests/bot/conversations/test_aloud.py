"""A secret that somebody types where others read it is not used, not repeated, and not kept anywhere."""

from collections.abc import Awaitable, Callable

import pytest
from pydantic import Field, SecretStr

from bot import wiring
from bot.demo.world import World
from commands.core.base import Arg, Command
from commands.core.context import Context
from commands.core.registry import Commands, all_commands
from commands.core.reply import Reply
from commands.core.types import Count, Name
from tests.bot.conversations.conftest import Start
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import (
    accepted,
    ask,
    attempts,
    database,
    labels,
    mention,
    opened,
    public,
    reply,
    tell,
)

SECRET = "hunter2"


class DoorLock(Command, path="door lock", examples=("front --code 1234",)):
    """Lock a door."""

    door: Arg[Name] = Field(description="Which door")
    code: SecretStr = Field(description="What opens it again")
    times: Count | None = Field(None, description="How often to turn the key")

    async def run(self, ctx: Context) -> Reply:
        return Reply(text=f"Locked with {len(self.code.get_secret_value())} characters.")


@pytest.fixture
async def world(start: Start, monkeypatch: pytest.MonkeyPatch) -> World:
    table = Commands([*all_commands().values(), DoorLock])
    monkeypatch.setattr(wiring, "all_commands", lambda: table)
    return await start()


def assert_not_repeated(world: World, log: Log) -> None:
    """Neither by the bot to anybody, nor in the log or the database."""
    assert SECRET not in log.text
    assert SECRET.encode() not in database(world)
    assert SECRET not in str(world.slack.calls)
    said = [m for channel in world.slack.workspace.channels for m in world.slack.workspace.messages(channel)]
    assert all(SECRET not in f"{m.text}{m.blocks}" for m in said if m.user == world.slack.bot_user_id)


async def test_it_is_refused_with_what_to_do_about_it(world: World, log: Log) -> None:
    told = await mention(world, world.operator, f"@showcaller door lock front --code {SECRET} --times 2")
    assert told.words == (
        "Everybody here can read what you gave as `--code`, so I have not used it.\n"
        "Delete your message, change that secret where it comes from, and give the new one in the form.\n"
        "[Open form]"
    )
    assert attempts(world) == []
    accepted(await world.slack.press(world.operator, told, "Open form"))
    view = await opened(world, world.operator)
    assert_not_repeated(world, log)
    accepted(await world.slack.submit(world.operator, view, {"code": "another"}))
    done = await reply(world, world.general, told.thread_ts, after=told)
    assert done.words == "Locked with 7 characters."
    assert attempts(world) == [("door lock front --code *** --times 2", "done")]


@pytest.mark.parametrize(
    "line",
    [
        f"door lock front --code {SECRET} --times nine",
        f"door lock front --code {SECRET} --time 2",
        f"door lock front side --code {SECRET}",
        f"door lock front {SECRET}  --code x y",
        f"door lock front -{SECRET} --times nine",
        f'door lock front --code "{SECRET}',
        f"door lock front --code `{SECRET}",
        f"door look front --code {SECRET}",
        f'dor lock front --code "{SECRET}',
        f"Door Lock front --code={SECRET} --times 0",
    ],
)
async def test_nor_is_it_repeated_where_something_else_is_wrong(world: World, log: Log, line: str) -> None:
    told = await mention(world, world.operator, f"@showcaller {line}")
    assert "change that secret where it comes from" in told.words
    assert labels(told) == ["Open form"]
    assert attempts(world) == []
    assert_not_repeated(world, log)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (f"{SECRET} token", "I do not know that command."),
        (f"room {SECRET}", "I do not know that command."),
        (f'"{SECRET}', "A quote is never closed."),
        (f"{SECRET} [", "A bracket is never closed."),
        (f'room create "{SECRET}', "A quote is never closed."),
        (f'room create "x"{SECRET}', "Something follows a closing quote."),
    ],
)
async def test_what_is_near_no_command_is_not_repeated_either(world: World, log: Log, line: str, what: str) -> None:
    told = await mention(world, world.operator, f"@showcaller {line}")
    assert told.lines[0] == what
    assert_not_repeated(world, log)


async def test_nor_where_something_is_missing(world: World, log: Log) -> None:
    told = await mention(world, world.operator, f"@showcaller door lock --code {SECRET}")
    assert "Everybody here can read what you gave" in told.words
    accepted(await world.slack.press(world.operator, told, "Open form"))
    await opened(world, world.operator)
    assert_not_repeated(world, log)


Asking = Callable[[World, str], Awaitable[object]]


async def _by_slash(world: World, line: str) -> object:
    return await ask(world, world.operator, f"/video {line}")


async def _alone(world: World, line: str) -> object:
    return await tell(world, world.operator, line)


@pytest.mark.parametrize("asking", [_by_slash, _alone])
@pytest.mark.parametrize("wrong", ["--times nine", "-x", "more"])
async def test_what_is_wrong_with_it_stands_in_no_log(world: World, log: Log, asking: Asking, wrong: str) -> None:
    await asking(world, f"door lock front --code {SECRET} {SECRET} {wrong}")
    assert len(log.events("refused")) == 1
    assert SECRET not in log.text
    assert SECRET.encode() not in database(world)


@pytest.mark.parametrize("asking", [_by_slash, _alone])
async def test_where_nobody_else_reads_it_may_be_given(world: World, log: Log, asking: Asking) -> None:
    await asking(world, f"door lock front --code {SECRET}")
    assert attempts(world) == [("door lock front --code ***", "done")]
    assert_not_repeated(world, log)


async def test_a_button_that_opens_a_form_does_not_hold_it(world: World, log: Log) -> None:
    told = await tell(world, world.operator, f"door lock --code {SECRET}")
    assert labels(told) == ["Open form"]
    assert_not_repeated(world, log)
    assert public(world) == []
