from dataclasses import replace
from datetime import timedelta

from bot.store.engine import Store
from bot.store.identity import Identities, Identity
from tests.bot.store.conftest import StillClock


async def test_the_identity_kept_last_is_loaded(store: Store, clock: StillClock) -> None:
    identities = Identities(store, clock)
    one = Identity(team_id="T1", team_name="Acme", url="https://acme.test/", bot_user_id="U0", bot_id="B0")
    other = replace(one, team_id="T2")

    assert await identities.load() is None
    for found in (one, other, replace(one, team_name="Acme Inc")):
        await identities.keep(found)
        clock.advance(timedelta(seconds=1))

    assert await identities.load() == replace(one, team_name="Acme Inc")
