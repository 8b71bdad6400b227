"""What tests of streams and egresses have in common: addresses, and a room that is streamed."""

from providers.base import Stream, TrackSource
from providers.facts import StreamChanged
from providers.memory.provider import Memory
from tests.commands.workspace import Workspace, told

KEY, OTHER_KEY = "s3cr3t-one", "s3cr3t-two"
FIRST = f"rtmp://a.example/live/{KEY}"
SECOND = f"rtmp://b.example/app/{OTHER_KEY}"
BESIDE = f"rtmp://a.example/live/{OTHER_KEY}"
"""The same place as the first, by another key."""


async def sent(workspace: Workspace, memory: Memory, name: str = "standup") -> None:
    """A room in which somebody sends."""
    await workspace.room(name)
    memory.server.join(name, "ana", name="Ana")
    memory.server.publish(name, "ana", TrackSource.CAMERA)
    memory.server.publish(name, "ana", TrackSource.MICROPHONE)


async def streamed(workspace: Workspace, memory: Memory, options: str = FIRST, name: str = "standup") -> Stream:
    """A room with one stream that has been asked for."""
    await sent(workspace, memory, name)
    told(await workspace.say(f"stream start {name} {options}"))
    return (await memory.list_streams())[0]


def last_stream(workspace: Workspace) -> Stream:
    fact = workspace.directory.facts[-1]
    assert isinstance(fact, StreamChanged)
    return fact.stream


def assert_no_key(*texts: object) -> None:
    """None of the keys is in how these are shown, logged or kept in the clear."""
    shown = repr(texts)
    assert KEY not in shown
    assert OTHER_KEY not in shown
