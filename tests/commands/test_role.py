"""Granting roles, taking them away, and looking who has which."""

from datetime import timedelta

import pytest

from commands.core.attempts import Outcome
from commands.core.base import Role
from commands.core.dispatch import Asked
from commands.core.errors import CommandError, NotAllowed, NothingHere, UsageError
from commands.core.grants import Grantee, GranteeKind, KnownGrantee
from commands.core.moments import CHANNEL_TIMEZONE
from commands.core.reply import Channel, Moment, Strong, plain
from commands.role import RoleList, RoleRevoke
from tests.commands.workspace import (
    ANNA,
    OLGA,
    STUDIO,
    VERA,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
    titles,
    told,
)

ANA, GUS = Grantee.person("UANA"), Grantee.person("UGUS")
ONCALL, OPEN = Grantee(GranteeKind.GROUP, "SONCALL"), Grantee(GranteeKind.CHANNEL, "COPEN")


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    workspace.roles.known = {
        ANA: KnownGrantee((Strong("ana"),)),
        GUS: KnownGrantee((Strong("gus"),), most=Role.VIEWER),
        ONCALL: KnownGrantee((Strong("@oncall"),)),
        OPEN: KnownGrantee((Channel("COPEN"),), is_open=True),
        Grantee.person("UANNA"): KnownGrantee((Strong("Anna"),)),
    }
    return workspace


async def test_grant(workspace: Workspace) -> None:
    reply = told(await workspace.say("role grant @UANA operator", by=ANNA))
    assert plain(reply.text) == "From now on ana is operator."
    [given] = await workspace.grants.holding("T1")
    assert (given.grantee, given.role, given.provider, given.until, given.by) == (
        ANA, Role.OPERATOR, None, None, "UANNA",
    )  # fmt: skip
    assert button(reply.actions, "Revoke") == RoleRevoke(who="@UANA", number=given.id)
    assert button(reply.actions, "List roles") == RoleList()


async def test_grant_on_one_server_and_for_a_time(workspace: Workspace) -> None:
    reply = told(await workspace.say("role grant @SONCALL admin --provider annex --until 2h", by=ANNA))
    until = workspace.clock.now() + timedelta(hours=2)
    assert reply.text == (
        *("From now on ", "everybody in ", Strong("@oncall"), " is ", Strong("admin")),
        *(" on ", reply.text[6], ", until ", Moment(until), "."),
    )
    [given] = await workspace.grants.holding("T1")
    assert (given.provider, given.until) == ("annex", until)


async def test_the_end_is_in_the_time_zone_of_the_channel(workspace: Workspace) -> None:
    await workspace.settings.put(STUDIO, CHANNEL_TIMEZONE, "Europe/Berlin", by="U1")
    told(await workspace.say('role grant @UANA operator --until "2026-12-01 18:00"', by=ANNA))
    [given] = await workspace.grants.holding("T1")
    assert given.until is not None
    assert given.until.isoformat() == "2026-12-01T17:00:00+00:00"


async def test_an_end_that_is_over(workspace: Workspace) -> None:
    error = refused(await workspace.say("role grant @UANA operator --until 2026-11-20", by=ANNA))
    assert isinstance(error, UsageError)
    assert says(error) == ("--until: 2026-11-20 is over.", "Give a time to come, such as 2h.")
    assert await workspace.grants.holding("T1") == []


async def test_a_channel_that_anybody_can_join(workspace: Workspace) -> None:
    reply = told(await workspace.say("role grant #COPEN operator", by=ANNA))
    assert plain(reply.text) == "From now on everybody in #COPEN is operator."
    assert plain(reply.hint) == "Anybody of the workspace can join #COPEN, and is operator then."


async def test_a_guest_is_granted_no_more_than_viewer(workspace: Workspace) -> None:
    error = refused(await workspace.say("role grant @UGUS operator", by=ANNA))
    assert type(error) is CommandError
    assert says(error) == (
        "gus is a guest of this workspace, and guests are at most viewer.",
        "Grant viewer, or have an owner of the workspace make them a full member.",
    )
    told(await workspace.say("role grant @UGUS viewer", by=ANNA))


@pytest.mark.parametrize(
    ("role", "stays"),
    [
        ("viewer", True),
        ("operator", True),
        ("operator --until 2h", True),
        ("viewer --provider annex", True),
        ("admin", False),
    ],
)
async def test_who_is_as_much_without_the_grant(workspace: Workspace, role: str, stays: bool) -> None:
    workspace.roles.known[Grantee.person("UOLGA")] = KnownGrantee((Strong("Olga"),))
    reply = told(await workspace.say(f"role grant @UOLGA {role}", by=ANNA))
    assert plain(reply.text) == (
        "Granted. Olga stays operator: the test said so." if stays else "From now on Olga is admin."
    )


