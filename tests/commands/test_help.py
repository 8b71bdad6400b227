"""Finding one's way: the overview, help made from the models, and who one is."""

from collections.abc import Collection
from typing import Annotated

import pytest
from pydantic import Field

from commands.core.base import Advanced, Arg, Internal, ServerCommand
from commands.core.dispatch import missing
from commands.core.errors import NotAllowed, NothingHere
from commands.core.registry import Commands
from commands.core.reply import Action, Form, Reply, plain
from commands.help import Help
from commands.room import RoomCreate, RoomList, RoomShow
from providers.base import Backend, Capability, CreatedRoom, Room, RoomOptions
from providers.memory.provider import Memory
from tests.commands.workspace import (
    ANNA,
    HALL,
    NOAH,
    TEAM,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
    titles,
    told,
)


class RoomsOnly(Backend):
    """Makes and lists rooms, with a limit on how many may be in one, and can do nothing else."""

    kind = "rooms"
    options = frozenset({Capability.MAX_PARTICIPANTS})

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        raise AssertionError("help asks nothing of a server")

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        raise AssertionError("help asks nothing of a server")


@pytest.fixture
def small() -> Workspace:
    """A workspace whose only video server can do little."""
    return Workspace(RoomsOnly("small"))


def lines(reply: Reply) -> dict[str, str]:
    return {plain(item.title): plain(item.detail) for item in reply.items}


# The overview


async def test_nothing_is_live_here(workspace: Workspace) -> None:
    await workspace.room("standup", place=HALL)
    reply = told(await workspace.say(""))
    assert reply.text == "Nothing is live in this channel."
    assert reply.items == ()
    assert reply.actions == (
        Form("Create room", RoomCreate),
        Action("List rooms", RoomList(provider="memory")),
        Action("Help", Help()),
    )


async def test_what_is_live_here(workspace: Workspace) -> None:
    old = await workspace.room("old")
    workspace.directory.end(TEAM, old)
    first, second = await workspace.room("first"), await workspace.room("second")
    reply = told(await workspace.say("overview"))
    assert reply.text == "Live in this channel:"
    assert titles(reply) == ["second", "first"]
    assert [plain(item.detail) for item in reply.items] == ["memory", "memory"]
    assert [button(item.actions, "Show") for item in reply.items] == [
        RoomShow(provider="memory", room=room.name, room_id=room.id) for room in (second, first)
    ]


async def test_a_guest_sees_nothing(workspace: Workspace) -> None:
    assert isinstance(refused(await workspace.say("", by=NOAH)), NotAllowed)


# Help on everything


async def test_one_line_for_each_noun(workspace: Workspace) -> None:
    reply = told(await workspace.say("help"))
    assert plain(reply.text) == "What you can ask for. /video help room create shows one command in full."
    assert lines(reply) == {
        "/video alert": "list, subscribe, unsubscribe",
        "/video help": "Show what you can ask for, or one command in full.",
        "/video overview": "Show what is live in this channel, with the usual next steps.",
        "/video participant": "admit, forward, list, move, mute, remove, show, unmute, update",
        "/video provider": "list, show, use",
        "/video recording": "list, start, stop",
        "/video room": "close, create, join, list, mute, show, update",
        "/video signal": "send",
        "/video token": "api, create",
        "/video track": "list, subscribe, unsubscribe",
        "/video whoami": "Say which role you have here, and where it comes from.",
    }
    assert reply.hint == ""


async def test_what_a_server_cannot_do_is_left_out(small: Workspace) -> None:
    reply = told(await small.say("help"))
    shown = lines(reply)
    assert shown["/video room"] == "create, list, show"
    assert "/video token" not in shown
    assert "/video recording" not in shown
    assert "/video track" not in shown
    left_out = sum(bool(missing(command, RoomsOnly("small"))) for command in small.commands.values())
    assert reply.hint == f"small cannot do everything: {left_out} commands are left out."


async def test_help_is_for_everybody(workspace: Workspace) -> None:
    assert told(await workspace.say("help", by=NOAH)).items
    assert told(await workspace.say("whoami", by=NOAH))


# Help on a noun


async def test_help_on_a_noun(workspace: Workspace) -> None:
    reply = told(await workspace.say("help room"))
    assert plain(reply.text) == "What you can do with room:"
    assert lines(reply) == {
        "/video room close [ROOM]": "End a room and disconnect everybody in it.",
        "/video room create NAME [--max-participants MAX_PARTICIPANTS] [--empty-timeout EMPTY_TIMEOUT] [--record]": (
            "Create a room, or return the live one of that name."
        ),
        "/video room join [ROOM]": "Get your own way into a room.",
        "/video room list [PATTERN]": "List the live rooms, this channel's first.",
        "/video room mute [ROOM] [--except EXCEPT...] [--audio] [--video]": (
            "Mute everybody in a room. Recorders and other machines are left alone."
        ),
        "/video room show [ROOM]": "Show one room: who is in it, and what runs.",
        "/video room update [ROOM] --metadata METADATA": "Change a room's metadata.",
    }


async def test_help_on_a_noun_leaves_out_what_the_server_cannot_do(small: Workspace) -> None:
    reply = told(await small.say("help room"))
    assert [line.split()[2] for line in lines(reply)] == ["create", "list", "show"]
    assert reply.hint == "small cannot do everything: 4 commands are left out."
    assert told(await small.say("help signal")).hint == "small cannot do everything: 1 command is left out."


@pytest.mark.parametrize("line", ["help session", "help ROOM"])
async def test_a_noun_by_another_word(workspace: Workspace, line: str) -> None:
    assert told(await workspace.say(line)) == told(await workspace.say("help room"))


