"""What tests of ingresses have in common: one that is made, its key, and an encoder that sends."""

from datetime import UTC, datetime, timedelta

from commands.core.reply import Reply
from providers.base import Ingress, IngressStatus
from providers.facts import IngressChanged
from providers.memory.provider import Memory
from tests.commands.workspace import Workspace, told

LIKE_LIVEKITS = "q7Xf2MpZ4kVd"
"""As LiveKit's keys of ingresses look."""


async def made(workspace: Workspace, memory: Memory, line: str = "rtmp standup cam") -> Ingress:
    """The ingress that this makes."""
    before = {each.ref for each in await memory.list_ingresses()}
    told(await workspace.say(f"ingress create {line}"))
    [new] = [each for each in await memory.list_ingresses() if each.ref not in before]
    return new


async def live(workspace: Workspace, memory: Memory, line: str = "rtmp standup cam") -> Ingress:
    """One that an encoder sends into."""
    ingress = await made(workspace, memory, line)
    memory.server.send_into(memory.server.key_of(ingress.ref.id))
    await memory.settled()
    [now] = await memory.list_ingresses(id=ingress.ref.id)
    assert now.status is IngressStatus.LIVE
    return now


def much_later(workspace: Workspace) -> None:
    """The server has clocks of its own; by ours it has written nothing for long."""
    workspace.clock.advance(datetime.now(UTC) - workspace.clock.now() + timedelta(minutes=3))


def key_in(reply: Reply) -> str:
    """The key that an answer shows; the other secrets are lines in which it stands."""
    return reply.secrets[0].value.get_secret_value()


def last_ingress(workspace: Workspace) -> Ingress:
    fact = workspace.directory.facts[-1]
    assert isinstance(fact, IngressChanged)
    return fact.ingress
