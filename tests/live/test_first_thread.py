"""The first thread on a real livekit-server: from a slash command to the server, and from its webhooks to the card.

Over both transports of Slack; what is particular to LiveKit is tried over one in the other modules.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.world import Transport
from tests.live.studio import Studio


@pytest.fixture(params=["http", "socket"])
async def studio(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Studio]:
    transport: Transport = request.param
    async with Studio.open(tmp_path, transport=transport) as studio:
        yield studio


async def test_create_join_list_and_close(studio: Studio) -> None:
    created = await studio.ask("room create standup --max-participants 5")
    assert "Created *standup*." in created.words
    card = await studio.card("nobody in it")
    assert [button.label for button in card.buttons] == ["Notify me", "Join", "Participants", "Mute all", "End"]
    assert "*standup*" in (await studio.ask("room list stand*")).words

    bob = await studio.enter("guest-1", "--name Bob")
    await studio.card("1 person of 5")
    assert "*Bob*" in (await studio.ask("participant list standup")).lines

    question = await studio.press(card, "End")
    assert "This disconnects Bob." in question.words
    await studio.press(question, "End room")
    assert await bob.thrown_out() == "ROOM_DELETED"
    ended = await studio.card("Ended")
    assert ended.ts == card.ts
    assert ended.buttons == []


async def test_without_redis_a_recording_is_refused_with_the_reason(studio: Studio) -> None:
    await studio.ask("room create standup")
    refused = await studio.ask("recording start standup")
    assert "The video server `livekit` cannot do this: start recording." in refused.words
    assert "This server has no Redis, which egress needs." in refused.words


async def test_an_earlier_life_is_told_apart_from_the_present_one(studio: Studio) -> None:
    await studio.ask("room create standup")
    old = await studio.card("Live")
    question = await studio.press(old, "End")
    assert "Nobody is in it." in question.words
    await studio.press(question, "End room")
    await studio.card("Ended")
    await studio.ask("room create standup")
    assert (await studio.card("Live")).ts != old.ts

    studio.world.slack.workspace.edit(old, old.text, old.blocks)
    answer = await studio.press(old, "Participants")
    assert "The room `standup` has ended." in answer.words
    assert "1 room is live on `livekit`." in (await studio.ask("room list")).words
