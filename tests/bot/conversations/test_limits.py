"""Limits: what is too much is told so politely, costs next to nothing, and holds up nobody else."""

import asyncio
import re

import aiohttp
import pytest

from bot.demo.slack import Message
from bot.demo.world import World
from bot.slack.gate import ANSWER_SECONDS, LOOKS_EACH, WAITING_EACH
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.conftest import Start
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import (
    accepted,
    ask,
    attempts,
    card,
    form,
    heard,
    opened,
    press,
    public,
    rooms,
)

MOST = 5
TOO_MUCH = "That was too much at once: from one person I take 5 commands and presses a minute.\nNothing of it was done."
IN_A_FORM = TOO_MUCH.replace("\n", " ")


@pytest.fixture
async def world(start: Start) -> World:
    return await start(environ={"SHOWCALLER_COMMANDS_PER_MINUTE": str(MOST)})


async def refused(world: World) -> dict[str, float]:
    """How much was refused so far, by limit."""
    async with aiohttp.ClientSession() as session, session.get(f"{world.address}/metrics") as answer:
        text = await answer.text()
    found = re.findall(r'showcaller_limit_refusals_total\{limit="(\w+)"\} (\S+)', text)
    return {limit: float(count) for limit, count in found if float(count)}


async def _use_up(world: World) -> None:
    for _ in range(MOST):
        await ask(world, world.operator, "/video whoami")


async def test_somebody_who_asks_too_much_is_told_how_long_to_wait(world: World, log: Log, clock: MovedClock) -> None:
    await _use_up(world)
    clock.move(seconds=17.9)
    said = await ask(world, world.operator, "/video room create standup")
    waits = re.fullmatch(re.escape(TOO_MUCH) + r" Wait (\d+) seconds, then try again\.", said.words)
    assert waits is not None, said.words
    assert 35 <= int(waits[1]) <= 43
    assert (rooms(world), len(attempts(world))) == ([], MOST)
    assert await refused(world) == {"commands_per_minute": 1}
    (line,) = log.events("a limit was reached")
    assert (line["limit"], line["user"], line["door"]) == ("commands_per_minute", world.operator.id, "slash")
    clock.move(seconds=int(waits[1]))
    await ask(world, world.operator, "/video room create standup")
    assert rooms(world) == ["standup"]


async def test_a_flood_gets_one_answer_and_one_line_and_no_row(world: World, log: Log) -> None:
    await _use_up(world)
    before = len(world.slack.calls)
    for _ in range(50):
        accepted(await world.slack.command(world.operator, world.general, "/video whoami"))
    await world.slack.until(lambda: len(heard(world, world.operator)) > MOST)
    await ask(world, world.owner, "/video whoami")
    assert len(heard(world, world.operator)) == MOST + 1
    assert len(world.slack.calls) - before <= 3, "one answer, and what the owner's own command takes"
    assert await refused(world) == {"commands_per_minute": 50}
    assert len(log.events("a limit was reached")) == 1
    assert len(attempts(world)) == MOST + 1


async def test_it_is_said_again_after_a_while(world: World, clock: MovedClock) -> None:
    await _use_up(world)
    for _ in range(3):
        assert TOO_MUCH in (await ask(world, world.operator, "/video whoami")).words
        clock.move(seconds=ANSWER_SECONDS)


async def test_a_thousand_commands_of_one_person_do_not_hold_up_another(start: Start) -> None:
    """Hers gets its turn at once, while the sixty that were taken of his wait for a server that hangs."""
    world = await start(environ={"SHOWCALLER_COMMANDS_PER_MINUTE": "60"})
    await ask(world, world.owner, "/video room create standup")
    world.memory.server.delay_seconds = 0.9
    for number in range(1_000):
        accepted(await world.slack.command(world.operator, world.general, f"/video room list x{number}"))
    assert (await refused(world))["commands_per_minute"] == 940
    world.memory.server.delay_seconds = 0
    async with asyncio.timeout(2):
        said = await ask(world, world.owner, "/video room list")
    assert "standup" in said.words
    assert len(attempts(world)) == 62


async def test_who_asked_aloud_is_told_alone(world: World) -> None:
    await _use_up(world)
    before = public(world)
    asked = await world.slack.write(world.operator, world.general, "@showcaller room list")
    said = await world.slack.until(lambda: [m for m in heard(world, world.operator) if TOO_MUCH in m.words])
    assert len(said) == 1
    assert public(world) == [*before, asked]


