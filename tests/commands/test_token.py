"""Ways into a room for anybody: `token create`."""

from datetime import timedelta

import pytest

from commands.core.errors import CannotDo, Ended, NotAllowed, NothingHere, UsageError
from commands.core.reply import Form, Person, plain
from commands.room import RoomCreate
from commands.token import TokenCreate
from providers.base import Backend, Capability, Grant, Permissions, RoomOptions, TrackSource
from providers.memory.provider import Memory
from tests.commands.ways_in import TEMPLATE, assert_kept_secret, claims
from tests.commands.workspace import (
    ENDED,
    OLGA,
    TEAM,
    VERA,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
    told,
)


async def test_create_for_oneself(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    answer = await workspace.say("token create standup")
    granted = claims(memory, told(answer))
    assert (granted.sub, granted.name, granted.grant) == ("slack-T1-UOLGA", "Olga", Grant.PUBLISHER)
    assert granted.exp - granted.iat == 3600
    assert_kept_secret(workspace, answer, told(answer).secrets[0].value.get_secret_value())


async def test_create_for_somebody_else(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    line = "token create standup --identity guest-1 --grant subscriber --ttl 15m --metadata m --attribute role=host"
    granted = claims(memory, told(await workspace.say(line)))
    assert (granted.sub, granted.name, granted.grant) == ("guest-1", "", Grant.SUBSCRIBER)
    assert granted.exp - granted.iat == 15 * 60
    assert (granted.metadata, granted.attributes) == ("m", {"role": "host"})


@pytest.mark.parametrize("identity", ["@UANNA", "slack-T1-UANNA"])
async def test_create_for_somebody_of_the_workspace(workspace: Workspace, memory: Memory, identity: str) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say(f"token create standup --identity {identity}"))
    assert list(reply.text)[-2:] == [Person("UANNA"), "."]
    assert plain(reply.text).endswith("whoever has it can come in as @UANNA.")
    assert (claims(memory, reply).sub, claims(memory, reply).name) == ("slack-T1-UANNA", "")


async def test_create_with_a_display_name(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    granted = claims(memory, told(await workspace.say('token create standup --identity g --name "The guest"')))
    assert (granted.sub, granted.name) == ("g", "The guest")


@pytest.mark.parametrize("identity", ["the guest", "Bob's “one”", "🎬", "<!channel>", 'a"b'])
async def test_an_odd_identity(workspace: Workspace, memory: Memory, identity: str) -> None:
    await workspace.room("standup")
    reply = told(await workspace.press(TokenCreate(provider="memory", room="standup", identity=identity)))
    assert claims(memory, reply).sub == identity


async def test_metadata_that_looks_like_json(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say("token create standup --metadata {x}"))
    assert claims(memory, reply).metadata == "{x}"
    assert plain(reply.hint).startswith("It begins like JSON and is none")


# Permissions


@pytest.mark.parametrize(
    ("options", "granted", "may"),
    [
        (
            "--no-can-publish-data --can-update-metadata",
            Permissions(can_publish_data=False, can_update_metadata=True),
            "publisher: send sound and picture, receive from others, change their own name and metadata",
        ),
        (
            "--grant subscriber --can-publish-data=yes --hidden",
            Permissions(can_publish=False, hidden=True),
            "subscriber: receive from others, send messages, stay unseen by the others",
        ),
        (
            "--source camera --source=screen-share",
            Permissions(sources=(TrackSource.CAMERA, TrackSource.SCREEN_SHARE)),
            "publisher: send camera, screen share, receive from others, send messages",
        ),
        (
            "--grant subscriber --source microphone --can-subscribe=no",
            Permissions(can_subscribe=False, can_publish_data=False, sources=(TrackSource.MICROPHONE,)),
            "subscriber: send microphone",
        ),
        (
            "--source all --can-subscribe-metrics",
            Permissions(can_subscribe_metrics=True),
            "publisher: send sound and picture, receive from others, send messages, read measurements of connections",
        ),
        (
            "--can-publish=no",
            Permissions(can_publish=False),
            "publisher: receive from others, send messages",
        ),
    ],
)
async def test_single_permissions(
    workspace: Workspace, memory: Memory, options: str, granted: Permissions, may: str
) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say(f"token create standup {options}"))
    assert claims(memory, reply).permissions == granted
    assert facts_of(reply)["May"] == may


async def test_where_the_server_knows_no_single_permissions(workspace: Workspace, memory: Memory) -> None:
    memory.lacking = frozenset({Capability.TOKEN_PERMISSIONS})
    error = refused(await workspace.say("token create standup --hidden"))
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [("--hidden: memory cannot do this.", "hidden")]
    assert "--hidden" not in facts_of(told(await workspace.say("help token create")))


async def test_a_viewer_makes_no_tokens(workspace: Workspace) -> None:
    await workspace.room("standup")
    assert isinstance(refused(await workspace.say("token create standup", by=VERA)), NotAllowed)


@pytest.mark.parametrize(
    ("command", "what", "field"),
    [
        (
            TokenCreate(provider="memory", room="a", ttl=timedelta(days=3650)),
            "--ttl: A token can last from 10s to 30d.",
            "ttl",
        ),
        (
            TokenCreate(provider="memory", room="a", ttl=timedelta(seconds=9)),
            "--ttl: A token can last from 10s to 30d.",
            "ttl",
        ),
        (
            TokenCreate(provider="memory", room="a", identity="x" * 257),
            "--identity: An identity can be 256 bytes long; this one has 257.",
            "identity",
        ),
        (
            TokenCreate(provider="memory", room="a", identity="a\nb"),
            "--identity: An identity cannot hold control characters or line breaks.",
            "identity",
        ),
        (
            TokenCreate(provider="memory", room="a", metadata="x" * 65_537),
            "--metadata: Metadata can have 65,536 bytes; this has 65,537.",
            "metadata",
        ),
        (
            TokenCreate(provider="memory", room="a", metadata="{x}", as_json=True),
            "--metadata: It is not JSON: a name in double quotes is missing at character 2.",
            "metadata",
        ),
        (
            TokenCreate(provider="memory", room="a", name="x\ny"),
            "--name: A display name cannot hold control characters or line breaks.",
            "name",
        ),
        (
            TokenCreate(provider="memory", room="a", attribute={"k": "x" * 65_536}),
            "--attribute: Attributes can have 65,536 bytes; this has 65,537.",
            "attribute",
        ),
        (
            TokenCreate(provider="memory", room="a", can_publish=False, source=("camera",)),
            "--source: Who may not publish has no sources; leave one of the two out.",
            "source",
        ),
        (
            TokenCreate(provider="memory", room="a", source=("camera", "all")),
            "--source: All sources include the others; name all of them or those that are meant.",
            "source",
        ),
    ],
)
async def test_what_the_server_would_not_take(
    workspace: Workspace, command: TokenCreate, what: str, field: str
) -> None:
    error = refused(await workspace.press(command))
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [(what, field)]


@pytest.mark.parametrize(
    ("command", "what", "field"),
    [
        (TokenCreate(provider="memory", room="standup", metadata="x" * 3_000), "metadata", "metadata"),
        (TokenCreate(provider="memory", room="standup", attribute={"k": "x" * 3_000}), "attributes", "attribute"),
    ],
)
@pytest.mark.parametrize("template", [None, TEMPLATE])
async def test_a_token_too_long_to_be_shown(
    memory: Memory, template: str | None, command: TokenCreate, what: str, field: str
) -> None:
    workspace = Workspace(memory, join_url=template)
    await workspace.room("standup")
    error = refused(await workspace.press(command))
    assert isinstance(error, UsageError)
    [problem] = error.problems
    assert problem.field == field
    assert problem.text.startswith(f"With this {what} the token has ")
    assert problem.text.endswith(" characters; 2,500 can be shown.")
    assert plain(error.remedy) == "Make it without, and use /video participant update once they have joined."


@pytest.mark.parametrize("ttl", ["10s", "30d"])
async def test_the_shortest_and_the_longest_token(workspace: Workspace, ttl: str) -> None:
    await workspace.room("standup")
    assert told(await workspace.say(f"token create standup --ttl {ttl}")).secrets


# A room that is not there


async def test_a_room_that_is_made_on_join(workspace: Workspace, memory: Memory) -> None:
    reply = told(await workspace.say("token create soon"))
    assert plain(reply.hint) == "There is no room soon yet; the server makes it when the first person joins."
    assert claims(memory, reply).room == "soon"
    assert await memory.list_rooms() == []
    assert memory.server.join_with(reply.secrets[0].value).identity == "slack-T1-UOLGA"


async def test_a_note_stands_beside_a_link_too(memory: Memory) -> None:
    reply = told(await Workspace(memory, join_url=TEMPLATE).say("token create soon"))
    assert plain(reply.hint).startswith("There is no room soon yet")


async def test_a_name_that_no_room_can_have(workspace: Workspace) -> None:
    error = refused(await workspace.press(TokenCreate(provider="memory", room="a\nb")))
    assert isinstance(error, NothingHere)
    assert says(error) == ("A room's name cannot hold control characters or line breaks.", "Choose another name.")


async def test_a_room_that_has_to_be_made_first(workspace: Workspace, memory: Memory) -> None:
    memory.lacking = frozenset({Capability.ROOM_MADE_ON_JOIN})
    error = refused(await workspace.say("token create soon"))
    assert isinstance(error, NothingHere)
    assert says(error)[0] == "There is no room soon on memory."
    assert error.actions == (Form("Create room", RoomCreate, (("name", "soon"), ("provider", "memory"))),)


async def test_a_room_that_is_elsewhere_is_offered_first(workspace: Workspace, memory: Memory) -> None:
    told(await workspace.say("room create soon --provider annex"))
    memory.lacking = frozenset({Capability.ROOM_MADE_ON_JOIN})
    error = refused(await workspace.say("token create soon"))
    assert labels(error.actions) == ["On annex", "Create room"]
    assert button(error.actions, "On annex") == TokenCreate(provider="annex", room="soon")


@pytest.mark.parametrize("identity", [None, "guest-1"])
async def test_a_button_of_an_earlier_life(workspace: Workspace, memory: Memory, identity: str | None) -> None:
    first = await workspace.room("standup")
    await memory.close_room(first)
    workspace.directory.end(TEAM, first)
    await memory.create_room("standup", RoomOptions())
    command = TokenCreate(provider="memory", room="standup", room_id=first.id, identity=identity)
    error = refused(await workspace.press(command))
    assert isinstance(error, Ended)
    assert says(error) == ENDED


class Tokenless(Backend):
    kind = "tokenless"


async def test_a_server_that_makes_no_tokens() -> None:
    answer = await Workspace(Tokenless("plain")).press(TokenCreate(provider="plain", room="a"), by=OLGA)
    error = refused(answer)
    assert isinstance(error, CannotDo)
    assert says(error) == (
        "The video server plain cannot do this: create token.",
        "None that is configured here can; /video provider show says what this one can do.",
    )
