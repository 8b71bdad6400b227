"""The steps lead to the tables, whichever way one looks."""

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

import bot
from bot.store.engine import Store
from bot.store.errors import StoreUnusable
from bot.store.tables import metadata


def _schema(path: Path) -> dict[str, str]:
    """The text of every table and index, as SQLite keeps it; a column that was added later stands last in it."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    named = {name: " ".join(sql.split()) for name, sql in rows if not name.startswith(("sqlite_", "alembic_"))}
    return {name: " ".join(sorted(re.split(r"\W+", sql))) for name, sql in named.items()}


async def _migrate(path: Path) -> None:
    store = await Store.open(f"sqlite:///{path}")
    await store.close()


async def test_alembic_finds_no_difference(tmp_path: Path) -> None:
    await _migrate(tmp_path / "a.db")

    engine = create_engine(f"sqlite:///{tmp_path}/a.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


async def test_the_text_of_the_schema_is_the_same(tmp_path: Path) -> None:
    """Sees what Alembic does not compare: the conditions of indexes, checks, names of keys."""
    await _migrate(tmp_path / "migrated.db")

    engine = create_engine(f"sqlite:///{tmp_path}/made.db")
    metadata.create_all(engine)
    engine.dispose()

    migrated, made = _schema(tmp_path / "migrated.db"), _schema(tmp_path / "made.db")
    assert len(made) == 27
    assert migrated == made


async def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    await _migrate(tmp_path / "a.db")
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("INSERT INTO setting VALUES ('T1', 'C1', 'provider', 'eu', 'U1', 0)")
    connection.commit()
    connection.close()
    before = _schema(tmp_path / "a.db")

    await _migrate(tmp_path / "a.db")

    assert _schema(tmp_path / "a.db") == before
    connection = sqlite3.connect(tmp_path / "a.db")
    assert connection.execute("SELECT value FROM setting").fetchall() == [("eu",)]
    connection.close()


@pytest.mark.parametrize("revision", ["1000", "9999", "elsewhere"])
async def test_a_schema_that_broke_with_this_version_is_refused_in_words(tmp_path: Path, revision: str) -> None:
    await _migrate(tmp_path / "a.db")
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
    connection.commit()
    connection.close()

    with pytest.raises(StoreUnusable, match=rf"{revision}.*newer version"):
        await _migrate(tmp_path / "a.db")


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
    assert "inbox" in _schema(tmp_path / "x.db")