async def test_somebody_from_outside_is_asked_about_first(workspace: Workspace) -> None:
    workspace.roles.known[ANA] = KnownGrantee((Strong("ana"),), is_outsider=True)
    outside = "ana is of another organisation or a bot: not a member of this workspace."
    asked = await workspace.say("role grant @UANA operator --provider annex", by=ANNA)
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == f"{outside} Let them be operator on annex?"
    assert await workspace.grants.holding("T1") == []
    assert plain(told(await workspace.confirm(asked)).hint) == outside
    assert plain(told(await workspace.say("role grant @UANA viewer", by=ANNA)).hint) == outside


async def test_the_bot_and_people_who_are_gone_are_granted_nothing(workspace: Workspace) -> None:
    workspace.roles.known[ANA] = KnownGrantee((Strong("ana"),), most=Role.NOBODY, is_outsider=True)
    for line, what in (
        ("role grant @UANA viewer", "ana is deactivated in this workspace."),
        ("role grant @UBOT operator", "That is me, and I need no role."),
    ):
        assert says(refused(await workspace.say(line, by=ANNA)))[0] == what
    assert await workspace.grants.holding("T1") == []


@pytest.mark.parametrize("who", ["@U404", "@S404", "#C404"])
async def test_whom_the_workspace_does_not_have(workspace: Workspace, who: str) -> None:
    error = refused(await workspace.say(f"role grant {who} viewer", by=ANNA))
    assert isinstance(error, NothingHere)
    assert plain(error.what) == f"I know no {who} in this workspace."


async def test_granting_again_replaces(workspace: Workspace) -> None:
    told(await workspace.say("role grant @UANA admin --until 2h", by=ANNA))
    told(await workspace.say("role grant @UANA viewer", by=ANNA))
    [given] = await workspace.grants.holding("T1")
    assert (given.role, given.until) == (Role.VIEWER, None)


@pytest.mark.parametrize("line", ["role grant @UANA viewer", "role revoke @UANA", "role list"])
async def test_roles_are_for_admins(workspace: Workspace, line: str) -> None:
    for by in (OLGA, VERA):
        assert isinstance(refused(await workspace.say(line, by=by)), NotAllowed)
    assert await workspace.grants.holding("T1") == []


async def test_an_admin_of_one_server_grants_there_alone(workspace: Workspace) -> None:
    workspace.roles.more["UOLGA"] = {"annex": Role.ADMIN}
    told(await workspace.say("role grant @UANA operator --provider annex"))
    for line in ("role grant @UANA operator", "role grant @UANA operator --provider memory", "role revoke @UANA"):
        assert isinstance(refused(await workspace.say(line)), NotAllowed)
    for line in ("role grant @UANA operator", "setting set joins told"):
        where = "You are admin on annex: add --provider annex."
        assert (says(refused(await workspace.say(line)))[1] == where) is line.startswith("role")
    told(await workspace.say("role revoke @UANA --provider annex"))
    assert await workspace.grants.holding("T1") == []


async def test_revoke_takes_everything_or_what_is_on_one_server(workspace: Workspace) -> None:
    told(await workspace.say("role grant @UANA operator", by=ANNA))
    told(await workspace.say("role grant @UANA admin --provider annex", by=ANNA))
    reply = told(await workspace.say("role revoke @UANA --provider annex", by=ANNA))
    assert plain(reply.text) == "Taken away from ana: admin on annex."
    told(await workspace.say("role grant @UANA admin --provider annex", by=ANNA))
    assert plain(told(await workspace.say("role revoke @UANA", by=ANNA)).text) == (
        "Taken away from ana: operator and admin."
    )
    assert await workspace.grants.holding("T1") == []
    error = refused(await workspace.say("role revoke @UANA", by=ANNA))
    assert says(error) == ("Nothing is granted to ana.", "See /video role list for what is.")


async def test_revoke_says_what_remains(workspace: Workspace) -> None:
    workspace.roles.known[Grantee.person("UOLGA")] = KnownGrantee((Strong("Olga"),))
    told(await workspace.say("role grant @UOLGA admin", by=ANNA))
    reply = told(await workspace.say("role revoke @UOLGA", by=ANNA))
    assert plain(reply.hint) == "Olga is still operator: the test said so."


