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

from bot.store.engine import Store
from tests.leaks.taps import hear_server
from tests.leaks.watch import WATCH
from tests.require import require

INSTALL = "install PostgreSQL 15 or newer (Debian: apt-get install postgresql)"
_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"
GUARDED = "guarded"
_NUMBERS = count(1)
_EMPTY = "template1"


class Server:
    """One in a folder of its own. `url(name)` is for SQLAlchemy, as an operator would write it.

    A role that is called `GUARDED` has to give its password, and others are let in without.
    """

    def __init__(self, folder: Path, programs: Path, owner: str | None) -> None:
        self.port = _free_port()
        self._folder = folder
        self._programs = programs
        self._owner = owner
        self._upgraded = _EMPTY

    def url(self, database: str, user: str = _USER, query: str = "") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}{query}"

    def make(self) -> None:
        self._call("initdb", "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        rules = self._folder / "data/pg_hba.conf"
        rules.write_text(f"host all {GUARDED} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k {self._folder} -F"
        self._call("pg_ctl", "start", "-w", "-l", f"{self._folder}/log", "-o", options)

    def stop(self) -> None:
        """At once, as in a crash: who is connected is cut off."""
        self._call("pg_ctl", "stop", "-m", "immediate")

    def _call(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, "-D", self._folder / "data", *arguments],
            cwd=self._folder,
            user=self._owner,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )

    @asynccontextmanager
    async def database(self, template: str = _EMPTY) -> AsyncIterator[str]:
        """The URL of a new database, empty or a copy, which goes with all its connections in the end."""
        name = f"test_{next(_NUMBERS)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
            await hear_server(WATCH, self.url(name))
        finally:
            await self.run(f"DROP DATABASE {name} WITH (FORCE)")

    @asynccontextmanager
    async def upgraded(self) -> AsyncIterator[str]:
        """One with the schema of this version. The steps are run once, as a copy is made much sooner."""
        if self._upgraded == _EMPTY:
            await self.run("CREATE DATABASE upgraded")
            store = await Store.open(self.url("upgraded"))
            await store.close()
            self._upgraded = "upgraded"
        async with self.database(self._upgraded) as url:
            yield url

    async def run(self, statement: str, database: str = "postgres") -> None:
        """One statement outside of a transaction."""
        url = self.url(database).replace("postgresql:", "postgresql+asyncpg:")
        engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()


@contextmanager
def server() -> Iterator[Server]:
    """One that runs. PostgreSQL refuses to run as root, so there it runs as the user that Debian's package makes."""
    programs = _programs()
    owner = _USER if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    if owner is not None:
        shutil.chown(folder, owner)
    found = Server(folder, programs, owner)
    found.make()
    found.start()
    try:
        yield found
    finally:
        found.stop()
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
