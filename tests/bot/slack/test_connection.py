"""One Socket Mode connection by itself, while it is closed."""

import asyncio

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot import manifest
from bot.demo.slack import StandIn
from bot.demo.slack.things import Channel, User
from bot.slack.connection import Connection, Ending
from bot.slack.sdk import web_client


class House:
    """A Bolt app whose one listener waits to be released, and a connection for it."""

    def __init__(self, slack: StandIn, session: aiohttp.ClientSession) -> None:
        self.slack = slack
        self.ana: User = slack.workspace.add_user("ana", owner=True)
        self.general: Channel = slack.workspace.add_channel("general", members=[self.ana])
        self.heard: list[str] = []
        self.taken = asyncio.Event()
        self.released = asyncio.Event()
        self.endings: list[Ending] = []
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session)
        app = AsyncApp(client=client, process_before_response=True, request_verification_enabled=False)
        app.command("/video")(self._listen)
        self._web = web_client(slack.api_url, session, token=slack.app_token)
        self.connection = Connection(app, self._web, ping_seconds=5.0, ended=lambda _, why: self.endings.append(why))

    async def _listen(self, ack: AsyncAck, command: dict[str, str]) -> None:
        self.heard.append(command["text"])
        self.taken.set()
        await self.released.wait()
        await ack()

    async def open(self) -> None:
        address = await self._web.apps_connections_open(app_token=self.slack.app_token)
        await self.connection.open(str(address["url"]))


async def test_a_close_acknowledges_what_is_in_hand_and_hears_of_nothing_more() -> None:
    async with StandIn(manifest.load()) as slack, aiohttp.ClientSession() as session, asyncio.timeout(10):
        house = House(slack, session)
        await house.open()
        typing = asyncio.create_task(slack.command(house.ana, house.general, "/video x"))
        await house.taken.wait()
        closing = asyncio.create_task(house.connection.close())
        await house.connection.gone.wait()
        late = asyncio.create_task(slack.command(house.ana, house.general, "/video late"))
        await slack.sockets.disconnect("warning")
        assert await asyncio.wait({closing}, timeout=0.1) == (set(), {closing})
        house.released.set()
        await closing
        assert (await typing).problem is None
        assert (house.heard, house.endings) == (["x"], [])
        late.cancel()
        await slack.until(lambda: slack.connections == 0)


@pytest.mark.parametrize("trouble", ["cut", "warning"])
async def test_its_end_is_told_once(trouble: str) -> None:
    async with StandIn(manifest.load()) as slack, aiohttp.ClientSession() as session, asyncio.timeout(10):
        house = House(slack, session)
        await house.open()
        assert house.connection.ending is None
        if trouble == "warning":
            await slack.sockets.disconnect("warning")
            await slack.sockets.disconnect("refresh_requested")
        else:
            slack.sockets.cut()
        while not house.connection.gone.is_set():
            await house.connection.check()
            await asyncio.sleep(0.01)
        await house.connection.check()
        assert house.endings == [Ending.WARNING if trouble == "warning" else Ending.LOST]
        await house.connection.close()


async def test_what_is_acknowledged_after_the_network_went_is_said_without_a_traceback() -> None:
    async with StandIn(manifest.load()) as slack, aiohttp.ClientSession() as session, asyncio.timeout(10):
        house = House(slack, session)
        await house.open()
        slack.ack_seconds = 0.2
        typing = asyncio.create_task(slack.command(house.ana, house.general, "/video x"))
        await house.taken.wait()
        slack.sockets.cut()
        while not house.connection.gone.is_set():
            await house.connection.check()
            await asyncio.sleep(0.01)
        with capture_logs() as lines:
            house.released.set()
            await house.connection.close()
        assert [line["event"] for line in lines] == ["an acknowledgement came too late for its connection"]
        assert (await typing).problem == "operation_timeout"
