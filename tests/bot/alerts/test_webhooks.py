"""Webhooks over HTTP to a bot that runs: verified, stored, and only then answered."""

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sqlite3 import connect

import aiohttp
import pytest
import pytest_asyncio
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.demo.slack.things import Message
from bot.demo.world import World
from providers.facts import Fact, facts_to_json
from providers.memory import webhooks
from tests.bot.alerts.broken import without
from tests.bot.alerts.facts import finished, joined, person, started

SECRET = SecretStr("a-secret-of-the-memory-server-and-no-other")


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    providers = f'[providers.memory]\nkind = "memory"\nwebhook_secret = "{SECRET.get_secret_value()}"\n'
    async with await World.open(tmp_path, providers=providers) as opened:
        yield opened


async def send(
    world: World, fact: Fact, *, to: str = "memory", secret: SecretStr = SECRET, age: timedelta = timedelta()
) -> int:
    body = facts_to_json([fact])
    headers = webhooks.sign(secret, fact.key, body, datetime.now(UTC) - age)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{world.address}/webhooks/{to}", data=body, headers=headers) as answer,
    ):
        return answer.status


async def subscribe(world: World) -> None:
    await world.slack.command(world.owner, world.general, "/video alert subscribe room")
    await world.slack.until(lambda: next((m for m in world.slack.seen_by(world.owner, world.general)), None))


async def card(world: World, *words: str) -> Message:
    def found() -> Message | None:
        seen = (m for m in world.slack.seen_by(world.owner, world.general) if not m.ephemeral_to and not m.thread_ts)
        return next((m for m in seen if all(word in m.words for word in words)), None)

    return await world.slack.until(found)


async def test_a_webhook_becomes_a_card_and_a_repeat_changes_nothing(world: World) -> None:
    await subscribe(world)
    ana = joined(person(1), 1)
    assert [await send(world, fact) for fact in (started(), ana, ana)] == [200, 200, 200]
    await card(world, "standup", "1 person")

    assert await send(world, finished(60)) == 200
    await card(world, "standup", "Ended")
    assert await send(world, ana) == 200
    await world.restart()
    await card(world, "standup", "Ended")


@pytest.mark.parametrize("to", ["livekit", "memory/archive", "%00", "memory%2F", "<script>"])
async def test_an_unknown_address_is_404(world: World, to: str) -> None:
    assert await send(world, started(), to=to) == 404


async def test_a_forged_or_stale_one_is_401_and_nothing_is_kept(world: World) -> None:
    await subscribe(world)
    with capture_logs() as lines:
        assert await send(world, started(), secret=SecretStr("not-the-secret-of-the-memory-server")) == 401
        assert await send(world, started(), age=timedelta(minutes=6)) == 401
    refused = [line for line in lines if line["event"] == "a webhook was not signed by its server"]
    assert len(refused) == 2
    assert all(line["provider"] == "memory" and line["reason"] for line in refused)

    with closing(connect(world.directory / "showcaller.db")) as database:
        assert database.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


async def test_while_the_database_cannot_be_used_the_sender_is_told_to_come_again(world: World) -> None:
    await subscribe(world)
    fact = started()
    with capture_logs() as lines:
        async with without("inbox", world.directory / "showcaller.db"):
            assert await send(world, fact) == 503
    assert "a webhook was not stored" in [line["event"] for line in lines]

    assert await send(world, fact) == 200
    await card(world, "standup", "Live")
    async with aiohttp.ClientSession() as session, session.get(f"{world.address}/metrics") as answer:
        text = await answer.text()
    assert 'showcaller_webhooks_total{provider="memory",verdict="unavailable"} 1.0' in text
    assert 'showcaller_webhooks_total{provider="memory",verdict="stored"} 1.0' in text
