"""What is PostgreSQL's alone: a server that may be away, several processes, and how each is told."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest
import pytest_asyncio
from sqlalchemy import Select, make_url, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store import postgresql
from bot.store.audit import _conditions
from bot.store.engine import Store
from bot.store.errors import StoreUnavailable, StoreUnusable
from bot.store.tables import attempt, card, inbox, note, setting, thing
from commands.core.audit import FAILED, Search
from tests.bot.store import schema
from tests.postgresql import GUARDED, Server

PASSWORD = "p@ss:w/rd#?%20 +ü"
_INSERT = text("INSERT INTO setting VALUES ('T', 'C', :key, '0', 'U', 0)")


@pytest_asyncio.fixture
async def url(postgresql_server: Server) -> AsyncIterator[str]:
    async with postgresql_server.upgraded() as database_url:
        yield database_url


@pytest_asyncio.fixture
async def guarded(postgresql_server: Server) -> str:
    """A role that has to give the password. What it makes must be gone before it can go, so it stays."""
    make = f"CREATE ROLE {GUARDED} LOGIN SUPERUSER PASSWORD '{PASSWORD}'"
    await postgresql_server.run(f"DO $$ BEGIN {make}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    return GUARDED


@asynccontextmanager
async def opened(url: str, failed: Callable[[str], None] = lambda _: None) -> AsyncIterator[Store]:
    store = await Store.open(url, failed=failed)
    try:
        yield store
    finally:
        await store.close()


async def _ask(conn: AsyncConnection, query: str) -> object:
    return (await conn.execute(text(query))).scalar_one()


async def _put(store: Store, key: str) -> None:
    await store.write(lambda conn: conn.execute(_INSERT, {"key": key}))


async def _keys(store: Store) -> list[str]:
    async with store.reading() as conn:
        return list((await conn.execute(select(setting.c.key).order_by(setting.c.key))).scalars())


async def _cut_off(server: Server, url: str) -> None:
    """Every connection to that database. Each process on the server has ended when this returns."""
    name = make_url(url).database
    await server.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")


async def _not_opened(url: str) -> str:
    """What is said instead, which is never the password."""
    with pytest.raises(StoreUnusable) as caught:
        await Store.open(url)
    said = str(caught.value)
    assert "hunter2" not in said
    assert "hunter2" not in repr(caught.value.__cause__)
    assert said.count("\n") == 0
    return said


# How one gets in, or is told why not


@pytest.mark.parametrize("query", ["", "?sslmode=prefer", "?ssl=disable", "?sslmode=disable&application_name=video"])
async def test_it_opens_as_an_operator_writes_it(postgresql_server: Server, url: str, guarded: str, query: str) -> None:
    name = make_url(url).database
    assert name is not None
    user = f"{guarded}:{quote(PASSWORD, safe='')}"

    async with opened(postgresql_server.url(name, user, query)) as store, store.reading() as conn:
        assert store.file is None
        assert store.is_shared
        assert await _ask(conn, "SELECT current_user::text") == guarded
        called = await _ask(conn, "SELECT current_setting('application_name')")
    assert called == ("video" if "video" in query else "showcaller")


async def test_who_may_not_come_in_is_told_so_in_a_sentence(postgresql_server: Server, url: str, guarded: str) -> None:
    name = str(make_url(url).database)

    for user in (f"{guarded}:hunter2", guarded):
        said = await _not_opened(postgresql_server.url(name, user))
        assert said == (
            f"PostgreSQL database {name} at 127.0.0.1 cannot be used: "
            f'password authentication failed for user "{guarded}".'
        )
    said = await _not_opened(postgresql_server.url(name, "nobody:hunter2"))
    assert said.endswith('role "nobody" does not exist.')
    said = await _not_opened(postgresql_server.url("elsewhere", "postgres:hunter2"))
    assert said.endswith('database "elsewhere" does not exist.')


async def test_a_role_that_may_make_no_tables_is_told_so(postgresql_server: Server) -> None:
    await postgresql_server.run("CREATE ROLE weak LOGIN PASSWORD 'hunter2'")
    async with postgresql_server.database() as url:
        said = await _not_opened(url.replace("postgres@", "weak:hunter2@"))
    await postgresql_server.run("DROP ROLE weak")
    assert "permission denied" in said


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (
            "postgresql://bot:hunter2@127.0.0.1:1/x",
            "PostgreSQL database x at 127.0.0.1 cannot be used: Connection refused.",
        ),
        ("postgresql://bot:hunter2@localhost:1/x", "PostgreSQL database x at localhost .* Connection refused."),
        (
            "postgresql://bot:hunter2@/x?host=/nowhere",
            "PostgreSQL database x at the local socket .* No such file or directory.",
        ),
    ],
)
async def test_where_no_server_is_that_is_said(url: str, why: str) -> None:
    with pytest.raises(StoreUnusable, match=f"^{why}$"):
        await Store.open(url)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("?sslmode=require", "rejected SSL upgrade."),
        ("?ssl=require", "rejected SSL upgrade."),
        (
            "?sslmode=yes",
            "`sslmode` parameter must be one of: disable, allow, prefer, require, verify-ca, verify-full.",
        ),
        ("?sslmode=verify-full&sslrootcert=/nowhere.pem", "No such file or directory."),
    ],
)
async def test_tls_is_asked_for_as_in_libpq(url: str, query: str, why: str) -> None:
    said = await _not_opened(url.replace("postgres@", "postgres:hunter2@") + query)
    assert said.endswith(why)


async def test_what_answers_there_but_is_no_postgresql_is_said() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as stranger:
        port = stranger.sockets[0].getsockname()[1]
        assert "cannot be used: " in await _not_opened(f"postgresql://bot:hunter2@127.0.0.1:{port}/x")


# Several processes


async def test_an_empty_database_may_be_opened_by_many_at_once(postgresql_server: Server) -> None:
    for _ in range(3):
        async with postgresql_server.database() as url:
            stores = await asyncio.gather(*(Store.open(url) for _ in range(4)))
            await asyncio.gather(*(_put(store, str(number)) for number, store in enumerate(stores)))
            assert await _keys(stores[0]) == ["0", "1", "2", "3"]
            await asyncio.gather(*(store.close() for store in stores))


async def test_a_step_that_waits_for_a_table_holds_up_its_readers_for_a_while_only(
    postgresql_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while a backup reads: who waits to change a table keeps later readers from it."""
    monkeypatch.setattr(postgresql, "_WRITE_SECONDS", 1)
    async with postgresql_server.database() as url:
        await schema.make_as_of(url, "0004")  # the next step changes these tables
        async with schema.connected(url) as backup:
            await backup.execute(text("LOCK TABLE thing, inbox, card IN ACCESS SHARE MODE"))
            assert "lock timeout" in await _not_opened(url)
        async with opened(url) as store:
            assert await _keys(store) == []


