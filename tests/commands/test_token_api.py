"""Tokens for programs: what they allow, and who gets one."""

from collections.abc import Mapping
from typing import Any, get_args

import jwt
import pytest

from commands.core.dispatch import Answer
from commands.core.errors import CannotDo, MissingInput, NotAllowed, UsageError
from commands.core.reply import plain
from commands.token import Allowed, TokenApi
from providers.base import ApiGrant, ApiToken, ApiTokenOptions, RoomRef
from providers.errors import Unsupported
from providers.memory import tokens
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import ANNA, OLGA, Workspace, facts_of, refused, says, told


def claims(memory: Memory, answer: Answer) -> Mapping[str, Any]:
    [secret] = told(answer).secrets
    key = memory.server.token_secret.get_secret_value()
    read: Mapping[str, Any] = jwt.decode(secret.value.get_secret_value(), key, algorithms=[tokens.ALGORITHM])
    return read


async def test_a_token_for_a_program(workspace: Workspace, memory: Memory) -> None:
    answer = await workspace.say("token api --allow list-rooms --allow create_rooms --ttl 5m", by=ANNA)
    reply = told(answer)
    assert plain(reply.text) == "A token for a program that calls memory. Keep it to yourself."
    assert plain(reply.hint) == (
        "It bypasses this bot: neither its roles nor its record apply, and nobody can take it back."
    )
    assert {name: said for name, said in facts_of(reply).items() if name != "Good until"} == {
        "May": "create rooms, list rooms",
        "Address": "memory://memory",
    }
    read = claims(memory, answer)
    assert set(read["grants"]) == {"create_rooms", "list_rooms"}
    assert read["exp"] - read["iat"] == 5 * 60
    token = reply.secrets[0].value.get_secret_value()
    assert token not in repr(answer)
    assert all(token not in repr(row) for row in workspace.attempts.rows)


async def test_an_admin_of_one_room(workspace: Workspace, memory: Memory) -> None:
    answer = await workspace.say("token api --allow admin --room standup --destination hall", by=ANNA)
    read = claims(memory, answer)
    assert (read["grants"], read["room"], read["destination"]) == (["admin"], "standup", "hall")
    facts = facts_of(told(answer))
    assert (facts["Room"], facts["Destination"]) == ("standup", "hall")


async def test_an_admin_of_this_channels_room(workspace: Workspace, memory: Memory) -> None:
    room = RoomRef("memory", "RM_1", "standup")
    assert (
        claims(memory, await workspace.say("token api --allow admin --room .", by=ANNA, room=room))["room"] == "standup"
    )


@pytest.mark.parametrize(
    ("options", "what", "field"),
    [
        ("--allow admin", "--room: Admin is for one room; say which.", "room"),
        (
            "--allow record --room standup",
            "--room: It limits admin alone; what else is allowed holds for every room.",
            "room",
        ),
        (
            "--allow record --destination hall",
            "--destination: Only admin moves people; allow that too.",
            "destination",
        ),
        ("--allow record --ttl 9s", "--ttl: A token can last from 10s to 30d.", "ttl"),
        ("--allow record --ttl 31d", "--ttl: A token can last from 10s to 30d.", "ttl"),
        (
            f"--allow admin --room {'x' * 257}",
            "--room: A room's name can be 256 bytes long; this one has 257.",
            "room",
        ),
        (
            f"--allow admin --room a --destination {'x' * 257}",
            "--destination: A room's name can be 256 bytes long; this one has 257.",
            "destination",
        ),
    ],
)
async def test_what_makes_no_sense(workspace: Workspace, options: str, what: str, field: str) -> None:
    error = refused(await workspace.say(f"token api {options}", by=ANNA))
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [(what, field)]


async def test_nothing_allowed(workspace: Workspace) -> None:
    with pytest.raises(MissingInput, match="token api needs --allow"):
        await workspace.say("token api", by=ANNA)
    with pytest.raises(UsageError, match="--allow: “everything” is not one of"):
        await workspace.say("token api --allow everything", by=ANNA)


async def test_it_is_for_admins(workspace: Workspace) -> None:
    error = refused(await workspace.say("token api --allow list_rooms", by=OLGA))
    assert isinstance(error, NotAllowed)
    assert says(error)[0] == "token api is for people with the role admin."


class Grounded(Memory):
    """Has nothing of the cloud."""

    async def create_api_token(self, options: ApiTokenOptions) -> ApiToken:
        if ApiGrant.INFERENCE in options.grants:
            raise Unsupported("inference", provider=self.name, operation="create_api_token")
        return await super().create_api_token(options)


async def test_what_this_server_lacks() -> None:
    workspace = Workspace(Grounded("memory", MemorySettings()))
    error = refused(await workspace.say("token api --allow inference --allow record", by=ANNA))
    assert isinstance(error, CannotDo)
    assert says(error) == (
        "memory does not have all of this: inference, record.",
        "Inference, observability and agents are LiveKit Cloud's; leave out what this server lacks.",
    )
    assert told(await workspace.say("token api --allow record", by=ANNA)).secrets


def test_every_grant_can_be_allowed() -> None:
    assert set(get_args(Allowed)) == set(ApiGrant)
    TokenApi(provider="memory", allow=tuple(get_args(Allowed)))


async def test_the_record_is_searched_by_both_rooms(workspace: Workspace) -> None:
    await workspace.say("token api --allow admin --room beta --destination alpha", by=ANNA)
    row = workspace.attempts.rows[-1]
    assert (row.attempt.about, row.also_about) == ("beta", "alpha")
