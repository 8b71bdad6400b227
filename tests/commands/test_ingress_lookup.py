"""From what people call an ingress to that one, what looks like a key meanwhile, and what goes with its room."""

from collections.abc import AsyncIterator

import pytest

from commands.core.dispatch import Asked
from commands.core.errors import CommandError, UsageError
from commands.core.reply import Action, plain
from commands.ingress_update import IngressUpdate
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.ingresses import LIKE_LIVEKITS, live, made
from tests.commands.lines import fault
from tests.commands.workspace import Workspace, facts_of, refused, titles, told


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    """Whoever sends is live at once."""
    provider = Memory("memory", MemorySettings(recording_delay_seconds=0))
    yield provider
    await provider.aclose()


@pytest.mark.parametrize(
    "line",
    [
        "show {}",
        "delete {}",
        "key key={}",
        "delete rtmp://host.example/live/{}",
        "update {} --room x",
        "update IN_1 --name {}",
        "update standup --room {}",
        "list {}",
        "list rtmp://host.example/live/{}",
        "create rtmp standup {}",
        "create rtmp {} cam",
    ],
)
async def test_a_key_in_place_of_a_name_is_not_repeated(workspace: Workspace, memory: Memory, line: str) -> None:
    ingress = await made(workspace, memory, "rtmp standup slides")
    before = len(workspace.attempts.rows)
    try:
        error: CommandError = refused(await workspace.say(f"ingress {line.format(LIKE_LIVEKITS)}"))
    except UsageError as faulty:
        error = faulty
    told_so = f"{plain(error.what)} {plain(error.remedy)}"
    assert "This looks like a stream key. Delete your message" in told_so
    assert LIKE_LIVEKITS not in told_so + repr(workspace.attempts.rows[before:])
    assert await memory.list_ingresses() == [ingress]


async def test_what_is_there_is_no_key(workspace: Workspace, memory: Memory) -> None:
    """However it looks: an ingress is known by its room, and a room by its name."""
    await workspace.room(LIKE_LIVEKITS)
    ingress = await made(workspace, memory, f"rtmp {LIKE_LIVEKITS} cam --name KitchenCamUK")
    for called in (LIKE_LIVEKITS, "KitchenCamUK", "cam"):
        shown = told(await workspace.say(f"ingress show {called}"))
        assert facts_of(shown)["Id"] == ingress.ref.id
    assert titles(told(await workspace.say(f"ingress list {LIKE_LIVEKITS}"))) != []


async def test_a_name_counts_before_an_identity_and_that_before_a_room(workspace: Workspace, memory: Memory) -> None:
    into_room = await made(workspace, memory, "rtmp film cam-1")
    assert facts_of(told(await workspace.say("ingress show film")))["Id"] == into_room.ref.id
    by_identity = await made(workspace, memory, "rtmp standup film")
    assert facts_of(told(await workspace.say("ingress show film")))["Id"] == by_identity.ref.id
    by_name = await made(workspace, memory, "rtmp standup cam-2 --name film")
    assert facts_of(told(await workspace.say("ingress show film")))["Id"] == by_name.ref.id


async def test_what_is_cut_off_with_its_room(workspace: Workspace, memory: Memory) -> None:
    await live(workspace, memory)
    asked = await workspace.say("room close standup")
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == "End standup? Nobody is in it. What comes from cam is cut off."
    memory.server.join("standup", "ana")
    asked = await workspace.say("room close standup")
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == "End standup? This disconnects ana. What comes from cam is cut off."


@pytest.mark.parametrize(("verb", "switch"), [("enable", "--enabled"), ("disable", "--no-enabled")])
def test_what_is_a_switch_is_suggested(verb: str, switch: str) -> None:
    error = fault(f"ingress {verb} standup")
    assert plain(error.remedy) == f"Did you mean /video ingress update standup {switch}?"
    [meant] = error.actions
    assert isinstance(meant, Action)
    assert meant.command == IngressUpdate(provider="memory", ingress="standup", enabled=verb == "enable")
    assert plain(fault("ingress create").remedy).startswith("Say which: ingress create rtmp or url or whip. ")
