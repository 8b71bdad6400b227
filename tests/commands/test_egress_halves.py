"""An egress that is recorded and streamed: neither ends without a word of the other."""

from collections.abc import AsyncIterator

import pytest

from commands.core.attempts import Outcome
from commands.core.dispatch import Answer, Asked
from commands.core.reply import plain
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.streaming import FIRST, sent
from tests.commands.workspace import Workspace, told


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    provider = Memory("memory", MemorySettings(recording_delay_seconds=0.01))
    yield provider
    await provider.aclose()


@pytest.fixture
def workspace(memory: Memory) -> Workspace:
    return Workspace(memory)


def asked(answer: Answer) -> str:
    assert isinstance(answer.result, Asked), answer
    return plain(answer.result.question.text)


async def both(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    told(await workspace.say(f"egress room standup --file a.mp4 --stream {FIRST}"))
    await memory.server.settled()


@pytest.mark.parametrize(
    ("line", "question", "answer"),
    [
        (
            "recording stop standup",
            "Stop the recording of standup? It is also streamed to 1 place; that ends too.",
            "Stopping the recording of standup, and its stream to 1 place. Its card says when it is ready.",
        ),
        (
            "recording pause standup",
            "Pause the recording of standup? It is also streamed to 1 place; that ends too.",
            "Pausing the recording of standup, and its stream to 1 place after part 1.",
        ),
        (
            "stream stop standup",
            "Stop the stream of standup? It is also recorded; that ends too.",
            "Stopping the stream of standup, and its recording. Its card says when it has ended.",
        ),
    ],
)
async def test_it_is_asked_before_both_end(
    workspace: Workspace, memory: Memory, line: str, question: str, answer: str
) -> None:
    await both(workspace, memory)
    first = await workspace.say(line)
    assert asked(first) == question
    assert [s.status.is_final for s in await memory.list_streams()] == [False]
    assert plain(told(await workspace.confirm(first)).text) == answer
    await memory.server.settled()
    assert [s.status.is_final for s in await memory.list_streams()] == [True]


async def test_so_it_is_of_an_egress(workspace: Workspace, memory: Memory) -> None:
    await both(workspace, memory)
    first = await workspace.say("egress stop standup")
    assert asked(first) == "Stop the recording of standup? It is also streamed to 1 place; that ends too."
    assert plain(told(await workspace.confirm(first)).text).endswith("of standup, which is recorded and streamed.")


async def test_what_stands_alone_is_stopped_at_once(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    told(await workspace.say("recording start standup"))
    told(await workspace.say(f"stream start standup {FIRST}"))
    await memory.server.settled()
    for line in ("recording stop standup", "stream stop standup"):
        assert (await workspace.say(line)).outcome is Outcome.DONE