async def test_who_writes_to_the_bot_alone_is_told_there(world: World) -> None:
    await _use_up(world)
    here = world.slack.workspace.dm(world.operator)
    await world.slack.write(world.operator, here, "room list")

    def told() -> list[Message]:
        return [m for m in world.slack.seen_by(world.operator, here) if TOO_MUCH in m.words]

    await world.slack.until(told)


async def test_a_press_counts_and_what_was_pressed_stays(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup")
    for _ in range(MOST - 1):
        await ask(world, world.operator, "/video whoami")
    said = await press(world, world.operator, shown, "End")
    assert TOO_MUCH in said.words
    assert rooms(world) == ["standup"]
    assert (await card(world, "standup")).words == shown.words


async def test_a_press_is_answered_once_for_each_message(world: World) -> None:
    """Whoever presses looks at the message, and must not see nothing happen there."""
    for name in ("standup", "retro"):
        await ask(world, world.operator, f"/video room create {name}")
    cards = [await card(world, name) for name in ("standup", "retro")]
    for _ in range(MOST - 2):
        await ask(world, world.operator, "/video whoami")
    assert TOO_MUCH in (await ask(world, world.operator, "/video whoami")).words
    for shown in cards:
        assert TOO_MUCH in (await press(world, world.operator, shown, "End")).words
    before = len(heard(world, world.operator))
    for shown in cards:
        accepted(await world.slack.press(world.operator, shown, "End"))
    await ask(world, world.owner, "/video whoami")
    assert len(heard(world, world.operator)) == before
    assert sorted(rooms(world)) == ["retro", "standup"]


async def test_a_shortcut_counts(world: World) -> None:
    await _use_up(world)
    accepted(await world.slack.shortcut(world.operator, "Create video room"))
    here = world.slack.workspace.dm(world.operator)
    await world.slack.until(lambda: [m for m in world.slack.seen_by(world.operator, here) if TOO_MUCH in m.words])
    assert world.slack.view_of(world.operator) is None


async def test_a_form_stays_open_with_all_that_is_in_it(world: World, clock: MovedClock) -> None:
    view = await form(world, world.operator, "/video room create")
    for _ in range(MOST - 1):
        await ask(world, world.operator, "/video whoami")
    accepted(await world.slack.submit(world.operator, view, {"name": "retro", "max_participants": "7"}))
    view = await opened(world, world.operator)
    assert view.errors["name"].startswith(IN_A_FORM)
    assert rooms(world) == []
    clock.move(seconds=60)
    accepted(await world.slack.submit(world.operator, view, {"name": "retro", "max_participants": "7"}))
    await card(world, "retro", "🟢 *Live*")


async def test_looking_has_a_budget_of_its_own_and_is_refused_in_silence(world: World) -> None:
    view = await form(world, world.operator, "/video room close")
    await ask(world, world.operator, "/video room create standup")
    for _ in range(MOST * LOOKS_EACH):
        assert len(await world.slack.suggest(world.operator, view, "room", "stand")) == 2
    assert await world.slack.suggest(world.operator, view, "room", "stand") == []
    accepted(await world.slack.open_home(world.operator))
    await ask(world, world.operator, "/video whoami")
    assert world.slack.home_of(world.operator) is None
    assert await refused(world) == {"looks_per_minute": 2}


async def test_where_too_much_waits_the_next_one_is_told_so(start: Start) -> None:
    """Commands that wait are bounded, however many people they are of."""
    world = await start(environ={"SHOWCALLER_COMMANDS_IN_FLIGHT": "1"})
    world.memory.server.delay_seconds = 60  # until the bot gives up on it, each time anew
    for number in range(WAITING_EACH + 10):
        accepted(await world.slack.command(world.operator, world.general, f"/video room list p{number}"))
    said = await ask(world, world.owner, "/video whoami")
    assert said.words == (
        "I have more to do than I can at this moment.\nNothing of it was done. Wait 10 seconds, then try again."
    )
    world.memory.server.delay_seconds = 0
    await world.slack.until(lambda: len(_answers(world)) >= 1 + WAITING_EACH or None, timeout=30)
    async with asyncio.timeout(20):  # who was told of it is not told again for some seconds
        while not any("*admin*" in message.words for message in heard(world, world.owner)):
            accepted(await world.slack.command(world.owner, world.general, "/video whoami"))
            await asyncio.sleep(0.2)
    assert (await refused(world))["commands_waiting"] >= 1


def _answers(world: World) -> list[Message]:
    """What the operator was told, but for the word that it takes longer."""
    return [message for message in heard(world, world.operator) if "takes longer than usual" not in message.words]
