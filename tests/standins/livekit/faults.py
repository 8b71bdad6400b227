"""What a server can answer instead of an answer."""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from aiohttp import web

PROTOBUF = "application/protobuf"
_PAGE = "<html><body>A page for people</body></html>"


class Fault(Enum):
    """What goes wrong. HANGS waits for `released`, then answers as if nothing had been."""

    NO_RESPONSE = auto()
    BAD_GATEWAY = auto()
    PAGE = auto()
    PAGE_OF_ANOTHER = auto()
    JSON_LIST = auto()
    EMPTY = auto()
    INTERNAL = auto()
    TOO_MANY = auto()
    PRECONDITION = auto()
    HANGS = auto()
    RESET = auto()


class TwirpError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.meta: dict[str, str] = {}

    def response(self) -> web.Response:
        meta = {"meta": self.meta} if self.meta else {}
        return web.json_response({"code": self.code, "msg": self.message} | meta, status=self.status)


_STATUSES: Final = {
    "invalid_argument": 400,
    "permission_denied": 403,
    "not_found": 404,
    "already_exists": 409,
    "failed_precondition": 412,
    "resource_exhausted": 429,
    "internal": 500,
    "unavailable": 503,
}


def refusal(code: str, message: str) -> TwirpError:
    """By psrpc's names, as it comes from a worker or from the server's own services."""
    return TwirpError(_STATUSES[code], code, f"twirp error unknown: {message}")


def too_long(what: str, limit: int) -> TwirpError:
    return TwirpError(400, "invalid_argument", f"{what} exceeds limits {limit}")


def not_found(message: str) -> TwirpError:
    return TwirpError(404, "not_found", f"twirp error unknown: {message}")


def no_response() -> TwirpError:
    """What the real server says after one to three seconds, when nobody keeps what was asked for."""
    return TwirpError(503, "unavailable", "twirp error unknown: no response from servers")


def _page(status: int) -> web.Response:
    return web.Response(status=status, text=_PAGE, content_type="text/html")


BROKEN: dict[Fault, Callable[[], web.Response]] = {
    Fault.NO_RESPONSE: lambda: no_response().response(),
    Fault.BAD_GATEWAY: lambda: _page(502),
    Fault.PAGE: lambda: _page(200),
    Fault.PAGE_OF_ANOTHER: lambda: _page(404),
    Fault.JSON_LIST: lambda: web.json_response(["not", "twirp"], status=400),
    Fault.EMPTY: lambda: web.Response(content_type=PROTOBUF),
    Fault.INTERNAL: lambda: TwirpError(500, "internal", "could not lock room").response(),
    Fault.TOO_MANY: lambda: TwirpError(429, "resource_exhausted", "too many requests").response(),
    Fault.PRECONDITION: lambda: TwirpError(412, "failed_precondition", "not in that state").response(),
}
