"""Socket Mode, driven by the client of Slack's own SDK."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import Channel, StandIn, User
from bot.demo.slack.deliver import Kind


class Listener:
    """Keeps the envelopes it gets and acknowledges with `answer`, unless it is `mute`."""

    def __init__(self) -> None:
        self.envelopes: list[SocketModeRequest] = []
        self.answer: dict[str, str] | None = None
        self.mute = False

    async def take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.envelopes.append(request)
        if not self.mute:
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, self.answer))


@asynccontextmanager
async def connected(slack: StandIn) -> AsyncIterator[Listener]:
    listener = Listener()
    client = SocketModeClient(slack.app_token, web_client=AsyncWebClient(base_url=slack.api_url))
    client.socket_mode_request_listeners.append(listener.take)
    before = slack.connections
    try:
        await client.connect()  # type: ignore[no-untyped-call] # not annotated in the SDK
        await slack.until(lambda: slack.connections == before + 1)
        yield listener
    finally:
        await client.close()  # type: ignore[no-untyped-call] # not annotated in the SDK


async def test_each_payload_goes_to_exactly_one_connection(slack: StandIn, ana: User, general: Channel) -> None:
    async with connected(slack) as one, connected(slack) as two:
        for number in range(4):
            assert (await slack.command(ana, general, f"/video {number}")).problem is None
    texts = [[envelope.payload["text"] for envelope in each.envelopes] for each in (one, two)]
    assert sorted(texts[0] + texts[1]) == ["0", "1", "2", "3"]
    assert len(texts[0]) == len(texts[1]) == 2


async def test_envelopes(slack: StandIn, ana: User, general: Channel) -> None:
    async with connected(slack) as listener:
        listener.answer = {"text": "On it"}
        await slack.command(ana, general, "/video x")
        listener.answer = None
        await slack.open_home(ana)
    command, event = listener.envelopes
    assert (command.type, command.accepts_response_payload) == ("slash_commands", True)
    assert (event.type, event.accepts_response_payload, event.retry_attempt) == ("events_api", False, 0)
    assert [each.words for each in slack.seen_by(ana, general)] == ["On it"]


async def test_silence_and_absence(slack: StandIn, ana: User, general: Channel) -> None:
    slack.ack_seconds = 0.05
    async with connected(slack) as listener:
        listener.mute = True
        assert (await slack.command(ana, general, "/video x")).problem == "operation_timeout"
    await slack.until(lambda: slack.connections == 0)
    assert (await slack.command(ana, general, "/video x")).problem == "dispatch_failed"


async def test_hello_tells_how_many_connections_there_are(slack: StandIn, session: aiohttp.ClientSession) -> None:
    client = AsyncWebClient(base_url=slack.api_url, session=session)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with connected(slack), session.ws_connect(url) as socket:
        hello = await socket.receive_json()
    assert (hello["type"], hello["num_connections"]) == ("hello", 2)
    assert hello["debug_info"]["approximate_connection_time"] == 3600


async def test_a_socket_without_a_ticket_is_refused(slack: StandIn, session: aiohttp.ClientSession) -> None:
    address = slack.api_url.replace("http", "ws", 1).replace("/api/", "/link?ticket=made-up")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(address)


async def test_stopping_ends_the_connections() -> None:
    slack = StandIn({})
    await slack.start()
    async with asyncio.timeout(5), aiohttp.ClientSession() as session:
        client = AsyncWebClient(base_url=slack.api_url, session=session)
        url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(url) as socket:
            await socket.receive_json()
            await asyncio.gather(slack.stop(), socket.receive())
            assert socket.closed


async def test_a_ticket_is_good_for_one_connection(slack: StandIn, session: aiohttp.ClientSession) -> None:
    client = AsyncWebClient(base_url=slack.api_url, session=session)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with session.ws_connect(url):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_one_that_is_told_of_its_end_gets_nothing_more(slack: StandIn, ana: User, general: Channel) -> None:
    async with connected(slack) as one, connected(slack) as two:
        before = slack.sockets.links
        await slack.sockets.disconnect("refresh_requested", before[0])
        assert before[0] not in slack.sockets.links
        assert [(await slack.command(ana, general, "/video x")).problem for _ in range(2)] == [None, None]
        await slack.until(lambda: slack.connections == 2)  # the SDK's client has reconnected by itself
        assert len(one.envelopes) + len(two.envelopes) == 2
        assert before[0].acked == []


async def test_one_that_is_warned_gets_what_comes_until_it_goes(slack: StandIn, session: aiohttp.ClientSession) -> None:
    client = AsyncWebClient(base_url=slack.api_url, session=session)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with session.ws_connect(url) as socket:
        await socket.receive_json()
        await slack.sockets.disconnect("warning")
        assert (await socket.receive_json())["reason"] == "warning"
        sending = asyncio.create_task(slack.sockets.send(Kind.EVENT, {}))
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        assert (await sending).status == 200
        assert slack.sockets.links[0].acked == [envelope["envelope_id"]]


async def test_a_cut_comes_without_a_closing_frame(slack: StandIn, session: aiohttp.ClientSession) -> None:
    client = AsyncWebClient(base_url=slack.api_url, session=session)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with session.ws_connect(url) as socket:
        await socket.receive_json()
        slack.sockets.cut()
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSED
        assert socket.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE
    await slack.until(lambda: slack.connections == 0)


async def test_on_a_silent_one_no_pong_comes(slack: StandIn, session: aiohttp.ClientSession) -> None:
    client = AsyncWebClient(base_url=slack.api_url, session=session)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with session.ws_connect(url, autoping=False) as socket:
        await socket.receive_json()
        await socket.ping(b"1")
        assert (await socket.receive()).type is aiohttp.WSMsgType.PONG
        slack.sockets.silence()
        await socket.ping(b"2")
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.1)
        assert slack.connections == 1


async def test_what_nobody_acknowledged_comes_again_on_another(slack: StandIn, ana: User, general: Channel) -> None:
    slack.sockets.redeliver_seconds = 0.05
    async with connected(slack) as one, connected(slack) as two:
        one.mute = True
        for _ in range(2):
            assert (await slack.command(ana, general, "/video x")).problem is None
        unheard, heard = [[envelope.envelope_id for envelope in each.envelopes] for each in (one, two)]
        assert unheard == heard, "it is the first one's turn each time, and each time it says nothing"
        assert [link.acked for link in slack.sockets.links] == [[], heard]


async def test_doubled_envelopes(slack: StandIn, ana: User, general: Channel) -> None:
    slack.sockets.doubles = True
    async with connected(slack) as one, connected(slack) as two:
        assert (await slack.command(ana, general, "/video x")).problem is None
        await slack.until(lambda: all(link.acked for link in slack.sockets.links))
        assert [each.envelope_id for each in one.envelopes] == [each.envelope_id for each in two.envelopes]


async def test_a_connection_may_be_refused(slack: StandIn, session: aiohttp.ClientSession) -> None:
    client = AsyncWebClient(base_url=slack.api_url, session=session, retry_handlers=[])
    slack.refuse("apps.connections.open", "ratelimited", retry_after=7)
    with pytest.raises(SlackApiError) as refused:
        await client.apps_connections_open(app_token=slack.app_token)
    assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (429, "7")
    assert (await client.apps_connections_open(app_token=slack.app_token))["ok"]
