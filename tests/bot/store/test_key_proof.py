"""Who has another key than the database is found out."""

import pytest_asyncio

from bot.secrets import SecretBox, new_key
from bot.store.engine import Store
from bot.store.identity import Identities, Identity
from bot.store.key_proof import is_proven, opens, proofs, prove
from bot.store.sealed import Resealed, reseal
from tests.bot.store import schema
from tests.bot.store.conftest import StillClock

US = Identity(team_id="T1", team_name="Acme", url="https://acme.test/", bot_user_id="U0", bot_id="B0")


@pytest_asyncio.fixture
async def used(store: Store, clock: StillClock) -> Store:
    await Identities(store, clock).keep(US)
    return store


async def test_the_first_key_is_the_key(used: Store, clock: StillClock) -> None:
    ours, other = SecretBox(new_key()), SecretBox(new_key())

    assert [await is_proven(used, box) for box in (ours, other, ours)] == [True, False, True]
    await Identities(used, clock).keep(US)
    assert not await is_proven(used, other)


async def test_it_follows_the_keys(used: Store) -> None:
    old, new = new_key(), new_key()
    assert await is_proven(used, SecretBox(old))

    assert await reseal(used, SecretBox(new, old)) == Resealed(resealed=1)
    assert [await is_proven(used, SecretBox(key)) for key in (new, old)] == [True, False]

    lost = SecretBox(new_key())
    await prove(used, lost)
    assert await is_proven(used, lost)


async def test_it_is_read_without_opening_the_database(used: Store, url: str) -> None:
    ours = SecretBox(new_key())
    assert (await Store.peek(url, proofs))[1] == []
    assert await is_proven(used, ours)
    found = (await Store.peek(url, proofs))[1] or []
    assert len(found) == 1
    assert (opens(ours, found), opens(SecretBox(new_key()), found)) == (True, False)


async def test_an_older_schema_has_none(empty_url: str) -> None:
    assert not (await Store.peek(empty_url, proofs))[1]
    await schema.make_as_of(empty_url, "0003")
    assert (await Store.peek(empty_url, proofs))[1] == []
