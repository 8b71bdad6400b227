import stat
from pathlib import Path

import pytest
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.audit import _conditions
from bot.store.engine import Store
from bot.store.errors import StoreClosed, StoreInUse, StoreUnusable, UnsupportedDatabase
from bot.store.sqlite import path_of
from bot.store.tables import attempt, card, inbox, note, thing
from commands.core.audit import FAILED, Search


async def _nothing(_conn: AsyncConnection) -> None:
    pass


async def _pragma(conn: AsyncConnection, name: str) -> object:
    return (await conn.exec_driver_sql(f"PRAGMA {name}")).scalar_one()


@pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite+aiosqlite:///{}"])
def test_both_forms_of_the_url_name_the_file(form: str, tmp_path: Path) -> None:
    assert path_of(form.format(tmp_path / "a.db")) == tmp_path / "a.db"


def test_a_relative_file_is_found_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert path_of("sqlite:///a.db") == tmp_path / "a.db"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://bot:hunter2@db/x",
        "hunter2",
        "",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:a.db?uri=true",
        "sqlite:///a.db?mode=ro",
        "sqlite+pysqlite:///a.db",
    ],
)
async def test_other_databases_are_refused_without_quoting_the_url(url: str) -> None:
    with pytest.raises(UnsupportedDatabase, match="DATABASE_URL") as caught:
        await Store.open(url)

    assert "hunter2" not in str(caught.value)


async def test_it_is_set_up_for_durable_writes_and_readers_that_only_read(file_store: Store) -> None:
    async def writer(conn: AsyncConnection) -> list[object]:
        return [await _pragma(conn, name) for name in ("journal_mode", "synchronous", "foreign_keys", "auto_vacuum")]

    assert await file_store.write(writer) == ["wal", 2, 1, 2]

    async with file_store.reading() as conn:
        assert [await _pragma(conn, name) for name in ("foreign_keys", "query_only")] == [1, 1]


async def test_only_the_owner_can_read_the_files(file_store: Store, tmp_path: Path) -> None:
    await file_store.write(_nothing)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == {f"showcaller.db{end}": 0o600 for end in ("", "-wal", "-shm", ".lock")}


async def test_a_file_with_an_odd_name_works(tmp_path: Path) -> None:
    """In the URL its name is encoded, as in any URL."""
    store = await Store.open(f"sqlite:///{tmp_path}/100%25 sure #1.db")
    await store.close()

    assert (tmp_path / "100% sure #1.db").stat().st_size > 0


async def test_a_second_store_on_one_file_is_refused(file_store: Store, file_url: str, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "showcaller.db")

    for other in (file_url, f"sqlite:///{tmp_path}/link.db"):
        with pytest.raises(StoreInUse, match=r"Another process \(id \d+\).*DATABASE_URL"):
            await Store.open(other)

    await file_store.close()
    again = await Store.open(file_url)
    await again.close()


async def test_a_clean_close_empties_the_wal_and_refuses_more(file_url: str, tmp_path: Path) -> None:
    store = await Store.open(file_url)
    await store.write(_nothing)
    await store.close()

    assert not (tmp_path / "showcaller.db-wal").exists()
    with pytest.raises(StoreClosed):
        await store.write(_nothing)


async def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="No such file"):
        await Store.open(f"sqlite:///{tmp_path}/nowhere/a.db")


async def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ana, " * 1000)

    for _ in range(2):
        with pytest.raises(StoreUnusable, match="not a database"):
            await Store.open(f"sqlite:///{path}")

    assert path.read_text() == "Dear Ana, " * 1000


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
async def test_open_work_is_found_by_its_index(
    file_store: Store, query: Select[tuple[object, ...]], index: str
) -> None:
    async with file_store.reading() as conn:
        statement = str(query.compile(conn.sync_engine, compile_kwargs={"literal_binds": True}))
        plan = (await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")).mappings().all()

    assert any(index in row["detail"] for row in plan), [row["detail"] for row in plan]
