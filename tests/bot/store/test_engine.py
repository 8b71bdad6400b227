"""What holds for a store on either database."""

import asyncio

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.errors import StoreClosed
from bot.store.inbox import Inbox, Incoming
from bot.store.tables import inbox, keep_out, metadata, setting
from bot.store.upsert import insert
from providers.facts import Source
from tests.bot.store.conftest import StillClock

_INSERT = text("INSERT INTO setting VALUES ('T', 'C', :key, :value, 'U', 0)")


async def _put(store: Store, key: str, value: str = "v") -> None:
    async def write(conn: AsyncConnection) -> None:
        await conn.execute(_INSERT, {"key": key, "value": value})

    await store.write(write)


async def _values(store: Store) -> list[str]:
    async with store.reading() as conn:
        return list((await conn.execute(select(setting.c.value).order_by(setting.c.key))).scalars())


async def test_a_reader_sees_at_once_what_is_committed_and_nothing_before(store: Store) -> None:
    written, go = asyncio.Event(), asyncio.Event()

    async def put(conn: AsyncConnection) -> None:
        await conn.execute(_INSERT, {"key": "k", "value": "v"})
        written.set()
        await go.wait()

    async with store.reading() as conn:
        writing = asyncio.create_task(store.write(put))
        await written.wait()
        assert (await conn.execute(select(setting.c.value))).all() == []
        go.set()
        await writing
        assert (await conn.execute(select(setting.c.value))).scalars().all() == ["v"]


async def test_a_reader_changes_nothing(store: Store) -> None:
    async with store.reading() as conn:
        with pytest.raises(DBAPIError, match=r"readonly|read-only"):
            await conn.execute(text("DELETE FROM thing"))


async def test_what_is_asked_wrongly_is_no_trouble_of_the_database(store: Store) -> None:
    await _put(store, "k")

    with pytest.raises(IntegrityError):
        await _put(store, "k")
    with pytest.raises((OperationalError, ProgrammingError), match="nowhere"):
        await store.write(lambda conn: conn.execute(text("DELETE FROM nowhere")))
    with pytest.raises((OperationalError, ProgrammingError), match="nowhere"):
        async with store.reading() as conn:
            await conn.execute(text("SELECT * FROM nowhere"))

    assert await _values(store) == ["v"]


async def test_no_exception_quotes_what_was_to_be_kept(store: Store) -> None:
    await _put(store, "k")

    with pytest.raises(IntegrityError) as caught:
        await _put(store, "k", "hunter2")

    assert "hunter2" not in str(caught.value)


async def test_after_a_close_nothing_is_written(url: str) -> None:
    store = await Store.open(url)
    await _put(store, "k")
    await store.close()

    with pytest.raises(StoreClosed):
        await _put(store, "other")
    again = await Store.open(url)
    assert await _values(again) == ["v"]
    await again.close()


async def test_text_that_a_database_cannot_keep_is_kept_as_far_as_it_can(store: Store) -> None:
    """A NUL, and half of a pair that stands for one character: JSON can spell both."""

    async def write(conn: AsyncConnection) -> None:
        row = {"team_id": "T", "channel_id": "C", "key": "k", "value": "a\x00b\ud83dc", "set_by": "U"}
        await conn.execute(insert(conn, setting).values(row | {"set_at": StillClock().now()}))

    await store.write(write)

    assert await _values(store) == ["a�b�c"]


async def test_json_comes_back_as_it_was(store: Store) -> None:
    stays = ["PA_1", "a\x00b", "ü", "\ud83d", '"']
    row = {"team_id": "T", "provider": "p", "room": "r", "identity": "i", "said_by": "U", "stays": stays}
    row_with_end = row | {"until": StillClock().now()}

    await store.write(lambda conn: conn.execute(insert(conn, keep_out).values(row_with_end)))

    async with store.reading() as conn:
        assert (await conn.execute(select(keep_out.c.stays))).scalar_one() == stays


def _delivery(key: str) -> Incoming:
    return Incoming(team_id="T", provider="p", event_key=key, kind="room_started", source=Source.WEBHOOK, body=b"[]")


async def test_a_deleted_number_is_never_given_again(store: Store, clock: StillClock) -> None:
    """Buttons in old messages hold it. One that was used up by a write that failed may be left out."""
    received = Inbox(store, clock)
    await received.accept([_delivery("a"), _delivery("b")])
    async with store.reading() as conn:
        highest = (await conn.execute(select(func.max(inbox.c.id)))).scalar_one()
    await store.write(lambda conn: conn.execute(inbox.delete()))

    await received.accept([_delivery("a")])

    async with store.reading() as conn:
        assert (await conn.execute(select(inbox.c.id))).scalar_one() > highest


async def test_names_are_told_apart_by_case(store: Store) -> None:
    for key in ("a", "A", "ä", "Ä"):
        await _put(store, key, f"of {key}")

    async with store.reading() as conn:
        query = select(setting.c.value).where(setting.c.key == "a")
        assert (await conn.execute(query)).scalars().all() == ["of a"]


async def test_a_number_that_no_row_has_is_not_found(store: Store) -> None:
    """The highest that either database takes."""
    async with store.reading() as conn:
        query = select(inbox.c.id).where(inbox.c.id == 2**63 - 1)
        assert (await conn.execute(query)).all() == []


async def test_every_table_can_be_read_whole(store: Store) -> None:
    async with store.reading() as conn:
        for table in metadata.sorted_tables:
            assert (await conn.execute(select(table))).all() == []
