"""From a typed line to its reply, without Slack and without a database."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest

from bench.slash import LINE, Sender
from bench.steps import Step, StepBench
from bench.targets import SECRET
from commands.core.attempts import Outcome
from commands.core.parsing import Here, parse
from commands.core.registry import all_commands
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import Workspace

BASELINE = "bolt: request to listener"
DISPATCH = "parse and dispatch"
LONG_LINE = 'room create "Q3 review" --max-participants 5 --empty-timeout 10m'


@asynccontextmanager
async def open_commands(times: int) -> AsyncIterator[StepBench]:
    provider = Memory("memory", MemorySettings())
    try:
        yield StepBench("Commands", BASELINE, _steps(Workspace(provider)), times)
    finally:
        await provider.aclose()


def _steps(workspace: Workspace) -> Mapping[str, Step]:
    table, here = all_commands(), Here("memory")

    async def parse_short() -> None:
        parse(LINE, table, here)

    async def parse_long() -> None:
        parse(LONG_LINE, table, here)

    async def parse_and_dispatch() -> None:
        answer = await workspace.say(LINE)
        assert answer.outcome is Outcome.DONE, answer
        workspace.attempts.rows.clear()

    return {
        BASELINE: _bolt(),
        f"parse `{LINE}`": parse_short,
        f"parse `{LONG_LINE}`": parse_long,
        DISPATCH: parse_and_dispatch,
    }


def _bolt() -> Step:
    """Bolt's own road from a request to a listener, signature included; it authorizes without asking anybody."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0BENCH", bot_token="xoxb-bench", bot_user_id="U0BOT")

    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)

    @app.command("/video")
    async def video(ack: AsyncAck) -> None:
        await ack()

    head, _, body = next(Sender(0, SECRET).requests()).decode().partition("\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])

    async def request_to_listener() -> None:
        answer = await app.async_dispatch(AsyncBoltRequest(body=body, headers=dict(headers)))
        assert answer.status == 200, answer.body

    return request_to_listener
