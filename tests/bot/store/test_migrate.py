"""The steps lead to the tables, whichever way one looks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from structlog.testing import capture_logs

import bot
from bot.store.engine import Store
from bot.store.errors import StoreUnusable
from bot.store.tables import metadata
from tests.bot.store import schema
from tests.postgresql import Server


async def _migrate(url: str) -> None:
    store = await Store.open(url)
    await store.close()


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def test_alembic_finds_no_difference(empty_url: str) -> None:
    await _migrate(empty_url)

    async with schema.connected(empty_url) as conn:
        assert await conn.run_sync(_differences) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_the_text_of_the_schema_is_the_same(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Sees what Alembic does not compare: the conditions of indexes, checks, names of keys."""
    if kind == "sqlite":
        await _same_text(f"sqlite:///{tmp_path}/migrated.db", f"sqlite:///{tmp_path}/made.db")
        return
    server: Server = request.getfixturevalue("postgresql_server")
    async with server.database() as migrated, server.database() as made:
        await _same_text(migrated, made)


async def _same_text(migrated: str, made: str) -> None:
    await _migrate(migrated)
    async with schema.connected(made) as conn:
        await conn.run_sync(metadata.create_all)

    wanted = await schema.look(made)
    assert len(wanted) > len(metadata.tables)
    assert await schema.look(migrated) == wanted


async def test_a_second_time_changes_nothing(empty_url: str) -> None:
    await _migrate(empty_url)
    await schema.run(empty_url, "INSERT INTO setting VALUES ('T1', 'C1', 'provider', 'eu', 'U1', 0)")
    before = await schema.look(empty_url)

    await _migrate(empty_url)

    assert await schema.look(empty_url) == before
    async with schema.connected(empty_url) as conn:
        assert (await conn.execute(text("SELECT value FROM setting"))).scalars().all() == ["eu"]


@pytest.mark.parametrize("revision", ["1000", "9999", "elsewhere"])
async def test_a_schema_that_broke_with_this_version_is_refused_in_words(empty_url: str, revision: str) -> None:
    await _migrate(empty_url)
    await schema.run(empty_url, f"UPDATE alembic_version SET version_num = '{revision}'")

    with pytest.raises(StoreUnusable, match=rf"{revision}.*newer version"):
        await _migrate(empty_url)


async def test_a_schema_that_a_newer_version_added_to_is_left_as_it_is_and_said(empty_url: str) -> None:
    await _migrate(empty_url)
    await schema.take_next_step(empty_url)
    before = await schema.look(empty_url)

    with capture_logs() as logs:
        await _migrate(empty_url)

    assert await schema.look(empty_url) == before
    assert [entry["event"] for entry in logs] == ["the database was upgraded by a newer version"]


async def test_a_step_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    """All steps are one transaction. Here somebody else's table is in the way of the first."""
    await schema.run(empty_url, "CREATE TABLE note (words TEXT)")

    with pytest.raises(StoreUnusable, match=r"note.*already exists"):
        await _migrate(empty_url)

    assert {name.partition(".")[0] for name in await schema.look(empty_url)} == {"note"}


def test_it_works_from_any_folder_and_a_path_with_odd_letters(tmp_path: Path) -> None:
    """As an installed package would: nothing beside the current folder, no configuration file."""
    installed = tmp_path / "site packages 100% full"
    installed.mkdir()
    root = Path(bot.__file__).parents[1]
    for package in ("bot", "commands", "providers"):
        (installed / package).symlink_to(root / package)
    script = (
        "import asyncio; from bot.store.engine import Store\n"
        "async def main():\n    store = await Store.open('sqlite:///x.db'); await store.close()\n"
        "asyncio.run(main())"
    )
    environment = {"PATH": os.defpath, "PYTHONPATH": str(installed)}

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.db").stat().st_size > 0
