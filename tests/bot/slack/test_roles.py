"""Which role somebody has, and by what: every source of one, against the stand-in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest

from bot import manifest
from bot.demo.slack import StandIn, User
from bot.demo.slack.things import Channel, UserGroup
from bot.metrics import Metrics
from bot.slack.client import SlackClient
from bot.slack.groups import Groups
from bot.slack.people import People
from bot.slack.roles import SlackRoles
from bot.slack.sdk import web_client
from commands.core.access import in_words
from commands.core.base import Role
from commands.core.errors import CommandError
from commands.core.grants import Grant, Grantee, GranteeKind
from commands.core.ports import Caller, Standing
from commands.core.reply import plain
from tests.commands.ports import GrantTable, ManualClock

NOBODY, VIEWER, OPERATOR, ADMIN = Role.NOBODY, Role.VIEWER, Role.OPERATOR, Role.ADMIN
HOUR = timedelta(hours=1)


@dataclass
class House:
    """A workspace with everybody that a role can come from, and what says which they have."""

    slack: StandIn
    clock: ManualClock
    grants: GrantTable
    groups: Groups
    people: dict[str, User]
    oncall: UserGroup
    studio: Channel
    roles: SlackRoles

    async def standing(self, who: str) -> Standing:
        return await self.roles.standing(Caller(self.slack.team_id, self.people[who].id))

    async def grant(
        self, to: Grantee | str, role: Role, *, provider: str | None = None, lasts: timedelta | None = None
    ) -> Grant:
        grantee = Grantee.person(self.people[to].id) if isinstance(to, str) else to
        until = self.clock.now() + lasts if lasts is not None else None
        by = self.people["owner"].id
        return await self.grants.give(self.slack.team_id, grantee, role, provider=provider, until=until, by=by)

    @property
    def to_group(self) -> Grantee:
        return Grantee(GranteeKind.GROUP, self.oncall.id)

    @property
    def to_channel(self) -> Grantee:
        return Grantee(GranteeKind.CHANNEL, self.studio.id)

    def asked(self, *methods: str) -> int:
        return sum(call.method in methods for call in self.slack.calls)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with StandIn(manifest.load()) as slack, aiohttp.ClientSession() as session:
        workspace, clock = slack.workspace, ManualClock()
        people = {
            "owner": workspace.add_user("owner", owner=True),
            "admin": workspace.add_user("admin", admin=True),
            "named": workspace.add_user("named"),
            "member": workspace.add_user("member"),
            "guest": workspace.add_user("guest", guest=True),
            "outsider": workspace.add_user("outsider", outsider=True),
            "bot": workspace.add_user("robot", bot=True),
            "deactivated": workspace.add_user("gone", deleted=True, owner=True),
        }
        oncall = workspace.add_group("oncall", members=people.values())
        studio = workspace.add_channel("studio", members=people.values())
        web = web_client(slack.api_url, session, token=slack.bot_token)
        client = SlackClient(web, session, Metrics(), monotonic=clock.monotonic)
        grants, groups = GrantTable(clock), Groups(client, clock)
        known = People(client, clock, team_id=slack.team_id)
        roles = SlackRoles(known, groups, grants, admins=[people["named"].id], default=VIEWER)
        yield House(slack, clock, grants, groups, people, oncall, studio, roles)


BY_THEMSELVES = {
    "owner": (ADMIN, "an owner or admin of this workspace"),
    "admin": (ADMIN, "an owner or admin of this workspace"),
    "named": (ADMIN, "named as an admin in the bot's configuration"),
    "member": (VIEWER, "that is what members of this workspace are by default"),
    "guest": (VIEWER, "a guest in this workspace"),
    "outsider": (NOBODY, "not a member of this workspace"),
    "bot": (NOBODY, "not a member of this workspace"),
    "deactivated": (NOBODY, "not a member of this workspace"),
}


@pytest.mark.parametrize("who", BY_THEMSELVES)
async def test_without_a_grant(house: House, who: str) -> None:
    standing = await house.standing(who)
    assert (standing.role, standing.because) == BY_THEMSELVES[who]
    assert (standing.until, standing.more, standing.is_known) == (None, {}, True)


@pytest.mark.parametrize(
    ("who", "to_person", "to_group", "to_channel"),
    [
        ("owner", ADMIN, ADMIN, ADMIN),
        ("named", ADMIN, ADMIN, ADMIN),
        ("member", OPERATOR, OPERATOR, OPERATOR),
        ("guest", VIEWER, VIEWER, VIEWER),
        ("outsider", OPERATOR, NOBODY, NOBODY),
        ("bot", OPERATOR, NOBODY, NOBODY),
        ("deactivated", OPERATOR, NOBODY, NOBODY),
    ],
)
async def test_with_a_grant_of_operator(
    house: House, who: str, to_person: Role, to_group: Role, to_channel: Role
) -> None:
    for grantee, role in ((who, to_person), (house.to_group, to_group), (house.to_channel, to_channel)):
        given = await house.grant(grantee, OPERATOR)
        assert (await house.standing(who)).role is role, grantee
        await house.grants.take(house.slack.team_id, [given.id])
    assert (await house.standing(who)).role is BY_THEMSELVES[who][0]


async def test_where_a_granted_role_comes_from(house: House) -> None:
    await house.grant(house.to_channel, OPERATOR)
    assert plain((await house.standing("member")).because) == f"granted by owner to everybody in #{house.studio.id}"
    await house.grant(house.to_group, ADMIN)
    assert plain((await house.standing("member")).because) == "granted by owner to the user group @oncall"
    await house.grant("member", ADMIN)
    assert plain((await house.standing("member")).because) == "granted by owner"
    assert (await house.standing("member")).is_granted
    assert not (await house.standing("owner")).is_granted


async def test_a_grant_never_lowers(house: House) -> None:
    await house.grant("member", OPERATOR)
    await house.grant(house.to_group, VIEWER)
    await house.grant("owner", VIEWER)
    assert (await house.standing("member")).role is OPERATOR
    assert (await house.standing("owner")).role is ADMIN


async def test_a_guest_is_capped_on_a_single_server_too(house: House) -> None:
    await house.grant("guest", ADMIN, provider="eu")
    assert (await house.standing("guest")).on("eu").role is VIEWER


async def test_where_members_are_nobody_a_guest_can_become_a_viewer(house: House) -> None:
    roles = SlackRoles(house.roles._people, house.groups, house.grants, admins=[], default=NOBODY)
    guest = Caller(house.slack.team_id, house.people["guest"].id)
    assert (await roles.standing(guest)).role is NOBODY
    await house.grant("guest", OPERATOR)
    standing = await roles.standing(guest)
    assert (standing.role, plain(standing.because)) == (VIEWER, "granted by owner; guests are at most viewer")


async def test_on_one_server_alone(house: House) -> None:
    await house.grant("member", ADMIN, provider="eu", lasts=HOUR)
    await house.grant(house.to_group, OPERATOR, provider="us")
    await house.grant("member", VIEWER, provider="asia")
    standing = await house.standing("member")
    assert (standing.role, standing.on(None).role, standing.on("asia").role) == (VIEWER, VIEWER, VIEWER)
    assert (standing.on("eu").role, standing.on("us").role) == (ADMIN, OPERATOR)
    assert standing.on("eu").until == house.clock.now() + HOUR
    assert sorted(standing.more) == ["eu", "us"]
    await house.grant("member", ADMIN)
    assert (await house.standing("member")).more == {}


async def test_it_ends_at_that_very_moment(house: House) -> None:
    await house.grant("member", ADMIN, lasts=HOUR)
    standing = await house.standing("member")
    assert plain(in_words(standing)) == "admin: granted by owner, until 2026-11-20T13:00:00+00:00"
    house.clock.advance(HOUR - timedelta(microseconds=1))
    assert (await house.standing("member")).role is ADMIN
    house.clock.advance(timedelta(microseconds=1))
    assert (await house.standing("member")).role is VIEWER


async def test_of_two_of_one_role_the_longer_counts(house: House) -> None:
    await house.grant("member", OPERATOR, lasts=HOUR)
    await house.grant(house.to_group, OPERATOR, lasts=2 * HOUR)
    assert (await house.standing("member")).until == house.clock.now() + 2 * HOUR
    await house.grant(house.to_channel, OPERATOR)
    assert (await house.standing("member")).until is None


async def test_as_it_is_without_some_grants(house: House) -> None:
    given = await house.grant("member", ADMIN)
    caller = Caller(house.slack.team_id, house.people["member"].id)
    assert (await house.roles.standing(caller, without=[given.id])).role is VIEWER


async def test_who_leaves_a_group_or_channel_loses_what_it_gave(house: House) -> None:
    await house.grant(house.to_group, OPERATOR)
    await house.grant(house.to_channel, ADMIN)
    assert (await house.standing("member")).role is ADMIN
    house.studio.members.discard(house.people["member"].id)
    assert (await house.standing("member")).role is ADMIN, "remembered for five minutes"
    house.clock.advance(timedelta(minutes=5))
    assert (await house.standing("member")).role is OPERATOR
    house.oncall.members.discard(house.people["member"].id)
    house.groups.forget(house.oncall.id)
    assert (await house.standing("member")).role is VIEWER


@pytest.mark.parametrize("code", ["internal_error", "no_such_subteam", "missing_scope"])
async def test_where_slack_does_not_say_who_is_in_it_a_grant_does_not_count(house: House, code: str) -> None:
    await house.grant(house.to_group, ADMIN)
    house.slack.refuse("usergroups.users.list", code)
    standing = await house.standing("member")
    assert (standing.role, standing.is_known) == (VIEWER, True)
    assert plain(standing.because).endswith("by default; Slack could not say who is in @oncall")
    house.clock.advance(timedelta(seconds=10))
    assert (await house.standing("member")).role is ADMIN


async def test_only_what_makes_a_difference_is_looked_up(house: House) -> None:
    await house.grant(house.to_group, VIEWER)
    await house.grant(house.to_channel, VIEWER, provider="eu")
    for who in house.people:
        await house.standing(who)
    await house.grant("member", ADMIN)
    await house.grant(house.to_group, OPERATOR)
    await house.standing("member")
    assert house.asked("usergroups.users.list", "conversations.members") == 0


async def test_whom_slack_does_not_know_counts_by_a_grant_to_themselves(house: House) -> None:
    await house.grant("member", OPERATOR)
    house.slack.refuse("users.info", "user_not_found")
    assert (await house.standing("member")).role is OPERATOR


async def test_while_slack_is_down_nothing_is_allowed(house: House) -> None:
    await house.grant("member", OPERATOR)
    house.slack.refuse("users.info", "internal_error")
    standing = await house.standing("member")
    assert (standing.role, standing.is_known) == (NOBODY, False)
    assert "try again in a minute" in plain(standing.because)


async def test_who_could_do_it(house: House) -> None:
    async def who(role: Role, provider: str | None = None) -> str:
        return plain(await house.roles.who_has(house.slack.team_id, role, provider))

    assert await who(OPERATOR) == "an owner or admin of the workspace"
    await house.grant("guest", ADMIN)
    await house.grant("bot", ADMIN)
    await house.grant("member", OPERATOR, provider="eu")
    assert await who(OPERATOR) == "an owner or admin of the workspace", "neither a guest nor a bot can help"
    assert await who(OPERATOR, "eu") == "member"
    await house.grant(house.to_group, ADMIN)
    assert await who(OPERATOR, "eu") == "member or @oncall"
    await house.grant(house.to_channel, OPERATOR)
    await house.grant("admin", OPERATOR)
    assert await who(OPERATOR, "eu") == f"member, @oncall or anybody in #{house.studio.id}"
    assert await who(ADMIN, "eu") == "@oncall"


async def test_a_private_channel_is_not_named_to_others(house: House) -> None:
    secret = house.slack.workspace.add_channel("secret", private=True)
    await house.grant(Grantee(GranteeKind.CHANNEL, secret.id), OPERATOR)
    assert await house.roles.who_has(house.slack.team_id, OPERATOR, None) == "an owner or admin of the workspace"


async def test_who_can_be_granted_a_role(house: House) -> None:
    workspace, roles = house.slack.workspace, house.roles
    for who, most in (("member", ADMIN), ("guest", VIEWER), ("outsider", ADMIN), ("deactivated", NOBODY)):
        person = await roles.look_up(Grantee.person(house.people[who].id))
        assert person is not None
        assert (plain(person.name), person.most) == (house.people[who].name, most)
        assert person.is_outsider is (who in ("outsider", "deactivated"))
    private = workspace.add_channel("secret", private=True)
    foreign = workspace.add_channel("foreign", private=True, bot=False)
    found = [await roles.look_up(Grantee(GranteeKind.CHANNEL, c.id)) for c in (house.studio, private, foreign)]
    assert [known.is_open if known is not None else None for known in found] == [True, False, None]
    assert await roles.look_up(Grantee(GranteeKind.CHANNEL, workspace.dm(house.people["member"]).id)) is None
    assert await roles.look_up(Grantee.person("U404")) is None
    assert await roles.look_up(Grantee(GranteeKind.GROUP, "S404")) is None
    young = workspace.add_group("young")
    known = await roles.look_up(Grantee(GranteeKind.GROUP, young.id))
    assert known is not None
    assert plain(known.name) == "@young"


async def test_a_grantee_that_slack_cannot_look_up(house: House) -> None:
    house.slack.refuse("users.info", "internal_error")
    with pytest.raises(CommandError, match="Slack could not say who that is"):
        await house.roles.look_up(Grantee.person(house.people["member"].id))


@pytest.mark.parametrize(
    ("error", "because"),
    [
        ("missing_scope", "the app is installed anew"),
        ("ratelimited", "try again in a minute"),
        ("token_revoked", "try again in a minute"),
    ],
)
async def test_a_refusal_says_what_helps(house: House, error: str, because: str) -> None:
    house.slack.refuse("users.info", error)
    standing = await house.standing("member")
    assert standing.role is NOBODY
    assert because in plain(standing.because)
