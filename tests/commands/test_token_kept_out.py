"""Who is in the room already, and who is kept out: what that means for ways in."""

from datetime import timedelta

import pytest

from commands.core.errors import NotAllowed
from commands.core.ports import KeepOut
from commands.core.reply import plain
from providers.errors import Unreachable
from providers.memory.provider import Memory
from tests.commands.ways_in import claims
from tests.commands.workspace import (
    ANNA,
    TEAM,
    VERA,
    Workspace,
    button,
    refused,
    says,
    told,
)


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
    reply = told(await workspace.say("token create standup"))
    assert claims(memory, reply).sub == "slack-T1-UOLGA"
    assert plain(reply.hint) == (
        "I could not see who is in the room: if you are in it already, this token throws you out there."
    )


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
        "@UANNA said so. Another operator or an admin can let you back in.",
    )
    error = refused(await workspace.say("token create standup"))
    assert isinstance(error, NotAllowed)
    assert says(error) == (
        "You are kept out of standup until 2026-11-20T13:00:00+00:00.",
        "@UANNA said so. Another operator or an admin can let you back in.",
    )
    assert error.actions == ()
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


@pytest.mark.parametrize("kept", ["slack-T1-UVERA", "slack-T1-UVERA-2"])
@pytest.mark.parametrize("asked", ["slack-T1-UVERA", "slack-T1-UVERA-3"])
async def test_no_token_for_a_sibling_of_who_is_kept_out(workspace: Workspace, kept: str, asked: str) -> None:
    await workspace.room("standup")
    await keep_out(workspace, kept)
    assert isinstance(refused(await workspace.say(f"token create standup --identity {asked}")), NotAllowed)
    assert told(await workspace.say("token create standup --identity slack-T1-UVERAX-3")).secrets


async def test_an_admin_lets_themselves_back_in(workspace: Workspace) -> None:
    await workspace.room("standup")
    await keep_out(workspace, "slack-T1-UANNA")
    error = refused(await workspace.say("token create standup", by=ANNA))
    told(await workspace.press(button(error.actions, "Let back in"), by=ANNA))
    assert told(await workspace.say("token create standup", by=ANNA)).secrets


async def test_a_room_that_is_made_on_join_keeps_them_out_too(workspace: Workspace) -> None:
    await keep_out(workspace, "guest-1")
    assert isinstance(refused(await workspace.say("token create standup --identity guest-1")), NotAllowed)


async def test_a_mention_is_the_identity_of_that_person(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say("token create standup --identity @UVERA"))
    assert claims(memory, reply).sub == "slack-T1-UVERA"
    await keep_out(workspace, "slack-T1-UVERA")
    assert isinstance(refused(await workspace.say("token create standup --identity @UVERA")), NotAllowed)


async def test_join_says_so_where_nobody_could_look(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.faults["list_participants"] = Unreachable
    reply = told(await workspace.say("room join standup", by=VERA))
    assert claims(memory, reply).sub == "slack-T1-UVERA"
    assert plain(reply.hint).startswith("I could not see who is in the room")
