"""What `docs/operations.md` tells an operator to do, done."""

import asyncio
import io
import os
import shutil
import signal
import subprocess
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import aiohttp
from cryptography.fernet import Fernet

from bot.demo.world import free_port
from tests.bot.process.showcaller import Process, Street
from tests.postgresql import INSTALL, Server
from tests.require import require

CREATED = ("Created", "standup")


async def _stop(process: Process) -> None:
    process.signal(signal.SIGTERM)
    assert (await process.ended()).code == 0


async def _makes_a_room(street: Street) -> None:
    await street.types("/video room create standup")
    await street.sees(*CREATED, only_me=True)
    await street.sees("standup", "Live")


async def _still_knows_the_room(street: Street) -> None:
    await street.types("/video room show standup")
    await street.sees("standup", "nobody", only_me=True)


async def test_a_backup_of_a_running_bot_is_whole(street: Street, tmp_path: Path) -> None:
    """SQLite, by `VACUUM INTO`, with the key apart; restored over what is there, its log included."""
    backup, key = tmp_path / "backup.db", Path(f"{street.database}.key")
    async with street.running() as process:
        await _makes_a_room(street)
        assert Path(f"{street.database}-wal").stat().st_size > 0, "what a plain copy would miss"
        with closing(connect(street.database)) as reader:
            reader.execute("VACUUM INTO ?", [str(backup)])
        kept = key.read_bytes()
        await street.types("/video whoami")
        await street.sees("admin", only_me=True)
        await process.kill()

    for path in street.directory.glob("showcaller.db*"):
        path.unlink()
    shutil.copy(backup, street.database)
    key.write_bytes(kept)
    key.chmod(0o600)
    async with street.running() as process:
        assert [words for words, *_ in street.attempts()] == ["room create standup --provider livekit"]
        await _still_knows_the_room(street)
        await _stop(process)
    assert "the key of the database is gone" not in "".join(process.text)


async def test_after_a_clean_stop_the_one_file_is_all(street: Street) -> None:
    async with street.running() as process:
        await _makes_a_room(street)
        await _stop(process)
    assert not Path(f"{street.database}-wal").exists()
    with closing(connect(f"file:{street.database}?mode=ro&immutable=1", uri=True)) as alone:
        assert alone.execute("SELECT count(*) FROM thing").fetchall() == [(1,)]


async def test_without_its_key_a_restored_bot_starts_and_says_so(street: Street) -> None:
    async with street.running() as process:
        await _makes_a_room(street)
        await _stop(process)
    Path(f"{street.database}.key").unlink()
    async with street.running() as process:
        await process.logged("the key of the database is gone; a new one opens nothing that was sealed")
        await _still_knows_the_room(street)


async def test_this_version_runs_on_a_schema_that_a_newer_one_has_added_to(street: Street) -> None:
    """As after a roll back, and beside the newer version while it is rolled out."""
    async with street.running() as process:
        await _makes_a_room(street)
        await _stop(process)
    with closing(connect(street.database)) as newer:
        newer.execute("ALTER TABLE thing ADD COLUMN mood TEXT")
        newer.execute("CREATE TABLE mood (id INTEGER PRIMARY KEY)")
        newer.execute("UPDATE alembic_version SET version_num = '0999'")
        newer.commit()
    async with street.running() as process:
        await process.logged("the database was upgraded by a newer version")
        await _still_knows_the_room(street)


async def test_the_configured_key_is_rotated_step_by_step(street: Street) -> None:
    old = Fernet.generate_key().decode()
    async with street.running(SHOWCALLER_SECRET_KEY=old) as process:
        await _makes_a_room(street)
        await _stop(process)
    made = await street.does("db", "rotate-key", "--new-key")
    new = made.out.strip()
    async with street.running(SHOWCALLER_SECRET_KEY=f"{new},{old}") as process:
        await _stop(process)
    rotated = await street.does("db", "rotate-key", SHOWCALLER_SECRET_KEY=f"{new},{old}")
    assert (rotated.code, rotated.err) == (0, "")
    async with street.running(SHOWCALLER_SECRET_KEY=new):
        await _still_knows_the_room(street)


async def test_a_dump_of_postgresql_goes_into_an_empty_database(street: Street, postgresql_server: Server) -> None:
    dump, restore = (_program(name, "PostgreSQL's own tools", INSTALL) for name in ("pg_dump", "pg_restore"))
    file = street.directory / "showcaller.dump"
    secret_key = Fernet.generate_key().decode()
    async with postgresql_server.database() as before, postgresql_server.database("template0") as after:
        async with street.running(DATABASE_URL=before, SHOWCALLER_SECRET_KEY=secret_key) as process:
            await _makes_a_room(street)
            await _run(dump, "--format=custom", f"--file={file}", before)
            await _stop(process)
        await _run(restore, f"--dbname={after}", "--no-owner", str(file))
        async with street.running(DATABASE_URL=after, SHOWCALLER_SECRET_KEY=secret_key) as process:
            await _still_knows_the_room(street)
            await _stop(process)


async def test_with_an_admin_port_neither_port_does_the_other_ones_work(street: Street) -> None:
    port = free_port()
    async with street.running(ADMIN_PORT=str(port), SHOWCALLER_BODY_BYTES="65536"), aiohttp.ClientSession() as session:

        async def status(method: str, path: str, size: int = 0, *, at: int) -> int:
            body = io.BytesIO(b"a" * size) if size else None
            async with session.request(method, f"http://127.0.0.1:{at}{path}", data=body) as answer:
                return answer.status

        for path in ("/healthz", "/readyz", "/metrics"):
            assert await status("GET", path, at=street.port) == 404
            assert await status("GET", path, at=port) == 200
            assert await status("POST", path, 100_000, at=port) == 405
        for path in ("/slack/events", "/webhooks/livekit"):
            assert await status("POST", path, at=port) == 404
            assert await status("POST", path, 100, at=street.port) == 401
        assert await status("POST", "/webhooks/livekit", 65_537, at=street.port) == 413
        _, metrics = await street.get("/metrics", port)
        assert 'showcaller_limit_refusals_total{limit="body_bytes"} 1.0' in metrics
        await street.types("/video whoami")
        await street.sees("admin", only_me=True)


async def _run(program: str, *arguments: str) -> None:
    done = await asyncio.to_thread(
        subprocess.run, [program, *arguments], capture_output=True, text=True, timeout=60, env={"PATH": os.defpath}
    )
    assert done.returncode == 0, done.stderr


def _program(name: str, what: str, how: str) -> str:
    found = shutil.which(name)
    if found is None:
        require(what, how)
    return found


async def test_the_shell_of_sqlite_does_the_same(street: Street) -> None:
    shell = _program("sqlite3", "SQLite's shell", "install sqlite3 (Debian: apt-get install sqlite3)")
    async with street.running():
        await _makes_a_room(street)
        for number, line in enumerate(("VACUUM INTO '{}'", ".backup '{}'")):
            copy = street.directory / f"copy-{number}.db"
            await _run(shell, str(street.database), line.format(copy))
            with closing(connect(copy)) as database:
                assert database.execute("SELECT count(*) FROM thing").fetchall() == [(1,)]
