"""From a typed slash command to its answer before the asker, on loopback: the whole bot, a stand-in Slack, a server.

The baseline asks no video server. What is beyond it is what the server, our calls to it and the drawing take.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.steps import Step, StepBench
from bot.demo.livekit import VERSION, LiveKitServer, NoProgram
from bot.demo.slack import Channel
from bot.demo.world import World, free_port

BASELINE = "whoami"
LINES = (
    BASELINE,
    "room list",
    "room show standup",
    "room create standup",
    'room update standup --metadata "{}"',
    "room mute standup",
    "participant list standup",
    "token create standup",
    "signal send standup hello",
)
PER_CHANNEL = 200
"""Commands in one channel: the stand-in looks through all its messages for the answer."""


@asynccontextmanager
async def on_memory(times: int) -> AsyncIterator[StepBench]:
    with TemporaryDirectory(prefix="showcaller-bench-") as directory:
        async with await World.open(Path(directory)) as world:
            yield await _answers(world, "in-memory server", times)


@asynccontextmanager
async def on_livekit(times: int) -> AsyncIterator[StepBench | None]:
    """None where there is no livekit-server on this machine."""
    port = free_port()
    with TemporaryDirectory(prefix="showcaller-bench-") as folder:
        directory = Path(folder)
        server = LiveKitServer(directory, webhook_url=f"http://127.0.0.1:{port}/webhooks/livekit")
        async with AsyncExitStack() as opened:
            try:
                await opened.enter_async_context(server)
            except NoProgram:
                yield None
                return
            world = await World.open(directory, providers=server.providers, port=port)
            await opened.enter_async_context(world)
            yield await _answers(world, f"livekit-server {VERSION}", times)


async def _answers(world: World, server: str, times: int) -> StepBench:
    typing = _Typing(world)
    await typing.type("room create standup")
    steps = {line: _step(typing, line) for line in LINES}
    return StepBench(f"From a slash command to its answer, {server}", BASELINE, steps, times)


class _Typing:
    def __init__(self, world: World) -> None:
        self._world = world
        self._typed = count()
        self._channel: Channel

    async def type(self, line: str) -> None:
        """Return when the answer is there. It must be an answer and no complaint."""
        if (number := next(self._typed)) % PER_CHANNEL == 0:
            self._channel = self._world.slack.workspace.add_channel(f"bench-{number}", members=[self._world.owner])
        before = len(self._world.slack.workspace.messages(self._channel))
        ack = await self._world.slack.command(self._world.owner, self._channel, f"/video {line}")
        assert ack.problem is None, ack.problem
        await self._world.slack.until(lambda: self._answered(before) or None)

    def _answered(self, before: int) -> bool:
        news = self._world.slack.workspace.messages(self._channel)[before:]
        return any(message.ephemeral_to is not None for message in news)


def _step(typing: _Typing, line: str) -> Step:
    async def step() -> None:
        await typing.type(line)

    return step
