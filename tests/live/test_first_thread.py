"""The first thread on a real livekit-server: from a slash command to the server, and from its webhooks to the card."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from livekit import rtc

from bot.demo.slack.things import Message
from bot.demo.world import Transport, World, free_port
from tests.live.server import KEY, SECRET, LiveKitServer

SECONDS = 15.0
"""A real server's webhooks come within milliseconds; a loaded machine gets more."""


@pytest.fixture(params=["http", "socket"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    transport: Transport = request.param
    port = free_port()
    async with LiveKitServer(webhook_url=f"http://127.0.0.1:{port}/webhooks/livekit") as server:
        providers = (
            f'[providers.livekit]\nkind = "livekit"\nurl = "{server.url}"\napi_key = "{KEY}"\napi_secret = "{SECRET}"\n'
        )
        async with await World.open(tmp_path, transport=transport, providers=providers, port=port) as world:
            yield world


async def _answer(world: World, text: str) -> Message:
    """What the owner alone is told after typing `text`."""
    before = {m.ts for m in world.slack.seen_by(world.owner, world.general)}
    ack = await world.slack.command(world.owner, world.general, text)
    assert ack.problem is None
    return await _see(world, lambda m: m.ephemeral_to is not None and m.ts not in before)


async def _see(world: World, wanted: Callable[[Message], bool]) -> Message:
    def found() -> Message | None:
        return next((m for m in reversed(world.slack.seen_by(world.owner, world.general)) if wanted(m)), None)

    return await world.slack.until(found, SECONDS)


def _is_card(message: Message) -> bool:
    return message.ephemeral_to is None and message.thread_ts is None


async def test_create_join_list_and_close(world: World) -> None:
    created = await _answer(world, "/video room create standup --max-participants 5")
    assert "Created *standup*." in created.words
    card = await _see(world, lambda m: _is_card(m) and "nobody in it" in m.words)
    assert [button.label for button in card.buttons] == ["Join", "Participants", "End"]

    again = await _answer(world, "/video room create standup --max-participants 9")
    assert "*standup* was there already: nobody is in it." in again.words
    assert "the options you gave were not applied" in again.words

    assert "*standup*" in (await _answer(world, "/video room list stand*")).words

    client = rtc.Room()
    disconnected = asyncio.Event()
    client.on("disconnected", lambda *_: disconnected.set())
    token, address = _way_in(await _answer(world, "/video token create standup --identity guest-1 --name Bob"))
    await client.connect(address, token)

    card = await _see(world, lambda m: _is_card(m) and "1 person of 5" in m.words)
    assert "Bob" in (await _answer(world, "/video participant list standup")).words

    await world.slack.press(world.owner, card, "End")
    question = await _see(world, lambda m: "This disconnects Bob." in m.words)
    await world.slack.press(world.owner, question, "End room")
    await asyncio.wait_for(disconnected.wait(), SECONDS)
    ended = await _see(world, lambda m: _is_card(m) and "Ended" in m.words)
    assert ended.ts == card.ts
    assert ended.buttons == []


async def test_what_livekit_cannot_do_yet_is_refused_by_name(world: World) -> None:
    await _answer(world, "/video room create standup")
    refused = await _answer(world, "/video recording start standup")
    assert "The video server `livekit` cannot do this: start recording." in refused.words


async def test_an_earlier_life_is_told_apart_from_the_present_one(world: World) -> None:
    await _answer(world, "/video room create standup")
    old = await _see(world, lambda m: _is_card(m) and "Live" in m.words)
    await world.slack.press(world.owner, old, "End")
    await world.slack.press(world.owner, await _see(world, lambda m: "Nobody is in it." in m.words), "End room")
    await _see(world, lambda m: _is_card(m) and "Ended" in m.words)
    await _answer(world, "/video room create standup")
    await _see(world, lambda m: _is_card(m) and "Live" in m.words and m.ts != old.ts)

    world.slack.workspace.edit(old, old.text, old.blocks)
    await world.slack.press(world.owner, old, "End")
    assert "The room `standup` has ended." in (await _see(world, lambda m: "has ended" in m.words)).words
    assert "1 live on `livekit`" in (await _answer(world, "/video room list")).words


def _way_in(message: Message) -> tuple[str, str]:
    lines = message.words.splitlines()
    token = next(line.strip("`") for line in lines if line.startswith("`eyJ"))
    address = next(line for line in lines if line.startswith("ws://"))
    return token, address
