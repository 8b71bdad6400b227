"""From what a call to LiveKit can raise to `providers.errors`: the one place that knows both.

What LiveKit's SDK raises: `ServerError` with twirp's code where the answer was twirp's JSON; the same with the code
`unknown` and no message for every other body (a proxy's page, or the plain-text 401 for a wrong secret, whose body
holds the whole token and is dropped by the SDK); aiohttp's errors; and protobuf's `DecodeError` for a 200 that holds
something else.

What a server says may quote the URL of a stream with its key, so addresses are cut in all of it, and what was secret in
the request.
"""

from collections.abc import Collection

import aiohttp
from google.protobuf.message import DecodeError
from livekit.api import ServerError, SipCallError

from providers.addresses import shown_text
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
from providers.livekit.keys import without


class Unanswered(Unreachable):
    """The video server runs, but the part of it that should do this did not answer. Try again in a minute."""


class GaveUp(TimedOut):
    """The video server waited in vain for the part of it that should do this. Look at it before you repeat it."""


FAILURES = (ServerError, aiohttp.ClientError, DecodeError, AttributeError, ValueError, TimeoutError)
"""All that a call can raise. `AttributeError`: the SDK takes any JSON error body for an object. `ValueError`: a number
or a text that protobuf cannot hold, such as a time-out beyond 32 bits."""

_BY_CODE: dict[str, type[ProviderError]] = {
    "not_found": NotFound,
    "already_exists": Conflict,
    "failed_precondition": Conflict,
    "aborted": Conflict,
    "invalid_argument": Rejected,
    "out_of_range": Rejected,
    "unauthenticated": Unauthenticated,
    "permission_denied": Unauthenticated,
    "resource_exhausted": RateLimited,
    "unimplemented": Unsupported,
    "canceled": TimedOut,
    "deadline_exceeded": GaveUp,
    "unavailable": Unreachable,
    "malformed": Malformed,
    "bad_route": Malformed,
    "internal": ProviderError,
}

_BY_STATUS: dict[int, type[ProviderError]] = {
    401: Unauthenticated,
    403: Unauthenticated,
    408: TimedOut,
    429: RateLimited,
    502: Unreachable,
    503: Unreachable,
    504: Unreachable,
}
"""For answers that are not twirp's. The last three are what a proxy says of a server that is down."""

_CANNOT = {
    "failed_precondition": "remote unmute not enabled",
    "unknown": "not implemented",
    "internal": "not connected (redis required)",
}
"""By twirp's code the server's words for what this installation cannot do: the first by its operator's setting, the
second because it is not LiveKit Cloud, the third without Redis. The server may put others before them
(`rpc error: `)."""

_TAKEN = ("Conflicting inbound SIP Trunks", "already exists in dispatch rule")
"""The server's words for what another trunk or rule says already: as `invalid_argument` too."""

_SIP = {
    403: "it is forbidden",
    404: "there is no such number",
    408: "nobody answers",
    480: "nobody answers",
    484: "the number is not complete",
    486: "busy",
    487: "nobody answers",
    600: "busy",
    603: "declined",
    604: "there is no such number",
}
"""What the other side of a call says (RFC 3261, 21)."""

_NO_RESPONSE = "no response from servers"
_BUSY = ("not enough CPU", "server is shutting down", "server capacity exceeded", "server shutting down")
"""A worker's words, which took a start and then found that it could not (livekit/egress and livekit/ingress,
pkg/errors): as `unavailable`, but for the third."""

_PREFIX = "twirp error unknown: "


def translate(error: Exception, *, provider: str, operation: str, secrets: Collection[str] = ()) -> ProviderError:
    kind, detail = _from_server(error, secrets) if isinstance(error, ServerError) else _from_transport(error)
    if kind is Unsupported:
        detail = operation  # what cannot be done goes by the name of its capability
    return kind(detail, provider=provider, operation=operation)


def _from_server(error: ServerError, secrets: Collection[str]) -> tuple[type[ProviderError], str]:
    message = said(error, secrets)
    if isinstance(error, SipCallError):
        return Conflict, _refusal(error)
    if error.code == "unavailable" and _NO_RESPONSE in message:
        return Unanswered, message
    if error.code in ("unavailable", "resource_exhausted") and any(words in message for words in _BUSY):
        return NoWorker, message
    if (cannot := _CANNOT.get(str(error.code))) and cannot in message:
        return Unsupported, message
    if error.code == "invalid_argument" and any(words in message for words in _TAKEN):
        return Conflict, message
    kind = _BY_CODE.get(str(error.code)) or _BY_STATUS.get(error.status)
    if kind is None:
        kind = ProviderError if message else Malformed
    if kind is Unauthenticated or not message:  # what is said of a refused token may hold the token
        return kind, f"HTTP {error.status}"
    return kind, message


def _refusal(error: SipCallError) -> str:
    """Without the words of whoever refused: they may hold numbers."""
    status = error.sip_status_code
    if status is None:
        return f"the other side refused ({error.sip_transfer_reason})"
    return f"the other side refused: {_SIP.get(status, 'no reason that is known')} (SIP {status})"


def said(error: ServerError, secrets: Collection[str] = ()) -> str:
    """Of what the server says, what may be shown."""
    return without(secrets, shown_text(str(error.message).removeprefix(_PREFIX).strip()))


def is_clean(error: ServerError, secrets: Collection[str] = ()) -> bool:
    """Whether all that the server says may be shown."""
    return said(error, secrets) in str(error.message)


def _from_transport(error: Exception) -> tuple[type[ProviderError], str]:
    match error:
        case TimeoutError():
            return TimedOut, "our deadline passed"
        case aiohttp.ClientSSLError():
            return Malformed, str(error)
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError():
            return Unreachable, str(error)
        case ValueError() if not isinstance(error, aiohttp.InvalidURL):
            return Rejected, "a value cannot be sent"
    return Malformed, type(error).__name__
