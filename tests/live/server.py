"""The demo's livekit-server for tests: with a key that they know, skipping the test where there is no such program."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import yaml
from pydantic import SecretStr

from bot.demo import livekit
from tests.require import require

KEY = "testlive"
SECRET = "a-secret-of-the-live-test-server-and-no-other"

TRUE_WAITS: Final = {"psrpc": {"max_attempts": 3, "timeout": "3s", "backoff": "2s"}}
"""What a server does that nobody has told how long to wait for a worker (livekit/protocol, DefaultPSRPCConfig)."""


class LiveKitServer(livekit.LiveKitServer):
    """`async with LiveKitServer(webhook_url=...) as server:`.

    `settings` is YAML of the server's own configuration: what it says in a section is added to what stands there.
    `redis`: address of the Redis that egress needs. `true_waits`: as long as a server in production waits for a
    worker, 22 s in a start, rather than 7 s.
    """

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        settings: str = "",
        redis: str | None = None,
        true_waits: bool = False,
    ) -> None:
        extra: dict[str, Any] = dict(TRUE_WAITS) if true_waits else {}
        if redis is not None:
            extra["redis"] = {"address": redis}
        extra |= yaml.safe_load(settings) or {}
        self._folder = TemporaryDirectory(prefix="livekit-")
        super().__init__(
            Path(self._folder.name),
            api_key=KEY,
            api_secret=SecretStr(SECRET),
            webhook_url=webhook_url,
            extra=extra,
        )

    async def __aenter__(self) -> Self:
        try:
            return await super().__aenter__()
        except livekit.NoProgram:
            require("livekit-server", livekit.INSTALL)

    async def stop(self) -> None:
        """The directory goes with it."""
        await super().stop()
        self._folder.cleanup()
