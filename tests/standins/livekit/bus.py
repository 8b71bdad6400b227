"""What the workers of the stand-in speak over to their server, in one process: calls by function, where the real ones
go by Redis."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

from tests.standins.egress.worker import EgressWorker
from tests.standins.psrpc import Bus, Handler, Method


@dataclass
class LocalBus(Bus):
    """`answers` are the server's to what its workers ask and tell it, by the method's name. `RpcError` refuses."""

    answers: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    served: dict[Method, tuple[Handler, Callable[[], float]]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.served.clear()

    async def serve(self, method: Method, handler: Handler, affinity: Callable[[], float] = lambda: 1.0) -> None:
        self.served[method] = handler, affinity

    async def stop_serving(self, method: Method) -> None:
        self.served.pop(method, None)

    async def call(self, method: Method, request: bytes) -> bytes:
        return self.answers[method.name](request)

    def ask(self, method: Method, request: bytes) -> Awaitable[bytes] | None:
        """None where nobody takes it."""
        handler, affinity = self.served.get(method, (None, lambda: -1.0))
        return handler(request) if handler is not None and affinity() >= 0 else None


class LocalWorker(EgressWorker):
    """All that can be asked of the real server's stand-in worker, but to come into a room: the server sees to that."""

    def __init__(self, bus: LocalBus) -> None:
        super().__init__("127.0.0.1:0")
        self._bus = bus
