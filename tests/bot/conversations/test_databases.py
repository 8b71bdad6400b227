"""The whole bot on each database, while a newer version adds to its schema under it, as in a deploy that rolls."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.demo.world import Transport, World
from tests.bot.conversations.conftest import Start
from tests.bot.conversations.talk import ask, card, press
from tests.bot.store import schema
from tests.postgresql import Server


@pytest.fixture
def transport() -> Transport:
    """The database is the same behind either."""
    return "http"


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/shared.db"
        return
    server: Server = request.getfixturevalue("postgresql_server")
    async with server.database() as database_url:
        yield database_url


@pytest.fixture
async def world(url: str, start: Start) -> World:
    return await start(environ={"DATABASE_URL": url, "SHOWCALLER_SECRET_KEY": Fernet.generate_key().decode()})


async def _day(world: World, room: str) -> None:
    """A little of what leaves rows: settings, subscriptions, things, cards, questions, keep-outs, attempts."""
    me = world.owner
    assert "memory" in (await ask(world, me, "/video provider use memory")).words
    await ask(world, me, "/video alert subscribe recording")
    await ask(world, me, f"/video room create {room}")
    await press(world, me, await card(world, room, "🟢 *Live*"), "Record")
    await card(world, f"Recording of {room}", "🔴 *Live*")
    world.memory.server.join(room, "ana")
    await card(world, room, "1 person")
    question = await ask(world, me, f"/video participant remove {room} ana --keep-out 1h")
    await press(world, me, question, "Remove")
    assert room in (await ask(world, me, "/video room list")).words
    question = await ask(world, me, f"/video room close {room}")
    await press(world, me, question, "End room")
    await card(world, room, "Ended")


async def test_a_newer_schema_changes_nothing_for_who_runs_and_for_who_starts(world: World, url: str) -> None:
    await _day(world, "monday")
    await schema.take_next_step(url)
    await _day(world, "tuesday")
    await world.restart()
    await _day(world, "wednesday")
    words = (await ask(world, world.owner, "/video alert list")).words
    assert "recording" in words
