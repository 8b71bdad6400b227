"""What a person is told when the server is down, slow, wrong or busy; over HTTP on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit.api import ServerError
from pydantic import SecretStr

from providers.base import RoomOptions
from providers.errors import (
    Conflict,
    Malformed,
    NotFound,
    NoWorker,
    ProviderError,
    RateLimited,
    Rejected,
    TimedOut,
    Unauthenticated,
    Unreachable,
    Unsupported,
)
from providers.livekit.errors import GaveUp, Unanswered, translate
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.standins.livekit import KEY, SECRET, Fault, LiveKitStandIn

SOON = timedelta(milliseconds=300)


def livekit(url: str, *, key: str = KEY, secret: str = SECRET, deadline: timedelta = timedelta(seconds=10)) -> LiveKit:
    return LiveKit("livekit", LiveKitSettings(url=url, api_key=key, api_secret=SecretStr(secret)), deadline=deadline)


@pytest.fixture
async def server() -> AsyncIterator[LiveKitStandIn]:
    async with LiveKitStandIn() as server:
        yield server


@pytest.fixture
async def provider(server: LiveKitStandIn) -> AsyncIterator[LiveKit]:
    provider = livekit(server.url)
    yield provider
    await provider.aclose()


async def test_a_redirect_is_not_followed() -> None:
    """The token and what is sent would go to another server."""
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", elsewhere)
    async with TestServer(app) as server:
        provider = livekit(str(server.make_url("")))
        with pytest.raises(Malformed):
            await read(provider)
        await provider.aclose()
    assert asked == ["/twirp/livekit.RoomService/ListRooms"]


def read(provider: LiveKit) -> Awaitable[object]:
    return provider.list_rooms()


def write(provider: LiveKit) -> Awaitable[object]:
    return provider.create_room("standup", RoomOptions())


FAULTS = [
    (Fault.BAD_GATEWAY, Unreachable, True),
    (Fault.NO_RESPONSE, Unreachable, False),
    (Fault.RESET, Unreachable, True),
    (Fault.INTERNAL, ProviderError, True),
    (Fault.PAGE, Malformed, False),
    (Fault.PAGE_OF_ANOTHER, Malformed, False),
    (Fault.JSON_LIST, Malformed, False),
    (Fault.TOO_MANY, RateLimited, False),
]
"""Each with what it becomes, and whether a read tries again."""


class TestFaults:
    @pytest.mark.parametrize(("fault", "error", "passes"), FAULTS, ids=[fault.name for fault, *_ in FAULTS])
    async def test_a_read(
        self, server: LiveKitStandIn, provider: LiveKit, fault: Fault, error: type[ProviderError], passes: bool
    ) -> None:
        server.fail("ListRooms", fault, fault)
        with pytest.raises(error) as raised:
            await read(provider)
        assert (raised.value.provider, raised.value.operation) == ("livekit", "list_rooms")
        assert server.calls == ["ListRooms"] * (2 if passes else 1)

    @pytest.mark.parametrize(("fault", "error", "passes"), FAULTS, ids=[fault.name for fault, *_ in FAULTS])
    async def test_a_write_is_never_repeated(
        self, server: LiveKitStandIn, provider: LiveKit, fault: Fault, error: type[ProviderError], passes: bool
    ) -> None:
        server.fail("CreateRoom", fault)
        with pytest.raises(error):
            await write(provider)
        assert server.calls == ["ListRooms", "CreateRoom"]

    @pytest.mark.parametrize("fault", [fault for fault, _, passes in FAULTS if passes], ids=lambda fault: fault.name)
    async def test_a_read_gets_over_one_passing_fault(
        self, server: LiveKitStandIn, provider: LiveKit, fault: Fault
    ) -> None:
        server.fail("ListRooms", fault)
        assert await provider.list_rooms() == []

    async def test_an_empty_answer_is_no_room(self, server: LiveKitStandIn, provider: LiveKit) -> None:
        server.fail("CreateRoom", Fault.EMPTY)
        with pytest.raises(Malformed):
            await write(provider)

    @pytest.mark.parametrize(("method", "call"), [("ListRooms", read), ("CreateRoom", write)])
    async def test_our_own_deadline_holds(
        self, server: LiveKitStandIn, method: str, call: Callable[[LiveKit], Awaitable[object]]
    ) -> None:
        provider = livekit(server.url, deadline=SOON)
        server.fail(method, Fault.HANGS)
        async with asyncio.timeout(5):
            with pytest.raises(TimedOut):
                await call(provider)
        assert server.calls.count(method) == 1
        await provider.aclose()

    async def test_who_stops_waiting_is_not_told_of_a_deadline(self, server: LiveKitStandIn, provider: LiveKit) -> None:
        server.fail("ListRooms", Fault.HANGS)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await provider.list_rooms()


class TestWhoAnswers:
    @pytest.mark.parametrize(
        ("key", "secret"), [(KEY, "x" * 32), ("stranger", SECRET)], ids=["wrong secret", "wrong key"]
    )
    async def test_a_refused_token_shows_nowhere(self, server: LiveKitStandIn, key: str, secret: str) -> None:
        provider = livekit(server.url, key=key, secret=secret)
        with pytest.raises(Unauthenticated) as refused:
            await provider.ping()
        cause = refused.value.__cause__
        assert all("eyJ" not in text for text in (repr(refused.value), str(refused.value), repr(cause), str(cause)))
        assert refused.value.__context__ is None
        assert server.calls == ["ListRooms"]
        await provider.aclose()

    async def test_a_dead_server(self) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            provider = livekit(f"http://127.0.0.1:{bound.getsockname()[1]}")
            with pytest.raises(Unreachable) as dead:
                await provider.ping()
        assert type(dead.value) is Unreachable
        await provider.aclose()

    async def test_another_kind_of_path(self, server: LiveKitStandIn) -> None:
        provider = livekit(server.url + "/elsewhere")
        with pytest.raises(Malformed):
            await provider.ping()
        await provider.aclose()

    async def test_what_speaks_no_http_shows_no_token(self) -> None:
        async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example.com ESMTP\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(babble, "127.0.0.1", 0) as other:
            provider = livekit(f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}")
            with pytest.raises(Malformed) as babbled:
                await provider.ping()
            await provider.aclose()
        assert babbled.value.__cause__ is None
        assert babbled.value.__context__ is None

    async def test_plain_http_behind_an_https_address(self, server: LiveKitStandIn) -> None:
        provider = livekit(server.url.replace("http", "https"))
        with pytest.raises(Malformed):
            await provider.ping()
        await provider.aclose()


CODES: list[tuple[str, int, str, type[ProviderError]]] = [
    ("not_found", 404, "twirp error unknown: requested room does not exist", NotFound),
    ("already_exists", 409, "taken", Conflict),
    ("failed_precondition", 412, "not in that state", Conflict),
    ("failed_precondition", 412, "remote unmute not enabled", Unsupported),
    ("failed_precondition", 412, "twirp error unknown: rpc error: remote unmute not enabled", Unsupported),
    ("internal", 500, "remote unmute not enabled", ProviderError),
    ("aborted", 409, "aborted", Conflict),
    ("invalid_argument", 400, "room name length exceeds limits", Rejected),
    ("out_of_range", 400, "out of range", Rejected),
    ("unauthenticated", 401, "permissions denied", Unauthenticated),
    ("permission_denied", 403, "no", Unauthenticated),
    ("resource_exhausted", 429, "too many", RateLimited),
    ("resource_exhausted", 403, "too many", RateLimited),
    ("unimplemented", 501, "no", Unsupported),
    ("canceled", 408, "canceled", TimedOut),
    ("deadline_exceeded", 408, "too late", GaveUp),
    ("unavailable", 503, "no", Unreachable),
    ("unavailable", 503, "twirp error unknown: no response from servers", Unanswered),
    ("unavailable", 503, "not enough CPU", NoWorker),
    ("unavailable", 503, "server is shutting down", NoWorker),
    ("malformed", 400, "no", Malformed),
    ("bad_route", 404, "no", Malformed),
    ("internal", 500, "could not lock room", ProviderError),
    ("internal", 500, "twirp error unknown: egress not connected (redis required)", Unsupported),
    ("unknown", 500, "not implemented", Unsupported),
    ("unknown", 500, "twirp error unknown: rpc error: not implemented", Unsupported),
    ("unknown", 500, "something else", ProviderError),
    ("data_loss", 500, "lost", ProviderError),
    ("unknown", 401, "", Unauthenticated),
    ("unknown", 403, "", Unauthenticated),
    ("unknown", 404, "", Malformed),
    ("unknown", 405, "", Malformed),
    ("unknown", 408, "", TimedOut),
    ("unknown", 429, "", RateLimited),
    ("unknown", 500, "", Malformed),
    ("unknown", 502, "", Unreachable),
    ("unknown", 503, "", Unreachable),
    ("unknown", 504, "", Unreachable),
]


class TestTranslation:
    @pytest.mark.parametrize(("code", "status", "message", "wanted"), CODES)
    def test_of_the_servers_codes(self, code: str, status: int, message: str, wanted: type[ProviderError]) -> None:
        error = translate(ServerError(code, message, status=status), provider="livekit", operation="ping")
        assert type(error) is wanted
        assert error.what
        assert error.remedy

    def test_keeps_the_servers_words_without_their_prefix(self) -> None:
        prefixed = ServerError("not_found", "twirp error unknown: requested room does not exist", status=404)
        assert translate(prefixed, provider="", operation="").detail == "requested room does not exist"

    def test_says_what_cannot_be_done_by_its_name(self) -> None:
        refusal = ServerError("unknown", "twirp error unknown: not implemented", status=500)
        assert translate(refusal, provider="", operation="move_participant").detail == "move_participant"

    def test_keeps_no_words_about_a_refused_token(self) -> None:
        telling = ServerError("unauthenticated", "invalid token: eyJhbGciOi", status=401)
        assert translate(telling, provider="", operation="").detail == "HTTP 401"

    @pytest.mark.parametrize(
        ("error", "wanted"),
        [
            (TimeoutError(), TimedOut),
            (aiohttp.ServerTimeoutError(), TimedOut),
            (aiohttp.ServerDisconnectedError(), Unreachable),
            (aiohttp.ClientPayloadError("cut off"), Unreachable),
            (aiohttp.InvalidURL("http://["), Malformed),
            (ValueError("out of range"), Rejected),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
    )
    def test_of_what_happens_on_the_way(self, error: Exception, wanted: type[ProviderError]) -> None:
        assert type(translate(error, provider="", operation="")) is wanted