# Help on a command


async def test_help_on_a_command(workspace: Workspace) -> None:
    reply = told(await workspace.say("help token create"))
    assert plain(reply.text) == "token create: Make a token that lets one person join a room."
    assert list(facts_of(reply)) == [
        "Usage", "ROOM", "--identity", "--grant", "--ttl", "--name", "--can-publish, --no-can-publish",
        "--can-subscribe, --no-can-subscribe", "--can-publish-data, --no-can-publish-data", "--source",
        "--can-update-metadata, --no-can-update-metadata", "--can-subscribe-metrics, --no-can-subscribe-metrics",
        "--can-manage-agent-session, --no-can-manage-agent-session", "--hidden, --no-hidden", "--metadata",
        "--as-json", "--attribute", "--provider",
    ]  # fmt: skip
    assert facts_of(reply)["Usage"] == (
        "/video token create [ROOM] [--identity IDENTITY] [--grant GRANT] [--ttl TTL] [--name NAME]"
    )
    assert facts_of(reply)["--ttl"] == "How long the token admits, such as 15m or 8h (1h by default)"
    assert facts_of(reply)["--grant"] == (
        "What the person may do: watch, send too, or also command others: "
        "subscriber, publisher, moderator (publisher by default)"
    )
    assert facts_of(reply)["--name"] == "The name that others see"
    assert facts_of(reply)["--can-publish, --no-can-publish"] == "Whether they may send sound and picture"
    assert facts_of(reply)["--source"] == (
        "What they may send, as often as needed: camera, microphone, screen_share, screen_share_audio, all"
    )
    assert titles(reply) == [
        "/video token create standup",
        "/video token create standup --identity guest-1 --grant subscriber --ttl 15m",
        "/video token create standup --identity desk --source microphone --no-can-publish-data",
    ]
    assert reply.hint == "For people with the role operator."


async def test_help_on_a_list_of_words(workspace: Workspace) -> None:
    reply = told(await workspace.say("help alert subscribe"))
    assert facts_of(reply)["Usage"] == "/video alert subscribe [KINDS...] [--room ROOM]"
    assert facts_of(reply)["KINDS"] == "room, recording, or both; all kinds by default: room, recording"
    assert facts_of(reply)["--room"] == "Only rooms with names like this, with * and ? as wildcards (* by default)"


async def test_help_hides_the_options_that_the_server_lacks(small: Workspace) -> None:
    facts = facts_of(told(await small.say("help room create")))
    assert list(facts) == ["Usage", "NAME", "--max-participants", "--provider"]
    assert facts["Usage"] == "/video room create NAME [--max-participants MAX_PARTICIPANTS]"


async def test_help_says_that_the_server_cannot_do_it(small: Workspace) -> None:
    reply = told(await small.say("help room close"))
    assert plain(reply.hint) == (
        "For people with the role operator. The video server small cannot do this: close room."
    )


class Odd(ServerCommand, path="odd make"):
    """Make something odd. Registered nowhere: its fields stand in an unusual order."""

    rare: Annotated[str, Advanced()] = Field("", description="Rarely wanted")
    usual: Arg[str] = Field(description="Always wanted")
    number: Annotated[int, Internal()] = Field(0, description="Never seen")


async def test_the_rare_comes_last_and_the_internal_not_at_all(memory: Memory) -> None:
    reply = told(await Workspace(memory, commands=Commands([Help, Odd])).say("help odd make"))
    assert list(facts_of(reply)) == ["Usage", "USUAL", "--rare", "--provider"]
    assert facts_of(reply)["Usage"] == "/video odd make USUAL"


@pytest.mark.parametrize("line", ["help join", "help room end", "help session create", "help alerts"])
async def test_a_command_by_another_word(workspace: Workspace, line: str) -> None:
    ours = {"join": "room join", "room end": "room close", "session create": "room create", "alerts": "alert list"}
    words = line.removeprefix("help ")
    assert told(await workspace.say(line)) == told(await workspace.say(f"help {ours[words]}"))


async def test_help_on_every_command_says_no_python(workspace: Workspace) -> None:
    for path in workspace.commands:
        reply = told(await workspace.say(f"help {' '.join(path)}"))
        text = repr(reply)
        assert "Pydantic" not in text, path
        assert "None" not in "".join(facts_of(reply).values()), path


# Help on nothing


async def test_help_on_what_is_not_there(workspace: Workspace) -> None:
    error = refused(await workspace.say("help weather"))
    assert isinstance(error, NothingHere)
    assert says(error) == ("There is no help on weather.", "See /video help for what there is.")
    assert error.actions == ()


async def test_help_on_what_is_nearly_there(workspace: Workspace) -> None:
    error = refused(await workspace.say("help rom craete"))
    assert says(error) == ("There is no help on rom craete.", "Did you mean room create?")
    assert labels(error.actions) == ["room create"]
    assert button(error.actions, "room create") == Help(topic=("room", "create"))


# whoami


async def test_who_am_i(workspace: Workspace) -> None:
    reply = told(await workspace.say("whoami", by=ANNA))
    assert plain(reply.text) == "You are admin: the test said so."
    assert facts_of(reply) == {"You": "UANNA", "Workspace": "T1"}
    assert plain(told(await workspace.say("whoami", by=NOAH)).text) == "You are nobody: nobody has named you."


async def test_help_follows_the_channels_server(memory: Memory) -> None:
    workspace = Workspace(memory, RoomsOnly("small"))
    assert "/video token" in lines(told(await workspace.say("help")))
    told(await workspace.say("provider use small", by=ANNA))
    assert "/video token" not in lines(told(await workspace.say("help")))
