import asyncio
import hmac
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientConnectionError, ClientSession, web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs

from bot.health import Health
from bot.metrics import Metrics
from bot.web import (
    BODY_BYTES,
    Check,
    Doors,
    Headers,
    SlackDoor,
    WebhookAnswer,
    build_admin,
    build_public,
    serve,
)

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"


class StoppedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@dataclass
class House:
    """The bot behind its doors, noting who came in."""

    came: list[tuple[object, ...]] = field(default_factory=list)
    answer: WebhookAnswer = WebhookAnswer.STORED
    fail: bool = False
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None
    checks: dict[str, Check] = field(default_factory=dict)

    async def slack(self, body: dict[str, Any]) -> web.StreamResponse:
        self.came.append((body,))
        if self.fail:
            raise RuntimeError("a bug")
        return web.Response(text="acked")

    async def webhook(self, name: str, kind: str, headers: Headers, body: bytes) -> WebhookAnswer:
        self.begun.set()
        if self.gate:
            await self.gate.wait()
        self.came.append((name, kind, headers.get("authorization"), body))
        return self.answer

    def doors(self, *, http: bool = True, body_seconds: float = 10.0) -> Doors:
        return Doors(
            clock=StoppedClock(),
            webhook=self.webhook,
            metrics=Metrics().render,
            slack=SlackDoor(SecretStr(SECRET), self.slack) if http else None,
            checks=self.checks,
            body_seconds=body_seconds,
        )


@asynccontextmanager
async def client(app: web.Application) -> AsyncIterator[ClientSession]:
    server = await serve(app, "127.0.0.1", 0)
    try:
        async with ClientSession(f"http://127.0.0.1:{server.port}") as session:
            yield session
    finally:
        await server.close()


def signed(body: bytes, content_type: str = FORM, *, age: int = 0) -> dict[str, str]:
    timestamp = str(int(NOW.timestamp()) - age)
    mac = hmac.new(SECRET.encode(), b"v0:%s:%s" % (timestamp.encode(), body), sha256)
    return {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={mac.hexdigest()}",
        "Content-Type": content_type,
    }


def test_slacks_own_library_signs_as_these_tests_do() -> None:
    headers = signed(GOOD)
    timestamp = headers["X-Slack-Request-Timestamp"]
    assert SignatureVerifier(SECRET).generate_signature(timestamp=timestamp, body=GOOD) == headers["X-Slack-Signature"]


async def post(house: House, body: bytes, headers: Any, path: str = "/slack/events") -> tuple[int, str]:
    async with (
        client(build_public(house.doors(), with_admin=False)) as session,
        session.post(path, data=body, headers=headers) as response,
    ):
        return response.status, await response.text()


GOOD = b"command=%2Fvideo&text=room+create+x"


@pytest.mark.parametrize(
    ("body", "content_type", "read"),
    [
        (GOOD, FORM, {"command": "/video", "text": "room create x"}),
        (GOOD, f"{FORM}; charset=utf-8", {"command": "/video", "text": "room create x"}),
        (b"payload=" + quote(json.dumps({"type": "block_actions"})).encode(), FORM, {"type": "block_actions"}),
        (b"text=room+create+payload", FORM, {"text": "room create payload"}),
        (b"ssl_check=1", FORM, {"ssl_check": "1"}),
        (b"text=", FORM, {"text": ""}),
        (
            '{"type": "event_callback", "text": "é"}'.encode(),
            "application/json",
            {"type": "event_callback", "text": "é"},
        ),
        (b'{"type": "url_verification"}', "application/json; charset=nonsense", {"type": "url_verification"}),
    ],
)
async def test_what_slack_signed_comes_in(body: bytes, content_type: str, read: dict[str, Any]) -> None:
    house = House()
    assert await post(house, body, signed(body, content_type)) == (200, "acked")
    assert house.came == [(read,)]


@pytest.mark.parametrize("age", [300, -300])
async def test_the_window_is_five_minutes_wide(age: int) -> None:
    assert (await post(House(), GOOD, signed(GOOD, age=age)))[0] == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"X-Slack-Signature": None},
        {"X-Slack-Request-Timestamp": None},
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": "²"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "9" * 5000},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "v0=" + "é" * 64},
        {"X-Slack-Signature": "v1=" + "0" * 64},
        {"X-Slack-Signature": "v0=" + "0" * 63},
        {"X-Slack-Signature": ""},
    ],
)
async def test_malformed_or_wrong_headers_are_401(changed: dict[str, str | None]) -> None:
    house = House()
    headers = {name: value for name, value in {**signed(GOOD), **changed}.items() if value is not None}
    assert (await post(house, GOOD, headers))[0] == 401
    assert house.came == []


