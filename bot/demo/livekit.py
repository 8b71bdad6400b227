"""A livekit-server of our own on loopback alone, its API, its signalling and its media: for the demo and for tests.

It is started from a configuration file, because `--dev` opens media ports on every interface, and without our
environment, because livekit-server takes settings from there too: `LIVEKIT_CONFIG` even stands for the file.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final, Self

import aiohttp
import yaml
from pydantic import SecretStr

from bot import config
from bot.demo.world import free_port

VERSION: Final = "v1.13.5"
INSTALL: Final = f"CGO_ENABLED=0 go install github.com/livekit/livekit-server/cmd/server@{VERSION}"
"""What `go install` makes of it is called `server`."""

START_SECONDS: Final = 15.0
"""A start takes a quarter of a second; a loaded machine gets more."""

_GO_FOLDER: Final = Path.home() / "go" / "bin"
"""Where `go install` puts programs where nothing else is said."""

Configuration = Mapping[str, Any]


class NoServer(Exception):
    """Why there is no livekit-server, in words for whoever wanted one."""


class NoProgram(NoServer):
    """There is no such program on this machine; how to get it is said."""


class LiveKitServer:
    """`async with LiveKitServer(...) as server:` starts it, waits until it is ready, and kills it at the end.

    It keeps its configuration and its log in `directory`; both may hold secrets. `extra` is added to the server's
    configuration, section by section. Raises `NoServer`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        api_key: str = "demo",
        api_secret: SecretStr | None = None,
        webhook_url: str | None = None,
        extra: Configuration | None = None,
    ) -> None:
        """A secret, a random one where none is given, has 32 characters or more, for the tokens' signatures."""
        self._api_key = api_key
        self._api_secret = api_secret or SecretStr(token_urlsafe(32))
        self._log = directory / "livekit-server.log"
        self._configuration = directory / "livekit-server.yaml"
        self._webhook_url = webhook_url
        self._extra = extra or {}
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}"

    @property
    def providers(self) -> str:
        """A configuration file's text that makes it the bot's one video server, called `livekit`."""
        settings = {"url": self.url, "api_key": self._api_key, "api_secret": self._api_secret.get_secret_value()}
        lines = [f'{name} = "{value}"' for name, value in settings.items()]
        return "\n".join(["[providers.livekit]", 'kind = "livekit"', *lines, ""])

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    async def __aenter__(self) -> Self:
        try:
            await self._start(await find_program())
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Kill it by its id. Stopping twice is harmless.

        It is not asked first: all its state is in memory, so that nothing is lost, and a SIGTERM makes v1.13.5 wait
        for the last participant to leave.
        """
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _start(self, program: str) -> None:
        self._port = free_port()
        self._configuration.write_text(yaml.safe_dump(self._settings()), encoding="utf-8")
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                program,
                "--config",
                self._configuration,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=config.bare_environment(),
                process_group=0,  # a Ctrl-C at the terminal is for us, who stop it when the bot is done with it
            )

    def _settings(self) -> Configuration:
        """What keeps it on loopback, and quick: a call to somebody who is not there fails after one second."""
        settings: dict[str, Any] = {
            "port": self._port,
            "bind_addresses": ["127.0.0.1"],
            "keys": {self._api_key: self._api_secret.get_secret_value()},
            "logging": {"level": "info"},
            "rtc": {
                "node_ip": "127.0.0.1",
                "use_external_ip": False,
                "enable_loopback_candidate": True,
                "interfaces": {"includes": ["lo"]},
                "ips": {"includes": ["127.0.0.0/8"]},
                "udp_port": free_port(socket.SOCK_DGRAM),
                "tcp_port": 0,
                "stun_servers": ["127.0.0.1:3478"],  # nobody is there; without one, clients are sent to public ones
            },
            "room": {"enable_remote_unmute": True},
            "psrpc": {"max_attempts": 1, "timeout": "1s"},
        }
        if self._webhook_url is not None:
            settings["webhook"] = {"api_key": self._api_key, "urls": [self._webhook_url]}
        return settings | {name: {**settings.get(name, {}), **section} for name, section in self._extra.items()}

    async def _until_ready(self) -> None:
        """`GET /` is refused, then 406 until the node knows itself, then 200."""
        try:
            async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
                while True:
                    if await self._is_ready(session):
                        return
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise NoServer(f"livekit-server was not ready in {START_SECONDS:.0f} s. {self._last_words()}") from None

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        assert self._process is not None
        if self._process.returncode is not None:
            raise NoServer(f"livekit-server ended with {self._process.returncode} at its start. {self._last_words()}")
        try:
            async with session.get(self.url) as response:
                return response.status == 200
        except aiohttp.ClientConnectionError:
            return False

    def _last_words(self) -> str:
        words = self.log.strip().splitlines()
        return f"The last line of its log: {words[-1]}" if words else "It said nothing."


async def find_program() -> str:
    """What `LIVEKIT_SERVER` names, `livekit-server` on the PATH, or what `go install` made. Raises `NoProgram`."""
    if named := config.livekit_server():
        if program := shutil.which(named):
            return program
        raise NoProgram(f"LIVEKIT_SERVER names {named}, which is no program. Set it to a livekit-server {VERSION}.")
    places = [str(folder / name) for folder in await _go_folders() for name in ("livekit-server", "server")]
    for place in ("livekit-server", *places):
        if program := shutil.which(place):
            return program
    raise NoProgram(
        "There is no livekit-server on the PATH. "
        f"With Go 1.26 or newer `{INSTALL}` makes one, which is found of itself; or name yours in LIVEKIT_SERVER."
    )


async def _go_folders() -> list[Path]:
    """Where `go install` puts programs, also where Go itself is not on the PATH."""
    folders = [_GO_FOLDER]
    if go := shutil.which("go"):
        asked = await asyncio.create_subprocess_exec(go, "env", "GOBIN", "GOPATH", stdout=asyncio.subprocess.PIPE)
        answer, _ = await asked.communicate()
        gobin, gopath = answer.decode().splitlines()
        folders[:0] = [Path(gobin)] * bool(gobin) + [Path(path, "bin") for path in gopath.split(os.pathsep)]
    return folders
