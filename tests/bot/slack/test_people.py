"""Who somebody is to the bot."""

import pytest

from bot.slack.client import SlackClient
from bot.slack.people import SlackRoles
from commands.core.base import Role
from commands.core.ports import Caller
from tests.bot.slack.conftest import Clock
from tests.bot.slack.scripted import Scripted

TEAM = "T1"


@pytest.fixture
def roles(client: SlackClient, clock: Clock) -> SlackRoles:
    return SlackRoles(client, clock, team_id=TEAM, admins=["U9"], default=Role.OPERATOR)


def is_(api: Scripted, **user: object) -> None:
    api.answers["users.info"] = {"ok": True, "user": {"id": "U1", "team_id": TEAM, **user}}


@pytest.mark.parametrize(
    ("user", "role"),
    [
        ({}, Role.OPERATOR),
        ({"is_admin": True}, Role.ADMIN),
        ({"is_owner": True}, Role.ADMIN),
        ({"is_primary_owner": True}, Role.ADMIN),
        ({"is_restricted": True}, Role.VIEWER),
        ({"is_ultra_restricted": True}, Role.VIEWER),
        ({"is_stranger": True}, Role.NOBODY),
        ({"team_id": "T2"}, Role.NOBODY),
        ({"team_id": "T2", "is_admin": True}, Role.NOBODY),
        ({"deleted": True, "is_owner": True}, Role.NOBODY),
        ({"is_bot": True}, Role.NOBODY),
    ],
)
async def test_a_role_follows_from_the_workspaces_own_list(
    api: Scripted, roles: SlackRoles, user: dict[str, object], role: Role
) -> None:
    is_(api, **user)
    assert (await roles.standing(Caller(TEAM, "U1"))).role is role


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"name": "ana1", "real_name": "Ana B.", "profile": {"display_name": "ana", "real_name": "Ana B."}}, "ana"),
        ({"name": "ana1", "profile": {"display_name": "", "real_name": "Ana B."}}, "Ana B."),
        ({"name": "ana1", "real_name": "Ana B."}, "Ana B."),
        ({"name": "ana1", "profile": None}, "ana1"),
        ({}, ""),
    ],
)
async def test_a_name_comes_with_the_role(api: Scripted, roles: SlackRoles, user: dict[str, object], name: str) -> None:
    is_(api, **user)
    assert await roles.name("U1") == name
    await roles.standing(Caller(TEAM, "U1"))
    assert api.methods == ["users.info"]


async def test_a_guest_never_gets_more_than_the_default(api: Scripted, client: SlackClient, clock: Clock) -> None:
    roles = SlackRoles(client, clock, team_id=TEAM, admins=[], default=Role.NOBODY)
    is_(api, is_restricted=True)
    assert (await roles.standing(Caller(TEAM, "U1"))).role is Role.NOBODY


async def test_a_configured_admin_needs_no_question(api: Scripted, roles: SlackRoles) -> None:
    assert (await roles.standing(Caller(TEAM, "U9"))).role is Role.ADMIN
    assert api.methods == []


async def test_what_slack_said_is_kept_for_an_hour(api: Scripted, roles: SlackRoles, clock: Clock) -> None:
    is_(api)
    await roles.standing(Caller(TEAM, "U1"))
    is_(api, is_restricted=True)
    clock.seconds = 3_600
    assert (await roles.standing(Caller(TEAM, "U1"))).role is Role.OPERATOR
    clock.seconds = 3_601
    assert (await roles.standing(Caller(TEAM, "U1"))).role is Role.VIEWER
    assert api.methods == ["users.info"] * 2


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        ({"error": "user_not_found"}, "Slack does not know you"),
        ({"error": "user_not_visible"}, "Slack does not know you"),
        ({"error": "missing_scope", "needed": "users:read"}, "the app (it lacks users:read) is installed anew"),
        ({"error": "ratelimited"}, "try again in a minute"),
        ({"error": "token_revoked"}, "try again in a minute"),
    ],
)
async def test_a_refusal_says_what_helps(
    api: Scripted, roles: SlackRoles, answer: dict[str, str], because: str
) -> None:
    api.answers["users.info"] = {"ok": False, **answer}
    standing = await roles.standing(Caller(TEAM, "U1"))
    assert standing.role is Role.NOBODY
    assert because in standing.because


async def test_a_failure_allows_nothing_and_is_not_kept(api: Scripted, roles: SlackRoles) -> None:
    api.answers["users.info"] = {"ok": False, "error": "internal_error"}
    standing = await roles.standing(Caller(TEAM, "U1"))
    assert (standing.role, "Slack could not say who you are" in standing.because) == (Role.NOBODY, True)
    is_(api)
    assert (await roles.standing(Caller(TEAM, "U1"))).role is Role.OPERATOR
