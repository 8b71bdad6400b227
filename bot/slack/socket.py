"""Socket Mode: Slack's requests over a WebSocket that we open."""

import asyncio
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.slack.errors import TokenDead, narrow
from bot.slack.sdk import web_client

log = structlog.get_logger(__name__)

OPEN_SECONDS = 5.0
"""How long a start waits to hear whether Slack takes the app-level token."""


class SocketMode:
    """One connection. The SDK reconnects by itself; opening one takes the app-level token, not the bot's."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        self._web = web_client(app.client.base_url, app.client.session, token=app_token)
        self._app_token = app_token
        # The SDK's methods are not annotated, so mypy would refuse every call of them.
        self._handler: Any = AsyncSocketModeHandler(app, app_token, web_client=self._web)
        self._handler.client.proxy = self._web.proxy  # the SDK has looked into the environment here too

    async def open(self) -> None:
        """Ask for the address to connect to. `TokenDead` where the token will never get one.

        With any other trouble `connect` asks again. Asking is limited to about once a minute, so what was given here
        is what `connect` uses.
        """
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                answer = await self._web.apps_connections_open(app_token=self._app_token)
            self._handler.client.wss_uri = answer["url"]
        except SlackApiError as error:
            refusal = narrow(error, "apps.connections.open")
            if isinstance(refusal, TokenDead):
                raise refusal from None
            log.warning("Slack gave no address for Socket Mode yet", error=str(refusal))
        except (aiohttp.ClientError, TimeoutError, ValueError, AttributeError, KeyError) as error:
            log.warning("Slack gave no address for Socket Mode yet", error=type(error).__name__)

    async def connect(self) -> None:
        """Tries until it succeeds."""
        await self._handler.connect_async()

    async def is_connected(self) -> bool:
        return bool(await self._handler.client.is_connected())

    async def close(self) -> None:
        await self._handler.close_async()
