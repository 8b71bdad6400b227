"""What stands before several replicas: each request goes to the next one, whoever had the one before."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import ClientConnectionError, ClientSession, web

KEPT = ("Content-Type", "X-Slack-Request-Timestamp", "X-Slack-Signature", "Authorization")


class Front:
    """`ports` are those of the replicas, and `turn` is whose the next request is. Who is gone is passed over."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = list(ports)
        self.turn = 0
        self.url = ""
        self.taken: list[int] = []

    def next_is(self, replica: int) -> None:
        self.turn = replica

    async def pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: request.headers[name] for name in KEPT if name in request.headers}
        async with ClientSession() as session:
            for _ in self.ports:
                port = self.ports[self.turn % len(self.ports)]
                self.turn += 1
                try:
                    url = f"http://127.0.0.1:{port}{request.path}"
                    async with session.post(url, data=body, headers=headers) as answer:
                        self.taken.append(port)
                        kind = answer.headers.get("Content-Type", "text/plain")
                        return web.Response(
                            status=answer.status, body=await answer.read(), headers={"Content-Type": kind}
                        )
                except ClientConnectionError:
                    continue
        return web.Response(status=502)


@asynccontextmanager
async def front(ports: Sequence[int]) -> AsyncIterator[Front]:
    opened = Front(ports)
    app = web.Application()
    app.router.add_post("/{path:.*}", opened.pass_on)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    opened.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield opened
    finally:
        await runner.cleanup()
