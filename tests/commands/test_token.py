"""Ways into a room: `room join` for the asker, `token create` for anybody."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from commands.core.dispatch import Answer
from commands.core.errors import CannotDo, Ended, NotAllowed, NothingHere, UsageError
from commands.core.ports import KeepOut
from commands.core.reply import Form, Link, Reply, plain
from commands.room import RoomCreate
from commands.token import TokenCreate
from providers.base import Backend, Capability, Grant, Permissions, RoomOptions, TrackSource
from providers.errors import Unreachable
from providers.memory import tokens
from providers.memory.provider import Memory
from providers.memory.tokens import Claims
from tests.commands.workspace import (
    ANNA,
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

TEMPLATE = "https://meet.test/join?room={room}&token={token}&url={url}"


def claims(memory: Memory, reply: Reply) -> Claims:
    """What the token of an answer grants."""
    [secret] = reply.secrets
    return tokens.verify(memory.server.token_secret, memory.name, secret.value)


def assert_kept_secret(workspace: Workspace, answer: Answer, token: str) -> None:
    """The token is in no text, fact or button of the answer, in no row and in no repr."""
    reply = told(answer)
    written = [plain(reply.text), plain(reply.hint), *facts_of(reply).values(), *labels(reply.actions)]
    kept = [repr(row) for row in workspace.attempts.rows]
    assert all(token not in text for text in [*written, *kept, repr(answer)])


# room join


async def test_join_without_a_template(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    answer = await workspace.say("room join standup", by=VERA)
    reply = told(answer)
    assert plain(reply.text) == ("Your way into standup. Keep it to yourself: whoever has it can come in as you.")
    granted = claims(memory, reply)
    assert (granted.sub, granted.name, granted.room) == ("slack-T1-UVERA", "Vera", "standup")
    assert granted.grant is Grant.PUBLISHER
    assert facts_of(reply) == {
        "Identity": "slack-T1-UVERA",
        "May": "publisher",
        "Good until": datetime.fromtimestamp(granted.exp, UTC).isoformat(timespec="seconds"),
        "Address": "memory://memory",
    }
    assert reply.hint == "Whoever runs this bot can set SHOWCALLER_JOIN_URL to make this a link."
    assert reply.actions == ()
    assert_kept_secret(workspace, answer, reply.secrets[0].value.get_secret_value())


async def test_join_with_a_template(memory: Memory) -> None:
    workspace = Workspace(memory, join_url=TEMPLATE)
    await workspace.room("Q3 & more/#1")
    answer = await workspace.say('join "Q3 & more/#1"')
    reply = told(answer)
    assert reply.secrets == ()
    assert reply.hint == ""
    assert "Address" not in facts_of(reply)
    [link] = reply.actions
    assert isinstance(link, Link)
    assert link.label == "Join"
    parts = urlsplit(link.url.get_secret_value())
    filled = {name: value for name, [value] in parse_qs(parts.query).items()}
    assert (parts.netloc, filled["room"], filled["url"]) == ("meet.test", "Q3 & more/#1", "memory://memory")
    assert memory.server.join_with(link.url.__class__(filled["token"])).identity == "slack-T1-UOLGA"
    assert_kept_secret(workspace, answer, filled["token"])


async def test_a_name_in_the_path_of_a_link_is_one_part_of_it(memory: Memory) -> None:
    workspace = Workspace(memory, join_url="https://meet.test/{room}/in#{token}")
    await workspace.room("../a b/c?d")
    [link] = told(await workspace.say('join "../a b/c?d"')).actions
    assert isinstance(link, Link)
    assert link.url.get_secret_value().startswith("https://meet.test/..%2Fa%20b%2Fc%3Fd/in#")


async def test_an_identity_that_is_in_the_room_gets_a_number(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    identities = []
    for _ in range(3):
        granted = claims(memory, told(await workspace.say("room join standup")))
        memory.server.join("standup", granted.sub)
        identities.append(granted.sub)
    assert identities == ["slack-T1-UOLGA", "slack-T1-UOLGA-2", "slack-T1-UOLGA-3"]
    memory.server.leave("standup", "slack-T1-UOLGA-2")
    assert claims(memory, told(await workspace.say("room join standup"))).sub == "slack-T1-UOLGA-2"


async def test_an_identity_is_not_numbered_where_nobody_can_look(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "slack-T1-UOLGA")
    memory.lacking = frozenset({Capability.LIST_PARTICIPANTS})
    assert claims(memory, told(await workspace.say("room join standup"))).sub == "slack-T1-UOLGA"


# token create


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


# Who is in the room already, and who is kept out


async def test_an_identity_that_is_in_the_room(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "guest-1")
    reply = told(await workspace.say("token create standup --identity guest-1"))
    assert plain(reply.hint) == "guest-1 is in the room; whoever joins with this token throws them out."
    assert claims(memory, reply).sub == "guest-1"
    other = told(await workspace.say("token create standup --identity guest-2"))
    assert "throws" not in plain(other.hint)


async def test_a_token_is_signed_though_nobody_can_look(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.faults["list_participants"] = Unreachable
    assert told(await workspace.say("token create standup --identity guest-1")).secrets


async def keep_out(workspace: Workspace, identity: str, hours: int = 1) -> None:
    until = workspace.clock.now() + timedelta(hours=hours)
    await workspace.keep_outs.add(TEAM, KeepOut("memory", "standup", identity, until, ANNA.user_id))


async def test_no_token_for_somebody_who_is_kept_out(workspace: Workspace) -> None:
    await workspace.room("standup")
    await keep_out(workspace, "guest-1")
    error = refused(await workspace.say("token create standup --identity guest-1"))
    assert isinstance(error, NotAllowed)
    assert says(error) == (
        "guest-1 is kept out of standup until 2026-11-20T13:00:00+00:00.",
        "@UANNA said so. Let them back in first.",
    )
    told(await workspace.press(button(error.actions, "Let back in")))
    told(await workspace.say("token create standup --identity guest-1"))


async def test_no_way_in_for_oneself_while_kept_out(workspace: Workspace) -> None:
    await workspace.room("standup")
    await keep_out(workspace, "slack-T1-UOLGA")
    error = refused(await workspace.say("room join standup"))
    assert isinstance(error, NotAllowed)
    assert says(error) == (
        "You are kept out of standup until 2026-11-20T13:00:00+00:00.",
        "@UANNA said so; ask them to let you back in.",
    )
    assert isinstance(refused(await workspace.say("token create standup")), NotAllowed)
    assert told(await workspace.say("room join standup", by=VERA)).secrets
    told(await workspace.say("room create hall"))
    assert told(await workspace.say("room join hall")).secrets
    workspace.clock.advance(timedelta(hours=1))
    assert told(await workspace.say("room join standup")).secrets


async def test_whoever_is_kept_out_is_so_by_each_of_their_identities(workspace: Workspace) -> None:
    await workspace.room("standup")
    await keep_out(workspace, "slack-T1-UOLGA-2", hours=2)
    await keep_out(workspace, "slack-T1-UOLGA-3")
    await keep_out(workspace, "slack-T1-UVERA-vase", hours=3)
    assert "14:00" in says(refused(await workspace.say("room join standup")))[0]
    assert "14:00" in says(refused(await workspace.say("token create standup")))[0]
    assert told(await workspace.say("room join standup", by=VERA)).secrets


async def test_a_room_that_is_made_on_join_keeps_them_out_too(workspace: Workspace) -> None:
    await keep_out(workspace, "guest-1")
    assert isinstance(refused(await workspace.say("token create standup --identity guest-1")), NotAllowed)


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
