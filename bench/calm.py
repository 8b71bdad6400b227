"""From a webhook, written to a connection, to the call of Slack that it brings about, while all is calm.

The baseline verifies, commits, and calls Slack at once with blocks that were drawn beforehand. Ours stores, folds,
draws and updates the card of the room. The pace is switched off, as it is for Slack's sake and no cost of ours.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from bench import hooks
from bench.deliveries import PATH, PROVIDERS, Told
from bench.steps import Step, StepBench
from bot import manifest
from bot.demo.slack import Channel, Message, StandIn
from bot.demo.world import World
from bot.slack.sdk import web_client

BASELINE = "hook-direct: verify, commit, call"
OURS = "showcaller: store, fold, draw, call"
CALL_SECONDS = 5.0


@asynccontextmanager
async def open_calm(times: int) -> AsyncIterator[StepBench]:
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory(prefix="showcaller-bench-")))
        session = await opened.enter_async_context(aiohttp.ClientSession())
        theirs = await opened.enter_async_context(_direct(folder / "direct.db", session))
        ours = await opened.enter_async_context(_showcaller(folder, session))
        yield StepBench("From a webhook to the call of Slack", BASELINE, {BASELINE: theirs, OURS: ours}, times)


@asynccontextmanager
async def _direct(database: Path, session: aiohttp.ClientSession) -> AsyncIterator[Step]:
    async with StandIn(manifest.load()) as slack, AsyncExitStack() as opened:
        channel = slack.workspace.add_channel("general")
        web = web_client(slack.api_url, session, token=slack.bot_token)
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "🟢 *Live* · 1 person"}}]
        posted = await web.chat_postMessage(channel=channel.id, text="room", blocks=blocks)

        async def call() -> None:
            await web.chat_update(channel=channel.id, ts=posted["ts"], text="room", blocks=blocks)

        hook = await opened.enter_async_context(hooks.commit(f"sqlite:///{database}", then=call))
        yield _step(session, f"http://127.0.0.1:{hook.port}{PATH}", slack, channel)


@asynccontextmanager
async def _showcaller(folder: Path, session: aiohttp.ClientSession) -> AsyncIterator[Step]:
    async with await World.open(folder, providers=PROVIDERS) as world:
        await world.slack.command(world.owner, world.general, "/video alert subscribe room")
        yield _step(session, f"{world.address}{PATH}", world.slack, world.general)


def _step(session: aiohttp.ClientSession, url: str, slack: StandIn, channel: Channel) -> Step:
    """Somebody comes: the room's message is another one after it."""
    room, numbers = Told.of("room-000"), count()

    def shown() -> Message | None:
        return next((m for m in slack.workspace.messages(channel) if not m.ephemeral_to), None)

    async def step() -> None:
        before = shown()
        authorization, body = room.joined(f"person-{next(numbers)}")
        async with asyncio.timeout(CALL_SECONDS):
            async with session.post(url, data=body, headers={"Authorization": authorization}) as answer:
                assert answer.status == 200
            while shown() is before:
                await slack.workspace.change()

    return step
