"""The video servers of a deployment."""

import pytest

from commands.core.errors import NotAllowed, UsageError
from commands.core.reply import plain
from commands.provider import ProviderUse
from providers.base import Capability
from providers.errors import Malformed, ProviderError, TimedOut, Unauthenticated, Unreachable
from providers.memory.provider import Memory
from tests.commands.workspace import ANNA, HALL, OLGA, STUDIO, Workspace, button, facts_of, refused, says, titles, told


async def test_list(workspace: Workspace) -> None:
    reply = told(await workspace.say("providers", by=ANNA))
    assert plain(reply.text) == "2 video servers are configured; this channel uses memory."
    assert titles(reply) == ["memory · used here", "annex"]
    assert [plain(item.detail) for item in reply.items] == ["memory memory://memory", "memory memory://annex"]
    used, other = (item.actions for item in reply.items)
    assert used == ()
    assert button(other, "Use here") == ProviderUse(name="annex")


async def test_use(workspace: Workspace, annex: Memory) -> None:
    reply = told(await workspace.say("provider use annex", by=ANNA))
    assert plain(reply.text) == "provider is annex in this channel from now on."
    assert titles(told(await workspace.say("provider list", by=ANNA))) == ["memory", "annex · used here"]
    told(await workspace.say("room create standup"))
    assert [room.ref.name for room in await annex.list_rooms()] == ["standup"]


async def test_use_is_for_one_channel(workspace: Workspace) -> None:
    told(await workspace.say("provider use annex", by=ANNA))
    assert titles(told(await workspace.say("provider list", place=HALL))) == ["memory · used here", "annex"]


async def test_use_is_for_admins(workspace: Workspace) -> None:
    assert isinstance(refused(await workspace.say("provider use annex", by=OLGA)), NotAllowed)
    assert await workspace.settings.get(STUDIO, "provider") is None


@pytest.mark.parametrize("line", ["provider use nowhere", "provider show nowhere"])
async def test_an_unknown_server(workspace: Workspace, line: str) -> None:
    error = refused(await workspace.say(line, by=ANNA))
    assert isinstance(error, UsageError)
    assert says(error) == ("There is no video server called “nowhere” here.", "There is memory and annex.")


async def test_show(workspace: Workspace, annex: Memory) -> None:
    reply = told(await workspace.say("provider show annex"))
    can = ", ".join(sorted(c.value.replace("_", " ") for c in Capability))
    assert plain(reply.text) == f"annex can: {can}."
    assert facts_of(reply) == {"Kind": "memory", "Answers": "yes", "Address": "memory://annex"}
    annex.lacking = frozenset(Capability) - {Capability.CREATE_ROOM}
    assert plain(told(await workspace.say("provider show annex")).text) == "annex can: create room."


async def test_show_this_channels(workspace: Workspace) -> None:
    assert facts_of(told(await workspace.say("provider show")))["Address"] == "memory://memory"


@pytest.mark.parametrize(
    ("error", "answers"),
    [
        (
            Unreachable,
            "no. The video server does not answer. Try again in a minute, and check that it runs.",
        ),
        (
            TimedOut,
            "no. The video server took too long to answer."
            " It may have done it all the same, so look before you repeat it.",
        ),
        (
            Unauthenticated,
            "no. The video server does not accept our key or secret. Ask whoever runs the bot to check them.",
        ),
        (
            Malformed,
            "no. What answered does not speak like this kind of video server."
            " Check the address that the bot was given.",
        ),
    ],
)
async def test_show_a_server_in_trouble(
    workspace: Workspace, memory: Memory, error: type[ProviderError], answers: str
) -> None:
    memory.server.faults["*"] = error
    assert facts_of(told(await workspace.say("provider show")))["Answers"] == answers
