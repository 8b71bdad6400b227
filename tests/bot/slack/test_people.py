"""Who somebody is to the workspace."""

import pytest

from bot.slack.client import SlackClient
from bot.slack.errors import PersonUnreachable
from bot.slack.people import Member, People
from tests.bot.slack.conftest import Clock
from tests.bot.slack.scripted import Scripted

TEAM = "T1"


@pytest.fixture
def people(client: SlackClient, clock: Clock) -> People:
    return People(client, clock, team_id=TEAM)


def is_(api: Scripted, **user: object) -> None:
    api.answers["users.info"] = {"ok": True, "user": {"id": "U1", "team_id": TEAM, **user}}


@pytest.mark.parametrize(
    ("user", "member"),
    [
        ({}, Member("")),
        ({"is_admin": True}, Member("", is_admin=True)),
        ({"is_owner": True}, Member("", is_admin=True)),
        ({"is_primary_owner": True}, Member("", is_admin=True)),
        ({"is_restricted": True}, Member("", is_guest=True)),
        ({"is_ultra_restricted": True}, Member("", is_guest=True)),
        ({"is_stranger": True}, Member("", is_outsider=True)),
        ({"team_id": "T2"}, Member("", is_outsider=True)),
        ({"deleted": True}, Member("", is_outsider=True, is_deactivated=True)),
        ({"is_bot": True}, Member("", is_outsider=True)),
    ],
)
async def test_what_the_workspaces_own_list_says(
    api: Scripted, people: People, user: dict[str, object], member: Member
) -> None:
    is_(api, **user)
    assert await people.member("U1") == member


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
async def test_a_name_comes_with_it(api: Scripted, people: People, user: dict[str, object], name: str) -> None:
    is_(api, **user)
    assert await people.name("U1") == name
    await people.member("U1")
    assert api.methods == ["users.info"]
    assert people.seen() == {"U1": await people.member("U1")}


async def test_what_slack_said_is_kept_for_five_minutes(api: Scripted, people: People, clock: Clock) -> None:
    is_(api)
    await people.member("U1")
    is_(api, is_restricted=True)
    clock.seconds = 299
    assert not (await people.member("U1")).is_guest
    clock.seconds = 300
    assert (await people.member("U1")).is_guest
    assert api.methods == ["users.info"] * 2


async def test_what_slack_reports_is_seen_at_once(api: Scripted, people: People) -> None:
    is_(api, is_admin=True)
    assert (await people.member("U1")).is_admin
    is_(api)
    people.forget("U1")
    assert list(people.seen()) == ["U1"], "who was there is still one to choose"
    assert not (await people.member("U1")).is_admin


async def test_a_failure_is_kept_for_ten_seconds(api: Scripted, people: People, clock: Clock) -> None:
    """One answer may name somebody many times."""
    api.answers["users.info"] = {"ok": False, "error": "user_not_found"}
    with pytest.raises(PersonUnreachable):
        await people.member("U1")
    assert await people.name("U1") == ""
    assert people.seen() == {}
    assert api.methods == ["users.info"]
    is_(api, name="ana")
    clock.seconds = 10
    assert await people.name("U1") == "ana"
