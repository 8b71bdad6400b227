"""A real livekit-server for tests, on loopback alone: its API, its signalling and its media.

It is started from a configuration file, because `--dev` opens media ports on every interface.
"""

import asyncio
import os
import shutil
import socket
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import aiohttp

from bot.demo.world import free_port
from tests.require import require

VERSION = "v1.13.5"
HOW = f"CGO_ENABLED=0 go install github.com/livekit/livekit-server/cmd/server@{VERSION}"

KEY = "testlive"
SECRET = "a-secret-of-the-live-test-server-and-no-other"

START_SECONDS = 15.0
"""A start takes a quarter of a second; a loaded machine gets more."""

_CONFIGURATION = """
port: {port}
bind_addresses: [127.0.0.1]
keys: {{{key}: {secret}}}
logging: {{level: info}}
rtc:
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  interfaces: {{includes: [lo]}}
  ips: {{includes: [127.0.0.0/8]}}
  udp_port: {udp_port}
  tcp_port: 0
  stun_servers: [127.0.0.1:3478]
room: {{enable_remote_unmute: true}}
psrpc: {{max_attempts: 1, timeout: 1s}}
"""

_WEBHOOKS = """
webhook:
  api_key: {key}
  urls: ["{url}"]
"""


class LiveKitServer:
    """`async with LiveKitServer(webhook_url=...) as server:` skips the test where there is no binary.

    `settings` is YAML of the server's own configuration, to be added. The log is in `log`; it may hold tokens.
    """

    api_key = KEY
    api_secret = SECRET

    def __init__(self, *, webhook_url: str | None = None, settings: str = "") -> None:
        self._webhook_url = webhook_url
        self._settings = settings
        self._folder = TemporaryDirectory(prefix="livekit-")
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}"

    @property
    def log(self) -> str:
        return self._path("log").read_text()

    async def __aenter__(self) -> Self:
        binary = find_binary()
        if binary is None:
            self._folder.cleanup()
            require("livekit-server", HOW)
        try:
            await self._start(binary)
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _start(self, binary: str) -> None:
        self._port = free_port()
        self._path("configuration").write_text(self._configuration())
        with self._path("log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                binary, "--config", self._path("configuration"), stdout=log, stderr=subprocess.STDOUT
            )

    async def stop(self) -> None:
        """Kill it by its id: its state is in memory, and v1.13.5 may wait for ever after a first SIGTERM.

        The folder goes with it; stopping twice is harmless.
        """
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
        self._folder.cleanup()

    def _configuration(self) -> str:
        text = _CONFIGURATION.format(port=self._port, udp_port=free_port(socket.SOCK_DGRAM), key=KEY, secret=SECRET)
        if self._webhook_url is not None:
            text += _WEBHOOKS.format(key=KEY, url=self._webhook_url)
        return text + self._settings

    async def _until_ready(self) -> None:
        """`GET /` is refused, then 406 until the node knows itself, then 200."""
        try:
            async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
                while not await self._answers(session):
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            raise AssertionError(f"livekit-server was not ready in {START_SECONDS} s:\n{self.log}") from error

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        assert self._process is not None
        if self._process.returncode is not None:
            raise AssertionError(f"livekit-server ended with {self._process.returncode}:\n{self.log}")
        try:
            async with session.get(self.url) as response:
                return response.status == 200
        except aiohttp.ClientConnectionError:
            return False

    def _path(self, name: str) -> Path:
        return Path(self._folder.name, name)


@cache
def find_binary() -> str | None:
    """What `LIVEKIT_SERVER` names, `livekit-server` on the PATH, or what `go install` made (it is called `server`)."""
    if named := os.environ.get("LIVEKIT_SERVER"):  # noqa: TID251 - a setting of the tests, not of the bot
        return shutil.which(named)
    places = [str(folder / name) for folder in _go_folders() for name in ("livekit-server", "server")]
    found = (shutil.which(place) for place in ["livekit-server", *places])
    return next((program for program in found if program), None)


def _go_folders() -> list[Path]:
    """Where `go install` puts programs, also where Go itself is not on the PATH."""
    folders = [Path.home() / "go" / "bin"]
    if go := shutil.which("go"):
        answer = subprocess.run([go, "env", "GOBIN", "GOPATH"], capture_output=True, text=True, check=True)
        gobin, gopath = answer.stdout.splitlines()
        folders[:0] = ([Path(gobin)] if gobin else []) + [Path(path, "bin") for path in gopath.split(os.pathsep)]
    return folders