@pytest.mark.parametrize("age", [301, -301])
async def test_a_stale_or_future_request_is_401(age: int) -> None:
    assert (await post(House(), GOOD, signed(GOOD, age=age)))[0] == 401


@pytest.mark.parametrize("name", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
async def test_a_header_that_comes_twice_is_401(name: str) -> None:
    headers = signed(GOOD)
    assert (await post(House(), GOOD, [*headers.items(), (name, headers[name])]))[0] == 401


async def test_another_body_under_a_signature_is_401() -> None:
    assert (await post(House(), GOOD + b"!", signed(GOOD)))[0] == 401


BAD_BODIES = [
    (b"", FORM),
    (b"text=\xff\xfe", FORM),
    (b"payload=not+json", FORM),
    (b"payload=[1]", FORM),
    (b'{"type": "x"', FORM),
    (b"payload=" + b"[" * 100_000, FORM),
    (b"[" * 100_000, "application/json"),
    (b"[]", "application/json"),
    (b"3", "application/json"),
    (b"", "application/json"),
    (b'{"n": ' + b"9" * 5000 + b"}", "application/json"),
    (GOOD, "text/plain"),
    (GOOD, "nonsense"),
]


@pytest.mark.parametrize(("body", "content_type"), BAD_BODIES)
async def test_a_body_that_is_no_form_or_object_is_400(body: bytes, content_type: str) -> None:
    house = House()
    assert (await post(house, body, signed(body, content_type)))[0] == 400
    assert house.came == []


@given(body=st.binary(max_size=200), content_type=st.sampled_from([FORM, "application/json", "text/plain", "x/y; z"]))
def test_no_signed_body_makes_a_500(body: bytes, content_type: str) -> None:
    status, _ = asyncio.run(post(House(), body, signed(body, content_type)))
    assert status in (200, 400)


async def test_a_compressed_body_is_not_unpacked() -> None:
    headers = {**signed(GOOD), "Content-Encoding": "gzip"}
    assert (await post(House(), b"\x1f\x8b" + b"0" * 100, headers))[0] == 401


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 65536):
        yield b"a" * 65536
    yield b"a" * (size % 65536)


