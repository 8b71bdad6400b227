"""What tests of telephone calls have in common: trunks, and calls that go on."""

from pydantic import SecretStr

from providers.base import Call, DialOptions, RoomRef, Trunk, TrunkDirection, TrunkOptions
from providers.facts import CallChanged
from providers.memory.provider import Memory
from tests.commands.workspace import Workspace

NUMBER, SHOWN = "+493012345678", "…5678"
PASSWORD, PIN = "pa55-of-the-trunk", "471123"
OURS = "+493099990000"


async def outbound(memory: Memory, name: str = "office", number: str = OURS) -> Trunk:
    options = TrunkOptions(
        TrunkDirection.OUTBOUND, name, (number,), "sip.example.com", username="desk", password=SecretStr(PASSWORD)
    )
    return await memory.create_trunk(options)


async def inbound(memory: Memory, name: str = "hotline", number: str = OURS) -> Trunk:
    return await memory.create_trunk(TrunkOptions(TrunkDirection.INBOUND, name, (number,)))


async def dialled(memory: Memory, room: RoomRef, number: str = NUMBER, identity: str = "phone-5678") -> Call:
    trunks = await memory.list_trunks() or [await outbound(memory)]
    return await memory.dial(room, DialOptions(number, trunks[0].ref.id, identity))


def last_call(workspace: Workspace) -> Call:
    return [fact.call for fact in workspace.directory.facts if isinstance(fact, CallChanged)][-1]


def assert_kept_out(*texts: object, secrets: tuple[str, ...] = (NUMBER, PASSWORD, PIN)) -> None:
    """None of these is in how those are shown, logged or kept in the clear."""
    shown = repr(texts)
    assert [secret for secret in secrets if secret in shown] == []
