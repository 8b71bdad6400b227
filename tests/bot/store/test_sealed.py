"""Everything that is sealed comes under the newest key, whoever writes meanwhile."""

from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import LargeBinary, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.secrets import SecretBox, new_key
from bot.store import sealed
from bot.store.engine import Store
from bot.store.sealed import Resealed, reseal, sealed_columns
from bot.store.tables import attempt, inbox, metadata, pending_action
from bot.store.writer import Write
from tests.bot.store.conftest import StillClock

OLD, NEW = new_key(), new_key()
BOTH = SecretBox(NEW, OLD)


async def _add(store: Store, clock: StillClock, *payloads: bytes) -> None:
    """A pending action for each, numbered from 0, and the first one's bytes as a response_url."""

    async def write(conn: AsyncConnection) -> None:
        for number, payload in enumerate(payloads):
            row = {"token": f"{number:03}", "team_id": "T1", "payload": payload}
            times = {"created_at": clock.now(), "expires_at": clock.now() + timedelta(minutes=5)}
            await conn.execute(insert(pending_action).values(row | times))
        opened = {"team_id": "T1", "user_id": "U1", "channel_id": "C1", "is_direct": False, "door": "slash"}
        said = {"path": "room list", "words": "room list", "opened_at": clock.now(), "response_url": payloads[0]}
        await conn.execute(insert(attempt).values(opened | said))

    await store.write(write)


async def _payloads(store: Store) -> list[bytes]:
    async with store.reading() as conn:
        return list((await conn.execute(select(pending_action.c.payload).order_by(pending_action.c.token))).scalars())


def test_every_column_of_bytes_is_sealed_but_for_the_bodies_of_webhooks() -> None:
    of_bytes = {(t.name, c.name) for t in metadata.sorted_tables for c in t.columns if isinstance(c.type, LargeBinary)}
    found = {(table.name, column.name) for table, column in sealed_columns()}

    assert of_bytes == {(inbox.name, "body")}
    assert found == {
        ("attempt", "response_url"),
        ("draft", "payload"),
        ("egress_request", "options"),
        ("identity", "key_proof"),
        ("pending_action", "payload"),
    }


@pytest.mark.parametrize("batch_rows", [1, 2, 500])
async def test_what_an_old_key_sealed_is_sealed_anew(
    store: Store, clock: StillClock, monkeypatch: pytest.MonkeyPatch, batch_rows: int
) -> None:
    monkeypatch.setattr(sealed, "BATCH_ROWS", batch_rows)
    under_old = SecretBox(OLD)
    await _add(store, clock, *(under_old.seal(str(number)) for number in range(5)))

    done = await reseal(store, BOTH)

    only_new = SecretBox(NEW)
    assert done == Resealed(6, 0)
    assert [only_new.open(payload) for payload in await _payloads(store)] == [str(number) for number in range(5)]
    async with store.reading() as conn:
        assert only_new.open((await conn.execute(select(attempt.c.response_url))).scalar_one()) == "0"


async def test_what_is_under_the_newest_key_already_stays_as_it_is(store: Store, clock: StillClock) -> None:
    await _add(store, clock, BOTH.seal("x"), SecretBox(OLD).seal("y"))
    await reseal(store, BOTH)
    before = await _payloads(store)

    assert await reseal(store, BOTH) == Resealed(0, 0)
    assert await _payloads(store) == before


async def test_what_no_key_opens_is_counted_and_left(store: Store, clock: StillClock) -> None:
    strange = SecretBox(new_key()).seal("x")
    await _add(store, clock, SecretBox(OLD).seal("y"), strange, b"")

    assert await reseal(store, BOTH) == Resealed(2, 1)
    assert (await _payloads(store))[1:] == [strange, b""]


async def test_a_row_that_was_used_meanwhile_is_not_filled_again(
    store: Store, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bots go on while the keys are changed."""
    await _add(store, clock, *(SecretBox(OLD).seal(str(number)) for number in range(3)))

    write, used = store.write, update(pending_action).where(pending_action.c.token == "000").values(payload=b"")

    async def after_another(job: Write[int]) -> int:
        async def use(conn: AsyncConnection) -> None:
            await conn.execute(used)

        await write(use)
        return await write(job)

    monkeypatch.setattr(store, "write", after_another)
    done = await reseal(store, BOTH)

    assert done.resealed == 3, "the response_url and two actions"
    assert (await _payloads(store))[0] == b""


def test_the_keys_may_come_one_by_one_or_with_commas() -> None:
    joined = SecretBox(SecretStr(f"{NEW.get_secret_value()}, {OLD.get_secret_value()}"))
    assert joined.open(BOTH.seal("x")) == BOTH.open(joined.seal("x")) == "x"