@pytest.mark.parametrize("path", ["/slack/events", "/webhooks/livekit"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_is_413(path: str, chunked: bool) -> None:
    house = House()
    size = BODY_BYTES + 1
    async with client(build_public(house.doors(), with_admin=False)) as session:
        data = chunks(size) if chunked else io.BytesIO(b"a" * size)
        async with session.post(path, data=data, headers=signed(b"")) as response:
            assert response.status == 413
    assert house.came == []


@pytest.mark.parametrize("chunked", [False, True])
async def test_how_large_a_body_may_be_is_a_setting_and_what_is_over_it_is_counted(chunked: bool) -> None:
    counted: list[None] = []
    doors = replace(House().doors(), body_bytes=70_000, too_large=lambda: counted.append(None))
    async with client(build_public(doors, with_admin=False)) as session:
        for size, status in ((70_000, 200), (70_001, 413)):
            data = chunks(size) if chunked else io.BytesIO(b"a" * size)
            async with session.post("/webhooks/livekit", data=data) as response:
                assert response.status == status
                text = await response.text()
    assert text == "body too large: at most 70000 bytes are read\n"
    assert len(counted) == 1


async def test_the_largest_body_comes_in() -> None:
    house = House()
    assert (await post(house, b"a" * BODY_BYTES, {}, "/webhooks/livekit"))[0] == 200
    assert len(house.came) == 1


async def test_a_sender_that_drips_is_408() -> None:
    house = House()
    server = await serve(build_public(house.doors(body_seconds=0.05), with_admin=False), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(b"POST /webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\na")
        async with asyncio.timeout(5):
            assert (await reader.readline()).split()[1] == b"408"
        assert house.came == []
    finally:
        writer.close()
        await writer.wait_closed()
        await server.close()


async def test_an_error_of_ours_shows_a_reference_and_no_more() -> None:
    house = House(fail=True)
    with capture_logs() as logs:
        status, text = await post(house, GOOD, signed(GOOD))
    (line,) = logs
    assert (status, text) == (500, f"internal error, reference {line['reference']}\n")
    assert line["event"] == "a request failed"


async def test_in_socket_mode_there_is_no_door_for_slack() -> None:
    async with (
        client(build_public(House().doors(http=False), with_admin=False)) as session,
        session.post("/slack/events", data=GOOD, headers=signed(GOOD)) as response,
    ):
        assert response.status == 404


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (WebhookAnswer.STORED, 200),
        (WebhookAnswer.FORGED, 401),
        (WebhookAnswer.UNKNOWN, 404),
        (WebhookAnswer.UNAVAILABLE, 503),
    ],
)
async def test_a_webhook_is_answered_by_what_became_of_it(answer: WebhookAnswer, status: int) -> None:
    house = House(answer=answer)
    headers = {"Authorization": "a.b.c", "X-Odd": "é"}
    assert await post(house, b"\xff{", headers, "/webhooks/opentok/archive") == (status, f"{answer}\n")
    assert house.came == [("opentok", "archive", "a.b.c", b"\xff{")]


async def test_a_server_that_takes_every_answer_for_the_end_gets_none() -> None:
    house = House(answer=WebhookAnswer.HANG_UP)
    with pytest.raises(ClientConnectionError):
        await post(house, b"x", {}, "/webhooks/openvidu")
    assert len(house.came) == 1


async def test_a_webhook_without_a_kind() -> None:
    house = House()
    assert (await post(house, b"x", {}, "/webhooks/livekit-eu"))[0] == 200
    assert house.came == [("livekit-eu", "", None, b"x")]


async def get(session: ClientSession, path: str) -> tuple[int, str]:
    async with session.get(path) as response:
        return response.status, await response.text()


async def passes() -> Health:
    return Health(True)


async def limps() -> Health:
    return Health(True, "1 of 2 connections")


async def fails() -> Health:
    return Health(False)


async def breaks() -> Health:
    raise OSError("the reason is for the log")


@pytest.mark.parametrize(
    ("checks", "status"),
    [({}, 200), ({"database": passes}, 200), ({"database": passes, "slack": fails, "livekit": breaks}, 503)],
)
async def test_readiness_names_its_checks(checks: dict[str, Check], status: int) -> None:
    house = House(checks=checks)
    async with client(build_admin(house.doors())) as session:
        code, text = await get(session, "/readyz")
    named: Mapping[str, str] = {name: "ok" if check is passes else "failed" for name, check in checks.items()}
    assert (code, json.loads(text)) == (status, {"ready": status == 200, "checks": named})


async def test_readiness_says_what_is_less_than_well() -> None:
    async with client(build_admin(House(checks={"database": passes, "slack": limps}).doors())) as session:
        code, text = await get(session, "/readyz")
    assert (code, json.loads(text)) == (
        200,
        {
            "ready": True,
            "checks": {"database": "ok", "slack": "degraded"},
            "why": {"slack": "1 of 2 connections"},
        },
    )


async def test_health_and_metrics() -> None:
    async with client(build_public(House().doors(), with_admin=True)) as session:
        assert await get(session, "/healthz") == (200, "ok\n")
        status, text = await get(session, "/metrics")
    assert status == 200
    assert "# TYPE showcaller_cards_behind gauge" in text


async def test_with_a_port_of_its_own_the_public_one_has_no_health() -> None:
    house = House()
    async with client(build_public(house.doors(), with_admin=False)) as public:
        assert [(await get(public, path))[0] for path in ("/healthz", "/readyz", "/metrics")] == [404, 404, 404]
    async with client(build_admin(house.doors())) as admin:
        assert (await get(admin, "/healthz"))[0] == 200
        async with admin.post("/webhooks/livekit") as response:
            assert response.status == 404


async def refusal(port: int) -> None:
    """Until nobody listens there."""
    with suppress(OSError):
        while True:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()


async def test_closing_lets_a_handler_finish_and_takes_no_more() -> None:
    house = House(gate=asyncio.Event())
    server = await serve(build_public(house.doors(), with_admin=False), "127.0.0.1", 0)
    assert house.gate
    async with ClientSession(f"http://127.0.0.1:{server.port}") as session:
        under_way = asyncio.create_task(session.post("/webhooks/livekit", data=b"x"))
        async with asyncio.timeout(5):
            await house.begun.wait()
            closing = asyncio.create_task(server.close())
            await refusal(server.port)
            assert not closing.done()
            house.gate.set()
            async with await under_way as response:
                assert response.status == 200
            await closing
    assert len(house.came) == 1


async def test_a_port_that_is_taken() -> None:
    server = await serve(build_admin(House().doors()), "127.0.0.1", 0)
    try:
        with pytest.raises(OSError, match="address already in use"):
            await serve(build_admin(House().doors()), "127.0.0.1", server.port)
    finally:
        await server.close()


async def test_each_request_has_an_id_of_its_own_on_its_lines() -> None:
    """Both come over one connection, whose task takes one after the other."""
    ids: list[str] = []

    async def check() -> Health:
        ids.append(get_contextvars()["request_id"])
        return Health(True)

    async with client(build_public(House(checks={"x": check}).doors(), with_admin=True)) as session:
        for _ in range(2):
            async with session.get("/readyz") as response:
                await response.read()
    assert len(set(ids)) == 2
