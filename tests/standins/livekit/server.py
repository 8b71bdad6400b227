"""The way into the stand-in: HTTP on loopback, tokens, and what is to go wrong."""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Self

import jwt
from aiohttp import web
from google.protobuf.message import Message
from livekit.api import SIPGrants, TokenVerifier, VideoGrants

from tests.standins.livekit.agents import AGENT_METHODS, AgentService
from tests.standins.livekit.egress import EGRESS_METHODS
from tests.standins.livekit.faults import BROKEN, PROTOBUF, Fault, TwirpError
from tests.standins.livekit.ingress import INGRESS_METHODS
from tests.standins.livekit.rooms import KEY, SECRET
from tests.standins.livekit.service import METHODS, MethodOf
from tests.standins.livekit.sip import SIP_GRANTS, SIP_METHODS

_METHODS: dict[str, MethodOf["LiveKitStandIn"]] = {
    **METHODS,
    **EGRESS_METHODS,
    **INGRESS_METHODS,
    **SIP_METHODS,
    **AGENT_METHODS,
}
_SERVICES = "RoomService|Egress|Ingress|SIP|AgentDispatchService"
_PATIENCE_SECONDS = 15.0


@dataclass(kw_only=True)
class LiveKitStandIn(AgentService):
    """`calls` holds the method of every request that came in."""

    calls: list[str] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    _called: asyncio.Condition = field(default_factory=asyncio.Condition)
    _faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024**2)
        app.router.add_post(f"/twirp/livekit.{{service:{_SERVICES}}}/{{method}}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        await self.worker.__aenter__()
        await self.ingress_worker.__aenter__()
        await self.phones.__aenter__()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.released.set()
        self.keep_all()
        await self.phones.__aexit__()
        await self.ingress_worker.__aexit__()
        await self.worker.__aexit__()
        assert self._runner is not None
        await self._runner.cleanup()

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of `method` go wrong like this, one after the other."""
        self._faults[method].extend(faults)

    async def asked(self, method: str, times: int = 1) -> None:
        """Return when `method` was called that often."""
        async with asyncio.timeout(_PATIENCE_SECONDS), self._called:
            await self._called.wait_for(lambda: self.calls.count(method) >= times)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        body = await request.read()  # all of it before it hangs, when whoever sent it may be gone
        self.calls.append(method)
        async with self._called:
            self._called.notify_all()
        if faults := self._faults[method]:
            fault = faults.popleft()
            if (answer := await self._go_wrong(fault, request)) is not None:
                return answer
        try:
            return await self._handle(method, request.headers.get("Authorization"), body)
        except TwirpError as error:
            return error.response()

    async def _go_wrong(self, fault: Fault, request: web.Request) -> web.StreamResponse | None:
        match fault:
            case Fault.HANGS:
                await self.released.wait()
                return None
            case Fault.RESET:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
        return BROKEN[fault]()

    async def _handle(self, method: str, authorization: str | None, body: bytes) -> web.Response:
        if method not in _METHODS:
            raise TwirpError(404, "bad_route", f"no handler for {method!r}")
        request_class, required, handle = _METHODS[method]
        message = request_class.FromString(body)
        if authorization is None:
            raise TwirpError(401, "unauthenticated", "no permissions to access the room")
        token = authorization.removeprefix("Bearer ")
        try:
            claims = TokenVerifier(KEY, SECRET).verify(token)
        except jwt.PyJWTError as error:
            return web.Response(status=401, text=f"invalid token: {token}, error: {error}")
        may_telephone = method not in SIP_GRANTS or getattr(claims.sip or SIPGrants(), SIP_GRANTS[method])
        if not (may_telephone and required(claims.video or VideoGrants(), message)):
            raise TwirpError(401, "unauthenticated", "permissions denied")
        answer = handle(self, message)
        answered = answer if isinstance(answer, Message) else await answer
        return web.Response(body=answered.SerializeToString(), content_type=PROTOBUF)
