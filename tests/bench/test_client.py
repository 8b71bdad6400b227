import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from bench.client import Round, closed_loop, open_loop, status
from bench.slash import PATH, Sender

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[Sender]:
    app = web.Application()
    app.router.add_post(PATH, handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Sender(runner.addresses[0][1], SECRET)
    finally:
        await runner.cleanup()


async def load(handler: Handler, *, most: int = 6) -> Round:
    async with listening(handler) as sender:
        return await closed_loop(sender.port, sender.requests(), connections=2, seconds=30, most=most)


async def test_every_request_is_signed_and_its_own() -> None:
    verifier, triggers = SignatureVerifier(SECRET), set[str]()

    async def handler(request: web.Request) -> web.Response:
        assert verifier.is_valid_request(await request.read(), dict(request.headers))
        triggers.add(str((await request.post())["trigger_id"]))
        return web.Response()

    done = await load(handler)
    assert (len(done.latencies), done.failed, len(triggers)) == (6, 0, 6)


async def test_a_forged_request_is_not_signed_with_the_secret() -> None:
    async def handler(request: web.Request) -> web.Response:
        valid = SignatureVerifier(SECRET).is_valid_request(await request.read(), dict(request.headers))
        return web.Response(status=200 if valid else 401)

    async with listening(handler) as sender:
        assert await status(sender.port, sender.forged()) == 401


@pytest.mark.parametrize("answer", [{"status": 500}, {"status": 404}, {"text": "an error, told in the channel"}])
async def test_anything_but_an_empty_200_has_failed(answer: dict[str, int | str]) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=int(answer.get("status", 200)), text=str(answer.get("text", "")))

    done = await load(handler)
    assert (done.latencies, done.failed) == ([], 6)


async def test_a_connection_that_breaks_has_failed() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    done = await load(handler)
    assert (done.latencies, done.failed) == ([], 2)


async def test_an_answer_that_never_comes_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.client.GRACE_SECONDS", 0.05)

    async def handler(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with listening(handler) as sender:
        done = await closed_loop(sender.port, sender.requests(), connections=3, seconds=0.05)
    assert (done.latencies, done.failed) == ([], 3)


async def test_it_stops_when_the_time_is_over() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response()

    async with listening(handler) as sender:
        done = await closed_loop(sender.port, sender.requests(), connections=1, seconds=0.0)
    assert (done.latencies, done.failed) == ([], 0)


async def test_an_open_loop_asks_at_its_rate_whatever_the_server_does() -> None:
    """The first answer is held back until all are asked; what waited for it counts its wait."""
    asked, everything = 0, asyncio.Event()

    async def handler(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked == 4:
            everything.set()
        await everything.wait()
        return web.Response()

    async with listening(handler) as sender:
        done = await open_loop(sender.port, sender.requests(), connections=4, seconds=0.1, per_second=40)
    assert (len(done.latencies), done.failed) == (4, 0)
    assert max(done.latencies) >= 3 / 40


async def test_what_was_due_and_found_no_connection_counts_from_when_it_was_due() -> None:
    served = 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal served
        served += 1
        await asyncio.sleep(0.05)
        return web.Response()

    async with listening(handler) as sender:
        done = await open_loop(sender.port, sender.requests(), connections=1, seconds=0.03, per_second=100)
    assert (served, done.failed) == (3, 0)
    assert sorted(done.latencies)[-1] >= 3 * 0.05 - 0.02


async def test_what_no_connection_is_left_for_has_failed() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with listening(handler) as sender:
        done = await open_loop(sender.port, sender.requests(), connections=1, seconds=0.03, per_second=100)
    assert (done.latencies, done.failed) == ([], 3)


def test_every_command_has_a_response_url_of_its_own() -> None:
    """Slack takes five answers at each."""
    requests = Sender(1, SECRET, response_url="https://hooks.example/c").requests()
    bodies = [parse_qs(next(requests).decode().partition("\r\n\r\n")[2]) for _ in range(2)]
    assert [body["response_url"] for body in bodies] == [["https://hooks.example/c/1"], ["https://hooks.example/c/2"]]
