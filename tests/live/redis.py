"""A redis-server of a test's own on a free port of loopback, which keeps nothing on disk."""

import asyncio
import shutil
from typing import Final, Self

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.demo.world import free_port
from tests.require import require

INSTALL: Final = "install Redis 7 or newer (Debian: apt-get install redis-server)"

START_SECONDS: Final = 15.0
"""A start takes some hundredths of a second; a loaded machine gets more."""


class RedisServer:
    """`async with RedisServer() as redis:` starts it, waits until it answers, and ends it by its id.

    The test is skipped where there is no such program.
    """

    def __init__(self) -> None:
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        """Host and port, as LiveKit's configuration wants them."""
        return f"127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        program = shutil.which("redis-server")
        if program is None:
            require("redis-server", INSTALL)
        self._port = free_port()
        self._process = await asyncio.create_subprocess_exec(
            program,
            *("--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stopping twice is harmless."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _until_ready(self) -> None:
        async with asyncio.timeout(START_SECONDS), Redis(host="127.0.0.1", port=self._port) as client:
            while True:
                try:
                    await client.execute_command("PING")  # type: ignore[no-untyped-call]  # redis-py's is untyped
                except (RedisError, OSError):
                    await asyncio.sleep(0.02)
                else:
                    return
