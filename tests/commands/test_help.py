"""Finding one's way: help made from the models, and who one is."""

from collections.abc import Collection
from typing import Annotated

import pytest
from pydantic import Field

from bot.render.limits import message_problems
from bot.render.reply import render_reply
from commands.core.base import Advanced, Arg, Internal, Role, ServerCommand
from commands.core.dispatch import missing
from commands.core.errors import HelpWanted, NothingHere
from commands.core.help import GROUPS, groups_of
from commands.core.registry import NOUN_ALIASES, Commands, all_commands
from commands.core.reply import Action, Code, Form, Reply, Strong, plain
from commands.help import Help, WhoAmI
from commands.overview import Overview
from providers.base import Backend, Capability, CreatedRoom, Room, RoomOptions
from providers.memory.provider import Memory
from tests.commands.workspace import (
    ANNA,
    NOAH,
    OLGA,
    VERA,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
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


# Help on everything


async def test_a_line_for_each_thing_that_one_wants_to_do(workspace: Workspace) -> None:
    reply = told(await workspace.say("help", by=ANNA))
    assert plain(reply.text) == "What you can ask for. /video help room create shows one in full."
    shown = lines(reply)
    assert list(shown) == [group.title for group in GROUPS]
    assert shown["Start and run a room"] == "room create, join, close, list, show and 3 more · signal send"
    assert shown["Record"] == "recording start, stop, list, show, dismiss and 6 more"
    assert plain(reply.hint) == ""


async def test_everything_fits_one_screen(workspace: Workspace) -> None:
    """A screen: a Slack window of usual size shows some 20 lines, 70 letters wide where a button stands beside them."""
    reply = told(await workspace.say("help"))
    texts = [reply.text, *(text for item in reply.items for text in (item.title, item.detail)), reply.hint]
    rows_of_buttons = -(-len(reply.actions) // 5)
    assert sum(-(-len(plain(text)) // 70) for text in texts) + rows_of_buttons <= 20


async def test_each_thing_opens_its_page(workspace: Workspace) -> None:
    first = told(await workspace.say("help", by=ANNA))
    shown = set[str]()
    for item, group in zip(first.items, GROUPS, strict=True):
        (more,) = item.actions
        assert isinstance(more, Action)
        assert more.in_place
        assert more.description == f"Help on {group.title}"
        page = told(await workspace.press(more.command, by=ANNA))
        assert page == told(await workspace.say(f"help {group.topic}", by=ANNA))
        assert plain(page.text) == f"{group.title}:"
        shown |= {plain(item.title).removeprefix("/video ").split(" [")[0] for item in page.items}
    assert {path for path in workspace.commands if not any(s.startswith(" ".join(path)) for s in shown)} == set()


def test_every_command_is_in_one_group() -> None:
    assert [path for path in all_commands() if len(groups_of(path)) != 1] == []


def test_no_group_is_called_like_a_command_or_a_noun() -> None:
    begun = {path[0] for path in all_commands().spellings} | set(NOUN_ALIASES)
    assert {group.topic for group in GROUPS} & begun == set()


def test_a_command_of_a_noun_that_nobody_sorted_is_in_no_group() -> None:
    assert groups_of(("weather", "show")) == []


async def test_what_is_wanted_most_is_done_at_once(workspace: Workspace) -> None:
    reply = told(await workspace.say("help"))
    assert labels(reply.actions) == ["Create room", "Join room", "Record", "List rooms", "What is live here"]
    assert button(reply.actions, "What is live here") == Overview()


async def test_what_the_asker_may_not_do_is_no_button(workspace: Workspace) -> None:
    offered = labels(told(await workspace.say("help", by=VERA)).actions)
    assert offered == ["Join room", "List rooms", "What is live here"]
    assert told(await workspace.say("help", by=NOAH)).actions == ()


async def test_help_lists_what_the_asker_may_do_and_says_for_whom_there_is_more(workspace: Workspace) -> None:
    shown = told(await workspace.say("help", by=VERA))
    assert lines(shown)["Record"] == "recording list, show"
    assert plain(shown.hint) == "There is more for people with the role operator or admin."
    shown = told(await workspace.say("help", by=NOAH))
    assert list(lines(shown)) == ["Settings and help"]
    assert plain(shown.hint) == "There is more for people with the role viewer, operator or admin."
    page = told(await workspace.say("help recording", by=VERA))
    assert list(lines(page)) == ["/video recording list [ROOM] [--active]", "/video recording show [RECORDING]"]
    assert plain(page.hint).startswith("archive is understood too. There is more for people with the role operator")
    assert plain(told(await workspace.say("help", by=OLGA)).hint) == "There is more for people with the role admin."


async def test_help_follows_a_role_on_one_server(workspace: Workspace) -> None:
    workspace.roles.more["UVERA"] = {"annex": Role.OPERATOR}
    assert lines(told(await workspace.say("help", by=VERA)))["Record"] == "recording list, show"
    told(await workspace.say("provider use annex", by=ANNA))
    assert (
        lines(told(await workspace.say("help", by=VERA)))["Record"]
        == "recording start, stop, list, show, dismiss and 6 more"
    )
    said = told(await workspace.say("whoami", by=VERA))
    assert facts_of(said)["On annex"] == "operator: the test said so"


async def test_what_a_server_cannot_do_is_left_out(small: Workspace) -> None:
    reply = told(await small.say("help", by=ANNA))
    shown = lines(reply)
    assert shown["Start and run a room"] == "room create, list, show"
    assert "Bring in cameras, callers, programs" not in shown
    assert "Record" not in shown
    assert labels(reply.actions) == ["Create room", "List rooms", "What is live here"]
    left_out = sum(bool(missing(command, RoomsOnly("small"))) for command in small.commands.values())
    assert plain(reply.hint) == f"small cannot do everything: {left_out} commands are left out."


async def test_why_a_server_lacks_what_is_left_out_is_said(workspace: Workspace, memory: Memory) -> None:
    memory.lacking, memory.lacking_because = frozenset({Capability.DIAL}), {Capability.DIAL: "It has no telephone."}
    hint = plain(told(await workspace.say("help in", by=ANNA)).hint)
    assert hint == "memory cannot do everything: 1 command is left out. It has no telephone."


async def test_what_stands_without_an_option_comes_first(workspace: Workspace) -> None:
    shown = facts_of(told(await workspace.say("help sip rule create", by=ANNA)))
    assert shown["Usage"].startswith("/video sip rule create KIND ROOM [--trunk TRUNK...] [--pin PIN] [--name NAME]")
    assert shown["Usage"].endswith("[--no-hide-number]")
    assert list(shown)[:3] == ["Usage", "KIND", "ROOM"]
    assert shown["--hide-number, --no-hide-number"].endswith("(yes by default)")


async def test_help_is_for_everybody(workspace: Workspace) -> None:
    assert told(await workspace.say("help", by=NOAH)).items
    assert told(await workspace.say("whoami", by=NOAH))


# Help on a noun


async def test_help_on_a_heading(workspace: Workspace) -> None:
    assert told(await workspace.say("help Settings and help")) == told(await workspace.say("help around"))


async def test_help_on_a_noun(workspace: Workspace) -> None:
    reply = told(await workspace.say("help room"))
    assert plain(reply.text) == "This is what you can do with room."
    shown = lines(reply)
    assert " ".join(line.split()[2] for line in shown) == "close create extend join keep list mute show update"
    assert shown["/video room close [ROOM]"] == "End a room and disconnect everybody in it."
    options = (
        "[--max-participants MAX_PARTICIPANTS] [--empty-timeout EMPTY_TIMEOUT] [--record] [--stop-after STOP_AFTER]"
    )
    assert shown[f"/video room create NAME {options}"] == "Create a room, or return the live one of that name."
    assert shown["/video room update [ROOM] --metadata METADATA"] == "Change a room's metadata."
    for item, path in zip(reply.items, [path for path in workspace.commands if path[0] == "room"], strict=True):
        assert button(item.actions, "More") == Help(topic=path)


async def test_help_on_a_noun_leaves_out_what_the_server_cannot_do(small: Workspace) -> None:
    reply = told(await small.say("help room"))
    assert [line.split()[2] for line in lines(reply)] == ["create", "list", "show"]
    assert plain(reply.hint) == "session is understood too. small cannot do everything: 6 commands are left out."
    assert plain(told(await small.say("help signal")).hint) == ("small cannot do everything: 1 command is left out.")


@pytest.mark.parametrize("line", ["help session", "help ROOM"])
async def test_a_noun_by_another_word(workspace: Workspace, line: str) -> None:
    assert told(await workspace.say(line)) == told(await workspace.say("help room"))


# Help on a command


async def test_help_on_a_command(workspace: Workspace) -> None:
    reply = told(await workspace.say("help token create"))
    assert plain(reply.text).splitlines()[0] == "token create: Make a token that lets one person join a room."
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
        "What the person may do: subscriber watches, publisher sends too, moderator also commands "
        "(publisher by default)"
    )
    assert facts_of(reply)["--name"] == "The name that others see"
    assert facts_of(reply)["--can-publish, --no-can-publish"] == "Whether they may send sound and picture"
    assert facts_of(reply)["--source"] == (
        "What they may send, as often as needed: camera, microphone, screen_share, screen_share_audio, all"
    )
    assert plain(reply.hint) == "For people with the role operator."
    assert labels(reply.actions) == ["Open form", "Look after people", "All help"]
    assert reply.actions[0] == Form("Open form", workspace.commands["token", "create"])


async def test_an_example_is_a_line_of_its_own_that_can_be_copied(workspace: Workspace) -> None:
    text = told(await workspace.say("help token create")).text
    assert list(text) == [
        Strong("token create"), ": ", "Make a token that lets one person join a room.",
        "\n", Code("/video token create standup"),
        "\n", Code("/video token create standup --identity guest-1 --grant subscriber --ttl 15m"),
        "\n", Code("/video token create standup --identity desk --source microphone --no-can-publish-data"),
    ]  # fmt: skip


async def test_what_else_a_command_is_called(workspace: Workspace) -> None:
    assert (
        facts_of(told(await workspace.say("help room close")))["Also typed"] == "room end, room delete, session close"
    )
    assert "Also typed" not in facts_of(told(await workspace.say("help token create")))


async def test_a_command_without_fields_is_done_at_once(workspace: Workspace) -> None:
    reply = told(await workspace.say("help whoami"))
    assert button(reply.actions, "Do it") == WhoAmI()
    assert plain(reply.hint) == "For everybody."


async def test_a_form_is_offered_to_whoever_may_send_it(workspace: Workspace) -> None:
    reply = told(await workspace.say("help room create", by=VERA))
    assert labels(reply.actions) == ["Start and run a room", "All help"]
    assert plain(reply.hint) == "For people with the role operator; you are viewer."


async def test_help_on_help(workspace: Workspace) -> None:
    reply = told(await workspace.say("help help"))
    assert plain(reply.text).splitlines()[1:] == ["/video help", "/video help room", "/video help room create"]
    assert labels(reply.actions) == ["Open form", "Settings and help", "All help"]


@pytest.mark.parametrize(
    ("line", "topic"),
    [("--help", ()), ("-h", ()), ("room --help", ("room",)), ("room create -h", ("room", "create"))],
)
async def test_the_other_ways_to_ask_for_help(workspace: Workspace, line: str, topic: tuple[str, ...]) -> None:
    with pytest.raises(HelpWanted) as wanted:
        await workspace.say(line)
    assert wanted.value.topic == topic


async def test_help_on_a_list_of_words(workspace: Workspace) -> None:
    reply = told(await workspace.say("help alert subscribe"))
    assert facts_of(reply)["Usage"] == "/video alert subscribe [KINDS...] [--room ROOM] [--severity SEVERITY]"
    assert facts_of(reply)["KINDS"] == (
        "Kinds of news; everything but people and tracks by default: room, participant, track, recording, stream, "
        "egress, ingress, sip, server"
    )
    assert facts_of(reply)["--room"] == "Only rooms with names like this, with * and ? as wildcards (* by default)"


async def test_help_hides_the_options_that_the_server_lacks(small: Workspace) -> None:
    facts = facts_of(told(await small.say("help room create")))
    assert list(facts) == ["Usage", "NAME", "--max-participants", "--provider", "Also typed"]
    assert facts["Usage"] == "/video room create NAME [--max-participants MAX_PARTICIPANTS]"
    assert plain(told(await small.say("help room create")).hint) == (
        "For people with the role operator. small cannot do everything: left out "
        "--empty-timeout, --departure-timeout, --metadata, --as-json, --record, --layout, --stop-after"
    )


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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("rom", "room"), ("recordng", "recording"), ("peple", "people"), ("partcipant dance", "participant")],
)
async def test_help_on_a_noun_or_a_group_that_is_nearly_there(workspace: Workspace, typed: str, meant: str) -> None:
    error = refused(await workspace.say(f"help {typed}"))
    assert says(error)[1] == f"Did you mean {meant}?"
    assert button(error.actions, meant) == Help(topic=(meant,))


# What Slack takes


async def test_every_page_fits_a_message_whole(workspace: Workspace) -> None:
    topics = ["", *(group.topic for group in GROUPS), *{path[0] for path in workspace.commands}]
    for topic in [*topics, *(" ".join(path) for path in workspace.commands)]:
        message = render_reply(told(await workspace.say(f"help {topic}", by=ANNA)))
        assert message_problems({"text": message.text, "blocks": message.blocks}) == [], topic
        assert "not shown" not in str(message.blocks), topic


# whoami


async def test_who_am_i(workspace: Workspace) -> None:
    reply = told(await workspace.say("whoami", by=ANNA))
    assert plain(reply.text) == "You are admin: the test said so."
    assert facts_of(reply) == {"You": "UANNA", "Workspace": "T1"}
    assert plain(told(await workspace.say("whoami", by=NOAH)).text) == "You are nobody: nobody has named you."


async def test_help_follows_the_channels_server(memory: Memory) -> None:
    workspace = Workspace(memory, RoomsOnly("small"))
    assert "Bring in cameras, callers, programs" in lines(told(await workspace.say("help", by=ANNA)))
    told(await workspace.say("provider use small", by=ANNA))
    assert "Bring in cameras, callers, programs" not in lines(told(await workspace.say("help", by=ANNA)))
