"""Who waits for long is told once that the answer comes later."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

import pytest

from bot import wiring
from bot.demo.world import World
from bot.slack import inbound
from bot.wiring import Bot
from commands.core.base import Command
from commands.core.context import Context
from commands.core.registry import Commands, all_commands
from commands.core.reply import Question, Reply
from tests.bot.conversations.conftest import Start
from tests.bot.conversations.talk import accepted, attempts, heard, mention, public, reply

LATER = "takes longer than usual. I tell you here as soon as I know how it ends."


class Ponder(Command, path="ponder"):
    """Answer when the test lets it."""

    asking: bool = False
    may_answer: ClassVar[asyncio.Event]

    async def question(self, ctx: Context) -> Question | None:
        if not self.asking:
            return None
        return Question(text="Ponder?", command=self, confirm="Do", deny="Leave it")

    async def run(self, ctx: Context) -> Reply:
        await self.may_answer.wait()
        return Reply(text="42.")


@pytest.fixture
async def world(start: Start, monkeypatch: pytest.MonkeyPatch) -> World:
    Ponder.may_answer = asyncio.Event()
    monkeypatch.setattr(wiring, "all_commands", lambda: Commands([*all_commands().values(), Ponder]))
    return await start()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets for how many seconds people wait from now on."""
    return lambda seconds: monkeypatch.setattr(inbound, "PATIENCE_SECONDS", seconds)


async def test_after_a_slash_command(world: World, patience: Callable[[float], None]) -> None:
    patience(0.0)
    accepted(await world.slack.command(world.operator, world.general, "/video ponder"))
    (later,) = await world.slack.until(lambda: heard(world, world.operator))
    assert later.words == f"`ponder` {LATER}"
    Ponder.may_answer.set()
    both = await world.slack.until(lambda: found if len(found := heard(world, world.operator)) > 1 else None)
    assert [message.words for message in both] == [f"`ponder` {LATER}", "42."]


async def test_under_a_mention(world: World, patience: Callable[[float], None]) -> None:
    patience(0.0)
    later = await mention(world, world.operator, "@showcaller ponder")
    assert later.words == f"`ponder` {LATER}"
    Ponder.may_answer.set()
    assert (await reply(world, world.general, later.thread_ts, after=later)).words == "42."
    assert len([m for m in public(world) if m.user == world.slack.bot_user_id]) == 2


async def test_in_the_place_of_an_answered_question(world: World, patience: Callable[[float], None]) -> None:
    accepted(await world.slack.command(world.operator, world.general, "/video ponder --asking"))
    (question,) = await world.slack.until(lambda: heard(world, world.operator))
    patience(0.0)
    accepted(await world.slack.press(world.operator, question, "Do"))
    await world.slack.until(lambda: LATER in heard(world, world.operator)[0].words)
    Ponder.may_answer.set()
    await world.slack.until(lambda: [m.words for m in heard(world, world.operator)] == ["42."])


async def test_who_mentioned_a_bot_that_then_stops_is_told_under_it(
    world: World, patience: Callable[[float], None]
) -> None:
    patience(0.0)
    later = await mention(world, world.operator, "@showcaller ponder")
    patience(60.0)
    await world.bot.stop(drain_seconds=0.05)
    told = await reply(world, world.general, later.thread_ts, after=later)
    assert told.lines[0] == "I was stopped while I was doing `ponder`."
    world.bot = await Bot.start(world.settings, clock=world.clock)
    Ponder.may_answer.set()
    assert (await mention(world, world.operator, "@showcaller ponder")).words == "42."
    assert attempts(world) == [("ponder", "unknown"), ("ponder", "done")]
    assert len([m for m in public(world) if "I was stopped" in m.words]) == 1
