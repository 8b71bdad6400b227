"""Ways into a room for the asker: `room join`."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from commands.core.reply import SECRET_MAX, Link, plain
from providers.base import Capability, Grant
from providers.errors import Unreachable
from providers.memory.provider import Memory
from tests.commands.ways_in import TEMPLATE, assert_kept_secret, claims
from tests.commands.workspace import (
    VERA,
    Workspace,
    facts_of,
    told,
)


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


async def test_a_way_in_is_signed_though_the_server_cannot_be_asked(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "slack-T1-UOLGA")
    memory.server.faults["list_participants"] = Unreachable
    assert claims(memory, told(await workspace.say("room join standup"))).sub == "slack-T1-UOLGA"


async def test_a_link_that_is_too_long_gives_way_to_the_token(memory: Memory) -> None:
    workspace = Workspace(memory, join_url=f"https://meet.test/{'x' * SECRET_MAX}?token={{token}}")
    await workspace.room("standup")
    reply = told(await workspace.say("room join standup"))
    assert claims(memory, reply).sub == "slack-T1-UOLGA"
    assert (reply.actions, reply.hint) == ((), "As a link it would be too long to show.")
