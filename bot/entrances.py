"""The ways into the process, opened and closed: what goes wrong with one is said in words."""

from contextlib import AsyncExitStack

import structlog
from aiohttp.web import Application
from pydantic import SecretStr

from bot.metrics import Metrics
from bot.outside import CannotStart
from bot.slack.app import SlackApp
from bot.slack.errors import NotGranted, TokenDead
from bot.slack.socket import Pace, SocketMode
from bot.web import Server, serve

log = structlog.get_logger(__name__)

Entrance = Server | SocketMode


async def open_socket(
    app: SlackApp, token: SecretStr, metrics: Metrics, pace: Pace | None, resources: AsyncExitStack
) -> SocketMode:
    """Not connected yet. `resources` closes it. Raises `CannotStart`."""
    socket = SocketMode(app.bolt, token, metrics, pace)
    resources.push_async_callback(close, socket)
    try:
        await socket.open()
    except (TokenDead, NotGranted) as error:
        raise CannotStart(
            f"Slack refuses SLACK_APP_TOKEN with `{error.code}`. Make an app-level token with the scope "
            "connections:write, and switch on Socket Mode."
        ) from None
    return socket


async def listen(app: Application, host: str, port: int, variable: str, resources: AsyncExitStack) -> Server:
    """`variable` is where the port was configured. `resources` closes it. Raises `CannotStart`."""
    try:
        server = await serve(app, host, port)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).rpartition(": ")[2]  # asyncio puts words of its own in front
        raise CannotStart(
            f"The bot cannot listen on {host}:{port}: {reason}. Look at HOST and {variable}, or stop what is there."
        ) from None
    resources.push_async_callback(close, server)
    return server


async def close(entrance: Entrance) -> None:
    """One that does not close well keeps nobody from finishing what is inside."""
    try:
        await entrance.close()
    except Exception:
        log.exception("an entrance did not close", entrance=type(entrance).__name__)