@pytest.mark.parametrize("line", ["role revoke @UANNA", "role grant @UANNA operator", "role revoke @SONCALL"])
async def test_giving_up_ones_own_way_in_is_asked_first(workspace: Workspace, line: str) -> None:
    whom = line.split()[2]
    told(await workspace.say(f"role grant {whom} admin", by=ANNA))
    [given] = await workspace.grants.holding("T1")
    workspace.roles.from_grants["UANNA"] = {given.id}
    asked = await workspace.say(line, by=ANNA)
    assert asked.outcome is Outcome.ASKED
    assert await workspace.grants.holding("T1") == [given]
    told(await workspace.confirm(asked))
    assert [grant.role for grant in await workspace.grants.holding("T1")] != [Role.ADMIN]


async def test_what_is_another_way_in_is_not_asked(workspace: Workspace) -> None:
    told(await workspace.say("role grant @UANNA admin", by=ANNA))
    assert plain(told(await workspace.say("role revoke @UANNA", by=ANNA)).text) == "Taken away from Anna: admin."


async def test_what_was_granted_to_somebody_who_is_gone_can_be_taken_away(workspace: Workspace) -> None:
    told(await workspace.say("role grant @UANA admin", by=ANNA))
    del workspace.roles.known[ANA]
    assert titles(told(await workspace.say("role list", by=ANNA))) == ["@UANA · admin"]
    assert plain(told(await workspace.say("role revoke @UANA", by=ANNA)).text) == "Taken away from @UANA: admin."


async def test_list(workspace: Workspace) -> None:
    empty = told(await workspace.say("role list", by=ANNA))
    assert plain(empty.text).startswith("No role is granted. Owners and admins of the workspace are admin")
    assert labels(empty.actions) == ["Grant"]
    told(await workspace.say("role grant @UANA operator --until 2h", by=ANNA))
    told(await workspace.say("role grant #COPEN viewer --provider annex", by=ANNA))
    workspace.clock.advance(timedelta(hours=1))
    shown = told(await workspace.say("roles", by=ANNA))
    assert plain(shown.text).startswith("2 grants. Owners")
    assert titles(shown) == [
        "ana · operator, until 2026-11-20T14:00:00+00:00",
        "Everybody in #COPEN · viewer on annex",
    ]
    assert plain(shown.items[0].detail) == "granted by Anna · 2026-11-20T12:00:00+00:00"
    assert button(shown.items[1].actions, "Revoke") == RoleRevoke(who="#COPEN", provider="annex", number=2)
    assert plain(told(await workspace.press(button(shown.items[1].actions, "Revoke"), by=ANNA)).text) == (
        "Taken away from #COPEN: viewer on annex."
    )
    workspace.clock.advance(timedelta(hours=1))
    assert titles(told(await workspace.say("role list", by=ANNA))) == []


async def test_list_of_one_person(workspace: Workspace) -> None:
    workspace.roles.known[Grantee.person("UOLGA")] = KnownGrantee((Strong("Olga"),))
    told(await workspace.say("role grant @UANA operator", by=ANNA))
    told(await workspace.say("role grant @UOLGA admin --provider annex", by=ANNA))
    shown = told(await workspace.say("role list @UOLGA", by=ANNA))
    assert plain(shown.text) == "1 of 2 grants of this workspace is to Olga."
    assert facts_of(shown) == {"Is": "operator: the test said so"}
    assert titles(shown) == ["Olga · admin on annex"]


async def test_list_of_one_server(workspace: Workspace) -> None:
    told(await workspace.say("role grant @UANA operator", by=ANNA))
    told(await workspace.say("role grant #COPEN viewer --provider annex", by=ANNA))
    shown = told(await workspace.say("role list --provider memory", by=ANNA))
    assert titles(shown) == ["ana · operator"]
    assert len(told(await workspace.say("role list --provider annex", by=ANNA)).items) == 2


async def test_as_a_table(workspace: Workspace) -> None:
    told(await workspace.say("role grant @UANA operator", by=ANNA))
    shown = told(await workspace.say("role list --table", by=ANNA))
    assert shown.table is not None
    assert [plain(cell) for cell in shown.table.rows[0]] == ["ana", "operator", "everywhere", "", "Anna"]


async def test_who_has_which_role_is_for_the_asker_alone(workspace: Workspace) -> None:
    for _ in range(2):
        assert told(await workspace.say("role list", by=ANNA)).alone
        await workspace.say("role grant @UOLGA admin", by=ANNA)
