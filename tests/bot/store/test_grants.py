from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store.engine import Store
from bot.store.grants import StoredGrants
from commands.core.base import Role
from commands.core.grants import Grant, Grantee, GranteeKind
from tests.bot.store.conftest import StillClock

ANA, ONCALL, STUDIO = Grantee.person("U1"), Grantee(GranteeKind.GROUP, "S1"), Grantee(GranteeKind.CHANNEL, "C1")


@pytest.fixture
def grants(store: Store, clock: StillClock) -> StoredGrants:
    return StoredGrants(store, clock)


async def _give(
    grants: StoredGrants,
    grantee: Grantee = ANA,
    role: Role = Role.OPERATOR,
    *,
    team_id: str = "T1",
    provider: str | None = None,
    lasts: timedelta | None = None,
    clock: StillClock | None = None,
) -> Grant:
    until = clock.now() + lasts if clock is not None and lasts is not None else None
    return await grants.give(team_id, grantee, role, provider=provider, until=until, by="U9")


async def test_what_was_granted_holds(grants: StoredGrants, clock: StillClock) -> None:
    given = [
        await _give(grants, ANA, lasts=timedelta(hours=1), clock=clock),
        await _give(grants, ONCALL, Role.ADMIN, provider="eu"),
        await _give(grants, STUDIO, Role.VIEWER),
    ]
    await _give(grants, team_id="T2")

    assert await grants.holding("T1") == given
    assert given[1] == Grant(given[1].id, ONCALL, Role.ADMIN, "eu", None, "U9", clock.now())


async def test_granting_again_replaces_role_and_end(grants: StoredGrants, clock: StillClock) -> None:
    first = await _give(grants, role=Role.ADMIN, lasts=timedelta(hours=1), clock=clock)
    elsewhere = await _give(grants, provider="eu")
    again = await _give(grants, role=Role.VIEWER)

    assert again == replace(first, role=Role.VIEWER, until=None)
    assert await grants.holding("T1") == [again, elsewhere]


async def test_one_that_ended_counts_no_more_from_that_moment(grants: StoredGrants, clock: StillClock) -> None:
    given = await _give(grants, lasts=timedelta(hours=1), clock=clock)
    clock.advance(timedelta(minutes=59, seconds=59))
    assert await grants.holding("T1") == [given]
    clock.advance(timedelta(seconds=1))
    assert await grants.holding("T1") == []


async def test_what_was_taken_away_is_gone_in_its_own_workspace(grants: StoredGrants) -> None:
    first, second = await _give(grants), await _give(grants, ONCALL)
    await grants.take("T2", [first.id])
    assert await grants.holding("T1") == [first, second]
    await grants.take("T1", [first.id])
    assert await grants.holding("T1") == [second]
    await grants.take("T1", [])
    assert await grants.holding("T1") == [second]
