"""What a process left open: its askers are told, the server is looked at, and the record is closed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from bot import recovery
from bot.clock import SystemClock
from bot.demo.slack.things import Channel, Message, User
from bot.demo.world import World
from bot.secrets import SecretBox, key_for
from bot.store.attempts import StoredAttempts
from bot.store.engine import Store
from bot.store.errors import StoreUnavailable
from bot.wiring import Bot
from commands.core.attempts import Attempt, Outcome
from commands.core.ports import Caller, Place
from providers.base import RoomOptions
from providers.errors import Unreachable

URL = "sqlite:///{}/showcaller.db"


@pytest_asyncio.fixture(name="world")
async def _world(tmp_path: Path) -> AsyncIterator[World]:
    """One whose bot has just been started, for the first time."""
    async with await World.open(tmp_path) as world:
        yield world


async def leave_open(
    world: World,
    *every_words: str,
    response_url: str | None = None,
    provider: str = "memory",
    by: User | None = None,
    channel: Channel | None = None,
    outcome: Outcome | None = None,
) -> None:
    """As the bot leaves it when it dies in the middle of these commands, ana's in #general. The bot must be down.

    `outcome`: it died later, before it could give the answer.
    """
    store = await Store.open(URL.format(world.directory))
    box = SecretBox(key_for(world.directory / "showcaller.db"))
    attempts = StoredAttempts(store, SystemClock(), box, replica="gone")
    team_id = world.slack.team_id
    for words in every_words:
        attempt_id = await attempts.open(
            Attempt(
                caller=Caller(team_id, (by or world.owner).id),
                place=Place(team_id, (channel or world.general).id),
                path=tuple(words.split()[:2]),
                words=words,
                provider=provider,
                door="slash",
                response_url=None if response_url is None else SecretStr(response_url),
            )
        )
        if outcome is not None:
            await attempts.close(attempt_id, outcome, detail="why it ended so")
    await store.close()


def closed(world: World) -> list[tuple[Any, ...]]:
    with closing(connect(world.directory / "showcaller.db")) as database:
        query = "SELECT outcome, detail, response_url IS NULL FROM attempt WHERE answered_at IS NOT NULL ORDER BY id"
        return database.execute(query).fetchall()


def told(world: World, who: User | None = None, channel: Channel | None = None) -> list[Message]:
    return [m for m in world.slack.seen_by(who or world.owner, channel or world.general) if m.ephemeral_to]


async def until_closed(world: World, count: int) -> None:
    async with asyncio.timeout(5):
        while len(closed(world)) < count:
            await asyncio.sleep(0.01)
    assert closed(world) == [("unknown", "the process ended before the answer", 1)] * count


async def test_an_asker_without_a_way_back_is_told_in_the_channel_to_himself(world: World) -> None:
    await world.bot.stop()
    await leave_open(world, "room create standup --provider memory")
    world.bot = await Bot.start(world.settings)
    await until_closed(world, 1)

    first, second = told(world)
    assert "I was stopped while I was doing `room create standup --provider memory`" in first.words
    assert "There is no room *standup*" in second.words


async def test_a_response_url_that_is_used_up_is_no_reason_not_to_tell(world: World) -> None:
    await world.bot.stop()
    await leave_open(world, "room create standup", response_url=world.slack.api_url.replace("api/", "response/gone"))
    with capture_logs() as lines:
        world.bot = await Bot.start(world.settings)
        await until_closed(world, 1)

    assert len(told(world)) == 2
    assert "a response_url did not work" in [line["event"] for line in lines]


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        ("room create standup", "The room *standup* is there"),
        ("room close standup", "The room *standup* is still live"),
        ("room close retro", "The room *retro* is over"),
        ("recording start standup", "The room *standup* is not being recorded"),
        ("room list", None),
    ],
)
async def test_the_server_is_looked_at(world: World, words: str, finding: str | None) -> None:
    async with world.without_bot():
        await world.memory.create_room("standup", RoomOptions())
        await leave_open(world, words)
    await until_closed(world, 1)

    said = [message.words for message in told(world)]
    assert len(said) == (1 if finding is None else 2)
    if finding is not None:
        assert finding in said[1]


@pytest.mark.parametrize(
    "words", ["room conjure standup", "room create", '"', "room create standup --since-removed 5", "help"]
)
async def test_words_that_this_version_cannot_read_are_closed_all_the_same(world: World, words: str) -> None:
    await world.bot.stop()
    await leave_open(world, words)
    with capture_logs():
        world.bot = await Bot.start(world.settings)
        await until_closed(world, 1)

    assert len(told(world)) == 1


async def test_a_video_server_that_is_not_configured_any_more_is_not_looked_at(world: World) -> None:
    await world.bot.stop()
    await leave_open(world, "room create standup", provider="sold")
    world.bot = await Bot.start(world.settings)
    await until_closed(world, 1)

    assert len(told(world)) == 1


async def test_several_are_settled_beside_each_other_and_the_bot_works_meanwhile(world: World) -> None:
    await world.bot.stop()
    await leave_open(world, *(f"room create standup-{number}" for number in range(5)))
    world.bot = await Bot.start(world.settings)
    world.memory.server.delay_seconds = 0.3
    await world.slack.command(world.owner, world.general, "/video whoami")
    await world.slack.until(lambda: any("admin" in m.words for m in told(world)) or None)
    assert len(closed(world)) < 6
    async with asyncio.timeout(5):
        while len(closed(world)) < 6:
            await asyncio.sleep(0.01)

    assert [outcome for outcome, _, _ in closed(world)] == ["unknown"] * 5 + ["done"]
    assert len(told(world)) == 11


async def test_a_video_server_that_is_down_costs_the_finding_only(world: World) -> None:
    await world.bot.stop()
    await leave_open(world, "room create standup")
    with capture_logs() as lines:
        world.bot = await Bot.start(world.settings)
        world.memory.server.faults["*"] = Unreachable
        await until_closed(world, 1)

    assert len(told(world)) == 1
    assert "an attempt could not be compared with the server" in [line["event"] for line in lines]


async def test_what_the_database_was_away_for_is_closed_when_it_is_back_and_told_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.bot.stop()
    await leave_open(world, "room create standup")
    write, refusals = Store.write, iter(range(2))

    async def away(store: Store, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        if (
            any(message.lines[0].startswith("I was stopped") for message in told(world))
            and next(refusals, None) is not None
        ):
            raise StoreUnavailable("away")
        return await write(store, work)

    monkeypatch.setattr(Store, "write", away)
    monkeypatch.setattr(recovery, "RETRY_SECONDS", 0.01)
    with capture_logs() as lines:
        world.bot = await Bot.start(world.settings)
        await until_closed(world, 1)

    assert "an attempt waits for the database" in [line["event"] for line in lines]
    assert len(told(world)) == 2


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.DONE, "`room create standup` was done, but I was stopped before I could show you the answer."),
        (Outcome.REFUSED, "`room create standup` was refused, but I was stopped before I could tell you why."),
        (Outcome.FAILED, "`room create standup` failed, but I was stopped before I could tell you why."),
        (
            Outcome.ASKED,
            "`room create standup` was not done: I was stopped before I could ask you whether I should.",
        ),
        (
            Outcome.UNKNOWN,
            "I was stopped while I was doing `room create standup`.\n"
            "It may have happened all the same. Look before you repeat it.\n"
            "There is no room *standup*; create it again if it is needed.",
        ),
    ],
)
async def test_an_answer_that_was_lost_is_made_up_for_once(world: World, outcome: Outcome, said: str) -> None:
    async with world.without_bot():
        await leave_open(world, "room create standup", outcome=outcome)
    async with asyncio.timeout(5):
        while not closed(world):
            await asyncio.sleep(0.01)
    await world.restart()

    assert "\n".join(message.words for message in told(world)) == said
    assert closed(world) == [(outcome.value, "why it ended so", 1)]


async def test_who_may_not_do_it_learns_nothing_of_the_server(tmp_path: Path) -> None:
    async with await World.open(tmp_path, environ={"SHOWCALLER_DEFAULT_ROLE": "nobody"}) as world:
        async with world.without_bot():
            await world.memory.create_room("board", RoomOptions())
            await leave_open(world, "room create board", by=world.operator)
        await until_closed(world, 1)

        (only,) = told(world, world.operator)
        assert only.lines[0] == "I was stopped while I was doing `room create board`."
        assert [m.words for m in world.slack.workspace.messages(world.general) if not m.ephemeral_to] == []


async def test_no_card_is_wanted_where_the_bot_cannot_post(world: World) -> None:
    elsewhere = world.slack.workspace.add_channel("elsewhere", members=[world.owner], bot=False)
    async with world.without_bot():
        await world.memory.create_room("board", RoomOptions())
        await leave_open(world, "room create board", channel=elsewhere)
    await until_closed(world, 1)

    (only,) = world.slack.seen_by(world.owner, world.slack.workspace.dm(world.owner))
    assert only.lines[0] == "I was stopped while I was doing `room create board`."
    with closing(connect(world.directory / "showcaller.db")) as database:
        assert database.execute("SELECT count(*) FROM card").fetchone() == (0,)
