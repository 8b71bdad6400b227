"""Socket Mode: Slack's requests over a WebSocket that we open."""

from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


class SocketMode:
    """One connection. The SDK reconnects by itself; opening one takes the app-level token, not the bot's."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        client = app.client
        web = AsyncWebClient(token=app_token, base_url=client.base_url, session=client.session, retry_handlers=[])
        # The SDK's methods are not annotated, so mypy would refuse every call of them.
        self._handler: Any = AsyncSocketModeHandler(app, app_token, web_client=web)

    async def connect(self) -> None:
        """Tries until it succeeds."""
        await self._handler.connect_async()

    async def is_connected(self) -> bool:
        return bool(await self._handler.client.is_connected())

    async def close(self) -> None:
        await self._handler.close_async()