async def test_a_write_that_reads_first_is_right_over_all_processes(url: str) -> None:
    async def add_one(conn: AsyncConnection) -> None:
        before = int((await conn.execute(select(setting.c.value))).scalar_one())
        await asyncio.sleep(0)  # let the others try
        await conn.execute(update(setting).values(value=str(before + 1)))

    async with opened(url) as first, opened(url) as second:
        await _put(first, "counter")
        await asyncio.gather(*(store.write(add_one) for _ in range(50) for store in (first, second)))
        async with second.reading() as conn:
            assert (await conn.execute(select(setting.c.value))).scalar_one() == "100"


async def test_the_default_isolation_of_a_server_does_not_make_a_write_see_the_past(
    postgresql_server: Server, url: str
) -> None:
    name = make_url(url).database
    await postgresql_server.run(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    await test_a_write_that_reads_first_is_right_over_all_processes(url)


async def test_a_crowd_of_readers_makes_no_crowd_of_connections(url: str) -> None:
    async with opened(url) as store:
        name = make_url(url).database
        count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"

        async def look() -> int:
            async with store.reading() as conn:
                return int(str(await _ask(conn, count)))

        await _put(store, "k")
        counts = await asyncio.gather(*(look() for _ in range(200)))

    assert max(counts) <= 9


# A server that is away, cut off or frozen


async def test_a_connection_that_the_server_closed_is_replaced_unnoticed(postgresql_server: Server, url: str) -> None:
    """As after a restart or a switch-over in a quiet hour."""
    async with opened(url) as store:
        await _put(store, "before")
        await asyncio.gather(*(_keys(store) for _ in range(8)))

        for number in range(3):
            await _cut_off(postgresql_server, url)
            await _put(store, f"after {number}")
            assert len(await asyncio.gather(*(_keys(store) for _ in range(8)))) == 8

        assert await _keys(store) == ["after 0", "after 1", "after 2", "before"]


async def test_a_write_that_is_cut_off_fails_as_a_whole_and_the_next_works(postgresql_server: Server, url: str) -> None:
    async def cut_in_the_middle(conn: AsyncConnection) -> None:
        await conn.execute(_INSERT, {"key": "half"})
        await _cut_off(postgresql_server, url)
        await conn.execute(_INSERT, {"key": "other half"})

    async with opened(url) as store:
        with pytest.raises(StoreUnavailable):
            await store.write(cut_in_the_middle)
        await _put(store, "next")
        assert await _keys(store) == ["next"]


async def test_a_read_that_is_cut_off_says_so(postgresql_server: Server, url: str) -> None:
    async def read_twice(store: Store) -> None:
        async with store.reading() as conn:
            await _ask(conn, "SELECT 1")
            await _cut_off(postgresql_server, url)
            await _ask(conn, "SELECT 1")

    async with opened(url) as store:
        with pytest.raises(StoreUnavailable):
            await read_twice(store)
        assert await _keys(store) == []


async def test_while_the_server_is_away_every_call_says_so_and_afterwards_none(own_server: Server) -> None:
    told: list[str] = []
    async with own_server.database() as url, opened(url, failed=told.append) as store:
        await _put(store, "before")
        own_server.stop()

        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await _put(store, "meanwhile")
            with pytest.raises(StoreUnavailable):
                await _keys(store)
        own_server.start()
        await _put(store, "after")

        assert await _keys(store) == ["after", "before"]
    assert told == ["write", "read"] * 2


@pytest.mark.parametrize(
    "trouble",
    [
        "SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(10)",
        "SET LOCAL lock_timeout = '20ms'; LOCK TABLE setting",
        "SET TRANSACTION READ ONLY; DELETE FROM setting",
        "DO $$ BEGIN RAISE SQLSTATE '53100'; END $$",
        "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$",
    ],
)
async def test_what_may_work_later_is_told_from_what_never_will(url: str, trouble: str) -> None:
    """Too slow, locked, a standby, a full disk, a deadlock."""

    async def run(conn: AsyncConnection) -> None:
        for statement in trouble.split("; ", 1) if trouble.startswith("SET") else [trouble]:
            await conn.execute(text(statement))

    async with opened(url) as store, opened(url) as other, other.reading() as conn:
        await conn.execute(text("BEGIN"))
        await conn.execute(text("LOCK TABLE setting IN ACCESS SHARE MODE"))
        with pytest.raises(StoreUnavailable):
            await store.write(run)
        await conn.execute(text("COMMIT"))
        await _put(store, "next")
        assert await _keys(store) == ["next"]


async def test_a_frozen_process_holds_the_lock_for_a_while_only(url: str) -> None:
    """The patience is the server's, so nobody has to notice."""
    frozen = create_async_engine(
        make_url(url).set(drivername=postgresql.DRIVER),
        connect_args={"server_settings": {"idle_in_transaction_session_timeout": "300ms"}},
    )
    async with opened(url) as store, frozen.connect() as holder:
        await holder.execute(text(f"SELECT pg_advisory_xact_lock({_lock()})"))
        writing = asyncio.create_task(_put(store, "k"))
        await _until(store, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", 1)
        assert not writing.done()
        await writing
        assert await _keys(store) == ["k"]
        await holder.invalidate()
    await frozen.dispose()


async def test_our_own_connections_are_given_up_on_when_they_freeze(url: str) -> None:
    async def patience(conn: AsyncConnection) -> list[object]:
        names = ("idle_in_transaction_session_timeout", "statement_timeout")
        return [await _ask(conn, f"SELECT current_setting('{name}')") for name in names]

    async with opened(url) as store:
        assert await store.write(patience) == ["15s", "15s"]
        async with store.reading() as conn:
            assert await patience(conn) == ["15s", "15s"]


async def test_a_server_that_does_not_answer_is_given_up_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when its machine is gone without a word: no packet tells of it."""
    monkeypatch.setattr(postgresql, "_ANSWER_SECONDS", 0.3)
    async with opened(url) as store:
        frozen: list[int] = []

        async def freeze(conn: AsyncConnection) -> None:
            frozen.append(int(str(await _ask(conn, "SELECT pg_backend_pid()"))))
            os.kill(frozen[0], signal.SIGSTOP)
            await conn.execute(_INSERT, {"key": "frozen"})

        try:
            with pytest.raises(StoreUnavailable):
                await store.write(freeze)
        finally:
            os.kill(frozen[0], signal.SIGCONT)
        await _put(store, "next")
        assert await _keys(store) == ["next"]


async def test_a_cancelled_caller_leaves_no_transaction_behind(url: str) -> None:
    async with opened(url) as store:
        begun = asyncio.Event()

        async def slow(conn: AsyncConnection) -> None:
            begun.set()
            await _ask(conn, "SELECT pg_sleep(0.2)")
            await conn.execute(_INSERT, {"key": "all the same"})

        task = asyncio.create_task(store.write(slow))
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        reading = asyncio.create_task(_read_slowly(store))
        await _until(store, "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(10)'", 1)
        reading.cancel()
        await asyncio.wait([reading])

        await _put(store, "next")
        assert await _keys(store) == ["all the same", "next"]
        others = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{make_url(url).database}'"
        await _until(store, f"{others} AND pid <> pg_backend_pid() AND state <> 'idle'", 0)


async def _read_slowly(store: Store) -> None:
    async with store.reading() as conn:
        await _ask(conn, "SELECT pg_sleep(10)")


async def _until(store: Store, query: str, count: int) -> None:
    async with asyncio.timeout(5), store.reading() as conn:
        while await _ask(conn, query) != count:
            await asyncio.sleep(0.01)


def _lock() -> int:
    """ "ShowCall" in ASCII."""
    return int.from_bytes(b"ShowCall")


def test_the_lock_is_what_its_name_says() -> None:
    assert _lock() == postgresql._LOCK


# What it costs to find work


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (select(thing.c.id).where(~thing.c.terminal, thing.c.provider == "p", thing.c.kind == "room"), "ix_thing_live"),
        (
            select(card.c.id)
            .where(card.c.wanted > card.c.delivered, card.c.blocked.is_(None))
            .order_by(card.c.dirty_at),
            "ix_card_dirty",
        ),
        (select(inbox).where(inbox.c.folded_at.is_(None)).order_by(inbox.c.id).limit(9), "ix_inbox_unfolded"),
        (select(note).where(note.c.ts.is_(None)).order_by(note.c.id).limit(1), "ix_note_due"),
        (select(attempt).where(attempt.c.answered_at.is_(None)).order_by(attempt.c.id), "ix_attempt_unanswered"),
        (
            select(attempt).where(*_conditions("T1", Search(outcomes=FAILED))).order_by(attempt.c.id.desc()).limit(9),
            "ix_attempt_failed",
        ),
    ],
)
async def test_open_work_is_found_by_its_index(url: str, query: Select[tuple[object, ...]], index: str) -> None:
    async with opened(url) as store, store.reading() as conn:
        await conn.execute(text("SET enable_seqscan = off"))
        statement = str(query.compile(conn.sync_engine, compile_kwargs={"literal_binds": True}))
        plan = (await conn.execute(text(f"EXPLAIN {statement}"))).scalars().all()

    assert any(index in row for row in plan), plan
