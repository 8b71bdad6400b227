"""A PostgreSQL server of the tests' own, on a free port of loopback, and a fresh database for each test that asks."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.require import require

INSTALL = "install PostgreSQL 15 or newer (Debian: apt-get install postgresql)"
_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"
_NUMBERS = count(1)


class Server:
    """One that runs. `url(name)` is for SQLAlchemy, as an operator would write it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, database: str) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{database}"

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The URL of an empty database, which goes with all its connections in the end."""
        name = f"test_{next(_NUMBERS)}"
        await self.run(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            await self.run(f"DROP DATABASE {name} WITH (FORCE)")

    async def run(self, statement: str, database: str = "postgres") -> None:
        """One statement outside of a transaction."""
        url = self.url(database).replace("postgresql:", "postgresql+asyncpg:")
        engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()


@contextmanager
def server() -> Iterator[Server]:
    """PostgreSQL refuses to run as root, so there it runs as the user that Debian's package makes."""
    programs = _programs()
    owner = _USER if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    if owner is not None:
        shutil.chown(folder, owner)
    data, port = folder / "data", _free_port()

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", data, *arguments],
            cwd=folder,
            user=owner,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )

    call("initdb", "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    call("pg_ctl", "start", "-w", "-l", f"{folder}/log", "-o", f"-h 127.0.0.1 -p {port} -k {folder} -F")
    try:
        yield Server(port)
    finally:
        call("pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(folder)


def _programs() -> Path:
    """Debian keeps them out of the PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted((folder.parent for folder in _DEBIAN.glob("*/bin/initdb")), reverse=True)
    if not folders:
        require("PostgreSQL", INSTALL)
    return folders[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
